"""Reading refresh runs, and the marks by which caches notice a change."""

from collections.abc import Collection, Hashable
from datetime import datetime

import sqlalchemy as sa

from forecasting.core.domain import BatchProgress, RefreshRun, StoreSnapshot
from forecasting.storage.database import Database
from forecasting.storage.rows import RUN, run_of
from forecasting.storage.snapshots import read_batch, read_snapshots
from forecasting.storage.tables import ACTIVE, Instant, forecast_head, history_import, refresh_run


def _pulse() -> sa.Select[int, int, int]:
    marks = (sa.func.sum(forecast_head.c.version), sa.func.max(history_import.c.import_id))
    version, imported = (sa.select(sa.func.coalesce(each, 0)).scalar_subquery() for each in marks)
    active = sa.select(sa.func.count()).select_from(refresh_run).where(ACTIVE).scalar_subquery()
    return sa.select(version, imported, active)


def _stamp() -> sa.Select[int, int, int, datetime | None, int]:
    """The pulse, the time of the newest request, and the number of requests made at that time."""
    newest = sa.select(sa.func.max(refresh_run.c.requested_at, type_=Instant)).scalar_subquery()
    at_that_time = (
        sa.select(sa.func.count())
        .select_from(refresh_run)
        .where(refresh_run.c.requested_at == newest)
        .scalar_subquery()
    )
    return _pulse().add_columns(newest, at_that_time)


# Built once, because every page of every session runs them each time it is drawn.
_PULSE = _pulse()
_STAMP = _stamp()


class SqlRunQueries:
    """Reads refresh runs (`ports.RunQueries`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, run_id: str) -> RefreshRun | None:
        """See `ports.RunQueries.get`."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(*RUN).where(refresh_run.c.run_id == run_id)).one_or_none()
        return None if row is None else run_of(row)

    def recent(self, limit: int, store: str | None = None, scope: str | None = None) -> list[RefreshRun]:
        """See `ports.RunQueries.recent`."""
        newest = sa.select(*RUN).order_by(refresh_run.c.requested_at.desc(), refresh_run.c.run_id.desc())
        run = refresh_run.c
        query = newest if store is None else newest.where((run.store == store) | (run.scope == scope))
        with self._database.reading() as connection:
            return [run_of(row) for row in connection.execute(query.limit(limit))]

    def backlog(self) -> int:
        """See `ports.RunQueries.backlog`."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).where(ACTIVE)).scalar_one()

    def holder(self, scope: str) -> RefreshRun | None:
        """See `ports.RunQueries.holder`."""
        query = sa.select(*RUN).where(ACTIVE, refresh_run.c.scope == scope)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else run_of(row)

    def last(self, scope: str) -> RefreshRun | None:
        """See `ports.RunQueries.last`."""
        ended = refresh_run.c.finished_at
        query = sa.select(*RUN).where(refresh_run.c.scope == scope, ended.is_not(None))
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(ended.desc()).limit(1)).one_or_none()
        return None if row is None else run_of(row)

    def batch(self) -> BatchProgress | None:
        """See `ports.RunQueries.batch`."""
        with self._database.reading() as connection:
            return read_batch(connection)

    def snapshots(self, stores: Collection[str] | None = None) -> dict[str, StoreSnapshot]:
        """See `ports.RunQueries.snapshots`."""
        with self._database.reading() as connection:
            return read_snapshots(connection, stores)

    def pulse(self) -> tuple[int, int, int]:
        """See `ports.RunQueries.pulse`."""
        with self._database.reading() as connection:
            row = connection.execute(_PULSE).one()
        return row[0], row[1], row[2]

    def stamp(self) -> Hashable | None:
        """See `ports.RunQueries.stamp`.

        Requests and publications cover every change of a run: a run that ends was requested before, and
        while it is active there is no stamp.
        """
        with self._database.reading() as connection:
            version, imported, active, newest, at_that_time = connection.execute(_STAMP).one()
        return None if active else (version, imported, newest, at_that_time)
