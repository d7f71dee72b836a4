import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from prophet import Prophet

from forecasting.calendar.features import features, usual_weekdays
from forecasting.core.day_arrays import SeriesDays, SeriesForecast, number_of
from forecasting.core.errors import FitFailed
from forecasting.core.pooled_priors import CoefficientPrior, PooledPrior
from forecasting.engines.prophet import additive, recipe
from forecasting.engines.prophet.objective import objective
from forecasting.engines.prophet.problem import Parameters, trend
from forecasting.engines.prophet.prophet_engine import CEILING, FittedProphet, ProphetEngine
from forecasting.engines.prophet.recipe import FittedRecipe
from tests.engines.prophet import peer
from tests.series import START, as_days, daily_series, split

ROOT = Path(__file__).parents[3]


def test_needs_two_weeks_of_sales() -> None:
    """Five days with sales, and as many open ones without, are not enough."""
    history = daily_series(10, closed=()).assign(y=lambda days: days["y"].where(days.index % 2 == 0, 0))
    with pytest.raises(FitFailed, match="expected at least 14 open days with sales, found 5"):
        ProphetEngine().fit(as_days(history))


def fitted(series: pd.DataFrame, prior: PooledPrior | None = None) -> FittedRecipe:
    """The recipe fitted to a series' days with demand."""
    days = as_days(series)
    return recipe.fit(days, days.is_open & (days.y > 0), prior)


def test_a_column_that_never_varies_is_left_out() -> None:
    """Only columns that vary on the fitted days become regressors."""
    series = daily_series(120).assign(school_holiday=True, holiday="", promo=False)
    names = fitted(series).names
    assert "month:sin1" in names
    assert not {name for name in names if name.startswith(("promo", "school", "holiday", "december"))}


