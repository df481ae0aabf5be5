"""The Celery application. Settings of the broker come from compliance/settings.py; how tasks behave is said here.

Tasks import `app` from here and use `@app.task`. Short ones are acknowledged when they are done, so that a killed worker's
come back; they must bear being run twice. A long one (an audit) says `acks_late=False` and is found again by its own record.
"""

import os
import tempfile
from contextlib import ExitStack
from multiprocessing.util import get_temp_dir
from pathlib import Path
from typing import Final

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, worker_init, worker_ready
from kombu.entity import Queue

from compliance.held_folders import held_folder

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance.settings")

app = Celery("clausetrail")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    event_serializer="json",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # A worker takes a task when it has a free hand, not one in reserve: a reserved one would wait behind an audit for hours.
    worker_disable_prefetch=True,
    worker_max_tasks_per_child=100,  # WeasyPrint and pandas keep memory that they no longer use
    worker_hijack_root_logger=False,  # settings.LOGGING stands
    task_default_queue="default",
    task_queues=[Queue(name) for name in ("default", "audits")],
    task_create_missing_queues=False,
    task_routes={"audits.run_audit": {"queue": "audits"}},
    beat_schedule={
        # Expires before the next one: while no worker runs, reminders must not pile up.
        "mark stale runs": {"task": "audits.tasks.mark_stale_runs", "schedule": 30.0, "options": {"expires": 25}},
        "follow ends": {"task": "audits.tasks.follow_ends", "schedule": 60.0, "options": {"expires": 55}},
        # At an hour rather than each day after the start: an installation that is restarted daily would never come to it.
        "forget old logs": {
            "task": "audits.tasks.forget_old_logs",
            "schedule": crontab(minute="40", hour="3"),
            "options": {"expires": 80_000},
        },
        "seal what ended": {"task": "audits.tasks.seal_what_ended", "schedule": 60.0, "options": {"expires": 55}},
        "count sealed runs": {"task": "audits.tasks.count_sealed_runs", "schedule": 60.0, "options": {"expires": 55}},
        "proofs of seals": {"task": "audits.tasks.get_proofs", "schedule": 30.0, "options": {"expires": 25}},
        "retention": {"task": "audits.tasks.erase_what_expired", "schedule": 3600.0, "options": {"expires": 3000}},
        "judge anew": {"task": "audits.tasks.rejudge_after_changes", "schedule": 5.0, "options": {"expires": 5}},
        "judge received": {"task": "audits.tasks.judge_received", "schedule": 60.0, "options": {"expires": 55}},
        "look for patterns": {
            "task": "audits.tasks.look_for_new_patterns",
            "schedule": 3600.0,
            "options": {"expires": 3000},
        },
        "webhooks": {"task": "audits.tasks.deliver_webhooks", "schedule": 5.0, "options": {"expires": 5}},
        "mail": {"task": "audits.tasks.mail_notices", "schedule": 60.0, "options": {"expires": 55}},
        "remind": {"task": "audits.tasks.remind_people", "schedule": 3600.0, "options": {"expires": 3000}},
        "reports by the calendar": {
            "task": "audits.tasks.make_scheduled_reports",
            "schedule": 60.0,
            "options": {"expires": 55},
        },
        "watch sources": {"task": "compliance.tasks.watch_sources", "schedule": 60.0, "options": {"expires": 55}},
        "agreements that end": {"task": "compliance.tasks.tell_of_ending_agreements", "schedule": 3600.0},
        "forget answers": {"task": "compliance.tasks.forget_answers", "schedule": 3600.0, "options": {"expires": 3000}},
        "read new texts": {"task": "compliance.tasks.read_texts", "schedule": 60.0, "options": {"expires": 55}},
    },
)
app.autodiscover_tasks()


def tell_ready(**_: object) -> None:
    """Tell whoever started this worker or beat that it works now, by the file named in CLAUSETRAIL_READY_FILE."""
    path = os.environ.get("CLAUSETRAIL_READY_FILE")
    if path:
        Path(path).touch()


_FOLDER: Final = "clausetrail-worker-"
_held = ExitStack()


def lay_together(**_: object) -> None:
    """Have multiprocessing lay what the pool shares into a folder that goes with this worker, or with the next if it is killed.

    It makes its folder where temporary files lie when it is first asked for it, and never again.
    """
    usual = tempfile.tempdir
    tempfile.tempdir = str(_held.enter_context(held_folder(_FOLDER)))
    try:
        get_temp_dir()
    finally:
        tempfile.tempdir = usual


worker_init.connect(lay_together)
worker_ready.connect(tell_ready)
beat_init.connect(tell_ready)
