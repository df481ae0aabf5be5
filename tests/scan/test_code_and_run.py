"""What the code names beside what a run was seen to ask: paired by who answers and by model, in words that do not accuse."""

import pytest
from django.urls import reverse

from audits.models import Run
from audits.queries.code_and_run import code_and_run
from audits.scan.comparison import Asked, compare
from tests.factories import make_call, make_completed_run, make_user


def use(served_by: str, *models: str, status: str = "used") -> dict[str, object]:
    return {
        "provider": served_by, "served_by": served_by, "models": list(models), "external": served_by != "self",
        "status": status, "purpose": "generate", "evidence": [{"file": "a.py", "line": 3, "snippet": ""}],
    }  # fmt: skip


def test_a_model_named_and_asked_is_paired_whatever_date_or_prefix_its_name_carries():
    found = compare({"uses": [use("openai", "openai/gpt-4o")]}, [Asked("openai", "openai", "gpt-4o", 7)])
    assert [(pair.named.place, pair.calls) for pair in found.both] == [(("a.py", 3), 7)]
    assert (found.only_code, found.only_run) == ((), ())


def test_the_same_model_of_another_channel_is_told_on_both_sides():
    found = compare({"uses": [use("azure", "gpt-4o")]}, [Asked("openai", "openai", "gpt-4o", 1)])
    assert [one.served_by for one in found.only_code] == ["azure"]
    assert [one.served_by for one in found.only_run] == ["openai"]


def test_code_that_does_not_tell_the_model_explains_what_no_other_line_does():
    asked = [Asked("openai", "openai", "gpt-4o", 2), Asked("openai", "openai", "gpt-4o-mini", 3)]
    found = compare({"uses": [use("openai"), use("openai", "gpt-4o")]}, asked)
    assert sorted((pair.named.model, pair.calls) for pair in found.both) == [("", 3), ("gpt-4o", 2)]


def test_what_stays_on_the_machine_is_not_compared():
    assert compare({"uses": [use("self", "llama3")]}, []).only_code == ()


def test_a_run_without_a_scan_says_so():
    assert compare({}, [Asked("openai", "openai", "gpt-4o", 1)]).scanned is False


@pytest.fixture
def run(db: None) -> Run:
    run = make_completed_run(calls=0)
    run.scan = {
        "uses": [use("cohere", "command-r", status="configurable"), use("openai", "gpt-4o")],
        "datasets": [{"id": "acme/<b>", "models": ["GPT-4"], "source": "a card", "evidence": []}],
        "unresolved": [{"file": "b.py", "line": 4, "reason": "nobody known answers at x.example"}],
        "files": 2,
    }
    run.save()
    make_call(run, served_by="openai", provider="openai", request_model="gpt-4o")
    make_call(run, served_by="groq", provider="meta", request_model="llama-3.1-8b-instant")
    return run


def test_the_answer_for_programs_holds_the_three_lists(run):
    answer = code_and_run(run).as_json()
    assert [one["model"] for one in answer["in_both"]] == ["gpt-4o"]
    assert [one["served_by"] for one in answer["in_code_only"]] == ["cohere"]
    assert [(one["served_by"], one["calls"]) for one in answer["in_run_only"]] == [("groq", 1)]


def test_the_page_shows_both_sides_and_accuses_nobody(run, client, django_assert_max_num_queries):
    client.force_login(make_user("legal"))
    with django_assert_max_num_queries(24):
        page = client.get(reverse("run-code", args=[run.pk])).content.decode()
    assert all(text in page for text in ("command-r", "llama-3.1-8b-instant", "b.py:4", "possible by settings"))
    assert "acme/&lt;b&gt;" in page
    assert not any(word in page.lower() for word in ("violation", "undeclared", "suspicious", "concealed"))
