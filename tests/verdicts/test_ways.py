"""Which change would help: every way shown was judged by the engine, on the use as it would be today."""

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits.models import Run
from audits.queries.ways import Ways, ways_out
from tests.verdicts.conftest import COMPETING, World, finding
from tests.verdicts.test_questions import GENERATIVE, answer


def out_of(run: Run) -> Ways:
    found = ways_out(finding(run, COMPETING), Run.objects.all())
    assert found is not None
    return found


def test_ways_out_of_a_prohibition_are_those_that_the_engine_finds_better(world: World):
    run = world.run("2024-06-01", student=GENERATIVE)
    answer(world)
    ways = out_of(run)
    assert (ways.outcome, ways.on) == ("prohibited", timezone.localdate())
    found = {way.words: way.outcome for way in ways.found}
    assert found["Get a written agreement of Acme that covers training a model on output"] == "permitted"
    assert found["Only evaluate models with the answers"] == "not_addressed"
    assert ways.found[0].outcome == "permitted", "the best first"
    assert ways.tried > len(ways.found), "what comes out no better is not suggested"
    assert not any("compete" in words for words in found), "a judgement is nothing to change"


def test_a_change_that_leaves_facts_open_names_them(world: World):
    run = world.run("2024-06-01", student=GENERATIVE)
    answer(world)
    (classifier,) = [way for way in out_of(run).found if "classifier" in way.words]
    assert (classifier.outcome, classifier.missing) == ("needs_facts", ("student.distributed",))


def test_another_model_in_use_is_judged_anew_and_not_believed(world: World):
    run = world.run("2024-06-01", student=GENERATIVE)
    answer(world)
    other = world.run("2024-06-02", provider="beta", served_by="beta", request_model="beta-1", student=GENERATIVE)
    other.uses.update(outcome="permitted")
    (swapped,) = [way for way in out_of(run).found if way.kind == "teacher"]
    assert swapped.words.startswith("Ask another model: beta-1 through beta")
    assert swapped.outcome == "needs_facts", "nobody holds terms of it, whatever was once stored"


def test_the_page_shows_the_ways(world: World):
    run = world.run("2024-06-01", student=GENERATIVE)
    answer(world)
    client = Client()
    client.force_login(world.engineer)
    page = client.get(reverse("work-finding", args=[finding(run, COMPETING).pk])).content.decode()
    assert "Get a written agreement of Acme" in page
    assert "missing: whether the student is made available to third parties" in page
