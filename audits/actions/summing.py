"""Summing up what logs tell, by day: of what, by whom, and brought by which import; so that no page has to read all entries.

One statement reads the entries once for all three (decision 0332): a receiver is told every few seconds, and each time a day
is summed up anew.
"""

import datetime as dt

from django.db import connection, transaction

# Session-wide name of the lock: of two that sum up the same day at once, neither would see, and forget, what the other writes.
LOCK = 0x53554D53
_FORGET = "DELETE FROM {} WHERE pipeline_id = %(log)s AND day >= %(first_day)s AND day < %(end_day)s"
# Costs are kept below ten thousand million a day: what is beyond was made up, and must not fail the log that it stands in.
_TABLES = ("audits_usageday", "audits_senderday", "audits_importedday")
_SUM_UP = """
WITH told AS MATERIALIZED (
    SELECT imported_id, (entry.at AT TIME ZONE 'UTC')::date AS day, kind, provider, served_by, request_model AS model, operation,
        account, person, key_hint, purpose, currency,
        CASE WHEN same.id IS NULL OR same.apart THEN '' WHEN same.other_id IS NOT NULL THEN 'repeated'
            WHEN EXISTS (SELECT FROM audits_assesseduse WHERE run_id = same.run_id) THEN 'recorded' ELSE 'noted' END AS seen,
        count(*) AS entries, sum(calls) AS calls, count(*) FILTER (WHERE calls IS NULL AND kind = 'usage') AS uncounted,
        sum(calls) FILTER (WHERE failed) AS failed, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        sum(cost) AS cost, min(entry.at) AS first_at, max(entry.at) AS last_at
    FROM audits_usageentry AS entry LEFT JOIN audits_samecall AS same ON same.entry_id = entry.id
    WHERE entry.pipeline_id = %(log)s AND entry.at >= %(first)s AND entry.at < %(end)s
    GROUP BY imported_id, day, kind, provider, served_by, model, operation, account, person, key_hint, purpose, currency, seen
), days AS (
    INSERT INTO audits_usageday (pipeline_id, day, kind, provider, served_by, model, operation, account, purpose, seen, calls,
        uncounted, failed, input_tokens, output_tokens, cost, currency)
    SELECT %(log)s, day, kind, provider, served_by, model, operation, account, purpose, seen, coalesce(sum(calls), 0),
        sum(uncounted), coalesce(sum(failed), 0), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
        least(greatest(coalesce(sum(cost), 0), -9999999999), 9999999999), currency
    FROM told GROUP BY day, kind, provider, served_by, model, operation, account, purpose, seen, currency
), senders AS (
    INSERT INTO audits_senderday (pipeline_id, day, served_by, account, person, key_hint, repeated, entries, calls,
        input_tokens, output_tokens, first_at, last_at)
    SELECT %(log)s, day, served_by, account, person, key_hint, seen = 'repeated' AS repeated, sum(entries),
        coalesce(sum(calls), 0), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), min(first_at), max(last_at)
    FROM told WHERE kind <> 'cost' AND NOT (account = '' AND person = '' AND key_hint = '')
    GROUP BY day, served_by, account, person, key_hint, repeated
)
INSERT INTO audits_importedday (pipeline_id, imported_id, day, provider, served_by, model, currency, entries, calls,
    input_tokens, output_tokens, cost)
SELECT %(log)s, imported_id, day, provider, served_by, model, currency, sum(entries), sum(calls), sum(input_tokens),
    sum(output_tokens), CASE WHEN sum(cost) IS NOT NULL THEN least(greatest(sum(cost), -9999999999), 9999999999) END
FROM told GROUP BY imported_id, day, provider, served_by, model, currency"""


def days_of(first: dt.datetime, last: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The midnight (UTC) before `first`, and the one after `last`."""
    return _midnight(first), _midnight(last) + dt.timedelta(days=1)


def _midnight(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@transaction.atomic
def sum_up_days(pipeline_id: int, first: dt.datetime, end: dt.datetime) -> None:
    """Sum the days of a log from `first` to before `end` (both midnights in UTC) up anew."""
    asked: dict[str, int | dt.date] = {
        "log": pipeline_id, "first": first, "end": end, "first_day": first.date(), "end_day": end.date(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, pipeline_id])
        for table in _TABLES:
            cursor.execute(_FORGET.format(table), asked)
        # Groups are few and entries many. Of entries that came a moment ago the planner knows nothing, and would sort them.
        cursor.execute("SET LOCAL work_mem TO '64MB'; SET LOCAL enable_sort TO off")
        cursor.execute(_SUM_UP, asked)
        cursor.execute("SET LOCAL work_mem TO DEFAULT; SET LOCAL enable_sort TO DEFAULT")
