"""Forms of the audit side: filters that narrow a list, and what starts or decides something."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.db.models import QuerySet

from audits.manifest import ManifestError, parse_manifest
from audits.models import Exchange, Outcome, Run
from audits.queries.run_view import KINDS, of_kind
from audits.views.archives import ArchiveError, manifest_in_archive
from audits.views.limit_forms import LimitFields
from compliance.access import may_run_audits, may_use_this_machine, visible_projects
from compliance.models import Project, User
from compliance.templatetags.looks import STEP_NAMES
from compliance.templatetags.unseen import with_names
from compliance.views.given_names import plain_name

MOST_BYTES = 200 * 1024 * 1024
_HOST = re.compile(r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:\d{1,5})?$", re.IGNORECASE)

Choices = list[tuple[str, str]]


def _choices(first: str, values: Iterable[tuple[str, Any]]) -> Choices:
    return [("", first), *((value, with_names(str(label))) for value, label in values)]


class Filter(forms.Form):
    """Narrows a list by what the address asks for; a value that is not offered narrows nothing."""

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.is_valid()

    def asked(self, name: str) -> Any:
        """The cleaned value of a field; None when it is empty or not among the choices."""
        return self.cleaned_data.get(name) or None

    @property
    def narrows(self) -> bool:
        """Whether anything is asked for."""
        return any(self.asked(name) for name in self.fields)


def offered(form: forms.Form, name: str, first: str, values: Iterable[tuple[str, Any]]) -> None:
    """Give a field of this one form its choices, after the empty one."""
    form.fields[name].choices = _choices(first, values)  # type: ignore[attr-defined]


def offered_people(people: Iterable[User], *fields: forms.BoundField | None) -> None:
    """Let fields of a page, which choose among the same people, offer them as they are read once."""
    told = [(one.pk, str(one)) for one in people] if any(fields) else []
    for bound in fields:
        if bound is not None:
            empty = bound.field.empty_label  # type: ignore[attr-defined]
            bound.field.choices = [*([("", empty)] if empty is not None else []), *told]  # type: ignore[attr-defined]


class RunFilter(Filter):
    project = forms.ChoiceField(label="Project", required=False)
    state = forms.ChoiceField(label="State", required=False, choices=_choices("Any state", Run.State.choices))
    outcome = forms.ChoiceField(label="Outcome", required=False, choices=_choices("Any outcome", Outcome.choices))

    def __init__(self, data: Any, projects: QuerySet[Project]) -> None:
        super().__init__(data)
        offered(
            self,
            "project",
            "Any project",
            [(str(pk), name) for pk, name in projects.order_by("name").values_list("pk", "name")],
        )
        self.full_clean()

    def narrow(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        if self.asked("project"):
            runs = runs.filter(pipeline__project=self.asked("project"))
        for name in ("state", "outcome"):
            if self.asked(name):
                runs = runs.filter(**{name: self.asked(name)})
        return runs


class CallFilter(Filter):
    kind = forms.ChoiceField(label="Kind", required=False, choices=_choices("Everything", KINDS.items()))
    provider = forms.ChoiceField(label="Provider", required=False)
    model = forms.ChoiceField(label="Model", required=False)
    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[("", "Any status"), ("2", "2xx"), ("4", "4xx"), ("5", "5xx"), ("none", "No answer")],
    )
    step = forms.ChoiceField(label="Step", required=False)

    def __init__(
        self, data: Any, providers: Iterable[tuple[str, str]], models: Iterable[str], steps: Iterable[str]
    ) -> None:
        super().__init__(data)
        offered(self, "provider", "Any provider", providers)
        offered(self, "model", "Any model", ((name, name) for name in models))
        offered(self, "step", "Any step", ((name, STEP_NAMES.get(name, name)) for name in steps))
        self.full_clean()

    def narrow(self, exchanges: QuerySet[Exchange]) -> QuerySet[Exchange]:
        if self.asked("kind"):
            exchanges = of_kind(exchanges, self.asked("kind"))
        asked = {"provider": "calls__provider", "model": "calls__request_model", "step": "step"}
        exchanges = exchanges.filter(**{path: self.asked(name) for name, path in asked.items() if self.asked(name)})
        status = self.asked("status")
        if status == "none":
            exchanges = exchanges.filter(status__isnull=True)
        elif status:
            exchanges = exchanges.filter(status__gte=int(status) * 100, status__lt=(int(status) + 1) * 100)
        return exchanges.distinct() if self.asked("provider") or self.asked("model") else exchanges


class StartAuditForm(LimitFields):
    """How a pipeline is to be audited."""

    upstreams = forms.CharField(
        label="Simulated upstreams",
        required=False,
        strip=False,  # complaints count the lines as they were written
        widget=forms.Textarea(
            attrs={"rows": 3, "placeholder": "api.openai.com=http://127.0.0.1:9000", "class": "mono"}
        ),
        help_text="One HOST=URL a line: what the pipeline addresses to HOST goes to URL instead. The run, its findings and "
        "its report then say so everywhere. Leave it empty to reach the real providers.",
    )
    record_only = forms.BooleanField(
        label="Record and trace only", required=False, help_text="Do not judge what was recorded."
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        if not may_use_this_machine(user):
            del self.fields["upstreams"]

    def asked(self) -> dict[str, Any]:
        """What `request_run` takes, of a valid form."""
        data = self.cleaned_data
        return {
            "upstreams": data.get("upstreams"),
            "record_only": data["record_only"],
            "limits": self.limits(),
            "content": data["content"],
        }

    def clean_upstreams(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["upstreams"].splitlines(), 1):
            if not line.strip():
                continue
            host, sign, url = (part.strip() for part in line.partition("="))
            if not sign or not _HOST.match(host):
                raise forms.ValidationError(
                    f"Line {number}: write HOST=URL, as in api.openai.com=http://127.0.0.1:9000."
                )
            if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
                raise forms.ValidationError(f"Line {number}: {url or 'nothing'} is no http or https address.")
            found[host.lower()] = url
        return found


class AddPipelineForm(forms.Form):
    """A pipeline's source tree: a folder of this machine, or a ZIP."""

    project = forms.ModelChoiceField(label="Project", queryset=Project.objects.none(), empty_label=None)
    name = forms.CharField(label="Name", max_length=120, validators=[plain_name])
    path = forms.CharField(
        label="Folder on this machine", required=False, max_length=1000,
        help_text="The root of the source tree, as an absolute path.",
    )  # fmt: skip
    archive = forms.FileField(
        label="or a ZIP of the source tree",
        required=False,
        widget=forms.FileInput(attrs={"data-most": MOST_BYTES}),
        help_text="At most 200 MB. Nothing in it is run before an audit starts.",
    )
    manifest_path = forms.CharField(
        label="Manifest", initial="audit.toml", max_length=200, help_text="Where audit.toml lies in the tree."
    )

    def __init__(self, data: Any = None, files: Any = None, *, user: User) -> None:
        super().__init__(data, files)
        mine = [project.pk for project in visible_projects(user) if may_run_audits(user, project)]
        self.fields["project"].queryset = Project.objects.filter(pk__in=mine)  # type: ignore[attr-defined]
        if not may_use_this_machine(user):
            del self.fields["path"]

    def clean_manifest_path(self) -> str:
        path: str = self.cleaned_data["manifest_path"].strip()
        if path.startswith("/") or ".." in Path(path).parts:
            raise forms.ValidationError("Name a place inside the tree, as in audit.toml or ops/audit.toml.")
        return path

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        path, archive = data.get("path", "").strip(), data.get("archive")
        if bool(path) == bool(archive):
            raise forms.ValidationError("Give a folder or a ZIP: exactly one of them.")
        if "manifest_path" in data:
            try:
                parse_manifest(_manifest_text(path, archive, data["manifest_path"]), data["manifest_path"])
            except ManifestError as error:
                self.add_error("manifest_path", list(error.problems))
            except (ArchiveError, OSError, UnicodeDecodeError) as error:
                self.add_error("archive" if archive else "path", _said(error))
        return data


