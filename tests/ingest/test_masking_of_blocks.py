"""Rulings on masking in bulk: a block is masked as if each of its lines had been looked at closely, whatever keys are in it.

Texts are made from seeds rather than by Hypothesis: several thousand of them take a second, and each failure names its line.
"""

import json
import re
import string
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from audits.evidence.masking import mask_text
from audits.ingest.masking import masked_block, masked_line

_LETTERS = string.ascii_letters + string.digits
_BEFORE_KEYS = (
    "sk-", "rk-", "pk-", "sk_live_", "rk_test_", "AIza", "ya29.", "ghp_", "gho_", "github_pat_", "hf_", "gsk_", "xai-",
    "pplx-", "r8_", "nvapi-", "co_", "fw_", "csk-", "tgp_v1_", "xoxb-", "AKIA", "ASIA", "Bearer ", "basic\t", "BEARER  ",
    "eyJ", "-----BEGIN RSA PRIVATE KEY-----", "https://h.example/a?api_key=", "?key=", "&sig=", "&X-Amz-Signature=",
    "?access_token=", "OPENAI_API_KEY=", "aws_secret_access_key: ", "secretAccessKey: ", "client_secret='", "password: ",
    "PASSWD=", "auth_token = ", 'my-api-key": "', "apikey: '", "postgres://someone:", "",
)  # fmt: skip
_AFTER_KEYS = ("", "", "", "@db.example/usage", '"', "-----END RSA PRIVATE KEY-----")
_WORDS = (
    "the", "password", "of a", "cookie", "is", "co-operation", "key=1", "api_key", "none", "null", "user", "token",
    "https://x.example/a:b", "sk-none", "asia", "ü", "漢",
)  # fmt: skip
_NAMES = (
    "authorization", "x-api-key", "API_KEY", "content", "password", "cookie", "user_api_key_hash", "api_key", "token",
    "x-auth-token", "aws_secret_access_key", "set-cookie", "helicone-auth", "client_secret", "access_token",
    "cf-access-client-secret",
)  # fmt: skip


def _body(chance: Random) -> str:
    length, letters = (
        chance.randint(4, 60),
        chance.choice((_LETTERS, _LETTERS + "-_", string.ascii_uppercase + string.digits, _LETTERS + ".")),
    )
    return "".join(chance.choices(letters, k=length))


def _key(chance: Random) -> str:
    return chance.choice(_BEFORE_KEYS) + _body(chance) + chance.choice(_AFTER_KEYS)


def _text(chance: Random) -> str:
    parts = [chance.choice(_WORDS) if chance.random() < 0.7 else _key(chance) for _ in range(chance.randint(1, 8))]
    return chance.choice(("", " ", "\n", "\\", '"')).join(parts)


def _value(chance: Random, depth: int = 4) -> Any:
    kind = chance.random() if depth else 0.0
    if kind < 0.5:
        return chance.choice((_text(chance), _text(chance), _key(chance), f"{chance.getrandbits(256):064x}", None, 3))
    if kind < 0.6:
        # Within a text a hash of a key looks like a key to a close look; blocks are not searched for hashes.
        return re.sub("[0-9a-f]{64}", "no hash", json.dumps(_value(chance, depth - 1)))
    if kind < 0.7:
        return [_value(chance, depth - 1) for _ in range(2)]
    if kind < 0.8:
        pair = [("name", chance.choice(_NAMES)), ("value", _value(chance, depth - 1))]
        return dict(pair if chance.random() < 0.5 else reversed(pair))
    return {chance.choice(_NAMES): _value(chance, depth - 1) for _ in range(chance.randint(1, 3))}


def _line(chance: Random) -> str:
    if chance.random() < 0.7:
        return json.dumps({"log": _value(chance)}, ensure_ascii=chance.random() < 0.5)
    return " ".join(_text(chance).split("\n"))


def fingerprint(key: bytes) -> str:
    return f"masked:sha256:{len(key):012x}"


def _meant(line: bytes) -> Any:
    """A line as its reader takes it: masking may write the same JSON differently."""
    try:
        return json.loads(line)
    except ValueError:
        return line


@pytest.mark.parametrize("seed", range(8))
def test_no_line_of_a_block_keeps_what_a_close_look_would_mask(seed: int) -> None:
    chance = Random(seed)
    for _ in range(60):
        lines = [_line(chance).encode() for _ in range(8)]
        block = masked_block(b"\n".join(lines), fingerprint).split(b"\n")
        for given, got in zip(lines, block, strict=True):
            assert _meant(got) == _meant(masked_line(given, fingerprint)), given


def test_a_text_is_masked_as_the_shapes_of_keys_have_it() -> None:
    chance = Random(99)
    for text in (_text(chance) for _ in range(2000)):
        line = masked_line(json.dumps({"content": [text]}).encode(), fingerprint)
        assert json.loads(line)["content"][0] == (mask_text(text) if len(text) > 5 else text), text


def test_the_hash_of_a_key_alone_leaves_its_line_as_it_was() -> None:
    line = b'{"api_key":  "' + b"0" * 64 + b'", "spend": 0.1}'
    assert masked_block(line, fingerprint) == line


def test_one_pass_takes_no_longer_over_what_was_made_to_be_slow(benchmark_lines: Callable[[], bytes]) -> None:
    assert masked_block(benchmark_lines(), fingerprint)


@pytest.fixture
def benchmark_lines() -> Callable[[], bytes]:
    """Half a megabyte each of what makes searching for such shapes take a square of the length, in engines that go back."""
    return lambda: b"\n".join(
        piece * (500_000 // len(piece)) for piece in (b"eyJ", b"://:", b"password ", b"api_key\\", b"bearer ")
    )
