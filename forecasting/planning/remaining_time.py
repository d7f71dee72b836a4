"""Estimate how much longer a run or a batch takes, from the pace of its progress so far."""

from datetime import datetime, timedelta

from forecasting.core.domain import BatchProgress, RefreshRun, RunState

LEAST_ELAPSED = timedelta(seconds=2)
"""No estimate is made before this much time: the first part of the work says little about the rest."""


def of_run(run: RefreshRun, now: datetime) -> timedelta | None:
    """Time until the current attempt of a run ends, or None if it can't be estimated yet.

    For a run that waits to be retried it is the time until the next attempt. For a run that waits for a
    training elsewhere it is the time until that training is expected to end.
    """
    if run.is_group_run and run.ready_at is not None and not run.error:
        return max(timedelta(0), run.ready_at - now) or None
    if run.waits_elsewhere:
        return None
    if run.state is RunState.WAITING and run.next_attempt_at is not None:
        return max(timedelta(0), run.next_attempt_at - now)
    if run.state is not RunState.RUNNING:
        return None
    return _at_this_pace(run.claimed_at, now, run.done, run.total)


def of_batch(batch: BatchProgress, now: datetime) -> timedelta | None:
    """Time until a refresh of many stores ends, or None if it can't be estimated yet."""
    return _at_this_pace(batch.started_at, now, batch.done, batch.total)


def _at_this_pace(since: datetime | None, now: datetime, done: int, total: int) -> timedelta | None:
    if since is None or done <= 0 or total <= done or now - since < LEAST_ELAPSED:
        return None
    return (now - since) * ((total - done) / done)
