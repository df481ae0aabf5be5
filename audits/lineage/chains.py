"""Teachers behind teachers: an answer that was put into a prompt stands behind the answer to that prompt.

A row that took the second answer owes something to the first teacher too. Only what a prompt holds beyond the first call's own
prompt counts: two calls that were given the same document quote that document, not each other. Answers that were thought over
several turns by one model give chains of that one model.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from audits.lineage.comparison import Kind
from audits.lineage.index import OutputIndex
from audits.lineage.outputs import Output
from audits.lineage.rows import AnyRow, Row
from audits.lineage.tracing import Match, Tracer, TraceResult, few_collections, trace_rows

LONGEST_CHAIN = 16
MOST_PATHS = 64  # per row


@dataclass(frozen=True, slots=True)
class Source:
    """An answer that stood in the prompt of another call: which, how surely, and how many words of the prompt it explains.

    `alternatives`: other outputs with the very same text, as in Match.
    """

    output: str
    model: str
    kind: Kind
    similarity: float
    words: int
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """A row, the answer it took, and the answers behind it, one behind the other: `outputs[-1]` is the first of them."""

    row: int
    outputs: tuple[str, ...]
    models: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Keys as the `trace` command prints them."""
        return {"row": self.row, "outputs": list(self.outputs), "models": list(self.models)}


def trace_with_chains(outputs: Iterable[Output], rows: Iterable[AnyRow]) -> tuple[TraceResult, list[Chain]]:
    """Every row with the outputs it derives from, and the answers behind those, where prompts are known."""
    with few_collections():
        index = OutputIndex(outputs)
        tracer = Tracer(index)
        result = trace_rows(tracer, rows)
        return result, list(Ancestry(index, tracer).chains(result.matches))


class Ancestry:
    """Answers behind answers, looked for only when asked and then remembered."""

    def __init__(self, index: OutputIndex, tracer: Tracer) -> None:
        self._tracer = tracer
        self._prompts = {output.id: output.prompt for output in index.outputs if output.prompt}
        self._known: dict[str, tuple[Source, ...]] = {}

    def sources(self, output: str) -> tuple[Source, ...]:
        """The answers that stood in this one's prompt; none when its prompt is not known."""
        prompt = self._prompts.get(output, "")
        if prompt and prompt not in self._known:  # many calls may have been asked the same
            self._known[prompt] = tuple(self._look_up(prompt))
        return tuple(source for source in self._known.get(prompt, ()) if source.output != output)

    def chains(self, matches: Iterable[Match]) -> Iterator[Chain]:
        """For each row and answer every way back to an answer that has none behind it; rows without any give nothing."""
        for _, of_row in groupby(matches, key=lambda match: match.row):
            paths = (path for match in of_row for path in self._paths(match))
            yield from islice(paths, MOST_PATHS)

    def _look_up(self, prompt: str) -> Iterator[Source]:
        for match in self._tracer.matches(Row(0, 0, {"prompt": prompt})):
            yield Source(match.output, match.model, match.kind, match.similarity, match.words, match.alternatives)

    def _paths(self, match: Match) -> Iterator[Chain]:
        pending: list[tuple[tuple[str, str], ...]] = [((match.output, match.model),)]
        while pending:
            path = pending.pop()
            seen = {output for output, _ in path}
            further = [source for source in self.sources(path[-1][0]) if source.output not in seen]
            if further and len(path) < LONGEST_CHAIN:
                pending.extend((*path, (source.output, source.model)) for source in reversed(further))
            elif len(path) > 1:
                yield Chain(match.row, tuple(output for output, _ in path), tuple(model for _, model in path))
