"""Celery tasks: each takes ids, calls one procedure or action, and decides about repeating."""

import datetime as dt

from audits.actions.counting import keep_missing_counts
from audits.actions.notices import remind_of_ends
from audits.actions.reminding import remind_of_work
from audits.actions.run_ends import make_good
from audits.actions.runs import mark_stale_runs as mark_stale
from audits.actions.runs import note_resent
from audits.procedures.audit import audit
from audits.procedures.counting_once import count_once
from audits.procedures.delivering import deliver_due
from audits.procedures.erasing import erase_expired, finish_erasures
from audits.procedures.forgetting import forget_logs
from audits.procedures.importing import carry_out
from audits.procedures.lifecycle import conduct
from audits.procedures.mailing import send_mail
from audits.procedures.proving import get_proofs
from audits.procedures.reading_patterns import read_patterns, read_what_is_new
from audits.procedures.receiving import judge_received
from audits.procedures.rejudging import rejudge_after_changes
from audits.procedures.report import make_report
from audits.procedures.report_forms import make_form
from audits.procedures.rule_impacts import work_out
from audits.procedures.salvaging import salvage, salvage_ended_runs
from audits.procedures.scheduling import make_due_reports, tell_of_made
from compliance.celery import app


@app.task(name="audits.run_audit", acks_late=False, ignore_result=True)
def run_audit(run_id: int) -> None:
    """Take one run through the audit.

    Acknowledged at once and never repeated by the broker: a run whose worker dies is found stale (see below) and is run
    again by a person, as a run of its own. A second delivery finds the run claimed and does nothing.
    """
    conduct(run_id, audit)
    salvage(run_id)
    count_once(run_id)


@app.task(name="audits.make_report", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def render_report(report_id: int) -> None:
    """Render one report; delivered again when a worker dies, and then begun anew."""
    make_report(report_id)


@app.task(name="audits.make_report_form", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def make_report_form(form_id: int) -> None:
    """Make a report in another form; delivered again when a worker dies, and then begun anew."""
    make_form(form_id)


@app.task(name="audits.preview_rule", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def preview_rule(kept_id: int) -> None:
    """Work out what a revision would change; delivered again when a worker dies, and then begun anew."""
    work_out(kept_id)


@app.task(name="audits.import_usage", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def import_usage(import_id: int) -> None:
    """Read one import; delivered again when a worker dies, and then nothing that was written counts twice."""
    carry_out(import_id)


@app.task(name="audits.tasks.judge_received", ignore_result=True, expires=55)
def judge_what_was_received() -> None:
    """Judge what receivers were sent since they were judged last."""
    judge_received()


def resend_lost_runs(now: dt.datetime | None = None) -> int:
    """Queue runs anew that have waited long: a broker or a worker may have died with their task. Twice does no harm."""
    lost = note_resent(now)
    for run_id in lost:
        run_audit.delay(run_id)
    return len(lost)


@app.task(name="audits.tasks.mark_stale_runs", ignore_result=True, expires=25)
def mark_stale_runs() -> None:
    """Find runs whose worker vanished, and runs that no worker ever heard of."""
    mark_stale()
    resend_lost_runs()


@app.task(name="audits.tasks.follow_ends", ignore_result=True, expires=55)
def follow_ends() -> None:
    """Tell and settle what could not follow the end of some run."""
    make_good()


@app.task(name="audits.tasks.forget_old_logs", ignore_result=True, expires=80_000)
def forget_old_logs() -> None:
    """Once a day: drop what logs of telling hold beyond LOGS_KEPT_DAYS, and sessions that are over."""
    forget_logs()


@app.task(name="audits.tasks.seal_what_ended", ignore_result=True, expires=55)
def seal_what_ended() -> None:
    """Seal the evidence of runs that ended before it was sealed."""
    salvage_ended_runs()


@app.task(name="audits.tasks.count_sealed_runs", ignore_result=True, expires=55)
def count_sealed_runs() -> None:
    """Keep the counts of sealed runs that lack them."""
    keep_missing_counts()


@app.task(name="audits.tasks.get_proofs", ignore_result=True, expires=25)
def get_proofs_of_seals() -> None:
    """Ask for time stamps and anchors that are due."""
    get_proofs()


@app.task(name="audits.tasks.erase_what_expired", ignore_result=True, expires=3000)
def erase_what_expired() -> None:
    """Erase what projects keep no longer, and finish erasures that were broken off."""
    erase_expired()
    finish_erasures()


@app.task(name="audits.tasks.rejudge_after_changes", ignore_result=True, expires=5)
def rejudge_what_was_recorded() -> None:
    """Judge anew after whatever changed in rules, texts, agreements, catalogue or answers since the last time."""
    rejudge_after_changes()


@app.task(name="audits.read_patterns", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def look_for_patterns(reading_id: int) -> None:
    """Look for patterns in one period; delivered again when a worker dies, and then begun anew."""
    read_patterns(reading_id)


@app.task(name="audits.tasks.look_for_new_patterns", ignore_result=True, expires=3000)
def look_for_new_patterns() -> None:
    """Look over the last 30 days of whatever project has something new."""
    for reading in read_what_is_new():
        look_for_patterns.delay_on_commit(reading)


@app.task(name="audits.tasks.mail_notices", ignore_result=True, expires=55)
def mail_notices() -> None:
    """Mail what people are told."""
    send_mail()


@app.task(name="audits.tasks.remind_people", ignore_result=True, expires=3000)
def remind_people() -> None:
    """Remind of waivers that end, and of findings, work and asked facts that are due."""
    remind_of_ends()
    remind_of_work()


@app.task(name="audits.tasks.deliver_webhooks", ignore_result=True, expires=5)
def deliver_webhooks() -> None:
    """Tell webhooks what waits in their outbox; several workers at it share it out."""
    deliver_due()


@app.task(name="audits.tasks.make_scheduled_reports", ignore_result=True, expires=55)
def make_scheduled_reports() -> None:
    """Ask for the reports that are due by the calendar, and tell people of those that are finished."""
    for report in make_due_reports():
        render_report.delay_on_commit(report)
    tell_of_made()
