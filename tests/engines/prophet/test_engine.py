import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from prophet import Prophet

from forecasting.calendar.features import features, usual_weekdays
from forecasting.chain import PooledPrior
from forecasting.engines.prophet import additive, recipe
from forecasting.engines.prophet.engine import ProphetEngine
from forecasting.engines.prophet.intervals import demand_mean, demand_quantiles, predictive_sd
from forecasting.engines.prophet.objective import objective
from forecasting.engines.prophet.problem import Parameters
from forecasting.engines.prophet.recipe import FittedRecipe
from forecasting.errors import FitFailed
from tests.engines.prophet import peer
from tests.series import as_days, daily_series, split

ROOT = Path(__file__).parents[3]


def simulated_trends(ahead: float, delta: np.ndarray, paths: int) -> np.ndarray:
    """Prophet's future trend minus its expected course, path by path, as its paper describes it."""
    rng = np.random.default_rng(7)
    size = np.abs(delta).mean()
    ends = np.zeros(paths)
    for path, changes in enumerate(rng.poisson(len(delta) * ahead, paths)):
        at = rng.uniform(0, ahead, changes)
        ends[path] = (rng.laplace(0, size, changes) * (ahead - at)).sum()
    return ends


@pytest.mark.parametrize("ahead", [0.05, 0.3, 1.0])
def test_the_closed_form_agrees_with_a_simulation_of_the_trend(ahead: float) -> None:
    """The standard deviation is that of 40,000 simulated futures."""
    delta = np.random.default_rng(3).laplace(0, 0.4, 25)
    noise = np.random.default_rng(4).normal(0, 0.05, 40_000)
    simulated = (simulated_trends(ahead, delta, 40_000) + noise).std()
    assert predictive_sd(np.array([ahead]), 0.05, delta)[0] == pytest.approx(simulated, rel=0.04)


def test_the_band_within_the_history_is_that_of_the_noise() -> None:
    """Before the end nothing is uncertain about the trend."""
    sd = predictive_sd(np.array([-0.5, 0.0]), 0.2, np.full(25, 0.3))
    assert sd.tolist() == [0.2, 0.2]


def test_mean_and_quantiles_agree_with_a_simulation_of_demand() -> None:
    """On the scale of demand they are those of a million draws."""
    mu, sd = np.array([4.0]), np.array([0.5])
    draws = np.expm1(np.random.default_rng(5).normal(mu, sd, 1_000_000))
    assert demand_mean(mu, sd, 1e6)[0] == pytest.approx(draws.mean(), rel=0.01)
    simulated = np.quantile(draws, (0.1, 0.5, 0.9))
    assert np.concatenate(demand_quantiles(mu, sd, 1e6)) == pytest.approx(simulated, rel=0.01)


def test_values_are_cut_before_they_overflow() -> None:
    """However far a trend runs, values end at the ceiling, and at 0."""
    mu, sd = np.array([-5.0, 5000.0]), np.array([0.1, 200.0])
    assert demand_mean(mu, sd, 70.0) == pytest.approx([0, 70])
    assert [values.tolist() for values in demand_quantiles(mu, sd, 70.0)] == [
        pytest.approx([0, 70]) for _ in range(3)
    ]


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
    """Only what varies on the days fitted becomes a regressor."""
    series = daily_series(120).assign(school_holiday=True, holiday="", promo=False)
    names = {column.name for column in fitted(series).fitted.design.columns}
    assert "month:sin1" in names
    assert not {name for name in names if name.startswith(("promo", "school", "holiday", "december"))}


