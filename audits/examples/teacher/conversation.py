"""What every wire format is read into before a mind sees it, and what a mind hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Turn:
    """One message of a conversation; `role` is system, user or assistant."""

    role: str
    text: str


@dataclass(frozen=True)
class Prompt:
    """A question as a mind sees it, whatever format it arrived in.

    `temperature` is the provider's scale (0 to 2); `seed` is the caller's own, if given. `wants_json` is true when the
    request itself demands JSON, and `json_keys` are the property names of a schema sent along with it.
    """

    model: str
    turns: tuple[Turn, ...]
    temperature: float = 1.0
    seed: int | None = None
    wants_json: bool = False
    json_keys: tuple[str, ...] = ()

    @property
    def system(self) -> str:
        return "\n".join(turn.text for turn in self.turns if turn.role == "system")

    @property
    def user_turns(self) -> tuple[str, ...]:
        return tuple(turn.text for turn in self.turns if turn.role == "user")

    @property
    def last_user(self) -> str:
        return self.user_turns[-1] if self.user_turns else ""

    @property
    def text(self) -> str:
        """Everything the caller sent, for counting tokens."""
        return "\n".join(turn.text for turn in self.turns)


@dataclass(frozen=True)
class Reply:
    """An answer, and for reasoning models how it was arrived at."""

    text: str
    reasoning: str = ""


class Mind(Protocol):
    """Something that answers. `slow` minds are run on a thread so that the server stays responsive."""

    name: str
    slow: bool

    def reply(self, prompt: Prompt, choice: int = 0) -> Reply: ...

    def embed(self, text: str, dimensions: int) -> list[float]: ...
