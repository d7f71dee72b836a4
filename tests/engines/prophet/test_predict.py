import numpy as np
import pandas as pd
import pytest

from forecasting.engines.prophet.design import Regressor, Settings
from forecasting.engines.prophet.intervals import predictive_sd
from forecasting.engines.prophet.predict import Fitted, fit, slope_change_paths
from forecasting.engines.prophet.problem import Parameters
from tests.engines.prophet import peer
from tests.engines.prophet.series import frame
from tests.series import day_numbers

SAMPLE = peer.sample(6)
Z10 = 1.2815515655446004
HORIZON = 42


def fitted(series: pd.DataFrame, *, multiplicative: bool = False, rich: bool = False) -> Fitted:
    """Our fit with plain Prophet's settings."""
    names = peer.REGRESSORS if rich else ()
    columns = tuple(Regressor(each, multiplicative=multiplicative) for each in names)
    settings = Settings(multiplicative=multiplicative, regressors=columns)
    known = {each: series[each].to_numpy() for each in names}
    return fit(day_numbers(series), series["y"].to_numpy(), known, settings)


@pytest.mark.parametrize("multiplicative", [False, True])
def test_equal_parameters_predict_what_prophet_predicts(multiplicative: bool) -> None:  # noqa: FBT001 - a parameter
    """With CmdStan's parameters in our prediction, yhat and trend are plain Prophet's."""
    series = next(iter(SAMPLE.values()))
    options = {"multiplicative": multiplicative, "regressors": peer.REGRESSORS}
    prophet = peer.plain(**options, uncertainty_samples=0).fit(series)
    design = fitted(series, multiplicative=multiplicative, rich=True).design
    days = series.tail(60).assign(ds=lambda each: each["ds"] + pd.Timedelta(days=61))
    theirs = prophet.predict(days.drop(columns="y"))
    ours = Fitted(design, peer.parameters(prophet)).predict(
        day_numbers(days), {each: days[each].to_numpy() for each in peer.REGRESSORS}
    )
    assert ours.yhat == pytest.approx(theirs["yhat"].to_numpy(), rel=1e-12)
    assert ours.trend == pytest.approx(theirs["trend"].to_numpy(), rel=1e-12)


@pytest.mark.parametrize("log", [False, True])
def test_the_closed_form_width_is_that_of_prophets_samples(log: bool) -> None:  # noqa: FBT001 - a parameter
    """q10 to q90 against 1,000 samples of plain Prophet: within 2%, median over series."""
    off = []
    for each in SAMPLE.values():
        series = each.assign(y=np.log1p(each["y"])) if log else each
        np.random.seed(7)  # noqa: NPY002 - Prophet draws from the global generator
        prophet = peer.plain(regressors=peer.REGRESSORS if log else ()).fit(series.iloc[:-HORIZON])
        days = series.iloc[-HORIZON:]
        theirs = prophet.predict(days.drop(columns="y"))
        known = {name: days[name].to_numpy() for name in peer.REGRESSORS}
        ours = fitted(series.iloc[:-HORIZON], rich=log).predict(day_numbers(days), known)
        width = (theirs["yhat_upper"] - theirs["yhat_lower"]).mean()
        off.append(abs(2 * Z10 * ours.sd.mean() / width - 1))
    assert np.median(off) < 0.02


@pytest.mark.parametrize("multiplicative", [False, True])
def test_paths_have_the_mean_and_spread_of_the_closed_form(multiplicative: bool) -> None:  # noqa: FBT001 - a parameter
    """Day by day over 20,000 paths."""
    series = next(iter(SAMPLE.values()))
    made = fitted(series, multiplicative=multiplicative)
    days = int(day_numbers(series)[-1]) + np.arange(1, 200, 20)
    prediction = made.predict(days, {})
    paths = made.paths(prediction, 20_000, np.random.default_rng(0))
    assert paths.shape == (20_000, days.size)
    assert paths.mean(axis=0) == pytest.approx(prediction.yhat, abs=4 * prediction.sd.max() / 20_000**0.5)
    assert paths.std(axis=0) == pytest.approx(prediction.sd, rel=0.04)


def test_paths_add_up_to_more_spread_than_independent_days() -> None:
    """A future's slope change concerns all of its later days."""
    design = fitted(next(iter(SAMPLE.values()))).design
    steep = Parameters(
        0.1, 0.5, np.full(design.changes.size, 0.5), np.zeros(len(design.multiplicative)), 0.01
    )
    made = Fitted(design, steep)
    prediction = made.predict(design.last + np.arange(1, 201), {})
    total = made.paths(prediction, 4000, np.random.default_rng(1)).sum(axis=1)
    assert total.std() > 3 * np.sqrt((prediction.sd**2).sum())


def test_slope_changes_are_those_of_the_process_they_are_drawn_from() -> None:
    """Variance of the sum over days, against one path at a time, drawn as its definition says."""
    ahead, rng = np.array([0.02, 0.1, 0.25]), np.random.default_rng(2)
    drawn = slope_change_paths(ahead, 25, 0.3, 20_000, rng)
    one_by_one = np.zeros((20_000, 3))
    for path, changes in enumerate(rng.poisson(25 * 0.25, len(one_by_one))):
        for when in rng.uniform(0, 0.25, changes):
            one_by_one[path] += rng.laplace(0, 0.3) * np.maximum(ahead - when, 0)
    assert drawn.std(axis=0) == pytest.approx(one_by_one.std(axis=0), rel=0.05)
    assert drawn.sum(axis=1).std() == pytest.approx(one_by_one.sum(axis=1).std(), rel=0.05)
    assert drawn.std(axis=0) == pytest.approx(predictive_sd(ahead, 0.0, np.full(25, 0.3)), rel=0.05)


def test_the_order_of_days_means_nothing_to_paths() -> None:
    """Equal draws for equal days, and equal draws from an equal generator."""
    ahead = np.linspace(0, 0.5, 40)
    order = np.random.default_rng(3).permutation(40)
    sorted_, mixed = (
        slope_change_paths(each, 25, 0.3, 50, np.random.default_rng(4)) for each in (ahead, ahead[order])
    )
    assert mixed == pytest.approx(sorted_[:, order])


def test_the_past_has_no_slope_changes_to_come() -> None:
    """Days up to the last one fitted are moved by nothing."""
    assert (slope_change_paths(np.zeros(5), 25, 0.3, 10, np.random.default_rng(0)) == 0).all()
    assert slope_change_paths(np.zeros(0), 25, 0.3, 10, np.random.default_rng(0)).shape == (10, 0)


def test_without_changepoints_the_slope_carries_all() -> None:
    """The changepoint that stands in at 0 is folded into the slope, as by Prophet."""
    series = frame(np.sin(np.arange(50)) + np.arange(50) / 10)
    made = fit(day_numbers(series), series["y"].to_numpy(), {}, Settings(changepoints=0))
    prophet = peer.plain(n_changepoints=0).fit(series)
    assert (made.parameters.delta == 0).all()
    assert (peer.parameters(prophet).delta == 0).all()
    assert made.parameters.k == pytest.approx(peer.parameters(prophet).k, abs=0.01)
