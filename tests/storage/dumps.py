"""Dumps in memory, and a database that has something of everything."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forecasting.storage import Database, SqlStorage
from forecasting.storage.dump import Dump, DumpLoader
from forecasting.storage.tables import metadata
from tests.storage.examples import NOW, after, move, publish, publish_chain, running

WAYS = [(source, target) for source in ("sqlite", "postgres") for target in ("sqlite", "postgres")]
ACROSS = [(source, target) for source, target in WAYS if source != target]

Opened = Callable[[str], Database]


@dataclass(frozen=True)
class Streams:
    """A dump in memory."""

    revision: str
    tables: dict[str, tuple[int, bytes]]
    numbers: dict[str, int]


def dumped(database: Database) -> Streams:
    """The state of a database."""
    with database.reading() as connection:
        dump, tables = Dump(connection), {}
        for table in dump.tables:
            sink = io.BytesIO()
            tables[table] = (dump.write(table, sink), sink.getvalue())
        return Streams(dump.revision, tables, dump.numbers())


def load(database: Database, streams: Streams) -> None:
    """Load it into a database."""
    with database.writing(alone="schema") as connection:
        loading = DumpLoader(connection, database.place, streams.revision)
        for table, (rows, stream) in streams.tables.items():
            loading.read(table, io.BytesIO(stream), rows)
        loading.finish(streams.numbers)


def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All there is, as the present software reads it."""
    with database.reading() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in metadata.sorted_tables
        }


def furnish(database: Database) -> SqlStorage:
    """Imports with attributes, a chain, two versions of a store, a run with a checkpoint, chores."""
    storage = SqlStorage(database)
    storage.manifest.record("s.csv", "sales", "ann", NOW, [move("1", "a")], {"1": {"type": "ä'\""}})
    storage.manifest.record("t.csv", "sales", "ann", NOW, [move("1", "b", "a")])
    storage.manifest.roll_back(2, "ann", NOW)
    publish_chain(storage)
    publish(storage, "1", 10.0)
    publish(storage, "1", 20.0, after(1))
    storage.claims.beat("worker-1")
    run = running(storage, "2", after(2))
    storage.checkpoints.save(run, {"part": b"\x00\xff'"})
    return storage
