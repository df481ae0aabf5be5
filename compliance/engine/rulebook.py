"""The rulebook's TOML files: read strictly, checked as a whole, with errors that name file, table and key."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, TypeVar

from compliance.engine.constraints import ConstraintError, parse_constraint
from compliance.engine.library import (
    ROLES,
    Agreement,
    Binding,
    Document,
    HostEntry,
    Library,
    ModelFamily,
    Provider,
    Version,
)
from compliance.engine.reasons import Reason
from compliance.engine.rules import Rule, RuleError, rule_from_dict
from compliance.engine.vocabulary import ACCESS_KINDS, ACTIVITIES

DOCUMENT_KINDS: Final = ("terms", "usage policy", "licence", "service terms", "notice")
T = TypeVar("T")


class RulebookError(ValueError):
    """A rulebook that can't be read or contradicts itself; the message names file, table and key."""


@dataclass(frozen=True)
class Rulebook:
    """What one file says; files are joined, and checked against each other, by `join`."""

    filename: str
    providers: tuple[Provider, ...] = ()
    documents: tuple[Document, ...] = ()
    bindings: tuple[Binding, ...] = ()
    rules: tuple[Rule, ...] = ()
    families: tuple[ModelFamily, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    reasons: tuple[Reason, ...] = ()


def load_directory(path: Path) -> Library:
    """The library that a folder's TOML files describe together. Raises RulebookError; OSError when it can't be read."""
    return join(read_directory(path))


def load_reasons(path: Path) -> tuple[Reason, ...]:
    """What a folder's TOML files leave without a rule, a text or a version, and why. Raises as `load_directory` does."""
    return tuple(reason for book in read_directory(path) for reason in book.reasons)


def read_directory(path: Path) -> tuple[Rulebook, ...]:
    """Each TOML file of a folder by itself, in the order of their names. Raises RulebookError, OSError."""
    files = sorted(Path(path).glob("*.toml"))
    if not files:
        raise RulebookError(f"{path}: holds no .toml file")
    return tuple(parse_rulebook(read_file(file), file.name) for file in files)


def read_file(path: Path) -> str:
    """The text of one file. Raises RulebookError where it is not UTF-8, OSError when it can't be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RulebookError(f"{path.name}: not UTF-8 at byte {error.start}") from error


def parse_rulebook(text: str, filename: str) -> Rulebook:
    """Read one file. Raises RulebookError with the line (malformed TOML) or the table and key (everything else)."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError(f"{filename}: not TOML: {error}") from error
    except (RecursionError, ValueError) as error:  # brackets by the thousand; numbers and days that no calendar has
        raise RulebookError(f"{filename}: not readable as TOML: {str(error) or 'nested too deeply'}") from error
    for key in data:
        if key not in _TABLES:
            raise RulebookError(f"{filename}: unknown table {key!r}; known: {', '.join(_TABLES)}")
    parts = {name: _tables(data, table, read, filename) for table, (name, read) in _TABLES.items()}
    return Rulebook(filename, **parts)


def _tables(
    data: Mapping[str, Any], table: str, read: Callable[[Mapping[str, Any], str], T], filename: str
) -> tuple[T, ...]:
    rows = data.get(table, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RulebookError(f"{filename}: {table} must be a list of tables, [[{table}]]")
    found = []
    for index, row in enumerate(rows, start=1):
        where = f"{filename}: [[{table}]] {index}"
        try:
            found.append(read(row, where))
        except (RuleError, ConstraintError) as error:
            raise RulebookError(str(error)) from error
    return tuple(found)


class _Row:
    """One table while it is read: every key is taken once, with its type checked; what is left over is unknown."""

    def __init__(self, row: Mapping[str, Any], where: str, name_key: str) -> None:
        self.row, self.taken = row, set[str]()
        self.where = f"{where} ({row[name_key]})" if isinstance(row.get(name_key), str) else where

    def fail(self, key: str, what: str) -> RulebookError:
        return RulebookError(f"{self.where}.{key}: {what}")

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        self.taken.add(key)
        value = self.row.get(key, default)
        if not isinstance(value, kind) or (isinstance(value, datetime)):
            expected = {str: "text", bool: "true or false", list: "a list", date: "a day such as 2025-06-30"}[kind]
            raise self.fail(key, f"expected {expected}" + ("" if key in self.row else ", but it is missing"))
        return value

    def day(self, key: str) -> date | None:
        self.taken.add(key)
        return None if key not in self.row else self.take(key, date)

    def words(self, key: str, allowed: Iterable[str] | None = None) -> tuple[str, ...]:
        values = self.take(key, list, [])
        known = None if allowed is None else tuple(allowed)
        for value in values:
            if not isinstance(value, str):
                raise self.fail(key, f"expected a list of text, found {value!r}")
            if known is not None and value not in known:
                raise self.fail(key, f"{value!r} is none of {', '.join(known)}")
        return tuple(values)

    def choice(self, key: str, allowed: Iterable[str]) -> str:
        value, known = self.take(key, str), tuple(allowed)
        if value not in known:
            raise self.fail(key, f"{value!r} is none of {', '.join(known)}")
        return value

    def done(self, result: T) -> T:
        left = [key for key in self.row if key not in self.taken]
        if left:
            raise self.fail(left[0], f"unknown key; known: {', '.join(sorted(self.taken))}")
        return result


def _provider(raw: Mapping[str, Any], where: str) -> Provider:
    row = _Row(raw, where, "slug")
    slug = row.take("slug", str)
    develops = row.take("develops", bool, True)
    serves = row.take("serves", bool, True)
    developer = row.take("hosts_models_of", str, slug if develops else "")
    hosts = tuple(HostEntry(pattern.casefold(), slug, developer) for pattern in row.words("hosts"))
    secrets = tuple(name.upper() for name in row.words("secrets"))
    website, note = row.take("website", str, ""), row.take("note", str, "")
    return row.done(Provider(slug, row.take("name", str), website, hosts, secrets, develops, serves, note))


def _document(raw: Mapping[str, Any], where: str) -> Document:
    row = _Row(raw, where, "id")
    identifier = row.take("id", str)
    if identifier.count("/") != 1:
        raise row.fail("id", "expected provider/document")
    document = Document(
        identifier,
        row.take("title", str),
        row.choice("kind", DOCUMENT_KINDS),
        (),
        row.words("incorporates"),
        row.take("note", str, ""),
        row.take("extract_of", str, ""),
        row.take("audience", str, ""),
        row.take("region", str, ""),
    )
    versions = _versions(identifier, row.take("versions", list, []), row)
    return row.done(replace(document, versions=versions))


def _versions(document: str, raw: list[Any], row: _Row) -> tuple[Version, ...]:
    found: list[Version] = []
    for index, item in enumerate(raw):
        if not isinstance(item, dict):
            raise row.fail(f"versions[{index}]", "expected a table")
        found.append(_version(document, item, f"{row.where}.versions[{index}]"))
    labels = [version.label for version in found]
    if len(set(labels)) != len(labels):
        raise row.fail("versions", "a version label stands twice")
    return _ranges(found, row)


def _version(document: str, raw: Mapping[str, Any], where: str) -> Version:
    row = _Row(raw, where, "label")
    withdrawn = row.take("never_in_force", bool, False)
    since, until = row.day("since"), row.day("until")
    if (since is None) is not withdrawn:
        raise row.fail("since", "say from which day it is in force, or never_in_force = true")
    if since and until and until <= since:
        raise row.fail("until", f"{until} does not lie after since, {since}")
    digest = row.take("sha256", str, "")
    return row.done(Version(document, row.take("label", str), since, until, row.take("basis", str, ""), digest))


def _ranges(versions: list[Version], row: _Row) -> tuple[Version, ...]:
    """Each range closed by the next one's beginning; two ranges that overlap contradict each other."""
    dated = sorted((version for version in versions if version.since), key=lambda version: version.since or date.min)
    closed: dict[str, Version] = {}
    for version, following in zip_longest(dated, dated[1:]):
        if following and version.until and following.since and version.until > following.since:
            raise row.fail("versions", f"{version.label} and {following.label} overlap")
        if following and version.since == following.since:
            raise row.fail("versions", f"{version.label} and {following.label} begin on the same day")
        closed[version.label] = replace(version, until=version.until or (following.since if following else None))
    return tuple(closed.get(version.label, version) for version in versions)


def _binding(raw: Mapping[str, Any], where: str) -> Binding:
    row = _Row(raw, where, "document")
    row.taken.add("when")
    since, until = row.day("since"), row.day("until")
    if since and until and until <= since:
        raise row.fail("until", f"{until} does not lie after since, {since}")
    when = parse_constraint(raw["when"], f"{row.where}.when") if "when" in raw else None
    binding = Binding(
        row.take("document", str),
        row.choice("role", ROLES),
        row.take("why", str),
        row.words("developers"),
        row.words("access", ACCESS_KINDS),
        row.words("served_by"),
        row.words("families"),
        since,
        until,
        when,
        row.take("by_default", bool, False),
    )
    return row.done(binding)


def _family(raw: Mapping[str, Any], where: str) -> ModelFamily:
    row = _Row(raw, where, "id")
    patterns = row.words("match")
    if any(pattern != pattern.casefold() for pattern in patterns):
        raise row.fail("match", "patterns are written in lower case")
    identifier, developer = row.take("id", str), row.take("developer", str)
    title, base = row.take("title", str, ""), row.take("base", str, "")
    licences = row.words("licences")
    weights = row.take("open_weights", bool, bool(licences))
    return row.done(ModelFamily(identifier, developer, patterns, title, row.words("within"), licences, base, weights))


def _agreement(raw: Mapping[str, Any], where: str) -> Agreement:
    row = _Row(raw, where, "reference")
    row.taken.add("scope")
    since, until = row.day("since"), row.day("until")
    if since and until and until < since:
        raise row.fail("until", f"{until} lies before since, {since}")
    scope = parse_constraint(raw["scope"], f"{row.where}.scope") if "scope" in raw else None
    reference, provider = row.take("reference", str), row.take("provider", str)
    grants = row.words("grants", ACTIVITIES)
    return row.done(
        Agreement(reference, provider, grants, row.words("documents"), row.words("rules"), since, until, scope)
    )


def _reason(raw: Mapping[str, Any], where: str) -> Reason:
    row = _Row(raw, where, "document")
    since, until = row.day("since"), row.day("until")
    reason = Reason(
        row.take("document", str), row.take("reason", str), row.words("clauses"), row.words("unheld"), since, until
    )
    if not (reason.clauses or reason.unheld or (since and until and since < until)):
        raise row.fail("reason", "say for which clauses, which unheld versions, or from since until which day")
    return row.done(reason)


_TABLES: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any], str], Any]]]] = {
    "provider": ("providers", _provider),
    "document": ("documents", _document),
    "governs": ("bindings", _binding),
    "rule": ("rules", rule_from_dict),
    "family": ("families", _family),
    "agreement": ("agreements", _agreement),
    "reason": ("reasons", _reason),
}


