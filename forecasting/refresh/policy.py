"""When a refresh runs what, and the state of a store: pure rules (docs/adr/0003-two-clocks.md)."""

from datetime import datetime, timedelta

from forecasting.calendar import wording
from forecasting.calendar.inputs import input_hash
from forecasting.domain import (
    Decision,
    RefreshRun,
    RunState,
    StoreSnapshot,
    StoreState,
    Verdict,
    VersionHeader,
)

AGEING_SHARE = 0.75
"""A predictor is ageing in the last quarter of the tolerance."""

SILENCE = timedelta(seconds=30)
"""A run that has waited this long, with no sign of life of any worker for as long, waits in vain."""


def current_hash(snapshot: StoreSnapshot, horizon: int) -> str | None:
    """Hash of the newest inputs of a store; None where it has no sales."""
    if snapshot.sales is None:
        return None
    return input_hash(snapshot.sales.content_hash, snapshot.plan_hash, horizon)


def decide(  # noqa: PLR0911 - one return for each answer, in their order
    snapshot: StoreSnapshot,
    *,
    at: datetime,
    tolerance: timedelta,
    horizon: int,
    engine: str,
    force: bool = False,
) -> Decision:
    """Answer a press: retrain, reforecast, or nothing to do.

    Parameters
    ----------
    snapshot
        The store as it stands; an active run is not looked at, the ledger attaches to it first.
    at
        The instant of the press, UTC. An age of exactly `tolerance` trains.
    engine
        The engine configured now; a predictor asked from another engine is trained again.
    force
        Train whatever the age.
    """
    head = snapshot.head
    if head is None:
        return Decision(Verdict.RETRAIN, "No forecast yet: training for the first time")
    age = at - head.trained_at
    trained = f"Trained {wording.duration(age)} ago" if age >= timedelta(0) else "Trained after that instant"
    limit = f"the {wording.tolerance(tolerance)} tolerance"
    if force:
        return Decision(Verdict.RETRAIN, f"{trained}: training again as asked")
    if head.asked_engine != engine:
        return Decision(
            Verdict.RETRAIN, f"The engine was changed from {head.asked_engine} to {engine}: training"
        )
    if age >= tolerance:
        return Decision(Verdict.RETRAIN, f"{trained}, past {limit}: training again")
    if current_hash(snapshot, horizon) != head.input_hash:
        news = _news(snapshot, head, horizon)
        return Decision(
            Verdict.REFORECAST, f"{trained}, within {limit}, but {news}: rolling the forecast forward"
        )
    if snapshot.last is not None and snapshot.last.state is RunState.FAILED:
        return Decision(snapshot.last.verdict, f"{trained}, but the last refresh failed: trying again")
    return Decision(
        Verdict.FRESH, f"{trained}, within {limit}, and no new sales or plan since: nothing was run"
    )


def settled(run: RefreshRun, snapshot: StoreSnapshot, horizon: int) -> bool:
    """Whether what a claimed run was asked for has been done since by another."""
    head = snapshot.head
    if head is None or (head.trained_at < run.requested_at and run.verdict is Verdict.RETRAIN):
        return False
    return head.input_hash == current_hash(snapshot, horizon)


def state_of(snapshot: StoreSnapshot, *, now: datetime, tolerance: timedelta, horizon: int) -> StoreState:
    """Return the state planners see; the first that applies of the order in `StoreState`."""
    head = snapshot.head
    if snapshot.active is not None:
        return StoreState.RUNNING
    if snapshot.last is not None and snapshot.last.state is RunState.FAILED:
        return StoreState.FAILED
    if head is None:
        return StoreState.NONE
    if current_hash(snapshot, horizon) != head.input_hash:
        return StoreState.BEHIND
    age = now - head.trained_at
    if age >= tolerance:
        return StoreState.STALE
    return StoreState.AGEING if age >= AGEING_SHARE * tolerance else StoreState.FRESH


def waiting_for_worker(run: RefreshRun, seen_at: datetime | None, now: datetime) -> bool:
    """Whether a run waits although nobody is there to work it.

    Parameters
    ----------
    seen_at
        The last sign of life of any worker; None without one.
    """
    if run.state is not RunState.QUEUED or now - run.requested_at < SILENCE:
        return False
    return seen_at is None or now - seen_at >= SILENCE


def _news(snapshot: StoreSnapshot, head: VersionHeader, horizon: int) -> str:
    if head.horizon != horizon:
        return f"the horizon was changed from {head.horizon} to {horizon} days"
    if snapshot.sales is not None and snapshot.sales.last_ds > head.cutoff:
        return f"there are new sales through {wording.day(snapshot.sales.last_ds)}"
    return "sales or plan were changed since"
