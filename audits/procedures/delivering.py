"""Telling webhooks what waits in their outbox: each in turn, several at once, none for long.

One request at a time to each receiver, with a deadline over all of it, no redirects, no proxies, and to public addresses
alone, checked as they are connected to (compliance.sources.pinned). Threads only ask; what came of it is written by the caller.
"""

import datetime as dt
import logging
import random
import ssl
import time
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final

import httpx
from django.conf import settings
from django.utils import timezone

from audits.actions.deliveries import Tried, due_of, hold_next, let_go, note_attempt
from audits.actions.webhooks import ALLOWED_BY_NAME
from audits.models import Delivery, Webhook
from audits.procedures.telling import USER_AGENT, body_of, signed, slack_body
from compliance.encryption import Unreadable, decrypted
from compliance.sources.addresses import ForbiddenAddress, checked_url
from compliance.sources.pinned import PinnedBackend, PinnedTransport

LOG = logging.getLogger(__name__)
PATIENCE: Final = 10.0
"""Seconds for one request: connection, TLS, sending and answer."""
READ: Final = 4_096
"""Bytes of an answer that are read; the rest says nothing to us."""
KEPT: Final = 500
"""Characters of it that are kept for the log."""
AT_ONCE: Final = 8
MOST_IN_A_TURN: Final = 20
ROUND: Final = 40.0
"""Seconds after which no turn is begun any more; the next round goes on."""
TURN: Final = 20.0
"""Seconds after which a webhook's turn ends, whatever it has left."""


@dataclass(frozen=True)
class Letter:
    """One delivery, ready to be sent: nothing in it needs the database."""

    url: str
    body: bytes
    key: str
    secrets: tuple[str, ...]
    slack: bool


@dataclass
class Sender:
    """Sends letters. `allowed`: places such as "127.0.0.1:8080" that the installation allows by name."""

    allowed: Collection[str] = ()
    patience: float = PATIENCE
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)

    def send(self, letter: Letter) -> Tried:
        """Ask the receiver once. Never raises for what a receiver or a network does: that is what came of it."""
        at, began = timezone.now(), time.monotonic()
        try:
            checked_url(letter.url, self.allowed)
            status, answer, again = self._post(letter, int(at.timestamp()))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, OSError, ValueError) as problem:
            return Tried(at, _since(began), problem=_said(problem, self.patience))
        refused = "" if 200 <= status < 300 else _refusal(status)
        return Tried(at, _since(began), status, refused, answer, again)

    def _post(self, letter: Letter, at: int) -> tuple[int, str, float]:
        backend = PinnedBackend(frozenset(self.allowed))
        backend.deadline = time.monotonic() + self.patience
        headers = {"User-Agent": USER_AGENT, "Content-Type": "application/json", "Accept-Encoding": "identity"}
        headers |= {} if letter.slack else signed(letter.body, letter.key, at, letter.secrets)
        transport = PinnedTransport(backend, self.context)
        with httpx.Client(
            transport=transport, timeout=self.patience, follow_redirects=False, trust_env=False
        ) as client:
            with client.stream("POST", letter.url, content=letter.body, headers=headers) as response:
                return response.status_code, _beginning(response), _wait_of(response.headers)


def _beginning(response: httpx.Response) -> str:
    read = b""
    for piece in response.iter_raw():
        read += piece[: READ - len(read)]
        if len(read) >= READ:
            break
    text = read.decode("utf-8", "replace")
    return "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )[:KEPT]


def _wait_of(headers: Mapping[str, str]) -> float:
    seconds = headers.get("retry-after", "")
    return float(min(int(seconds), 86_400)) if seconds.isascii() and seconds.isdigit() and len(seconds) < 9 else 0.0


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return f"The receiver answers {status} and sends elsewhere; redirects are not followed. Give the final address."
    return f"The receiver answers {status}."


def _said(problem: Exception, patience: float) -> str:
    if isinstance(problem, httpx.TimeoutException):
        return f"No answer within {patience:g} seconds."
    if isinstance(problem, ForbiddenAddress):
        return f"Not asked: {problem}. {ALLOWED_BY_NAME}"
    words = "".join(letter if letter.isprintable() else " " for letter in str(problem))[:300].strip()
    return f"The connection failed: {words or type(problem).__name__}."


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def letter_of(webhook: Webhook, delivery: Delivery, now: dt.datetime) -> Letter:
    """What is sent for a delivery. Raises Unreadable when the installation's keys don't open what is stored."""
    slack = webhook.form == Webhook.Form.SLACK
    stored = [webhook.secret] if webhook.secret else []
    if webhook.secret_before and webhook.secret_before_until and webhook.secret_before_until > now:
        stored.append(webhook.secret_before)
    body = slack_body(delivery.payload) if slack else body_of(delivery.payload)
    secrets = tuple(decrypted(one) for one in stored)
    return Letter(decrypted(webhook.sealed_url), body, delivery.key, secrets, slack)


def deliver_due(
    *, sender: Sender | None = None, chance: random.Random | None = None, round_seconds: float = ROUND,
    at_once: int = AT_ONCE,
) -> int:  # fmt: skip
    """Give each webhook that has something due its turn, until nothing is due or the round is over.

    Returns how many deliveries were taken.
    """
    round_of = _Round(sender or Sender(tuple(settings.WEBHOOK_ALLOWED)), chance or random.SystemRandom())
    ends = time.monotonic() + round_seconds
    with ThreadPoolExecutor(at_once, thread_name_prefix="webhook") as pool:
        while True:
            while len(round_of.busy) < at_once and time.monotonic() < ends and (hook := hold_next()):
                round_of.begin(pool, hook)
            if not round_of.busy:
                return round_of.told
            round_of.go_on(pool)


def _outcome(future: Future[Tried]) -> Tried:
    """What came of a request; our own fault counts as a failure of that one delivery, and stops no other."""
    try:
        return future.result()
    except Exception as fault:
        LOG.exception("a webhook could not be told")
        return Tried(timezone.now(), 0, problem=f"Clausetrail itself failed ({type(fault).__name__}).")


@dataclass
class _Turn:
    hook: Webhook
    waiting: list[Delivery]
    ends: float
    present: Delivery


@dataclass
class _Round:
    sender: Sender
    chance: random.Random
    told: int = 0
    busy: dict[Future[Tried], _Turn] = field(default_factory=dict)

    def begin(self, pool: ThreadPoolExecutor, hook: Webhook) -> None:
        waiting = list(due_of(hook, MOST_IN_A_TURN))
        if waiting:
            first, *rest = waiting
            self._ask(pool, _Turn(hook, rest, time.monotonic() + TURN, first))
        else:
            let_go(hook)

    def go_on(self, pool: ThreadPoolExecutor) -> None:
        """Write down what came of the requests that are over; whoever was told and has more left is asked again."""
        done, _ = wait(self.busy, return_when=FIRST_COMPLETED)
        for future in done:
            turn = self.busy.pop(future)
            tried = _outcome(future)
            note_attempt(turn.present, tried, self.chance)
            self.told += tried.delivered
            if tried.delivered and turn.waiting and time.monotonic() < turn.ends:
                turn.present = turn.waiting.pop(0)
                self._ask(pool, turn)
            else:
                let_go(turn.hook)

    def _ask(self, pool: ThreadPoolExecutor, turn: _Turn) -> None:
        try:
            letter = letter_of(turn.hook, turn.present, timezone.now())
        except Unreadable as problem:
            note_attempt(turn.present, Tried(timezone.now(), 0, problem=str(problem)), self.chance)
            let_go(turn.hook)
            return
        self.busy[pool.submit(self.sender.send, letter)] = turn
