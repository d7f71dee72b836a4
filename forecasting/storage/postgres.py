"""The PostgreSQL backend: connections, clock, locks and error messages.

A reading transaction is ``REPEATABLE READ``: all its queries see the same state. A writing transaction is
``READ COMMITTED``: each statement sees what others have committed by then. Unique indexes, row locks and, if
those are not enough, an advisory lock keep two writers from taking the same decision
(https://www.postgresql.org/docs/current/transaction-iso.html).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from forecasting.core.errors import InvalidSetting, StorageError

DRIVER = "postgresql+psycopg"

CONNECT_SECONDS = 5
"""How long to try to connect before the server counts as out of reach."""

LOCK_SECONDS = 30
"""How long a statement waits for another transaction's lock; the same as on SQLite."""

CONNECTIONS = 10
"""Maximum connections of one process; further callers wait. A server accepts a hundred by default."""

_SESSION = f"-c lock_timeout={LOCK_SECONDS}s -c idle_in_transaction_session_timeout=120s -c timezone=UTC"

_REASONS = {
    "28": "refuses this user or password",
    "3D000": "does not have this database",
    "42501": "does not let this user do that",
    "53100": "can't be written: the disk is full",
    "53300": "has too many connections",
    "55P03": "is locked by another process",
    "40P01": "is locked by another process",
    "57P": "was stopped",
    "25006": "can't be written: it is read-only",
}
"""Causes of errors, by the beginning of the SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """One database of a PostgreSQL server (`database.Backend`)."""

    place: str

    reading: Mapping[str, object] = field(
        default_factory=lambda: {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    writing: Mapping[str, object] = field(default_factory=lambda: {"isolation_level": "READ COMMITTED"})

    def reason(self, error: sa.exc.DBAPIError) -> str:
        """See `database.Backend.reason`."""
        state = getattr(error.orig, "sqlstate", None) or ""
        words = next((words for start, words in _REASONS.items() if state.startswith(start)), None)
        if words is None and "too many" in str(error.orig):  # refused so early that there is no SQLSTATE
            words = _REASONS["53300"]
        if words is None and (error.connection_invalidated or not state):
            words = "is out of reach"
        return words or f"can't be used ({str(error.orig).strip()})"

    def now(self, connection: sa.Connection) -> datetime:
        """The time on the server's clock now, not at the start of the transaction (UTC)."""
        at: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return at.astimezone(UTC)

    def lock(self, connection: sa.Connection, name: str) -> None:
        """Take the advisory lock of this name, waiting if needed. It is held until the transaction ends."""
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))

    def size(self, connection: sa.Connection) -> int:
        """Bytes the database takes on the server's disk."""
        found: int = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        return found


def parse_url(text: str) -> sa.URL:
    """Parse the value of ``STORECAST_DATABASE_URL``.

    Raises
    ------
    InvalidSetting
        If it is not the address of a PostgreSQL database. The message never contains the password.
    """
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in ("postgresql", "postgres", DRIVER) or not url.database:
        found = "something else" if url is None else f"'{url.render_as_string(hide_password=True)}'"
        raise InvalidSetting(
            "STORECAST_DATABASE_URL: expected an address such as "
            f"postgresql://user:password@host:5432/storecast, found {found}"
        )
    return url.set(drivername=DRIVER)


def place_of(url: sa.URL) -> str:
    """The address to show operators, with the password removed."""
    where = {name: value for name, value in url.query.items() if name in ("host", "port")}
    shown = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database, where)
    return shown.render_as_string(hide_password=True)


def _json(value: object) -> str:
    """Serialize a value to JSON; called by the driver, so errors are translated here."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise StorageError(f"expected a value that can be stored, found: {error}") from error


def create_engine(url: sa.URL) -> sa.Engine:
    """Create an engine for an existing database, without connecting to it yet.

    A connection that the server has dropped is replaced when it is next taken from the pool.
    """
    return sa.create_engine(
        url,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "storecast",
            "options": _SESSION,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
        json_serializer=_json,
        pool_size=CONNECTIONS // 2,
        max_overflow=CONNECTIONS - CONNECTIONS // 2,
        pool_timeout=LOCK_SECONDS,
        pool_pre_ping=True,
    )
