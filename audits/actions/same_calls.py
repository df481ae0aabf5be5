"""Finding calls that several sources tell of, so that each counts once (decision 0327)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

# Session-wide name of the locks: two that write into one project at once would not see each other's rows.
LOCK = 0x53414D45
# Row by row, by index: the planner knows nothing of how many a batch has, and would read the whole table for each.
_TOLD_ELSEWHERE = """
SELECT given.{column} FROM {given} AS given, LATERAL (SELECT FROM audits_usageentry AS other
    WHERE other.{column} = given.{column} AND (other.pipeline_id, other.key) <> (given.pipeline_id, given.key) LIMIT 1) AS other
WHERE given.kind = 'call' AND given.{column} IS NOT NULL
UNION SELECT given.{column} FROM {given} AS given, LATERAL (SELECT FROM audits_recordedid
    WHERE key = given.{column} LIMIT 1) AS recorded
WHERE given.kind = 'call' AND given.{column} IS NOT NULL"""
_OF_RUN = """
SELECT entry.{column} FROM audits_recordedid AS recorded
JOIN audits_usageentry AS entry ON entry.{column} = recorded.key WHERE recorded.run_id = %(run)s"""
# Of two entries the one counts that did not fail, says its tokens and was written first; so decisions stay where they were made.
_RANK = "ARRAY[{0}.failed::int, (coalesce({0}.input_tokens, {0}.output_tokens) IS NULL)::int, {0}.id]"
_PROVIDER = "coalesce(nullif({0}.provider, ''), {0}.served_by)"
_APART = f"""({_PROVIDER.format("entry")} <> {_PROVIDER.format("other")}
    AND {_PROVIDER.format("entry")} <> '' AND {_PROVIDER.format("other")} <> '')"""
_MODELS = "array_remove(ARRAY[{0}.request_model, {0}.response_model], '')"
_DIFFERS = f"""concat_ws(',', CASE WHEN {_APART} THEN 'provider' END,
    CASE WHEN entry.failed <> other.failed THEN 'outcome' END,
    CASE WHEN (entry.input_tokens <> other.input_tokens OR entry.output_tokens <> other.output_tokens) THEN 'tokens' END,
    CASE WHEN NOT ({_MODELS.format("entry")} && {_MODELS.format("other")})
        AND cardinality({_MODELS.format("entry")}) > 0 AND cardinality({_MODELS.format("other")}) > 0 THEN 'model' END,
    CASE WHEN abs(extract(epoch FROM entry.at - other.at)) > 600 THEN 'time' END)"""
# Whose a log is, asked of each row found: joined, the planner would begin with all that the project's logs hold.
_OF_PROJECT = "(SELECT project_id FROM audits_pipeline WHERE audits_pipeline.id = {0}.pipeline_id) = %(project)s"
_TOUCHED = f"""
SELECT entry.* FROM (SELECT id FROM audits_usageentry WHERE response_key = ANY(%(answers)s)
    UNION SELECT id FROM audits_usageentry WHERE request_key = ANY(%(requests)s)) AS named
JOIN audits_usageentry AS entry ON entry.id = named.id
WHERE entry.kind = 'call' AND {_OF_PROJECT.format("entry")}"""  # noqa: S608 - all of these are texts of this module
# A request's id is trusted between sources only, and where the answers' ids don't say otherwise: clients may send one of
# their own again and again.
_SAME_REQUEST = """other.pipeline_id <> entry.pipeline_id
    AND (other.response_key IS NULL OR entry.response_key IS NULL) AND"""
# OFFSET 0: what has the id comes first, by its index, and is looked at then.
_OTHER = f"""
SELECT other.id AS other_id, {_APART} AS apart, {_DIFFERS} AS differs, {_RANK.format("other")} AS rank
FROM (SELECT * FROM audits_usageentry WHERE {{column}} = entry.{{column}} OFFSET 0) AS other
WHERE {{trusted}} other.kind = 'call' AND other.id <> entry.id AND {_OF_PROJECT.format("other")}
AND ({_APART} OR {_RANK.format("other")} < {_RANK.format("entry")})"""  # noqa: S608
_CALL = f"""
SELECT other.id AS call_id, other.run_id, {_APART} OR (other.failed AND NOT entry.failed) AS apart, {_DIFFERS} AS differs
FROM (SELECT call_id, run_id FROM audits_recordedid WHERE key = entry.{{column}} OFFSET 0) AS recorded
JOIN audits_modelcall AS other ON other.id = recorded.call_id
WHERE {{trusted}} EXISTS (SELECT FROM audits_usagesignature WHERE run_id = recorded.run_id)
AND (SELECT {_OF_PROJECT.format("run")} FROM audits_run AS run WHERE run.id = recorded.run_id)"""  # noqa: S608
# Entry by entry, by index: the planner knows nothing of how many a batch has, and would compare each with each.
_FOUND = f"""
SELECT entry.id, entry.pipeline_id, others.other_id, recorded.call_id, recorded.run_id,
    coalesce(others.apart, true) AND coalesce(recorded.apart, true) AS apart,
    coalesce(recorded.differs, '') AS from_call, coalesce(others.differs, '') AS from_other,
    coalesce(recorded.apart, true) AS call_apart, coalesce(others.apart, true) AS other_apart
