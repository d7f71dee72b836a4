"""Ending runs: set their final state, delete their checkpoints, and record the follow-ups noted on them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from forecasting.core.domain import RefreshRun, RunState
from forecasting.refresh.attaching import follow_up
from forecasting.refresh.lifecycle import TRANSITIONS, RunEvent
from forecasting.storage.rows import RUN, row_of, run_of
from forecasting.storage.tables import (
    ACTIVE,
    Instant,
    forecast_head,
    forecast_version,
    predictor,
    refresh_run,
    run_checkpoint,
)


def allows(event: RunEvent) -> sa.ColumnElement[bool]:
    """Whether a run is in a state that allows the event."""
    return refresh_run.c.state.in_(sorted(state.value for state in TRANSITIONS[event].sources))


@dataclass(frozen=True, slots=True)
class RunEndings:
    """Ends runs within the caller's transaction.

    Attributes
    ----------
    tolerance
        Age of a predictor from which a follow-up trains again.
    """

    tolerance: timedelta

    def end(
        self,
        connection: sa.Connection,
        event: RunEvent,
        which: sa.ColumnElement[bool],
        at: datetime,
        **values: object,
    ) -> list[RefreshRun]:
        """End the matching runs whose state allows the event, and return them as they were before.

        Parameters
        ----------
        which
            The condition that selects the runs.
        values
            Further columns to set.
        """
        query = sa.select(*RUN).where(ACTIVE, which, allows(event)).order_by(refresh_run.c.run_id)
        ending = [run_of(row) for row in connection.execute(query.with_for_update()).all()]
        if not ending:
            return []
        ids = [run.run_id for run in ending]
        final = {"state": TRANSITIONS[event].target.value, "finished_at": at, "next_attempt_at": None}
        these_runs = refresh_run.c.run_id.in_(ids)
        connection.execute(sa.update(refresh_run).where(these_runs).values({**final, **values}))
        connection.execute(sa.delete(run_checkpoint).where(run_checkpoint.c.run_id.in_(ids)))
        if event is not RunEvent.CANCEL:
            for run in ending:
                self._record_follow_up(connection, run, event, at)
        return ending

    def _record_follow_up(
        self, connection: sa.Connection, ended: RefreshRun, event: RunEvent, at: datetime
    ) -> None:
        """Record the run promised to a press that came with newer inputs than the ended run had read."""
        if ended.follow_up_by is None or ended.follow_up_at is None:
            return
        trained_at, succeeded = _newest_training(connection, ended), event is RunEvent.SUCCEED
        decision = follow_up(
            ended, succeeded=succeeded, trained_at=trained_at, at=at, tolerance=self.tolerance
        )
        following = RefreshRun(
            run_id=uuid4().hex,
            scope=ended.scope,
            store=ended.store,
            verdict=decision.verdict,
            message=decision.message,
            state=RunState.QUEUED,
            requested_by=ended.follow_up_by,
            requested_at=ended.follow_up_at,
            engine=ended.engine,
            priority=ended.priority,
            trained_before=trained_at,
        )
        connection.execute(sa.insert(refresh_run).values(row_of(following)))
        this_run = refresh_run.c.run_id == ended.run_id
        connection.execute(sa.update(refresh_run).where(this_run).values(followed_by=following.run_id))


def _newest_training(connection: sa.Connection, run: RefreshRun) -> datetime | None:
    """When the predictor that serves the run's store, or its group, was trained; None if there is none."""
    served = forecast_head.join(forecast_version).join(predictor)
    query = sa.select(sa.func.max(predictor.c.trained_at, type_=Instant))
    if run.store:
        query = query.select_from(served).where(forecast_head.c.store == run.store)
    else:
        of_scope = served.join(refresh_run, refresh_run.c.run_id == forecast_version.c.run_id)
        query = query.select_from(of_scope).where(refresh_run.c.scope == run.scope)
    trained_at: datetime | None = connection.execute(query).scalar()
    return trained_at
