"""How runs end: in one state or another, without checkpoints, with a follow-up where one was asked for."""

from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from forecasting.core.domain import RefreshRun, RunState, Verdict
from forecasting.refresh.lifecycle import TRANSITIONS, RunEvent
from forecasting.storage.rows import RUN, row_of, run_of
from forecasting.storage.tables import ACTIVE, refresh_run, run_checkpoint

FOLLOWS = "Sales or plan have changed since the refresh before it began: rolling the forecast forward"
"""Why a follow-up runs."""


def may(move: RunEvent) -> sa.ColumnElement[bool]:
    """Whether a run is in a state from which this can happen to it."""
    return refresh_run.c.state.in_(sorted(state.value for state in TRANSITIONS[move].sources))


def end_runs(
    connection: sa.Connection, move: RunEvent, which: sa.ColumnElement[bool], at: datetime, **values: object
) -> list[RefreshRun]:
    """End those runs to which the move can happen; return them as they stood before.

    Parameters
    ----------
    which
        Which runs.
    values
        What else becomes of their columns.
    """
    query = sa.select(*RUN).where(ACTIVE, which, may(move)).order_by(refresh_run.c.run_id)
    ending = [run_of(row) for row in connection.execute(query.with_for_update()).all()]
    if not ending:
        return []
    ids = [run.run_id for run in ending]
    mine = refresh_run.c.run_id.in_(ids)
    final = {"state": TRANSITIONS[move].target.value, "finished_at": at, "next_attempt_at": None}
    connection.execute(sa.update(refresh_run).where(mine).values({**final, **values}))
    connection.execute(sa.delete(run_checkpoint).where(run_checkpoint.c.run_id.in_(ids)))
    if move is not RunEvent.CANCEL:
        for run in ending:
            _follow(connection, run)
    return ending


def _follow(connection: sa.Connection, ended: RefreshRun) -> None:
    """Record the run that a press was promised, which came with newer inputs than this one has read."""
    if ended.follow_up_by is None or ended.follow_up_at is None:
        return
    following = RefreshRun(
        run_id=uuid4().hex,
        scope=ended.scope,
        store=ended.store,
        verdict=Verdict.REFORECAST,
        message=FOLLOWS,
        state=RunState.QUEUED,
        requested_by=ended.follow_up_by,
        requested_at=ended.follow_up_at,
        engine=ended.engine,
        priority=ended.priority,
        trained_before=ended.trained_before,
    )
    connection.execute(sa.insert(refresh_run).values(row_of(following)))
    mine = refresh_run.c.run_id == ended.run_id
    connection.execute(sa.update(refresh_run).where(mine).values(followed_by=following.run_id))
