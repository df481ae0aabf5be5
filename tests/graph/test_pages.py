"""The graph's pages: what is asked, who sees what, and what is taken away."""

import datetime as dt
import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audits.actions.taught import roll_lineage_up
from audits.models import Decision, RowMatch, Run
from audits.queries.charges import charges_of_clause
from audits.queries.graph import read_graph
from audits.queries.taught import rows_touched
from audits.scan.result import DatasetUse, Evidence
from compliance.models import TrailEntry
from tests.factories import make_call, make_exchange, make_user, sha
from tests.graph.conftest import CONTENT, RULE, House, completed, judge, teach
from tests.pages.test_query_counts import queries_of

TEACHER = "model:openai/gpt-4.1-mini"


def asked(client: Client, **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(reverse("graph-data"), query).json()
    return answer


def labels(answer: dict[str, Any]) -> set[str]:
    return {node["label"] for node in answer["nodes"]}


def test_the_whole_chain_is_drawn_with_outcomes(house: House) -> None:
    answer = asked(house.client(house.engineer))
    assert {"gpt-4.1-mini", "acme-7b", "acme-mini", "out/train.jsonl"} <= labels(answer)
    outcomes = {node["label"]: node["outcome"] for node in answer["nodes"] if node["kind"] == "student"}
    assert outcomes == {"acme-7b": "prohibited", "acme-mini": None}, "what a person must judge has no outcome yet"
    assert [edge["by_name"] for edge in answer["edges"] if edge["kind"] == "is"] == [True]


def test_what_is_of_others_is_only_counted(house: House) -> None:
    answer = asked(house.client(house.engineer))
    text = json.dumps(answer)
    assert "hidden-student" not in text
    assert "Secret" not in text
    (shared,) = [node for node in answer["nodes"] if node["facts"].get("sha256") == house.dataset.sha256]
    assert shared["elsewhere"] == 1


def test_an_outsider_sees_their_own_part_only(house: House) -> None:
    client = house.client(house.outsider)
    assert labels(asked(client)) & {"acme-7b", "acme-mini"} == set()
    assert client.get(reverse("graph-node"), {"id": f"run:{house.first.pk}"}).status_code == 404
    assert client.post(reverse("graph-clean"), {"dataset": house.dataset.pk, "without": TEACHER}).status_code == 404
    assert asked(client, clause=RULE)["blast"] is None, "a clause that only others' findings rest on is not offered"


@pytest.mark.parametrize("name", ["graph", "graph-data", "graph-node"])
def test_nobody_sees_it_without_signing_in(house: House, name: str) -> None:
    assert Client().get(reverse(name)).status_code == 302


def test_the_blast_radius_counts_rows_and_names_students_with_the_way(house: House) -> None:
    blast = asked(house.client(house.engineer), clause=RULE)["blast"]
    assert blast["training_rows"] == 4 + 4
    assert [(one["label"], one["rows"], one["standing"]) for one in blast["datasets"]] == [
        ("out/train.jsonl", 4, "bound"),
        ("out/train.jsonl", 4, "to_judge"),
    ]
    assert [(one["label"], one["standing"]) for one in blast["students"]] == [
        ("acme-7b", "bound"),
        ("acme-mini", "to_judge"),
    ]
    assert blast["students"][0]["path"][0] == "4 calls for training data"


def test_since_a_later_day_nothing_is_touched(house: House) -> None:
    assert house.second.started_at
    later = house.second.started_at.date().isoformat()
    blast = asked(house.client(house.engineer), clause=RULE, since=later)["blast"]
    assert (blast["uses"], blast["training_rows"], blast["students"]) == (0, 0, [])


def test_a_finding_that_a_person_set_aside_stops_at_once(house: House) -> None:
    Decision.objects.create(
        project=house.project, finding=house.finding, finding_key=house.finding.key, kind=Decision.Kind.FALSE_POSITIVE,
        reason="Another student.", basis_sha256=house.finding.basis_sha256, decided_by=make_user(),
    )  # fmt: skip
    answer = asked(house.client(house.engineer), clause=RULE)
    assert answer["blast"]["students"] == []
    assert "false positive" in answer["blast"]["stopped"][0]["why"]
    assert {node["outcome"] for node in answer["nodes"]} == {None}


def test_an_agreement_and_an_exception_stop_a_clause(house: House) -> None:
    use = house.finding.use
    assert use is not None
    verdict = {**use.answer["verdicts"][0], "applies": False, "lifted_by": "Letter of 2026"}
    type(use).objects.filter(pk=use.pk).update(answer={**use.answer, "verdicts": [verdict]})
    (charge,) = charges_of_clause(Run.objects.all(), RULE)
    assert charge.set_aside == "“Letter of 2026” lifts it"
    held = {"constraint": "evaluation only", "held": True, "part": "exception: research"}
    verdict |= {"lifted_by": None, "because": [held]}
    type(use).objects.filter(pk=use.pk).update(answer={**use.answer, "verdicts": [verdict]})
    (charge,) = charges_of_clause(Run.objects.all(), RULE)
    assert charge.set_aside == "an exception of the rule holds: evaluation only"
    verdict |= {"because": [{"constraint": "it competes", "held": False}]}
    type(use).objects.filter(pk=use.pk).update(answer={**use.answer, "verdicts": [verdict]})
    assert charges_of_clause(Run.objects.all(), RULE) == [], "a rule whose conditions do not hold touches nothing"


def test_without_a_teacher_rows_students_and_tokens_are_counted(house: House) -> None:
    gone = asked(house.client(house.engineer), without=TEACHER)["without"]
    assert [(one["rows"], one["left"]) for one in gone["datasets"]] == [(4, 2)]
    assert [(one["rows"], one["left"]) for one in gone["further_datasets"]] == [(4, 2)]
    assert [(one["label"], one["standing"]) for one in gone["students"]] == [
        ("acme-7b", "direct"),
        ("acme-mini", "indirect"),
    ]
    assert gone["to_regenerate"] == {"calls": 4, "input_tokens": 480, "output_tokens": 320, "cost": None}


def test_a_clean_data_set_comes_with_a_manifest_and_a_trail(house: House) -> None:
    client = house.client(house.engineer)
    answer = client.post(reverse("graph-clean"), {"dataset": house.dataset.pk, "without": TEACHER})
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    kept = archive.read("train.clean.jsonl")
    manifest = json.loads(archive.read("manifest.json"))
    removed = [json.loads(line) for line in archive.read("removed.jsonl").splitlines()]
    assert kept == b"".join(CONTENT.splitlines(keepends=True)[4:])
    assert manifest["result"]["sha256"] == sha(kept.decode())
    assert manifest["removed"] == {"rows": 4, "derived": 4, "unreadable": 0, "listed_in": "removed.jsonl"}
    assert manifest["without"] == [{"provider": "openai", "model": "gpt-4.1-mini"}]
    assert [(line["row"], line["why"], line["kind"]) for line in removed] == [
        (at, "derived", "exact") for at in range(4)
    ]
    assert TrailEntry.objects.filter(action="clean data set exported", user=house.engineer).exists()


def test_a_data_set_whose_content_is_gone_is_refused_in_words(house: House) -> None:
    type(house.dataset).objects.filter(pk=house.dataset.pk).update(sha256=sha("never kept"))
    answer = house.client(house.engineer).post(
        reverse("graph-clean"), {"dataset": house.dataset.pk, "without": TEACHER}
    )
    assert answer.status_code == 409
    assert "evidence store" in answer.content.decode()


def test_the_page_says_in_words_and_tables_what_the_picture_shows(house: House) -> None:
    client = house.client(house.engineer)
    for query in (
        {},
        {"clause": RULE},
        {"without": TEACHER},
        {"q": "acme"},
        {"focus": f"run:{house.first.pk}"},
        {"q": "nothing"},
    ):
        page = client.get(reverse("graph"), query)
        assert page.status_code == 200
    text = client.get(reverse("graph"), {"clause": RULE}).content.decode()
    assert "8 training rows" in text
    assert "For a person to judge" in text
    assert client.get(reverse("graph"), {"run": "x", "since": "never", "clause": "made up"}).status_code == 200


def test_a_nodes_panel_says_what_leads_to_it_and_why(house: House) -> None:
    text = (
        house.client(house.engineer).get(reverse("graph-node"), {"id": f"data:{house.dataset.sha256}"}).content.decode()
    )
    assert "Rows derive from recorded answers" in text
    assert "1 run outside this part" in text


@pytest.mark.parametrize("form", ["cyclonedx", "spdx3", "openlineage", "prov"])
def test_each_export_is_one_document(house: House, form: str) -> None:
    answer = house.client(house.engineer).get(reverse("graph-export", args=[form]))
    assert json.loads(answer.content)
    assert "attachment" in answer["Content-Disposition"]
    assert "hidden-student" not in answer.content.decode()


def test_an_export_of_another_form_is_not_there(house: House) -> None:
    assert house.client(house.engineer).get(reverse("graph-export", args=["xml"])).status_code == 404


def test_the_graph_asks_as_often_for_many_runs_as_for_few(house: House) -> None:
    client = house.client(house.engineer)
    addresses = [reverse("graph-data"), f"{reverse('graph')}?clause={RULE}", f"{reverse('graph')}?without={TEACHER}"]
    client.get(addresses[0])  # the library is read once and kept
    few = [queries_of(lambda address=address: client.get(address)) for address in addresses]  # type: ignore[misc]
    for number in range(6):
        run = completed(house.project, f"Line {number}", number)
        teach(run, "openai", "gpt-4.1-mini", f"student-{number}", sha(f"content {number}"))
    judge(run)
    many = [queries_of(lambda address=address: client.get(address)) for address in addresses]  # type: ignore[misc]
    assert many == few
    assert max(many) <= 30


def test_hostile_names_are_shown_and_not_obeyed(house: House) -> None:
    evil = "<script>alert(1)</script>\u202egpj"
    teach(completed(house.project, "Evil", 3), "openai", evil, evil, sha("evil"))
    client = house.client(house.engineer)
    page = client.get(reverse("graph")).content.decode()
    assert "<script>alert(1)" not in page
    assert "\u202e" not in page
    assert "\u202e" not in "".join(labels(asked(client)))


def test_every_run_is_read_when_it_is_asked_for(house: House) -> None:
    again = Run.objects.create(
        pipeline=house.first.pipeline, number=2, state=Run.State.COMPLETED, started_at=house.second.started_at,
        finished_at=house.second.finished_at,
    )  # fmt: skip
    teach(again, "openai", "gpt-4.1-mini", "acme-7b", house.dataset.sha256)
    client = house.client(house.engineer)
    newest = {node["facts"].get("run") for node in asked(client)["nodes"] if node["kind"] == "run"}
    every = {node["facts"].get("run") for node in asked(client, runs="all")["nodes"] if node["kind"] == "run"}
    assert house.first.pk in every - newest
    graph = read_graph(Run.objects.filter(pipeline=house.first.pipeline))
    (shared,) = graph.of_kind("dataset")
    assert shared.facts["runs"] == [house.first.pk, again.pk]


def test_a_public_data_set_that_the_scan_saw_leads_to_its_students(house: House) -> None:
    brought = [
        DatasetUse("acme/open-answers", ("gpt-4.1-mini",), "its card", (Evidence("train.py", 7, "load()"),)).as_json(),
        "?",
        {},
    ]
    Run.objects.filter(pk=house.second.pk).update(scan={"datasets": brought})
    client = house.client(house.engineer)
    page = client.get(reverse("graph"), {"without": "public:acme/open-answers"}).content.decode()
    assert "Downstream of acme/open-answers" in page
    assert "acme-mini" in page
    assert "acme-7b" not in page
    assert "its card" in client.get(reverse("graph-node"), {"id": "public:acme/open-answers"}).content.decode()


def test_what_an_address_asks_in_vain_is_said_to_people_and_to_programs(house: House) -> None:
    client = house.client(house.engineer)
    vain = {"clause": "made/up:rule", "since": "tomorrow", "without": "model:nobody/nothing", "focus": "run:0"}
    errors = asked(client, **vain)["errors"]
    assert set(errors) == set(vain)
    assert "model:nobody/nothing" in errors["without"][0]
    assert "model:nobody/nothing" in client.get(reverse("graph"), vain).content.decode()
    assert asked(client, clause=RULE)["errors"] == {}


def test_rows_that_two_models_share_count_once(house: House) -> None:
    """Row 0 takes from GPT and from another model: without either, four rows go; without both, four and not five."""
    exchange = make_exchange(house.first)
    call = make_call(house.first, exchange, provider="mistral", served_by="mistral", request_model="mistral-large")
    for row in (0, 4):
        RowMatch.objects.create(dataset=house.dataset, row=row, call=call, kind="near", similarity=0.9)
    roll_lineage_up(house.first.pk)
    ours = (house.first.pk, "openai", "openai", "gpt-4.1-mini", "train")
    theirs = (house.first.pk, "mistral", "mistral", "mistral-large", "train")
    counted = [rows_touched([house.dataset.pk], keys)[house.dataset.pk] for keys in ([ours], [theirs], [ours, theirs])]
    assert counted == [4, 2, 5]
    later = house.first.started_at.date() + dt.timedelta(days=1) if house.first.started_at else None
    assert rows_touched([house.dataset.pk], [ours, theirs], later) == {}
    (edge,) = [
        one for one in read_graph(Run.objects.filter(pk=house.first.pk)).edges if one.techniques == (("exact", 4),)
    ]
    assert (edge.rows, edge.tokens) == (4, 320)
