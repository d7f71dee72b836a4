import numpy as np
import pandas as pd
import pytest

from forecasting.engines.prophet.design import ProphetSettings, Regressor
from forecasting.engines.prophet.fitted_model import FittedModel
from forecasting.engines.prophet.plain_prophet import fit, predict
from tests.engines.prophet import peer
from tests.engines.prophet.series import frame
from tests.series import day_numbers

SAMPLE = peer.sample(6)
Z10 = 1.2815515655446004
HORIZON = 42


def fitted(series: pd.DataFrame, *, multiplicative: bool = False, rich: bool = False) -> FittedModel:
    """Our fit with plain Prophet's settings."""
    names = peer.REGRESSORS if rich else ()
    columns = tuple(Regressor(each, multiplicative=multiplicative) for each in names)
    settings = ProphetSettings(multiplicative=multiplicative, regressors=columns)
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
    ours = predict(
        FittedModel(design, peer.parameters(prophet)),
        day_numbers(days),
        {each: days[each].to_numpy() for each in peer.REGRESSORS},
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
        ours = predict(fitted(series.iloc[:-HORIZON], rich=log), day_numbers(days), known)
        width = (theirs["yhat_upper"] - theirs["yhat_lower"]).mean()
        off.append(abs(2 * Z10 * ours.sd.mean() / width - 1))
    assert np.median(off) < 0.02


def test_without_changepoints_the_slope_carries_all() -> None:
    """The placeholder changepoint at 0 is added to the slope, as in Prophet."""
    series = frame(np.sin(np.arange(50)) + np.arange(50) / 10)
    made = fit(day_numbers(series), series["y"].to_numpy(), {}, ProphetSettings(changepoints=0))
    prophet = peer.plain(n_changepoints=0).fit(series)
    assert (made.parameters.delta == 0).all()
    assert (peer.parameters(prophet).delta == 0).all()
    assert made.parameters.k == pytest.approx(peer.parameters(prophet).k, abs=0.01)
