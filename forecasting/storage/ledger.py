"""Refresh runs: who trains what, under one unique index on the scopes that are active."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from forecasting.chain import CHAIN, Chain
from forecasting.domain import (
    Answer,
    BatchProgress,
    Decision,
    RefreshRequest,
    RefreshRun,
    RunState,
    StoreSnapshot,
    VersionHeader,
)
from forecasting.errors import InvalidRequest
from forecasting.ports import Publication
from forecasting.storage.asking import ask_chain, ask_stores
from forecasting.storage.blob import encode
from forecasting.storage.chains import insert_chain
from forecasting.storage.claiming import change_held, claim_runs, held_by, renew_runs
from forecasting.storage.database import Database
from forecasting.storage.rows import RUN, run_of
from forecasting.storage.snapshots import read_batch, read_snapshots
from forecasting.storage.tables import ACTIVE, forecast_version, history_import, refresh_run, refresh_worker
from forecasting.storage.versions import insert_version

FORGOTTEN = timedelta(days=7)
"""After this long without a sign of life a worker is no longer listed."""


class SqlLedger:
    """Decides, records and ends refresh runs (`ports.Ledger`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def request(self, ask: RefreshRequest, decide: Callable[[StoreSnapshot], Decision]) -> Answer:
        """See `ports.Ledger.request`; `decide` is called with the database locked, so it must be quick."""
        return self.request_many([ask], decide)[0]

    def request_many(
        self, asks: Sequence[RefreshRequest], decide: Callable[[StoreSnapshot], Decision]
    ) -> list[Answer]:
        """See `ports.Ledger.request_many`; as for `request`, `decide` must be quick."""
        with self._database.writing() as connection:
            return ask_stores(connection, asks, decide)

    def request_chain(self, ask: RefreshRequest, decide: Callable[[Chain | None], Decision]) -> Answer:
        """See `ports.Ledger.request_chain`; as for `request`, `decide` must be quick."""
        with self._database.writing() as connection:
            return ask_chain(connection, ask, decide)

    def claim(self, worker: str, now: datetime, lease_until: datetime, limit: int = 1) -> list[RefreshRun]:
        """See `ports.Ledger.claim`."""
        with self._database.writing() as connection:
            return claim_runs(connection, worker, now, lease_until, limit)

    def renew(self, runs: Collection[RefreshRun], lease_until: datetime) -> set[str]:
        """See `ports.Ledger.renew`."""
        with self._database.writing() as connection:
            return renew_runs(connection, runs, lease_until)

    def progress(self, run: RefreshRun, stage: str, done: int, total: int) -> None:
        """See `ports.Ledger.progress`."""
        with self._database.writing() as connection:
            change_held(connection, run, stage=stage, done=done, total=total)

    def publish(self, run: RefreshRun, publication: Publication, at: datetime) -> VersionHeader:
        """See `ports.Ledger.publish`.

        Raises
        ------
        InvalidFrame
            If the forecast breaks its schema; nothing is published.
        """
        content = encode(publication.forecast)
        with self._database.writing() as connection:
            change_held(
                connection, run, state=RunState.SUCCEEDED.value, finished_at=at, done=refresh_run.c.total
            )
            header = insert_version(connection, run, publication, content, at)
            mine = refresh_run.c.run_id == run.run_id
            connection.execute(sa.update(refresh_run).where(mine).values(version=header.version))
        return header

    def publish_chain(self, run: RefreshRun, chain: Chain, at: datetime) -> None:
        """See `ports.Ledger.publish_chain`."""
        with self._database.writing() as connection:
            change_held(
                connection, run, state=RunState.SUCCEEDED.value, finished_at=at, done=refresh_run.c.total
            )
            insert_chain(connection, chain)

    def close(self, run: RefreshRun, state: str, message: str, at: datetime) -> None:
        """See `ports.Ledger.close`; `message` is the error of a failed run, else replaces the run's message.

        Raises
        ------
        InvalidRequest
            If `state` is not one a run ends in.
        """
        told = {RunState.FAILED.value: "error", RunState.SUCCEEDED.value: "message"}
        if state not in told:
            raise InvalidRequest(
                f"run {run.run_id}: expected it to end as one of {list(told)}, found '{state}'"
            )
        with self._database.writing() as connection:
            change_held(
                connection, run, state=RunState(state).value, finished_at=at, **{told[state]: message}
            )

    def release(self, run: RefreshRun) -> None:
        """See `ports.Ledger.release`; a run this worker no longer holds is left alone."""
        with self._database.writing() as connection:
            connection.execute(
                sa.update(refresh_run)
                .where(held_by(run))
                .values(
                    state=RunState.QUEUED.value,
                    attempt=refresh_run.c.attempt - 1,
                    lease_until=None,
                    worker=None,
                )
            )

    def get(self, run_id: str) -> RefreshRun | None:
        """See `ports.Ledger.get`."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(*RUN).where(refresh_run.c.run_id == run_id)).one_or_none()
        return None if row is None else run_of(row)

    def recent(self, limit: int, store: str | None = None) -> list[RefreshRun]:
        """See `ports.Ledger.recent`."""
        newest = sa.select(*RUN).order_by(refresh_run.c.requested_at.desc(), refresh_run.c.run_id.desc())
        query = newest if store is None else newest.where(refresh_run.c.store == store)
        with self._database.reading() as connection:
            return [run_of(row) for row in connection.execute(query.limit(limit))]

    def backlog(self) -> int:
        """See `ports.Ledger.backlog`."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).where(ACTIVE)).scalar_one()

    def pulse(self) -> tuple[int, int, int]:
        """See `ports.Ledger.pulse`."""
        newest = (sa.func.max(forecast_version.c.version), sa.func.max(history_import.c.import_id))
        version, imported = (sa.select(sa.func.coalesce(each, 0)).scalar_subquery() for each in newest)
        active = sa.select(sa.func.count()).select_from(refresh_run).where(ACTIVE).scalar_subquery()
        with self._database.reading() as connection:
            row = connection.execute(sa.select(version, imported, active)).one()
        return row[0], row[1], row[2]

    def pooling(self) -> RefreshRun | None:
        """See `ports.Ledger.pooling`."""
        query = sa.select(*RUN).where(ACTIVE, refresh_run.c.scope == CHAIN)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else run_of(row)

    def batch(self) -> BatchProgress | None:
        """See `ports.Ledger.batch`."""
        with self._database.reading() as connection:
            return read_batch(connection)

    def beat(self, worker: str, at: datetime) -> None:
        """See `ports.Ledger.beat`; a worker's first one clears away those not seen for `FORGOTTEN`."""
        mine = refresh_worker.c.name == worker
        with self._database.writing() as connection:
            if connection.execute(sa.update(refresh_worker).where(mine).values(seen_at=at)).rowcount == 0:
                connection.execute(sa.delete(refresh_worker).where(refresh_worker.c.seen_at < at - FORGOTTEN))
                connection.execute(sa.insert(refresh_worker).values(name=worker, seen_at=at))

    def worker_seen_at(self) -> datetime | None:
        """See `ports.Ledger.worker_seen_at`."""
        newest = sa.select(sa.func.max(refresh_worker.c.seen_at))
        with self._database.reading() as connection:
            seen_at: datetime | None = connection.execute(newest).scalar()
        return seen_at

    def snapshots(self, stores: Collection[str] | None = None) -> dict[str, StoreSnapshot]:
        """See `ports.Ledger.snapshots`."""
        with self._database.reading() as connection:
            return read_snapshots(connection, stores)
