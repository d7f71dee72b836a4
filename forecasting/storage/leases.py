"""Which run is next, who holds it, and the check that it is still so; all in the caller's transaction.

Instants are the database's (`Database.now`): the clocks of the machines that work runs need not agree.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from forecasting.core.domain import GROUP, RefreshRun, RunState
from forecasting.core.errors import Fenced
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
    """Who claims, when, and for how long.

    Attributes
    ----------
    lease
        How long a run stays with the worker without a renewal.
    limit
        How long an attempt may take in all.
    """

    worker: str
    now: datetime
    lease: timedelta
    limit: timedelta


def claim_runs(connection: sa.Connection, endings: RunEndings, claim: Claim, most: int) -> list[RefreshRun]:
    """Start the next run, and those of its batch that go with it; close what is past its time or attempts."""
    alive = refresh_run.c.lease_until >= claim.now  # of one whose worker has died another takes it over
    time_out(connection, endings, claim.now, claim.limit, alive)
    while (first := _next(connection, claim.now)) is not None:
        if first.attempt < lifecycle.ATTEMPTS:
            return _start(connection, [first, *_mates(connection, first, most - 1)], claim)
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
    """Prolong the leases of those runs that are still held, and in time; return their ids."""
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
    """End which of the runs have been running for longer than they may."""
    late = sa.and_(refresh_run.c.deadline_at < now, which)
    endings.end(connection, RunEvent.FAIL, late, now, error=lifecycle.timeout_message(limit))


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
    require_held(run, changed.rowcount)


def require_held(run: RefreshRun, changed: int) -> None:
    """Check that a change to a run that was thought to be held has met it.

    Raises
    ------
    Fenced
        If it has not.
    """
    if changed != 1:
        raise Fenced(
            f"{run.whose}: expected run {run.run_id} to be held under fence {run.fence}, found that it "
            "has ended or another worker has taken it over; nothing was changed"
        )


def _next(connection: sa.Connection, now: datetime) -> RefreshRun | None:
    """The run to be done next: queued, due for its next attempt, or of a worker that has gone silent."""
    run = refresh_run.c
    free = sa.or_(
        _QUEUED,
        sa.and_(run.state == RunState.WAITING.value, run.next_attempt_at <= now),
        sa.and_(run.state == RunState.RUNNING.value, run.lease_until < now),
    )
    query = sa.select(*RUN).where(ACTIVE, free, _not_waiting(connection)).order_by(*_ORDER).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
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
    """Start them, and note for each what its store's inputs are: it will read those, or newer ones."""
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
    """What each run's store is made of now; nothing for the one over all stores.

    A group of stores reads what there was when it was first claimed.
    """
    run = refresh_run.c
    if runs[0].of_group:
        return sa.func.coalesce(run.reads, read_group_inputs(connection))
    known = read_inputs(connection, [each.store for each in runs if each.store])
    return sa.case(known, value=run.store, else_=None) if known else None
