"""Leases on runs: claiming the next run, renewing, and checking that a run is still held.

Everything happens in the caller's transaction. Instants come from the database's clock (`Database.now`), so
the clocks of the workers' machines need not agree.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from forecasting.core.domain import GROUP, RefreshRun, RunState
from forecasting.core.errors import LeaseLost
from forecasting.core.pooled_priors import CHAIN
from forecasting.refresh import lifecycle
from forecasting.refresh.lifecycle import RunEvent
from forecasting.storage.endings import RunEndings
from forecasting.storage.rows import RUN, run_of
from forecasting.storage.snapshots import read_group_inputs, read_inputs
from forecasting.storage.tables import ACTIVE, OF_A_STORE, Instant, refresh_run

_ORDER = (refresh_run.c.priority, refresh_run.c.requested_at, refresh_run.c.run_id)
_QUEUED = refresh_run.c.state == RunState.QUEUED.value


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's claim on runs.

    Attributes
    ----------
    lease
        How long the worker holds a run without a renewal.
    limit
        How long an attempt may take in total.
    """

    worker: str
    now: datetime
    lease: timedelta
    limit: timedelta


def claim_runs(connection: sa.Connection, endings: RunEndings, claim: Claim, most: int) -> list[RefreshRun]:
    """Start the next run and its companions. Close runs past their time limit or their last attempt."""
    alive = refresh_run.c.lease_until >= claim.now  # a run with an expired lease is claimed again
    time_out(connection, endings, claim.now, claim.limit, alive)
    while (first := _next(connection, claim.now)) is not None:
        if first.attempt < lifecycle.ATTEMPTS:
            return _start(connection, [first, *_companions(connection, first, most - 1)], claim)
        mine = refresh_run.c.run_id == first.run_id
        endings.end(connection, RunEvent.FAIL, mine, claim.now, error=lifecycle.GIVEN_UP)
    return []


def renew_runs(
    connection: sa.Connection,
    endings: RunEndings,
    runs: Collection[RefreshRun],
    lease: timedelta,
    now: datetime,
    limit: timedelta,
) -> set[str]:
    """Extend the leases of the runs that are still held and within their time limit; return their ids."""
    held = sa.or_(sa.false(), *map(held_by, runs))
    time_out(connection, endings, now, limit, held)
    renewed = sa.update(refresh_run).where(held).values(lease_until=now + lease)
    return set(connection.execute(renewed.returning(refresh_run.c.run_id)).scalars())


def time_out(
    connection: sa.Connection,
    endings: RunEndings,
    now: datetime,
    limit: timedelta,
    which: sa.ColumnElement[bool],
) -> None:
    """Fail those of the runs that are past their time limit."""
    late = sa.and_(refresh_run.c.deadline_at < now, which)
    endings.end(connection, RunEvent.FAIL, late, now, error=lifecycle.timeout_message(limit))


def held_by(run: RefreshRun) -> sa.ColumnElement[bool]:
    """Whether the run is still held under the fencing token of this claim."""
    return sa.and_(
        refresh_run.c.run_id == run.run_id,
        refresh_run.c.fence == run.fence,
        refresh_run.c.state == RunState.RUNNING.value,
    )


def change_held(connection: sa.Connection, run: RefreshRun, **values: object) -> None:
    """Change a run, if it is still held.

    Raises
    ------
    LeaseLost
        If the run is no longer held.
    """
    changed = connection.execute(sa.update(refresh_run).where(held_by(run)).values(**values))
    require_held(run, changed.rowcount)


def require_held(run: RefreshRun, changed: int) -> None:
    """Check that a change to a held run has changed one row.

    Raises
    ------
    LeaseLost
        If the run is no longer held, so that no row was changed.
    """
    if changed != 1:
        raise LeaseLost(
            f"{run.target}: expected run {run.run_id} to be held under fence {run.fence}, found that it "
            "has ended or another worker has taken it over; nothing was changed"
        )


def _next(connection: sa.Connection, now: datetime) -> RefreshRun | None:
    """The next run: queued, due for its next attempt, or held under an expired lease."""
    run = refresh_run.c
    free = sa.or_(
        _QUEUED,
        sa.and_(run.state == RunState.WAITING.value, run.next_attempt_at <= now),
        sa.and_(run.state == RunState.RUNNING.value, run.lease_until < now),
    )
    query = sa.select(*RUN).where(ACTIVE, free, _not_behind_chain(connection)).order_by(*_ORDER).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    return None if row is None else run_of(row)


def _not_behind_chain(connection: sa.Connection) -> sa.ColumnElement[bool]:
    """Runs that need not wait for an active chain run: not in a batch, or moved ahead of it by a press."""
    run = refresh_run.c
    pooling = connection.execute(sa.select(run.priority).where(ACTIVE, run.scope == CHAIN)).scalar()
    if pooling is None:
        return sa.true()
    return sa.or_(run.batch_id.is_(None), run.priority < pooling, run.scope == CHAIN)


def _companions(connection: sa.Connection, first: RefreshRun, limit: int) -> list[RefreshRun]:
    """The runs of the same batch and priority that are worked together with the first.

    A run that was claimed before may have killed its worker, so it is worked alone.
    """
    if first.batch_id is None or not first.store or first.attempt or limit < 1:
        return []
    together = (
        refresh_run.c.batch_id == first.batch_id,
        refresh_run.c.priority == first.priority,
        refresh_run.c.run_id != first.run_id,
        refresh_run.c.attempt == 0,
        OF_A_STORE,
    )
    query = sa.select(*RUN).where(ACTIVE, _QUEUED, *together).order_by(*_ORDER).limit(limit)
    return [run_of(row) for row in connection.execute(query.with_for_update(skip_locked=True))]


def _start(connection: sa.Connection, runs: Sequence[RefreshRun], claim: Claim) -> list[RefreshRun]:
    """Start runs, and note the fingerprint of each store's inputs; the run will read those or newer ones."""
    run, now = refresh_run.c, claim.now
    ids = [each.run_id for each in runs]
    connection.execute(
        sa.update(refresh_run)
        .where(run.run_id.in_(ids))
        .values(
            state=lifecycle.TRANSITIONS[RunEvent.CLAIM].target.value,
            attempt=run.attempt + 1,
            fence=run.fence + 1,
            started_at=sa.func.coalesce(run.started_at, sa.literal(now, Instant)),
            claimed_at=now,
            next_attempt_at=None,
            stage=sa.case((run.scope.startswith(GROUP), run.stage), else_=""),
            done=0,
            total=0,
            error="",
            worker=claim.worker,
            lease_until=now + claim.lease,
            deadline_at=now + claim.limit,
            reads=_inputs(connection, runs),
        )
    )
    rows = connection.execute(sa.select(*RUN).where(run.run_id.in_(ids)))
    started = {each.run_id: each for each in map(run_of, rows.all())}
    return [started[run_id] for run_id in ids]


def _inputs(connection: sa.Connection, runs: Sequence[RefreshRun]) -> sa.ColumnElement[str] | None:
    """The fingerprint of each run's inputs now; none for a chain run.

    A group's run keeps the inputs it had at its first claim.
    """
    run = refresh_run.c
    if runs[0].is_group_run:
        return sa.func.coalesce(run.reads, read_group_inputs(connection))
    known = read_inputs(connection, [each.store for each in runs if each.store])
    return sa.case(known, value=run.store, else_=None) if known else None
