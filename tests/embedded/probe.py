"""A worker's application with one task of the tests, for the broker of the test session."""

import os
import time
from pathlib import Path

from compliance.celery import app

app.conf.beat_schedule = {}
app.conf.broker_transport_options = {
    "visibility_timeout": 1,
    "unacked_restore_interval": 0.5,
    "unacked_restore_throttle": 1,
}


@app.task(name="tests.embedded.probe.note")
def note(path: str, *, wait_for_ever: bool = False) -> None:
    """Append this worker's pid; the first time, when told so, never come back."""
    first = not Path(path).exists()
    with open(path, "a") as file:
        file.write(f"{os.getpid()}\n")
    while first and wait_for_ever:
        time.sleep(1)
