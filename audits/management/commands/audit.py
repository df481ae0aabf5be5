"""Run a pipeline under audit."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.actions.pipelines import add_pipeline
from audits.actions.runs import request_cancel, request_run
from audits.evidence import Broken, Damaged, IncompleteBundle, Missing, StoreProblem, open_store
from audits.management.following import follow
from audits.manifest import ManifestError, parse_manifest
from audits.models import Pipeline, Report, Run
from audits.procedures.concluding import write_run_bundle
from audits.procedures.replaying import NotReplayable, replay_of_bundle, replay_of_run
from audits.queries.summary import summary_of
from audits.tasks import run_audit
from audits.text import visible
from compliance.embedded.supervisor import ensure_services
from compliance.models import Project

HOST = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
EXAMPLES = """
examples:
  python manage.py audit ./my-pipeline
  python manage.py audit ./my-pipeline --upstream api.openai.com=http://127.0.0.1:9000 --report audit.pdf
  python manage.py audit ./my-pipeline --format json --bundle evidence.zip > audit.json
  python manage.py audit ./my-pipeline --replay evidence.zip

exit status: 0 done and nothing prohibited; 1 done, and something is prohibited; 2 could not be done.
"""


class Command(BaseCommand):
    help = "Run the pipeline in a folder under audit: isolated, recorded, traced, and matched to the terms in force."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.epilog = EXAMPLES
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="folder of the pipeline's source tree")
        parser.add_argument("--manifest", default="audit.toml", help="manifest within the tree (default: audit.toml)")
        parser.add_argument(
            "--upstream",
            action="append",
            default=[],
            metavar="HOST=URL",
            help="send what is addressed to HOST to URL instead",
        )
        parser.add_argument("--record-only", action="store_true", help="record and trace; do not judge")
        parser.add_argument(
            "--replay",
            metavar="RUN_OR_BUNDLE",
            help="answer every call from a recorded run (its number as `audit` prints it) or a sealed bundle; nothing leaves",
        )
        parser.add_argument("--project", default="default", help="project to keep it under (made when missing)")
        parser.add_argument("--report", type=Path, metavar="OUT.pdf", help="write the report there")
        parser.add_argument("--bundle", type=Path, metavar="OUT.zip", help="write the evidence bundle there")
        parser.add_argument("--format", choices=["table", "json"], default="table")
        parser.add_argument("--quiet", action="store_true", help="no progress on standard error")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["path"].resolve()
        upstreams = _upstreams(options["upstream"])
        if options["replay"] and (upstreams or options["record_only"]):
            raise CommandError("--replay: goes with neither --upstream nor --record-only", returncode=2)
        _check(path, options["manifest"])
        with ensure_services(database=True, broker=True, worker=True):
            run = self._audit(path, upstreams, options)
            summary = self._deliver(run, options)
        self.stdout.write(json.dumps(summary, indent=2) if options["format"] == "json" else _table(summary))
        sys.exit(_exit_code(run))

    def _audit(self, path: Path, upstreams: dict[str, str], options: dict[str, Any]) -> Run:
        pipeline = _pipeline(path, options["manifest"], options["project"])
        run = request_run(
            pipeline=pipeline,
            acting_user=None,
            upstreams=upstreams,
            record_only=options["record_only"],
            **_replay(options["replay"]),
        )
        run_audit.delay(run.pk)
        say = (lambda line: None) if options["quiet"] else self.stderr.write
        say(f"Run {run.pk}: {visible(pipeline.name)}")
        try:
            return follow(run.pk, say)
        except KeyboardInterrupt:
            request_cancel(run=run, acting_user=None)
            say("Cancelling …")
            return follow(run.pk, say)
        except TimeoutError as error:
            request_cancel(run=run, acting_user=None)  # or a worker would take it up when nobody waits any more
            raise CommandError(str(error), returncode=2) from error

    def _deliver(self, run: Run, options: dict[str, Any]) -> dict[str, Any]:
        """The summary, with the files that were asked for; one that can't be written is said on standard error."""
        summary = summary_of(run)
        if options["report"]:
            summary["report"] = self._written(_copy_report, run, options["report"])
        if options["bundle"]:
            summary["evidence"]["bundle"] = self._written(_write_bundle, run, options["bundle"])
        return summary

    def _written(self, write: Callable[[Run, Path], None], run: Run, target: Path) -> str | None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write(run, target)
        except (NotMade, Broken, Damaged, IncompleteBundle, Missing, StoreProblem, OSError) as error:
            self.stderr.write(f"{target}: not written: {visible(str(error))}")
            return None
        return str(target)


class NotMade(Exception):
    """The run ended before it came to this."""


def _upstreams(texts: list[str]) -> dict[str, str]:
    """HOST=URL, as often as given. Raises CommandError for what can't be meant."""
    found: dict[str, str] = {}
    for text in texts:
        host, _, url = text.partition("=")
        if not HOST.fullmatch(host.lower()) or not _is_address(url):
            words = "write HOST=URL, e.g. api.openai.com=http://127.0.0.1:9000"
            raise CommandError(f"--upstream {visible(text)}: {words}", returncode=2)
        if host.lower() in found:
            raise CommandError(f"--upstream {text}: {host} is given twice", returncode=2)
        found[host.lower()] = url
    return found


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


