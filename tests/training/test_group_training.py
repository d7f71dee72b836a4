"""A group of stores that an engine elsewhere trains: one run for all of them, worked in small steps."""

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
    """Stores 1 and 2, furnished, with an engine elsewhere that goes by the same clock."""

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
    """The run is the group's: who asks for another store of it joins, and every store is published."""
    first = house.services.refreshing.refresh(LOCAL_USER, "1")
    second = house.services.refreshing.refresh(LOCAL_USER, "2")
    assert first.verdict is Verdict.RETRAIN
    assert second.verdict is Verdict.ATTACHED
    assert first.run
    assert second.run
    assert first.run.run_id == second.run.run_id
    assert first.run.of_group
    assert not first.run.of_chain
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
    """What is set of a region goes before what is set of all; nothing is asked for elsewhere."""
    answer = house.services.refreshing.refresh(LOCAL_USER, "3")
    assert answer.run
    assert answer.run.scope == "store:3"
    house.work()
    assert house.services.stores.freshness(LOCAL_USER, "3").state is StoreState.FRESH
    assert house.remote.started == []


def test_a_long_training_waits_in_the_ledger(house: GroupHouse) -> None:
    """Between two looks no worker holds the run; every store shows what happens and how long it takes."""
    house.remote.remaining = 40 * MINUTE
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.worker.run_next()
    for store in ("1", "2"):
        now = house.services.stores.freshness(LOCAL_USER, store)
        assert now.state is StoreState.RUNNING
        assert now.run
        assert now.run.state is RunState.WAITING
        assert now.run.elsewhere
        assert now.run.stage == "Training in AWS"
        assert now.remaining == 40 * MINUTE
        assert not now.waiting_for_worker
    assert house.worker.run_next() == 0
    house.clock.turn(2 * MINUTE)
    assert house.services.stores.freshness(LOCAL_USER, "1").remaining == 38 * MINUTE
    assert house.worker.run_next() == 1


def test_looking_again_and_again_is_no_attempt(house: GroupHouse) -> None:
    """However often it is looked, the run is not given up; nothing is sent or begun twice."""
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


def test_what_was_begun_is_kept_before_the_first_look(house: GroupHouse) -> None:
    """A worker that dies right after has left what it began in the ledger: the next one does not begin."""
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
    """Who presses meanwhile joins the run that waits for AWS, and is told so."""
    house.remote.remaining = 40 * MINUTE
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.worker.run_next()
    answer = house.services.refreshing.refresh(LOCAL_USER, "2")
    assert answer.verdict is Verdict.ATTACHED
    assert answer.message.startswith("Already running")
    assert answer.run
    assert answer.run.elsewhere
    assert house.worker.run_next() == 0


def test_newer_sales_while_it_runs_are_followed_up(house: GroupHouse) -> None:
    """The run goes on with what it began with; who presses with newer sales gets a run that follows it."""
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
    """The choices of the predictor are kept, and so is the instant it was trained at."""
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


def test_an_engine_that_is_not_to_be_had_keeps_the_last_forecast(house: GroupHouse) -> None:
    """Every store of the group says why, and shows the forecast there was; no other engine steps in."""
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


def test_an_engine_that_is_busy_is_asked_again_later(house: GroupHouse) -> None:
    """What may pass is waited for, like everything else that may."""
    house.remote.error = EngineBusy("AWS Forecast asks to come back later")
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.worker.run_next()
    (run,) = house.services.runs.recent(LOCAL_USER)
    assert run.state is RunState.WAITING
    assert not run.elsewhere
    house.work()
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH


def test_what_comes_back_is_cleaned_and_judged(house: GroupHouse) -> None:
    """Negative values and quantiles out of order are mended; closed days are 0."""
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


def test_a_series_with_a_missing_value_is_served_by_the_next_best(house: GroupHouse) -> None:
    """The page says why: nothing is filled in silently."""

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
    """What was tried elsewhere decides the windows; the better engine serves each series."""
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