@pytest.mark.parametrize(("days", "expected"), [(340, False), (356, True)])
def test_a_yearly_season_needs_about_a_year(days: int, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """From 350 days of history on."""
    periods = [season.period for season in fitted(daily_series(days)).fitted.design.seasons]
    assert periods == ([365.25, 7.0] if expected else [7.0])


def test_the_model_is_prophets_with_this_products_settings() -> None:
    """A plain Prophet told the same, fitted by CmdStan, has no better objective and forecasts alike."""
    days = as_days(daily_series(500))
    sold = days.is_open & (days.y > 0)
    ours = recipe.fit(days, sold, None)
    design = ours.fitted.design
    columns = features(days, usual_weekdays(days))
    known = {column.name: columns[column.name][sold] for column in design.columns}
    ds = days.days[sold].astype("datetime64[D]").astype("datetime64[ns]")
    frame = pd.DataFrame({"ds": ds, "y": np.log1p(days.y[sold]), **known})

    def told() -> Prophet:
        prophet = peer.plain(
            changepoint_prior_scale=recipe.CHANGEPOINT_PRIOR,
            seasonality_prior_scale=recipe.SEASON_SD / design.y_scale,
            weekly_seasonality=3,
            yearly_seasonality=6,
            daily_seasonality=False,
        )
        for name in known:
            prophet.add_regressor(name, prior_scale=recipe.REGRESSOR_SD / design.y_scale, standardize=False)
        return prophet

    problem, theirs = peer.problem(told(), frame), told().fit(frame)
    assert objective(problem, ours.fitted.parameters) <= objective(problem, peer.parameters(theirs)) + 1e-3
    predicted = ours.fitted.predict(days.days[sold], known).yhat
    assert predicted == pytest.approx(theirs.predict(frame)["yhat"].to_numpy(), rel=0.01)


def test_a_holiday_moves_its_own_day_and_one_of_another_name_half_as_far() -> None:
    """Where holidays have halved demand; of a name never seen before it is not known whose kind it is."""
    history, future = split(daily_series(400, holiday=0.5, noise=0.05), 28)
    fitted = ProphetEngine().fit(as_days(history))
    names = ("Some holiday", "Never heard of", "")
    days = (as_days(future.assign(holiday=name)) for name in names)
    named, other, plain = (fitted.forecast(each).mean[each.is_open] for each in days)
    assert ((named / plain > 0.42) & (named / plain < 0.58)).all()
    assert ((other / plain > 0.65) & (other / plain < 0.78)).all()


def test_the_band_widens_with_the_days_ahead() -> None:
    """The same weekday is less certain two months later, where the trend has changed before."""
    grown = daily_series(1095, noise=0.02, promo=1, holiday=1)
    grown["y"] *= np.exp(np.maximum(grown.index - 300, 0) / 300)
    history, future = split(grown, 365)
    days = as_days(future)
    made = ProphetEngine().fit(as_days(history)).forecast(days)
    mondays = (np.log1p(made.q90) - np.log1p(made.q10))[days.weekday == 0]
    assert (mondays[8:] > mondays[:-8]).all()


def test_paths_have_the_band_of_the_forecast_and_keep_its_promises() -> None:
    """Day by day their quantiles are the forecast's; closed days and unknown weekdays are 0."""
    history, future = (as_days(frame) for frame in split(daily_series(400), 28))
    fitted = ProphetEngine().fit(history)
    made = fitted.forecast(future)
    drawn = fitted.paths(future, 20_000, np.random.default_rng(0))
    assert drawn.shape == (20_000, 28)
    assert (drawn >= 0).all()
    assert (drawn[:, made.mean == 0] == 0).all()
    assert drawn.mean(axis=0) == pytest.approx(made.mean, rel=0.02)
    assert np.quantile(drawn, 0.9, axis=0) == pytest.approx(made.q90, rel=0.02)
    assert np.array_equal(drawn, fitted.paths(future, 20_000, np.random.default_rng(0)))


def test_a_sum_over_days_is_narrower_than_the_sum_of_quantiles() -> None:
    """Good and bad days even out, as far as they are independent."""
    history, future = (as_days(frame) for frame in split(daily_series(400), 28))
    fitted = ProphetEngine().fit(history)
    total = fitted.paths(future, 5000, np.random.default_rng(0)).sum(axis=1)
    made = fitted.forecast(future)
    assert np.quantile(total, 0.9) - np.quantile(total, 0.1) < 0.6 * (made.q90 - made.q10).sum()


def test_a_fit_writes_no_file_and_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither in the folder for temporary files nor on the screen."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    ProphetEngine().fit(as_days(daily_series(60)))
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "error", [ArithmeticError("not positive definite"), np.linalg.LinAlgError("singular")]
)
def test_a_search_that_fails_is_a_failed_fit(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """With the text and the error as its cause."""

    def fails(_problem: object) -> None:
        raise error

    monkeypatch.setattr(additive, "solve", fails)
    with pytest.raises(FitFailed, match=f"expected a mode of the posterior, found: {error}") as failure:
        ProphetEngine().fit(as_days(daily_series(60)))
    assert failure.value.__cause__ is error


def test_parameters_that_are_no_numbers_are_a_failed_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is not finite leaves the solver."""
    broken = Parameters(np.nan, 0.0, np.zeros(25), np.zeros(9), 0.1)
    monkeypatch.setattr(additive, "solve", lambda _problem: broken)
    with pytest.raises(FitFailed, match="expected finite parameters"):
        ProphetEngine().fit(as_days(daily_series(60)))


def test_fit_and_forecast_never_import_prophet() -> None:
    """The package is for comparison and its file format; neither server nor workers wait for it."""
    code = (
        "import sys; from forecasting.engines.registry import engine; from tests.series import *;"
        "history, future = map(as_days, split(daily_series(100), 7));"
        "engine('prophet').fit(history).forecast(future);"
        "sys.exit(any(name in sys.modules for name in ('prophet', 'cmdstanpy', 'matplotlib')))"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False, timeout=60, cwd=ROOT)
    assert ended.returncode == 0
