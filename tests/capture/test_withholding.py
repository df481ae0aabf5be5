"""What stays of contents where not everything may be kept, and that tracing still has what it needs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from audits.capture.personal import PSEUDONYM, PersonalData, is_card, is_iban, without_persons
from audits.lineage.digests import DigestedOutput, DigestTracer, digests_of
from audits.lineage.rows import Row
from tests.capture.conftest import Rig, StartRig, of_kind, read_answer, request
from tests.capture.unpacking import unpacked

SALT = "salt of the tests"
PERSONS = PersonalData(SALT)
TEXT = (
    "Write to Ada.Lovelace@Example.com or call +44 20 7946 0958; pay DE89 3704 0044 0532 0130 00 "
    "or 4111 1111 1111 1111 from 203.0.113.7."
)
LEFT = ("Ada", "7946", "3704", "4111", "203.0.113")


def test_five_kinds_of_personal_data_get_pseudonyms_that_stay_the_same() -> None:
    masked = PERSONS.mask(TEXT)
    assert not [word for word in LEFT if word in masked]
    assert len(PSEUDONYM.findall(masked)) == 5
    assert PERSONS.mask(masked) == masked, "a pseudonym is not personal data"
    assert PERSONS.mask("ada.lovelace@example.com") in masked, "however it is written"
    assert PersonalData("another salt").mask(TEXT) != masked
    assert without_persons(masked) == without_persons(TEXT)


@pytest.mark.parametrize(
    "text", ["on 2026-11-22 at 12:30", "order 4111111111111112", "version 1.2.3.4567", "DE00 3704 0044 0532 0130 00", "a@b"]
)  # fmt: skip
def test_what_only_looks_like_personal_data_stays(text: str) -> None:
    assert PERSONS.mask(text) == text


def test_check_digits_decide() -> None:
    assert is_card("4111111111111111")
    assert not is_card("4111111111111112")
    assert is_iban("GB82WEST12345698765432")
    assert not is_iban("GB83WEST12345698765432")


def test_a_card_number_in_json_stays_a_number() -> None:
    masked = json.loads(PERSONS.mask('{"card": 4111111111111111}'))
    assert isinstance(masked["card"], int)
    assert not is_card(str(masked["card"]))


def test_digests_find_whole_answers_and_whole_lines_and_nothing_else() -> None:
    answer = "A limit holds before a call leaves the machine.\nNobody should have to read a log to know that."
    tracer = DigestTracer([DigestedOutput("1:0", "m", digests_of(answer, b"key"))], b"key")
    rows = [
        answer,
        answer.upper(),
        "nobody should have to read a log to know that",
        "a limit holds before a call",
        "else",
    ]
    found = [tracer.matches(Row(number, number, {"text": text})) for number, text in enumerate(rows)]
    assert [[match.kind for match in matches] for matches in found] == [
        ["exact"],
        ["normalised"],
        ["contained"],
        [],
        [],
    ]
    other = DigestTracer([DigestedOutput("1:0", "m", digests_of(answer, b"another key"))], b"key")
    assert other.matches(Row(0, 0, {"text": answer})) == []


def _answered(rig: Rig, body: bytes, path: str = "/v1/chat/completions", extra: str = "") -> None:
    with rig.connect() as connection:
        connection.sendall(request("POST", path, body, extra=extra))
        read_answer(connection)


def _on_disk(folder: Path) -> bytes:
    data = []
    for path in folder.rglob("*"):
        if path.is_file():
            data += [path.read_bytes(), *unpacked(path)]
    return b"\n".join(data)


def question(words: str) -> bytes:
    return json.dumps({"model": "teach", "messages": [{"role": "user", "content": words}]}).encode()


def test_hashes_sizes_and_names_stay_and_no_content(start_rig: StartRig, tmp_path: Path) -> None:
    rig = start_rig(content="hashes", mask_salt=SALT)
    body = question("a very particular question")
    _answered(rig, gzip.compress(body), "/v1/chat/completions?q=very-particular", "Content-Encoding: gzip\r\n")
    events = rig.stop()
    [line] = of_kind(events, "exchange")
    assert events[0]["content"] == "hashes"
    assert line["request_body"]["size"] == len(gzip.compress(body))
    assert line["request_body"]["kept"] is False
    assert "sha256" not in line["request_body"]
    [call] = line["calls"]["calls"]
    assert (call["request_model"], call["prompt"]) == ("teach", [])
    assert line["target"] == "/v1/chat/completions?q=…"
    assert b"particular" not in _on_disk(tmp_path)


def test_personal_data_is_masked_in_bodies_targets_and_headers(start_rig: StartRig, tmp_path: Path) -> None:
    rig = start_rig(content="masked", mask_salt=SALT)
    extra = "Content-Encoding: gzip\r\nX-From: ada.lovelace@example.com\r\n"
    _answered(rig, gzip.compress(question(TEXT)), "/v1/chat/completions?user=ada.lovelace@example.com", extra)
    [line] = of_kind(rig.stop(), "exchange")
    kept = _on_disk(tmp_path)
    assert not [word for word in ("ovelace", *LEFT[1:]) if word.encode() in kept]
    assert PERSONS.mask(TEXT).encode() in rig.body(line["request_body"])
    assert line["request_body"]["decoded_to_mask"] == "gzip"
    assert line["calls"]["calls"][0]["prompt"][0]["text"] == PERSONS.mask(TEXT)
