"""Dumping a whole database into one stream per table, and loading a dump into an empty database of any kind.

`upgrade` is imported only in the functions that need it, because alembic is slow to import.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

import sqlalchemy as sa

from forecasting.core.domain import FileKey
from forecasting.core.errors import InvalidArchive, InvalidRequest
from forecasting.core.wording import counted
from forecasting.refresh.lifecycle import TRANSITIONS, RunEvent
from forecasting.storage import portable, row_numbers
from forecasting.storage.database import Database, revision_of
from forecasting.storage.endings import allows
from forecasting.storage.tables import history_head, history_import, history_version, metadata, refresh_run

BOOKKEEPING = ("refresh_worker", "daily_chore")
"""Tables that have rows as soon as the software has run. A database is empty if all others are."""

_NAMED = 3
"""How many tables with rows an error names."""


@dataclass(frozen=True, slots=True)
class Dump:
    """The state of a database at one moment. Valid only during the transaction that reads it.

    Attributes
    ----------
    connection
        A connection from `Database.reading`.
    tables
        The tables, in an order in which they can be loaded.
    """

    connection: sa.Connection
    tables: Mapping[str, sa.Table] = field(init=False)

    def __post_init__(self) -> None:
        if self.connection.dialect.name == "postgresql":  # writing the dump may take long between queries
            self.connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        object.__setattr__(self, "tables", portable.reflect_tables(self.connection, metadata.tables))

    @property
    def revision(self) -> str:
        """The migration the database is at."""
        return revision_of(self.connection) or ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever imported."""
        rows = sa.select(sa.func.count()).select_from(history_import)
        return not self.connection.execute(rows).scalar()

    def numbers(self) -> dict[str, int]:
        """The last number used in each table that numbers its rows."""
        return row_numbers.last_used(self.connection, self.tables)

    def write(self, table: str, sink: IO[bytes]) -> int:
        """Write a table with `portable.write`, and return its number of rows."""
        return portable.write(self.connection, self.tables[table], sink)

    def files(self) -> dict[FileKey, bool]:
        """Every history file in the manifest, and whether it is a head."""
        file, head = history_version.c, history_head.c
        listed = sa.select(file.kind, file.store, file.content_hash).distinct()
        named = listed.where(file.content_hash.is_not(None)).order_by(file.kind, file.store)
        heads = {
            FileKey(*row)
            for row in self.connection.execute(sa.select(head.kind, head.store, head.content_hash))
        }
        return {key: key in heads for key in (FileKey(*row) for row in self.connection.execute(named))}


def require_empty(database: Database) -> None:
    """Check that a dump can be loaded into a database: it has no rows, or no tables at all.

    Raises
    ------
    InvalidRequest
        If it has rows; the message says in which tables.
    """
    with database.reading() as connection:
        _require_empty(connection, database.place)


class DumpLoader:
    """Loads a dump into an empty database.

    Parameters
    ----------
    connection
        A connection from ``Database.writing(alone="schema")``. Nothing of the dump is visible before its
        commit, and others cannot write to existing tables until then.
    place
        The name of the database in error messages.
    revision
        The migration of the dump. It must be a known one (`upgrade.require_known`).

    Raises
    ------
    InvalidRequest
        If the database is not empty.
    StateTooNew
        If a newer version of the software wrote it.
    """

    def __init__(self, connection: sa.Connection, place: str, revision: str) -> None:
        self._connection = connection
        _lock_tables(connection)
        _require_empty(connection, place)
        _create_tables(connection, place, revision)
        self._tables = portable.reflect_tables(connection, metadata.tables)
        for table in reversed(self._tables.values()):
            connection.execute(sa.delete(table))

    def read(self, table: str, source: IO[bytes], rows: int) -> None:
        """Load a table. Load the tables it refers to first.

        Raises
        ------
        InvalidArchive
            If there is no such table, or the stream belongs to another, or has another number of rows.
        """
        if table not in self._tables:
            raise InvalidArchive(f"expected one of the tables {', '.join(self._tables)}, found '{table}'")
        found = portable.read(self._connection, self._tables[table], source)
        if found != rows:
            raise InvalidArchive(f"table {table}: expected {counted(rows, 'row')}, found {found:,}")

    def finish(self, last: Mapping[str, int]) -> None:
        """Continue the numbering, upgrade the tables, and return runs that were being worked to the queue.

        No worker holds those runs any more. Their attempts had not failed, so they do not count, and their
        checkpoints are kept.

        Parameters
        ----------
        last
            `Dump.numbers`.
        """
        from forecasting.storage.upgrade import migrate  # noqa: PLC0415

        row_numbers.continue_after(self._connection, self._tables, last)
        migrate(self._connection, "head")
        self._connection.execute(
            sa.update(refresh_run)
            .where(allows(RunEvent.RELEASE))
            .values(
                state=TRANSITIONS[RunEvent.RELEASE].target.value,
                attempt=refresh_run.c.attempt - 1,
                lease_until=None,
                deadline_at=None,
                worker=None,
            )
        )


def _lock_tables(connection: sa.Connection) -> None:
    """Lock existing tables against other writers. SQLite has only one writer anyway."""
    tables = [name for name in metadata.tables if sa.inspect(connection).has_table(name)]
    if connection.dialect.name == "postgresql" and tables:
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")


def _require_empty(connection: sa.Connection, place: str) -> None:
    tables = portable.reflect_tables(connection, set(metadata.tables) - set(BOOKKEEPING))
    counts = {
        name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for name, table in tables.items()
    }
    found = [f"{count:,} in {name}" for name, count in counts.items() if count]
    if found:
        raise InvalidRequest(
            f"{place}: expected a database without rows, found {', '.join(found[:_NAMED])}"
            f"{' and more' if len(found) > _NAMED else ''}; nothing was changed"
        )


def _create_tables(connection: sa.Connection, place: str, revision: str) -> None:
    """Give an empty database the tables of a revision."""
    from forecasting.storage.upgrade import migrate, require_known  # noqa: PLC0415

    found = revision_of(connection)
    if found == revision:
        return
    if found is not None:
        require_known(found, place, "it was left as it is")
        migrate(connection, "head")  # now all its tables are known
        metadata.drop_all(connection)
        connection.exec_driver_sql("DELETE FROM alembic_version")
    migrate(connection, revision)
