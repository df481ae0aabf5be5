"""Rate limits and passing overload, so that a client's own retries are exercised for real."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """What is left of a key's requests: allowed now or not, and how long until one more is (seconds)."""

    allowed: bool
    limit: int
    remaining: int
    wait_seconds: float


class RateLimit:
    """A token bucket per API key: `per_minute` requests a minute, up to `burst` at once."""

    def __init__(self, per_minute: int, burst: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self.burst = burst or per_minute
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> Budget:
        """Use up one request of `key`, if there is one."""
        now = self._clock()
        level, since = self._buckets.get(key, (float(self.burst), now))
        rate = self.per_minute / 60
        level = min(float(self.burst), level + (now - since) * rate)
        allowed = level >= 1
        level -= 1 if allowed else 0
        self._buckets[key] = (level, now)
        return Budget(allowed, self.per_minute, int(level), 0.0 if level >= 1 else (1 - level) / rate)

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """Read `PER_MINUTE` or `PER_MINUTE:BURST`; raises ValueError otherwise."""
        per_minute, _, burst = text.partition(":")
        limit = cls(int(per_minute), int(burst) if burst else None)
        if limit.per_minute < 1 or limit.burst < 1:
            raise ValueError("a rate limit and its burst are at least 1")
        return limit


class Overload:
    """Turns a fixed share of requests away the first time they are seen; the same request sent again is served.

    Which ones depends on the seed and the body alone, so a run fails in the same places whatever its timing.
    """

    def __init__(self, share: float, seed: int) -> None:
        self._share = share
        self._seed = seed
        self._seen: Counter[bytes] = Counter()

    def strikes(self, body: bytes) -> bool:
        digest = hashlib.sha256(b"%d:%b" % (self._seed, body)).digest()
        chosen = int.from_bytes(digest[:8], "big") / 2**64 < self._share
        if not chosen:
            return False
        self._seen[digest] += 1
        return self._seen[digest] == 1
