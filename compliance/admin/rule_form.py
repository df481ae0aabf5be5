"""The form in which a draft is written: words, pickers, citations; read by the engine before anything is kept."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.forms import BoundField
from django.utils.text import slugify
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from compliance.admin.conditions import TreeField, unfinished
from compliance.admin.fields import LineField, OneOfField, ProseField, SomeOfField
from compliance.engine.constraints import ALWAYS, Constraint, ConstraintError, parse_constraint
from compliance.engine.rules import EFFECTS, LABELS, SEVERITIES, TARGETS, Rule, RuleError, RuleException, rule_from_dict
from compliance.engine.vocabulary import ACTIVITIES
from compliance.models import Clause, ClauseText, TermsDocument, Version
from compliance.text.normalise import clause_hash

TREES: Final = ("when", "exceptions", "met")
COLUMNS: Final = (
    "effect",
    "title",
    "statement",
    "actions",
    "target",
    "severity",
    "labels",
    "duty",
    "remedy",
    "guidance",
)


def _named(words: Iterable[str]) -> list[tuple[str, str]]:
    return [(word, word.replace("_", " ").capitalize()) for word in words]


@dataclass(frozen=True)
class CitationRow:
    """One version of the document in the form: whether it is cited, where, and whether its wording's fingerprint is known."""

    version: Version
    cited: BoundField
    section: BoundField
    wording: BoundField
    known: str


