import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.core.errors import FitFailed
from forecasting.engines.empirical import Empirical
from tests.series import as_days, daily_series

MONDAY = pd.Timestamp("2024-01-01")


def days(y: list[float], first: pd.Timestamp = MONDAY, **covariates: object) -> pd.DataFrame:
    """A history frame of open days without promotion or holiday by default."""
    frame = pd.DataFrame({"ds": pd.date_range(first, periods=len(y)), "y": np.array(y, dtype=float)})
    plain = {"is_open": True, "promo": False, "holiday": "", "school_holiday": False}
    return frame.assign(**(plain | covariates))


def forecast(history: pd.DataFrame, count: int = 7, **covariates: object) -> pd.DataFrame:
    """The days after a history."""
    first = history["ds"].iloc[-1] + pd.Timedelta(days=1)
    ahead = days([0.0] * count, first, **covariates).drop(columns="y")
    return Empirical().fit(as_days(history)).forecast(as_days(ahead)).frame()


def values(made: pd.DataFrame, row: int = 0) -> list[float]:
    """Mean and quantiles of one day."""
    return made.loc[row, ["mean", "q10", "q50", "q90"]].tolist()


def test_the_quantiles_of_nineteen_weeks_are_those_of_the_last_thirteen() -> None:
    """Mondays sold 1 … 19: of 7 … 19 the type 6 quantiles are at 1.4, 7 and 12.6, counted from 1."""
    history = days([1.0 + day // 7 if day % 7 == 0 else 50.0 for day in range(19 * 7)])
    assert values(forecast(history)) == pytest.approx([13, 7.4, 13, 18.6])
    assert values(forecast(history), 1) == [50, 50, 50, 50]


def test_days_without_a_sale_are_zeros() -> None:
    """Three sales on ten Mondays: the median is 0, mean and q90 are above."""
    history = days([day % 21 // 21 + (4.0 if day in (14, 35, 56) else 0.0) for day in range(70)])
    assert values(forecast(history)) == pytest.approx([1.2, 0, 0, 4])


def test_a_promotion_has_its_own_days_from_six_on() -> None:
    """Every other week, fourteen weeks: six or seven of the last thirteen."""
    promo = [day // 7 % 2 == 1 for day in range(14 * 7)]
    history = days([30.0 if on else 10.0 for on in promo], promo=promo)
    assert values(forecast(history, promo=True)) == [30] * 4
    assert values(forecast(history, promo=False)) == [10] * 4


def test_a_rare_promotion_is_forecast_like_its_weekday() -> None:
    """Five promoted Mondays are too few for a distribution."""
    promo = [day // 7 % 2 == 1 for day in range(11 * 7)]
    history = days([30.0 if on else 10.0 for on in promo], promo=promo)
    assert forecast(history, promo=True)["mean"].iloc[0] == pytest.approx((5 * 30 + 6 * 10) / 11)
    assert forecast(history, promo=False)["mean"].iloc[0] == 10


def test_a_weekday_with_fewer_than_four_days_is_forecast_from_all() -> None:
    """In three weeks and a Monday, Monday has four days, but Tuesday does not."""
    history = days([8.0 if day % 7 == 0 else 1.0 for day in range(22)])
    made = forecast(history)
    assert made["mean"].iloc[6] == 8
    assert made["mean"].iloc[0] == pytest.approx((4 * 8 + 18) / 22)


def test_one_open_day_is_enough() -> None:
    """The band is from half to double demand + 1, because a single day has no spread."""
    assert values(forecast(days([7.0]))) == pytest.approx([7, 3, 7, 15])


def test_a_wide_sample_keeps_its_width() -> None:
    """Three days that differ by more than half to double."""
    assert values(forecast(days([0.0, 7.0, 50.0]))) == [19, 0, 7, 50]
    assert values(forecast(days([7.0] * 4))) == [7] * 4


def test_looks_back_from_the_last_open_day() -> None:
    """A store closed for half a year is forecast from the days before."""
    opened = [day < 100 for day in range(300)]
    history = days([5.0 if each else 0.0 for each in opened], is_open=opened)
    assert values(forecast(history)) == [5] * 4


def test_a_weekday_closed_for_three_weeks_is_not_yet_one_that_never_opens() -> None:
    """Sundays closed for 21 days are forecast from all days, for 28 days as 0."""
    short, long = (days([10.0] * n, is_open=[day % 7 != 6 for day in range(n)]) for n in (21, 28))
    assert values(forecast(short), 6) == [10] * 4
    assert values(forecast(long), 6) == [0] * 4


def test_the_refusal_says_how_many_days_there_were() -> None:
    """A store that was always closed is refused with the number of days."""
    with pytest.raises(
        FitFailed, match="empirical: expected at least one open day, found none among 35 days"
    ):
        Empirical().fit(as_days(days([0.0] * 35, is_open=False)))


@settings(deadline=None, max_examples=40)
@given(
    length=st.integers(1, 200),
    closed=st.sets(st.integers(0, 6), max_size=5),
    zeros=st.sampled_from([0.0, 0.3, 0.9]),
    seed=st.integers(0, 1000),
)
def test_the_numbers_equal_those_of_numpy(length: int, closed: set[int], zeros: float, seed: int) -> None:
    """Each open day has NumPy's mean and Weibull quantiles of the days of its group."""
    series = daily_series(length + 14, seed=seed, zeros=zeros, closed=closed)
    past, ahead = as_days(series.iloc[:length]), as_days(series.iloc[length:].drop(columns="y"))
    if past.is_open.sum() < 4:
        return
    made = Empirical().fit(past).forecast(ahead)
    opened = past[past.is_open]
    recent = opened[opened.days > opened.days[-1] - 91]
    for at in np.flatnonzero(ahead.is_open & np.isin(ahead.weekday, opened.weekday)):
        weekday = recent.weekday == ahead.weekday[at]
        cell = weekday & (recent.promo == ahead.promo[at])
        chosen = cell if cell.sum() >= 6 else weekday if weekday.sum() >= 4 else slice(None)
        expected = np.quantile(recent.y[chosen], [0.1, 0.5, 0.9], method="weibull")
        found = [made.mean[at], made.q10[at], made.q50[at], made.q90[at]]
        assert found == pytest.approx([recent.y[chosen].mean(), *expected], rel=1e-12, abs=1e-12)
