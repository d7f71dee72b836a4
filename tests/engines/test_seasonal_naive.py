import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.errors import FitFailed
from forecasting.core.ports import FittedSeries
from forecasting.engines.seasonal_naive import SeasonalNaive
from tests.series import as_days, daily_series, split

MONDAY = pd.Timestamp("2024-01-01")


def days(first: pd.Timestamp, y: list[float], **covariates: object) -> pd.DataFrame:
    """A history frame of open days without promotion or holiday by default."""
    frame = pd.DataFrame({"ds": pd.date_range(first, periods=len(y)), "y": np.array(y, dtype=float)})
    plain = {"is_open": True, "promo": False, "holiday": "", "school_holiday": False}
    return frame.assign(**(plain | covariates))


def future(history: pd.DataFrame, count: int = 7, **covariates: object) -> pd.DataFrame:
    """The days after a history."""
    first = history["ds"].iloc[-1] + pd.Timedelta(days=1)
    return days(first, [0.0] * count, **covariates).drop(columns="y").assign(assumed=False)


def forecast(history: pd.DataFrame, after: pd.DataFrame | None = None) -> pd.DataFrame:
    """Fit a history and forecast the days after it, by default a week."""
    return forecast_of(SeasonalNaive().fit(as_days(history)), future(history) if after is None else after)


def forecast_of(fitted: FittedSeries, after: pd.DataFrame) -> pd.DataFrame:
    """Forecast some days."""
    return fitted.forecast(as_days(after)).frame()


def weeks(*levels: float) -> list[float]:
    """One level per week, plus 0 … 6 for Monday … Sunday."""
    return [level + weekday for level in levels for weekday in range(7)]


def test_averages_the_last_four_same_weekdays() -> None:
    """Five weeks at 100, 10, 20, 30, 40: the mean of the last four is 25."""
    history = days(MONDAY, weeks(100, 10, 20, 30, 40))
    made = forecast(history)
    assert made["mean"].tolist() == [25, 26, 27, 28, 29, 30, 31]


def test_averages_days_with_the_same_promotion() -> None:
    """Alternating weeks with and without a promotion are forecast separately."""
    promo = [week % 2 == 1 for week in range(8) for _ in range(7)]
    history = days(MONDAY, weeks(10, 110, 20, 120, 30, 130, 40, 140), promo=promo)
    fitted = SeasonalNaive().fit(as_days(history))
    assert forecast_of(fitted, future(history, promo=False))["mean"].tolist() == [25, 26, 27, 28, 29, 30, 31]
    assert forecast_of(fitted, future(history, promo=True))["mean"].iloc[0] == 125


def test_the_first_promotion_is_forecast_like_an_ordinary_day() -> None:
    """There is no day with a promotion to average."""
    history = days(MONDAY, weeks(10, 20, 30, 40))
    assert forecast(history, future(history, promo=True))["mean"].iloc[0] == 25


def test_an_unknown_weekday_of_a_short_history_gets_the_level() -> None:
    """After Monday to Wednesday, Thursday is forecast as their mean, the next Monday as Monday."""
    history = days(MONDAY, [10, 20, 60])
    made = forecast(history)
    assert made["mean"].tolist() == [30, 30, 30, 30, 10, 20, 60]


def test_a_weekday_closed_for_three_weeks_is_not_yet_one_that_never_opens() -> None:
    """Sundays closed for 21 days get the level, for 28 days 0."""
    short, long = (
        days(MONDAY, [10.0] * count, is_open=[day % 7 != 6 for day in range(count)]) for count in (21, 28)
    )
    assert forecast(short)["mean"].iloc[6] == 10
    assert forecast(long)["mean"].iloc[6] == 0


def test_leaves_holidays_out_of_the_means_and_the_errors() -> None:
    """A holiday with a tenth of the demand changes nothing."""
    y = weeks(10, 10, 10, 10, 10, 10)
    history = days(MONDAY, y)
    holiday = [day == 35 for day in range(42)]
    named = history.assign(
        y=history["y"].mask(np.array(holiday), 1.0), holiday=np.where(holiday, "May Day", "")
    )
    made = forecast(named)
    assert made["mean"].tolist() == [10, 11, 12, 13, 14, 15, 16]
    assert made["q10"].iloc[0] == pytest.approx(10, rel=0.02)


def test_forecasts_from_holidays_where_there_are_no_other_days() -> None:
    """A single open day that was a holiday is enough."""
    history = days(MONDAY, [8.0], holiday="New Year's Day")
    assert forecast(history)["mean"].tolist() == [8.0] * 7


def test_the_first_weeks_band_is_half_to_double() -> None:
    """With fewer than fourteen errors, q10 and q90 are half and double demand + 1."""
    history = days(MONDAY, [99.0] * 10)
    first = forecast(history).iloc[0]
    assert (first["q10"], first["q50"], first["q90"]) == pytest.approx((49, 99, 199))


