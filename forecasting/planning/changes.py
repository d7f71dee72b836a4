"""What changed between two versions of a forecast: which days moved, and what moved them (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import pandas as pd

from forecasting.core.day_arrays import BoolArray, FloatArray, IntArray, day_of
from forecasting.core.explanation import Cause, StoreReasons

MEAN_SHARE, BAND_SHARE = 0.05, 0.25
"""A day has moved where its mean differs by more than 5% of what it was, and by more than a quarter of the
width its band had: less than either is not worth a planner's second look. A convention."""

ROUNDING = 1e-12
"""Share of a mean up to which what is left of numbers that cancel is taken for rounding."""

NOT_KEPT = "What moved it was not kept with the forecast, or a version between the two is missing"

UNTOLD = "untold"
Parts = dict[str, FloatArray]


@dataclass(frozen=True, slots=True)
class VersionForecast:
    """What one version said of a series.

    Attributes
    ----------
    days
        (h,) since 1970-01-01, ascending.
    mean, width
        (h,) expected demand, and q90 - q10.
    """

    version: int
    days: IntArray
    mean: FloatArray
    width: FloatArray

    @classmethod
    def of(cls, version: int, rows: pd.DataFrame) -> Self:
        """Take over `schema.STORE_FORECAST` of one item; it may have no rows."""
        days = rows["ds"].to_numpy().astype("datetime64[D]").astype(np.int64)
        width = rows["q90"].to_numpy(np.float64) - rows["q10"].to_numpy(np.float64)
        return cls(version, days, rows["mean"].to_numpy(np.float64), width)


@dataclass(frozen=True, slots=True)
class DayChange:
    """A day that moved.

    Attributes
    ----------
    before, after
        Expected demand in the one version and in the other.
    sales, plan, model, untold
        By how much new sales, a changed plan and a new model moved it, and what can't be told apart; they
        add up to the difference.
    """

    ds: date
    before: float
    after: float
    sales: float
    plan: float
    model: float
    untold: float

    @property
    def difference(self) -> float:
        """``after - before``."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class ForecastChanges:
    """What changed from one version to another.

    Attributes
    ----------
    since, version
        Their numbers; `since` is None where there was no version before.
    causes
        What has changed between them.
    notes
        Why what moved a day can't be told apart, where that is so; as sentences.
    compared
        Days that both speak of.
    days
        Those of them that moved beyond tolerance.
    """

    since: int | None
    version: int
    causes: tuple[Cause, ...] = ()
    notes: tuple[str, ...] = ()
    compared: int = 0
    days: tuple[DayChange, ...] = ()


def moved(before: FloatArray, after: FloatArray, width: FloatArray) -> BoolArray:
    """Which days moved beyond tolerance.

    Parameters
    ----------
    before, after, width
        (n,) expected demand of then and of now, and the width of the band of then.
    """
    return np.abs(after - before) > np.maximum(MEAN_SHARE * before, BAND_SHARE * width)


def compare_versions(
    line: Sequence[VersionForecast], reasons: Sequence[StoreReasons], item: str
) -> ForecastChanges:
    """What changed from the first version of a line to its last.

    What moved a day is told from one version to the next and added up. Where that can't be done for one of
    them, its part of the difference is not told apart.

    Parameters
    ----------
    line
        What each version said of the series, the oldest first; at least one.
    reasons
        Those of each version but the first.
    item
        Of the series.
    """
    first, last = line[0], line[-1]
    days = np.intersect1d(first.days, last.days)
    before, after = _on(days, first.days, first.mean), _on(days, last.days, last.mean)
    parts: Parts = {name: np.zeros(days.size) for name in (*Cause, UNTOLD)}
    for old, new, why in zip(line[:-1], line[1:], reasons, strict=True):
        for name, part in _parts(days, old, new, why, item).items():
            parts[name] += part
    _tidy(parts, before, after)
    changed = moved(before, after, _on(days, first.days, first.width))
    columns = [each[changed].tolist() for each in (days, before, after, *parts.values())]
    notes = [
        why.untold or ("" if _told(old, why) else NOT_KEPT) for old, why in zip(line, reasons, strict=False)
    ]
    return ForecastChanges(
        first.version,
        last.version,
        tuple(cause for cause in Cause if any(cause in why.causes for why in reasons)),
        tuple(dict.fromkeys(filter(None, notes))),
        days.size,
        tuple(DayChange(day_of(day), *values) for day, *values in zip(*columns, strict=True)),
    )


def _told(old: VersionForecast, why: StoreReasons) -> bool:
    """Whether the reasons of a version are about the one before it here."""
    return why.since == old.version and not why.untold


def _parts(
    days: IntArray, old: VersionForecast, new: VersionForecast, why: StoreReasons, item: str
) -> Mapping[str, FloatArray]:
    """What each cause moved from one version to the next; NaN on days one of them does not have."""
    difference = _on(days, new.days, new.mean) - _on(days, old.days, old.mean)
    if not _told(old, why) or not why.causes:
        return {UNTOLD: difference}
    *others, last = why.causes
    shifts = why.shifts.get(item, {})
    parts = {str(cause): _on(days, new.days, shifts[cause]) for cause in others if cause in shifts}
    if len(parts) < len(others):
        return {UNTOLD: difference}
    return {**parts, str(last): difference - sum(parts.values())}


def _tidy(parts: Parts, before: FloatArray, after: FloatArray) -> None:
    """Leave untold what is not known on the way, and rounding out."""
    unknown = np.isnan(sum(parts.values()))
    least = ROUNDING * (1 + np.maximum(before, after))
    for part in parts.values():
        part[unknown | (np.abs(part) < least)] = 0.0
    parts[UNTOLD][unknown] = (after - before)[unknown]


def _on(days: IntArray, known: IntArray, values: FloatArray) -> FloatArray:
    """(n,) the values of some days; NaN on those that are not among the known."""
    if not known.size:
        return np.full(days.size, np.nan)
    at = np.minimum(np.searchsorted(known, days), known.size - 1)
    return np.where(known[at] == days, values[at], np.nan)
