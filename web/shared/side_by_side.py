"""Comparing series and versions: their names, the week ahead, and their days side by side. Pure functions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from forecasting.core.domain import ALL_ITEMS, SeriesKey
from web.shared import formats

WEEK = 7
NO_FORECAST = "no forecast"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the compared series.

    Attributes
    ----------
    version
        The version of its forecast; None without one.
    sales_hash
        The hash of all sales of the store.
    """

    key: SeriesKey
    version: int | None
    sales_hash: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a forecast.

    Attributes
    ----------
    mean
        Expected demand; 0 on a closed day.
    """

    mean: float
    is_open: bool


def side_names(sides: Sequence[Side]) -> list[str]:
    """Name each side by what distinguishes it, and no more.

    ``store 17``, ``store 17, product 101``, ``version 5``.
    """
    same_series = len({side.key for side in sides}) == 1
    only_totals = all(side.key.item == ALL_ITEMS for side in sides)
    versions = {key: {side.version for side in sides if side.key == key} for key in {s.key for s in sides}}
    names = []
    for side in sides:
        parts = [] if same_series and len(versions[side.key]) > 1 else [f"store {side.key.store}"]
        if parts and not only_totals:
            parts.append(formats.item(side.key.item).lower())
        if len(versions[side.key]) > 1:
            parts.append(f"version {side.version}" if side.version else NO_FORECAST)
        names.append(", ".join(parts))
    return _numbered(names)


def _numbered(names: list[str]) -> list[str]:
    """Add a number to names that occur more than once."""
    repeated = Counter(names)
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name} ({seen[name]})" if repeated[name] > 1 else name)
    return numbered


def distinct_parts(names: Sequence[str]) -> list[str]:
    """Drop the words with which all names begin: ``store 3``, ``store 2`` become ``3``, ``2``."""
    words = [name.split() for name in names]
    most = min(len(each) for each in words) - 1
    shared = next((at for at in range(most) if len({each[at] for each in words}) > 1), most)
    return [" ".join(each[shared:]) for each in words]


def capitalized(name: str) -> str:
    """Begin a name with a capital letter and leave the rest alone: ``Store 17, product 101``."""
    return name[:1].upper() + name[1:]


def days(forecast: pd.DataFrame | None) -> dict[date, Day]:
    """Map each day of a forecast (`schema.STORE_FORECAST`) to its demand; empty for None."""
    if forecast is None:
        return {}
    columns = zip(forecast["ds"], forecast["mean"].tolist(), forecast["is_open"].tolist(), strict=True)
    return {instant.date(): Day(mean, is_open) for instant, mean, is_open in columns}


def next_week(forecast: dict[date, Day], as_of: date) -> float | None:
    """Add up the seven days from the business date; None if the forecast lacks one of them."""
    week = [forecast.get(as_of + timedelta(days=after)) for after in range(WEEK)]
    return sum(day.mean for day in week if day) if all(week) else None


def last_week(sold: pd.DataFrame, as_of: date) -> float | None:
    """Add up the sales of the seven days before the business date; None if one of them is missing."""
    week = sold[sold["ds"].between(pd.Timestamp(as_of - timedelta(days=WEEK)), pd.Timestamp(as_of), "left")]
    return float(week["y"].sum()) if len(week) == WEEK else None


def headline(names: Sequence[str], weeks: Sequence[float | None]) -> str:
    """Compare the week ahead of all sides in one sentence.

    Parameters
    ----------
    weeks
        Expected demand of the next 7 days of each side; None if unknown.
    """
    known = sorted(
        ((value, name) for name, value in zip(names, weeks, strict=True) if value is not None),
        key=lambda each: -each[0],
    )
    if len(known) < len(names) or not known:
        return "Some of these have no forecast for the next 7 days"
    (most, first), (least, last) = known[0], known[-1]
    if formats.units(most) == formats.units(least):
        return f"Next 7 days: {first} and {last} have the same forecast, {formats.amount(most)}"
    if len(known) == len(("first", "last")) and least:
        higher = formats.percent(most / least - 1, 0)
        return f"Next 7 days: {first} is forecast {higher} above {last}"
    return (
        f"Next 7 days: {first} has the highest forecast, {formats.amount(most)}, "
        f"and {last} the lowest, {formats.amount(least)}"
    )


def all_days(forecasts: Iterable[dict[date, Day]], since: date) -> list[date]:
    """List every day from `since` that any of the forecasts covers, ascending."""
    return sorted({day for forecast in forecasts for day in forecast if day >= since})


def highest_value(frames: Iterable[tuple[pd.DataFrame, pd.DataFrame | None]]) -> float:
    """Find the highest value that any chart shows: of sales, or of the band's upper edge.

    Parameters
    ----------
    frames
        Sales (`schema.HISTORY`) and forecast (`schema.STORE_FORECAST`) of each side.
    """
    values = [0.0]
    for sold, forecast in frames:
        values += [sold["y"].max()] if len(sold) else []
        values += [forecast["q90"].max()] if forecast is not None else []
    return float(max(values))
