# ruff: noqa: E501 - SQL reads better in whole lines
"""What the database refuses, whoever asks: triggers that hold for the application's own role too (decision 0240).

`ENABLE ALWAYS`: they fire under session_replication_role = replica as well. Only the owner of the tables can take them
off, which is why the application may run as another role (docs/evidence.md).
"""

FUNCTIONS = r"""
-- Nothing of a table may be changed or deleted; for tables whose every row is a record.
CREATE FUNCTION audits_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE restrict_violation USING
        MESSAGE = format('%s of %s is refused: what stands there is a record and stays as it was written', TG_OP, TG_TABLE_NAME),
        TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION audits_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM audits_seal) THEN
        RAISE restrict_violation USING
            MESSAGE = format('TRUNCATE of %s is refused: this database holds sealed evidence', TG_TABLE_NAME),
            TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION audits_refuse_under_hold(project bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE hold record;
BEGIN
    SELECT id, placed_at, reason INTO hold FROM audits_legalhold
    WHERE project_id = project AND lifted_at IS NULL ORDER BY id LIMIT 1;
    IF FOUND THEN
        RAISE restrict_violation USING MESSAGE = format(
            'nothing is erased: legal hold %s stands since %s (%s)', hold.id, to_char(hold.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
            left(hold.reason, 200));
    END IF;
END $$;

-- A row of a run that is sealed. Arguments: columns that may still change (JSON array), and what columns look like once
-- their contents are erased (JSON object). Erasing needs a row of audits_erasure, for the same project, written in the same
-- transaction and named by the setting clausetrail.erasure.
CREATE FUNCTION audits_keep_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner bigint;
    was jsonb;
    becomes jsonb;
    blanks jsonb;
    project bigint;
    erasure text;
BEGIN
    IF TG_TABLE_NAME = 'audits_run' THEN owner := OLD.id;
    ELSIF TG_TABLE_NAME = 'audits_rowmatch' THEN SELECT run_id INTO owner FROM audits_dataset WHERE id = OLD.dataset_id;
    ELSE owner := OLD.run_id;
    END IF;
    IF NOT EXISTS (SELECT FROM audits_seal WHERE run_id = owner) THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        was := to_jsonb(OLD) - ARRAY(SELECT jsonb_array_elements_text(TG_ARGV[0]::jsonb));
        becomes := to_jsonb(NEW) - ARRAY(SELECT jsonb_array_elements_text(TG_ARGV[0]::jsonb));
        IF was = becomes THEN RETURN NEW; END IF;
        blanks := TG_ARGV[1]::jsonb;
        erasure := current_setting('clausetrail.erasure', true);
        IF erasure ~ '^[0-9]+$' AND NOT EXISTS (
            SELECT FROM jsonb_each(becomes) AS told(name, value) WHERE told.value IS DISTINCT FROM was -> told.name
            AND told.value IS DISTINCT FROM blanks -> told.name
        ) THEN
            SELECT pipeline.project_id INTO project FROM audits_run JOIN audits_pipeline AS pipeline
                ON pipeline.id = audits_run.pipeline_id WHERE audits_run.id = owner;
            PERFORM audits_refuse_under_hold(project);
            IF EXISTS (SELECT FROM audits_erasure WHERE id = erasure::bigint AND project_id = project
                       AND at >= transaction_timestamp()) THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE restrict_violation USING
        MESSAGE = format('%s of %s is refused: run %s is sealed, its evidence stays as it was recorded', TG_OP, TG_TABLE_NAME, owner),
        HINT = 'Contents are erased on the evidence page of the project, which leaves their hashes.', TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION audits_nothing_joins_a_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE sealed bigint;
BEGIN
    IF TG_TABLE_NAME = 'audits_rowmatch' THEN
        SELECT run_id INTO sealed FROM (SELECT DISTINCT dataset_id FROM written) AS named
        JOIN audits_dataset ON audits_dataset.id = named.dataset_id
        WHERE EXISTS (SELECT FROM audits_seal WHERE audits_seal.run_id = audits_dataset.run_id) LIMIT 1;
    ELSE
        SELECT named.run_id INTO sealed FROM (SELECT DISTINCT run_id FROM written) AS named
        WHERE EXISTS (SELECT FROM audits_seal WHERE audits_seal.run_id = named.run_id) LIMIT 1;
    END IF;
    IF FOUND THEN
        RAISE restrict_violation USING
            MESSAGE = format('INSERT into %s is refused: run %s is sealed, nothing is added to its evidence', TG_TABLE_NAME, sealed),
            TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

-- Entries of an import that was read: later exports of the same period may raise sums, a model's name may become known.
CREATE FUNCTION audits_keep_imported() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb;
    becomes jsonb;
    mutable text[] := ARRAY['provider'];
    blanks jsonb := '{"prompt_excerpt": "", "output_excerpt": "", "person": "", "key_hint": "", "raw": ""}';
    project bigint;
    erasure text := current_setting('clausetrail.erasure', true);
BEGIN
    IF EXISTS (SELECT FROM audits_import WHERE id = OLD.imported_id AND state IN ('waiting', 'reading')) THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        was := to_jsonb(OLD);
        becomes := to_jsonb(NEW);
        IF was ->> 'kind' IN ('usage', 'cost') THEN
            mutable := mutable || ARRAY['calls', 'input_tokens', 'output_tokens', 'cost'];
        END IF;
        IF was - mutable = becomes - mutable THEN RETURN NEW; END IF;
        IF erasure ~ '^[0-9]+$' AND NOT EXISTS (
            SELECT FROM jsonb_each(becomes) AS told(name, value) WHERE told.value IS DISTINCT FROM was -> told.name
            AND told.value IS DISTINCT FROM blanks -> told.name
        ) THEN
            SELECT pipeline.project_id INTO project FROM audits_import JOIN audits_pipeline AS pipeline
                ON pipeline.id = audits_import.pipeline_id WHERE audits_import.id = OLD.imported_id;
            PERFORM audits_refuse_under_hold(project);
            IF EXISTS (SELECT FROM audits_erasure WHERE id = erasure::bigint AND project_id = project
                       AND at >= transaction_timestamp()) THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE restrict_violation USING
        MESSAGE = format('%s of %s is refused: import %s was read, what it brought stays as it was', TG_OP, TG_TABLE_NAME, OLD.imported_id),
        TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION audits_keep_import() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.finished_at IS NULL THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.pipeline_id, OLD.token_id, OLD.source, OLD.name, OLD.sha256, OLD.requested_by_id, OLD.requested_at)
        IS NOT DISTINCT FROM (NEW.pipeline_id, NEW.token_id, NEW.source, NEW.name, NEW.sha256, NEW.requested_by_id, NEW.requested_at)
        AND (OLD.parts = NEW.parts OR (OLD.token_id IS NOT NULL AND NEW.parts @> OLD.parts)) THEN
        RETURN NEW;
    END IF;
    RAISE restrict_violation USING
        MESSAGE = format('%s of audits_import is refused: import %s was read, what was given stays on record', TG_OP, OLD.id),
        TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION audits_keep_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'ready' OR OLD.context_sha256 = '' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.run_id, OLD.number, OLD.state, OLD.context_sha256, OLD.pdf_sha256, OLD.finished_at, OLD.pages, OLD.size)
        IS NOT DISTINCT FROM (NEW.run_id, NEW.number, NEW.state, NEW.context_sha256, NEW.pdf_sha256, NEW.finished_at, NEW.pages, NEW.size) THEN
        RETURN NEW;
    END IF;
    RAISE restrict_violation USING
        MESSAGE = format('%s of audits_report is refused: report %s was made and stays as it is', TG_OP, OLD.id), TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION audits_lift_holds_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL AND
        (to_jsonb(OLD) - ARRAY['lifted_at', 'lifted_by_id', 'lifted_because']) = (to_jsonb(NEW) - ARRAY['lifted_at', 'lifted_by_id', 'lifted_because'])
    THEN RETURN NEW; END IF;
    RAISE restrict_violation USING MESSAGE = format('legal hold %s stays on record as it is; it can be lifted once', OLD.id);
END $$;

CREATE FUNCTION audits_removed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.removed_at IS NULL AND (to_jsonb(OLD) - 'removed_at') = (to_jsonb(NEW) - 'removed_at') THEN RETURN NEW; END IF;
    RAISE restrict_violation USING MESSAGE = 'UPDATE of audits_erasedcontent is refused: what was erased stays on record';
END $$;

CREATE FUNCTION audits_proofs_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'waiting' AND (OLD.seal_id, OLD.kind, OLD.place) IS NOT DISTINCT FROM (NEW.seal_id, NEW.kind, NEW.place) THEN
        RETURN NEW;
    END IF;
    RAISE restrict_violation USING MESSAGE = format('proof %s of a seal is there and stays as it is', OLD.id);
END $$;

CREATE FUNCTION audits_no_erasure_under_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM audits_refuse_under_hold(NEW.project_id);
    RETURN NEW;
END $$;
"""

