"""Rulings on calls that several sources tell of: each counts once, every record stays, contradictions are shown."""

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audits.actions.erasing import erase
from audits.actions.patterns import request_reading
from audits.actions.usage import IdRow, refresh_signatures, write_usage
from audits.ingest.identities import is_telling, key_of, request_id_of, unwrapped_id
from audits.models import AssessedUse, Erasure, Import, Run, SameCall, UsageDay, UsageEntry
from audits.procedures.counting_once import count_once
from audits.procedures.importing import carry_out
from audits.procedures.reading_patterns import read_patterns
from audits.queries.overlaps import Told, overlaps
from audits.queries.reconciling import Line, Side, reconcile
from compliance.models import Project, User
from tests.factories import make_call, make_exchange, make_pipeline, make_run, make_user
from tests.ingest.conftest import Give, as_lines
from tests.ingest.samples import litellm_call
from tests.ingest.shapes import otlp_span

DAY = dt.date(2026, 11, 20)
AT = 1795176000.25


def answer_id(number: int) -> str:
    return f"chatcmpl-Q7xZ{number:04d}bK2mW9aTfR3d"


def gateway(numbers: range, **fields: Any) -> bytes:
    """A LiteLLM log of calls to an invented provider's model, answered with ids of the provider."""
    return as_lines(_call(number, **fields) for number in numbers)


def _call(number: int, **fields: Any) -> dict[str, Any]:
    given = answer_id(number)
    call = litellm_call(number, model="acme-large", custom_llm_provider="acme", api_base="https://api.acme.example/v1")
    return {**call, "id": given, "response": {**call["response"], "id": given, "model": "acme-large"}, **fields}


def traces(numbers: range, **facts: Any) -> bytes:
    """The same calls as the spans of a tracer."""
    return json.dumps(
        {"resourceSpans": [{"scopeSpans": [{"spans": [_span(number, facts) for number in numbers]}]}]}
    ).encode()


def _span(number: int, facts: dict[str, Any]) -> dict[str, Any]:
    said = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "acme", "server.address": "api.acme.example",
        "gen_ai.request.model": "acme-large", "gen_ai.response.model": "acme-large", "gen_ai.response.id": answer_id(number),
        "gen_ai.usage.input_tokens": 120, "gen_ai.usage.output_tokens": 80, **facts,
    }  # fmt: skip
    span = otlp_span(1, **{key: value for key, value in said.items() if value is not None})
    return {**span, "spanId": f"{number:016x}", "startTimeUnixNano": str(int((AT + number) * 1e9))}


def recorded(project: Project, numbers: range, *, judged: bool = True, **fields: Any) -> Run:
    """A run under audit that recorded these calls."""
    run = make_run(make_pipeline(project), Run.State.COMPLETED)
    for number in numbers:
        at = dt.datetime.fromtimestamp(AT + number, dt.UTC)
        call = make_call(
            run, make_exchange(run, started_at=at, host="api.acme.example"), provider="acme", served_by="acme",
            request_model="acme-large", response_model="acme-large", response_id=answer_id(number), **fields,
        )  # fmt: skip
        key = key_of(call.response_id)
        assert key is not None
        write_usage([], [], [IdRow(run.pk, call.pk, key.bytes)])
    refresh_signatures(run.pk, {})
    if judged:
        AssessedUse.objects.create(
            run=run, provider="acme", served_by="acme", model="acme-large", activity="use_output", first_on=DAY, last_on=DAY,
            calls=len(numbers), outcome="permitted", facts={}, answer={},
        )  # fmt: skip
    return run


def counted(source: str) -> int:
    """Calls that the newest verdict of a source's log rests on."""
    run = Import.objects.filter(source=source).latest("pk").pipeline.runs.latest("number")
    return sum(use.calls for use in run.uses.all())


