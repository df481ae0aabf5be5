"""Rulings on the roll-up of senders: it says what the entries say, each time that these change."""

import json
from collections import Counter
from copy import copy
from typing import Any

from django.db.models import Q

from audits.actions.erasing import erase
from audits.models import Erasure, Import, SameCall, SenderDay, UsageEntry
from audits.queries.imports import models_of
from audits.queries.owners import senders
from compliance.models import Project
from tests.ingest.conftest import Give
from tests.ingest.shapes import OPENAI_USAGE
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


def test_what_an_import_brought_is_told_as_its_entries_tell_it(give: Give) -> None:
    imports = [give(gateway(range(3)), "litellm"), give(gateway(range(1, 5), model="acme-small"), "litellm")]
    bill = json.dumps(OPENAI_USAGE)
    grown = bill.replace('"num_model_requests": 5', '"num_model_requests": 9')
    imports += [give(told_then.encode(), "openai-usage") for told_then in (bill, grown)]
    assert [one["calls"] for one in models_of(imports[2])] == [9], (
        "the second told more of a day that the first brought"
    )
    for imported in imports:
        by_entries = copy(imported)
        by_entries.state = Import.State.READING  # not summed up yet
        assert models_of(imported) == models_of(by_entries)
