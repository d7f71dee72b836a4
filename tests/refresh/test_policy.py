from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from forecasting.core.domain import (
    HistoryFile,
    RefreshRun,
    RunState,
    StoreSnapshot,
    StoreState,
    Verdict,
    VersionHeader,
)
from forecasting.core.pooled_priors import ChainPriors
from forecasting.refresh import policy

TRAINED = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)
TOLERANCE = timedelta(hours=48)
HORIZON = 28
SALES = HistoryFile("1", "sales", "aaa", 100, date(2019, 1, 1), date(2019, 4, 2), ("101",), "North")
BARE = StoreSnapshot("1", "North", SALES, "ppp", None, None, None)
HEAD = VersionHeader(
    version=7,
    store="1",
    predictor_id="p",
    run_id="r",
    asked_engine="prophet",
    cutoff=date(2019, 4, 2),
    horizon=HORIZON,
    input_hash=policy.current_hash(BARE, HORIZON) or "",
    trained_at=TRAINED,
    published_at=TRAINED,
)
CURRENT = replace(BARE, head=HEAD)
CHAIN = ChainPriors("c", TRAINED, "prophet", date(2019, 4, 2), HORIZON, "sales-1", 2)
NEXT_DAY = replace(SALES, content_hash="bbb", last_ds=date(2019, 4, 3))


def decide(snapshot: StoreSnapshot, age: timedelta, **more: object) -> tuple[Verdict, str]:
    """Decide at an age of the predictor."""
    rule = {"tolerance": TOLERANCE, "horizon": HORIZON, "engine": "prophet", **more}
    decision = policy.decide(snapshot, at=TRAINED + age, **rule)  # type: ignore[arg-type]
    return decision.verdict, decision.message


def state(snapshot: StoreSnapshot, age: timedelta) -> StoreState:
    """The state at an age of the predictor."""
    return policy.state_of(snapshot, now=TRAINED + age, tolerance=TOLERANCE, horizon=HORIZON)


def run(run_state: RunState, verdict: Verdict = Verdict.RETRAIN) -> RefreshRun:
    """A run in a state."""
    return RefreshRun("x", "store:1", "1", verdict, "", run_state, "Ann", TRAINED, "prophet")


def test_a_minute_before_the_tolerance_nothing_is_run() -> None:
    """47 h 59 min is fresh, and the sentence says why."""
    verdict, message = decide(CURRENT, timedelta(hours=47, minutes=59))
    assert verdict is Verdict.FRESH
    assert message == (
        "Trained 47 h 59 min ago, within the 2-day tolerance, and no new sales or plan since: nothing was run"
    )


def test_exactly_the_tolerance_trains() -> None:
    """48 h is past the tolerance."""
    verdict, message = decide(CURRENT, timedelta(hours=48))
    assert verdict is Verdict.RETRAIN
    assert message == "Trained 2 days ago, past the 2-day tolerance: training again"


def test_new_sales_within_the_tolerance_update_the_forecast() -> None:
    """A new day needs no training, and the sentence names the day."""
    verdict, message = decide(replace(CURRENT, sales=NEXT_DAY), timedelta(hours=3))
    assert verdict is Verdict.REFORECAST
    assert "there are new sales through Wed 3 Apr" in message


def test_a_changed_plan_within_the_tolerance_updates_the_forecast() -> None:
    """So does a plan that was added or withdrawn."""
    for plan_hash in ("qqq", None):
        verdict, message = decide(replace(CURRENT, plan_hash=plan_hash), timedelta(hours=3))
        assert verdict is Verdict.REFORECAST
        assert "sales or plan have changed since" in message


def test_a_changed_horizon_updates_the_forecast() -> None:
    """The days to forecast are an input too."""
    verdict, message = decide(CURRENT, timedelta(hours=3), horizon=14)
    assert verdict is Verdict.REFORECAST
    assert "forecasts now cover 14 days instead of 28" in message


def test_new_sales_past_the_tolerance_train() -> None:
    """The age decides first."""
    assert decide(replace(CURRENT, sales=NEXT_DAY), timedelta(hours=48))[0] is Verdict.RETRAIN


def test_a_store_without_a_forecast_trains() -> None:
    """There is no forecast to update."""
    assert decide(BARE, timedelta(0)) == (Verdict.RETRAIN, "No forecast yet: training for the first time")


