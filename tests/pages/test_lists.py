"""Every list sorts, narrows, pages and is taken as CSV in one way (compliance.views.lists), under its page's own permission."""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from compliance.models import Project, User
from compliance.views.lists import Column, Listing, cell, field
from tests.browser.installation import make_installation
from tests.browser.pages import PAGES
from tests.factories import make_user

LISTS: Final = (
    "pipelines", "pipeline", "imports", "import-calls", "import-rejected", "import-accounts", "runs", "run-calls", "run-gaps",
    "run-evidence", "run-lineage-rows", "run-log", "notices", "models", "reports", "report-links", "report-schedules",
    "report-schedule", "project-webhook", "agreement-uses", "rule-uses", "project-looks", "project-evidence", "projects",
    "project-people", "project-trail", "house-trail", "terms", "terms-incoming", "terms-held", "terms-dates",
    "portfolio-policies", "work", "asked", "finding-entries",
    "findings", "run-findings", "rejudgings", "rejudging", "coming", "questions", "search for something", "account-tokens",
)  # fmt: skip
"""Lists by the names of their pages (tests/browser/pages.py). Those without a page of rows say their count otherwise."""
AT_MOST: Final = 14
"""Queries of a stream: the rows, what is read beside a thousand of them, never one for each."""


def taken(client: Client, address: str) -> tuple[list[str], list[dict[str, str]]]:
    """The columns and the rows of a list's CSV file."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    assert answer.headers["Content-Type"].startswith("text/csv"), address
    told = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))  # type: ignore[attr-defined]
    rows = list(told)
    return list(told.fieldnames or ()), rows


def with_query(address: str, query: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{query}"


def sorts_of(page: str) -> Iterator[str]:
    """The keys by which the headings of a page sort."""
    for part in page.split("sort=")[1:]:
        key = part.split('"')[0].split("&")[0]
        if 'value="' not in key and key:
            yield key.removeprefix("-")


def test_every_list_sorts_narrows_and_is_taken_as_csv_with_the_rows_of_its_page(db: None) -> None:
    at = make_installation()
    client = Client()
    client.force_login(at.keeper)
    for name in LISTS:
        address = PAGES[name](at)
        page = client.get(address)
        rows = page.context["page"].paginator.count
        with CaptureQueriesContext(connection) as asked:
            columns, told = taken(client, with_query(address, "as=csv"))
        assert len(told) == rows, name
        assert len(set(columns)) == len(columns) > 2, name
        assert ("as=csv" in page.content.decode()) == bool(rows), f"{name}: no way from the page to its CSV"
        assert len(asked) <= AT_MOST + len([one for one in asked if "auth" in one["sql"] or "session" in one["sql"]]), (
            name
        )
        for key in set(sorts_of(page.content.decode())):
            _sorts(client, name, address, key, told)
        if page.context.get("searches"):
            assert taken(client, with_query(address, "as=csv&words=no+such+words+anywhere"))[1] == [], name
            assert client.get(with_query(address, "words=no+such+words+anywhere")).status_code == 200, name


def _sorts(client: Client, name: str, address: str, key: str, told: list[dict[str, str]]) -> None:
    """Both ways round the same rows come, and the page marks the column that it is sorted by."""
    up, down = (taken(client, with_query(address, f"as=csv&sort={sign}{key}"))[1] for sign in ("", "-"))
    as_set = {tuple(row.values()) for row in told}
    assert {tuple(row.values()) for row in up} == {tuple(row.values()) for row in down} == as_set, (name, key)
    page = client.get(with_query(address, f"sort=-{key}")).content.decode()
    assert 'aria-sort="descending"' in page, (name, key)


def test_a_list_is_no_more_open_as_csv_than_as_a_page(db: None) -> None:
    at = make_installation()
    Project.objects.create(name="Another", slug="another")
    for person in (at.nobody, make_user(User.Role.AUDITOR), at.world.engineer):
        client = Client()
        client.force_login(person)
        for name in LISTS:
            address = PAGES[name](at)
            page = client.get(address)
            answer = client.get(with_query(address, "as=csv"))
            assert answer.status_code == page.status_code, (name, person)
            if page.status_code == 200 and "page" in page.context:  # without a project there are no accounts to list
                assert len(taken(client, with_query(address, "as=csv"))[1]) == page.context["page"].paginator.count, (
                    name
                )


def test_a_list_of_calls_holds_what_was_asked_only_for_who_may_read_it(db: None) -> None:
    at = make_installation()
    address = with_query(PAGES["run-calls"](at), "as=csv")
    reader, viewer = Client(), Client()
    reader.force_login(at.keeper)
    watching = make_user()
    at.project.memberships.create(user=watching, role="viewer")
    viewer.force_login(watching)
    assert "asked" in taken(reader, address)[0]
    assert "asked" not in taken(viewer, address)[0]


def asking(**query: str) -> HttpRequest:
    request = HttpRequest()
    request.GET = request.GET.copy()
    request.GET.update(query)
    return request


PLAIN: Final = Listing("plain", (field("name", "name"), Column("twice", lambda one: one.name * 2)), words=("name",))


def test_a_plain_list_is_sorted_and_narrowed_like_one_of_the_database() -> None:
    rows: list[Any] = [type("Row", (), {"name": name})() for name in ("b", "a", "c", None)]
    assert [one.name for one in PLAIN.chosen(asking(sort="name"), rows)] == ["a", "b", "c", None]
    assert [one.name for one in PLAIN.chosen(asking(sort="twice"), rows)] == ["b", "a", "c", None]
    assert [one.name for one in PLAIN.chosen(asking(words="B"), rows)] == ["b"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, ""), (True, "true"), (-4, "-4"), (dt.date(2026, 7, 8), "2026-07-08"), ("=1+1", "'=1+1"), ("＠x", "'＠x"),
        (dt.datetime(2026, 7, 8, 14, tzinfo=dt.timezone(dt.timedelta(hours=2))), "2026-07-08T12:00:00+00:00"),
        (["-a", "b"], "'-a; b"), ("a\u202eb", "a[U+202E]b"),
    ],
)  # fmt: skip
def test_a_cell_is_plain_and_begins_no_formula(value: object, told: str) -> None:
    assert cell(value) == told
