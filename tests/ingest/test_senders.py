"""Rulings on the roll-up of senders: it says what the entries say, each time that these change."""

from collections import Counter
from typing import Any

from django.db.models import Q

from audits.actions.erasing import erase
from audits.models import Erasure, SameCall, SenderDay, UsageEntry
from audits.queries.owners import senders
from compliance.models import Project
from tests.ingest.conftest import Give
from tests.ingest.test_same_calls import DAY, gateway

NAMES = ("served_by", "account", "person", "key_hint")


def told(project: Project, *, repeated: bool = True) -> Counter[tuple[str, ...]]:
    """Calls by sender as the page tells them."""
    found = senders(project, DAY, DAY, repeated=repeated)
    return Counter({(one.served_by, one.account, one.person, one.key): one.calls for one in found})


def in_entries(**narrowed: Any) -> Counter[tuple[str, ...]]:
    """The same, read from the entries themselves."""
    named = UsageEntry.objects.filter(**narrowed).exclude(Q(account="") & Q(person="") & Q(key_hint=""))
    return Counter(named.values_list(*NAMES))


def test_senders_are_told_as_the_entries_tell_them_and_a_repeated_call_is_told_apart(
    give: Give, project: Project
) -> None:
    give(gateway(range(3)), "litellm", log="One gateway")
    assert told(project) == in_entries()
    give(gateway(range(1, 5)), "litellm", log="Another gateway")
    assert SameCall.objects.filter(apart=False).count() == 2
    assert sum(told(project).values()) == 7
    assert told(project) == in_entries()
    assert told(project, repeated=False) == in_entries(same_call=None)


def test_what_is_erased_of_the_entries_does_not_stay_with_the_senders(give: Give, project: Project) -> None:
    first = give(gateway(range(3)), "litellm")
    assert SenderDay.objects.exclude(person="", key_hint="").exists()
    erase(project=project, acting_user=None, cause=Erasure.Cause.METADATA, reason="asked", sizes={}, imported=first)
    assert not SenderDay.objects.exclude(person="", key_hint="").exists()
    assert told(project) == in_entries()
