"""The health of the database and its workers. Only reads, in SQL that every database understands."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from forecasting.core.domain import GROUP, RunState
from forecasting.core.errors import StateUnavailable
from forecasting.core.ports import LedgerVitals, RunTally
from forecasting.storage.database import REVISION, Database
from forecasting.storage.tables import ACTIVE, Instant, refresh_run, refresh_worker

_REVISION = sa.select(sa.table("alembic_version", sa.column("version_num")).c.version_num)


class SqlVitals:
    """Reports the health of the database and its workers (`ports.Vitals`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def require_usable(self) -> None:
        """See `ports.Vitals.require_usable`."""
        with self._database.reading() as connection:
            found = connection.execute(_REVISION).scalar()
        if found != REVISION:
            raise StateUnavailable(
                f"{self._database.place}: expected revision '{REVISION}', found '{found}': "
                "another version of this software changed it; start Storecast again"
            )

    def silence(self) -> timedelta | None:
        """See `ports.Vitals.silence`."""
        newest = sa.select(sa.func.max(refresh_worker.c.seen_at, type_=Instant))
        with self._database.reading() as connection:
            seen_at: datetime | None = connection.execute(newest).scalar()
            return None if seen_at is None else self._database.now(connection) - seen_at

    def ledger(self, lately: timedelta) -> LedgerVitals:
        """See `ports.Vitals.ledger`."""
        with self._database.reading() as connection:
            now = self._database.now(connection)
            waiting_since = _waiting_since(connection)
            waited, worked = _durations(connection, now - lately)
            return LedgerVitals(
                _tallies(connection),
                None if waiting_since is None else now - waiting_since,
                waited,
                worked,
                tuple(now - seen_at for seen_at in _seen(connection)),
            )


def _tallies(connection: sa.Connection) -> tuple[RunTally, ...]:
    run = refresh_run.c
    retried = sa.func.sum(sa.case((run.attempt > 1, 1), else_=0))
    query = sa.select(run.state, run.verdict, sa.func.count(), retried).group_by(run.state, run.verdict)
    return tuple(RunTally(*row) for row in connection.execute(query))


def _waiting_since(connection: sa.Connection) -> datetime | None:
    run = refresh_run.c
    query = sa.select(sa.func.min(run.requested_at, type_=Instant))
    since: datetime | None = connection.execute(
        query.where(ACTIVE, run.state != RunState.RUNNING.value, ~_elsewhere())
    ).scalar()
    return since


def _elsewhere() -> sa.ColumnElement[bool]:
    """Whether a run waits for an engine elsewhere (`RefreshRun.waits_elsewhere`)."""
    run = refresh_run.c
    return sa.and_(run.scope.startswith(GROUP), run.state == RunState.WAITING.value, run.error == "")


def _durations(
    connection: sa.Connection, since: datetime
) -> tuple[tuple[timedelta, ...], tuple[timedelta, ...]]:
    """For runs that ended since: times from the request to the first claim, and from there to the end."""
    run = refresh_run.c
    query = sa.select(run.requested_at, run.started_at, run.finished_at).where(
        run.finished_at >= since, run.started_at.is_not(None)
    )
    rows = connection.execute(query).all()
    return tuple(row[1] - row[0] for row in rows), tuple(row[2] - row[1] for row in rows)


def _seen(connection: sa.Connection) -> tuple[datetime, ...]:
    return tuple(connection.execute(sa.select(refresh_worker.c.seen_at)).scalars())
