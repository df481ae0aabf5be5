"""What pipelines, hosts and models call themselves is text on every page, never markup, script or template."""

import pytest
from django.urls import reverse

from audits.models import Connection, Dataset, Gap, LogLine, Student, UsageSignature
from tests.factories import NOON, make_call, make_exchange
from tests.pages.conftest import SignedIn, World
from tests.pages.test_permissions import pages_of

MARKUP = "<script>alert('owned')</script>{{ 7|add:35 }}{% debug %}"
TURNED = "\u202egnp.exe"
HOSTILE = f"{MARKUP}{TURNED}\x1b]0;owned\x07"


@pytest.fixture
def poisoned(world: World) -> World:
    """The world's run with hostile strings wherever a pipeline, a host or a person may write."""
    run = world.run
    run.pipeline.name = HOSTILE[:110]
    run.pipeline.save()
    world.project.name = HOSTILE[:110]
    world.project.save()
    run.upstreams = {HOSTILE: HOSTILE}
    run.reason = run.manifest_text = HOSTILE
    run.isolation_reasons, run.isolation = [HOSTILE], "proxy_only"
    run.save()
    exchange = make_exchange(
        run, host=HOSTILE, target=HOSTILE, unparsed=HOSTILE, error=HOSTILE, method="GE<T>", upstream=HOSTILE,
        request_headers=[[HOSTILE, HOSTILE]], not_a_model_call=HOSTILE,
    )  # fmt: skip
    make_call(
        run, exchange, provider="<b>x", request_model=HOSTILE, response_model=HOSTILE, response_id=HOSTILE,
        prompt_excerpt=HOSTILE, output_excerpt=HOSTILE, operation="<i>", api="<i>",
    )  # fmt: skip
    run.datasets.update(path=HOSTILE, gap=HOSTILE)
    Dataset.objects.create(run=run, path="other", role="training", gap=HOSTILE)
    Student.objects.filter(run=run).update(name=HOSTILE, path=HOSTILE, gap=HOSTILE, facts={HOSTILE: HOSTILE})
    UsageSignature.objects.filter(run=run).update(model=HOSTILE, provider="<b>x")
    Gap.objects.create(run=run, at=NOON, step="<b>", kind="<b>", subject=HOSTILE, detail=HOSTILE)
    Connection.objects.create(
        run=run, at=NOON, step="x", disposition="refused", protocol="<b>", host=HOSTILE, reason=HOSTILE, port=1
    )
    LogLine.objects.create(run=run, seq=99, at=NOON, step="x", stream="stderr", text=HOSTILE)
    run.findings.update(
        title=HOSTILE, sentence=HOSTILE, provider="<b>x", section=HOSTILE[:70], document="<b>", missing_facts=[HOSTILE],
        because=[{"constraint": HOSTILE, "held": None, "fact": HOSTILE, "value": HOSTILE, "source": HOSTILE}],
    )  # fmt: skip
    run.uses.update(facts={HOSTILE: {"value": HOSTILE, "source": "declared", "by": HOSTILE, "note": HOSTILE}})
    return world


def test_hostile_strings_are_inert_on_every_page(poisoned: World, signed_in: SignedIn) -> None:
    client = signed_in(poisoned.administrator)
    exchange = poisoned.run.exchanges.order_by("-pk").first()
    assert exchange is not None
    addresses = {
        **pages_of(poisoned),
        "overview": reverse("overview"),
        "search": f"{reverse('search')}?q=alert",
        "runs": reverse("runs"),
        "findings": f"{reverse('findings')}?standing=any&runs=all",
        "hostile call": reverse("call", args=[exchange.pk]),
    }
    for name, address in addresses.items():
        response = client.get(address)
        page = response.content.decode()
        assert response.status_code == 200, name
        assert "<script>alert" not in page, name
        assert "<b>x" not in page, name
        assert "\u202e" not in _text(page), name
        assert "\x1b" not in _text(page), name


def _text(page: str) -> str:
    """The page without attributes, where a directional character can turn nothing round that is shown."""
    inside, kept = False, []
    for character in page:
        inside = character == "<" or (inside and character != ">")
        if not inside:
            kept.append(character)
    return "".join(kept)


def test_a_template_in_a_name_is_not_run(poisoned: World, signed_in: SignedIn) -> None:
    page = signed_in(poisoned.administrator).get(reverse("run", args=[poisoned.run.pk])).content.decode()
    assert "{{ 7|add:35 }}" in page


def test_the_raw_body_is_a_download_that_no_browser_interprets(world: World, signed_in: SignedIn) -> None:
    from_store = reverse("call-raw", args=[world.run.exchanges.order_by("pk")[0].pk, "request"])
    assert signed_in(world.engineer).get(from_store).status_code == 404, "no body was kept for it"
