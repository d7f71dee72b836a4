import json

import cmdstanpy
import numpy as np
import pandas as pd
import pytest
from prophet import Prophet
from prophet.serialize import model_from_json, model_to_json

from forecasting.core.errors import FitFailed
from forecasting.engines.prophet.backend import DirectBackend, plain, with_direct_backend
from forecasting.engines.prophet.design import ProphetSettings, Regressor
from forecasting.engines.prophet.plain_prophet import fit, predict
from tests.engines.prophet import peer
from tests.engines.prophet.series import frame
from tests.series import day_numbers

SERIES = next(iter(peer.sample(1).values()))
FUTURE = SERIES.tail(60).assign(ds=lambda each: each["ds"] + pd.Timedelta(days=61)).drop(columns="y")

SETTINGS = {
    "plain": ProphetSettings(),
    "multiplicative": ProphetSettings(multiplicative=True),
    "rich": ProphetSettings(
        changepoint_prior=0.01,
        season_prior=0.05,
        weekly=3,
        yearly=10,
        regressors=tuple(Regressor(name, 0.5, standardize=False) for name in peer.REGRESSORS),
    ),
    "mixed": ProphetSettings(regressors=(Regressor("promo", multiplicative=True), Regressor("holiday"))),
}

either = pytest.mark.parametrize("name", SETTINGS)


@either
def test_a_real_prophet_carries_our_parameters(name: str) -> None:
    """Prophet's class with this backend and the direct fit give the same forecast."""
    settings = SETTINGS[name]
    prophet = plain(settings).fit(SERIES)
    assert type(prophet) is Prophet
    known, ahead = (
        {each.name: days[each.name].to_numpy() for each in settings.regressors} for days in (SERIES, FUTURE)
    )
    direct = fit(day_numbers(SERIES), SERIES["y"].to_numpy(), known, settings)
    ours = predict(direct, day_numbers(FUTURE), ahead)
    theirs = prophet.predict(FUTURE)
    assert theirs["yhat"].to_numpy() == pytest.approx(ours.yhat, rel=1e-9)
    assert theirs["trend"].to_numpy() == pytest.approx(ours.trend, rel=1e-9)
    assert {"trend", "weekly", "yearly", "additive_terms", "multiplicative_terms"} <= set(theirs.columns)


@either
def test_prophets_own_json_opens_in_a_plain_prophet(name: str) -> None:
    """Predictions and components are identical, from a model without this backend."""
    prophet = plain(SETTINGS[name])
    prophet.uncertainty_samples = 0
    prophet.fit(SERIES)
    saved = model_to_json(prophet)
    opened = model_from_json(saved)
    assert type(opened.stan_backend) is not DirectBackend
    assert "Direct" not in json.dumps(json.loads(saved))
    pd.testing.assert_frame_equal(opened.predict(FUTURE), prophet.predict(FUTURE), check_exact=True)


def test_it_starts_no_process_and_writes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit works although CmdStan is not available."""

    def never(*_arguments: object, **_options: object) -> None:
        raise AssertionError

    monkeypatch.setattr(cmdstanpy.CmdStanModel, "optimize", never)
    assert plain(ProphetSettings()).fit(SERIES).params["beta"].shape == (1, 26)


def test_samples_of_the_posterior_are_refused() -> None:
    """The backend finds the mode only."""
    with pytest.raises(FitFailed, match="expected mcmc_samples=0"):
        with_direct_backend(peer.plain(mcmc_samples=10)).fit(SERIES)


def test_another_growth_is_refused() -> None:
    """It is not fitted as if it were linear."""
    with pytest.raises(FitFailed, match="expected linear growth, found another"):
        with_direct_backend(peer.plain(growth="flat")).fit(SERIES)


def test_options_for_stan_are_refused() -> None:
    """No option is silently ignored."""
    with pytest.raises(FitFailed, match=r"expected no options for the optimiser, found \['iter'\]"):
        plain(ProphetSettings()).fit(SERIES, iter=10)


def test_a_constant_series_never_reaches_the_backend() -> None:
    """Prophet and the direct fit handle it themselves, with equal results."""
    series = frame(np.full(60, 7.0))
    ours = fit(day_numbers(series), series["y"].to_numpy(), {}, ProphetSettings())
    theirs = plain(ProphetSettings()).fit(series).predict(series[["ds"]])
    assert predict(ours, day_numbers(series), {}).yhat == pytest.approx(theirs["yhat"].to_numpy())
