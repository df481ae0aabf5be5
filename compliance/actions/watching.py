"""Watching sources: fetch a page when its day has come, keep its bytes, and record a version only when its words changed.

A failed attempt is a state of the watch, beside the last success; it never touches a version. No transaction is open
while the network is waited for: a source is claimed by a guarded update first, and what came is written at the end.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from compliance.actions.arrivals import hold_back, take
from compliance.actions.dates import TermsProblem, hold
from compliance.actions.texts import Keep, Text, keep_snapshot, mark_of, marked, tell
from compliance.actions.trail import record
from compliance.models import Arrival, Snapshot, SourceDocument, TermsDocument, User, Watch, WatchedHost
from compliance.queries.histories import history_of
from compliance.sources.addresses import ForbiddenAddress, checked_url, origin_of
from compliance.sources.captures import text_digests
from compliance.sources.dates import propose_dates
from compliance.sources.extraction import READER, is_text, kind_of, page_text
from compliance.sources.fetching import Fetched, Fetcher, FetchProblem
from compliance.sources.history import ALERTS, Judgement, Told
from compliance.sources.kept import KeptProblem, kept_bytes
from compliance.sources.robots import pause, read_robots, refusal

EVERY: Final = dt.timedelta(hours=24)
FIRST_RETRY: Final = dt.timedelta(hours=1)
LEASE: Final = dt.timedelta(minutes=10)
"""So long a claimed source is left alone: a worker that dies gives it back after that."""
ROBOTS_LAST: Final = dt.timedelta(hours=24)
State = Watch.State


@dataclass(frozen=True)
class Place:
    """Where bytes are kept (EVIDENCE_URL) and how; places inside the network that are allowed by name."""

    evidence_url: str
    keep: Keep
    allowed: tuple[str, ...] = ()


def watch(*, acting_user: User | None, source: SourceDocument, allowed: tuple[str, ...] = ()) -> Watch:
    """Begin to watch a source; it is due at once. Raises TermsProblem when its address can't be watched."""
    try:
        checked_url(source.url, allowed)
    except ForbiddenAddress as problem:
        raise TermsProblem(str(problem)) from problem
    with transaction.atomic():
        if not source.watched:
            SourceDocument.objects.filter(pk=source.pk).update(watched=True)
            source.watched = True
            record(acting_user=acting_user, action="terms.watch_begun", subject=source)
        return Watch.objects.get_or_create(source=source, defaults={"due_at": timezone.now()})[0]


@transaction.atomic
def stop_watching(*, acting_user: User | None, source: SourceDocument) -> None:
    """Ask a source no more. What it gave stays."""
    if SourceDocument.objects.filter(pk=source.pk, watched=True).update(watched=False):
        record(acting_user=acting_user, action="terms.watch_ended", subject=source)


@transaction.atomic
def ask_now(*, acting_user: User, source: SourceDocument) -> Watch:
    """Make a watched source due. Whoever calls this sends the task that fetches it."""
    found, _ = Watch.objects.get_or_create(source=source, defaults={"due_at": timezone.now()})
    Watch.objects.filter(pk=found.pk).update(due_at=timezone.now())
    record(acting_user=acting_user, action="terms.fetch_asked", subject=source)
    return found


def due_watches(now: dt.datetime) -> list[int]:
    """Watches to be asked now, one for each host: the longest due first. New watched sources get theirs here."""
    unwatched = SourceDocument.objects.filter(watched=True, watch=None)
    Watch.objects.bulk_create([Watch(source=one, due_at=now) for one in unwatched], ignore_conflicts=True)
    due = Watch.objects.filter(source__watched=True, due_at__lte=now).select_related("source").order_by("due_at")
    first: dict[str, int] = {}
    for one in due:
        first.setdefault(_origin(one.source.url), one.pk)
    return list(first.values())


def _origin(url: str) -> str:
    try:
        return origin_of(url)
    except ValueError:
        return url


