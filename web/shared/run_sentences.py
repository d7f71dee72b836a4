"""Sentences about refresh runs, for planners."""

from collections.abc import Sequence
from datetime import timedelta

from forecasting.core import wording
from forecasting.core.domain import BatchProgress, RefreshAnswer, RefreshRun, RunState, Verdict
from forecasting.refresh.lifecycle import ATTEMPTS
from web.shared import formats, session


def subject(run: RefreshRun) -> str:
    """What a run refreshes: ``Store 7``, ``All stores``, or the stores that are trained together in AWS."""
    if run.is_group_run:
        return "Stores in AWS"
    return session.ALL_STORES if run.is_chain_run else f"Store {run.store}"


def progress(run: RefreshRun, left: timedelta | None) -> str:
    """How far an active run is, and how much longer it takes.

    Parameters
    ----------
    left
        The time until it ends; for a run that waits for another attempt, the time until that starts. None if
        it is not known.
    """
    requested = f"requested by {run.requested_by}"
    if run.state is RunState.QUEUED:
        return f"Waiting to start, {requested}"
    if run.state is RunState.WAITING and not run.waits_elsewhere:
        soon = f"in {wording.duration(left)}" if left else "now"
        return f"Attempt {run.attempt} of {ATTEMPTS} failed, trying again {soon}: {run.error}"
    unit = "series" if run.store else wording.plural(run.total, "store")
    stage = (
        f"{run.stage}: {formats.number(run.done)} of {formats.number(run.total)} {unit}"
        if run.total
        else run.stage or "Starting"
    )
    parts = [stage, f"{wording.about(left)} left" if left else "", requested, _follow_up(run)]
    return ", ".join(part for part in parts if part)


def share(run: RefreshRun) -> float:
    """How much of its current attempt is done, from 0 to 1."""
    return min(1.0, run.done / run.total) if run.total else 0.0


def batch_progress(batch: BatchProgress) -> str:
    """How far a refresh of many stores is, and how much longer it takes."""
    done, stores = formats.number(batch.done), formats.counted(batch.total, "store")
    failed = f", {formats.number(batch.failed)} failed" if batch.failed else ""
    left = f", {wording.about(batch.remaining)} left" if batch.remaining else ""
    return f"Refreshing: {done} of {stores}{failed}{left}, requested by {batch.requested_by}"


def why(run: RefreshRun) -> str:
    """Why a run failed, was cancelled or tries again; otherwise why it was started."""
    if run.state is RunState.FAILED:
        return f"Failed: {run.error}"
    if run.state is RunState.WAITING and not run.waits_elsewhere:
        return f"Trying again: {run.error}"
    return run.error if run.state is RunState.CANCELLED else run.message


def refresh_answer(answers: Sequence[RefreshAnswer]) -> str:
    """What the answers for several stores come to: ``35 stores are being refreshed, 1 was up to date``."""
    verdicts = [answer.verdict for answer in answers if not answer.is_chain_run]
    current = sum(verdict is Verdict.FRESH for verdict in verdicts)
    started = len(verdicts) - current
    if not started:
        return formats.counted(current, "store was up to date", "stores were up to date")
    others = f", {formats.counted(current, 'was', 'were')} up to date" if current else ""
    return f"{formats.counted(started, 'store is', 'stores are')} being refreshed{others}"


def _follow_up(run: RefreshRun) -> str:
    return "another run with newer sales or plan follows" if run.follow_up_by else ""