class RuleForm(forms.Form):
    """A draft of a rule of `document`. `definition` is the cleaned rule as the engine reads it, once `is_valid()` holds."""

    name = forms.SlugField(
        max_length=80, widget=UnfoldAdminTextInputWidget(), help_text="Short, for citations: competing-models"
    )
    effect = OneOfField(choices=_named(EFFECTS))
    title = LineField(max_length=200, help_text="As a list shows it: No competing models from output")
    statement = ProseField(
        rows=3, help_text="What the clause does, in our own words. Begin with a verb in lower case, without a full stop: "
        "“bars using output to develop models that compete with the provider”."
    )  # fmt: skip
    actions = SomeOfField(label="Activities it speaks of", choices=list(ACTIVITIES.items()))
    target = OneOfField(label="It is about the", choices=_named(TARGETS), initial="output")
    severity = OneOfField(choices=_named(SEVERITIES), initial="high")
    when = TreeField(label="It applies when")
    exceptions = TreeField(label="Except where")
    duty = LineField(
        required=False, label="What has to be done", help_text="For a duty: display “Built with …” on its website"
    )
    met = TreeField(label="It is fulfilled when")
    remedy = ProseField(required=False, help_text="What mends a breach, or what the clause threatens")
    guidance = ProseField(required=False, label="For counsel", help_text="How to read it, and what to ask")
    labels = SomeOfField(label="What the clause speaks of", choices=_named(LABELS), required=False)
    clauses = forms.ModelMultipleChoiceField(
        queryset=Clause.objects.none(), required=False, widget=SomeOfField.widget, label="Clauses it reads",
        help_text="None chosen: on publishing, a clause of the rule's own name is made.",
    )  # fmt: skip

    def __init__(
        self, data: Any = None, *, document: TermsDocument, identifier: str = "", stored: Mapping[str, Any] | None = None,
        clauses: Iterable[Clause] = (),
    ) -> None:  # fmt: skip
        self.document, self.identifier, self.stored = document, identifier, dict(stored or {})
        self.versions = list(document.versions.order_by("in_force", "label").defer("text"))
        self.cited = {
            label: citation for citation in self.stored.get("citations", ()) for label in citation["versions"]
        }
        self.definition: dict[str, Any] = {}
        self.places: list[dict[str, str]] = []
        super().__init__(data, initial=self._initial(clauses))
        self.fields["clauses"].queryset = document.clauses.all()  # type: ignore[attr-defined]
        self.fields["clauses"].label_from_instance = _clause_name  # type: ignore[attr-defined]
        if identifier:
            del self.fields["name"]
        for version in self.versions:
            self._add_citation(version)

    def _initial(self, clauses: Iterable[Clause]) -> dict[str, Any]:
        said: dict[str, Any] = {key: self.stored[key] for key in (*COLUMNS, *TREES) if key in self.stored}
        return {**said, "clauses": [clause.pk for clause in clauses]}

    def _add_citation(self, version: Version) -> None:
        citation = self.cited.get(version.label)
        self.fields[f"cited_{version.pk}"] = forms.BooleanField(
            required=False, initial=bool(citation), widget=forms.CheckboxInput(attrs={"class": "ct-check"})
        )
        self.fields[f"section_{version.pk}"] = LineField(
            required=False, max_length=200, initial=citation["section"] if citation else ""
        )
        self.fields[f"wording_{version.pk}"] = forms.CharField(
            required=False, max_length=20_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 1})
        )

    def citation_rows(self) -> Iterator[CitationRow]:
        """The versions of the document, oldest first, as the form shows them."""
        places = self._places_of(self.initial["clauses"])
        for version in self.versions:
            stored = self.cited.get(version.label)
            text = places.get(version.pk)
            known = stored["sha256"] if stored else text.sha256 if text else ""
            cited, section, wording = (self[f"{part}_{version.pk}"] for part in ("cited", "section", "wording"))
            yield CitationRow(version, cited, section, wording, known)

    def _places_of(self, clauses: Iterable[Any]) -> dict[int, ClauseText]:
        texts = ClauseText.objects.filter(clause__in=clauses, clause__document=self.document).exclude(sha256="")
        return {text.version_id: text for text in texts.order_by("-clause_id")}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for tree in TREES:
            self._report(self._unfinished(tree, cleaned.get(tree)))
        citations = self._citations(cleaned)
        if not self.errors:
            self._read({**self._said(cleaned), "citations": citations})
        return cleaned

    def _unfinished(self, tree: str, value: Any) -> list[tuple[str, str]]:
        if tree != "exceptions":
            return list(unfinished(value, tree))
        found: list[tuple[str, str]] = []
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, dict):
                found += [] if item.get("title") else [(f"exceptions[{index}].title", "Name the exception.")]
                found += [] if item.get("when") else [(f"exceptions[{index}].when", "Say when the exception holds.")]
                found += unfinished(item.get("when"), f"exceptions[{index}].when")
        return found

    def _report(self, problems: Iterable[tuple[str, str]]) -> None:
        for path, message in problems:
            field = re.match(r"\w+", path)
            name = field.group() if field and field.group() in self.fields else None
            self.places.append({"path": path, "message": message})
            self.add_error(name, message)

    def _citations(self, cleaned: Mapping[str, Any]) -> list[dict[str, Any]]:
        places = self._places_of(cleaned.get("clauses", ()))
        chosen = [version for version in self.versions if cleaned.get(f"cited_{version.pk}")]
        if not chosen:
            self.add_error(
                None, "Cite at least one version of the document: the rule speaks while that version is in force."
            )
        return [self._citation(version, cleaned, places.get(version.pk)) for version in chosen]

    def _citation(self, version: Version, cleaned: Mapping[str, Any], place: ClauseText | None) -> dict[str, Any]:
        wording, stored = cleaned.get(f"wording_{version.pk}"), self.cited.get(version.label)
        digest = clause_hash(wording) if wording else stored["sha256"] if stored else place.sha256 if place else ""
        if not digest:
            self.add_error(f"wording_{version.pk}", f"Paste the clause as it stands in the version of {version.label}.")
        section = cleaned.get(f"section_{version.pk}") or (place.section if place else "")
        return {"versions": [version.label], "section": section, "sha256": digest}

    def _said(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        said = {key: cleaned[key] for key in COLUMNS}
        duty = cleaned["effect"] == "duty"
        trees = {"when": cleaned["when"], "met": cleaned["met"] if duty else None}
        exceptions = _with_names(cleaned["exceptions"] or [])
        said |= {"duty": cleaned["duty"] if duty else "", "exceptions": exceptions}
        return {**said, **{key: tree for key, tree in trees.items() if tree}}

    def _read(self, definition: dict[str, Any]) -> None:
        identifier = self.identifier or f"{self.document.identifier}:{self.cleaned_data['name']}"
        try:
            rule_from_dict({**definition, "id": identifier})
        except RuleError as error:
            self._report([place_of(str(error), identifier)])
        self.definition = definition

    def sentence(self) -> str:
        """The rule's conditions in English as far as they can be read now; what can't be read yet is an ellipsis."""
        known = tuple(action for action in self._value("actions") or () if action in ACTIVITIES)
        exceptions = tuple(self._exceptions())
        met = _parsed(self._tree("met")) if self._value("effect") == "duty" else None
        rule = Rule(
            "", 1, "", "", "", known, (), when=_parsed(self._tree("when")) or ALWAYS, exceptions=exceptions, met=met
        )
        text = rule.sentence if known else rule.sentence.replace("On ", "On …", 1)
        return text if self._readable("when") else text.removesuffix(".") + ", if …."

    def _exceptions(self) -> Iterator[RuleException]:
        tree = self._tree("exceptions")
        for item in tree if isinstance(tree, list) else ():
            when = _parsed(item.get("when")) if isinstance(item, dict) else None
            if when is not None:
                yield RuleException("", str(item.get("title") or "…"), when)

    def _readable(self, name: str) -> bool:
        tree = self._tree(name)
        return not tree or _parsed(tree) is not None

    def _value(self, name: str) -> Any:
        return self[name].value()

    def _tree(self, name: str) -> Any:
        if not self.is_bound:
            return self.initial.get(name)
        try:
            return self.fields[name].clean(self._value(name))
        except forms.ValidationError:
            return None


def _clause_name(clause: Clause) -> str:
    return f"{clause.key}: {clause.summary}" if clause.summary else clause.key


def _parsed(tree: Any) -> Constraint | None:
    try:
        return parse_constraint(tree, "when") if tree else None
    except ConstraintError:
        return None


def _with_names(exceptions: Any) -> Any:
    """Each exception with a name to cite it by, made from its title where it has none."""
    if not isinstance(exceptions, list):
        return exceptions
    return [
        {**item, "name": item.get("name") or slugify(str(item.get("title", "")))[:60] or f"exception-{index}"}
        if isinstance(item, dict)
        else item
        for index, item in enumerate(exceptions, start=1)
    ]


def place_of(message: str, identifier: str) -> tuple[str, str]:
    """The engine's message as (place in the rule, what is wrong there): ("when.all[0].value", "expected text, found 3")."""
    rest = message.removeprefix(f"rule {identifier!r}")
    if not rest.startswith("."):
        return ("duty" if "duty" in rest else ""), rest.lstrip(": ")
    path, _, what = rest[1:].partition(": ")
    return path, what[:1].upper() + what[1:]
