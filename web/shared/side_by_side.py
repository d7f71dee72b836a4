"""Comparing series and versions (pure): what they are called, their week, their days beside each other."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from forecasting.core.domain import ALL_ITEMS, SeriesKey
from web.shared import formats

WEEK = 7


@dataclass(frozen=True, slots=True)
class Side:
    """One of the series that are compared.

    Attributes
    ----------
    version
        Of its forecast; None without one.
    sales_hash
        Of all sales of the store.
    """

    key: SeriesKey
    version: int | None
    sales_hash: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a side's forecast.

    Attributes
    ----------
    mean
        Expected demand; 0 on a closed day.
    """

    mean: float
    is_open: bool


def names(sides: Sequence[Side]) -> list[str]:
    """What the sides are called: by what tells them apart, and no more than that.

    ``store 17``, ``store 17, product 101``, ``version 5``.
    """
    same_series = len({side.key for side in sides}) == 1
    only_totals = all(side.key.item == ALL_ITEMS for side in sides)
    versions = {key: {side.version for side in sides if side.key == key} for key in {s.key for s in sides}}
    named = []
    for side in sides:
        parts = [] if same_series and len(versions[side.key]) > 1 else [f"store {side.key.store}"]
        if parts and not only_totals:
            parts.append(formats.item(side.key.item).lower())
        if len(versions[side.key]) > 1:
            parts.append(f"version {side.version}" if side.version else "no forecast")
        named.append(", ".join(parts))
    return _told_apart(named)


def _told_apart(named: list[str]) -> list[str]:
    """With a number where two are the very same."""
    repeated = Counter(named)
    seen: Counter[str] = Counter()
    told = []
    for name in named:
        seen[name] += 1
        told.append(f"{name} ({seen[name]})" if repeated[name] > 1 else name)
    return told


def days(forecast: pd.DataFrame | None) -> dict[date, Day]:
    """The days of a forecast (`schema.STORE_FORECAST`)."""
    if forecast is None:
        return {}
    columns = zip(forecast["ds"], forecast["mean"].tolist(), forecast["is_open"].tolist(), strict=True)
    return {instant.date(): Day(mean, is_open) for instant, mean, is_open in columns}


def week(ahead: dict[date, Day], as_of: date) -> float | None:
    """Expected demand of the seven days from the business date; None where the forecast lacks one of them."""
    wanted = [ahead.get(as_of + timedelta(days=after)) for after in range(WEEK)]
    return sum(day.mean for day in wanted if day) if all(wanted) else None


def week_before(sold: pd.DataFrame, as_of: date) -> float | None:
    """What was sold in the seven days before the business date; None where one of them is missing."""
    last = sold[sold["ds"].between(pd.Timestamp(as_of - timedelta(days=WEEK)), pd.Timestamp(as_of), "left")]
    return float(last["y"].sum()) if len(last) == WEEK else None


def news(named: Sequence[str], weeks: Sequence[float | None]) -> str:
    """The week ahead of the sides in one sentence."""
    known = sorted(
        ((value, name) for name, value in zip(named, weeks, strict=True) if value is not None),
        key=lambda each: -each[0],
    )
    if len(known) < len(named) or not known:
        return "Not all of these have a forecast of the next 7 days"
    (most, first), (least, last) = known[0], known[-1]
    if formats.units(most) == formats.units(least):
        return f"{_upper(first)} and {last} expect the same in the next 7 days: {formats.amount(most)}"
    if len(known) == len(("one", "other")) and least:
        more = formats.percent(most / least - 1, 0)
        return f"{_upper(first)} expects {more} more than {last} in the next 7 days"
    return (
        f"In the next 7 days {first} expects most, {formats.amount(most)}, "
        f"and {last} least, {formats.amount(least)}"
    )


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def all_days(sides: Iterable[dict[date, Day]], since: date) -> list[date]:
    """Every day from `since` that any of the sides forecasts, ascending."""
    return sorted({day for ahead in sides for day in ahead if day >= since})


def top(frames: Iterable[tuple[pd.DataFrame, pd.DataFrame | None]]) -> float:
    """The highest value that is drawn of any side: sold, or the band's upper edge."""
    highest = [0.0]
    for sold, forecast in frames:
        highest += [sold["y"].max()] if len(sold) else []
        highest += [forecast["q90"].max()] if forecast is not None else []
    return float(max(highest))
