"""Rule by rule and condition by condition: why something applies to a recorded use, or does not."""

import datetime as dt

import pytest
from django.urls import reverse

from audits.queries.why_not import why
from tests.factories import make_user
from tests.rules.conftest import DAYS, Recorded

RULE = "openai/services-agreement:competing-models"


def test_every_rule_of_the_governing_paper_answers_with_its_conditions(recorded: Recorded) -> None:
    found = why(recorded.use, recorded.run, None, {})
    (paper,) = found.governing
    assert (paper.version, paper.why) == ("2025-05-31", "these terms cover the API")
    (answer,) = paper.answers
    assert (answer.rule, answer.applies, answer.answer) == (RULE, True, "Applies")
    assert [(test.part, test.held) for test in answer.tests] == [("The activity", True), ("Its condition", True)]


def test_another_day_is_read_by_the_version_of_that_day(recorded: Recorded) -> None:
    use = recorded.use
    day = dt.date.fromisoformat(list(use.days)[-1])
    found = why(use, recorded.run, day, {})
    assert found.on == day
    assert found.governing[0].version == ("2026-01-01" if day == DAYS[1] else "2025-05-31")


def test_a_rule_about_something_else_says_that_it_does_not_apply_and_why(recorded: Recorded) -> None:
    use = recorded.use
    use.facts["activity"] = {"value": "evaluate", "source": "observed", "by": ""}
    use.activity = "evaluate"
    use.save()
    (answer,) = why(use, recorded.run, None, {}).governing[0].answers
    assert (answer.applies, answer.answer) == (False, "Does not apply")
    assert "evaluating models with output" in answer.explanation


def test_a_paper_that_does_not_govern_stands_apart(recorded: Recorded) -> None:
    use = recorded.use
    use.facts["access.kind"] = {"value": "consumer_app", "source": "observed", "by": ""}
    use.save()
    found = why(use, recorded.run, None, {})
    assert [(paper.document, paper.version) for paper in found.governing] == [("openai/terms", "")]
    assert [paper.document for paper in found.others] == ["openai/services-agreement"]


def test_the_page_shows_it_and_opens_at_the_rule_that_was_asked_for(recorded: Recorded) -> None:
    client = recorded.desk.client(recorded.desk.engineer)
    text = client.get(reverse("use-why", args=[recorded.use.pk]), {"rule": RULE}).content.decode()
    assert 'id="asked"' in text
    assert "The student competes with the provider" in text
    assert "these terms cover the API" in text.replace("These", "these")


@pytest.mark.parametrize("on", ["2001-01-01", "no day", "9999-99-99", ""])
def test_a_day_that_is_none_of_its_days_is_its_first(recorded: Recorded, on: str) -> None:
    client = recorded.desk.client(recorded.desk.engineer)
    assert client.get(reverse("use-why", args=[recorded.use.pk]), {"on": on}).status_code == 200


def test_uses_of_other_peoples_projects_do_not_exist(recorded: Recorded) -> None:
    client = recorded.desk.client(make_user())
    assert client.get(reverse("use-why", args=[recorded.use.pk])).status_code == 404
    page = client.get(reverse("rule-uses", args=[recorded.desk.published.rule_id]))
    assert "Nothing recorded" in page.content.decode()


def test_a_rules_page_leads_to_the_uses_from_which_to_ask(recorded: Recorded) -> None:
    client = recorded.desk.client(recorded.desk.engineer)
    rule = client.get(reverse("terms-rule", args=[recorded.desk.published.pk])).content.decode()
    uses = reverse("rule-uses", args=[recorded.desk.published.rule_id])
    assert uses in rule
    assert reverse("use-why", args=[recorded.use.pk]) in client.get(uses).content.decode()
