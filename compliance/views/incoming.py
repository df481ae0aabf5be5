"""Terms coming in: what changed, what was held back, which dates are proposed, and a person's word on them."""

from dataclasses import replace
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from compliance.access import may_receive_texts, require
from compliance.actions.arrivals import accept, discard
from compliance.actions.dates import TermsProblem, fix_dates
from compliance.actions.texts import Taken
from compliance.models import Arrival, Version
from compliance.queries import incoming
from compliance.sources.kept import KeptProblem, kept_bytes
from compliance.views.incoming_forms import ACCEPT, DatesForm, DecisionForm
from compliance.views.lists import Column, Listing, field, wants_csv
from compliance.views.requests import PersonRequest

ON_A_PAGE = 25
CHANGES: Final = Listing(
    "changes-of-terms",
    (
        field("provider", of="document.provider.name"), field("document", of="document.title"),
        field("version", of="version.label"), field("judgement"), field("seen", of="captured_at"), field("reason"),
        field("new_sentences", of="added"), field("gone_sentences", of="gone"),
    ),
    words=("document__title", "document__provider__name", "reason"),
    per_page=ON_A_PAGE,
)  # fmt: skip
HELD: Final = Listing(
    "texts-held-back",
    (
        field("provider", of="document.provider.name"), field("text", "document__title", of="document.title"), field("state"),
        field("doubt"), field("from", "origin", of="origin"), field("seen", "captured_at", of="captured_at"),
        field("brought_by"), field("decided_by"), field("decided_at"), field("reason"),
    ),
    words=("document__title", "document__provider__name", "doubt"),
    per_page=ON_A_PAGE,
)  # fmt: skip
DATES: Final = Listing(
    "proposed-dates",
    (
        field("provider", of="version.document.provider.name"), field("document", of="version.document.title"),
        field("version", of="version.label"), field("since"), field("last_day"), Column("rests_on", lambda one: one.basis),
        field("words"), field("contradiction"), field("captured", of="captured_on"), field("announced"),
    ),
    words=("document__title", "document__provider__name"),
    per_page=ON_A_PAGE,
)  # fmt: skip
_REFUSAL = "Texts that come in, and their dates, are decided by legal or by an administrator."
_ENDINGS = {"text/markdown": "md", "text/html": "html", "application/pdf": "pdf", "text/plain": "txt"}


@require_safe
def changes(request: PersonRequest) -> HttpResponseBase:
    """What changed lately: each new wording and each old text that came back, once."""
    provider = request.GET.get("provider", "")
    found = incoming.changes(provider)
    if wants_csv(request):
        return CHANGES.as_csv(request, found)
    context = CHANGES.shown(request, found) | {
        "providers": incoming.providers_with_changes(),
        "chosen": provider,
        "counts": incoming.waiting_counts(),
    }
    return render(request, "terms/incoming.html", context)


@require_safe
def held(request: PersonRequest) -> HttpResponseBase:
    """Texts that wait for a person: doubtful ones with the reason, and uploads that nobody has confirmed."""
    require(may_receive_texts(request.user), _REFUSAL)
    waiting = request.GET.get("show") != "decided"
    found = incoming.arrivals(waiting)
    if wants_csv(request):
        return HELD.as_csv(request, found)
    context = {"waiting": waiting, "counts": incoming.waiting_counts()}
    return render(request, "terms/incoming_held.html", HELD.shown(request, found) | context)


@require_http_methods(["GET", "POST"])
def arrival(request: PersonRequest, pk: int) -> HttpResponse:
    """One text that waits: what was read, what it is beside the text before, its dates; and the person's word."""
    require(may_receive_texts(request.user), _REFUSAL)
    found = get_object_or_404(incoming.arrivals() | incoming.arrivals(waiting=False), pk=pk)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            said = _decide(request, found, form.cleaned_data["decision"], form.cleaned_data["reason"])
        except TermsProblem as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, said)
            return redirect("terms-arrival", pk=found.pk)
    known = found.document.versions.filter(definition__canonical=found.mark).defer("text").first()
    before = found.document.versions.exclude(text="").defer("text").order_by("-in_force", "-label").first()
    context = {"arrival": found, "form": form, "known": known, "before": before, "counts": incoming.waiting_counts()}
    return render(request, "terms/incoming_text.html", context, status=422 if form.errors else 200)


