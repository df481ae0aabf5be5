"""A source tree in, uses of models out. Nothing of the tree is executed or imported; whatever cannot be read is named."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from audits.scan.configs import is_config, read_settings
from audits.scan.datasets import datasets
from audits.scan.directory import Directory
from audits.scan.following import Program
from audits.scan.javascript import EXTENSIONS, Scripts, parse_script
from audits.scan.javascript_sites import JavaScriptSites
from audits.scan.judging import Finding, Judge
from audits.scan.modules import Module, is_test_path, parse_module
from audits.scan.plain import PlainSite, plain_sites
from audits.scan.purposes import told_purpose
from audits.scan.relevance import relevant
from audits.scan.result import Evidence, Purpose, ScanResult, Status, Unresolved, Use
from audits.scan.scripts import give_options, read_scripts
from audits.scan.sites import SiteFinder
from audits.scan.students import students
from audits.scan.tree import PYTHON, SourceFile, Unread, notebook_code, walk

MOST_EVIDENCE = 400


def scan_tree(root: Path, directory: Directory) -> ScanResult:
    """All uses of models in the tree below `root`. Raises NotADirectoryError when there is no such folder."""
    if not root.is_dir():
        raise NotADirectoryError(f"{root}: there is no such folder.")
    entries = list(walk(root))
    files = [entry for entry in entries if isinstance(entry, SourceFile)]
    unresolved = [Unresolved(entry.path, 0, entry.reason) for entry in entries if isinstance(entry, Unread)]
    modules, unparsed = _modules(files)
    scripts = read_scripts(files)
    give_options(modules, scripts)
    program = Program(modules, scripts.environment, scripts.entry_points)
    settings = read_settings([file for file in files if is_config(file) and not is_test_path(file.path)])
    sites = SiteFinder(program, directory).sites()
    judge = Judge(program, directory, settings, sites)
    findings = [finding for site in sites for finding in judge.findings(site)]
    findings += [_plain_finding(site) for site in plain_sites(files, directory)]
    scripted, unbundled = _scripted(files, directory)
    findings += [_plain_finding(site) for site in scripted]
    unresolved += unbundled
    findings += [_student(model, places) for model, places in students(program, settings)]
    result = _result(findings, directory, [*unresolved, *unparsed, *judge.unresolved], len(files))
    return replace(result, datasets=datasets(program, [file for file in files if not is_test_path(file.path)]))


def _modules(files: list[SourceFile]) -> tuple[list[Module], list[Unresolved]]:
    modules: list[Module] = []
    problems: list[Unresolved] = []
    python = {file.path for file in relevant(f for f in files if f.extension in PYTHON and not is_test_path(f.path))}
    for file in files:
        try:
            if file.path in python:
                modules.append(parse_module(file.path, file.text))
            elif file.extension == ".ipynb":
                code, numbers, broken = notebook_code(file.text)
                modules.append(parse_module(file.path, code, numbers))
                problems += [Unresolved(file.path, line, "a cell that is not readable as Python") for line in broken]
        except SyntaxError as error:
            problems.append(Unresolved(file.path, error.lineno or 0, f"not readable as Python: {error.msg}"))
        except (ValueError, RecursionError, MemoryError) as error:
            problems.append(Unresolved(file.path, 0, f"not readable: {error or 'nested too deeply'}"))
    return modules, problems


def _scripted(files: list[SourceFile], directory: Directory) -> tuple[list[PlainSite], list[Unresolved]]:
    """What JavaScript and TypeScript ask, and where a person must look."""
    read = [file for file in files if file.extension in EXTENSIONS and not is_test_path(file.path)]
    scripts = [script for file in read if (script := parse_script(file)) is not None]
    sites = JavaScriptSites(Scripts(scripts), directory).sites()
    return sites, [Unresolved(site.file.path, site.lines[0], site.open) for site in sites if site.open]


def _plain_finding(site: PlainSite) -> Finding:
    places = [Evidence(site.file.path, line, _line(site.file, line)) for line in site.lines]
    purpose: Purpose = _purpose(site)
    served_by = "unknown" if site.open and site.host else site.served_by
    status: Status = "configurable" if site.open else "used"
    steps = [site.step, *([site.open] if site.open else [])]
    return Finding(served_by, site.host, site.sdk, list(site.models), purpose, status, 0.7, places, steps)


@lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    return text.split("\n")


def _line(file: SourceFile, number: int) -> str:
    return _lines(file.text)[number - 1].strip()[:200]


def _purpose(site: PlainSite) -> Purpose:
    """By the method, the names around the call, then the file's; what asks for text and says nothing else generates."""
    if site.purpose:
        return site.purpose  # type: ignore[return-value]
    stem = site.file.path.rpartition("/")[2].rsplit(".", 1)[0]
    told = told_purpose([*site.names, stem])[0]
    told = told if told != "unknown" else told_purpose([site.file.path])[0]
    return told if told != "unknown" else "generate"


def _student(model: str, places: list[Evidence]) -> Finding:
    return Finding(
        "self",
        "",
        "weights",
        [model],
        "student_base",
        "used",
        0.7,
        places,
        ["its weights are loaded where the tree trains"],
    )


def _result(findings: Iterable[Finding], directory: Directory, unresolved: list[Unresolved], files: int) -> ScanResult:
    grouped: dict[tuple[str, ...], list[tuple[Finding, list[str]]]] = {}
    for finding in findings:
        by_provider: dict[str, list[str]] = {}
        for model in dict.fromkeys(finding.models) or [""]:
            by_provider.setdefault(directory.provider(model, finding.served_by), []).append(model)
        for provider, models in by_provider.items():
            key = (provider, finding.served_by, finding.host, finding.sdk, finding.status, finding.purpose)
            grouped.setdefault(key, []).append((finding, [model for model in models if model]))
    uses = tuple(_use(key[0], group) for key, group in sorted(grouped.items()))
    providers = sorted(
        {use.served_by for use in uses if use.external and use.status == "used" and use.served_by != "unknown"}
    )
    bases = sorted({model for use in uses if use.purpose == "student_base" for model in use.models})
    return ScanResult(uses, tuple(bases), tuple(dict.fromkeys(unresolved)), files, tuple(providers))


def _use(provider: str, group: list[tuple[Finding, list[str]]]) -> Use:
    first = group[0][0]
    places = dict.fromkeys(place for finding, _ in group for place in finding.evidence)
    steps = dict.fromkeys(step for finding, _ in group for step in finding.reasoning)
    return Use(
        provider=provider,
        served_by=first.served_by,
        models=tuple(dict.fromkeys(model for _, models in group for model in models)),
        host=first.host,
        sdk=first.sdk,
        external=first.served_by != "self",
        status=first.status,
        purpose=first.purpose,
        confidence=max(finding.confidence for finding, _ in group),
        evidence=tuple(places)[:MOST_EVIDENCE],
        reasoning=tuple(steps)[:40],
    )