def join(books: Iterable[Rulebook]) -> Library:
    """One library from several files. Raises RulebookError for what is said twice, or refers to what nobody defines."""
    files = tuple(books)
    providers = _index(files, "providers", lambda provider: provider.slug)
    documents = _index(files, "documents", lambda document: document.id)
    families = _index(files, "families", lambda family: family.id)
    _index(files, "rules", lambda rule: rule.id)
    for book in files:
        _check_references(book, documents, families)
        _check_citations(book, documents)
        _check_families(book, families)
    _check_circles(documents)
    return Library(
        providers,
        documents,
        tuple(binding for book in files for binding in book.bindings),
        tuple(rule for book in files for rule in book.rules),
        tuple(families.values()),
        tuple(agreement for book in files for agreement in book.agreements),
    )


def _index(files: tuple[Rulebook, ...], part: str, key: Callable[[Any], str]) -> dict[str, Any]:
    found: dict[str, tuple[str, Any]] = {}
    for book in files:
        for item in getattr(book, part):
            name = key(item)
            if name in found:
                raise RulebookError(f"{book.filename}: {name} is already defined in {found[name][0]}")
            found[name] = (book.filename, item)
    return {name: item for name, (_, item) in found.items()}


def _check_references(book: Rulebook, documents: Mapping[str, Document], families: Mapping[str, ModelFamily]) -> None:
    wanted = [(binding.document, f"[[governs]] {binding.document}") for binding in book.bindings]
    wanted += [(rule.document, f"rule {rule.id}") for rule in book.rules]
    wanted += [(reason.document, f"[[reason]] {reason.document}") for reason in book.reasons]
    wanted += [
        (further, f"{document.id}.incorporates") for document in book.documents for further in document.incorporates
    ]
    wanted += [(licence, f"family {family.id}.licences") for family in book.families for licence in family.licences]
    for document, where in wanted:
        if document not in documents:
            raise RulebookError(f"{book.filename}: {where}: document {document!r} is not defined")
    for family in book.families:
        if family.base and family.base not in families:
            raise RulebookError(f"{book.filename}: family {family.id}.base: family {family.base!r} is not defined")


