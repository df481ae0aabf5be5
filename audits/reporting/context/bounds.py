"""What the paper says of a run's bounds, of what is kept, and of a replay."""

from typing import Any

from audits.models import Run
from audits.run_limits import in_words

MOST_MET = 40


def bounds(run: Run) -> dict[str, Any]:
    """`limits`: each bound and what happens beyond it. `met`: what met one, and what came of it. `used`: the counts."""
    met = run.limit_events.select_related("wished_by").order_by("id")
    return {
        "limits": [list(pair) for pair in in_words(run.limits)],
        "used": run.limits_used,
        "met": [
            {
                "at": one.at.isoformat(),
                "limit": one.get_limit_display(),
                "what": one.get_answer_display() if one.answer else one.get_what_display(),
                "by": str(one.wished_by) if one.wished_by else "",
                "why": one.why,
                "host": one.host,
                "model": one.model,
            }
            for one in met[:MOST_MET]
        ],
        "met_total": met.count(),
        "content": run.content,
    }


def replay(run: Run) -> dict[str, Any] | None:
    """What was replayed and how it went; None: the run was no replay."""
    if not run.is_replay:
        return None
    return {
        "name": run.replay["name"],
        "root": run.replay.get("root", ""),
        "recorded_at": run.replay.get("recorded_at", ""),
        "same_source": run.source_sha256 == run.replay.get("source_sha256"),
        "counts": run.replay.get("counts", {}),
        "findings": run.replay.get("findings_compared", {}),
    }