class NewSourceForm(forms.Form):
    """A newer ZIP of a pipeline that was uploaded."""

    archive = forms.FileField(
        label="ZIP of the source tree as it is now",
        widget=forms.FileInput(attrs={"data-most": MOST_BYTES}),
        help_text="At most 200 MB. Audits that have not begun run it; what was recorded stays with its run.",
    )

    def __init__(self, data: Any = None, files: Any = None, *, manifest_path: str) -> None:
        super().__init__(data, files)
        self.manifest_path = manifest_path

    def clean_archive(self) -> Any:
        archive = self.cleaned_data["archive"]
        try:
            parse_manifest(_manifest_text("", archive, self.manifest_path), self.manifest_path)
        except ManifestError as error:
            raise forms.ValidationError(list(error.problems)) from error
        except (ArchiveError, OSError, UnicodeDecodeError) as error:
            raise forms.ValidationError(_said(error)) from error
        return archive


def _said(error: Exception) -> str:
    if isinstance(error, ArchiveError):
        return str(error)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        folder = Path(str(error.filename)).parent
        missing = f"file {error.filename}" if folder.is_dir() else f"folder {folder}"
        return f"There is no {missing}. The folder must hold the manifest that you name below."
    if isinstance(error, PermissionError):
        return f"The server may not read {error.filename}."
    return f"It can’t be read: {error}."


def _manifest_text(path: str, archive: Any, manifest_path: str) -> str:
    if not path:
        if archive.size > MOST_BYTES:
            raise ArchiveError(f"{archive.name} is larger than 200 MB.")
        return manifest_in_archive(archive, manifest_path)
    if not Path(path).is_absolute():
        raise ArchiveError(f"{path} is not an absolute path: begin it with a slash.")
    return (Path(path) / manifest_path).read_text(encoding="utf-8")