# Table → columns that may still change once the run is sealed, and what erased columns look like.
SEALED = {
    "audits_run": (
        '["state", "finished_at", "heartbeat_at", "worker", "cancel_requested_at", "reason", "traceback", "outcome", "summary"]',
        '{"prompts": {}}',
    ),
    "audits_exchange": ("[]", '{"target": "", "address": "", "request_headers": [], "response_headers": []}'),
    "audits_modelcall": ('["provider", "served_by"]', '{"prompt_excerpt": "", "output_excerpt": "", "response_id": ""}'),
    "audits_connection": ("[]", '{"address": ""}'),
    "audits_gap": ("[]", "{}"),
    "audits_logline": ("[]", '{"text": ""}'),
    "audits_dataset": ("[]", "{}"),
    "audits_rowmatch": ("[]", "{}"),
    "audits_student": ("[]", "{}"),
}  # fmt: skip
# The audit says a last word in the log after it has sealed, and a run's own row is no evidence of its own.
CLOSED = [table for table in SEALED if table not in ("audits_run", "audits_logline")]
RECORDS = (
    "audits_evidenceentry", "audits_seal", "audits_look", "audits_erasure", "audits_decision", "compliance_trailentry",
)  # fmt: skip
OWN_RULES = {
    "audits_usageentry": ("keep_imported", "UPDATE OR DELETE", "audits_keep_imported()"),
    "audits_rejectedline": ("keep_imported", "UPDATE OR DELETE", "audits_keep_imported()"),
    "audits_import": ("keep_import", "UPDATE OR DELETE", "audits_keep_import()"),
    "audits_report": ("keep_report", "UPDATE OR DELETE", "audits_keep_report()"),
    "audits_legalhold": ("lift_once", "UPDATE", "audits_lift_holds_once()"),
    "audits_erasedcontent": ("removed_once", "UPDATE", "audits_removed_once()"),
    "audits_sealproof": ("proofs_stay", "UPDATE", "audits_proofs_stay()"),
}
UNDELETED = ("audits_legalhold", "audits_erasedcontent", "audits_sealproof")
TABLES = sorted({*SEALED, *RECORDS, *OWN_RULES})