def fetch_watch(watch_id: int, *, place: Place, now: dt.datetime) -> Watch | None:
    """Fetch one watched source if it is due and its host may be asked; None when somebody else does, or later.

    `now` stands in what is written: when it was asked, and captured.
    """
    claimed = Watch.objects.filter(pk=watch_id, source__watched=True, due_at__lte=now).update(due_at=now + LEASE)
    if not claimed:
        return None
    found = Watch.objects.select_related("source__document").get(pk=watch_id)
    with Fetcher(place.allowed) as fetcher:
        found.asked_at = now
        try:
            host, free_at = _host(fetcher, found, now)
            if free_at is not None:
                Watch.objects.filter(pk=watch_id).update(due_at=free_at)
                return None
            answer = _get(fetcher, found, host)
        except FetchProblem as problem:
            return _failed(found, problem, now)
    return _came(found, answer, place, now)


def _host(fetcher: Fetcher, found: Watch, now: dt.datetime) -> tuple[WatchedHost | None, dt.datetime | None]:
    """The source's host, claimed for one request, its robots.txt read; or when it may be asked."""
    try:
        origin = origin_of(checked_url(found.source.url, fetcher.allowed))
    except ForbiddenAddress:
        return None, None  # fetching it says why not
    host, _ = WatchedHost.objects.get_or_create(origin=origin[:300], defaults={"free_at": now})
    rest = dt.timedelta(seconds=pause(host.robots))
    if not WatchedHost.objects.filter(pk=host.pk, free_at__lte=now).update(free_at=now + rest):
        return host, WatchedHost.objects.get(pk=host.pk).free_at
    if host.robots_read_at is None or now - host.robots_read_at >= ROBOTS_LAST:
        host.robots, host.robots_read_at = read_robots(fetcher, found.source.url), now
        host.save(update_fields=["robots", "robots_read_at"])
    return host, None


def _get(fetcher: Fetcher, found: Watch, host: WatchedHost | None) -> Fetched:
    """The page. A redirect to another host asks that one's robots.txt."""
    others: dict[str, str] = {host.origin: host.robots} if host else {}

    def permit(url: str) -> str:
        origin = origin_of(url)
        if origin not in others:
            with Fetcher(fetcher.allowed, patience=fetcher.patience / 4) as other:
                others[origin] = read_robots(other, url)
        return refusal(others[origin], url)

    known = ("", "") if found.doubted else (found.etag, found.last_modified)  # a doubtful page is looked at each time
    return fetcher.get(found.source.url, etag=known[0], last_modified=known[1], permit=permit)


def _failed(found: Watch, problem: FetchProblem, now: dt.datetime) -> Watch:
    """Put down that the source can't be had. It is asked again after an hour, two, four, at most a day."""
    found.state, found.failures, found.problem = State.FAILED, found.failures + 1, str(problem)[:600]
    found.way = [[hop.url[:500], hop.status] for hop in problem.way]
    found.status = problem.way[-1].status if problem.way else None
    later = min(FIRST_RETRY * 2 ** min(found.failures - 1, 8), EVERY)
    found.due_at = now + max(later, dt.timedelta(seconds=problem.wait))
    found.save()
    return found


def _came(found: Watch, answer: Fetched, place: Place, now: dt.datetime) -> Watch:
    """Put down what came: nothing new, or bytes that are kept and read."""
    content = answer.content
    if answer.unchanged:
        return _done(found, answer, found.state if found.state == State.HELD else State.UNCHANGED, now)
    kind = kind_of(content, answer.media_type)
    snapshot = keep_snapshot(found.source, content, keep=place.keep, at=now, media_type=kind)
    same = snapshot.sha256 == found.sha256 and found.state != State.FAILED and not found.doubted
    if same:
        return _done(found, answer, State.UNCHANGED, now)
    try:
        text = page_text(content, answer.media_type if kind in answer.media_type else kind)
        reread = _read_anew(found, snapshot, place)
    except ValueError as problem:
        return _failed(found, FetchProblem(f"what came can't be read: {problem}", answer.way), now)
    with transaction.atomic():
        state = _judge(found, snapshot, text, reread, now)
        found.sha256 = snapshot.sha256
        return _done(found, answer, state, now)


