"""No result at a cutoff depends on the days after it."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.store_inputs import SeriesInputs
from forecasting.engines import registry
from forecasting.evaluation.candidate_engines import CandidateEngines, EngineNamed
from forecasting.training.forecast_task import SeriesResult, forecast_series
from tests.evaluation.selection_cases import HORIZON, KEY, same
from tests.series import as_days, daily_series

CUT = 160
TAIL = 60
"""Days after the cutoff, of which the first `HORIZON` are forecast."""

demands = npst.arrays(np.float64, TAIL, elements=st.floats(0, 1e6))
flags = npst.arrays(np.bool_, TAIL - HORIZON)
names = npst.arrays(np.int64, TAIL - HORIZON, elements=st.integers(0, 2))


def whole_series(**traits: float) -> SeriesDays:
    """The days before and after the cutoff, as in one file."""
    return as_days(daily_series(CUT + TAIL, **traits))  # type: ignore[arg-type] # by name


def rewritten(
    whole: SeriesDays, y: np.ndarray, promo: np.ndarray, is_open: np.ndarray, holiday: np.ndarray
) -> SeriesDays:
    """Replace demand after the cutoff and covariates after the horizon."""
    end = CUT + HORIZON
    return replace(
        whole,
        y=np.concatenate([whole.y[:CUT], y]),
        promo=np.concatenate([whole.promo[:end], promo]),
        is_open=np.concatenate([whole.is_open[:end], is_open]),
        holiday=np.concatenate([whole.holiday[:end], holiday]),
        kinds=(*whole.kinds, "A day nobody has heard of"),
    )


def published(whole: SeriesDays, asked: str, engine_named: EngineNamed) -> SeriesResult:
    """The result published at the cutoff of a file that continues after it."""
    past = whole[:CUT]
    ahead = SeriesInputs(KEY, past, whole.after(past.last, HORIZON), np.zeros(HORIZON, dtype=np.bool_))
    return forecast_series(CandidateEngines(asked, engine_named), ahead, None)


@given(demands, flags, flags, names, st.sampled_from([0.0, 0.6]))
def test_days_after_a_cutoff_do_not_change_the_result_published_at_it(
    y: np.ndarray, promo: np.ndarray, is_open: np.ndarray, holiday: np.ndarray, zeros: float
) -> None:
    """Neither the choice, with its scores and widths, nor the forecast changes; intermittent or not."""
    whole = whole_series(zeros=zeros)
    results = [
        published(each, "seasonal_naive", registry.engine)
        for each in (whole, rewritten(whole, y, promo, is_open, holiday))
    ]
    same_result(*results)


def test_days_after_a_cutoff_do_not_change_the_result_of_prophet() -> None:
    """As above, for one series, because its fits take longer."""
    rng = np.random.default_rng(1)
    whole = whole_series()
    other = rewritten(
        whole,
        rng.uniform(0, 1000, TAIL),
        rng.random(TAIL - HORIZON) < 0.5,
        rng.random(TAIL - HORIZON) < 0.5,
        rng.integers(0, 3, TAIL - HORIZON),
    )
    first, second = (published(each, "prophet", registry.engine) for each in (whole, other))
    assert first.choice is not None
    assert first.choice.engine == "prophet"
    same_result(first, second)


def same_result(first: SeriesResult, second: SeriesResult) -> None:
    """Choice and forecast are equal."""
    assert first.choice == second.choice
    assert first.forecast is not None
    assert second.forecast is not None
    same(first.forecast, second.forecast)
