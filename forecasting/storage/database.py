"""The database of one state folder: opening it, upgrading it, and the two kinds of transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from forecasting.errors import StateUnavailable, StorageError
from forecasting.storage import sqlite

FILE = "storecast.sqlite3"

REVISION = "0003"
"""The newest migration; a test holds it to `migrations/versions`."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database.

    Attributes
    ----------
    engine
        Its connections, shared by all threads.
    place
        Where it is, as told to an operator.
    """

    engine: sa.Engine
    place: str

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction in which every query sees the same state; it blocks nobody and nobody blocks it.

        Raises
        ------
        StorageError
            If the database can't be read.
        """
        with self._translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """The only write transaction at this moment; committed at the end, undone by any exception.

        Raises
        ------
        StorageError
            If the database can't be written.
        """
        with self._translated(), self.engine.connect() as connection:
            connection.execution_options(**{sqlite.WRITES: True})
            with connection.begin():
                yield connection

    def bytes(self) -> int:
        """Room taken on disk."""
        return sqlite.size(Path(self.place))

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
            raise StateUnavailable(f"{self.place} {sqlite.reason(error, Path(self.place))}") from error
        except sa.exc.SQLAlchemyError as error:
            raise StorageError(f"{self.place}: {error}") from error


def open_database(home: Path, *, busy_timeout: float = 30.0, must_exist: bool = False) -> Database:
    """Open the database of a state folder; create or upgrade it where needed.

    Parameters
    ----------
    home
        The state folder; created if it is missing.
    busy_timeout
        Seconds a transaction waits for another process's lock.
    must_exist
        Whether the state folder holds what only a database that is now missing can make sense of.

    Raises
    ------
    StateUnavailable
        If the folder or the file can't be used, or the file is missing though it `must_exist`; says which
        and why.
    StateTooNew
        If the database was written by a newer version of the software; it is left as it is.
    """
    path = home / FILE
    if must_exist and not (path.exists() and path.stat().st_size):
        raise StateUnavailable(
            f"{path} is missing, although {home} has been in use: bring the file back from a backup, or "
            "start anew in another folder; nothing was changed"
        )
    _make(home, path)
    database = Database(sqlite.create_engine(path, busy_timeout), str(path))
    try:
        _bring_up_to_date(database)
    except StorageError:
        database.close()
        raise
    return database


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


def _bring_up_to_date(database: Database) -> None:
    with database.reading() as connection:
        if _revision(connection) == REVISION:
            return
    from forecasting.storage.upgrade import upgrade  # noqa: PLC0415 – alembic costs a start-up that needs it not

    with database.writing() as connection:
        found = _revision(connection)  # again: another process may have upgraded it meanwhile
        upgrade(connection, found, database.place)


def _revision(connection: sa.Connection) -> str | None:
    """The migration the database is at, or None where it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found
