"""A teacher to speak to: one for the whole session, and clients of the providers' own SDKs pointed at it."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from anthropic import Anthropic

from audits.examples.catalogue import Teacher, start_teacher

OPENAI_KEY = "sk-test-0123456789abcdef"
ANTHROPIC_KEY = "sk-ant-test-0123456789abcdef"


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Teacher]:
    """A teacher that never turns anybody away."""
    with start_teacher(tmp_path_factory.mktemp("teacher") / "served.jsonl", "--overload", "0") as running:
        yield running


@pytest.fixture
def gpt(teacher: Teacher) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{teacher.url}/v1", api_key=OPENAI_KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def claude(teacher: Teacher) -> Iterator[Anthropic]:
    with Anthropic(base_url=teacher.url, api_key=ANTHROPIC_KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def deepseek(teacher: Teacher) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=teacher.url, api_key=OPENAI_KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "served.jsonl"
