"""The explanation stored with a version, and what moved it since the previous version."""

from collections.abc import Mapping, Sequence

import numpy as np

from forecasting.core.day_arrays import FloatArray, SeriesForecast
from forecasting.core.explanation import Cause, StoreReasons
from forecasting.training.forecast_task import SeriesResult
from forecasting.training.previous_version import PreviousVersion, PublishedMeans

NO_REPLAY = "The previous model or plan is no longer available, so the change can't be split by cause"


def reasons(
    results: Sequence[SeriesResult],
    published: Sequence[SeriesForecast],
    replayed: Mapping[Cause, Sequence[SeriesForecast]] | None,
    previous: PreviousVersion | None,
) -> StoreReasons:
    """Explain a store's forecast, and attribute its difference from the previous version to causes.

    The inputs are changed one at a time, in the order of `Cause`. After each change everything is forecast
    again and reconciled like the published forecast. With m_0 the mean of the previous version and m_k the
    mean after the first k causes, cause k has moved a day by ``m_k - m_{k-1}``. The shifts of all causes
    therefore add up to the difference.

    Parameters
    ----------
    results
        The series that have a forecast.
    published
        Their published forecasts, in the same order.
    replayed
        Their forecasts after each cause but the last, in the same order; None if one is not available.
    previous
        The previous version, or None.
    """
    why = {
        result.key.item: result.explanation.with_balance(forecast.mean - result.forecast.mean)
        for result, forecast in zip(results, published, strict=True)
        if result.explanation is not None and result.forecast is not None
    }
    if previous is None:
        return StoreReasons(why)
    if previous.unexplained or replayed is None:
        return StoreReasons(why, previous.version, unexplained=previous.unexplained or NO_REPLAY)
    shifts = _store_shifts(results, replayed, previous.means)
    return StoreReasons(why, previous.version, previous.causes, shifts=shifts)


def _store_shifts(
    results: Sequence[SeriesResult],
    replayed: Mapping[Cause, Sequence[SeriesForecast]],
    means: Mapping[str, PublishedMeans],
) -> dict[str, dict[Cause, FloatArray]]:
    """By item, how far each replayed cause moved the mean of each day; empty if nothing was replayed."""
    shifts = {}
    for at, result in enumerate(results) if replayed else ():
        if result.key.item in means:
            steps = {cause: forecasts[at] for cause, forecasts in replayed.items()}
            shifts[result.key.item] = _series_shifts(steps, means[result.key.item])
    return shifts


def _series_shifts(
    steps: Mapping[Cause, SeriesForecast], previous: PublishedMeans
) -> dict[Cause, FloatArray]:
    """(h,) the difference each cause makes; 0 on days the previous version does not have."""
    shifts, last = {}, None
    for cause, forecast in steps.items():
        at = np.minimum(np.searchsorted(previous.days, forecast.days), previous.days.size - 1)
        known = previous.days[at] == forecast.days
        before = previous.mean[at] if last is None else last
        shifts[cause] = np.where(known, forecast.mean - before, 0.0)
        last = forecast.mean
    return shifts
