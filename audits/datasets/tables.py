"""Rows of Parquet, Arrow and Feather files, a batch at a time: memory grows with the batch, not with the file."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audits.lineage.rows import AnyRow, MalformedRow, Row, UnreadableDataset

BATCH = 1_000
_FEATHER_BEFORE_ARROW = b"FEA1"
_DAMAGED = "holds bytes that are not UTF-8; they were replaced"


def parquet_rows(path: Path) -> Iterator[AnyRow]:
    """The rows of a Parquet file. Raises UnreadableDataset when it is not one, or breaks on the way."""
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            yield from _rows(file.iter_batches(batch_size=BATCH))
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, "Parquet", error) from error


def arrow_rows(path: Path) -> Iterator[AnyRow]:
    """The rows of an Arrow file or stream (a stream is what Hugging Face's cache holds), or of a Feather file of version 2."""
    try:
        with pa.memory_map(str(path)) as source:
            if source.size() == 0:
                return
            beginning = source.read(6)
            source.seek(0)
            if beginning.startswith(_FEATHER_BEFORE_ARROW):
                raise UnreadableDataset(f"{path}: Feather of version 1. Write it anew as version 2, or as Parquet.")
            yield from _rows(_batches(source, beginning == b"ARROW1"))
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, "Arrow", error) from error


def _broken(path: Path, form: str, error: Exception) -> UnreadableDataset:
    return UnreadableDataset(f"{path}: cannot be read to its end as {form}: {' '.join(str(error).split())[:300]}.")


def _batches(source: pa.NativeFile, is_file: bool) -> Iterator[pa.RecordBatch]:
    if not is_file:
        yield from pa.ipc.open_stream(source)
        return
    reader = pa.ipc.open_file(source)
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[AnyRow]:
    number = 0
    for whole in batches:
        whole.validate()  # offsets that a hostile file points elsewhere are an error, not a read of other memory
        for start in range(0, whole.num_rows, BATCH):
            batch = whole.slice(start, BATCH)
            yield from _rows_of(batch, number)
            number += batch.num_rows


def _rows_of(batch: pa.RecordBatch, first: int) -> Iterator[AnyRow]:
    try:
        values = batch.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError):
        yield from (_row_alone(batch, at, first + at) for at in range(batch.num_rows))
        return
    for at, value in enumerate(values):
        yield Row(first + at, first + at + 1, _readable(value))


def _row_alone(batch: pa.RecordBatch, at: int, number: int) -> AnyRow:
    """One row of a batch in which some value can't be read: whatever can be read of it."""
    value: dict[str, Any] = {}
    damage: list[str] = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            value[name] = column[at].as_py()
        except UnicodeDecodeError:
            value[name] = column[at].as_buffer().to_pybytes().decode("utf-8", "replace") if _is_text(column) else None
            damage.append(f"{name} {_DAMAGED}" if _is_text(column) else f"{name} could not be read")
        except (ValueError, OverflowError) as error:
            value[name] = None
            damage.append(f"{name} could not be read: {error}")
    if len(damage) == len(batch.columns) and all(part is None for part in value.values()):
        return MalformedRow(number, number + 1, "; ".join(damage)[:400], "")
    return Row(number, number + 1, _readable(value), "; ".join(damage)[:400])


def _is_text(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _readable(value: Any) -> Any:
    """Bytes that are text become text; others (pictures, sound) are no text and stay what they are."""
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value
    if isinstance(value, dict):
        return {key: _readable(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_readable(part) for part in value]
    return value
