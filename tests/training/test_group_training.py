"""A group of stores that a remote engine trains: one run for all of them, in small steps."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.domain import LOCAL_USER, Principal, RunState, SeriesKey, StoreState, Verdict
from forecasting.core.errors import EngineBusy, EngineUnavailable, NotPermitted
from forecasting.core.explanation import Origin
from forecasting.core.ports import StoreForecasts
from forecasting.training.previous_version import REMOTE
from tests.house import FIRST, LAST, House, sales
from tests.remote import FakeRemote

MINUTE = timedelta(minutes=1)
AWS = AwsSettings(bucket="sales")
SOUTH = Principal("south", "Planner South", frozenset({"planner"}), regions=frozenset({"South"}))


class GroupHouse(House):
    """Stores 1 and 2, with a remote engine that uses the same clock."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.remote = FakeRemote()
        super().__init__(home, remote=self.remote, aws=AWS, horizon=14, **settings)
        self.remote.clock = self.clock
        self.furnish()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[GroupHouse]:
    """Stores 1 and 2 are trained in AWS, store 3 (East) is trained here."""
    made = GroupHouse(tmp_path, engine="aws_forecast", engines={"East": "flat"})
    made.deliver("sales", [sales("3", "101", 60.0, FIRST, LAST)])
    yield made
    made.close()


def test_presses_for_several_stores_share_one_training(house: GroupHouse) -> None:
    """The run belongs to the group: a press for another of its stores joins, and every store is published."""
    first = house.services.refreshing.refresh(LOCAL_USER, "1")
    second = house.services.refreshing.refresh(LOCAL_USER, "2")
    assert first.verdict is Verdict.RETRAIN
    assert second.verdict is Verdict.ATTACHED
    assert first.run
    assert second.run
    assert first.run.run_id == second.run.run_id
    assert first.run.is_group_run
    assert not first.run.is_chain_run
    house.work()
    assert len(house.remote.started) == 1
    for store in ("1", "2"):
        fresh = house.services.stores.freshness(LOCAL_USER, store)
        assert fresh.state is StoreState.FRESH
        assert set(house.services.forecasts.forecast(LOCAL_USER, SeriesKey(store))["engine"]) == {
            "aws_forecast"
        }
    assert house.services.stores.freshness(LOCAL_USER, "3").state is StoreState.NONE


def test_a_store_with_another_engine_is_trained_by_itself(house: GroupHouse) -> None:
    """The setting of a region overrides the general one; nothing is requested from the remote engine."""
    answer = house.services.refreshing.refresh(LOCAL_USER, "3")
    assert answer.run
    assert answer.run.scope == "store:3"
    house.work()
    assert house.services.stores.freshness(LOCAL_USER, "3").state is StoreState.FRESH
    assert house.remote.started == []


def test_a_long_training_waits_in_the_ledger(house: GroupHouse) -> None:
    """Between two polls no worker holds the run. Every store shows the stage and the time left."""
    house.remote.remaining = 40 * MINUTE
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.worker.run_next()
    for store in ("1", "2"):
        now = house.services.stores.freshness(LOCAL_USER, store)
        assert now.state is StoreState.RUNNING
        assert now.run
        assert now.run.state is RunState.WAITING
        assert now.run.waits_elsewhere
        assert now.run.stage == "Training in AWS"
        assert now.remaining == 40 * MINUTE
        assert not now.waiting_for_worker
    assert house.worker.run_next() == 0
    house.clock.turn(2 * MINUTE)
    assert house.services.stores.freshness(LOCAL_USER, "1").remaining == 38 * MINUTE
    assert house.worker.run_next() == 1


def test_polling_does_not_count_as_an_attempt(house: GroupHouse) -> None:
    """However often it is polled, the run goes on; nothing is uploaded or started twice."""
    house.remote.remaining = 40 * MINUTE
    house.services.refreshing.refresh(LOCAL_USER, "1")
    for _ in range(9):
        house.worker.run_next()
        house.clock.turn(2 * MINUTE)
    assert len(house.remote.started) == 1
    assert len(house.remote.polled) == 9
    house.remote.remaining = None
    house.work()
    assert house.services.stores.freshness(LOCAL_USER, "2").state is StoreState.FRESH


