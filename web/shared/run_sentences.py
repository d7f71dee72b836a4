"""What is told of refresh runs, in planners' words."""

from datetime import timedelta

from forecasting.core import wording
from forecasting.core.domain import BatchProgress, RefreshRun, RunState
from forecasting.refresh.lifecycle import ATTEMPTS
from web.shared import formats, session


def subject(run: RefreshRun) -> str:
    """``Store 7``, all stores, or those trained together in AWS."""
    if run.of_group:
        return "Stores in AWS"
    return session.ALL_STORES if run.of_chain else f"Store {run.store}"


def how_far(run: RefreshRun, left: timedelta | None) -> str:
    """How far a run is that has not ended, and how much longer it takes.

    Parameters
    ----------
    left
        As of `reading.Freshness.remaining`.
    """
    asked = f"asked for by {run.requested_by}"
    if run.state is RunState.QUEUED:
        return f"Waiting for its turn, {asked}"
    if run.state is RunState.WAITING and not run.elsewhere:
        soon = f"in {wording.duration(left)}" if left else "now"
        return f"Attempt {run.attempt} of {ATTEMPTS} broke, trying again {soon}: {run.error}"
    unit = "series" if run.store else "stores"
    stage = (
        f"{run.stage}: {formats.number(run.done)} of {formats.number(run.total)} {unit}"
        if run.total
        else run.stage or "Starting"
    )
    told = [stage, f"{wording.about(left)} left" if left else "", asked, _follows(run)]
    return ", ".join(part for part in told if part)


def share(run: RefreshRun) -> float:
    """How much of its present attempt is done, from 0 to 1."""
    return min(1.0, run.done / run.total) if run.total else 0.0


def batch_words(batch: BatchProgress) -> str:
    """How far a refresh of many stores is, and how much longer it takes."""
    failed = f", {formats.number(batch.failed)} failed" if batch.failed else ""
    left = f", {wording.about(batch.remaining)} left" if batch.remaining else ""
    done = f"Refreshing: {formats.number(batch.done)} of {formats.number(batch.total)} stores{failed}{left}"
    return f"{done}, asked for by {batch.requested_by}"


def why(run: RefreshRun) -> str:
    """Why it failed, what stopped it, or why it runs."""
    if run.state is RunState.FAILED:
        return f"Failed: {run.error}"
    if run.state is RunState.WAITING and not run.elsewhere:
        return f"Tries again: {run.error}"
    return run.error if run.state is RunState.CANCELLED else run.message


def _follows(run: RefreshRun) -> str:
    return "another follows with newer sales or plan" if run.follow_up_by else ""
