"""Results of tasks on their way through the database."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import BacktestScore, SeriesChoice, SeriesKey
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import StorageError
from forecasting.core.explanation import Cause, Explanation, Origin
from forecasting.evaluation.calibration import Scores
from forecasting.training.forecast_task import SeriesResult, StorePart
from forecasting.training.pooling_tasks import PooledFit
from forecasting.training.result_codec import read_result, write_result
from forecasting.training.tasks import Result

CUTOFF = date(2019, 4, 2)


def days(count: int, first: int = 17_000) -> SeriesDays:
    """A series with a holiday and a flag."""
    numbers = np.arange(first, first + count)
    ones = np.ones(count, dtype=bool)
    y = np.where(numbers % 3 == 0, np.nan, numbers / 7.0)
    holiday = (numbers % 5 == 0).astype(np.int64)
    return SeriesDays(numbers, y, ones, ~ones, ones, holiday, ("", "Karfreitag – ☃"), {"promo2": ~ones})


def part(count: int) -> StorePart:
    """A part of a store with one series that was forecast and one that failed."""
    future = days(count)
    values = np.linspace(0, 1e9, count)
    weeks = (ErrorSums(7, 1.5, 0.1, -2.0, 1e-300, 5), ErrorSums())
    score = BacktestScore("prophet", (CUTOFF,), 28, weeks, "")
    choice = SeriesChoice("101", "prophet", "lowest error", (score,), (1.25, 0.5))
    forecast = SeriesForecast(future.days, values, values, values, values)
    why = Explanation(Origin.MODEL, {"level": values, "promotion": 0 * values})
    told = {"explanation": why, "replayed": {Cause.SALES: forecast}}
    results = (
        SeriesResult(SeriesKey("1", "101"), days(3), future, future.promo, choice, forecast, **told),
        SeriesResult(SeriesKey("1"), days(3), future, future.promo, failure="too short"),
    )
    return StorePart("1", 2, CUTOFF, ("assumed open",), results)


def same(one: object, other: object) -> bool:
    """Whether two results are equal to the bit; arrays have no equality of their own."""
    return write_result(one) == write_result(other)  # type: ignore[arg-type] # of tests


def test_a_part_of_a_store_comes_back_as_it_was() -> None:
    """Every array with its type and every word; not a number stays not a number."""
    made = part(28)
    back = read_result(write_result(made))
    assert isinstance(back, StorePart)
    assert same(back, made)
    (series, failed), (was, _) = back.results, made.results
    assert failed.failure == "too short"
    assert (series.key, series.choice, series.future.kinds) == (was.key, was.choice, was.future.kinds)
    assert series.future.y.dtype == np.float64
    np.testing.assert_array_equal(series.future.y, was.future.y)
    np.testing.assert_array_equal(series.future.flags["promo2"], was.future.flags["promo2"])
    assert series.forecast is not None
    np.testing.assert_array_equal(series.forecast.q90, was.forecast.q90 if was.forecast else [])
    assert series.explanation is not None
    assert series.explanation.origin is Origin.MODEL
    assert list(series.explanation.steps) == ["level", "promotion"]
    assert series.replayed is not None
    np.testing.assert_array_equal(series.replayed[Cause.SALES].mean, series.forecast.mean)


@given(st.dictionaries(st.text(), st.floats(allow_nan=False)), st.integers(0, 40))
def test_what_is_pooled_comes_back_as_it_was(coefficients: dict[str, float], count: int) -> None:
    """Whatever the coefficients are called, also when a name is one of the format's own."""
    named = {**coefficients, "kind": 1.0, "array": 2.0, "day": 3.0}
    fits: Result = (PooledFit("101", CUTOFF, named), PooledFit("all", CUTOFF, {}))
    scores: Result = (("101", Scores(np.arange(count), np.arange(count), np.arange(count) / 3)),)
    assert read_result(write_result(fits)) == fits
    assert same(read_result(write_result(scores)), scores)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", write_result(part(2))[:-40], b"x" * 100])
def test_bytes_that_are_something_else_are_refused(content: bytes) -> None:
    """With a word, and without running anything in them."""
    with pytest.raises(StorageError, match="checkpoint: expected the result of a task"):
        read_result(content)