def test_a_call_of_a_gateways_log_and_of_a_trace_counts_once_and_both_records_stay(
    give: Give, project: Project
) -> None:
    give(gateway(range(5)), "litellm")
    give(traces(range(3, 9)), "otlp", "traces.json")
    assert UsageEntry.objects.count() == 11
    assert (counted("litellm"), counted("otlp")) == (5, 4)
    [line] = reconcile(Project.objects.all(), "acme", DAY, DAY).lines
    assert (line.logged.calls, line.logged.tokens) == (9, 1800)
    shared = SameCall.objects.get(entry__response_id=answer_id(3))
    assert shared.other is not None
    assert (shared.other.imported.source, shared.other.line, shared.differs) == ("litellm", 4, "")


def test_it_does_not_matter_in_how_many_pieces_or_how_often_the_second_source_comes(
    give: Give, project: Project
) -> None:
    give(traces(range(3, 9)), "otlp", "traces.json")
    give(gateway(range(4)), "litellm")
    give(gateway(range(2, 6)), "litellm")
    give(traces(range(3, 9)), "otlp", "traces.json")
    [line] = reconcile(Project.objects.all(), "acme", DAY, DAY).lines
    assert line.logged.calls == 9
    assert (counted("otlp"), counted("litellm")) == (6, 3), "what was counted first stays counted there"


def test_a_recorded_call_counts_in_its_run_and_not_in_the_logs(give: Give, project: Project) -> None:
    recorded(project, range(4))
    give(gateway(range(6)), "litellm")
    assert counted("litellm") == 2
    [line] = reconcile(Project.objects.all(), "acme", DAY, DAY).lines
    assert (line.recorded.calls, line.logged.calls, line.both.calls) == (4, 6, 4)


def test_a_run_that_ends_after_the_log_was_imported_takes_its_calls_over(give: Give, project: Project) -> None:
    give(gateway(range(6)), "litellm")
    assert counted("litellm") == 6
    run = recorded(project, range(4))
    assert count_once(run.pk) == 1
    assert counted("litellm") == 2
    assert count_once(run.pk) == 0, "nothing has changed since"


def test_a_run_that_judged_nothing_leaves_the_verdict_to_the_log(give: Give, project: Project) -> None:
    recorded(project, range(4), judged=False)
    give(gateway(range(6)), "litellm")
    assert counted("litellm") == 6
    [line] = reconcile(Project.objects.all(), "acme", DAY, DAY).lines
    assert line.both.calls == 4


def test_one_call_in_two_spans_of_one_log_counts_once(give: Give, project: Project) -> None:
    give(traces(range(1)), "otlp", "one.json")
    again = json.loads(traces(range(1)))
    again["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"] = "f" * 16
    give(json.dumps(again).encode(), "otlp", "two.json")
    assert (UsageEntry.objects.count(), counted("otlp")) == (2, 1)


def test_a_call_that_only_one_source_saw_answered_counts_as_answered(give: Give, project: Project) -> None:
    give(traces(range(1), **{"error.type": "timeout"}), "otlp", "traces.json")
    give(gateway(range(1)), "litellm")
    assert (counted("otlp"), counted("litellm")) == (0, 1)
    assert SameCall.objects.get().differs == "outcome"


@pytest.mark.parametrize(
    ("facts", "differs"),
    [
        ({"gen_ai.usage.output_tokens": 81}, "tokens"),
        ({"gen_ai.request.model": "acme-small", "gen_ai.response.model": "acme-small"}, "model"),
        ({"gen_ai.usage.input_tokens": None, "gen_ai.usage.output_tokens": None}, ""),
    ],
)
def test_what_two_sources_tell_differently_is_kept_as_a_contradiction(
    give: Give, project: Project, facts: dict[str, Any], differs: str
) -> None:
    give(gateway(range(1)), "litellm")
    give(traces(range(1), **facts), "otlp", "traces.json")
    assert counted("otlp") == 0
    assert SameCall.objects.get().differs == differs
    run = Import.objects.get(source="otlp").pipeline.runs.latest("number")
    assert run.gaps.filter(kind="sources differ").exists() == bool(differs)