def test_the_band_is_that_of_the_engines_own_errors() -> None:
    """Demand that alternates between 99 and 199 around its own mean gives the errors by hand.

    All weekdays of a week are alike: weeks 199, 99, 199, 99, … The expected value from the fifth week on is
    the mean of two of each, 149; the errors are log(200/150) and log(100/150) in equal numbers.
    """
    history = days(MONDAY, [199.0 if day // 7 % 2 == 0 else 99.0 for day in range(60 * 7)])
    first = forecast(history).iloc[0]
    assert first["mean"] == 149
    assert first["q10"] == pytest.approx(99)
    assert first["q90"] == pytest.approx(199)


def test_errors_older_than_half_a_year_are_forgotten() -> None:
    """A volatile year before a calm half year does not widen the band."""
    wild = daily_series(365, noise=1.0, promo=1, holiday=1, closed=())["y"].tolist()
    history = days(MONDAY, wild + [100.0] * (26 + 5) * 7)
    first = forecast(history).iloc[0]
    assert (first["q10"], first["q90"]) == pytest.approx((100, 100))


@pytest.mark.parametrize("seed", range(3))
def test_the_band_holds_about_four_days_of_five(seed: int) -> None:
    """Over many days of a noisy series the q10 to q90 band holds near 80%."""
    series = daily_series(700, seed=seed, noise=0.25, holiday=1.0)
    history, after = split(series, 250)
    made, truth = forecast(history, after), series["y"].tail(250).to_numpy()
    inside = ((truth >= made["q10"]) & (truth <= made["q90"]))[after["is_open"]].mean()
    assert 0.65 < inside < 0.92


def test_the_refusal_says_how_many_days_there_were() -> None:
    """A store that was always closed is refused with the number of days."""
    history = days(MONDAY, [0.0] * 35, is_open=False)
    with pytest.raises(FitFailed, match="expected at least one open day, found none among 35 days"):
        SeasonalNaive().fit(as_days(history))


def plain_expected(seen: list[tuple[int, bool, float]], weekday: int, promo: bool) -> float:  # noqa: FBT001 - a promo state
    """The rule in plain code: same weekday and promotion, else same weekday, else the last 28 open days."""
    same = [y for day, on_promo, y in seen if day == weekday and on_promo == promo]
    any_state = [y for day, _, y in seen if day == weekday]
    return float(np.mean((same or any_state)[-4:] or [y for _, _, y in seen][-28:]))


def plain_forecast(past: SeriesDays, ahead: SeriesDays) -> np.ndarray:
    """(4, h) mean, q10, q50, q90 by the rule of the class, computed day by day."""
    opened = past[past.is_open]
    ordinary = opened[opened.holiday == 0] if (opened.holiday == 0).any() else opened
    rows = list(zip(ordinary.weekday, ordinary.promo, ordinary.y, strict=True))
    errors = [
        np.log1p(y) - np.log1p(plain_expected(rows[:row], weekday, promo))
        for row, (weekday, promo, y) in enumerate(rows)
        if row and ordinary.days[row] > past.days[-1] - 182
    ]
    spread = (
        np.log([0.5, 1, 2]) if len(errors) < 14 else np.quantile(errors, [0.1, 0.5, 0.9], method="weibull")
    )
    never = set(range(7)) - set(opened.weekday) if past.days[-1] - past.days[0] >= 27 else set()
    made = np.zeros((4, len(ahead)))
    for at, (weekday, promo) in enumerate(zip(ahead.weekday, ahead.promo, strict=True)):
        if ahead.is_open[at] and weekday not in never:
            mean = plain_expected(rows, weekday, promo)
            made[:, at] = [mean, *np.maximum(np.expm1(np.log1p(mean) + spread), 0)]
    return made


@settings(deadline=None, max_examples=60)
@given(
    length=st.integers(1, 330),
    gap=st.integers(0, 400),
    closed=st.sets(st.integers(0, 6), max_size=6),
    kind=st.sampled_from(["plain", "rare promo", "only holidays", "closed days left out", "gappy"]),
    scale=st.sampled_from([1e-3, 0.02, 1.0, 1e6]),
    seed=st.integers(0, 1000),
)
def test_gives_the_numbers_of_the_rule_worked_day_by_day(
    length: int, gap: int, closed: set[int], kind: str, scale: float, seed: int
) -> None:
    """For any series: with gaps, rare promotions, and weekdays that open late."""
    rng = np.random.default_rng(seed)
    series = daily_series(length + gap + 42, seed=seed, noise=0.4, zeros=0.2, closed=closed)
    series["y"] *= scale
    late = (series.index > length // 2) | (series["ds"].dt.day_of_week != seed % 7)
    series["is_open"] &= late
    if kind == "rare promo":
        series["promo"] &= rng.random(len(series)) < 0.1
    if kind == "only holidays":
        series["holiday"] = "Some holiday"
    frame, ahead = series.iloc[:length], as_days(series.iloc[-42:].drop(columns="y"))
    if kind == "closed days left out":
        frame = frame[frame["is_open"]]
    if kind == "gappy":
        frame = frame[rng.random(length) < 0.6]
    past = as_days(frame)
    if not past.is_open.any():
        return
    made = SeasonalNaive().fit(past).forecast(ahead)
    found = np.vstack([made.mean, made.q10, made.q50, made.q90])
    np.testing.assert_allclose(found, plain_forecast(past, ahead), rtol=1e-12, atol=1e-12)
