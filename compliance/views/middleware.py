"""What every page is asked before it is read, and what every response tells the browser about where its parts may come from."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from compliance.api.bounds import page_at
from compliance.bounds import refused_page, require_length
from compliance.problems import Problem

Directives = dict[str, tuple[str, ...]]

# A page may load what we serve and nothing else; no inline script, no inline style, no frame, no plugin.
PAGES: Directives = {
    "default-src": ("'none'",),
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:"),
    "font-src": ("'self'",),
    "connect-src": ("'self'",),
    "form-action": ("'self'",),
    "frame-ancestors": ("'none'",),
    "base-uri": ("'none'",),
}

# The admin's own front end (Alpine.js) evaluates expressions and applies inline styles; decision 0066 has the measurement.
# The policy is loosened there and nowhere else; inline scripts stay forbidden, and no other origin is named.
ADMIN: Directives = PAGES | {
    "script-src": ("'self'", "'unsafe-eval'"),
    "style-src": ("'self'", "'unsafe-inline'"),
}


def policy_header(directives: Directives) -> str:
    """The value of the Content-Security-Policy header for these directives."""
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


class ContentSecurityPolicyMiddleware:
    """Sets the content security policy of each response: strict, except under the admin's address."""

    admin_prefix = "/admin/"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.pages = policy_header(PAGES)
        self.admin = policy_header(ADMIN)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = self.admin if request.path_info.startswith(self.admin_prefix) else self.pages
        response.headers.setdefault("Content-Security-Policy", policy)
        return response


class BoundedPagesMiddleware:
    """Refuses what is sent to a page beyond what it takes, before anything reads it: the forgery check would be the first to.

    Programs' addresses and views that measure for themselves answer in words of their own (compliance.api.guard).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        bound = page_at(request.path_info)
        if bound and not bound.measured:
            try:
                require_length(request, bound.most, bound.refusal)
            except Problem as problem:
                return refused_page(request, problem)
        return self.get_response(request)