FROM ({_TOUCHED}) AS entry
LEFT JOIN LATERAL (SELECT * FROM ({_OTHER.format(column="response_key", trusted="")}
    UNION ALL {_OTHER.format(column="request_key", trusted=_SAME_REQUEST)}) AS alike
    ORDER BY apart, rank LIMIT 1) AS others ON true
LEFT JOIN LATERAL (SELECT * FROM ({_CALL.format(column="response_key", trusted="")}
    UNION ALL {_CALL.format(column="request_key", trusted="(other.response_id = '' OR entry.response_key IS NULL) AND")}) AS alike
    ORDER BY apart, call_id LIMIT 1) AS recorded ON true"""  # noqa: S608
_DAY = "(SELECT (at AT TIME ZONE 'UTC')::date FROM audits_usageentry WHERE audits_usageentry.id = {0}.entry_id) AS day"
_RENEW = f"""
WITH found AS MATERIALIZED ({_FOUND}),
named AS (SELECT id, pipeline_id, apart,
    CASE WHEN apart OR NOT other_apart THEN other_id END AS other_id,
    CASE WHEN apart OR NOT call_apart THEN call_id END AS call_id,
    CASE WHEN apart OR NOT call_apart THEN run_id END AS run_id,
    concat_ws(',', nullif(from_call, ''), nullif(CASE WHEN from_other <> from_call THEN from_other END, '')) AS differs
    FROM found WHERE call_id IS NOT NULL OR other_id IS NOT NULL),
gone AS (DELETE FROM audits_samecall AS known
    WHERE entry_id = ANY(ARRAY(SELECT id FROM found WHERE call_id IS NULL AND other_id IS NULL))
    RETURNING pipeline_id, {_DAY.format("known")}),
written AS (INSERT INTO audits_samecall AS known (entry_id, pipeline_id, other_id, call_id, run_id, apart, differs, at)
    SELECT id, pipeline_id, other_id, call_id, run_id, apart, differs, now() FROM named
    ON CONFLICT (entry_id) DO UPDATE SET other_id = excluded.other_id, call_id = excluded.call_id, run_id = excluded.run_id,
        apart = excluded.apart, differs = excluded.differs, at = excluded.at
    WHERE (known.other_id, known.call_id, known.apart, known.differs)
        IS DISTINCT FROM (excluded.other_id, excluded.call_id, excluded.apart, excluded.differs)
    RETURNING pipeline_id, {_DAY.format("known")})
SELECT pipeline_id, min(day), max(day) FROM (SELECT * FROM gone UNION ALL SELECT * FROM written) AS changed
GROUP BY pipeline_id"""  # noqa: S608


class Days(NamedTuple):
    """Days of a log of which calls came to be counted otherwise, both included."""

    first: dt.date
    last: dt.date


Changed = Mapping[int, Days]


def together(*several: Changed) -> dict[int, Days]:
    """Days changed by several steps, by the log's number."""
    found: defaultdict[int, list[Days]] = defaultdict(list)
    for changed in several:
        for log, days in changed.items():
            found[log].append(days)
    return {log: Days(min(one.first for one in all_), max(one.last for one in all_)) for log, all_ in found.items()}


def one_at_a_time(project_id: int) -> None:
    """Until the transaction ends, nobody else writes entries of this project that have ids, or counts its calls."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, project_id])


def find_same_calls(project_id: int, written: str) -> Changed:
    """See which entries of the project have an id in common with another source; tells what changed by that.

    `written`: the table of what was just written, with the columns of entries. Within the caller's transaction, which holds
    `one_at_a_time`.
    """
    with _by_index() as cursor:
        again = {
            "answers": _told_elsewhere(cursor, "response_key", written),
            "requests": _told_elsewhere(cursor, "request_key", written),
        }
        return _renewed(cursor, project_id, again)


@contextmanager
def _by_index() -> Iterator[CursorWrapper]:
    """By the indexes on ids, whatever the planner thinks of tables that have just grown: reading all entries for each batch
    of an import would take longer than reading the file."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan TO off; SET LOCAL jit TO off")
        yield cursor
        cursor.execute("SET LOCAL enable_seqscan TO on")


def _told_elsewhere(cursor: CursorWrapper, column: str, written: str) -> list[UUID]:
    cursor.execute(_TOLD_ELSEWHERE.format(column=column, given=connection.ops.quote_name(written)))
    return [row[0] for row in cursor.fetchall()]


def _renewed(cursor: CursorWrapper, project_id: int, keys: Mapping[str, list[UUID]]) -> Changed:
    if not any(keys.values()):
        return {}
    cursor.execute(_RENEW, {"project": project_id, **keys})
    return {log: Days(first, last) for log, first, last in cursor.fetchall()}


@transaction.atomic
def find_recorded_calls(run_id: int, project_id: int) -> Changed:
    """See which entries of the project's logs tell of calls that this run recorded; tells what changed by that."""
    one_at_a_time(project_id)
    keys: dict[str, list[UUID]] = {}
    with _by_index() as cursor:
        for name, column in (("answers", "response_key"), ("requests", "request_key")):
            cursor.execute(_OF_RUN.format(column=column), {"run": run_id})
            keys[name] = [row[0] for row in cursor.fetchall()]
        return _renewed(cursor, project_id, keys)
