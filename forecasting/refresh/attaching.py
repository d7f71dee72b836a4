"""What a press on Refresh does to a run that is already active: pure rules, which the ledger carries out.

The press joins the run. If the run is in progress and reads older inputs than there are now, the press also
leaves a follow-up: a run of its own that is recorded once the active one has ended.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from forecasting.core import wording
from forecasting.core.domain import (
    RefreshAnswer,
    RefreshDecision,
    RefreshRequest,
    RefreshRun,
    RunState,
    Verdict,
)

_CHANGED = "Sales or plan have changed since the previous refresh began"


def has_read_inputs(run: RefreshRun) -> bool:
    """Whether an active run has read its inputs already, so that newer ones need a follow-up."""
    return run.state is RunState.RUNNING or run.waits_elsewhere


def attach(holder: RefreshRun, ask: RefreshRequest, inputs: str | None) -> RefreshAnswer:
    """Join a press to the active run of its scope.

    A run that is not in progress moves forward if the press has a lower priority number. A run that waits
    for its next attempt is queued again at once, unless the press belongs to a batch.

    Parameters
    ----------
    holder
        The active run of the scope.
    inputs
        Fingerprint of the current inputs (`StoreSnapshot.inputs`); None if the run has not read any.

    Returns
    -------
    RefreshAnswer
        `attached`, with the run as it is to be stored.
    """
    follows = holder.reads is not None and inputs is not None and inputs != holder.reads
    joined = holder
    if holder.state is not RunState.RUNNING and ask.priority < holder.priority:
        joined = replace(joined, priority=ask.priority)
    if holder.state is RunState.WAITING and not holder.waits_elsewhere and ask.batch_id is None:
        joined = replace(joined, state=RunState.QUEUED, next_attempt_at=None)
    if follows and holder.follow_up_by is None:
        joined = replace(joined, follow_up_by=ask.requested_by, follow_up_at=ask.requested_at)
    return RefreshAnswer(Verdict.ATTACHED, _sentence(holder, ask, follows=follows), joined)


def follow_up(
    ended: RefreshRun, *, succeeded: bool, trained_at: datetime | None, at: datetime, tolerance: timedelta
) -> RefreshDecision:
    """Decide what the follow-up of a run does: update the forecast, or train again.

    Parameters
    ----------
    ended
        The run that has just ended.
    trained_at
        When the predictor that served before the run ended was trained; None if there was none.
    at
        When the run ended (UTC). An age of exactly `tolerance` trains.
    """
    if ended.verdict is Verdict.RETRAIN:
        if not succeeded:
            return RefreshDecision(Verdict.RETRAIN, f"{_CHANGED}, and that refresh failed: training again")
    elif trained_at is None or at - trained_at >= tolerance:
        limit = f"the {wording.tolerance(tolerance)} tolerance"
        return RefreshDecision(Verdict.RETRAIN, f"{_CHANGED}, and no model is within {limit}: training again")
    return RefreshDecision(Verdict.REFORECAST, f"{_CHANGED}: updating the forecast")


def _sentence(holder: RefreshRun, ask: RefreshRequest, *, follows: bool) -> str:
    doing = "running" if holder.state is RunState.RUNNING or holder.waits_elsewhere else "waiting to run"
    asked = f"asked {wording.duration(ask.requested_at - holder.requested_at)} ago by {holder.requested_by}"
    more = "; sales or plan have changed since it began, so another follows it" if follows else ""
    return f"Already {doing}, {asked}: this press joined it{more}"
