"""Making people."""

import secrets

from django.db import transaction

from compliance.actions.trail import record
from compliance.models import User

# Letters and digits that nobody mistakes for one another when typing from a screen.
ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def one_time_password() -> str:
    """Twenty characters in groups of five: about 115 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))


@transaction.atomic
def make_administrator(*, username: str, acting_user: User | None = None) -> tuple[User, str]:
    """Make an administrator with a new password, which is returned and kept nowhere in clear."""
    password = one_time_password()
    user = User.objects.create_user(username, password=password, role=User.Role.ADMINISTRATOR, is_staff=True)
    user.is_superuser = True
    user.save(update_fields=["is_superuser"])
    record(acting_user=acting_user, action="administrator made", subject=user)
    return user, password
