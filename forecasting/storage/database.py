"""Opening a database, upgrading it, and its two kinds of transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from forecasting.core.errors import StateUnavailable, StorageError
from forecasting.core.ports import Clock
from forecasting.storage import postgres, sqlite

FILE = "storecast.sqlite3"

REVISION = "0006"
"""The newest migration. A test compares it with `migrations/versions`."""


class Backend(Protocol):
    """The parts that differ between SQLite and PostgreSQL."""

    @property
    def place(self) -> str:
        """The address to show operators, with the password removed."""
        ...

    @property
    def reading(self) -> Mapping[str, object]:
        """Execution options of a connection whose queries all read the same state."""
        ...

    @property
    def writing(self) -> Mapping[str, object]:
        """Execution options of a connection that writes."""
        ...

    def reason(self, error: sa.exc.DBAPIError) -> str:
        """The cause of an error, as words that can follow the address in a sentence."""
        ...

    def now(self, connection: sa.Connection) -> datetime:
        """The time on the database's clock, as an aware datetime in UTC."""
        ...

    def lock(self, connection: sa.Connection, name: str) -> None:
        """Make other transactions that lock the same name wait until this one ends."""
        ...

    def size(self, connection: sa.Connection) -> int:
        """Bytes the database takes on disk."""
        ...


@dataclass(frozen=True, slots=True)
class Database:
    """An open database.

    Attributes
    ----------
    engine
        The connections, shared by all threads.
    backend
        The parts that differ between SQLite and PostgreSQL.
    clock
        A clock to use instead of the database's own, for tests; None for the database's.
    """

    engine: sa.Engine
    backend: Backend
    clock: Clock | None = None

    @property
    def place(self) -> str:
        """The address to show operators, with the password removed."""
        return self.backend.place

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction in which every query sees the same state. It never waits for others, nor they for it.

        Raises
        ------
        StorageError
            If the database can't be read.
        """
        with self._translated(), self.engine.connect() as connection:
            connection.execution_options(**self.backend.reading)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self, *, alone: str = "") -> Iterator[sa.Connection]:
        """A transaction that writes. It is committed at the end, and rolled back by any exception.

        SQLite allows one writing transaction at a time.

        Parameters
        ----------
        alone
            A name. On every database, transactions given the same name run one after another.

        Raises
        ------
        StorageError
            If the database can't be written.
        """
        with self._translated(), self.engine.connect() as connection:
            connection.execution_options(**self.backend.writing)
            with connection.begin():
                if alone:
                    self.backend.lock(connection, alone)
                yield connection

    def now(self, connection: sa.Connection) -> datetime:
        """The current instant (UTC) on the database's clock, which all processes share."""
        return self.clock.now() if self.clock else self.backend.now(connection)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.IntegrityError as error:
            raise StorageError(f"{self.place}: refused by the database: {error.orig}") from error
        except sa.exc.DBAPIError as error:
            raise StateUnavailable(f"{self.place} {self.backend.reason(error)}") from error
        except sa.exc.TimeoutError as error:
            raise StateUnavailable(f"{self.place}: every connection is in use") from error
        except sa.exc.SQLAlchemyError as error:
            raise StorageError(f"{self.place}: {error}") from error


def open_database(
    home: Path,
    url: str = "",
    *,
    busy_timeout: float = 30.0,
    must_exist: bool = False,
    clock: Clock | None = None,
) -> Database:
    """Open the database of a state folder. Create or upgrade it if needed.

    Parameters
    ----------
    home
        The state folder; created if it is missing.
    url
        The address of an existing PostgreSQL database; ``""`` for a SQLite file in the state folder.
    busy_timeout
        Seconds that a SQLite transaction waits for another process's lock.
    must_exist
        Refuse to create a database, because the state folder holds files that belong to an existing one.
    clock
        See `Database`.

    Raises
    ------
    InvalidSetting
        If the address is not valid.
    StateUnavailable
        If the folder or the database can't be used, or the database is missing although it `must_exist`.
        The message says which, and why.
    StateTooNew
        If a newer version of the software wrote the database; it is left unchanged.
    """
    database = connect(home, url, busy_timeout=busy_timeout, must_exist=must_exist, clock=clock)
    try:
        _bring_up_to_date(database, home, must_exist=must_exist)
    except StorageError:
        database.close()
        raise
    return database


def connect(
    home: Path,
    url: str = "",
    *,
    busy_timeout: float = 30.0,
    must_exist: bool = False,
    clock: Clock | None = None,
) -> Database:
    """Open the database as `open_database` does, without creating or upgrading its tables."""
    if url:
        return _on_server(url, clock)
    return _in_folder(home, busy_timeout, clock, must_exist=must_exist)


def _on_server(url: str, clock: Clock | None) -> Database:
    address = postgres.parse_url(url)
    backend = postgres.PostgresDatabase(postgres.place_of(address))
    return Database(postgres.create_engine(address), backend, clock)


def _in_folder(home: Path, busy_timeout: float, clock: Clock | None, *, must_exist: bool) -> Database:
    path = home / FILE
    if must_exist and not (path.exists() and path.stat().st_size):
        raise _missing(str(path), home)
    _create(home, path)
    return Database(sqlite.create_engine(path, busy_timeout), sqlite.SqliteFile(path), clock)


def _missing(place: str, home: Path) -> StateUnavailable:
    return StateUnavailable(
        f"{place} is missing, although {home} has been in use: restore it from a backup, or "
        "start in another folder; nothing was changed"
    )


def _create(home: Path, path: Path) -> None:
    """Create the folder and an empty file if they are missing."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateUnavailable(f"{home} can't be used as the state folder: {error.strerror}") from error
    try:
        if not path.exists():
            path.touch()
    except OSError as error:
        raise StateUnavailable(f"{path} can't be created: {error.strerror}") from error


def _bring_up_to_date(database: Database, home: Path, *, must_exist: bool) -> None:
    with database.reading() as connection:
        found = revision_of(connection)
    if found == REVISION:
        return
    if found is None and must_exist:
        raise _missing(f"what was in {database.place}", home)
    from forecasting.storage.upgrade import upgrade  # noqa: PLC0415 – alembic is slow to import, and most starts do not need it

    with database.writing(alone="schema") as connection:
        found = revision_of(connection)  # read again: another process may have upgraded it
        upgrade(connection, found, database.place)


def revision_of(connection: sa.Connection) -> str | None:
    """The migration the database is at; None if it has no tables."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found
