"""What people say about a finding: remarks with mentions and enclosures, and notes that lawyers keep among themselves."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from audits.access import may_read_privileged
from audits.actions.notices import tell
from audits.models import Assignment, Enclosure, Finding, Remark
from audits.queries.people import people_of_project
from compliance.actions.trail import record
from compliance.models import User

LONGEST: Final = 20_000
MOST_ENCLOSURES: Final = 5
LARGEST_ENCLOSURE: Final = 20 * 1024 * 1024
_MENTION = re.compile(r"(?<![\w@.])@([\w.@+-]{1,150})")


@dataclass(frozen=True)
class Kept:
    """A file that lies in the store of evidence already. Size in bytes."""

    name: str
    sha256: str
    size: int


@transaction.atomic
def remark(
    *, finding: Finding, body: str, privileged: bool, acting_user: User, enclosures: Sequence[Kept] = ()
) -> Remark:
    """Add to the discussion of a finding; whoever is mentioned or sees to the finding is told, if they may read it.

    Raises ValidationError for an empty or overlong text, and for too many enclosures.
    """
    text = body.strip()
    if not text:
        raise ValidationError({"body": "Write something."})
    if len(text) > LONGEST:
        raise ValidationError({"body": f"At most {LONGEST:,} characters; put the rest into an enclosure."})
    if len(enclosures) > MOST_ENCLOSURES:
        raise ValidationError({"enclosures": f"At most {MOST_ENCLOSURES} files go with one remark."})
    project = finding.run.pipeline.project
    made = Remark.objects.create(
        project=project, finding_key=finding.key, finding=finding, author=acting_user, body=text, privileged=privileged
    )
    Enclosure.objects.bulk_create(
        Enclosure(remark=made, name=one.name[:200], sha256=one.sha256, size=one.size) for one in enclosures
    )
    record(
        acting_user=acting_user, action="note written" if privileged else "remark written", subject=finding,
        project=project, remark=made.pk,
    )  # fmt: skip
    for person, why in _concerned(made).items():
        tell(
            user=person, kind=why, key=f"remark:{made.pk}", project=project,
            text=_told(made, why), address=f"/findings/{finding.pk}/#remark-{made.pk}",
        )  # fmt: skip
    return made


def _concerned(made: Remark) -> dict[User, str]:
    """Whom the remark is news to: those mentioned and whoever sees to the finding; never its author, never who may not read."""
    readers = people_of_project(made.project).exclude(pk=made.author_id)
    names = set(_MENTION.findall(made.body))
    mentioned = {
        person: "mentioned" for person in readers if person.username.rstrip(".") in {n.rstrip(".") for n in names}
    }
    held = (
        Assignment.objects.filter(project=made.project, finding_key=made.finding_key).select_related("assignee").first()
    )
    if held and held.assignee and held.assignee != made.author and held.assignee not in mentioned:
        mentioned[held.assignee] = "remarked"
    if not made.privileged:
        return mentioned
    return {person: why for person, why in mentioned.items() if may_read_privileged(person, made.project)}


def _told(made: Remark, why: str) -> str:
    """A notice never quotes: mail is less safe than the page."""
    what = "a privileged note" if made.privileged else "a remark"
    done = "mentions you in" if why == "mentioned" else "wrote"
    return f"{made.author} {done} {what} on “{made.finding.title}”"[:400]
