"""Rulings on imports: each call once, good lines whole, bad lines named, and verdicts that say what they rest on."""

import json

import pytest
from django.conf import settings

from audits.evidence.store import open_store
from audits.ingest.unpacking import Unacceptable
from audits.matching.answers import answers_on_record
from audits.matching.recorded import Reader, stored_uses
from audits.models import Import, RejectedLine, Run, UsageDay, UsageEntry
from compliance.queries.library import library_from_database
from tests.ingest.conftest import Give, as_lines
from tests.ingest.samples import acme_call, litellm_call


def test_a_log_imported_twice_changes_nothing(give: Give) -> None:
    log = as_lines(litellm_call(number) for number in range(5))
    first, again = give(log, "litellm"), give(log, "litellm")
    assert (first.read, first.new, first.known) == (5, 5, 0)
    assert (again.read, again.new, again.known) == (5, 0, 5)
    assert UsageEntry.objects.count() == 5
    assert Run.objects.count() == 1, "what brought nothing new is not judged again"


def test_overlapping_exports_of_one_log_count_each_call_once(give: Give) -> None:
    give(as_lines(litellm_call(number) for number in range(5)), "litellm")
    later = give(as_lines(litellm_call(number) for number in range(3, 9)), "litellm")
    assert (later.new, later.known) == (4, 2)
    assert UsageDay.objects.get().calls == 9


def test_the_same_ids_in_two_logs_are_two_calls(give: Give) -> None:
    log = as_lines([litellm_call()])
    give(log, "litellm", log="Gateway, Frankfurt")
    give(log, "litellm", log="Gateway, Dublin")
    assert UsageEntry.objects.count() == 2


def test_equal_lines_without_an_id_are_several_calls_and_stay_so(give: Give) -> None:
    log = as_lines([litellm_call(id="")] * 3)
    assert give(log, "litellm").new == 3
    assert give(log, "litellm").new == 0


def test_bad_lines_are_named_and_kept_and_none_of_the_good_is_lost(give: Give) -> None:
    lines = [
        json.dumps(litellm_call(1)),
        '{"id": "broken", "model":',
        json.dumps(litellm_call(2, prompt_tokens="many")),
        json.dumps([1, 2]),
        json.dumps(litellm_call(3, startTime=None)),
        "",
        json.dumps(litellm_call(4)),
    ]
    done = give("\n".join(lines).encode(), "litellm")
    assert (done.state, done.new, done.rejected) == (Import.State.DONE, 2, 5)
    told = {line.line: line.reason for line in done.rejected_lines.all()}
    assert told[2].startswith("not JSON")
    assert told[3] == "prompt_tokens: 'many' is no count"
    assert told[5] == "startTime: no time"
    assert RejectedLine.objects.get(line=2).raw == lines[1]


def test_a_file_of_another_kind_is_refused_in_words(give: Give) -> None:
    done = give(b"\n".join(b'{"no": "call"}' for _ in range(1200)), "litellm")
    assert done.state == Import.State.FAILED
    assert "none of the first 1000 records can be read" in done.reason
    assert done.rejected == 0
    assert done.run is None


def test_an_empty_file_is_refused(give: Give) -> None:
    with pytest.raises(Unacceptable, match=r"log\.jsonl: an empty file"):
        give(b"", "litellm")


def test_what_a_log_says_is_a_declared_fact_and_its_purpose_unknown(give: Give) -> None:
    done = give(as_lines(acme_call(number) for number in range(3)), "litellm")
    assert done.run is not None
    use = done.run.uses.get()
    assert use.activity == "use_output"
    assert use.facts["model"]["source"] == "declared"
    assert use.facts["model"]["by"] == "LiteLLM log (LiteLLM)"
    assert use.facts["activity"]["source"] == "inferred"
    assert "observed" not in {fact["source"] for fact in use.facts.values()}
    assert "student.trained_at_provider" not in use.facts


def test_an_imported_log_is_at_best_in_need_of_facts(give: Give) -> None:
    done = give(as_lines([acme_call()]), "litellm")
    assert done.run is not None
    assert done.run.outcome == "needs_facts"
    assert done.run.gaps.get().kind == "imported log"


def test_a_declared_purpose_is_judged(give: Give) -> None:
    declared = {"purpose": "train", "student": {"name": "tutor"}}
    done = give(as_lines([acme_call()]), "litellm", declared=declared)
    assert done.run is not None
    use = done.run.uses.get()
    assert use.activity == "train_on_output"
    assert {use.facts[path]["by"] for path in ("activity", "student.name")} == {"import_usage"}
    assert done.run.findings.filter(key__startswith="acme/terms:competing-models|tutor").exists()


def test_judging_a_log_anew_turns_nothing_that_it_says_into_an_observation(give: Give) -> None:
    declared = {"purpose": "train", "student": {"name": "tutor"}}
    done = give(as_lines([acme_call()]), "litellm", declared=declared)
    assert done.run is not None
    run = Run.objects.select_related("pipeline__project").get(pk=done.run.pk)
    (stored,) = stored_uses([run])[run.pk]
    (again,) = Reader(run, library_from_database(), answers_on_record()).uses(stored)
    said = {path: (fact.source, fact.by, fact.note) for path, fact in again.facts.items()}
    assert said == {path: (one["source"], one["by"], one["note"]) for path, one in stored.facts.items()}
    assert again.facts["on"].source == "declared"
    assert again.facts["student.name"].by == "import_usage"


def test_a_later_import_is_judged_with_all_that_its_log_holds(give: Give) -> None:
    give(as_lines([acme_call(1)]), "litellm")
    second = give(as_lines([acme_call(2)]), "litellm")
    assert second.run is not None
    assert second.run.number == 2
    assert second.run.uses.get().calls == 2


def test_keys_in_a_log_are_never_kept(give: Give) -> None:
    key = "sk-proj-" + "a1B2" * 10
    call = litellm_call(
        messages=[{"role": "user", "content": f"my key is {key}"}],
        model_parameters={
            "api_key": "very-secret-value",
            "extra_headers": {"Authorization": "Bearer 0123456789abcdef"},
        },
    )
    done = give(as_lines([call, litellm_call(2)]), "litellm")
    kept = open_store_text(done)
    assert not {word for word in (key, "very-secret-value", "0123456789abcdef") if word in kept}
    assert "[masked]" in UsageEntry.objects.get(line=1).prompt_excerpt
    assert kept.splitlines()[1] == json.dumps(litellm_call(2)), "a line without a key is kept as it was"


def open_store_text(done: Import) -> str:
    return open_store(settings.EVIDENCE_URL).get(done.parts[0]["sha256"]).decode()


def test_the_hash_that_a_gateway_keeps_of_a_key_is_no_key(give: Give) -> None:
    done = give(as_lines([litellm_call()]), "litellm")
    assert litellm_call()["metadata"]["user_api_key_hash"] in open_store_text(done)
