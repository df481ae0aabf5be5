"""Answers behind answers of a run: which stood in whose prompt, kept as links, and what of each data set goes back to them."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from django.db.models import Sum

from audits.actions.copying import copy_rows
from audits.actions.runs import step_progress
from audits.lineage.chains import Ancestry, Source
from audits.lineage.descent import ChainCount, Descent, Model
from audits.models import AnswerInPrompt, ChainShare, Dataset, ModelCall, RowMatch, Run

BATCH = 5_000
MOST_PATHS_SHOWN = 20
LINK_COLUMNS = ("call_id", "source_id", "kind", "similarity", "words")
Links = dict[tuple[int, int], Source]


def trace_chains(run: Run, ancestry: Ancestry, kept: Iterable[str]) -> set[int]:
    """Store what stands behind the outputs that data sets hold (`kept`); returns the calls that stand behind training rows."""
    links = _links(run, ancestry, kept)
    if not links:
        return set()
    columns = [(*link, source.kind, source.similarity, source.words) for link, source in sorted(links.items())]
    copy_rows(AnswerInPrompt, LINK_COLUMNS, columns)
    models = _models(run)
    descent = Descent(links, models)
    behind: set[int] = set()
    for dataset in run.datasets.filter(derived_rows__gt=0):
        calls = _count(dataset, descent, models)
        if dataset.role == Dataset.Role.TRAINING:
            behind |= calls
    return behind


def call_of(output_id: str) -> int:
    """The model call that an output belongs to; ids are written by audits.procedures.recording."""
    return int(output_id.partition(":")[0])


def _links(run: Run, ancestry: Ancestry, kept: Iterable[str]) -> Links:
    """(later call, earlier call) → how it was told, backwards from what data sets hold until nothing stands behind."""
    pending = dict.fromkeys(kept)
    waiting = list(pending)
    links: Links = {}
    done = 0
    while waiting:
        output = waiting.pop()
        for source in ancestry.sources(output):
            earlier = _before(output, source)
            if earlier is None:
                continue
            link = (call_of(output), call_of(earlier))
            links[link] = max(links.get(link, source), source, key=lambda one: one.words)
            if earlier not in pending:
                pending[earlier] = None
                waiting.append(earlier)
        done += 1
        if done % BATCH == 0:
            step_progress(run.pk, "lineage", done, len(pending), f"{done:,} prompts read for answers behind answers")
    return links


def _before(output: str, source: Source) -> str | None:
    """Of the outputs with the text that stood in the prompt, one of an earlier call: no other can have been shown."""
    return next((one for one in (source.output, *source.alternatives) if call_of(one) < call_of(output)), None)


def _models(run: Run) -> dict[int, Model]:
    calls = ModelCall.objects.filter(run=run).order_by().values_list("pk", "provider", "request_model")
    return {pk: (provider, model) for pk, provider, model in calls.iterator()}


def _count(dataset: Dataset, descent: Descent, models: dict[int, Model]) -> set[int]:
    count = ChainCount()
    matches = (
        RowMatch.objects.filter(dataset=dataset).exclude(kind="label").order_by("row").values_list("row", "call_id")
    )
    for _, of_row in groupby(matches.iterator(), key=lambda match: match[0]):
        count.add(descent, {call for _, call in of_row}, models)
    ChainShare.objects.bulk_create(_shares(dataset, count))
    paths = sorted(count.paths.items(), key=lambda item: (-item[1], item[0]))[:MOST_PATHS_SHOWN]
    chains = [{"models": [model or provider for provider, model in path], "rows": rows} for path, rows in paths]
    Dataset.objects.filter(pk=dataset.pk).update(chains=chains)
    return set().union(*count.calls.values())


def _shares(dataset: Dataset, count: ChainCount) -> Iterator[ChainShare]:
    for (provider, model), rows in sorted(count.rows.items()):
        calls = count.calls[provider, model]
        yield ChainShare(
            dataset=dataset,
            provider=provider,
            model=model,
            rows=rows,
            only_rows=count.only[provider, model],
            calls=len(calls),
            output_tokens=_tokens(calls),
        )


def _tokens(calls: Iterable[int]) -> int:
    numbers = sorted(calls)
    total = 0
    for start in range(0, len(numbers), BATCH):
        some = ModelCall.objects.filter(pk__in=numbers[start : start + BATCH])
        total += some.aggregate(tokens=Sum("output_tokens"))["tokens"] or 0
    return total
