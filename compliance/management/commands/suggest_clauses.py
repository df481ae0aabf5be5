"""`manage.py suggest_clauses`: read the held texts for clauses, and follow accepted clauses into them."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from compliance.actions.reading import Read, read_document
from compliance.embedded.supervisor import ensure_services
from compliance.models import Anchoring, Suggestion, TermsDocument

EXAMPLES = """
examples:
  manage.py suggest_clauses                               every document; texts read before are left alone
  manage.py suggest_clauses --document acme/terms         one document
  manage.py suggest_clauses --format json                 {"versions": …, "suggestions": …, "waiting": …, "documents": […]}

What is found waits for a person under Terms. exit status: 0 done, 2 it could not be done
"""


class Command(BaseCommand):
    help = "Suggest clauses in the texts of the library, and find accepted clauses again in new versions. Twice changes nothing."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--document", metavar="PROVIDER/DOCUMENT", help="only this document")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with ensure_services(database=True):
                answer = self._read(options["document"])
        except (DatabaseError, OSError, RuntimeError) as error:
            self.stderr.write(f"suggest_clauses: {error}")
            sys.exit(2)
        self.stdout.write(json.dumps(answer, indent=1) if options["format"] == "json" else _table(answer))

    def _read(self, identifier: str | None) -> dict[str, Any]:
        documents = TermsDocument.objects.order_by("identifier")
        if identifier:
            documents = documents.filter(identifier=identifier)
            if not documents:
                self.stderr.write(
                    f"suggest_clauses: --document {identifier}: no such document; see Terms for the names"
                )
                sys.exit(2)
        done: list[Read] = []
        for document in documents:
            done.append(read_document(document))
            self.stderr.write(f"{document.identifier}: {done[-1].versions} read")
        return _as_json(done, documents)


def _as_json(done: list[Read], documents: Any) -> dict[str, Any]:
    suggested = Suggestion.objects.filter(version__document__in=documents, state=Suggestion.State.SUGGESTED)
    waiting = Anchoring.objects.filter(version__document__in=documents, state=Anchoring.State.WAITING)
    return {
        "versions": sum(one.versions for one in done),
        "suggestions": suggested.count(),
        "placed": sum(one.anchored.placed for one in done),
        "waiting": waiting.count(),
        "documents": [asdict(one) for one in done if one.versions or any(asdict(one.anchored).values())],
    }


def _table(answer: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"texts read now                {answer['versions']}",
            f"clauses found again by words  {answer['placed']}",
            f"suggestions open              {answer['suggestions']}",
            f"clauses to review             {answer['waiting']}",
        ]
    )
