"""Results of tasks come back from their bytes with every value and every type."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import BacktestScore, SeriesChoice, SeriesKey
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import StorageError
from forecasting.core.explanation import Cause, Explanation, Origin
from forecasting.evaluation.calibration import ConformityScores
from forecasting.training.forecast_task import SeriesResult, StorePart
from forecasting.training.pooling_tasks import PooledFit
from forecasting.training.result_codec import read_result, write_result

CUTOFF = date(2019, 4, 2)


def assert_same(found: object, expected: object) -> None:
    """Assert that two values are equal to the bit and of the same types, all the way down."""
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert isinstance(found, np.ndarray)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    elif is_dataclass(expected):
        for each in fields(expected):
            assert_same(getattr(found, each.name), getattr(expected, each.name))
    elif isinstance(expected, Mapping):
        assert isinstance(found, Mapping)
        assert_same(list(found), list(expected))
        assert_same(list(found.values()), list(expected.values()))
    elif isinstance(expected, tuple | list):
        assert isinstance(found, tuple | list)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        np.testing.assert_equal(found, expected)  # two NaN are equal


# -- any result ----------------------------------------------------------------------------------------

numbers = st.floats()
texts = st.text(max_size=9)
counts = st.integers(0, 2**31)
days = st.dates()


def arrays(dtype: type, size: int) -> st.SearchStrategy[np.ndarray]:
    """Arrays of one dtype, with NaN and infinity where it has them."""
    return npst.arrays(dtype, size)


@st.composite
def series_days(draw: st.DrawFn) -> SeriesDays:
    """Any days of a series, with flags."""
    size = draw(st.integers(0, 5))
    flags = [draw(arrays(np.bool_, size)) for _ in range(3)]
    more = {name: draw(arrays(np.bool_, size)) for name in draw(st.lists(texts, max_size=2, unique=True))}
    kinds = tuple(draw(st.lists(texts, max_size=3)))
    y, holiday = draw(arrays(np.float64, size)), draw(arrays(np.int64, size))
    return SeriesDays(draw(arrays(np.int64, size)), y, *flags, holiday, kinds, more)


@st.composite
def forecasts(draw: st.DrawFn) -> SeriesForecast:
    """Any forecast."""
    size = draw(st.integers(0, 5))
    return SeriesForecast(draw(arrays(np.int64, size)), *(draw(arrays(np.float64, size)) for _ in range(4)))


sums = st.builds(
    ErrorSums,
    days=counts, sold=numbers, missed=numbers, over=numbers, loss=numbers, inside=counts,
    scaled=numbers, scaled_days=counts, squared=numbers, squared_days=counts,
)  # fmt: skip
cutoffs = st.lists(days, max_size=2).map(tuple)
weeks = st.lists(sums, max_size=2).map(tuple)
backtests = st.builds(BacktestScore, texts, cutoffs, counts, weeks, texts)
choices = st.builds(
    SeriesChoice, texts, texts, texts, st.lists(backtests, max_size=2).map(tuple),
    st.lists(numbers, max_size=3).map(tuple),
)  # fmt: skip
steps = st.dictionaries(texts, arrays(np.float64, 3), max_size=3)
explanations = st.builds(Explanation, st.sampled_from(Origin), steps)
results = st.builds(
    SeriesResult,
    key=st.builds(SeriesKey, texts, texts),
    recent=series_days(),
    future=series_days(),
    assumed=arrays(np.bool_, 3),
    choice=st.none() | choices,
    forecast=st.none() | forecasts(),
    failure=texts,
    year7=st.none() | numbers,
    explanation=st.none() | explanations,
    replayed=st.none() | st.dictionaries(st.sampled_from(Cause), forecasts(), max_size=3),
)
parts = st.builds(
    StorePart, texts, counts, days, st.lists(texts, max_size=2).map(tuple),
    st.lists(results, max_size=2).map(tuple),
)  # fmt: skip
fits = st.builds(PooledFit, texts, days, st.dictionaries(texts, numbers, max_size=4))
scores = st.builds(ConformityScores, arrays(np.int64, 4), arrays(np.int64, 4), arrays(np.float64, 4))


@given(
    parts
    | st.lists(fits, max_size=3).map(tuple)
    | st.lists(st.tuples(texts, scores), min_size=1, max_size=3).map(tuple)
)
def test_any_result_comes_back_as_it_was(result: object) -> None:
    """Every value and every type, of every kind of task."""
    assert_same(read_result(write_result(result)), result)  # type: ignore[arg-type] # one of them


# -- one result ----------------------------------------------------------------------------------------


def part() -> StorePart:
    """A part of a store with one series that was forecast and one that failed."""
    day = np.arange(17_000, 17_028)
    ones = np.ones(28, dtype=bool)
    holiday = (day % 5 == 0).astype(np.int64)
    future = SeriesDays(day, day / 7.0, ones, ~ones, ones, holiday, ("", "Karfreitag – ☃"), {"promo2": ~ones})
    values = np.linspace(0, 1e9, 28)
    score = BacktestScore("prophet", (CUTOFF,), 28, (ErrorSums(7, 1.5, 0.1, -2.0, 1e-300, 5), ErrorSums()))
    choice = SeriesChoice("101", "prophet", "lowest error", (score,), (1.25, 0.5))
    forecast = SeriesForecast(day, values, values, values, values)
    forecast_series = SeriesResult(
        SeriesKey("1", "101"), future[:3], future, ones, choice, forecast,
        explanation=Explanation(Origin.MODEL, {"level": values, "promotion": 0 * values}),
        replayed={Cause.SALES: forecast},
    )  # fmt: skip
    failed = SeriesResult(SeriesKey("1"), future[:3], future, ones, failure="too short")
    return StorePart("1", 2, CUTOFF, ("assumed open",), (forecast_series, failed))


def test_enums_come_back_as_enums() -> None:
    """The origin of an explanation, and the causes of a replay; a plain string would equal them."""
    (series, _) = read_result(write_result(part())).results  # type: ignore[union-attr] # a part
    assert type(series.explanation.origin) is Origin  # type: ignore[union-attr] # it has one
    assert [type(cause) for cause in series.replayed or ()] == [Cause]


def test_arrays_that_come_back_can_be_written_to() -> None:
    """Like those of a result that was just computed."""
    (series, _) = read_result(write_result(part())).results  # type: ignore[union-attr] # a part
    assert series.future.y.flags.writeable


def test_single_numbers_of_numpy_are_stored_as_plain_ones() -> None:
    """As an engine may return them in its coefficients."""
    fit = PooledFit("101", CUTOFF, {"promo": np.float64(0.25)})
    assert_same(read_result(write_result((fit,))), (replace(fit, coefficients={"promo": 0.25}),))


def previous_format() -> bytes:
    """A result as the previous version of the software stored it: a zip of arrays, one of them JSON."""
    document = json.dumps([{"kind": "PooledFit", "fields": {"item": "101", "cutoff": {"day": "2019-04-02"}}}])
    file = BytesIO()
    np.savez_compressed(file, document=np.frombuffer(document.encode(), dtype=np.uint8))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", write_result(part())[:-40], b"x" * 100, previous_format(), b"x\x9c\x03\x00\x00\x00\x00\x01"],
)
def test_other_bytes_are_refused(content: bytes) -> None:
    """With a clear error, also those of the previous version."""
    with pytest.raises(StorageError, match="checkpoint: expected the result of a task"):
        read_result(content)
