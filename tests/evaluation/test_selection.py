from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting import schema
from forecasting.calendar.inputs import SeriesInputs
from forecasting.domain import SeriesChoice, SeriesKey
from forecasting.errors import EngineUnavailable, InvalidFrame
from forecasting.evaluation.selection import SeriesTask, choose, run_task
from forecasting.evaluation.windows import Window, backtest_windows
from tests.fakes import FlatEngine, engines
from tests.series import daily_series

HORIZON = 28


def inputs(days: int = 200) -> SeriesInputs:
    """A series with a future like its past."""
    frame = daily_series(days + HORIZON)
    future = frame.iloc[days:].assign(assumed=False).loc[:, list(schema.FUTURE)].reset_index(drop=True)
    return SeriesInputs(SeriesKey("1", "101"), frame.iloc[:days], future)


def naive(**traits: object) -> FlatEngine:
    """A challenger of known skill."""
    return FlatEngine("seasonal_naive", **traits)  # type: ignore[arg-type]


def test_the_window_keeps_past_future_and_truth_apart() -> None:
    """A model sees the days up to the cutoff, and of the days after it only what was known ahead."""
    history = inputs().history
    (window,) = backtest_windows(history, HORIZON)
    assert window.past(history)["ds"].max() == pd.Timestamp(window.cutoff)
    assert "y" not in window.future(history).columns
    assert len(window.future(history)) == len(window.truth(history)) == HORIZON
    assert window.future(history)["ds"].iloc[-1] == history["ds"].iloc[-1]


def test_a_series_too_short_for_a_backtest_has_no_window() -> None:
    """Eight weeks must remain before the cutoff."""
    assert len(backtest_windows(inputs(56 + HORIZON).history, HORIZON)) == 1
    assert backtest_windows(inputs(55 + HORIZON).history, HORIZON) == ()


@given(st.lists(st.floats(0, 1e6), min_size=HORIZON, max_size=HORIZON))
def test_nothing_after_the_cutoff_reaches_a_backtested_model(truth: list[float]) -> None:
    """Whatever was sold after it, the engine is shown the same frame."""
    series = inputs()
    changed = series.history.copy()
    changed.loc[changed.index[-HORIZON:], "y"] = truth
    (window,) = backtest_windows(series.history, HORIZON)
    pd.testing.assert_frame_equal(window.past(changed), window.past(series.history))
    pd.testing.assert_frame_equal(window.future(changed), window.future(series.history))


def test_the_asked_for_engine_serves_unless_the_challenger_is_clearly_better() -> None:
    """Equal skill keeps the asked-for engine; the scores of both are kept."""
    choice = choose(inputs(), "flat", engines(FlatEngine(), naive()))
    assert choice.engine == "flat"
    assert choice.reason == "as good or better on the last 24 open days"
    assert [score.engine for score in choice.scores] == ["flat", "seasonal_naive"]
    assert all(score.wape is not None and score.days == 24 for score in choice.scores)


def test_a_clearly_better_challenger_serves_and_is_named() -> None:
    """A refresh never makes it worse."""
    choice = choose(inputs(), "flat", engines(FlatEngine(factor=3.0), naive()))
    assert choice.engine == "seasonal_naive"
    assert choice.reason == "better on the last 24 open days"


def test_an_engine_that_cannot_fit_leaves_the_series_to_the_challenger_with_the_reason() -> None:
    """Not silently: the reason is the engine's own, and it has no figures."""
    choice = choose(inputs(), "flat", engines(FlatEngine(failure="expected 99 days, found 3"), naive()))
    assert choice.engine == "seasonal_naive"
    assert choice.reason == "store 1, product 101: expected 99 days, found 3"
    failed = choice.score_of("flat")
    assert failed is not None
    assert failed.wape is None
    assert failed.failure == choice.reason


def test_without_a_backtest_the_asked_for_engine_serves_where_it_fits() -> None:
    """And the challenger where it does not."""
    short = inputs(40)
    choice = choose(short, "flat", engines(FlatEngine(), naive()))
    assert (choice.engine, choice.reason) == ("flat", "too little history for a backtest")
    assert choice.scores == ()
    choice = choose(short, "flat", engines(FlatEngine(failure="too short"), naive()))
    assert choice.engine == "seasonal_naive"


def test_the_final_fit_sees_all_history() -> None:
    """The backtest holds days back, the published forecast does not."""
    engine = FlatEngine()
    series = inputs()
    result = run_task(SeriesTask(series, "flat"), engines(engine, naive()))
    assert [len(seen) for seen in engine.seen] == [200 - HORIZON, 200]
    assert result.forecast is not None
    assert result.forecast["ds"].tolist() == series.future["ds"].tolist()


def test_forecasting_again_fits_the_chosen_engine_once() -> None:
    """Selection is kept: no backtest, no challenger."""
    flat, other = FlatEngine(), naive()
    kept = SeriesChoice("101", "seasonal_naive", "better")
    result = run_task(SeriesTask(inputs(), "flat", kept), engines(flat, other))
    assert result.choice is kept
    assert (len(flat.seen), len(other.seen)) == (0, 1)


def test_a_series_nobody_can_fit_is_a_result_with_its_reason() -> None:
    """One series does not end the run of its store."""
    broken = engines(FlatEngine(failure="no"), naive(failure="all closed"))
    result = run_task(SeriesTask(inputs(), "flat"), broken)
    assert result.forecast is None
    assert result.failure == "store 1, product 101: all closed"


def test_a_missing_engine_ends_the_run() -> None:
    """No fallback for an engine that is not there."""
    with pytest.raises(EngineUnavailable):
        run_task(SeriesTask(inputs(), "aws_forecast"), engines(naive()))


def test_an_engine_that_breaks_its_promises_is_refused() -> None:
    """A band upside down is never published."""
    with pytest.raises(InvalidFrame, match="flat forecast of store 1, product 101: expected q10 ≤ q50 ≤ q90"):
        run_task(SeriesTask(inputs(), "flat"), engines(FlatEngine(spread=-0.1), naive()))


def test_a_score_on_closed_days_alone_is_not_available() -> None:
    """No open day, no figure; the asked-for engine stays."""
    series = inputs()
    closed = series.history.copy()
    closed.loc[closed.index[-HORIZON:], ["is_open", "y"]] = [False, 0.0]
    choice = choose(SeriesInputs(series.key, closed, series.future), "flat", engines(FlatEngine(), naive()))
    assert choice.reason == "no sales in the backtest to compare by"
    assert [score.wape for score in choice.scores] == [None, None]


def test_a_window_is_named_by_its_cutoff() -> None:
    """Days after the cutoff belong to the window, the cutoff itself does not."""
    history = inputs().history
    window = Window(date(2017, 1, 8), 2)
    assert window.future(history)["ds"].dt.day.tolist() == [9, 10]
    assert np.isfinite(window.truth(history)).all()


def test_an_engine_that_calls_itself_otherwise_is_compared_under_the_name_it_was_asked_by() -> None:
    """An operator's ``module:factory`` has to beat the challenger like any other."""
    own = FlatEngine("my own", factor=3.0)
    choice = choose(inputs(), "shop.engine:make", lambda name: naive() if name == "seasonal_naive" else own)
    assert choice.engine == "seasonal_naive"
    assert choice.score_of("shop.engine:make") is not None