def test_without_a_backtest_it_serves_unjudged(house: GroupHouse) -> None:
    """And says so; figures it does not have are not made up."""
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


def test_a_refresh_of_all_stores_asks_for_the_group_once(house: GroupHouse) -> None:
    """Each store has its answer; those of the group name the same run."""
    answers = house.services.refreshing.refresh_all(LOCAL_USER)
    assert [answer.verdict for answer in answers] == [Verdict.RETRAIN, Verdict.ATTACHED, Verdict.RETRAIN]
    assert len({answer.run.run_id for answer in answers if answer.run}) == 2
    house.work()
    assert len(house.remote.started) == 1
    assert {house.services.stores.freshness(LOCAL_USER, store).state for store in "123"} == {StoreState.FRESH}


def test_the_store_that_needs_most_decides_for_the_group(house: GroupHouse) -> None:
    """A refresh of all stores rolls the group forward where one of its stores is behind."""
    house.services.refreshing.refresh_all(LOCAL_USER)
    house.work()
    house.deliver("sales", [sales("2", "101", 90.0, *[house.services.stores.as_of(LOCAL_USER)] * 2)])  # type: ignore[arg-type]
    verdicts = [answer.verdict for answer in house.services.refreshing.refresh_all(LOCAL_USER)]
    assert verdicts[:2] == [Verdict.ATTACHED, Verdict.REFORECAST]


def test_runs_of_the_group_are_seen_by_who_has_a_store_of_it(house: GroupHouse) -> None:
    """A planner of one of its stores sees the run, in the list of that store as well, but may not end it."""
    answer = house.services.refreshing.refresh(SOUTH, "2")
    assert answer.run
    east = replace(SOUTH, regions=frozenset({"East"}))
    assert [run.run_id for run in house.services.runs.recent(SOUTH, store="2")] == [answer.run.run_id]
    assert [run.run_id for run in house.services.runs.recent(SOUTH)] == [answer.run.run_id]
    assert house.services.runs.recent(east) == []
    assert house.services.runs.get(SOUTH, answer.run.run_id) == answer.run
    with pytest.raises(NotPermitted, match="many stores"):
        house.services.refreshing.cancel(SOUTH, answer.run.run_id)


def test_a_failed_run_of_the_group_can_be_tried_again(house: GroupHouse) -> None:
    """By anyone who sees it; the same is asked for."""
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


def test_looking_asks_nothing_elsewhere(house: GroupHouse) -> None:
    """Queue, freshness, forecast, status: no call reaches the engine."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    calls = len(house.remote.started), len(house.remote.polled)
    house.services.stores.queue(LOCAL_USER)
    house.services.operations.status(LOCAL_USER)
    house.services.stores.freshness(LOCAL_USER, "1")
    house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1"))
    house.services.accuracy.report(LOCAL_USER)
    assert (len(house.remote.started), len(house.remote.polled)) == calls


def test_what_is_made_elsewhere_is_set_against_recent_sales_and_left_unexplained(house: GroupHouse) -> None:
    """The engine says neither why nor what moved it."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    told = house.services.forecasts.why(LOCAL_USER, SeriesKey("1"))
    assert told.origin is Origin.HISTORY
    for day in told.days:
        assert sum(step.amount for step in day.steps) == pytest.approx(day.expected, abs=1e-9)
    house.clock.turn(timedelta(hours=1))
    days = (LAST + timedelta(days=1), LAST + timedelta(days=8))
    house.deliver("sales", [sales("1", "101", 500.0, *days), sales("1", "102", 250.0, *days)])
    house.services.refreshing.refresh(LOCAL_USER, "1", force=True)
    house.work()
    made = house.services.forecasts.changes(LOCAL_USER, SeriesKey("1"))
    assert (made.causes, made.notes) == ((), (REMOTE,))
    assert made.days
    assert all(day.unexplained == day.difference for day in made.days)


def test_a_store_that_cannot_be_read_is_left_out_and_named(house: GroupHouse) -> None:
    """The others are published; it keeps what it had, and the run says which store and why."""
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