def test_the_same_id_of_two_providers_is_no_common_call_and_is_shown(give: Give, project: Project) -> None:
    give(gateway(range(1)), "litellm")
    other = {
        "gen_ai.provider.name": "mistral_ai",
        "server.address": "api.mistral.ai",
        "gen_ai.request.model": "mistral-large",
    }
    give(traces(range(1), **other, **{"gen_ai.response.model": None}), "otlp", "traces.json")
    assert [(one.apart, "provider" in one.differs) for one in SameCall.objects.all()] == [(True, True)] * 2
    assert UsageDay.objects.filter(seen="").count() == 2


def test_ids_that_other_servers_give_as_well_join_nothing(give: Give, project: Project) -> None:
    give(as_lines([_call(1, id="chatcmpl-17", response={"id": "chatcmpl-17"})]), "litellm")
    give(traces(range(1), **{"gen_ai.response.id": "chatcmpl-17"}), "otlp", "traces.json")
    assert not SameCall.objects.exists()


def test_calls_of_two_projects_are_left_to_each(give: Give, project: Project) -> None:
    elsewhere = Project.objects.create(slug="elsewhere", name="Elsewhere")
    give(gateway(range(2)), "litellm")
    give(traces(range(2)), "otlp", "traces.json", project=elsewhere)
    assert not SameCall.objects.exists()


def test_a_log_imported_before_ids_were_kept_gets_them_when_it_is_read_again(give: Give, project: Project) -> None:
    first = give(gateway(range(3)), "litellm")
    Import.objects.filter(pk=first.pk).update(state=Import.State.WAITING)
    UsageEntry.objects.update(response_id="", response_key=None)
    give(traces(range(3)), "otlp", "traces.json")
    assert counted("otlp") == 3
    carry_out(first.pk)
    assert SameCall.objects.count() == 3
    assert counted("otlp") + counted("litellm") == 3


def test_which_ids_tell_something() -> None:
    assert is_telling("chatcmpl-9f1cA7ZbQk3mW2xT")
    assert is_telling("915a6a04-3f83-4b1e-9a3e-0c1d2e3f4a5b")
    assert not any(map(is_telling, ("", "chatcmpl-123", "chatcmpl-00000000000000000042", "0" * 32, "resp_1")))
    assert key_of("chatcmpl-9f1cA7ZbQk3mW2xT", 1) != key_of("chatcmpl-9f1cA7ZbQk3mW2xT")
    assert str(key_of("chatcmpl-9f1cA7ZbQk3mW2xT")) == "2169ba7e-d377-7b13-0a05-406f2e255fc6", (
        "what is stored must not change"
    )


def test_a_requests_id_is_found_in_the_headers_of_several_providers() -> None:
    assert request_id_of([("Date", "x"), ("Request-Id", "req_011CQ7xZbK2mW9")]) == "req_011CQ7xZbK2mW9"
    assert request_id_of([("x-amzn-RequestId", "915a6a04"), ("X-Request-ID", "")]) == "915a6a04"
    assert request_id_of([]) == ""


def test_an_id_that_a_gateway_wrapped_is_the_providers_again() -> None:
    wrapped = "resp_bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVyOm9wZW5haTttb2RlbF9pZDptMTtyZXNwb25zZV9pZDpyZXNwXzY4MWExYjJj"
    assert unwrapped_id(wrapped) == "resp_681a1b2c"
    assert unwrapped_id("resp_bGl0ZWxsb!!") == "resp_bGl0ZWxsb!!"
    assert unwrapped_id("msg_01") == "msg_01"


