"""Publish a store's results: one reconciled forecast, and a summary row for each series."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasting.core import schema
from forecasting.core.day_arrays import FloatArray, SeriesForecast
from forecasting.core.domain import ALL_ITEMS, Predictor, SeriesSummary
from forecasting.core.errors import FitFailed
from forecasting.core.explanation import Cause
from forecasting.core.ports import Publication
from forecasting.evaluation.reconciliation import reconcile
from forecasting.evaluation.selection import CHALLENGER
from forecasting.planning.unusual_demand import unusual_days
from forecasting.planning.week_note import WEEK, week_note
from forecasting.training.attribution import reasons
from forecasting.training.forecast_task import SeriesResult, StorePart
from forecasting.training.previous_version import PreviousVersion

SPARKLINE_DAYS = 28
"""Days of history in the small chart of the store queue."""


def publication(
    parts: Sequence[StorePart],
    predictor: Predictor,
    horizon: int,
    values_hash: str,
    previous: PreviousVersion | None = None,
) -> Publication:
    """Put the series of a store together. Those without a forecast are left out and named as assumptions.

    Parameters
    ----------
    parts
        All parts of the store, in any order.
    values_hash
        Hash of the inputs (`calendar.inputs.input_hash`).
    previous
        The store's newest published version, or None.

    Raises
    ------
    FitFailed
        If no series has a forecast.
    """
    first, results = parts[0], merged(parts)
    made = [result for result in results if result.forecast is not None]
    if not made:
        raise FitFailed("; ".join(result.failure for result in results))
    failed = tuple(f"Left out: {result.failure}." for result in results if result.forecast is None)
    forecasts, apart = _coherent(results, [result.forecast for result in results])
    return Publication(
        store=first.store,
        predictor=predictor,
        cutoff=first.cutoff,
        horizon=horizon,
        input_hash=values_hash,
        assumptions=first.assumptions + failed + apart,
        forecast=_rows(made, forecasts),
        summaries=tuple(_summary(result, each) for result, each in zip(made, forecasts, strict=True)),
        reasons=reasons(made, forecasts, _replayed(results, previous), previous),
    )


def merged(parts: Sequence[StorePart]) -> list[SeriesResult]:
    """The series of all parts in the store's order: part k of n has every n-th series from the k-th on."""
    ordered = sorted(parts, key=lambda part: part.part)
    longest = max(len(part.results) for part in ordered)
    return [part.results[at] for at in range(longest) for part in ordered if at < len(part.results)]


def _coherent(
    results: Sequence[SeriesResult], forecasts: Sequence[SeriesForecast | None]
) -> tuple[list[SeriesForecast], tuple[str, ...]]:
    """The forecasts, reconciled if the total and every product have one, and a sentence if they don't."""
    made = [forecast for forecast in forecasts if forecast is not None]
    if len(results) == 1:
        return made, ()
    if len(made) < len(results) or results[0].key.item != ALL_ITEMS:
        return made, ("The products do not add up to the total: one of them has no forecast.",)
    total, items = reconcile(made[0], made[1:])
    return [total, *items], ()


def _replayed(
    results: Sequence[SeriesResult], previous: PreviousVersion | None
) -> dict[Cause, list[SeriesForecast]] | None:
    """The reconciled forecasts after each cause but the last; None if one is not available."""
    replayed = {}
    for cause in previous.causes[:-1] if previous else ():
        forecasts = [result.replayed.get(cause) if result.replayed else None for result in results]
        for result, forecast in zip(results, forecasts, strict=True):
            if result.forecast is not None and forecast is None:
                return None
        replayed[cause], _ = _coherent(results, forecasts)
    return replayed


def _rows(made: Sequence[SeriesResult], forecasts: Sequence[SeriesForecast]) -> pd.DataFrame:
    """The forecasts as `schema.STORE_FORECAST`."""
    sizes = [len(forecast) for forecast in forecasts]
    futures = [result.future for result in made]
    days = np.concatenate([forecast.days for forecast in forecasts])
    named = [np.array(future.kinds, dtype=object)[future.holiday] for future in futures]
    engines = [result.choice.engine if result.choice else "" for result in made]
    columns = {
        "item": _texts([result.key.item for result in made], sizes),
        "engine": _texts(engines, sizes),
        "ds": days.astype("datetime64[D]").astype("datetime64[us]"),
        **{
            name: np.concatenate([getattr(forecast, name) for forecast in forecasts])
            for name in schema.VALUES
        },
        "is_open": np.concatenate([future.is_open for future in futures]),
        "promo": np.concatenate([future.promo for future in futures]),
        "holiday": pd.Series(np.concatenate(named), dtype=object),
        "school_holiday": np.concatenate([future.school_holiday for future in futures]),
        "assumed": np.concatenate([result.assumed for result in made]),
    }
    return pd.DataFrame(columns)


def _texts(texts: Sequence[str], sizes: Sequence[int]) -> pd.Series:
    """Repeat each text; plain objects, because the database takes them next."""
    return pd.Series(np.repeat(np.array(texts, dtype=object), sizes), dtype=object)


def _summary(result: SeriesResult, forecast: SeriesForecast) -> SeriesSummary:
    choice, future = result.choice, result.future
    if choice is None:
        raise FitFailed(result.failure)
    last7 = _last_week(result)
    served, naive = choice.score_of(choice.engine), choice.score_of(CHALLENGER)
    sold = result.recent.y[-SPARKLINE_DAYS:]
    return SeriesSummary(
        store=result.key.store,
        item=result.key.item,
        engine=choice.engine,
        next7=float(forecast.mean[:WEEK].sum()) if len(forecast) >= WEEK else None,
        last7=None if np.isnan(last7).any() else float(last7.sum()),
        wape=served.wape if served else None,
        naive_wape=naive.wape if naive else None,
        coverage=served.coverage if served else None,
        closed_ahead=int((np.cumsum(future.is_open) == 0).sum()),
        year7=result.year7,
        spread7=_spread(forecast) if len(forecast) >= WEEK else None,
        unusual=next(map(str, unusual_days(result.recent, future, forecast)), ""),
        note=week_note(future, last_promo=bool(result.recent.promo[-1])),
        sparkline=(*sold.tolist(), *forecast.mean[:WEEK].tolist()),
    )


def _spread(forecast: SeriesForecast) -> float:
    """Half the width of the range, summed over the next seven days."""
    return float((forecast.q90[:WEEK] - forecast.q10[:WEEK]).sum() / 2)


def _last_week(result: SeriesResult) -> FloatArray:
    """Units sold a week before each of the next seven days; NaN if not known."""
    recent, wanted = result.recent, result.future.days[:WEEK] - WEEK
    at = np.minimum(np.searchsorted(recent.days, wanted), len(recent) - 1)
    sold = np.where(recent.days[at] == wanted, recent.y[at], np.nan)
    closed = ~result.future.is_open[:WEEK]
    return np.where(np.isnan(sold) & closed, 0.0, sold)  # feeds may omit closed days
