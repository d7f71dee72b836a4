from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core.day_arrays import SeriesDays
from forecasting.evaluation.windows import Window, backtest_windows
from tests.series import as_days, daily_series

HORIZON = 28


def history(days: int = 300) -> SeriesDays:
    """A series of some length."""
    return as_days(daily_series(days))


def test_a_window_keeps_past_future_and_truth_apart() -> None:
    """A model sees the days up to the cutoff, and of the days after it only what was known ahead."""
    days = history()
    window = Window(date(2017, 1, 8), 2)
    assert window.past(days).last == window.cutoff
    assert window.future(days).first == date(2017, 1, 9)
    assert window.future(days).last == date(2017, 1, 10)
    assert np.isnan(window.future(days).y).all()
    assert window.truth(days).tolist() == days.y[7:9].tolist()


def test_four_windows_end_with_the_history_the_oldest_first() -> None:
    """Each begins four weeks after the one before it."""
    days = history()
    windows = backtest_windows(days, 42)
    assert [(days.last - window.cutoff).days for window in windows] == [126, 98, 70, 42]
    assert {window.horizon for window in windows} == {42}


def test_a_short_horizon_is_its_own_stride() -> None:
    """So that windows do not leave days between them unscored."""
    days = history()
    windows = backtest_windows(days, 7)
    assert [(days.last - window.cutoff).days for window in windows] == [28, 21, 14, 7]


@pytest.mark.parametrize(
    ("days", "count"), [(55, 0), (56, 1), (83, 1), (84, 2), (112, 3), (140, 4), (500, 4)]
)
def test_a_short_series_has_fewer_windows(days: int, count: int) -> None:
    """Eight weeks must remain up to a cutoff."""
    assert len(backtest_windows(history(days + HORIZON), HORIZON)) == count


def test_a_series_without_days_has_no_window() -> None:
    """And no error."""
    assert backtest_windows(history(0), HORIZON) == ()


@given(st.integers(1, 400), st.integers(1, 90), st.integers(1, 6))
def test_every_horizon_lies_in_the_history(length: int, horizon: int, count: int) -> None:
    """And its past is long enough."""
    days = history(length)
    for window in backtest_windows(days, horizon, count):
        assert window.cutoff + timedelta(days=horizon) <= days.last
        assert len(window.future(days)) == len(window.truth(days)) == horizon
        assert len(window.past(days)) >= 56


@given(st.lists(st.floats(0, 1e6), min_size=HORIZON, max_size=HORIZON))
def test_nothing_after_the_cutoff_reaches_a_backtested_model(truth: list[float]) -> None:
    """Whatever was sold after it, the engine is shown the same days."""
    frame = daily_series(200)
    changed = frame.copy()
    changed.loc[changed.index[-HORIZON:], "y"] = truth
    days, others = as_days(frame), as_days(changed)
    window = backtest_windows(days, HORIZON)[-1]
    assert window.past(others).y.tolist() == window.past(days).y.tolist()
    assert np.isnan(window.future(others).y).all()
