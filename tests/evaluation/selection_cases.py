"""Series and choices that the tests of the selection share."""

from dataclasses import replace

import numpy as np

from forecasting.core.day_arrays import SeriesForecast
from forecasting.core.domain import SeriesChoice, SeriesKey
from forecasting.core.ports import LocalEngine
from forecasting.core.store_inputs import SeriesInputs
from forecasting.evaluation.candidate_engines import CandidateEngines
from forecasting.evaluation.selection import choose
from forecasting.training.forecast_task import SeriesResult, forecast_series
from tests.fakes import FlatEngine, engines
from tests.series import as_days, daily_series

HORIZON = 28
KEY = SeriesKey("1", "101")


def inputs(days: int = 200, **traits: float) -> SeriesInputs:
    """A series whose days ahead are made like its history."""
    whole = as_days(daily_series(days + HORIZON, **traits))  # type: ignore[arg-type] # by name
    future = whole[days:]
    withheld = replace(future, y=np.full(HORIZON, np.nan))
    return SeriesInputs(KEY, whole[:days], withheld, np.zeros(HORIZON, dtype=np.bool_))


def naive(**traits: object) -> FlatEngine:
    """Seasonal naive with a chosen accuracy."""
    return FlatEngine("seasonal_naive", **traits)  # type: ignore[arg-type]


def chosen(series: SeriesInputs, asked: str, *known: LocalEngine) -> SeriesChoice:
    """The choice between engines."""
    return choose(CandidateEngines(asked, engines(*known)), series)


def fitted(series: SeriesInputs, *known: LocalEngine, kept: SeriesChoice | None = None) -> SeriesResult:
    """The result of a series if the flat engine is configured."""
    return forecast_series(CandidateEngines("flat", engines(*known)), series, kept)


def forecast_with(candidates: CandidateEngines, series: SeriesInputs, choice: SeriesChoice) -> SeriesForecast:
    """The forecast of a series with a given choice."""
    forecast = forecast_series(candidates, series, choice).forecast
    assert forecast is not None
    return forecast


def same(first: SeriesForecast, second: SeriesForecast) -> None:
    """Every number is equal."""
    for name in ("days", "mean", "q10", "q50", "q90"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), name)