def _decide(request: PersonRequest, found: Arrival, decision: str, reason: str) -> str:
    if decision != ACCEPT:
        discard(acting_user=request.user, arrival=found, reason=reason)
        return "Discarded. The text is kept, with your reason."
    version, taken = accept(acting_user=request.user, arrival=found, reason=reason)
    if taken is Taken.FILLED:
        return f"Its text stands in the version of {version.label} now, which the rulebook cites."
    if taken is Taken.KNOWN:
        return f"The version of {version.label} has this text already; nothing else was written."
    if version.in_force.isempty:
        return f"It is the version of {version.label} now. It is in force once somebody has set its dates."
    return f"It is the version of {version.label} now, in force as proposed."


@require_safe
def arrival_bytes(request: PersonRequest, pk: int) -> HttpResponse:
    """The bytes as they came, as a file to keep: never shown by the browser, whatever they pretend to be."""
    require(may_receive_texts(request.user), _REFUSAL)
    found = get_object_or_404(incoming.arrivals() | incoming.arrivals(waiting=False), pk=pk)
    try:
        content = kept_bytes(settings.EVIDENCE_URL, found.snapshot.sha256)
    except KeptProblem as problem:
        context = {"arrival": found, "problem": problem}
        return render(request, "terms/incoming_missing.html", context, status=500)
    ending = _ENDINGS.get(found.snapshot.media_type.partition(";")[0].strip(), "bin")
    name = f"text-{found.pk}-{found.captured_at:%Y-%m-%d}.{ending}"
    return HttpResponse(
        content,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_safe
def dates(request: PersonRequest) -> HttpResponseBase:
    """Versions whose dates were read from their texts, and wait for a person or hold until one says otherwise."""
    require(may_receive_texts(request.user), _REFUSAL)
    waiting = request.GET.get("show") != "holding"
    found, today = incoming.proposals(waiting), timezone.localdate()
    if wants_csv(request):
        said = [incoming.proposal(version, today) for version in DATES.chosen(request, found)]
        return replace(DATES, words=()).as_csv(request, said)
    shown = DATES.shown(request, found)
    rows = [incoming.proposal(version, today) for version in shown["page"]]
    context = {"rows": rows, "waiting": waiting, "counts": incoming.waiting_counts()}
    return render(request, "terms/incoming_dates.html", shown | context)


@require_http_methods(["GET", "POST"])
def set_dates(request: PersonRequest, pk: int) -> HttpResponse:
    """Confirm a version's proposed dates, or set others."""
    require(may_receive_texts(request.user), _REFUSAL)
    version = get_object_or_404(Version.objects.select_related("document__provider").defer("text"), pk=pk)
    proposed = incoming.proposal(version, timezone.localdate())
    form = DatesForm(request.POST or None, initial=_said(proposed))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            fix_dates(
                acting_user=request.user, version=version, since=said["since"], until=form.until, reason=said["reason"]
            )
        except TermsProblem as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(
                request, f"The version of {version.label} is in force from {said['since']} on, as you said."
            )
            return redirect("terms-dates")
    context = {
        "version": version,
        "proposal": proposed,
        "form": form,
        "others": incoming.neighbours(version),
        "silent": incoming.silent_from(version),
        "counts": incoming.waiting_counts(),
    }
    return render(request, "terms/incoming_dates_set.html", context, status=422 if form.errors else 200)


def _said(proposed: incoming.Proposal) -> dict[str, object]:
    reason = f"as the text says: “{proposed.words}”" if proposed.words else f"as proposed: {proposed.basis}"
    return {
        "since": proposed.since,
        "last_day": proposed.last_day,
        "reason": "" if proposed.contradiction else reason[:500],
    }
