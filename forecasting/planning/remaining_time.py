"""How much longer something takes, told from how far it has come: pure rules."""

from datetime import datetime, timedelta

from forecasting.core.domain import BatchProgress, RefreshRun, RunState

LEAST_ELAPSED = timedelta(seconds=2)
"""Before that the first part of the work says little about the rest."""


def of_run(run: RefreshRun, now: datetime) -> timedelta | None:
    """How much longer the present attempt of a run takes; None where that can't be said yet.

    Of a run that waits for its next attempt: how long that still is; of one that waits for what happens
    elsewhere: how long that still takes.
    """
    if run.of_group and run.ready_at is not None and not run.error:
        return max(timedelta(0), run.ready_at - now) or None
    if run.elsewhere:
        return None
    if run.state is RunState.WAITING and run.next_attempt_at is not None:
        return max(timedelta(0), run.next_attempt_at - now)
    if run.state is not RunState.RUNNING:
        return None
    return _at_this_pace(run.claimed_at, now, run.done, run.total)


def of_batch(batch: BatchProgress, now: datetime) -> timedelta | None:
    """How much longer a refresh of many stores takes; None where that can't be said yet."""
    return _at_this_pace(batch.started_at, now, batch.done, batch.total)


def _at_this_pace(since: datetime | None, now: datetime, done: int, total: int) -> timedelta | None:
    if since is None or done <= 0 or total <= done or now - since < LEAST_ELAPSED:
        return None
    return (now - since) * ((total - done) / done)
