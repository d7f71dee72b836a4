"""A whole database as streams of its tables, and back: into an empty one, of whatever kind.

Importing `upgrade` is left to the functions that need it: alembic costs a start-up that does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

import sqlalchemy as sa

from forecasting.core.domain import FileKey
from forecasting.core.errors import InvalidArchive, InvalidRequest
from forecasting.core.wording import counted
from forecasting.refresh.lifecycle import TRANSITIONS, RunEvent
from forecasting.storage import numbers, portable
from forecasting.storage.database import Database, revision_of
from forecasting.storage.endings import may
from forecasting.storage.tables import history_head, history_import, history_version, metadata, refresh_run

SAYS_NOTHING = ("refresh_worker", "daily_chore")
"""Tables with rows as soon as the software has run: a database is empty if the others are."""

_FOUND = 3
"""Tables named where there should be none with rows."""


@dataclass(frozen=True, slots=True)
class Dump:
    """The state of a database at one moment, as long as the transaction lasts that reads it.

    Attributes
    ----------
    connection
        From `Database.reading`.
    tables
        What there is, in an order in which it can be loaded.
    """

    connection: sa.Connection
    tables: Mapping[str, sa.Table] = field(init=False)

    def __post_init__(self) -> None:
        if self.connection.dialect.name == "postgresql":  # what was read may take long to be put away
            self.connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        object.__setattr__(self, "tables", portable.reflected(self.connection, metadata.tables))

    @property
    def revision(self) -> str:
        """The migration it is at."""
        return revision_of(self.connection) or ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever imported."""
        rows = sa.select(sa.func.count()).select_from(history_import)
        return not self.connection.execute(rows).scalar()

    def numbers(self) -> dict[str, int]:
        """The last number given in each table that numbers its rows."""
        return numbers.used(self.connection, self.tables)

    def write(self, table: str, sink: IO[bytes]) -> int:
        """Write a table as `portable.write` does; return how many rows it has."""
        return portable.write(self.connection, self.tables[table], sink)

    def files(self) -> dict[FileKey, bool]:
        """Every history file that is spoken of, and whether it is a head."""
        file, head = history_version.c, history_head.c
        spoken_of = sa.select(file.kind, file.store, file.content_hash).distinct()
        named = spoken_of.where(file.content_hash.is_not(None)).order_by(file.kind, file.store)
        heads = {
            FileKey(*row)
            for row in self.connection.execute(sa.select(head.kind, head.store, head.content_hash))
        }
        return {key: key in heads for key in (FileKey(*row) for row in self.connection.execute(named))}


def require_empty(database: Database) -> None:
    """Check that a database can be loaded into; one without tables can.

    Raises
    ------
    InvalidRequest
        If it has rows; says which.
    """
    with database.reading() as connection:
        _require_empty(connection, database.place)


class Loading:
    """Loads a dump into an empty database.

    Parameters
    ----------
    connection
        From `Database.writing`, which is to be the only one with the name ``"schema"``: until it is committed
        there is nothing, and no table that is there can be written to by others.
    place
        What the database is called in errors.
    revision
        The migration the dump was at; a known one (`upgrade.require_known`).

    Raises
    ------
    InvalidRequest
        If the database is not empty.
    StateTooNew
        If it was written by a newer version of the software.
    """

    def __init__(self, connection: sa.Connection, place: str, revision: str) -> None:
        self._connection = connection
        _keep_others_out(connection)
        _require_empty(connection, place)
        _make_tables(connection, place, revision)
        self._tables = portable.reflected(connection, metadata.tables)
        for table in reversed(self._tables.values()):
            connection.execute(sa.delete(table))

    def read(self, table: str, source: IO[bytes], rows: int) -> None:
        """Load a table; those it refers to come before it.

        Raises
        ------
        InvalidArchive
            If there is no such table, or the stream is not of it, or not of that many rows.
        """
        if table not in self._tables:
            raise InvalidArchive(f"expected one of the tables {', '.join(self._tables)}, found '{table}'")
        found = portable.read(self._connection, self._tables[table], source)
        if found != rows:
            raise InvalidArchive(f"table {table}: expected {counted(rows, 'row')}, found {found:,}")

    def finish(self, last: Mapping[str, int]) -> None:
        """Let numbers go on, bring the tables up to date, and give runs that were under way to the queue.

        Nothing had broken their attempts when they were dumped, and no worker holds them any more; what they
        had done is kept.

        Parameters
        ----------
        last
            `Dump.numbers`.
        """
        from forecasting.storage.upgrade import migrate  # noqa: PLC0415

        numbers.go_on_after(self._connection, self._tables, last)
        migrate(self._connection, "head")
        self._connection.execute(
            sa.update(refresh_run)
            .where(may(RunEvent.RELEASE))
            .values(
                state=TRANSITIONS[RunEvent.RELEASE].target.value,
                attempt=refresh_run.c.attempt - 1,
                lease_until=None,
                deadline_at=None,
                worker=None,
            )
        )


def _keep_others_out(connection: sa.Connection) -> None:
    """Let nobody else write to tables that are there; on SQLite nobody can."""
    tables = [name for name in metadata.tables if sa.inspect(connection).has_table(name)]
    if connection.dialect.name == "postgresql" and tables:
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")


def _require_empty(connection: sa.Connection, place: str) -> None:
    tables = portable.reflected(connection, set(metadata.tables) - set(SAYS_NOTHING))
    counts = {
        name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for name, table in tables.items()
    }
    found = [f"{count:,} in {name}" for name, count in counts.items() if count]
    if found:
        raise InvalidRequest(
            f"{place}: expected a database without rows, found {', '.join(found[:_FOUND])}"
            f"{' and more' if len(found) > _FOUND else ''}; nothing was changed"
        )


def _make_tables(connection: sa.Connection, place: str, revision: str) -> None:
    """Let the database, which is empty, have the tables of a revision."""
    from forecasting.storage.upgrade import migrate, require_known  # noqa: PLC0415

    found = revision_of(connection)
    if found == revision:
        return
    if found is not None:
        require_known(found, place, "it was left as it is")
        migrate(connection, "head")  # of which all tables are known
        metadata.drop_all(connection)
        connection.exec_driver_sql("DELETE FROM alembic_version")
    migrate(connection, revision)