@pytest.mark.parametrize(("days", "expected"), [(340, False), (356, True)])
def test_a_yearly_season_needs_about_a_year(days: int, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """From 350 days of history on."""
    periods = [season.period for season in fitted(daily_series(days)).model.design.seasons]
    assert periods == ([365.25, 7.0] if expected else [7.0])


def test_the_model_is_prophets_with_this_products_settings() -> None:
    """Plain Prophet with these settings, fitted by CmdStan, has no better objective and forecasts alike."""
    days = as_days(daily_series(500))
    sold = days.is_open & (days.y > 0)
    ours = recipe.fit(days, sold, None)
    design, parameters = ours.model.design, ours.model.parameters
    assert ours.names[: len(design.names)] == design.names
    regressors = ours.names[len(design.names) :]
    columns = features(days, usual_weekdays(days)).table(regressors)[sold]
    ds = days.days[sold].astype("datetime64[D]").astype("datetime64[ns]")
    logs = pd.DataFrame({"ds": ds, "y": np.log1p(days.y[sold])})
    frame = logs.join(pd.DataFrame(columns, columns=list(regressors)))

    def told() -> Prophet:
        prophet = peer.plain(
            changepoint_prior_scale=recipe.CHANGEPOINT_PRIOR,
            seasonality_prior_scale=recipe.SEASON_SD / design.y_scale,
            weekly_seasonality=3,
            yearly_seasonality=6,
            daily_seasonality=False,
        )
        for name in regressors:
            prophet.add_regressor(name, prior_scale=recipe.REGRESSOR_SD / design.y_scale, standardize=False)
        return prophet

    problem, theirs = peer.problem(told(), frame), told().fit(frame)
    assert list(theirs.train_component_cols.index) == list(range(len(ours.names)))
    assert objective(problem, parameters) <= objective(problem, peer.parameters(theirs)) + 1e-3
    predicted = (trend(parameters, problem.t, problem.changes) + problem.x @ parameters.beta) * design.y_scale
    assert predicted == pytest.approx(theirs.predict(frame)["yhat"].to_numpy(), rel=0.01)


def test_a_holiday_moves_its_own_day_and_one_of_another_name_half_as_far() -> None:
    """Holidays halve demand here; a holiday with a new name gets only the shared part of the effect."""
    history, future = split(daily_series(400, holiday=0.5, noise=0.05), 28)
    fitted = ProphetEngine().fit(as_days(history))
    names = ("Some holiday", "Never heard of", "")
    days = (as_days(future.assign(holiday=name)) for name in names)
    named, other, plain = (fitted.forecast(each).mean[each.is_open] for each in days)
    assert ((named / plain > 0.42) & (named / plain < 0.58)).all()
    assert ((other / plain > 0.65) & (other / plain < 0.78)).all()


def test_the_band_widens_with_the_days_ahead() -> None:
    """With a trend that has changed before, the same weekday is less certain two months later."""
    grown = daily_series(1095, noise=0.02, promo=1, holiday=1)
    grown["y"] *= np.exp(np.maximum(grown.index - 300, 0) / 300)
    history, future = split(grown, 365)
    days = as_days(future)
    made = ProphetEngine().fit(as_days(history)).forecast(days)
    mondays = (np.log1p(made.q90) - np.log1p(made.q10))[days.weekday == 0]
    assert (mondays[8:] > mondays[:-8]).all()


# -- days without a sale -------------------------------------------------------------------------------


def unsold(share: float, size: int = 400) -> tuple[SeriesDays, SeriesDays]:
    """A history of open days, a share of them without sales, and the four weeks after it."""
    history, future = split(daily_series(size, zeros=share, closed=(), noise=0.15), 28)
    return as_days(history), as_days(future)


def test_days_without_a_sale_are_as_frequent_as_in_recent_history() -> None:
    """With 3 days in 10 the band starts at 0, and the middle is that of a day with sales."""
    history, future = unsold(0.3)
    recent = history.y[-91:]
    share = np.count_nonzero(recent == 0) / 91
    assert share == pytest.approx(0.3, abs=0.08)
    fitted = ProphetEngine().fit(history)
    assert fitted.zero_share == share
    made = fitted.forecast(future)
    assert (made.q10 == 0).all()
    assert (made.q50 > 0.5 * made.mean).all()


@pytest.mark.parametrize("share", [0.05, 0.15, 0.3])
def test_the_band_has_its_coverage_if_some_days_sell_nothing(share: float) -> None:
    """Nine of ten days are at most q90, with few or many days without a sale."""
    history, future = unsold(share, 1200)
    made = ProphetEngine().fit(history).forecast(future)
    days = [as_days(daily_series(1200, seed=seed, zeros=share, closed=(), noise=0.15)) for seed in range(40)]
    truth = np.array([each.y[-28:] for each in days])
    assert (truth <= made.q90).mean() == pytest.approx(0.9, abs=0.05)
    assert (truth <= made.q50).mean() == pytest.approx(0.5, abs=0.08)
    assert (truth < made.q10).mean() <= 0.1 + 0.04


def test_two_days_without_a_sale_are_an_accident() -> None:
    """They count like closed days; a third one within the last 91 days does not."""
    history, future = unsold(0.0)

    def without(days: list[int]) -> FittedProphet:
        y = history.y.copy()
        y[days] = 0.0
        return ProphetEngine().fit(replace(history, y=y))

    assert without([-91, -3]).zero_share == 0.0
    assert without([-92, -91, -3]).zero_share == 0.0
    assert without([-91, -40, -3]).zero_share == 3 / 91
    made = without([-91, -3]).forecast(future)
    closed = replace(history, is_open=~np.isin(np.arange(len(history)), len(history) + np.array([-91, -3])))
    assert (made.q10 > 0).all()
    assert made.mean == pytest.approx(ProphetEngine().fit(closed).forecast(future).mean, rel=0.02)
    assert (without([-91, -40, -3]).forecast(future).q10 > 0).all()


def test_closed_days_do_not_count_as_days_without_a_sale() -> None:
    """The share is of open days: a store that is closed on Sundays has none."""
    history, _ = (as_days(frame) for frame in split(daily_series(400), 28))
    assert ProphetEngine().fit(history).zero_share == 0.0
    days = np.flatnonzero(history.is_open)[-3:]
    y = history.y.copy()
    y[days] = 0.0
    assert ProphetEngine().fit(replace(history, y=y)).zero_share == 3 / 78


# -- what the chain knows ------------------------------------------------------------------------------

CHRISTMAS = ("december:20-21", "december:22-23", "december:24")


def prior(share: float, names: Sequence[str] = CHRISTMAS, mean: float = np.log(2)) -> PooledPrior:
    """A prior of columns that a share of the chain's series have."""
    return PooledPrior(
        "all", START.date(), 100, {name: CoefficientPrior(float(mean), 0.05, share) for name in names}
    )


def december(prior: PooledPrior | None) -> SeriesForecast:
    """The forecast of 11 to 31 December by a store that opened on 1 September."""
    days = as_days(daily_series(730, closed=(), noise=0.05, holiday=1, promo=1))
    seen = days[(days.days >= number_of(date(2017, 9, 1))) & (days.days < number_of(date(2017, 12, 11)))]
    assert len(seen) == 101
    return ProphetEngine(prior).fit(seen).forecast(days.after(date(2017, 12, 10), 21))


def test_a_young_store_forecasts_christmas_from_the_chain() -> None:
    """Without a Christmas in its history, the pooled prior doubles its forecast."""
    alone, told = december(None), december(prior(0.5))
    ratio = told.mean / alone.mean
    day = np.arange(11, 32)
    assert ratio[(day >= 20) & (day <= 24)] == pytest.approx(2.0, rel=0.02)
    assert ratio[(day < 20) | (day > 24)] == pytest.approx(1.0, rel=0.01)


def test_columns_of_few_stores_are_not_taken_from_the_chain() -> None:
    """At least half of the stores must have the column."""
    np.testing.assert_array_equal(december(prior(0.49)).mean, december(None).mean)
    series = daily_series(100)
    assert set(CHRISTMAS) & set(fitted(series, prior(0.49)).names) == set()
    assert set(CHRISTMAS) <= set(fitted(series, prior(0.5)).names)


def test_a_column_without_own_data_is_taken_if_most_series_have_it() -> None:
    """A holiday named for the first time on a day ahead has an effect; if no day has it, nothing changes."""
    history, future = (as_days(frame) for frame in split(daily_series(100, holiday=1), 28))
    name = "holiday:Street fair"
    told = ProphetEngine(prior(1.0, [name])).fit(history)
    assert name in told.model.names
    assert told.coefficients[name] == pytest.approx(np.log(2))
    fair = replace(future, kinds=("", "Street fair"), holiday=np.ones(len(future), dtype=np.int64))
    effects = []
    for fitted in (told, ProphetEngine().fit(history)):
        days, plain = fitted.forecast(fair).mean, fitted.forecast(future).mean
        effects.append((days / np.where(plain > 0, plain, 1.0))[future.is_open])
    assert effects[0] == pytest.approx(2 * effects[1], rel=0.02)


def test_a_column_with_own_data_is_shrunk_towards_the_prior() -> None:
    """It is fitted whatever its share in the chain."""
    series = daily_series(200, promo=1.5, noise=0.05)
    free = fitted(series).coefficients["promo"]
    assert free == pytest.approx(np.log(1.5), abs=0.15)
    for share in (0.1, 1.0):
        drawn = fitted(series, prior(share, ["promo"], mean=free + 0.5)).coefficients["promo"]
        assert free + 0.01 < drawn < free + 0.5


@pytest.mark.parametrize(("share", "expected"), [(0.49, 0), (0.5, 12)])
def test_a_young_store_has_a_yearly_season_if_most_of_the_chain_has_one(share: float, expected: int) -> None:
    """Its own 100 days are not enough for one."""
    yearly = [f"yearly:{wave}{order}" for order in range(1, 7) for wave in ("sin", "cos")]
    names = fitted(daily_series(100), prior(share, yearly, mean=0.01)).names
    assert sum(name.startswith("yearly:") for name in names) == expected


@pytest.mark.parametrize("growth", [-3.0, 0.0, 3.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_store_of_sixty_days_has_a_sane_forecast_without_a_chain(seed: int, growth: float) -> None:
    """The forecast is near recent sales; it neither explodes with growing demand nor falls to 0."""
    history, future = (
        as_days(frame) for frame in split(daily_series(88, seed=seed, growth=growth, noise=0.2), 28)
    )
    made = ProphetEngine().fit(history).forecast(future)
    truth = daily_series(88, growth=growth, noise=0)["y"].to_numpy()[60:]
    assert made.mean.sum() == pytest.approx(truth.sum(), rel=0.45)
    assert made.mean.max() < CEILING / 5 * history.y.max()
    assert made.q90.max() < CEILING / 4 * history.y.max()
    assert (made.mean[future.is_open] > 0.25 * truth[future.is_open]).all()


def test_a_fit_writes_no_file_and_prints_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither in the temporary folder nor in the working folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    ProphetEngine().fit(as_days(daily_series(60)))
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "error", [ArithmeticError("not positive definite"), np.linalg.LinAlgError("singular")]
)
def test_a_search_that_fails_is_a_failed_fit(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The message has its text, and it is the cause of the error."""

    def fails(*_equations: object) -> None:
        raise error

    monkeypatch.setattr(additive, "solve_equations", fails)
    with pytest.raises(FitFailed, match=f"expected a mode of the posterior, found: {error}") as failure:
        ProphetEngine().fit(as_days(daily_series(60)))
    assert failure.value.__cause__ is error


def test_parameters_that_are_not_finite_are_a_failed_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """They never leave the solver."""
    broken = Parameters(np.nan, 0.0, np.zeros(25), np.zeros(9), 0.1)
    monkeypatch.setattr(additive, "solve_equations", lambda *_equations: broken)
    with pytest.raises(FitFailed, match="expected finite parameters"):
        ProphetEngine().fit(as_days(daily_series(60)))


def test_fit_and_forecast_never_import_prophet() -> None:
    """Importing it takes seconds, which neither server nor workers should spend."""
    code = (
        "import sys; from forecasting.engines.registry import engine; from tests.series import *;"
        "history, future = map(as_days, split(daily_series(100), 7));"
        "engine('prophet').fit(history).forecast(future);"
        "sys.exit(any(name in sys.modules for name in ('prophet', 'cmdstanpy', 'matplotlib')))"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False, timeout=60, cwd=ROOT)
    assert ended.returncode == 0
