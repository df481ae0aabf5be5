"""How often one token, person or address may ask: counted by the minute, where every web process sees it."""

import time

from django.core.cache import cache
from django.http import HttpRequest

from compliance.problems import Problem

MINUTE = 60
ASKED_PER_MINUTE = 600
REFUSED_PER_MINUTE = 20


def count(what: str, who: str, most: int) -> None:
    """Count one request; raises Problem (429, with the seconds to wait) beyond `most` in the minute that runs."""
    now = int(time.time())
    name = f"rate:{what}:{who}:{now // MINUTE}"
    cache.add(name, 0, timeout=2 * MINUTE)
    try:
        made = cache.incr(name)
    except ValueError:  # it was forgotten between the two
        return
    if made > most:
        wait = MINUTE - now % MINUTE
        detail = f"At most {most} requests a minute. Ask again in {wait} seconds."
        raise Problem(429, detail, headers={"Retry-After": str(wait)})


def count_refused_token(request: HttpRequest) -> None:
    """Count a token that was refused, by the address it came from. A valid token is never held up by others' failures."""
    count("refused-token", request.META.get("REMOTE_ADDR") or "local", REFUSED_PER_MINUTE)
