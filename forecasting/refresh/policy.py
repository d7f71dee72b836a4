"""When a refresh runs what, and the state of a store: pure rules (docs/adr/0003-two-clocks.md)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from forecasting.calendar.inputs import StoreFacts, input_hash
from forecasting.core import wording
from forecasting.core.domain import (
    Decision,
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
"""A run that has waited this long, with no sign of life of any worker for as long, waits in vain."""


NO_PLACES: Mapping[str, str] = {}


def store_facts(snapshot: StoreSnapshot, places: Mapping[str, str]) -> StoreFacts:
    """What is known of a store besides its sales and plan.

    Parameters
    ----------
    places
        As in `settings.Settings.holidays`.
    """
    return StoreFacts.of(snapshot.store, snapshot.region, snapshot.attributes, places)


def current_hash(snapshot: StoreSnapshot, horizon: int, places: Mapping[str, str] = NO_PLACES) -> str | None:
    """Hash of the newest inputs of a store; None where it has no sales.

    What is pooled over the chain counts as it was when the predictor was trained: a newer one makes no
    forecast stale.
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
    places
        As in `settings.Settings.holidays`.
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
    if current_hash(snapshot, horizon, places) != head.input_hash:
        news = _news(snapshot, head, horizon)
        return Decision(
            Verdict.REFORECAST, f"{trained}, within {limit}, but {news}: rolling the forecast forward"
        )
    if snapshot.last is not None and snapshot.last.state is RunState.FAILED:
        return Decision(snapshot.last.verdict, f"{trained}, but the last refresh failed: trying again")
    return Decision(
        Verdict.FRESH, f"{trained}, within {limit}, and no new sales or plan since: nothing was run"
    )


def decide_chain(
    latest: ChainPriors | None, *, engine: str, horizon: int, inputs: str, force: bool = False
) -> Decision:
    """Answer whether to compute over all stores again.

    Parameters
    ----------
    latest
        The newest chain; an active run is not looked at, the ledger attaches to it first.
    inputs
        `calendar.inputs.chain_hash` of the newest sales of all stores.
    force
        Compute whatever there is.
    """
    if latest is None:
        return Decision(Verdict.RETRAIN, "Nothing is pooled over all stores yet: doing so for the first time")
    if force:
        return Decision(Verdict.RETRAIN, "Pooling over all stores again as asked")
    if latest.engine != engine:
        changed = f"The engine was changed from {latest.engine} to {engine}"
    elif latest.horizon != horizon:
        changed = f"The horizon was changed from {latest.horizon} to {horizon} days"
    elif latest.input_hash != inputs:
        changed = "There are new sales"
    else:
        return Decision(Verdict.FRESH, "Pooled over the newest sales of all stores: nothing was run")
    return Decision(Verdict.RETRAIN, f"{changed}: pooling over all stores again")


def settled(
    run: RefreshRun, snapshot: StoreSnapshot, horizon: int, places: Mapping[str, str] = NO_PLACES
) -> bool:
    """Whether what a claimed run was asked for has been done since by another."""
    head = snapshot.head
    if head is None or (run.verdict is Verdict.RETRAIN and not _trained_since(run, head)):
        return False
    return head.input_hash == current_hash(snapshot, horizon, places)


def _trained_since(run: RefreshRun, head: VersionHeader) -> bool:
    """Whether there is another predictor than the run was asked in view of; no two clocks are compared.

    But for a run that was asked for when there was none.
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
    """Return the state planners see; the first that applies of the order in `StoreState`."""
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
    """Whether a run waits although nobody is there to work it.

    Parameters
    ----------
    silence
        How long ago any worker gave a sign of life; None for never.
    """
    waits = run.state in (RunState.QUEUED, RunState.WAITING)
    if not waits or now - run.requested_at < SILENCE:
        return False
    return silence is None or silence >= SILENCE


def _news(snapshot: StoreSnapshot, head: VersionHeader, horizon: int) -> str:
    if head.horizon != horizon:
        return f"the horizon was changed from {head.horizon} to {horizon} days"
    if snapshot.sales is not None and snapshot.sales.last_ds > head.cutoff:
        return f"there are new sales through {wording.day(snapshot.sales.last_ds)}"
    return "sales or plan were changed since"
