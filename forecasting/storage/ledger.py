"""Refresh runs: who trains what, under one unique index on the scopes that are active."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from forecasting.calendar import wording
from forecasting.domain import (
    Answer,
    BatchProgress,
    Decision,
    RefreshRequest,
    RefreshRun,
    RunState,
    StoreSnapshot,
    Verdict,
    VersionHeader,
)
from forecasting.errors import Fenced, InvalidRequest
from forecasting.ports import Publication
from forecasting.storage.blob import encode
from forecasting.storage.database import Database
from forecasting.storage.rows import RUN, row_of, run_of
from forecasting.storage.snapshots import read_batch, read_snapshot, read_snapshots
from forecasting.storage.tables import ACTIVE, forecast_version, history_import, refresh_run, refresh_worker
from forecasting.storage.versions import insert_version

ATTEMPTS = 3
"""How often a run may be claimed before it counts as one that kills its worker."""

FORGOTTEN = timedelta(days=7)
"""After this long without a sign of life a worker is no longer listed."""


class SqlLedger:
    """Decides, records and ends refresh runs (`ports.Ledger`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def request(self, ask: RefreshRequest, decide: Callable[[StoreSnapshot], Decision]) -> Answer:
        """See `ports.Ledger.request`; `decide` is called with the database locked, so it must be quick."""
        with self._database.writing() as connection:
            holder = _holder(connection, ask.scope)
            if holder is not None:
                return _attach(connection, holder, ask)
            decision = decide(read_snapshot(connection, ask.store))
            if decision.verdict not in (Verdict.REFORECAST, Verdict.RETRAIN):
                return Answer(decision.verdict, decision.message)
            return _enqueue(connection, ask, decision)

    def claim(self, worker: str, now: datetime, lease_until: datetime) -> RefreshRun | None:
        """See `ports.Ledger.claim`."""
        with self._database.writing() as connection:
            while (run := _next(connection, now)) is not None:
                if run.attempt < ATTEMPTS:
                    return _start(connection, run, worker, now, lease_until)
                _give_up(connection, run, now)
        return None

    def renew(self, run: RefreshRun, lease_until: datetime) -> None:
        """See `ports.Ledger.renew`."""
        with self._database.writing() as connection:
            _change_held(connection, run, lease_until=lease_until)

    def progress(self, run: RefreshRun, stage: str, done: int, total: int) -> None:
        """See `ports.Ledger.progress`."""
        with self._database.writing() as connection:
            _change_held(connection, run, stage=stage, done=done, total=total)

    def publish(self, run: RefreshRun, publication: Publication, at: datetime) -> VersionHeader:
        """See `ports.Ledger.publish`.

        Raises
        ------
        InvalidFrame
            If the forecast breaks its schema; nothing is published.
        """
        content = encode(publication.forecast)
        with self._database.writing() as connection:
            _change_held(
                connection, run, state=RunState.SUCCEEDED.value, finished_at=at, done=refresh_run.c.total
            )
            header = insert_version(connection, run, publication, content, at)
            mine = refresh_run.c.run_id == run.run_id
            connection.execute(sa.update(refresh_run).where(mine).values(version=header.version))
        return header

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
            _change_held(
                connection, run, state=RunState(state).value, finished_at=at, **{told[state]: message}
            )

    def release(self, run: RefreshRun) -> None:
        """See `ports.Ledger.release`; a run this worker no longer holds is left alone."""
        with self._database.writing() as connection:
            connection.execute(
                sa.update(refresh_run)
                .where(_held(run))
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


def _holder(connection: sa.Connection, scope: str) -> RefreshRun | None:
    row = connection.execute(sa.select(*RUN).where(ACTIVE, refresh_run.c.scope == scope)).one_or_none()
    return None if row is None else run_of(row)


def _attach(connection: sa.Connection, holder: RefreshRun, ask: RefreshRequest) -> Answer:
    joined = holder
    if holder.state is RunState.QUEUED and ask.priority < holder.priority:
        mine = refresh_run.c.run_id == holder.run_id
        connection.execute(sa.update(refresh_run).where(mine).values(priority=ask.priority))
        joined = replace(holder, priority=ask.priority)
    return Answer(Verdict.ATTACHED, _joined(holder, ask.requested_at), joined)


def _joined(holder: RefreshRun, now: datetime) -> str:
    """What a planner is told whose press joined a run."""
    doing = "running" if holder.state is RunState.RUNNING else "waiting to run"
    asked = f"asked {wording.duration(now - holder.requested_at)} ago by {holder.requested_by}"
    return f"Already {doing}, {asked}: this press joined it"


def _enqueue(connection: sa.Connection, ask: RefreshRequest, decision: Decision) -> Answer:
    run = RefreshRun(
        run_id=ask.run_id,
        scope=ask.scope,
        store=ask.store,
        verdict=decision.verdict,
        message=decision.message,
        state=RunState.QUEUED,
        requested_by=ask.requested_by,
        requested_at=ask.requested_at,
        engine=ask.engine,
        batch_id=ask.batch_id,
        priority=ask.priority,
    )
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(refresh_run).values(row_of(run)))
    except sa.exc.IntegrityError:  # another process was quicker, on a database that lets both write at once
        holder = _holder(connection, ask.scope)
        if holder is None:
            raise
        return _attach(connection, holder, ask)
    return Answer(decision.verdict, decision.message, run)


def _next(connection: sa.Connection, now: datetime) -> RefreshRun | None:
    """The run to be done next: queued, or held by a worker that gave no sign of life in time."""
    free = (refresh_run.c.state == RunState.QUEUED.value) | (refresh_run.c.lease_until < now)
    order = (refresh_run.c.priority, refresh_run.c.requested_at, refresh_run.c.run_id)
    row = connection.execute(sa.select(*RUN).where(ACTIVE, free).order_by(*order).limit(1)).one_or_none()
    return None if row is None else run_of(row)


def _start(
    connection: sa.Connection, run: RefreshRun, worker: str, now: datetime, lease_until: datetime
) -> RefreshRun:
    started = replace(
        run,
        state=RunState.RUNNING,
        attempt=run.attempt + 1,
        fence=run.fence + 1,
        started_at=run.started_at or now,
        stage="",
        done=0,
        total=0,
    )
    values = {**row_of(started), "worker": worker, "lease_until": lease_until}
    connection.execute(sa.update(refresh_run).where(refresh_run.c.run_id == run.run_id).values(values))
    return started


def _give_up(connection: sa.Connection, run: RefreshRun, now: datetime) -> None:
    error = f"Gave up after {ATTEMPTS} attempts: the worker stopped each time"
    values = {"state": RunState.FAILED.value, "finished_at": now, "error": error}
    connection.execute(sa.update(refresh_run).where(refresh_run.c.run_id == run.run_id).values(values))


def _held(run: RefreshRun) -> sa.ColumnElement[bool]:
    """Whether the run is still the one this worker claimed."""
    return sa.and_(
        refresh_run.c.run_id == run.run_id,
        refresh_run.c.fence == run.fence,
        refresh_run.c.state == RunState.RUNNING.value,
    )


def _change_held(connection: sa.Connection, run: RefreshRun, **values: object) -> None:
    changed = connection.execute(sa.update(refresh_run).where(_held(run)).values(**values))
    if changed.rowcount != 1:
        raise Fenced(
            f"store {run.store}: expected run {run.run_id} to be held under fence {run.fence}, found that it "
            "has ended or another worker has taken it over; nothing was changed"
        )