def _check_citations(book: Rulebook, documents: Mapping[str, Document]) -> None:
    for rule in book.rules:
        known = {version.label for version in documents[rule.document].versions}
        for citation in rule.citations:
            if citation.version not in known:
                raise RulebookError(
                    f"{book.filename}: rule {rule.id}: {rule.document} has no version {citation.version!r}"
                )


def _check_families(book: Rulebook, families: Mapping[str, ModelFamily]) -> None:
    known = {name for family in families.values() for name in (family.id, *family.within)}
    for rule in book.rules:
        for name in sorted(rule.families - known):
            raise RulebookError(f"{book.filename}: rule {rule.id}: model family {name!r} is not defined")
    for binding in book.bindings:
        for name in sorted(set(binding.families) - known):
            raise RulebookError(
                f"{book.filename}: [[governs]] {binding.document}: model family {name!r} is not defined"
            )


def _check_circles(documents: Mapping[str, Document]) -> None:
    for start in documents:
        _walk(start, (), documents)


def _walk(document: str, path: tuple[str, ...], documents: Mapping[str, Document]) -> None:
    if document in path:
        raise RulebookError(f"documents incorporate each other in a circle: {' → '.join((*path, document))}")
    for further in documents[document].incorporates:
        _walk(further, (*path, document), documents)
