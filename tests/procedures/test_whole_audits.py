"""A pipeline under audit from end to end."""

from tests.procedures.conftest import Lab, left_on_disk

TEACHES = """
rows = [{"text": ask(f"Question {number}: why does the sky look blue at noon?")} for number in range(4)]
write("out/train.jsonl", rows + [{"text": "written by a person, with nobody asked, about something else entirely"}])
print("done")
"""


def test_every_call_is_recorded_and_every_row_accounted_for(lab: Lab):
    before = len(lab.teacher.served())
    run = lab.audit(TEACHES)
    assert run.state == "completed", run.traceback or run.reason
    assert run.calls.count() == len(lab.teacher.served()) - before == 4
    dataset = run.datasets.get()
    assert (dataset.rows, dataset.derived_rows, dataset.gap) == (5, 4, "")
    assert left_on_disk(run) == []
