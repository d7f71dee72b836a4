"""Tables as streams of Arrow record batches that every database can write and read.

The tables are reflected, so that those of any release are known. A value has the same form whatever database
it comes from: texts, whole and binary floating-point numbers, flags, days, instants (UTC, without a zone) and
bytes; JSON as the text it is stored as.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import pyarrow as pa
import sqlalchemy as sa

from forecasting.core.errors import InvalidArchive, StorageError

BATCH_ROWS, BATCH_BYTES = 10_000, 8_000_000
"""A batch has no more rows than that, nor much more text and bytes."""

FETCHED, FETCHED_LARGE = 2_000, 32
"""Rows asked for at a time; fewer where a row may be large."""

_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)


class JsonText(sa.types.UserDefinedType[str]):
    """A document that comes and goes as the JSON it is: null is not the same as none at all.

    A list or an object; a bare number would be one to SQLite, in as many digits as that likes.
    """

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """What the database calls it."""
        return "JSON"

    def column_expression(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Read it as text, before the driver makes something of it."""
        return sa.cast(column, sa.Text)


_KINDS: tuple[tuple[type[Any], pa.DataType], ...] = (
    (JsonText, pa.large_string()),
    (sa.LargeBinary, pa.large_binary()),
    (sa.Boolean, pa.bool_()),
    (sa.Integer, pa.int64()),
    (sa.Float, pa.float64()),
    (sa.DateTime, pa.timestamp("us")),
    (sa.Date, pa.date32()),
    (sa.String, pa.large_string()),
)
_LARGE = (JsonText, sa.LargeBinary)


def reflected(connection: sa.Connection, names: Collection[str]) -> dict[str, sa.Table]:
    """Those of the named tables that the database has, each after the ones it refers to."""
    metadata = sa.MetaData()
    sa.event.listen(metadata, "column_reflect", _read_json_as_text)
    metadata.reflect(connection, only=lambda name, _metadata: name in names)
    return {table.name: table for table in metadata.sorted_tables}


def write(connection: sa.Connection, table: sa.Table, sink: IO[bytes]) -> int:
    """Write all rows as an Arrow IPC stream (zstd), in the order of their key; return how many there are."""
    large = any(isinstance(column.type, _LARGE) for column in table.columns)
    rows = connection.execute(
        sa.select(table).order_by(*table.primary_key.columns),
        execution_options={"yield_per": FETCHED_LARGE if large else FETCHED},
    )
    schema, count = schema_of(table), 0
    with rows, pa.ipc.new_stream(sink, schema, options=_OPTIONS) as stream:
        for part in _parts(rows):
            columns = zip(*part, strict=True)
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            stream.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            count += len(part)
    return count


def read(connection: sa.Connection, table: sa.Table, source: IO[bytes]) -> int:
    """Insert the rows of such a stream; return how many there were.

    Raises
    ------
    InvalidArchive
        If it is none, or is not of this table.
    """
    expected, count = schema_of(table), 0
    try:
        with pa.ipc.open_stream(source) as stream:
            if stream.schema != expected:
                raise InvalidArchive(
                    f"table {table.name}: expected the columns {_told(expected)}, found "
                    f"{_told(stream.schema)}"
                )
            for batch in stream:
                if batch.num_rows:
                    connection.execute(sa.insert(table), batch.to_pylist())
                    count += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise InvalidArchive(f"table {table.name}: expected an Arrow IPC stream, found: {error}") from error
    return count


def schema_of(table: sa.Table) -> pa.Schema:
    """The columns of a table by name, each of the one type that its values have everywhere.

    Raises
    ------
    StorageError
        If a column is of a type that has none.
    """
    return pa.schema([_Column(table.name, column.name, column.type).field for column in table.columns])


@dataclass(frozen=True, slots=True)
class _Column:
    table: str
    name: str
    type: sa.types.TypeEngine[Any]

    @property
    def field(self) -> pa.Field:
        for kind, arrow in _KINDS:
            if isinstance(self.type, kind):
                return pa.field(self.name, arrow)
        known = ", ".join(kind.__name__ for kind, _ in _KINDS)
        raise StorageError(f"{self.table}.{self.name}: expected one of {known}, found {self.type!r}")


def _read_json_as_text(_inspector: object, _table: object, column: dict[str, Any]) -> None:
    if isinstance(column["type"], sa.JSON):
        column["type"] = JsonText()


def _parts(rows: sa.CursorResult[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows in lists of bounded size."""
    part: list[Sequence[Any]] = []
    size = 0
    for row in rows:
        part.append(row)
        size += sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if len(part) == BATCH_ROWS or size >= BATCH_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _told(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