def test_pages_show_every_record_of_a_call_and_where_it_counts(give: Give, project: Project) -> None:
    run = recorded(project, range(2))
    done = give(gateway(range(3)), "litellm", "gateway.jsonl")
    give(traces(range(1, 4), **{"gen_ai.usage.output_tokens": 81}), "otlp", "traces.json")
    client = Client()
    client.force_login(make_user(User.Role.ADMINISTRATOR))
    entry = UsageEntry.objects.get(imported=done, response_id=answer_id(1))
    page = client.get(reverse("import-entry", args=[entry.pk])).text
    assert "This call is counted elsewhere" in page
    assert f"run {run.number}, under audit" in page
    assert "traces.json, line 1" in page
    of_import = client.get(reverse("import", args=[done.pk])).text
    assert "Told by several sources" in of_import
    assert reverse("run", args=[run.pk]) in of_import
    exchange = run.calls.order_by("pk")[1].exchange
    assert "gateway.jsonl, line 2" in client.get(reverse("call", args=[exchange.pk])).text
    trace = UsageEntry.objects.get(imported__source="otlp", response_id=answer_id(2))
    other = client.get(reverse("import-entry", args=[trace.pk])).text
    assert "tokens out: 81 here, 80 there" in other
    narrowed = client.get(reverse("import-calls", args=[trace.imported_id]), {"seen": "differs"}).text
    assert narrowed.count("counted elsewhere") == 2


def test_sources_without_common_ids_may_be_the_same_and_are_never_subtracted(give: Give, project: Project) -> None:
    recorded(project, range(20))
    give(gateway(range(100, 119), id="", response={}), "litellm")
    give(traces(range(300, 340), **{"gen_ai.response.id": None}), "otlp", "traces.json")
    [line] = reconcile(Project.objects.all(), "acme", DAY, DAY).lines
    assert (line.recorded.calls, line.logged.calls, line.both.calls) == (20, 59, 0)
    assert [(one.one, one.other, one.calls) for one in line.overlaps] == [("runs under audit", "LiteLLM log", 19)]


def test_accounts_that_differ_are_no_likeness() -> None:
    told = [Told(1, "a", "team-1", 100), Told(2, "b", "team-2", 100), Told(3, "c", "", 104), Told(4, "d", "", 40)]
    assert {(one.one, one.other) for one in overlaps(told)} == {("a", "c"), ("b", "c")}


def test_what_both_saw_narrows_the_rest_that_nobody_explains() -> None:
    seen: dict[str, Any] = {
        "recorded": Side(4, 400, there=True),
        "logged": Side(6, 600, there=True),
        "billed": Side(9, 900, there=True),
    }
    assert Line(DAY, "m", **seen).rest_calls == (0, 3)
    assert Line(DAY, "m", **seen, both=Side(4, 400, there=True)).rest_calls == (3, 3)


def test_patterns_count_a_call_once(give: Give, project: Project) -> None:
    recorded(project, range(2))
    give(gateway(range(3)), "litellm")
    give(traces(range(4)), "otlp", "traces.json")
    reading = request_reading(project=project, first_day=DAY, last_day=DAY, acting_user=None)
    found = read_patterns(reading.pk)
    assert (found.recorded, found.logged) == (2, 2)


def test_erasing_one_source_leaves_the_other_and_the_count(give: Give, project: Project) -> None:
    first = give(gateway(range(2)), "litellm")
    erase(project=project, acting_user=None, cause=Erasure.Cause.METADATA, reason="asked", sizes={}, imported=first)
    assert not UsageEntry.objects.filter(imported=first).exclude(response_id="").exists()
    give(traces(range(3)), "otlp", "traces.json")
    assert (counted("litellm"), counted("otlp")) == (2, 1), "the hash of an id stays, and tells"
    again = give(gateway(range(2)), "litellm")
    assert (again.new, UsageEntry.objects.filter(response_id="").count()) == (0, 2), (
        "what was erased does not come back"
    )


def test_a_clients_own_request_id_joins_nothing_where_the_answers_differ(give: Give, project: Project) -> None:
    same = {"hidden_params": {"additional_headers": {"llm_provider-x-request-id": "my-own-run-2026-11-20-a"}}}
    give(gateway(range(3), **same), "litellm")
    assert not SameCall.objects.exists()
    facts = {"aws.request_id": "my-own-run-2026-11-20-a", "gen_ai.response.id": None}
    give(traces(range(1), **facts), "otlp", "traces.json")
    assert SameCall.objects.count() == 1


def test_exchanges_with_several_questions_meet_the_recorded_ones_one_by_one() -> None:
    assert len({key_of(answer_id(1), position) for position in range(3)}) == 3
