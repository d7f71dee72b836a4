"""The track record (pure): which published version counts for a day, what it said, and what came.

For a day and a lead the newest version counts that was made with at least `lead` days to go and reached that
far. Its cutoff lies before the day, so it can't have seen it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from forecasting.core.domain import Actual, SeriesDay, TrackRow, VersionHeader
from forecasting.core.ports import TrackUpdate
from forecasting.core.schema import VALUES

LEADS = (1, 7, 14, 28)
"""Days to go for which forecasts are scored: the next day, a week, two, and the default horizon's last."""

LATE = timedelta(days=28)
"""How far before the newest recorded day days are looked for that were not in the sales at their time."""

Leads = Mapping[date, tuple[int, ...]]
"""The leads of each day a version counts for."""


def look_from(recorded: Collection[SeriesDay], last: date, keep: timedelta) -> date:
    """The first day that may be scored still.

    Parameters
    ----------
    recorded
        The days in the record.
    last
        The newest day of the sales.
    keep
        How long before that a day is kept in the record.
    """
    newest = max((day.ds for day in recorded), default=None)
    kept = last - keep
    return kept if newest is None else max(kept, newest - LATE + timedelta(days=1))


def first_needed(
    recorded: Collection[SeriesDay], candidates: Collection[VersionHeader], since: date
) -> date | None:
    """The first day of sales that bears on the record, or None where none does.

    Parameters
    ----------
    candidates
        The versions that may count.
    since
        The first day that may be scored still.
    """
    forecast = [max(since, header.cutoff + timedelta(days=1)) for header in candidates]
    return min([*forecast, *(day.ds for day in recorded)], default=None)


def actuals(histories: Mapping[str, pd.DataFrame]) -> dict[SeriesDay, Actual]:
    """What each series sold on each day.

    Parameters
    ----------
    histories
        `schema.HISTORY` by item.
    """
    return {
        SeriesDay(item, ds): Actual(y, is_open)
        for item, history in histories.items()
        for ds, y, is_open in zip(
            _days(history["ds"]), history["y"].tolist(), history["is_open"].tolist(), strict=True
        )
    }


def counting(
    candidates: Collection[VersionHeader], days: Iterable[date], leads: Collection[int] = LEADS
) -> dict[int, dict[date, tuple[int, ...]]]:
    """By version, the days and leads it counts for; a day and lead no version was made for is in none."""
    chosen: dict[int, dict[date, tuple[int, ...]]] = {}
    for ds in sorted(set(days)):
        for lead in sorted(leads):
            version = _newest(candidates, ds, lead)
            if version is not None:
                its_days = chosen.setdefault(version, {})
                its_days[ds] = (*its_days.get(ds, ()), lead)
    return chosen


def scored(
    header: VersionHeader, forecast: pd.DataFrame, leads: Leads, sold: Mapping[SeriesDay, Actual]
) -> Iterator[TrackRow]:
    """The rows of one version.

    Parameters
    ----------
    header, forecast
        The version and its `schema.STORE_FORECAST`.
    leads
        The days it counts for.
    sold
        The days of series to be scored; those the forecast has no row for are skipped.
    """
    days = forecast["ds"].to_numpy().astype("datetime64[D]")
    asked = np.isin(days, np.array(list(leads), "datetime64[D]"))
    columns = (forecast[name].array[asked].tolist() for name in ("item", "engine", *VALUES))
    for ds, item, engine, mean, q10, q50, q90 in zip(days[asked].tolist(), *columns, strict=True):
        actual = sold.get(SeriesDay(item, ds))
        if actual is None:
            continue
        origin = (header.version, engine, header.cutoff)
        for lead in leads[ds]:
            yield TrackRow(item, ds, lead, *origin, actual.y, mean, q10, q50, q90, actual.is_open)


def update(
    sales_hash: str,
    sold: Mapping[SeriesDay, Actual],
    recorded: Mapping[SeriesDay, Actual],
    candidates: Collection[VersionHeader],
    since: date,
    read: Callable[[int], pd.DataFrame],
) -> TrackUpdate:
    """What a store's sales change in its record.

    Parameters
    ----------
    sold
        What the sales say, from `first_needed` on.
    recorded
        What the record thinks.
    candidates
        The versions that may count.
    since
        The first day that may be scored still.
    read
        Gives a version's `schema.STORE_FORECAST`; called for those that count for a day not yet recorded.
    """
    fresh = {day: actual for day, actual in sold.items() if day.ds >= since and day not in recorded}
    headers = {header.version: header for header in candidates}
    rows = [
        row
        for version, leads in counting(candidates, {day.ds for day in fresh}).items()
        for row in scored(headers[version], read(version), leads, fresh)
    ]
    known = recorded.keys() & sold.keys()
    return TrackUpdate(
        sales_hash,
        rows,
        corrected={day: sold[day] for day in known if sold[day] != recorded[day]},
        gone=recorded.keys() - sold.keys(),
    )


def _newest(candidates: Collection[VersionHeader], ds: date, lead: int) -> int | None:
    made_by = ds - timedelta(days=lead)
    eligible = (
        each.version
        for each in candidates
        if each.cutoff <= made_by and ds <= each.cutoff + timedelta(days=each.horizon)
    )
    return max(eligible, default=None)


def _days(ds: pd.Series) -> list[date]:
    days: list[date] = ds.to_numpy().astype("datetime64[D]").tolist()
    return days
