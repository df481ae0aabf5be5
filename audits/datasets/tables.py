"""Rows of Parquet, Arrow and Feather files, a batch at a time: memory grows with the batch, not with the file."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audits.lineage.rows import LONGEST_ROW, AnyRow, MalformedRow, Row, UnreadableDataset

BATCH = 1_000
LARGEST_BATCH = 4 * LONGEST_ROW
LARGEST_UNPACKED = 1 << 30  # of one group of rows, if it is packed more tightly than any text is:
TIGHTEST = 1_000
_FEATHER_BEFORE_ARROW = b"FEA1"
_DAMAGED = "holds bytes that are not UTF-8; they were replaced"


def parquet_rows(path: Path) -> Iterator[AnyRow]:
    """The rows of a Parquet file. Raises UnreadableDataset when it is not one, or breaks on the way."""
    try:
        texts, rows = _reading(path)
        with pq.ParquetFile(path, memory_map=True, read_dictionary=texts) as file:
            yield from _rows(file.iter_batches(batch_size=rows))
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, "Parquet", error) from error


def _reading(path: Path) -> tuple[list[str], int]:
    """The columns that are read as they are written, a value that a million rows share once; and how many rows at a time.

    Read otherwise, a file of a kilobyte can fill any memory. Columns within others can't be read so: of these so few rows are
    taken that they fit even if each held all that its column does. Raises UnreadableDataset for what no reading would bear.
    """
    texts, largest = list[str](), 1
    with pq.ParquetFile(path, memory_map=True) as file:
        about = file.metadata
        for number in range(about.num_row_groups):
            _require_text_like(path, about.row_group(number))
        for at in range(about.num_columns):
            column = file.schema.column(at)
            if column.physical_type == "BYTE_ARRAY" and column.path == column.name:
                texts.append(column.path)
            elif column.physical_type == "BYTE_ARRAY":
                groups = (about.row_group(number) for number in range(about.num_row_groups))
                largest = max([largest, *(group.column(at).total_uncompressed_size for group in groups)])
    return texts, max(1, min(BATCH, 2 * LARGEST_BATCH // largest))


def _require_text_like(path: Path, group: pq.RowGroupMetaData) -> None:
    packed = sum(group.column(at).total_compressed_size for at in range(group.num_columns))
    if group.total_byte_size > max(LARGEST_UNPACKED, TIGHTEST * packed):
        raise UnreadableDataset(
            f"{path}: a group of its rows unpacks to {group.total_byte_size:,} bytes from {packed:,}: "
            "no text packs so tightly. Write it anew in smaller groups of rows, if it is what it says."
        )


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
    if _size(batch) > LARGEST_BATCH:
        for at in range(batch.num_rows):
            row = batch.slice(at, 1)
            size = _size(row)
            if size > LARGEST_BATCH:
                yield MalformedRow(first + at, first + at + 1, f"longer than {LARGEST_BATCH} bytes: {size:,}", "")
            else:
                yield from _readable_rows(row, first + at)
        return
    yield from _readable_rows(batch, first)


def _size(batch: pa.RecordBatch) -> int:
    """Bytes of all values, each as often as it stands there."""
    return sum(_size_of(column) for column in batch.columns)


def _size_of(values: pa.Array) -> int:
    kind = values.type
    if pa.types.is_dictionary(kind) and not pa.types.is_nested(kind.value_type):
        if not (pa.types.is_primitive(kind.value_type) or pa.types.is_boolean(kind.value_type)):
            lengths = pc.take(pc.cast(pc.binary_length(values.dictionary), pa.int64()), values.indices)
            return int(pc.sum(lengths).as_py() or 0)
    elif pa.types.is_struct(kind):
        return sum(map(_size_of, values.flatten()))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _size_of(values.flatten())
    return int(values.nbytes)


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Values in place of what stands for them: so they become Python's in one go."""
    return batch.cast(pa.schema([field.with_type(_plain_type(field.type)) for field in batch.schema]))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain_type(field.type)) for field in kind])
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_plain_type(kind.value_type)))
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_plain_type(kind.value_type)))
    return kind


def _readable_rows(batch: pa.RecordBatch, first: int) -> Iterator[AnyRow]:
    try:
        batch = _plain(batch)
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
