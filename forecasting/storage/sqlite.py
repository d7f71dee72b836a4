"""The SQLite backend: opening files, starting transactions, clock and error messages.

With write-ahead logging, a write does not block readers. `synchronous=FULL` makes a commit survive a power
cut. A write transaction takes its lock at the start (``BEGIN IMMEDIATE``), so it waits for its turn instead
of failing at its first write (https://sqlite.org/lang_transaction.html, https://sqlite.org/wal.html).
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa

WRITES = "storecast_writes"
"""Execution option of connections that write."""

_ATTEMPTS = 100

_REASONS = {
    "SQLITE_BUSY": "is locked by another process",
    "SQLITE_LOCKED": "is locked by another process",
    "SQLITE_READONLY": "can't be written: the file or its folder is read-only",
    "SQLITE_CANTOPEN": "can't be opened",
    "SQLITE_PERM": "can't be opened: access is denied",
    "SQLITE_AUTH": "can't be opened: access is denied",
    "SQLITE_NOTADB": "is not a SQLite database",
    "SQLITE_CORRUPT": "is damaged",
    "SQLITE_FULL": "can't be written: the disk is full",
    "SQLITE_IOERR": "can't be read or written: the disk reports an error",
}


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """One database file (`database.Backend`)."""

    path: Path

    reading: Mapping[str, object] = field(default_factory=dict)
    writing: Mapping[str, object] = field(default_factory=lambda: {WRITES: True})

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    def reason(self, error: sa.exc.DBAPIError) -> str:
        """See `database.Backend.reason`."""
        return reason(error, self.path)

    def now(self, connection: sa.Connection) -> datetime:
        """The time on this machine's clock (UTC)."""
        text: str = connection.exec_driver_sql("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')").scalar_one()
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    def lock(self, connection: sa.Connection, name: str) -> None:
        """Do nothing: SQLite has one writer at a time anyway."""

    def size(self, connection: sa.Connection) -> int:
        """Bytes of the file and its write-ahead log."""
        del connection
        return file_size(self.path)


def create_engine(path: Path, busy_timeout: float) -> sa.Engine:
    """Create an engine for an existing file, without opening it yet.

    The next transaction notices if the file has been moved, deleted or replaced.

    Parameters
    ----------
    busy_timeout
        Seconds that a transaction waits for another one's lock.
    """
    engine = sa.create_engine(
        sa.URL.create("sqlite+pysqlite", database=str(path)),
        creator=partial(_connect, path, busy_timeout),
        json_serializer=partial(json.dumps, ensure_ascii=False, allow_nan=False),
        pool_size=8,
        max_overflow=-1,  # callers wait for the database's lock only, never for a connection
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "connect", partial(_remember, path))
    sa.event.listen(engine, "checkout", partial(_require_same_file, path))
    sa.event.listen(engine, "begin", _begin)
    return engine


def reason(error: sa.exc.DBAPIError, path: Path) -> str:
    """The cause of an error with the file at `path`, in words."""
    code = getattr(error.orig, "sqlite_errorname", "")
    if code.startswith("SQLITE_CANTOPEN") and _is_missing(path):
        return "is missing"
    words = next((words for name, words in _REASONS.items() if code.startswith(name)), None)
    return words or f"can't be used ({error.orig})"


def file_size(path: Path) -> int:
    """Bytes of a database file and its write-ahead log."""
    files = (path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm"))
    return sum(file.stat().st_size for file in files if file.exists())


def _connect(path: Path, busy_timeout: float) -> sqlite3.Connection:
    """Open the file for reading and writing. Unlike SQLite's default, never create it."""
    place = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(place, uri=True, timeout=busy_timeout, check_same_thread=False)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:  # SQLite will meet the error again and report it
        return None
    return found.st_dev, found.st_ino


def _is_missing(path: Path) -> bool:
    try:
        return not path.exists()
    except OSError:  # its folder cannot be read
        return False


def _remember(path: Path, _connection: sqlite3.Connection, record: sa.pool.ConnectionPoolEntry) -> None:
    record.info["file"] = _identity(path)


def _require_same_file(
    path: Path, _connection: sqlite3.Connection, record: sa.pool.ConnectionPoolEntry, _proxy: object
) -> None:
    """Drop a connection to a file that has been moved or replaced; its writes would be lost silently."""
    if record.info["file"] != _identity(path):
        raise sa.exc.DisconnectionError


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # `_begin` starts transactions, not the driver
    try:
        use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
    except sqlite3.Error:
        connection.close()
        raise


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file to write-ahead logging for good.

    The switch ignores the busy timeout: it fails at once while another process holds any lock. So wait for
    that lock in a transaction, and try again.
    """
    for _ in range(_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
