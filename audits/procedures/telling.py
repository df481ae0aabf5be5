"""The bytes and headers of a delivery: signed as Standard Webhooks has it, or a line of text as Slack takes it. Pure."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

USER_AGENT: Final = "Clausetrail-Webhooks/1"
LONGEST_TEXT: Final = 2_900
"""Characters of one block that Slack shows."""
WORDS: Final = {
    "run.ended": "{pipeline}, run {run} {state}",
    "finding.new": "{pipeline}, run {run}: {total} new findings",
    "finding.changed": "Judged anew: {total} findings changed",
    "decision.made": "Decided ({decision}): {title}",
    "decision.ending": "{words}: {title}",
    "facts.asked": "A fact is asked for about: {title}",
    "facts.answered": "A fact was answered about: {title}",
    "remedy.proved": "Shown by run {run}: {title} is gone or better",
    "remedy.disproved": "Run {run} still finds: {title}",
    "approval.asked": "Approval asked for: {pipeline}, run {run}",
    "approval.signed": "Approval {word}: {pipeline}, run {run}",
    "approval.completed": "Approved: {pipeline}, run {run}",
    "approval.withdrawn": "Approval withdrawn: {pipeline}, run {run}",
    "report.ready": "Report {report} is ready: {pipeline}",
    "terms.changed": "Terms changed: {words}",
    "webhook.test": "A test, sent by {sent_by}",
}


class _Named(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def signed(body: bytes, key: str, at: int, secrets: Iterable[str]) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 over id, time (Unix seconds) and body, one signature for each secret."""
    content = b".".join((key.encode(), str(at).encode(), body))
    made = [f"v1,{base64.b64encode(_mac(secret, content)).decode()}" for secret in secrets]
    return {"webhook-id": key, "webhook-timestamp": str(at), "webhook-signature": " ".join(made)}


def _mac(secret: str, content: bytes) -> bytes:
    return hmac.new(base64.b64decode(secret.removeprefix("whsec_")), content, hashlib.sha256).digest()


def body_of(payload: Mapping[str, Any]) -> bytes:
    """The one text of a payload: what is signed is what is sent."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def slack_body(payload: Mapping[str, Any]) -> bytes:
    """The event as Slack's incoming webhooks take it: `text` for notifications, blocks for the channel.

    Names in it are hostile input: Slack reads <, > and & as marks of its own, so they are written as entities, and nothing in a
    name becomes a mention or a link.
    """
    line, data = _line(payload), payload.get("data", {})
    project = _plain(str((data.get("project") or {}).get("name", "")))
    blocks = [_section(f"*{project}*\n{line}" if project else line)]
    listed = [f"• {_plain(str(one.get('title', '')))} ({_plain(str(one.get('outcome', '')))})" for one in _named(data)]
    if listed:
        blocks.append(_section("\n".join(listed)))
    if data.get("address"):
        blocks.append(_section(f"<{_plain(str(data['address']))}|Open in Clausetrail>"))
    return json.dumps(
        {"text": f"{project}: {line}" if project else line, "blocks": blocks}, ensure_ascii=False
    ).encode()


def _named(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = data.get("findings")
    return [one for one in found if isinstance(one, Mapping)][:10] if isinstance(found, list) else []


def _line(payload: Mapping[str, Any]) -> str:
    data = payload.get("data", {})
    held = _Named({key: _plain(str(value)) for key, value in data.items() if isinstance(value, (str, int))})
    form = WORDS.get(str(payload.get("type")))
    return form.format_map(held) if form and not data.get("shortened") else _plain(str(payload.get("type")))


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:LONGEST_TEXT]}}


def _plain(text: str) -> str:
    clean = "".join(letter if letter.isprintable() else " " for letter in text)[:300]
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        clean = clean.replace(mark, entity)
    return clean
