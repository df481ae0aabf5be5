"""What a host's robots.txt says to us, read as RFC 9309 has it, with protego."""

from typing import Final

from protego import Protego

from compliance.sources.addresses import origin_of
from compliance.sources.fetching import AGENT, Fetcher, FetchProblem

LARGEST: Final = 500 * 1024
"""Bytes of a robots.txt that are heeded; the standard asks for as much."""
SHORTEST_PAUSE: Final = 10.0
LONGEST_PAUSE: Final = 120.0


def read_robots(fetcher: Fetcher, url: str) -> str:
    """The robots.txt of the host of `url`; "" when it has none (4xx), and all is allowed.

    Raises FetchProblem when it can't be had: then nothing may be fetched from the host either.
    """
    try:
        answer = fetcher.get(f"{origin_of(url)}/robots.txt")
    except FetchProblem as problem:
        gone = problem.way and 400 <= problem.way[-1].status < 500 and problem.way[-1].status != 429
        if gone:
            return ""
        raise FetchProblem(f"its robots.txt can't be had: {problem}", problem.way, problem.wait) from problem
    return answer.content[:LARGEST].decode("utf-8", "replace").replace("\x00", "")


def refusal(robots: str, url: str) -> str:
    """Why the host does not want us to fetch `url`; "" when it may be."""
    return "" if _rules(robots).can_fetch(url, AGENT) else "its robots.txt asks us not to fetch this page"


def pause(robots: str) -> float:
    """Seconds to leave between two requests to the host."""
    asked = _rules(robots).crawl_delay(AGENT) or 0
    return min(max(float(asked), SHORTEST_PAUSE), LONGEST_PAUSE)


def _rules(robots: str) -> Protego:
    return Protego.parse(robots)
