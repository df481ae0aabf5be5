"""Make an administrator."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.actions.people import make_administrator
from compliance.models import User


class Command(BaseCommand):
    help = (
        "Make an administrator and print a password for the first sign-in. It is shown once and kept nowhere in clear."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="admin")
        parser.add_argument("--if-none", action="store_true", help="do nothing when there is an administrator already")

    def handle(self, *args: Any, username: str, if_none: bool, **options: Any) -> None:
        administrators = User.objects.filter(role=User.Role.ADMINISTRATOR, is_active=True)
        if if_none and administrators.exists():
            names = ", ".join(administrators.values_list("username", flat=True)[:5])
            self.stderr.write(f"There is an administrator already: {names}.")
            return
        if User.objects.filter(username=username).exists():
            raise CommandError(f"{username} is taken: choose another --username", returncode=2)
        user, password = make_administrator(username=username)
        self.stdout.write(f"Sign in as {user.username} with the password {password} (shown this once).")
