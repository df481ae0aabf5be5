"""Calls that the recorder read before it let go of their bodies: from its log's line back to facts."""

from collections.abc import Mapping
from typing import Any

from audits.capture.wire import CallError, Message, ModelCall, OutputText, Parsed


def read_before(facts: Mapping[str, Any]) -> Parsed:
    """What an exchange said, as far as it was kept: prompts and outputs without their texts where only digests were."""
    return Parsed(
        calls=tuple(map(_call, facts["calls"])),
        unparsed=facts.get("unparsed"),
        not_a_model_call=facts.get("not_a_model_call"),
    )


def _call(facts: Mapping[str, Any]) -> ModelCall:
    error = facts.get("error")
    return ModelCall(
        **{
            **facts,
            "prompt": tuple(Message(one["role"], one["text"]) for one in facts["prompt"]),
            "outputs": tuple(
                OutputText(one["index"], one.get("text", ""), kind=one["kind"]) for one in facts["outputs"]
            ),
            "error": CallError(error["type"], error["message"]) if error else None,
            "notes": (),
        }
    )