def test_the_ticket_is_stored_before_the_first_poll(house: GroupHouse) -> None:
    """If a worker dies right after the start, the next one finds the ticket and does not start again."""
    house.remote.remaining = 40 * MINUTE
    house.services.refreshing.refresh(LOCAL_USER, "1")
    failing = house.remote
    house.worker.run_next()
    failing.error = EngineBusy("AWS did not answer")
    house.clock.turn(3 * MINUTE)
    house.worker.run_next()
    house.clock.turn(MINUTE)
    house.worker.run_next()
    assert len(failing.started) == 1
    assert {ticket["predictor"] for ticket in failing.polled} == {"predictor-1"}


def test_a_press_does_not_cut_the_wait_short(house: GroupHouse) -> None:
    """A press joins the run that waits for AWS, and the answer says so."""
    house.remote.remaining = 40 * MINUTE
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.worker.run_next()
    answer = house.services.refreshing.refresh(LOCAL_USER, "2")
    assert answer.verdict is Verdict.ATTACHED
    assert answer.message.startswith("Already running")
    assert answer.run
    assert answer.run.waits_elsewhere
    assert house.worker.run_next() == 0


def test_newer_sales_during_the_run_get_a_follow_up(house: GroupHouse) -> None:
    """The run keeps its inputs. A press after newer sales leaves another run to follow it."""
    house.remote.remaining = 40 * MINUTE
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.worker.run_next()
    house.next_day()
    answer = house.services.refreshing.refresh(LOCAL_USER, "1")
    assert "another follows it" in answer.message
    house.clock.turn(3 * MINUTE)
    house.remote.remaining = None
    house.worker.run_next()
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.RUNNING
    house.work()
    first, second = house.remote.started
    assert (first.train, second.train) == (True, False)
    assert first.inputs_hash != second.inputs_hash
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH


def test_new_sales_within_the_tolerance_are_forecast_without_training(house: GroupHouse) -> None:
    """The predictor keeps its choices and the time of its training."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    before = house.services.forecasts.predictor(LOCAL_USER, "1")
    house.next_day()
    house.remote.level = 2.0
    answer = house.services.refreshing.refresh(LOCAL_USER, "1")
    assert answer.verdict is Verdict.REFORECAST
    house.work()
    assert not house.remote.started[1].train
    after = house.services.forecasts.predictor(LOCAL_USER, "1")
    assert after.choices == before.choices
    assert house.services.refreshing.refresh(LOCAL_USER, "2").verdict is Verdict.FRESH


def test_an_unavailable_engine_leaves_the_last_forecast(house: GroupHouse) -> None:
    """Every store of the group shows the reason and its last forecast; no other engine takes over."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    versions = [house.services.stores.freshness(LOCAL_USER, store).header for store in ("1", "2")]
    house.clock.turn(timedelta(hours=49))
    house.remote.error = EngineUnavailable("AWS Forecast can't be used: no access")
    house.services.refreshing.refresh(LOCAL_USER, "2")
    house.work()
    for store, version in zip(("1", "2"), versions, strict=True):
        now = house.services.stores.freshness(LOCAL_USER, store)
        assert now.state is StoreState.FAILED
        assert now.run
        assert "no access" in now.run.error
        assert now.header == version


def test_a_busy_engine_is_tried_again_later(house: GroupHouse) -> None:
    """Like every error that may pass."""
    house.remote.error = EngineBusy("AWS Forecast asks to come back later")
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.worker.run_next()
    (run,) = house.services.runs.recent(LOCAL_USER)
    assert run.state is RunState.WAITING
    assert not run.waits_elsewhere
    house.work()
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH


