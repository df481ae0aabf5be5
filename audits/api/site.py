"""The whole interface, version 1: its operations, its OpenAPI document, its addresses."""

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from audits.api import (
    accounts,
    approvals,
    calls,
    erasing,
    findings,
    gate,
    graph,
    imports,
    judging,
    keeping,
    notices,
    outward,
    pipelines,
    questions,
    reports,
    runs,
    schedules,
    verification,
    work,
)
from audits.api.links import add_links
from compliance.api import clauses, library, people, portfolio, tokens
from compliance.api.document import document_of
from compliance.api.guard import finished, guarded, tell_problems
from compliance.problems import Problem, problem_response

DESCRIPTION = """\
Everything that the pages do, for programs: the same deeds, the same permissions. Lists come in parts: send `next` as `cursor`.
Requests that change something can carry an Idempotency-Key and an If-Match. Errors are problem details (RFC 9457)."""


class Interface(NinjaAPI):
    """django-ninja's, with what all operations share added to its document."""

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> OpenAPISchema:
        document = document_of(self, "/api/v1/")
        add_links(document)
        return document  # type: ignore[return-value]

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The function's own name: unique over the whole interface, and stable."""
        return operation.operation_id or operation.view_func.__name__


api = Interface(
    title="Clausetrail", version="1", description=DESCRIPTION, docs_url=None, openapi_url=None, urls_namespace="api"
)
tell_problems(api)
for tag, room in (
    ("Account", tokens),
    ("Projects", people),
    ("Pipelines", pipelines),
    ("Runs", runs),
    ("Recorded calls", calls),
    ("Findings", findings),
    ("Approvals", approvals),
    ("Reports", reports),
    ("Checking reports", verification),
    ("Work", work),
    ("Webhooks, links, schedules", outward),
    ("Webhooks, links, schedules", schedules),
    ("Questions", questions),
    ("Judged anew", judging),
    ("Imports", imports),
    ("Accounts and bills", accounts),
    ("Graph", graph),
    ("Gate", gate),
    ("Keeping", keeping),
    ("Keeping", erasing),
    ("Notices and search", notices),
    ("Terms", library),
    ("Portfolio", portfolio),
    ("Keeping the library", clauses),
):
    api.add_router("", room.router, tags=[tag])


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document; the same for everybody."""
    return api.get_openapi_schema()


def unknown(request: HttpRequest) -> HttpResponse:
    """For addresses below /api/ that are none."""
    return finished(request, problem_response(request, Problem(404, "There is no such address. See /api/docs/.")))  # type: ignore[return-value]


unknown.login_required = False  # type: ignore[attr-defined]
unknown.csrf_exempt = True  # type: ignore[attr-defined]
unknown.open_to_programs = True  # type: ignore[attr-defined]


def addresses() -> list[URLPattern]:
    """Every address of the interface, each guarded; last, one for those that are none."""
    found: list[URLPattern] = []
    for router in api._get_bound_routers():
        for where, path_view in router.path_operations.items():
            view = guarded(path_view.get_view(), path_view)
            found.append(path(where.replace("{", "<").replace("}", ">").lstrip("/"), view))
    return [*found, re_path("", unknown)]