def _replay(source: str | None) -> dict[str, Any]:
    """What `request_run` takes for a replay. Raises CommandError for what can't be replayed."""
    if source is None:
        return {}
    try:
        if not source.isdigit():
            return {"replay": replay_of_bundle(Path(source), open_store(settings.EVIDENCE_URL))}
        run = Run.objects.select_related("pipeline").filter(pk=int(source)).first()
        if run is None:
            raise CommandError(f"--replay {source}: there is no such run", returncode=2)
        return {"replay": replay_of_run(run), "replay_of": run}
    except NotReplayable as error:
        raise CommandError(f"--replay {visible(source)}: {error}", returncode=2) from error


def _check(path: Path, manifest: str) -> None:
    """Complain about what can be seen at once before anything is started."""
    if not path.is_dir():
        raise CommandError(f"{path}: there is no such folder", returncode=2)
    file = path / manifest
    if not file.is_file():
        raise CommandError(f"{file}: is missing. It says how to run the pipeline; see docs/manifest.md.", returncode=2)
    try:
        parse_manifest(file.read_text("utf-8"), str(file))
    except (ManifestError, UnicodeDecodeError) as error:
        raise CommandError(str(error), returncode=2) from error


def _pipeline(path: Path, manifest: str, project: str) -> Pipeline:
    known, _ = Project.objects.get_or_create(slug=project, defaults={"name": project.replace("-", " ").capitalize()})
    found = Pipeline.objects.filter(project=known, path=str(path), manifest_path=manifest).first()
    if found:
        return found
    name = parse_manifest((path / manifest).read_text("utf-8")).pipeline.name
    return add_pipeline(project=known, name=name, acting_user=None, path=path, manifest_path=manifest)


def _copy_report(run: Run, target: Path) -> None:
    report = run.reports.filter(state=Report.State.READY).order_by("-number").first()
    if report is None:
        raise NotMade("the run made no report")
    with open_store(settings.EVIDENCE_URL).open(report.pdf_sha256) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)


def _write_bundle(run: Run, target: Path) -> None:
    if not run.evidence_root:
        raise NotMade("the run ended before its evidence was sealed")
    report = run.reports.filter(state=Report.State.READY).order_by("-number").first()
    write_run_bundle(run, target, report)


def _exit_code(run: Run) -> int:
    if run.state != Run.State.COMPLETED:
        return 2
    return 1 if run.outcome == "prohibited" else 0


def _replay_lines(replay: dict[str, Any]) -> list[str]:
    """How a replay went, for people."""
    counts, found = replay.get("counts") or {}, replay.get("findings_compared") or {}
    answered = (
        f"{counts.get('same', 0):,} calls answered as recorded, {counts.get('alike', 0):,} alike but for ids and times"
    )
    other = (
        f"{counts.get('diverged', 0):,} not recorded and refused, {counts.get('not_asked', 0):,} recorded and not asked"
    )
    lines = [f"Replay of {visible(replay['name'])}: nothing left this machine", f"  {answered}", f"  {other}"]
    for word, key in (("reproduced", "reproduced"), ("no longer found", "gone"), ("new", "new")):
        lines += [f"  Finding {word}: {visible(title)}" for title in found.get(key, ())]
    return lines


def _table(summary: dict[str, Any]) -> str:
    """The summary for people."""
    calls = summary["calls"]
    lines = [
        f"Run {summary['run']}: {summary['state']}" + (f" ({visible(summary['reason'])})" if summary["reason"] else ""),
        f"Outcome: {summary['outcome'] or 'none'}   Isolation: {summary['isolation'] or 'not reached'}",
    ]
    if summary["replay"]:
        lines += _replay_lines(summary["replay"])
    if summary["simulated_upstreams"]:
        lines.append(f"Simulated upstream: {', '.join(summary['simulated_upstreams'])}")
    lines.append(f"Calls: {calls['total']:,} ({calls['failed']:,} failed, {calls['unparsed']:,} exchanges unparsed)")
    for provider, entry in calls["by_provider"].items():
        models = ", ".join(f"{visible(model)} × {count:,}" for model, count in entry["models"].items())
        lines.append(f"  {provider}: {entry['total']:,} ({models})")
    for share in summary["lineage"]:
        lines.append(
            f"{visible(share['dataset'])}: {share['derived_rows']:,} of {share['rows']:,} rows derive from answers"
        )
    for refused in summary["refused"]:
        lines.append(
            f"Refused: {visible(refused['host'])}:{refused['port']} ({refused['protocol']}) × {refused['count']}"
        )
    lines += gap_lines(summary["gaps"])
    for finding in summary["findings"]:
        lines.append(f"F-{finding['number']} [{finding['outcome']}] {visible(finding['title'])}")
    evidence = summary["evidence"]
    lines.append(f"Evidence: {evidence['exchanges']:,} exchanges, root {evidence['root'] or 'none: not sealed'}")
    lines += [f"Sealed with key {evidence['key']}"] if evidence["key"] else []
    lines += [f"Bundle: {evidence['bundle']}"] if evidence["bundle"] else []
    made = "made; --report OUT.pdf writes it to a file" if summary["reports_ready"] else "none"
    lines.append(f"Report: {summary['report'] or made}")
    return "\n".join(lines)


def gap_lines(gaps: list[dict[str, Any]]) -> Iterator[str]:
    """Each kind in words with its code, then its gaps, then what to do about them."""
    for kind, alike in groupby(gaps, key=itemgetter("kind")):
        rows = list(alike)
        yield f"Gap: {visible(rows[0]['words'])} [{visible(kind)}]"
        for gap in rows:
            times = f" × {gap['count']}" if gap["count"] > 1 else ""
            yield f"  {visible(gap['subject'])}: {visible(gap['detail'])}{times}"
        if rows[0]["remedy"]:
            yield f"  To do: {rows[0]['remedy']}"
