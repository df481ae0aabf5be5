"""From records of a log to rows: who developed the model and who served it, by the catalogue."""

from functools import lru_cache
from typing import Any

from audits.actions.ingesting import EntryRow
from audits.ingest.channels import served_by
from audits.ingest.identities import key_bytes
from audits.ingest.reading import Found
from audits.ingest.records import UsageRecord
from audits.models import Import
from audits.text import storable
from compliance.engine.catalogue import find_host, resolve_model
from compliance.engine.library import Library

_TEXTS = (
    "host", "model", "response_model", "operation", "account", "person", "key", "prompt", "output", "response_id", "request_id",
)  # fmt: skip


def _storable(one: UsageRecord) -> UsageRecord:
    """The record without what no column holds: JSON within JSON, as logs have it in places, brings NUL and halves of
    characters past the reading of the line, and one such text would fail the thousands of records that are written with it.
    """
    text = (
        one.host + one.model + one.response_model + one.operation + one.account + one.person + one.key + one.prompt
        + one.output + one.response_id + one.request_id
    )  # fmt: skip
    if ("\0" not in text and text.isascii()) or storable(text) == text:
        return one
    kept: dict[str, Any] = {field: storable(getattr(one, field)) for field in _TEXTS}
    return one._replace(**kept)


class Rows:
    """Makes rows of records: who developed the model and who served it, by the catalogue of one library."""

    def __init__(self, imported: Import, library: Library) -> None:
        self._imported, self._pipeline = imported.pk, imported.pipeline_id
        self._purpose = str(imported.declared.get("purpose") or "")
        self._library = library
        self._developers = {host.developer for host in library.hosts if host.developer == host.served_by}
        self._who = lru_cache(8192)(self._who_was_it)

    def row(self, found: Found) -> EntryRow:
        """The row of a record."""
        one = _storable(found.record)
        provider, served = self._who(one.channel, one.host, one.model or one.response_model)
        return EntryRow(
            self._imported, self._pipeline, found.key, found.line, one.kind, one.at, one.until, one.host,
            provider, served, one.operation[:60], one.model, one.response_model, one.calls, one.failed, one.status,
            one.input_tokens, one.output_tokens, one.cost, one.currency, one.account[:120], one.person[:120], one.key[:80],
            self._purpose, one.prompt, one.output, one.response_id, one.request_id,
            key_bytes(one.response_id, one.position), key_bytes(one.request_id, one.position),
        )  # fmt: skip

    def _who_was_it(self, channel: str, host: str, model: str) -> tuple[str, str]:
        """Developer and channel: a channel of one developer's own (not Azure, not Bedrock) tells the developer too."""
        entry = find_host(host, self._library) if host else None
        served = served_by(channel, host) or (entry.served_by if entry else "")
        developer = (entry.developer if entry else "") or (served if served in self._developers else "")
        resolved = resolve_model(model, developer, self._library) if model else None
        return ((resolved.developer if resolved else "") or developer)[:60], served[:60]