def _read_anew(found: Watch, snapshot: Snapshot, place: Place) -> str:
    """The bytes fetched last, as they are read now; "" when reading has not changed since, or they are these."""
    memory = found.memory
    if not memory or memory.get("reader") == READER or found.sha256 in ("", snapshot.sha256):
        return ""
    last = found.source.snapshots.filter(sha256=found.sha256).first()
    try:
        return page_text(kept_bytes(place.evidence_url, last.sha256), last.media_type) if last else ""
    except (KeptProblem, ValueError):
        return ""


def _done(found: Watch, answer: Fetched, state: str, now: dt.datetime) -> Watch:
    found.state, found.failures, found.problem = state, 0, found.problem if state == State.HELD else ""
    found.way, found.status = [[hop.url[:500], hop.status] for hop in answer.way], answer.status
    found.succeeded_at, found.due_at = now, now + EVERY
    found.etag = answer.etag or (found.etag if answer.unchanged else "")
    found.last_modified = answer.last_modified or (found.last_modified if answer.unchanged else "")
    found.save()
    return found


def _judge(found: Watch, snapshot: Snapshot, text: str, reread: str, now: dt.datetime) -> str:
    """What the page says beside all it said before; a new text joins the catalogue. Returns the watch's state."""
    document = hold(found.source.document_id)
    history = history_of(document)
    history.recall(found.memory)
    if reread:
        history.reread(reread, found.succeeded_at or now)
    mark = mark_of(text)
    stood = _stood(found, document, mark, now)
    told = history.judge(text, now, stood=stood)
    found.memory = {**history.remember(), "reader": READER}
    if told.judgement is Judgement.SUSPECT:
        return _doubted(found, document, snapshot, text, told, now)
    found.doubted, found.doubted_since, found.problem = "", None, ""
    return _believed(found, document, snapshot, text, told, now)


def _stood(found: Watch, document: TermsDocument, mark: str, now: dt.datetime) -> dt.timedelta | None:
    """How long a doubtful page has been shown without a break; None for another page, or one that a person discarded."""
    if found.doubted != mark or found.doubted_since is None:
        return None
    discarded = document.arrivals.filter(mark=mark, state=Arrival.State.DISCARDED).exists()
    return None if discarded else now - found.doubted_since


def _doubted(found: Watch, document: TermsDocument, snapshot: Snapshot, text: str, told: Told, now: dt.datetime) -> str:
    mark = marked(told.digest)
    if found.doubted != mark:
        found.doubted, found.doubted_since = mark, now
    found.problem = told.reason[:600]
    hold_back(
        document,
        origin=Arrival.Origin.WATCH,
        snapshot=lambda: snapshot,
        sha256s=(snapshot.sha256,),
        text=text,
        doubt=told.reason,
        at=now,
        name=found.source.url,
    )
    return State.HELD


def _believed(
    found: Watch, document: TermsDocument, snapshot: Snapshot, text: str, told: Told, now: dt.datetime
) -> str:
    version = None
    if told.is_new_text:
        own = (snapshot.sha256,) if is_text(snapshot.media_type) else ()
        digests = tuple(dict.fromkeys((*own, *text_digests(text.encode()))))
        dates = propose_dates(text, now.date())
        version, _ = take(document, Text(text, digests, now.date(), dates, found.source.url, lambda: snapshot), None)
    if told.judgement in ALERTS:
        tell(document, told, now, version)
    return State.CHANGED if told.is_new_text or told.judgement in ALERTS else State.UNCHANGED
