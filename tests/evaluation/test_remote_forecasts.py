"""Forecasts of a remote engine, used as an engine that is judged and published like any other."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.core.day_arrays import SeriesDays, SeriesForecast, number_of
from forecasting.core.errors import FitFailed
from forecasting.evaluation.remote_forecasts import RemoteSeriesEngine, RemoteStoreForecasts
from tests.series import as_days


def days(first: str, count: int, **changes: object) -> SeriesDays:
    """Open days of one level; keyword ``d5`` changes the fifth."""
    usual = {"y": 100.0, "is_open": True, "promo": False, "holiday": "", "school_holiday": False}
    frame = pd.DataFrame({"ds": pd.date_range(first, periods=count), **usual})
    for name, values in changes.items():
        frame.loc[int(name[1:]), list(values)] = list(values.values())
    return as_days(frame)


PAST = days("2019-03-01", 35)
AHEAD = days("2019-04-05", 14)


def made(first: str, count: int = 14, level: float = 10.0) -> SeriesForecast:
    """A forecast of one level from a day on."""
    numbers = np.arange(count) + number_of(date.fromisoformat(first))
    values = np.full(count, level)
    return SeriesForecast(numbers, values, 0.8 * values, values, 1.2 * values)


def fetched(*forecasts: SeriesForecast, past: SeriesDays = PAST, ahead: SeriesDays = AHEAD) -> SeriesForecast:
    """The forecast made from them."""
    return RemoteSeriesEngine("aws_forecast", forecasts).fit(past).forecast(ahead)


def test_the_forecast_that_starts_after_the_history_is_used() -> None:
    """Not one that has seen some of the requested days."""
    window, coming = made("2019-03-22", level=1.0), made("2019-04-05", level=2.0)
    assert (fetched(window, coming).mean == 2.0).all()
    cut = PAST.up_to(date(2019, 3, 21))
    assert (fetched(window, coming, past=cut, ahead=PAST.after(date(2019, 3, 21), 14)).mean == 1.0).all()


def test_a_series_that_stopped_a_little_earlier_has_its_days() -> None:
    """All series of a group are forecast from the group's newest day on."""
    late = PAST.up_to(date(2019, 4, 1))
    assert (fetched(made("2019-04-05"), past=late).mean == 10.0).all()


def test_a_day_before_the_forecast_is_missing() -> None:
    """The feed of the store is late, so there is no forecast of its next day."""
    late, ahead = PAST.up_to(date(2019, 4, 3)), days("2019-04-04", 14)
    with pytest.raises(FitFailed, match="aws_forecast has no value for 2019-04-04"):
        fetched(made("2019-04-05"), past=late, ahead=ahead)


def test_a_missing_forecast_is_an_error() -> None:
    """The message names the first requested day."""
    with pytest.raises(FitFailed, match="aws_forecast has no forecast from 2019-04-05 on"):
        fetched(made("2019-03-22"))
    with pytest.raises(FitFailed, match="has no forecast"):
        RemoteSeriesEngine("aws_forecast").fit(PAST)


def test_a_missing_value_is_an_error() -> None:
    """Unless the day is closed."""
    gap = made("2019-04-05")
    gap = replace(gap, q10=np.where(np.arange(14) == 3, np.nan, gap.q10))
    with pytest.raises(FitFailed, match="no complete value for 2019-04-08: one of mean, p10, p50, p90"):
        fetched(gap)
    closed = days("2019-04-05", 14, d3={"is_open": False})
    assert fetched(gap, ahead=closed).q10[3] == 0.0


def test_the_windows_of_its_backtest_are_known() -> None:
    """Those that lie completely in the history, oldest first, with their cutoffs."""
    forecasts = RemoteStoreForecasts(
        "aws_forecast", {"all": (made("2019-04-05"), made("2019-03-22"), made("2019-03-08"))}
    )
    assert forecasts.windows("all", PAST) == ((date(2019, 3, 7), 14), (date(2019, 3, 21), 14))
    assert forecasts.windows("101", PAST) == ()


@given(arrays(float, (4, 14), elements=st.floats(-1e6, 1e6)), arrays(bool, 14))
def test_any_values_become_a_forecast_that_keeps_its_promises(values: np.ndarray, opened: np.ndarray) -> None:
    """Nothing is negative, quantiles are in order, closed days are exactly 0."""
    mean, low, middle, high = values
    numbers = made("2019-04-05").days
    ahead = replace(AHEAD, is_open=opened)
    fetched(SeriesForecast(numbers, mean, low, middle, high), ahead=ahead).require(ahead, "fetched")
