"""What is kept with a version beside its days: why it says so, and what moved it since the version before."""

from collections.abc import Mapping, Sequence

import numpy as np

from forecasting.core.day_arrays import FloatArray, SeriesForecast
from forecasting.core.explanation import Cause, StoreReasons
from forecasting.training.previous_version import Earlier, Means
from forecasting.training.tasks import SeriesResult

NO_RERUN = "What was chosen before, or the plan of then, is not to be had any more to forecast again with"


def reasons(
    made: Sequence[SeriesResult],
    published: Sequence[SeriesForecast],
    midway: Mapping[Cause, Sequence[SeriesForecast]] | None,
    earlier: Earlier | None,
) -> StoreReasons:
    """Put together what a store's version is kept with.

    Inputs are changed one at a time, in the order of `Cause`; each time everything is forecast again and made
    to agree as what is published. With m_0 what the version before said and m_k the mean after the first k
    causes, cause k has moved a day by ``m_k - m_{k-1}``, so that all of them make up the difference.

    Parameters
    ----------
    made
        The series that have a forecast.
    published
        Their forecasts as published, in their order.
    midway
        The forecasts of the same series after each of the causes but the last; None where one can't be told.
    earlier
        The version before, or None.
    """
    why = {
        result.key.item: result.explanation.with_balance(forecast.mean - result.forecast.mean)
        for result, forecast in zip(made, published, strict=True)
        if result.explanation is not None and result.forecast is not None
    }
    if earlier is None:
        return StoreReasons(why)
    if earlier.untold or midway is None:
        return StoreReasons(why, earlier.version, unexplained=earlier.untold or NO_RERUN)
    return StoreReasons(
        why, earlier.version, earlier.causes, shifts=_shifts(made, midway, earlier.means) if midway else {}
    )


def _shifts(
    made: Sequence[SeriesResult],
    midway: Mapping[Cause, Sequence[SeriesForecast]],
    means: Mapping[str, Means],
) -> dict[str, dict[Cause, FloatArray]]:
    shifts = {}
    for at, result in enumerate(made):
        if result.key.item in means:
            steps = {cause: forecasts[at] for cause, forecasts in midway.items()}
            shifts[result.key.item] = _shift(steps, means[result.key.item])
    return shifts


def _shift(steps: Mapping[Cause, SeriesForecast], before: Means) -> dict[Cause, FloatArray]:
    shift, last = {}, None
    for cause, forecast in steps.items():
        at = np.minimum(np.searchsorted(before.days, forecast.days), before.days.size - 1)
        known = before.days[at] == forecast.days
        previous = before.mean[at] if last is None else last
        shift[cause] = np.where(known, forecast.mean - previous, 0.0)
        last = forecast.mean
    return shift
