import numpy as np
import pandas as pd
import pytest
from prophet import Prophet

from forecasting.core.errors import FitFailed
from forecasting.engines.prophet import fourier_rows
from forecasting.engines.prophet.design import ProphetSettings, Regressor, prepare
from forecasting.engines.prophet.fourier_rows import BLOCK, fourier
from tests.engines.prophet import peer
from tests.engines.prophet.series import frame, odd, short
from tests.series import day_numbers

DAYS = np.arange(40)
SERIES = {**short(), **odd(), **peer.sample(2)}


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("multiplicative", [False, True])
def test_the_problem_equals_the_one_prophet_passes_to_stan(
    name: str,
    multiplicative: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Bit for bit: scaling, seasons, changepoints, standardised regressors, priors."""
    series = SERIES[name]
    regressors = tuple(each for each in series.columns if each not in ("ds", "y"))
    theirs = peer.problem(peer.plain(multiplicative=multiplicative, regressors=regressors), series)
    columns = tuple(Regressor(each, multiplicative=multiplicative) for each in regressors)
    _, ours = prepare(
        day_numbers(series),
        series["y"].to_numpy(),
        {each: series[each].to_numpy() for each in regressors},
        ProphetSettings(multiplicative=multiplicative, regressors=columns),
    )
    width = ours.x.shape[1]  # Prophet puts a column of zeros where there is none
    assert not theirs.x[:, width:].any()
    for attribute in ("y", "t", "changes"):
        assert np.array_equal(getattr(ours, attribute), getattr(theirs, attribute)), attribute
    assert np.array_equal(ours.x, theirs.x[:, :width])
    assert np.array_equal(ours.sigmas, theirs.sigmas[:width])
    assert np.array_equal(ours.multiplicative, theirs.multiplicative[:width])
    assert ours.tau == theirs.tau


@pytest.mark.parametrize(("period", "order"), [(7.0, 3), (365.25, 10)])
def test_fourier_rows_are_prophets_in_any_order_of_days(period: float, order: int) -> None:
    """Across blocks, before 1970 and unsorted."""
    days = np.random.default_rng(0).permutation(np.arange(-BLOCK - 5, 2 * BLOCK, 13))
    dates = pd.Series(pd.to_datetime(days, unit="D"))
    assert np.array_equal(fourier(days, period, order), Prophet.fourier_series(dates, period, order))
    assert fourier(days[:0], period, order).shape == (0, 2 * order)


def test_the_cache_of_rows_is_bounded_and_read_only() -> None:
    """A century of days leaves at most `BLOCKS_KEPT` blocks."""
    for start in range(0, 60 * BLOCK, BLOCK):
        fourier(np.array([start]), 7.0, 3)
    assert fourier_rows._block.cache_info().currsize <= fourier_rows.BLOCKS_KEPT
    with pytest.raises(ValueError, match="read-only"):
        fourier_rows._block(0, 7.0, 3)[0, 0] = 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(DAYS % 2, (0.0, 1.0), id="binary"),
        pytest.param(np.full(40, 3.0), (0.0, 1.0), id="constant"),
        pytest.param(DAYS % 4, (1.5, (DAYS % 4).std(ddof=1)), id="other"),
        pytest.param(np.where(DAYS % 2, 1, -1), (0.0, np.where(DAYS % 2, 1, -1).std(ddof=1)), id="-1 and 1"),
    ],
)
def test_regressors_are_standardised_like_prophets(values: np.ndarray, expected: tuple[float, float]) -> None:
    """By mean and scale; binary and constant columns stay as they are."""
    series = frame(np.sin(DAYS), a=values.astype(float))
    settings = ProphetSettings(regressors=(Regressor("a"),))
    design, _ = prepare(day_numbers(series), series["y"].to_numpy(), {"a": series["a"].to_numpy()}, settings)
    assert (design.columns[0].mean, design.columns[0].scale) == pytest.approx(expected)


def test_a_constant_regressor_stays_in_the_model() -> None:
    """Prophet's model keeps it; the engine leaves it out."""
    settings = ProphetSettings(regressors=(Regressor("a"),))
    _, problem = prepare(DAYS, np.sin(DAYS), {"a": np.ones(40)}, settings)
    assert problem.x.shape == (40, 7)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["y", "a"])
def test_values_that_are_not_finite_are_refused_by_name(name: str, wrong: float) -> None:
    """In y and in a regressor, with their count."""
    values = {"y": np.sin(DAYS), "a": np.cos(DAYS)}
    values[name][[3, 7]] = wrong
    settings = ProphetSettings(regressors=(Regressor("a"),))
    with pytest.raises(FitFailed, match=f"expected finite numbers in '{name}', found 2 that are not"):
        prepare(DAYS, values["y"], {"a": values["a"]}, settings)


@pytest.mark.parametrize(("days", "found"), [([], 0), ([5], 1), ([5, 5, 5], 1)])
def test_one_day_is_not_a_history(days: list[int], found: int) -> None:
    """A line needs two points."""
    with pytest.raises(FitFailed, match=f"expected at least 2 different days, found {found}"):
        prepare(np.array(days, dtype=np.int64), np.ones(len(days)), {}, ProphetSettings())
