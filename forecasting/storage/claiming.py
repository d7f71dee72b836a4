"""Which run is next, who holds it, and the check that it is still so; all in the caller's transaction."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from forecasting.chain import CHAIN
from forecasting.domain import RefreshRun, RunState
from forecasting.errors import Fenced
from forecasting.storage.rows import RUN, run_of
from forecasting.storage.tables import ACTIVE, Instant, refresh_run

ATTEMPTS = 3
"""How often a run may be claimed before it counts as one that kills its worker."""

_ORDER = (refresh_run.c.priority, refresh_run.c.requested_at, refresh_run.c.run_id)
_QUEUED = refresh_run.c.state == RunState.QUEUED.value


def claim_runs(
    connection: sa.Connection, worker: str, now: datetime, lease_until: datetime, limit: int
) -> list[RefreshRun]:
    """Start the next run, and those of its batch that go with it; close what is past its last attempt."""
    while (first := _next(connection, now)) is not None:
        if first.attempt < ATTEMPTS:
            runs = [first, *_mates(connection, first, limit - 1)]
            return _start(connection, runs, worker, now, lease_until)
        _give_up(connection, first, now)
    return []


def renew_runs(connection: sa.Connection, runs: Collection[RefreshRun], lease_until: datetime) -> set[str]:
    """Prolong the leases of those runs that are still held; return their ids."""
    held = sa.or_(sa.false(), *map(held_by, runs))
    renewed = sa.update(refresh_run).where(held).values(lease_until=lease_until)
    return set(connection.execute(renewed.returning(refresh_run.c.run_id)).scalars())


def held_by(run: RefreshRun) -> sa.ColumnElement[bool]:
    """Whether the run is still the one this worker claimed."""
    return sa.and_(
        refresh_run.c.run_id == run.run_id,
        refresh_run.c.fence == run.fence,
        refresh_run.c.state == RunState.RUNNING.value,
    )


def change_held(connection: sa.Connection, run: RefreshRun, **values: object) -> None:
    """Change a run that is still held.

    Raises
    ------
    Fenced
        If it is not.
    """
    changed = connection.execute(sa.update(refresh_run).where(held_by(run)).values(**values))
    if changed.rowcount != 1:
        whose = "all stores" if run.of_chain else f"store {run.store}"
        raise Fenced(
            f"{whose}: expected run {run.run_id} to be held under fence {run.fence}, found that it "
            "has ended or another worker has taken it over; nothing was changed"
        )


def _next(connection: sa.Connection, now: datetime) -> RefreshRun | None:
    """The run to be done next: queued, or held by a worker that gave no sign of life in time."""
    free = _QUEUED | (refresh_run.c.lease_until < now)
    query = sa.select(*RUN).where(ACTIVE, free, _not_waiting(connection)).order_by(*_ORDER).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else run_of(row)


def _not_waiting(connection: sa.Connection) -> sa.ColumnElement[bool]:
    """Runs that don't wait for the run over all stores: of no batch, or moved before it by a press."""
    run = refresh_run.c
    pooling = connection.execute(sa.select(run.priority).where(ACTIVE, run.scope == CHAIN)).scalar()
    if pooling is None:
        return sa.true()
    return sa.or_(run.batch_id.is_(None), run.priority < pooling, run.scope == CHAIN)


def _mates(connection: sa.Connection, first: RefreshRun, limit: int) -> list[RefreshRun]:
    """The runs that are worked together with the first.

    A run that was claimed before may be the one that killed its worker: it is worked alone.
    """
    if first.batch_id is None or first.of_chain or first.attempt or limit < 1:
        return []
    together = (
        refresh_run.c.batch_id == first.batch_id,
        refresh_run.c.priority == first.priority,
        refresh_run.c.run_id != first.run_id,
        refresh_run.c.attempt == 0,
    )
    query = sa.select(*RUN).where(ACTIVE, _QUEUED, *together).order_by(*_ORDER).limit(limit)
    return [run_of(row) for row in connection.execute(query)]


def _start(
    connection: sa.Connection, runs: Sequence[RefreshRun], worker: str, now: datetime, lease_until: datetime
) -> list[RefreshRun]:
    run = refresh_run.c
    connection.execute(
        sa.update(refresh_run)
        .where(run.run_id.in_([each.run_id for each in runs]))
        .values(
            state=RunState.RUNNING.value,
            attempt=run.attempt + 1,
            fence=run.fence + 1,
            started_at=sa.func.coalesce(run.started_at, sa.literal(now, Instant)),
            stage="",
            done=0,
            total=0,
            worker=worker,
            lease_until=lease_until,
        )
    )
    return [_started(each, now) for each in runs]


def _started(run: RefreshRun, now: datetime) -> RefreshRun:
    return replace(
        run,
        state=RunState.RUNNING,
        attempt=run.attempt + 1,
        fence=run.fence + 1,
        started_at=run.started_at or now,
        stage="",
        done=0,
        total=0,
    )


def _give_up(connection: sa.Connection, run: RefreshRun, now: datetime) -> None:
    error = f"Gave up after {ATTEMPTS} attempts: the worker stopped each time"
    values = {"state": RunState.FAILED.value, "finished_at": now, "error": error}
    connection.execute(sa.update(refresh_run).where(refresh_run.c.run_id == run.run_id).values(values))
