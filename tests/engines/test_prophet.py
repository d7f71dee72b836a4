import logging
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from forecasting.engines.prophet import model
from forecasting.engines.prophet.engine import ProphetEngine
from forecasting.engines.prophet.intervals import demand_mean, demand_quantiles, predictive_sd
from forecasting.errors import EngineUnavailable, FitFailed
from tests.series import daily_series, split

ROOT = Path(__file__).parents[2]


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
        ProphetEngine().fit(history)


def test_a_column_that_never_varies_is_left_out() -> None:
    """Only the covariates that vary on the days fitted become regressors."""
    series = daily_series(120).assign(school_holiday=True, holiday="")
    assert model.fit(series.loc[series["y"] > 0]).regressors == ("promo",)


@pytest.mark.parametrize(("days", "expected"), [(340, False), (356, True)])
def test_a_yearly_season_needs_about_a_year(days: int, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """From 350 days of history on."""
    series = daily_series(days)
    fitted = model.fit(series.loc[series["y"] > 0].reset_index(drop=True))
    assert ("yearly" in fitted.prophet.seasonalities) is expected


def test_a_holiday_moves_its_own_day() -> None:
    """A day is forecast lower on a holiday where holidays have halved demand."""
    history, future = split(daily_series(400, holiday=0.5, noise=0.05), 28)
    fitted = ProphetEngine().fit(history)
    named, plain = (fitted.forecast(future.assign(holiday=name))["mean"] for name in ("Any day", ""))
    opened = future["is_open"]
    assert (named[opened] / plain[opened]).between(0.42, 0.58).all()


def test_the_band_widens_with_the_days_ahead() -> None:
    """The same weekday is less certain the further it is."""
    history, future = split(daily_series(730, growth=0.5, noise=0.02, promo=1, holiday=1), 365)
    made = ProphetEngine().fit(history).forecast(future)
    width = np.log1p(made["q90"]) - np.log1p(made["q10"])
    mondays = width[future["ds"].dt.day_of_week == 0].to_numpy()
    assert (np.diff(mondays) > 0).all()


def test_a_fit_leaves_no_file_behind() -> None:
    """Neither in the folder for temporary files nor in the one CmdStanPy keeps for itself."""
    cmdstanpy = pytest.importorskip("cmdstanpy")
    before = set(Path(tempfile.gettempdir()).glob("storecast-prophet-*"))
    ProphetEngine().fit(daily_series(60))
    assert set(Path(tempfile.gettempdir()).glob("storecast-prophet-*")) <= before
    assert list(Path(cmdstanpy._TMPDIR).iterdir()) == []


def test_a_fit_is_silent_and_leaves_logging_as_it_was(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is printed or logged, and the loggers are on again afterwards."""
    with caplog.at_level(logging.DEBUG):
        ProphetEngine().fit(daily_series(20, closed=()))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert not logging.getLogger("cmdstanpy").disabled
    assert not logging.getLogger("prophet").disabled


@pytest.mark.parametrize("error", [RuntimeError("line search failed"), TimeoutError("60 s")])
def test_what_cmdstan_raises_is_a_failed_fit(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The vendor's error is translated, with its text and as its cause."""
    prophet = pytest.importorskip("prophet")

    def fails(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(prophet.Prophet, "fit", fails)
    with pytest.raises(FitFailed, match=f"expected CmdStan to find an optimum, found: {error}") as failure:
        ProphetEngine().fit(daily_series(60))
    assert failure.value.__cause__ is error


def test_without_the_package_the_engine_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing package is said, not a crash."""
    monkeypatch.setitem(sys.modules, "prophet", None)
    with pytest.raises(EngineUnavailable, match="expected the package to be installed"):
        ProphetEngine().fit(daily_series(60))


def test_the_server_never_imports_prophet() -> None:
    """Importing the registry and making the engine is free of Prophet."""
    code = (
        "import sys; from forecasting.engines.registry import engine; engine('prophet');"
        "sys.exit(any(name in sys.modules for name in ('prophet', 'cmdstanpy', 'matplotlib')))"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False, timeout=60, cwd=ROOT)
    assert ended.returncode == 0
