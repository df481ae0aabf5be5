"""Fetching: what comes, what is refused, and where it never goes. A real server on the loopback answers."""

import gzip
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from compliance.sources.addresses import ForbiddenAddress, checked_url, is_public
from compliance.sources.fetching import Fetcher, FetchProblem
from compliance.sources.robots import pause, read_robots, refusal
from tests.sources.site import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@pytest.fixture
def fetcher(site: Site) -> Iterator[Fetcher]:
    with Fetcher((site.place,), patience=5.0, largest=100_000) as running:
        yield running


def problem(fetcher: Fetcher, url: str) -> FetchProblem:
    with pytest.raises(FetchProblem) as raised:
        fetcher.get(url)
    return raised.value


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1%eth0", "fd00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:a00:1", "::7f00:1", "2002:7f00:1::", "64:ff9b::7f00:1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:db8::1",
        "no address",
    ],
)  # fmt: skip
def test_addresses_inside_a_network_are_told_from_public_ones(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_are_public_also_when_they_are_wrapped() -> None:
    assert all(map(is_public, ("93.184.216.34", "2606:4700::6810:84e5", "::ffff:93.184.216.34", "64:ff9b::5db8:d822")))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "file:///etc/passwd", "http:///x", "http://user:word@example.org/", "http://example.org:22/",
        "https://example.org:80/", "http://example.org:99999/", "javascript:alert(1)", "http://exa mple.org/", "//example.org/x",
    ],
)  # fmt: skip
def test_only_plain_web_addresses_on_their_usual_ports_are_fetched(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        checked_url(url)


def test_the_loopback_is_refused_unless_the_place_is_allowed_by_name(site: Site) -> None:
    site.page("/terms", "words")
    with Fetcher() as strict:
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "[::1]"):
            assert (
                "inside" in problem(strict, f"http://{host}/terms").reason
                or "port" in problem(strict, site.url()).reason
            )
    assert site.asked == []


def test_a_name_that_resolves_to_an_inner_address_beside_a_public_one_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(2, 1, 6, "", ("93.184.216.34", port)), (2, 1, 6, "", ("10.0.0.7", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with Fetcher() as strict:
        assert "leads to 10.0.0.7" in problem(strict, "http://rebinding.example/").reason


def test_the_connection_goes_to_the_address_that_was_checked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.page("/terms", "words")
    answers = iter([[(2, 1, 6, "", ("127.0.0.1", site.port))], [(2, 1, 6, "", ("10.0.0.7", site.port))]])
    genuine = socket.getaddrinfo
    asked = []

    def resolve(host: str, port: Any, *rest: Any, **named: Any) -> Any:
        if host != "flipping.example":
            return genuine(host, port, *rest, **named)
        asked.append(host)
        return next(answers)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with Fetcher((site.place, f"flipping.example:{site.port}")) as fetcher:
        assert fetcher.get(f"http://flipping.example:{site.port}/terms").content == b"words"
    assert (len(asked), site.asked[0][1]["host"]) == (1, f"flipping.example:{site.port}")


def test_a_redirect_into_the_network_is_refused_and_the_way_is_told(site: Site, fetcher: Fetcher) -> None:
    site.page("/terms", "", 302, Location="/moved")
    site.page("/moved", "", 301, Location="http://10.0.0.1/latest/meta-data")
    refused = problem(fetcher, site.url())
    assert "10.0.0.1" in refused.reason
    assert [(hop.url, hop.status) for hop in refused.way] == [(site.url(), 302), (site.url("/moved"), 301)]


def test_redirects_are_followed_recorded_and_bounded(site: Site, fetcher: Fetcher) -> None:
    site.page("/terms", "", 301, Location="/new#top")
    site.page("/new", "words", ETag='"1"')
    found = fetcher.get(site.url())
    assert (found.content, found.etag, [hop.status for hop in found.way]) == (b"words", '"1"', [301, 200])
    site.page("/terms", "", 301, Location="/terms")
    assert "redirects" in problem(fetcher, site.url()).reason


def test_a_page_that_did_not_change_is_not_sent_again(site: Site, fetcher: Fetcher) -> None:
    site.page("/terms", "words", ETag='"1"', Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT")
    first = fetcher.get(site.url())
    again = fetcher.get(site.url(), etag=first.etag, last_modified=first.last_modified)
    assert (again.unchanged, again.content) == (True, b"")
    assert site.asked[1][1]["if-modified-since"] == "Mon, 01 Jan 2024 00:00:00 GMT"


def test_a_page_larger_than_the_limit_is_given_up_also_when_it_is_packed(site: Site, fetcher: Fetcher) -> None:
    site.page("/terms", b"x" * 200_000)
    site.page("/bomb", gzip.compress(b"x" * 50_000_000), Content_Encoding="gzip")
    site.page("/good", gzip.compress(b"words " * 100), Content_Encoding="gzip")
    site.page("/other", b"x", Content_Encoding="br")
    assert "larger than" in problem(fetcher, site.url()).reason
    assert "larger than" in problem(fetcher, site.url("/bomb")).reason
    assert "packed as" in problem(fetcher, site.url("/other")).reason
    assert fetcher.get(site.url("/good")).content == b"words " * 100


def test_a_server_that_drips_is_not_waited_for(site: Site) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        try:
            while True:
                request.wfile.write(b"H")
                request.connection.settimeout(0.05)
                request.rfile.read(1)
        except OSError:
            request.close_connection = True

    def silent(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(1)

    site.pages |= {"/drip": drip, "/silent": silent}
    with Fetcher((site.place,), patience=0.3) as hasty:
        assert "no answer in time" in problem(hasty, site.url("/silent")).reason
        assert problem(hasty, site.url("/drip")).reason


def test_errors_are_said_with_their_status_and_when_to_come_again(site: Site, fetcher: Fetcher) -> None:
    site.page("/terms", "busy", 429, Retry_After="120")
    refused = problem(fetcher, site.url())
    assert (refused.wait, "429" in refused.reason) == (120, True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Fetcher((f"127.0.0.1:{port}",)) as other:
        assert "connection failed" in problem(other, f"http://127.0.0.1:{port}/").reason


def test_robots_are_heeded_with_wildcards_and_pauses(site: Site, fetcher: Fetcher) -> None:
    assert read_robots(fetcher, site.url()) == ""
    site.page("/robots.txt", "User-agent: *\nDisallow: /*/private\nCrawl-delay: 30\n")
    robots = read_robots(fetcher, site.url())
    assert (refusal(robots, site.url()), pause(robots)) == ("", 30.0)
    assert "asks us not to" in refusal(robots, site.url("/terms/private"))
    site.page("/robots.txt", "down", 503)
    with pytest.raises(FetchProblem, match=r"robots.txt can't be had: the server answers 503"):
        read_robots(fetcher, site.url())