def _triggers() -> list[tuple[str, str, str]]:
    """(table, name, what follows CREATE TRIGGER name) of all of them."""
    made = []
    for table, (mutable, blanks) in SEALED.items():
        call = f"EXECUTE FUNCTION audits_keep_sealed('{mutable}', '{blanks}')"
        made.append((table, "keep_sealed", f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {call}"))
    for table in CLOSED:
        call = "FOR EACH STATEMENT EXECUTE FUNCTION audits_nothing_joins_a_seal()"
        made.append((table, "nothing_joins", f"AFTER INSERT ON {table} REFERENCING NEW TABLE AS written {call}"))
    for table in RECORDS:
        call = "FOR EACH ROW EXECUTE FUNCTION audits_refuse_change()"
        made.append((table, "keep_records", f"BEFORE UPDATE OR DELETE ON {table} {call}"))
    for table, (name, events, function) in OWN_RULES.items():
        made.append((table, name, f"BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}"))
    for table in UNDELETED:
        call = "FOR EACH ROW EXECUTE FUNCTION audits_refuse_change()"
        made.append((table, "keep_records", f"BEFORE DELETE ON {table} {call}"))
    for table in TABLES:
        call = "FOR EACH STATEMENT EXECUTE FUNCTION audits_refuse_truncate()"
        made.append((table, "no_truncate", f"BEFORE TRUNCATE ON {table} {call}"))
    hold = "BEFORE INSERT ON audits_erasure FOR EACH ROW EXECUTE FUNCTION audits_no_erasure_under_hold()"
    return [*made, ("audits_erasure", "not_under_hold", hold)]


FORWARD = FUNCTIONS + "\n".join(
    f"CREATE TRIGGER {name} {rest};\nALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};"
    for table, name, rest in _triggers()
)
BACKWARD = (
    "\n".join(f"DROP TRIGGER {name} ON {table};" for table, name, _ in reversed(_triggers()))
    + """
DROP FUNCTION audits_no_erasure_under_hold, audits_proofs_stay, audits_removed_once, audits_lift_holds_once, audits_keep_report,
    audits_keep_import, audits_keep_imported, audits_nothing_joins_a_seal, audits_keep_sealed, audits_refuse_under_hold,
    audits_refuse_truncate, audits_refuse_change;
"""
)
