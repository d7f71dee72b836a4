"""Writing tables as streams of Arrow record batches, and reading them back, on every database.

The tables are reflected, so that tables of any release can be handled. A value has the same form on every
database: text, integer, float, boolean, day, instant (UTC, without a time zone) or bytes. JSON is kept as the
text it is stored as.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import pyarrow as pa
import sqlalchemy as sa

from forecasting.core.errors import InvalidArchive, StorageError

BATCH_ROWS, BATCH_BYTES = 10_000, 8_000_000
"""Maximum rows of a batch, and the approximate maximum of its text and bytes."""

FETCHED, FETCHED_LARGE = 2_000, 32
"""Rows fetched at a time: fewer if a row may be large."""

_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)


class JsonText(sa.types.UserDefinedType[str]):
    """A JSON column handled as text, so that a JSON null and a missing value stay different.

    The value must be a list or an object: SQLite would turn a bare number into one of its own.
    """

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The name of the type in SQL."""
        return "JSON"

    def column_expression(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Cast to text, so that the driver does not parse the JSON."""
        return sa.cast(column, sa.Text)


_ARROW_TYPES: tuple[tuple[type[Any], pa.DataType], ...] = (
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


def reflect_tables(connection: sa.Connection, names: Collection[str]) -> dict[str, sa.Table]:
    """The named tables that the database has, each after the tables it refers to."""
    metadata = sa.MetaData()
    sa.event.listen(metadata, "column_reflect", _read_json_as_text)
    metadata.reflect(connection, only=lambda name, _metadata: name in names)
    return {table.name: table for table in metadata.sorted_tables}


def write(connection: sa.Connection, table: sa.Table, sink: IO[bytes]) -> int:
    """Write all rows as an Arrow IPC stream (zstd), in key order, and return their number."""
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
    """Insert the rows of a stream made by `write`, and return their number.

    Raises
    ------
    InvalidArchive
        If it is not an Arrow IPC stream, or has other columns than the table.
    """
    expected, count = schema_of(table), 0
    try:
        with pa.ipc.open_stream(source) as stream:
            if stream.schema != expected:
                raise InvalidArchive(
                    f"table {table.name}: expected the columns {_described(expected)}, found "
                    f"{_described(stream.schema)}"
                )
            for batch in stream:
                if batch.num_rows:
                    connection.execute(sa.insert(table), batch.to_pylist())
                    count += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise InvalidArchive(f"table {table.name}: expected an Arrow IPC stream, found: {error}") from error
    return count


def schema_of(table: sa.Table) -> pa.Schema:
    """The Arrow schema of a table; the same on every database.

    Raises
    ------
    StorageError
        If there is no Arrow type for a column.
    """
    return pa.schema(
        [_PortableColumn(table.name, column.name, column.type).field for column in table.columns]
    )


@dataclass(frozen=True, slots=True)
class _PortableColumn:
    """A column, and the Arrow type of its values."""

    table: str
    name: str
    type: sa.types.TypeEngine[Any]

    @property
    def field(self) -> pa.Field:
        for kind, arrow in _ARROW_TYPES:
            if isinstance(self.type, kind):
                return pa.field(self.name, arrow)
        known = ", ".join(kind.__name__ for kind, _ in _ARROW_TYPES)
        raise StorageError(f"{self.table}.{self.name}: expected one of {known}, found {self.type!r}")


def _read_json_as_text(_inspector: object, _table: object, column: dict[str, Any]) -> None:
    if isinstance(column["type"], sa.JSON):
        column["type"] = JsonText()


def _parts(rows: sa.CursorResult[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows in lists of bounded size (`BATCH_ROWS`, `BATCH_BYTES`)."""
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


def _described(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
