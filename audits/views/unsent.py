"""What was typed on a finding and could not be taken: kept for the page that its writer is led back to, and given once."""

from collections.abc import Mapping
from typing import Final

from compliance.views.requests import PersonRequest

_KEY: Final = "unsent"
_NEVER: Final = frozenset({"csrfmiddlewaretoken"})


def keep_unsent(request: PersonRequest, form: str, finding: int) -> None:
    """Keep the fields of a form that was refused; a later one takes its place. Files have to be chosen anew."""
    typed = {name: value for name, value in request.POST.items() if name not in _NEVER}
    request.session[_KEY] = {"form": form, "finding": finding, "typed": typed}


def unsent(request: PersonRequest, finding: int) -> Mapping[str, Mapping[str, str]]:
    """What was kept for this finding, by the name of its form."""
    if request.session.get(_KEY, {}).get("finding") != finding:
        return {}
    kept = request.session.pop(_KEY)
    return {kept["form"]: kept["typed"]}
