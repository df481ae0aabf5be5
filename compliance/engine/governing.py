"""Which documents govern a use, and why: the stack of papers behind one call."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from compliance.engine.catalogue import ModelIdentity, derived_from, resolve_model
from compliance.engine.constraints import Context, evaluate
from compliance.engine.facts import Use
from compliance.engine.library import Binding, Library, Version, in_force
from compliance.engine.vocabulary import ACCESS_KINDS

_NEEDED: Final = ("provider", "access.kind", "access.served_by", "on")


@dataclass(frozen=True)
class GoverningDocument:
    """One paper that governs a use: its role, why, and the version in force that day (None: we do not hold that text)."""

    document: str
    version: Version | None
    role: str
    why: str

    @property
    def held(self) -> bool:
        """Whether we hold a text of that day."""
        return self.version is not None

    @property
    def caps(self) -> bool:
        """Whether the missing text makes the answer at best "needs facts"."""
        return not self.held and self.role not in ("incorporated", "listed")


def missing_for_governing(use: Use) -> tuple[str, ...]:
    """The facts without which nobody can say which documents govern."""
    if use.value("access.kind") == "weights":
        return tuple(path for path in ("provider", "on") if use.value(path) is None)
    return tuple(path for path in _NEEDED if use.value(path) is None)


def governing_documents(use: Use, library: Library) -> tuple[GoverningDocument, ...]:
    """The papers that govern `use`, each with why; empty when a fact that selects them is unknown.

    In order: principal and channel terms, licences (own, inherited), then what those incorporate. A combination that nobody has
    catalogued yields one paper whose text is not held, never an empty stack.
    """
    on = use.on
    if on is None or missing_for_governing(use):
        return ()
    identity = resolve_model(use.text("model") or "", use.text("provider") or "", library)
    found: dict[str, tuple[str, str]] = {}
    for document, role, why in (*_bound(use, identity, on, library), *_licences(use, identity, library)):
        found.setdefault(document, (role, why))
    wanted = ("licence", "inherited_licence") if use.value("access.kind") == "weights" else ("principal", "channel")
    gaps: dict[str, tuple[str, str]] = {}
    if not any(role in wanted for role, _ in found.values()):
        gaps.update([_gap(use)])
    elif _of_nobody_known(use, identity, library):
        gaps[f"{use.text('provider')}/terms"] = _terms_of_stranger(use)
    found |= gaps
    _incorporate(found, library)
    # A paper that happens to bear a gap's name was written for something else: here nobody knows a text.
    return tuple(
        GoverningDocument(doc, None if doc in gaps else in_force(library, doc, on), role, why)
        for doc, (role, why) in found.items()
    )


def _of_nobody_known(use: Use, identity: ModelIdentity, library: Library) -> bool:
    """Whether a channel serves a model of a developer of whom nobody has catalogued anything: its own terms may bind too."""
    developer = use.text("provider")
    strange = (
        use.value("access.kind") != "weights" and developer != use.text("access.served_by") and not identity.family
    )
    return strange and not any(developer in binding.developers for binding in library.bindings)


def _terms_of_stranger(use: Use) -> tuple[str, str]:
    who, model = use.text("provider"), use.text("model") or "its models"
    return "principal", f"the terms or the licence under which {who} lets “{model}” be used; nobody has catalogued them"


def _bound(use: Use, identity: ModelIdentity, on: date, library: Library) -> Iterator[tuple[str, str, str]]:
    for binding in _candidates(use, identity, library):
        if (binding.since and on < binding.since) or (binding.until and on >= binding.until):
            continue
        if _holds(binding, use, library):
            yield binding.document, binding.role, binding.why


def _candidates(use: Use, identity: ModelIdentity, library: Library) -> tuple[Binding, ...]:
    """The bindings for this developer, kind of access, channel and family on any day."""
    developer, kind = use.text("provider") or "", use.text("access.kind") or ""
    served_by = use.text("access.served_by") or ""
    key = (developer, kind, served_by, identity.family)
    known: tuple[Binding, ...] | None = library.memory.stacks.get(key)
    if known is not None:
        return known
    fitting = tuple(b for b in library.bindings if _fits(b, developer, kind, served_by, identity))
    return library.memory.keep(library.memory.stacks, key, fitting)


def _fits(binding: Binding, developer: str, kind: str, served_by: str, identity: ModelIdentity) -> bool:
    if binding.developers and developer not in binding.developers:
        return False
    if binding.access and kind not in binding.access:
        return False
    if binding.families and not identity.lineage & set(binding.families):
        return False
    direct = "developer" in binding.served_by and served_by == developer
    return not binding.served_by or served_by in binding.served_by or direct


def _holds(binding: Binding, use: Use, library: Library) -> bool:
    if binding.when is None:
        return True
    context = Context(use, lambda model, families: derived_from(model, families, library))
    held = evaluate(binding.when, context).held
    return binding.by_default if held is None else held


def _licences(use: Use, identity: ModelIdentity, library: Library) -> Iterator[tuple[str, str, str]]:
    """Licences of weights: for weights run by oneself, and for open weights that somebody else serves."""
    served_by, weights = use.text("access.served_by"), use.value("access.kind") == "weights"
    if not weights and (served_by == use.text("provider") or not identity.open_weights):
        return
    for licence in identity.licences:
        yield licence, "licence", f"the licence of the weights of {_family_title(identity.family, library)}"
    for licence, family in identity.inherited:
        title, base = _family_title(identity.family, library), _family_title(family, library)
        yield licence, "inherited_licence", f"{title} was built on {base}, whose licence it carries along"
    if weights and not identity.licences:
        document = f"{use.text('provider')}/model-licence"
        yield document, "licence", f"the licence of the weights of “{identity.requested}”, which nobody has catalogued"


def _family_title(family: str, library: Library) -> str:
    known = library.families_by_id.get(family)
    return (known.title or known.id) if known else family


def _gap(use: Use) -> tuple[str, tuple[str, str]]:
    kind, served_by, developer = (
        use.text("access.kind") or "",
        use.text("access.served_by") or "",
        use.text("provider") or "",
    )
    owner = developer if kind == "weights" or not served_by else served_by
    why = f"the terms under which {served_by or developer} gives access to models of {developer} through {ACCESS_KINDS[kind]}; "
    return f"{owner}/terms", ("channel", why + "nobody has catalogued them")


def _incorporate(found: dict[str, tuple[str, str]], library: Library) -> None:
    queue = list(found)
    while queue:
        document = queue.pop(0)
        known = library.documents.get(document)
        for further in known.incorporates if known else ():
            if further not in found:
                kind = library.documents[further].kind if further in library.documents else ""
                role = "usage_policy" if kind == "usage policy" else "incorporated"
                found[further] = (role, f"incorporated by {library.title(document)}")
                queue.append(further)
