"""House rules: set by administrators, told in the trail, and known to each process without asking the database every time."""

import time
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from compliance.actions.trail import record
from compliance.models import HouseRules, User
from compliance.queries.house import house_rules

KEPT: Final = 30.0
"""Seconds for which another process may still go by the rule before."""


@dataclass
class Known:
    """Who needs a second factor, as this process read it last; `until`: on the clock of time.monotonic."""

    who: str = ""
    until: float = 0.0


KNOWN: Final = Known()


@transaction.atomic
def set_house_rules(*, second_factor: str, share_days: int, acting_user: User) -> HouseRules:
    """Set them. Raises ValidationError naming the field."""
    before = house_rules()
    rules = HouseRules(pk=1, second_factor=second_factor, share_days=share_days)
    rules.full_clean(validate_unique=False, validate_constraints=False)
    rules.save()
    record(
        acting_user=acting_user, action="house rules set", subject=rules,
        second_factor=[before.second_factor, second_factor], share_days=[before.share_days, share_days],
    )  # fmt: skip
    transaction.on_commit(forget)
    return rules


def forget() -> None:
    """Have this process read the rules anew."""
    KNOWN.until = 0.0


def who_needs_second_factor() -> str:
    """One of HouseRules.SecondFactor. A query every half minute."""
    if time.monotonic() >= KNOWN.until:
        KNOWN.who, KNOWN.until = house_rules().second_factor, time.monotonic() + KEPT
    return KNOWN.who
