"""The OpenAPI document, and the page that explains it to people."""

from functools import lru_cache

from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from audits.api.site import document
from compliance.api.explained import by_tag
from compliance.api.guard import finished
from compliance.models import ApiToken
from compliance.problems import KINDS
from compliance.views.programs import for_programs
from compliance.views.requests import PersonRequest

SCOPES = [(value, str(label)) for value, label in ApiToken.Scope.choices]


@lru_cache(maxsize=1)
def _operations() -> SafeString:
    """All operations, drawn: neither they nor their words change while the server runs, nor with who asks."""
    return render_to_string("audits/_api_operations.html", {"groups": by_tag(document())})


@require_GET
def docs(request: PersonRequest) -> HttpResponse:
    """Every operation with its parameters, fields and an example."""
    context = {"operations": _operations(), "scopes": SCOPES, "kinds": KINDS.items()}
    return render(request, "audits/api_docs.html", context)


@for_programs(ApiToken.Scope.READ)
@require_GET
def openapi(request: PersonRequest) -> HttpResponseBase:
    """The document, in OpenAPI 3.1."""
    return finished(request, JsonResponse(document()))
