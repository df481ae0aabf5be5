"""Summing up by day whom logs name, so that nobody who asks for a sender has to read all entries (decision 0332)."""

import datetime as dt

from django.db import connection, transaction

_FORGET = "DELETE FROM audits_senderday WHERE pipeline_id = %(log)s AND day >= %(first)s AND day < %(end)s"
_SUM_UP = """
INSERT INTO audits_senderday (pipeline_id, day, served_by, account, person, key_hint, repeated, entries, calls,
    input_tokens, output_tokens, first_at, last_at)
SELECT entry.pipeline_id, (entry.at AT TIME ZONE 'UTC')::date AS day, served_by, account, person, key_hint,
    same.other_id IS NOT NULL AND NOT same.apart AS repeated,
    count(*), coalesce(sum(calls), 0), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
    min(entry.at), max(entry.at)
FROM audits_usageentry AS entry LEFT JOIN audits_samecall AS same ON same.entry_id = entry.id
WHERE entry.pipeline_id = %(log)s AND entry.at >= %(first)s AND entry.at < %(end)s AND kind <> 'cost'
    AND NOT (account = '' AND person = '' AND key_hint = '')
GROUP BY entry.pipeline_id, day, served_by, account, person, key_hint, repeated"""


@transaction.atomic
def sum_senders_up(pipeline_id: int, first: dt.datetime, end: dt.datetime) -> None:
    """Sum up anew whom a log names from `first` to before `end`, both midnights in UTC."""
    days: dict[str, int | dt.date] = {"log": pipeline_id, "first": first.date(), "end": end.date()}
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, days)
        cursor.execute(_SUM_UP, days | {"first": first, "end": end})
