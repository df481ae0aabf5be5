"""Load the shipped rulebook into the database."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.actions.rulebook import load_rulebook
from compliance.engine.rulebook import RulebookError, load_directory


class Command(BaseCommand):
    help = (
        "Load the shipped rules, documents, versions and model catalogue. Running it again changes nothing; a rule that "
        "changed becomes a new revision, and a rule that your people superseded is left alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--directory", type=Path, default=settings.BASE_DIR / "compliance" / "rulebook")

    def handle(self, *args: Any, directory: Path, **options: Any) -> None:
        try:
            loaded = load_rulebook(load_directory(directory))
        except (RulebookError, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
        self.stderr.write(
            f"{loaded.providers} providers, {loaded.documents} documents, {loaded.versions} versions; rules: "
            f"{loaded.rules_added} new revisions, {loaded.rules_superseded} superseded, {loaded.rules_unchanged} unchanged."
        )
        for rule in loaded.kept:
            self.stderr.write(f"Left alone, superseded by your own revision: {rule}")
        for version in loaded.fixed:
            self.stderr.write(f"Left as you dated it: {version}")
        for version in loaded.shortened:
            self.stderr.write(f"Ends where dates that you set begin: {version}")
        for version in loaded.out_of_force:
            self.stderr.write(f"Not in force here, since its days overlap dates that you set: {version}")