def test_fetched_forecasts_are_cleaned_and_backtested(house: GroupHouse) -> None:
    """Negative values and unordered quantiles are corrected; closed days are 0."""
    house.remote.spoilt = lambda made: {
        item: tuple(replace(each, q10=each.q90, q90=each.q10 - 500.0) for each in forecasts)
        for item, forecasts in made.items()
    }
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    rows = house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1"))
    assert (rows["q10"] >= 0).all()
    assert (rows["q10"] <= rows["q50"]).all()
    assert (rows["q50"] <= rows["q90"]).all()
    assert (rows.loc[~rows["is_open"], ["mean", "q10", "q50", "q90"]] == 0).all(axis=None)
    choice = house.services.forecasts.predictor(LOCAL_USER, "1").choice_of("all")
    assert choice is not None
    assert {score.engine for score in choice.scores} == {"aws_forecast", "seasonal_naive"}
    assert len(choice.scores[0].cutoffs) == 2


def test_a_series_with_a_missing_value_gets_the_next_best_engine(house: GroupHouse) -> None:
    """The reason says so: nothing is filled in silently."""

    def without_q10(made: StoreForecasts) -> StoreForecasts:
        all_nan = tuple(replace(each, q10=np.full(len(each), np.nan)) for each in made["101"])
        return {**made, "101": all_nan}

    house.remote.spoilt = without_q10
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    predictor = house.services.forecasts.predictor(LOCAL_USER, "1")
    spoilt, whole = predictor.choice_of("101"), predictor.choice_of("102")
    assert spoilt
    assert spoilt.engine == "seasonal_naive"
    assert "p10" in spoilt.reason
    assert whole
    assert whole.engine == "aws_forecast"


def test_both_engines_compete_on_the_same_windows(tmp_path: Path) -> None:
    """Those of the remote engine's backtest; each series gets the better engine."""
    house = GroupHouse(tmp_path, engine="aws_forecast+flat")
    house.remote.level = 3.0
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    choice = house.services.forecasts.predictor(LOCAL_USER, "1").choice_of("all")
    assert choice is not None
    by_engine = {score.engine: score for score in choice.scores}
    assert set(by_engine) == {"aws_forecast", "flat", "seasonal_naive"}
    assert len({score.cutoffs for score in choice.scores}) == 1
    assert choice.engine != "aws_forecast"
    assert by_engine["aws_forecast"].wql > by_engine[choice.engine].wql  # type: ignore[operator]
    house.close()


def test_without_a_remote_backtest_the_remote_engine_is_chosen(house: GroupHouse) -> None:
    """The reason says that there is no backtest, and there are no accuracy figures."""
    house.remote.windows = 0
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    choice = house.services.forecasts.predictor(LOCAL_USER, "1").choice_of("all")
    assert choice is not None
    assert (choice.engine, choice.scores) == ("aws_forecast", ())
    assert "no backtest" in choice.reason
    summary = house.services.forecasts.summary(LOCAL_USER, SeriesKey("1"))
    assert summary is not None
    assert summary.wape is None


def test_a_refresh_of_all_stores_requests_the_group_once(house: GroupHouse) -> None:
    """Each store has its answer; those of the group name the same run."""
    answers = house.services.refreshing.refresh_all(LOCAL_USER)
    assert [answer.verdict for answer in answers] == [Verdict.RETRAIN, Verdict.ATTACHED, Verdict.RETRAIN]
    assert len({answer.run.run_id for answer in answers if answer.run}) == 2
    house.work()
    assert len(house.remote.started) == 1
    assert {house.services.stores.freshness(LOCAL_USER, store).state for store in "123"} == {StoreState.FRESH}


