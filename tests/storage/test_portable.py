"""Tables as streams that every database can write and read."""

import io
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.core.errors import StorageError
from forecasting.storage import portable
from forecasting.storage.tables import chain, history_import, metadata
from tests.storage.dumps import Opened, dumped
from tests.storage.examples import NOW

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001 - as they are stored
SCALARS = st.none() | st.booleans() | TEXT | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.none() | st.lists(SCALARS, max_size=3) | st.dictionaries(TEXT, st.lists(SCALARS), max_size=3)


def test_any_value_arrives(made: Opened, way: tuple[str, str]) -> None:
    """Any text, extreme numbers, missing values, bytes, instants to the microsecond, documents."""
    source, target = made(way[0]), made(way[1])
    kept = portable_table()
    for database in (source, target):
        with database.writing() as connection:
            kept.create(connection)

    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
    @given(
        values=st.lists(
            st.fixed_dictionaries(
                {
                    "text": st.none() | TEXT,
                    "number": st.none() | st.integers(-(2**31), 2**31 - 1),
                    "measure": st.none() | st.floats(allow_nan=False),
                    "flag": st.none() | st.booleans(),
                    "day": st.none() | st.dates(date(1, 1, 1)),
                    "instant": st.none() | INSTANTS.map(lambda at: at.replace(tzinfo=UTC)),
                    "content": st.none() | st.binary(max_size=50),
                    "document": DOCUMENTS,
                }
            ),
            max_size=5,
        )
    )
    def check(values: list[dict[str, Any]]) -> None:
        numbered = [{"key": key, **each} for key, each in enumerate(values)]
        with source.writing() as connection:
            connection.execute(sa.delete(kept))
            if numbered:
                connection.execute(sa.insert(kept), numbered)
        sink = io.BytesIO()
        with source.reading() as connection:
            table = portable.reflect_tables(connection, {"anything"})["anything"]
            assert portable.write(connection, table, sink) == len(values)
        with target.writing() as connection:
            connection.execute(sa.delete(kept))
            table = portable.reflect_tables(connection, {"anything"})["anything"]
            assert portable.read(connection, table, io.BytesIO(sink.getvalue())) == len(values)
            found = connection.execute(sa.select(kept).order_by(kept.c.key)).mappings()
            assert [dict(row) for row in found] == numbered

    check()


def portable_table() -> sa.Table:
    """One column of every type that the tables have, each of which may be missing."""
    kinds: dict[str, Any] = {
        "text": sa.Text,
        "number": sa.Integer,
        "measure": sa.Float,
        "flag": sa.Boolean,
        "day": sa.Date,
        "instant": metadata.tables["chain"].c.computed_at.type,
        "content": sa.LargeBinary,
        "document": sa.JSON,
    }
    columns = [sa.Column(name, kind) for name, kind in kinds.items()]
    return sa.Table(
        "anything",
        sa.MetaData(),
        sa.Column("key", sa.Integer, primary_key=True, autoincrement=False),
        *columns,
    )


def test_rows_go_in_batches(made: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more rows and not much more bytes at a time than are allowed, so that memory is bounded."""
    source = made("sqlite")
    document = {"type": "storecast.chain", "text": "x" * 500}
    values = {
        "computed_at": NOW, "engine": "e", "cutoff": NOW.date(), "horizon": 1, "input_hash": "", "stores": 1,
        "document": document,
    }  # fmt: skip
    with source.writing() as connection:
        connection.execute(sa.insert(chain), [{"chain_id": f"{n:02}", **values} for n in range(20)])
        connection.execute(
            sa.insert(history_import),
            [{"kind": "plan", "source": "s", "imported_by": "a", "imported_at": NOW} for _ in range(25)],
        )
    monkeypatch.setattr(portable, "BATCH_BYTES", 2_000)
    monkeypatch.setattr(portable, "BATCH_ROWS", 10)
    streams = dumped(source).tables

    def sizes(table: str) -> list[int]:
        with pa.ipc.open_stream(streams[table][1]) as stream:
            return [batch.num_rows for batch in stream]

    assert sizes("chain") == [4] * 5
    assert sizes("history_import") == [10, 10, 5]
    assert sizes("predictor") == []


def test_a_column_that_is_not_portable_is_named() -> None:
    """It has a type that none of our tables uses."""
    table = sa.Table("odd", sa.MetaData(), sa.Column("much", sa.Interval))
    with pytest.raises(StorageError, match=r"odd.much: expected one of JsonText, .*, found Interval"):
        portable.schema_of(table)
