"""The database: opening it, upgrading it, and the two kinds of transaction."""

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
"""The newest migration; a test holds it to `migrations/versions`."""


class Backend(Protocol):
    """What differs between databases."""

    @property
    def place(self) -> str:
        """Where it is, as told to an operator; without a password."""
        ...

    @property
    def reading(self) -> Mapping[str, object]:
        """Execution options of a connection that reads one state throughout."""
        ...

    @property
    def writing(self) -> Mapping[str, object]:
        """Execution options of a connection that is going to write."""
        ...

    def reason(self, error: sa.exc.DBAPIError) -> str:
        """What an error says about the database, in words that follow its place."""
        ...

    def now(self, connection: sa.Connection) -> datetime:
        """The database's clock, aware, in UTC."""
        ...

    def lock(self, connection: sa.Connection, name: str) -> None:
        """Hold off other transactions that lock the same name until this one ends."""
        ...

    def bytes(self, connection: sa.Connection) -> int:
        """Room taken on disk."""
        ...


@dataclass(frozen=True, slots=True)
class Database:
    """An open database.

    Attributes
    ----------
    engine
        Its connections, shared by all threads.
    backend
        What is particular to it.
    clock
        Whose time goes instead of the database's own, for tests; None for the database's.
    """

    engine: sa.Engine
    backend: Backend
    clock: Clock | None = None

    @property
    def place(self) -> str:
        """Where it is, as told to an operator."""
        return self.backend.place

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction in which every query sees the same state; it blocks nobody and nobody blocks it.

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
        """A transaction that writes; committed at the end, undone by any exception.

        On SQLite it is the only one at this moment.

        Parameters
        ----------
        alone
            A name: on every database it is the only one at this moment that was given this name.

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
        """The present instant by the one clock that all processes share: the database's, in UTC."""
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
    """Open the database of a state folder; create or upgrade it where needed.

    Parameters
    ----------
    home
        The state folder; created if it is missing.
    url
        The address of a PostgreSQL database, which must exist; ``""``: a SQLite file in the state folder.
    busy_timeout
        Seconds a transaction on SQLite waits for another process's lock.
    must_exist
        Whether the state folder holds what only a database that is now missing can make sense of.
    clock
        As in `Database`.

    Raises
    ------
    InvalidSetting
        If the address is not one.
    StateUnavailable
        If the folder or the database can't be used, or it is missing though it `must_exist`; says which
        and why.
    StateTooNew
        If the database was written by a newer version of the software; it is left as it is.
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
    """Open the database as `open_database` does, but leave its tables as they are."""
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
    _make(home, path)
    return Database(sqlite.create_engine(path, busy_timeout), sqlite.SqliteFile(path), clock)


def _missing(place: str, home: Path) -> StateUnavailable:
    return StateUnavailable(
        f"{place} is missing, although {home} has been in use: bring it back from a backup, or "
        "start anew in another folder; nothing was changed"
    )


def _make(home: Path, path: Path) -> None:
    """Make the folder and an empty file where they are missing."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateUnavailable(f"{home} can't be used as the state folder: {error.strerror}") from error
    try:
        if not path.exists():
            path.touch()
    except OSError as error:
        raise StateUnavailable(f"{path} can't be made: {error.strerror}") from error


def _bring_up_to_date(database: Database, home: Path, *, must_exist: bool) -> None:
    with database.reading() as connection:
        found = revision_of(connection)
    if found == REVISION:
        return
    if found is None and must_exist:
        raise _missing(f"what was in {database.place}", home)
    from forecasting.storage.upgrade import upgrade  # noqa: PLC0415 – alembic costs a start-up that needs it not

    with database.writing(alone="schema") as connection:
        found = revision_of(connection)  # again: another process may have upgraded it meanwhile
        upgrade(connection, found, database.place)


def revision_of(connection: sa.Connection) -> str | None:
    """The migration the database is at, or None where it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found