def test_the_store_that_needs_most_decides_for_the_group(house: GroupHouse) -> None:
    """A refresh of all stores updates the group if one of its stores is behind."""
    house.services.refreshing.refresh_all(LOCAL_USER)
    house.work()
    house.deliver("sales", [sales("2", "101", 90.0, *[house.services.stores.as_of(LOCAL_USER)] * 2)])  # type: ignore[arg-type]
    verdicts = [answer.verdict for answer in house.services.refreshing.refresh_all(LOCAL_USER)]
    assert verdicts[:2] == [Verdict.ATTACHED, Verdict.REFORECAST]


def test_planners_of_one_store_see_the_runs_of_its_group(house: GroupHouse) -> None:
    """Also in the list of that store, but they may not cancel them."""
    answer = house.services.refreshing.refresh(SOUTH, "2")
    assert answer.run
    east = replace(SOUTH, regions=frozenset({"East"}))
    assert [run.run_id for run in house.services.runs.recent(SOUTH, store="2")] == [answer.run.run_id]
    assert [run.run_id for run in house.services.runs.recent(SOUTH)] == [answer.run.run_id]
    assert house.services.runs.recent(east) == []
    assert house.services.runs.get(SOUTH, answer.run.run_id) == answer.run
    with pytest.raises(NotPermitted, match="many stores"):
        house.services.refreshing.cancel(SOUTH, answer.run.run_id)


def test_a_failed_run_of_the_group_can_be_retried(house: GroupHouse) -> None:
    """By anyone who sees it, with the same request."""
    house.remote.error = EngineUnavailable("no access")
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    (failed,) = house.services.runs.broken(SOUTH)
    house.clock.turn(MINUTE)
    again = house.services.refreshing.retry(SOUTH, failed.run_id)
    assert again.run
    assert again.run.scope == failed.scope
    house.work()
    assert house.services.stores.freshness(SOUTH, "2").state is StoreState.FRESH


def test_reading_never_calls_the_remote_engine(house: GroupHouse) -> None:
    """Neither queue, freshness, forecast, accuracy nor status."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    calls = len(house.remote.started), len(house.remote.polled)
    house.services.stores.queue(LOCAL_USER)
    house.services.operations.status(LOCAL_USER)
    house.services.stores.freshness(LOCAL_USER, "1")
    house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1"))
    house.services.accuracy.report(LOCAL_USER)
    assert (len(house.remote.started), len(house.remote.polled)) == calls


def test_a_remote_forecast_is_compared_with_recent_sales_and_left_unexplained(house: GroupHouse) -> None:
    """The engine explains neither the forecast nor its changes."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    told = house.services.explanations.why(LOCAL_USER, SeriesKey("1"))
    assert told.origin is Origin.HISTORY
    for day in told.days:
        assert sum(step.amount for step in day.steps) == pytest.approx(day.expected, abs=1e-9)
    house.clock.turn(timedelta(hours=1))
    days = (LAST + timedelta(days=1), LAST + timedelta(days=8))
    house.deliver("sales", [sales("1", "101", 500.0, *days), sales("1", "102", 250.0, *days)])
    house.services.refreshing.refresh(LOCAL_USER, "1", force=True)
    house.work()
    made = house.services.explanations.changes(LOCAL_USER, SeriesKey("1"))
    assert (made.causes, made.notes) == ((), (REMOTE,))
    assert made.days
    assert all(day.unexplained == day.difference for day in made.days)


def test_a_store_that_cannot_be_read_is_left_out_and_named(house: GroupHouse) -> None:
    """The others are published. It keeps its last forecast, and the run names the store and the reason."""
    house.remote.remaining = 40 * MINUTE
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.worker.run_next()
    for file in (house.home / "history" / "sales").glob("2_*/*.parquet"):
        file.unlink()
    house.clock.turn(5 * MINUTE)
    house.remote.remaining = None
    house.worker.run_next()
    (run,) = house.services.runs.recent(LOCAL_USER)
    assert run.state is RunState.SUCCEEDED
    assert "; left out: store 2 (" in run.message
    assert house.services.stores.freshness(LOCAL_USER, "1").header is not None
    assert house.services.stores.freshness(LOCAL_USER, "2").header is None
