"""Prompts that were refused for their rate and asked again: by whom, and how soon. PURE."""

from collections import OrderedDict

from audits.patterns.calls import Call, Sample

WITHIN = 15 * 60.0
_MOST_WAITING = 20_000
_SAMPLES = 6


class Refusals:
    """Matches each refused prompt with the same prompt asked again within `WITHIN` seconds. Holds the last 20,000 refusals."""

    def __init__(self) -> None:
        self.refused = self.by_same = self.by_others = 0
        self.seconds = 0.0
        self.pairs: set[tuple[str, str]] = set()
        self.samples: list[Sample] = []
        self._waiting: OrderedDict[bytes, Call] = OrderedDict()

    def add(self, call: Call, digest: bytes, asked_before: bool) -> None:
        """Note a call; `digest` is of its prompt. One that was `asked_before` others will ask again in any case: what is kept of
        a prompt may be the instructions of a product alone, the same for all that use it. Nor is a call by nobody one by another.
        """
        before = self._waiting.pop(digest, None)
        if before is not None and 0 <= call.at - before.at <= WITHIN:
            self._asked_again(before, call)
        if call.status == 429:
            self.refused += 1
            if asked_before or not call.sender:
                return
            self._waiting[digest] = call
            if len(self._waiting) > _MOST_WAITING:
                self._waiting.popitem(last=False)

    def _asked_again(self, before: Call, call: Call) -> None:
        if call.sender == before.sender:
            self.by_same += 1
        if call.sender in ("", before.sender):
            return
        self.by_others += 1
        self.seconds += call.at - before.at
        if len(self.pairs) < 10_000:
            self.pairs.add((before.sender, call.sender))
        if len(self.samples) < _SAMPLES:
            self.samples += [Sample(one.reference, one.at, one.sender, one.model, one.prompt) for one in (before, call)]
