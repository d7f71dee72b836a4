"""Compare two versions of a forecast: which days changed significantly, and what changed them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import pandas as pd

from forecasting.core.day_arrays import BoolArray, FloatArray, IntArray, day_of
from forecasting.core.explanation import Cause, StoreReasons

MEAN_SHARE, BAND_SHARE = 0.05, 0.25
"""A day has changed significantly if its mean differs by more than 5% of the earlier mean and by more than a
quarter of the width of the earlier band. Smaller changes are not worth a planner's time. A convention."""

ROUNDING = 1e-12
"""Differences up to this share of the mean are taken for rounding errors."""

NOT_KEPT = "The reasons were not stored with the forecast, or a version between the two is missing"

UNEXPLAINED = "unexplained"
Parts = dict[str, FloatArray]
"""(n,) units of demand by cause, or by `UNEXPLAINED`."""


@dataclass(frozen=True, slots=True)
class VersionForecast:
    """The forecast that one version makes of a series.

    Attributes
    ----------
    days
        (h,) days since 1970-01-01, ascending.
    mean, width
        (h,) expected demand, and q90 - q10; units.
    """

    version: int
    days: IntArray
    mean: FloatArray
    width: FloatArray

    @classmethod
    def of(cls, version: int, rows: pd.DataFrame) -> Self:
        """Read it from `schema.STORE_FORECAST` of one item, which may have no rows."""
        days = rows["ds"].to_numpy().astype("datetime64[D]").astype(np.int64)
        width = rows["q90"].to_numpy(np.float64) - rows["q10"].to_numpy(np.float64)
        return cls(version, days, rows["mean"].to_numpy(np.float64), width)


@dataclass(frozen=True, slots=True)
class DayChange:
    """A day that changed significantly.

    Attributes
    ----------
    before, after
        Expected demand in the earlier and in the later version; units.
    sales, plan, model, unexplained
        How much new sales, a changed plan and a new model changed it, and the part that can't be attributed;
        units. They add up to the difference.
    """

    ds: date
    before: float
    after: float
    sales: float
    plan: float
    model: float
    unexplained: float

    @property
    def difference(self) -> float:
        """``after - before``."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class ForecastChanges:
    """The changes from one version to a later one.

    Attributes
    ----------
    since, version
        Numbers of the earlier and the later version; `since` is None if there is no earlier one.
    causes
        What changed between them.
    notes
        Sentences that say why part of a change can't be attributed; empty if all of it can.
    compared
        Number of days that both versions forecast.
    days
        Those of them that changed significantly.
    """

    since: int | None
    version: int
    causes: tuple[Cause, ...] = ()
    notes: tuple[str, ...] = ()
    compared: int = 0
    days: tuple[DayChange, ...] = ()


def changed_significantly(before: FloatArray, after: FloatArray, width: FloatArray) -> BoolArray:
    """(n,) True for days that changed significantly.

    Parameters
    ----------
    before, after
        (n,) expected demand in the earlier and in the later version; units.
    width
        (n,) width of the earlier version's band; units.
    """
    return np.abs(after - before) > np.maximum(MEAN_SHARE * before, BAND_SHARE * width)


def compare_versions(
    versions: Sequence[VersionForecast], reasons: Sequence[StoreReasons], item: str
) -> ForecastChanges:
    """Compare the first of several consecutive versions with the last.

    The contributions of the causes are taken from one version to the next and added up. A difference whose
    contributions are unknown counts as unexplained.

    Parameters
    ----------
    versions
        The forecasts of the series, oldest first; at least one.
    reasons
        Reasons stored with each version but the first.
    item
        Item of the series.
    """
    first, last = versions[0], versions[-1]
    days = np.intersect1d(first.days, last.days)
    before, after = _on(days, first.days, first.mean), _on(days, last.days, last.mean)
    parts: Parts = {name: np.zeros(days.size) for name in (*Cause, UNEXPLAINED)}
    for old, new, why in zip(versions[:-1], versions[1:], reasons, strict=True):
        for name, part in _parts(days, old, new, why, item).items():
            parts[name] += part
    _tidy(parts, before, after)
    changed = changed_significantly(before, after, _on(days, first.days, first.width))
    columns = [each[changed].tolist() for each in (days, before, after, *parts.values())]
    notes = [
        why.unexplained or ("" if _explains(old, why) else NOT_KEPT)
        for old, why in zip(versions, reasons, strict=False)
    ]
    return ForecastChanges(
        first.version,
        last.version,
        tuple(cause for cause in Cause if any(cause in why.causes for why in reasons)),
        tuple(dict.fromkeys(filter(None, notes))),
        days.size,
        tuple(DayChange(day_of(day), *values) for day, *values in zip(*columns, strict=True)),
    )


def _explains(old: VersionForecast, why: StoreReasons) -> bool:
    """Whether a version's reasons explain the difference from the version before it in the list."""
    return why.since == old.version and not why.unexplained


def _parts(
    days: IntArray, old: VersionForecast, new: VersionForecast, why: StoreReasons, item: str
) -> Mapping[str, FloatArray]:
    """Contribution of each cause from one version to the next; NaN on days missing from one of them."""
    difference = _on(days, new.days, new.mean) - _on(days, old.days, old.mean)
    if not _explains(old, why) or not why.causes:
        return {UNEXPLAINED: difference}
    *others, last = why.causes
    shifts = why.shifts.get(item, {})
    parts = {str(cause): _on(days, new.days, shifts[cause]) for cause in others if cause in shifts}
    if len(parts) < len(others):
        return {UNEXPLAINED: difference}
    return {**parts, str(last): difference - sum(parts.values())}


def _tidy(parts: Parts, before: FloatArray, after: FloatArray) -> None:
    """Move unknown contributions to the unexplained part, and set rounding errors to 0, in place."""
    unknown = np.isnan(sum(parts.values()))
    least = ROUNDING * (1 + np.maximum(before, after))
    for part in parts.values():
        part[unknown | (np.abs(part) < least)] = 0.0
    parts[UNEXPLAINED][unknown] = (after - before)[unknown]


def _on(days: IntArray, known: IntArray, values: FloatArray) -> FloatArray:
    """(n,) the values on some days; NaN on days that are not among the known ones."""
    if not known.size:
        return np.full(days.size, np.nan)
    at = np.minimum(np.searchsorted(known, days), known.size - 1)
    return np.where(known[at] == days, values[at], np.nan)
