"""What a refresh does, and the state of a store: pure rules (docs/adr/0003-two-clocks.md)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from forecasting.calendar.inputs import StoreFacts, input_hash
from forecasting.core import wording
from forecasting.core.domain import (
    RefreshDecision,
    RefreshRun,
    RunState,
    StoreSnapshot,
    StoreState,
    Verdict,
    VersionHeader,
)
from forecasting.core.pooled_priors import ChainPriors

AGEING_SHARE = 0.75
"""A predictor is ageing in the last quarter of the tolerance."""

SILENCE = timedelta(seconds=30)
"""A run that has waited this long, with no heartbeat of any worker for as long, waits for a worker."""

NO_PLACES: Mapping[str, str] = {}
"""No public holidays are configured."""


def store_facts(snapshot: StoreSnapshot, places: Mapping[str, str]) -> StoreFacts:
    """The facts about a store besides its sales and plan.

    Parameters
    ----------
    places
        As in `settings.Settings.holidays`.
    """
    return StoreFacts.of(snapshot.store, snapshot.region, snapshot.attributes, places)


def current_hash(snapshot: StoreSnapshot, horizon: int, places: Mapping[str, str] = NO_PLACES) -> str | None:
    """Hash of a store's newest inputs; None if it has no sales.

    It covers the chain that the head predictor was trained with. A newer chain makes no forecast stale.
    """
    if snapshot.sales is None:
        return None
    chain_id = snapshot.head.chain_id if snapshot.head else ""
    facts = store_facts(snapshot, places)
    return input_hash(snapshot.sales.content_hash, snapshot.plan_hash, horizon, facts, chain_id)


def decide(  # noqa: PLR0911 - one return for each answer, in their order
    snapshot: StoreSnapshot,
    *,
    at: datetime,
    tolerance: timedelta,
    horizon: int,
    engine: str,
    places: Mapping[str, str] = NO_PLACES,
    force: bool = False,
) -> RefreshDecision:
    """Answer a press: retrain, reforecast, or nothing to do.

    Parameters
    ----------
    snapshot
        The store's state. An active run is ignored here, because the ledger attaches to it first.
    at
        When refresh was pressed (UTC). A predictor exactly `tolerance` old is trained again.
    engine
        The engine configured now. A predictor of another engine is trained again.
    places
        As in `settings.Settings.holidays`.
    force
        Train whatever the predictor's age.
    """
    head = snapshot.head
    if head is None:
        return RefreshDecision(Verdict.RETRAIN, "No forecast yet: training for the first time")
    age = at - head.trained_at
    earlier = age >= timedelta(0)
    trained = f"Trained {wording.duration(age)} ago" if earlier else "Trained after the given time"
    limit = f"the {wording.tolerance(tolerance)} tolerance"
    if force:
        return RefreshDecision(Verdict.RETRAIN, f"{trained}: training again as asked")
    if head.asked_engine != engine:
        return RefreshDecision(
            Verdict.RETRAIN, f"The model was changed from {head.asked_engine} to {engine}: training"
        )
    if age >= tolerance:
        return RefreshDecision(Verdict.RETRAIN, f"{trained}, past {limit}: training again")
    if current_hash(snapshot, horizon, places) != head.input_hash:
        news = _news(snapshot, head, horizon)
        return RefreshDecision(
            Verdict.REFORECAST, f"{trained}, within {limit}, but {news}: updating the forecast"
        )
    if snapshot.last is not None and snapshot.last.state is RunState.FAILED:
        return RefreshDecision(snapshot.last.verdict, f"{trained}, but the last refresh failed: trying again")
    return RefreshDecision(
        Verdict.FRESH, f"{trained}, within {limit}, and no new sales or plan since: nothing was run"
    )


def decide_chain(
    latest: ChainPriors | None, *, engine: str, horizon: int, inputs: str, force: bool = False
) -> RefreshDecision:
    """Answer whether to train the model shared by all stores again.

    Parameters
    ----------
    latest
        The newest chain. An active run is ignored here, because the ledger attaches to it first.
    inputs
        `calendar.inputs.chain_hash` of the newest sales of all stores.
    force
        Train even if the newest chain is up to date.
    """
    if latest is None:
        return RefreshDecision(Verdict.RETRAIN, "No shared model yet: training it for the first time")
    if force:
        return RefreshDecision(Verdict.RETRAIN, "Training the shared model again as asked")
    if latest.engine != engine:
        changed = f"The model was changed from {latest.engine} to {engine}"
    elif latest.horizon != horizon:
        changed = f"Forecasts now cover {wording.counted(horizon, 'day')} instead of {latest.horizon}"
    elif latest.input_hash != inputs:
        changed = "There are new sales"
    else:
        return RefreshDecision(
            Verdict.FRESH, "The shared model has the newest sales of all stores: nothing was run"
        )
    return RefreshDecision(Verdict.RETRAIN, f"{changed}: training the shared model again")


def settled(
    run: RefreshRun, snapshot: StoreSnapshot, horizon: int, places: Mapping[str, str] = NO_PLACES
) -> bool:
    """Whether another run has done the work of a claimed run since it was requested."""
    head = snapshot.head
    if head is None or (run.verdict is Verdict.RETRAIN and not _trained_since(run, head)):
        return False
    return head.input_hash == current_hash(snapshot, horizon, places)


def _trained_since(run: RefreshRun, head: VersionHeader) -> bool:
    """Whether the head has another predictor than the one the requester saw.

    Comparing predictors avoids comparing the clocks of two machines. Only if there was no predictor when the
    run was requested, the times are compared.
    """
    if run.trained_before is None:
        return head.trained_at >= run.requested_at
    return head.trained_at != run.trained_before


def state_of(
    snapshot: StoreSnapshot,
    *,
    now: datetime,
    tolerance: timedelta,
    horizon: int,
    places: Mapping[str, str] = NO_PLACES,
) -> StoreState:
    """Return the state planners see: the first in the order of `StoreState` that applies."""
    head = snapshot.head
    if snapshot.active is not None:
        return StoreState.RUNNING
    if snapshot.last is not None and snapshot.last.state is RunState.FAILED:
        return StoreState.FAILED
    if head is None:
        return StoreState.NONE
    if current_hash(snapshot, horizon, places) != head.input_hash:
        return StoreState.BEHIND
    age = now - head.trained_at
    if age >= tolerance:
        return StoreState.STALE
    return StoreState.AGEING if age >= AGEING_SHARE * tolerance else StoreState.FRESH


def waiting_for_worker(run: RefreshRun, silence: timedelta | None, now: datetime) -> bool:
    """Whether a run is waiting because no worker is running.

    Parameters
    ----------
    silence
        Time since the newest heartbeat of any worker; None if there was none.
    """
    waits = run.state in (RunState.QUEUED, RunState.WAITING)
    if not waits or now - run.requested_at < SILENCE:
        return False
    return silence is None or silence >= SILENCE


def _news(snapshot: StoreSnapshot, head: VersionHeader, horizon: int) -> str:
    """What has changed since the head version, as the middle of a sentence."""
    if head.horizon != horizon:
        return f"forecasts now cover {wording.counted(horizon, 'day')} instead of {head.horizon}"
    if snapshot.sales is not None and snapshot.sales.last_ds > head.cutoff:
        return f"there are new sales through {wording.day(snapshot.sales.last_ds)}"
    return "sales or plan have changed since"
