"""The roll-up of lineage, written anew for a run: what the graph reads instead of every match of a row."""

from django.db import connection, transaction

from audits.models import TaughtCalls, TaughtRows

# A technique's rank stands before its name, so that the least of them is the best; one that is not known here counts for
# more than a label, since it brought text.
_RANKED = """
    coalesce(array_position(ARRAY['exact', 'normalised', 'contained', 'near'], matched.kind::text),
             CASE WHEN matched.kind = 'label' THEN 6 ELSE 5 END)::text || matched.kind
"""
_ROWS = f"""
    INSERT INTO audits_taughtrows
        (dataset_id, provider, served_by, model, purpose, kind, text_day, last_day, rows, shared_rows)
    WITH by_calls AS (
        SELECT matched.dataset_id, matched."row", call.provider, call.served_by, call.request_model, call.purpose,
               substr(min({_RANKED}), 2) AS kind,
               max((call.at AT TIME ZONE 'UTC')::date) FILTER (WHERE matched.kind <> 'label') AS text_day,
               max((call.at AT TIME ZONE 'UTC')::date) AS last_day
        FROM audits_rowmatch matched
        JOIN audits_dataset dataset ON dataset.id = matched.dataset_id
        JOIN audits_modelcall call ON call.id = matched.call_id
        WHERE dataset.run_id = %s
        GROUP BY 1, 2, 3, 4, 5, 6
    ), shared AS (
        SELECT *, count(*) OVER (PARTITION BY dataset_id, "row") > 1 AS with_others FROM by_calls
    )
    SELECT dataset_id, provider, served_by, request_model, purpose, kind, text_day, last_day,
           count(*), count(*) FILTER (WHERE with_others)
    FROM shared GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""  # noqa: S608 - its only variable part is the constant above
_CALLS = f"""
    INSERT INTO audits_taughtcalls
        (run_id, dataset_id, provider, served_by, model, purpose, kind, day, calls, input_tokens, output_tokens, answer_bytes)
    WITH asked AS (
        SELECT call.*, exchange.response_size / count(*) OVER (PARTITION BY call.exchange_id) AS bytes
        FROM audits_modelcall call JOIN audits_exchange exchange ON exchange.id = call.exchange_id
        WHERE call.run_id = %s
    ), held AS (
        SELECT matched.call_id, matched.dataset_id, substr(min({_RANKED}), 2) AS kind
        FROM audits_rowmatch matched JOIN audits_dataset dataset ON dataset.id = matched.dataset_id
        WHERE dataset.run_id = %s
        GROUP BY GROUPING SETS ((matched.call_id, matched.dataset_id), (matched.call_id))
    )
    SELECT asked.run_id, held.dataset_id, asked.provider, asked.served_by, asked.request_model, asked.purpose, held.kind,
           (asked.at AT TIME ZONE 'UTC')::date, count(*), coalesce(sum(asked.input_tokens), 0),
           coalesce(sum(asked.output_tokens), 0), coalesce(sum(asked.bytes), 0)
    FROM held JOIN asked ON asked.id = held.call_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""  # noqa: S608 - its only variable part is the constant above


@transaction.atomic
def roll_lineage_up(run_id: int) -> None:
    """Count which rows of a run's data sets which calls taught. To be called when its matches and purposes are settled.

    Days are those of UTC, as in the roll-up of usage. Four statements, whatever the number of rows.
    """
    TaughtRows.objects.filter(dataset__run=run_id).delete()
    TaughtCalls.objects.filter(run=run_id).delete()
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [run_id])
        cursor.execute(_CALLS, [run_id, run_id])