def test_another_engine_or_force_trains_within_the_tolerance() -> None:
    """Both are an operator's decision."""
    assert decide(CURRENT, timedelta(0), engine="seasonal_naive")[0] is Verdict.RETRAIN
    assert decide(CURRENT, timedelta(0), force=True)[0] is Verdict.RETRAIN


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(hours=35, minutes=59), StoreState.FRESH),
        (timedelta(hours=36), StoreState.AGEING),
        (timedelta(hours=47, minutes=59), StoreState.AGEING),
        (timedelta(hours=48), StoreState.STALE),
    ],
)
def test_a_predictor_ages_in_the_last_quarter_of_the_tolerance(age: timedelta, expected: StoreState) -> None:
    """Fresh, then ageing from three quarters of the tolerance, then stale."""
    assert state(CURRENT, age) is expected


def test_states_outrank_each_other() -> None:
    """In this order: running, failed, behind, stale."""
    old = timedelta(hours=60)
    behind = replace(CURRENT, sales=NEXT_DAY)
    failed = replace(behind, last=run(RunState.FAILED))
    running = replace(failed, active=run(RunState.QUEUED))
    assert [state(each, old) for each in (running, failed, behind, CURRENT)] == [
        StoreState.RUNNING,
        StoreState.FAILED,
        StoreState.BEHIND,
        StoreState.STALE,
    ]


def test_a_store_without_a_forecast_has_a_state_of_its_own() -> None:
    """It is neither stale nor fresh."""
    assert state(BARE, timedelta(0)) is StoreState.NONE


def test_a_claimed_run_is_settled_once_another_has_done_its_work() -> None:
    """A training by a later training, an update by a forecast of the newest inputs."""
    assert not policy.settled(run(RunState.RUNNING), BARE, HORIZON)
    assert policy.settled(run(RunState.RUNNING), CURRENT, HORIZON)
    later = replace(run(RunState.RUNNING), requested_at=TRAINED + timedelta(seconds=1))
    assert not policy.settled(later, CURRENT, HORIZON)
    forward = replace(later, verdict=Verdict.REFORECAST)
    assert policy.settled(forward, CURRENT, HORIZON)
    assert not policy.settled(forward, replace(CURRENT, sales=NEXT_DAY), HORIZON)


@pytest.mark.parametrize(
    ("waited", "seen", "expected"),
    [
        (29, None, False),
        (30, None, True),
        (3600, 3600 - 30, True),
        (3600, 3600 - 29, False),
        (3600, 3600 + 5, False),
    ],
)
def test_a_run_waits_for_a_worker_after_half_a_minute_without_a_heartbeat(
    waited: int, seen: int | None, *, expected: bool
) -> None:
    """Only once it has waited as long itself; a worker's clock may run ahead."""
    silence = None if seen is None else timedelta(seconds=waited - seen)
    now = TRAINED + timedelta(seconds=waited)
    for state in (RunState.QUEUED, RunState.WAITING):
        assert policy.waiting_for_worker(run(state), silence, now) is expected
    assert not policy.waiting_for_worker(run(RunState.RUNNING), silence, now)


def decide_chain(latest: ChainPriors | None, **more: object) -> tuple[Verdict, str]:
    """Decide about the shared model."""
    rule = {"engine": "prophet", "horizon": HORIZON, "inputs": "sales-1", **more}
    decision = policy.decide_chain(latest, **rule)  # type: ignore[arg-type]
    return decision.verdict, decision.message


def test_a_shared_model_with_the_newest_sales_is_fresh() -> None:
    """However old it is."""
    assert decide_chain(CHAIN) == (
        Verdict.FRESH,
        "The shared model has the newest sales of all stores: nothing was run",
    )


@pytest.mark.parametrize(
    ("latest", "more", "message"),
    [
        (None, {}, "No shared model yet: training it for the first time"),
        (CHAIN, {"inputs": "sales-2"}, "There are new sales: training the shared model again"),
        (CHAIN, {"force": True}, "Training the shared model again as asked"),
        (
            CHAIN,
            {"engine": "empirical"},
            "The model was changed from prophet to empirical: training the shared model again",
        ),
        (
            CHAIN,
            {"horizon": 14},
            "Forecasts now cover 14 days instead of 28: training the shared model again",
        ),
    ],
)
def test_otherwise_the_shared_model_is_trained_again(
    latest: ChainPriors | None, more: dict[str, object], message: str
) -> None:
    """The sentence says why."""
    assert decide_chain(latest, **more) == (Verdict.RETRAIN, message)
