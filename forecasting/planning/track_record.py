"""The track record: which published version is scored on a day, and how its forecast compares with the sales.

On a day and a lead the newest version is scored that was made at least `lead` days before the day and whose
horizon includes it. Its cutoff lies before the day, so the version can't have seen the day's sales.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from forecasting.core.domain import Actual, SeriesDay, TrackRow, VersionHeader
from forecasting.core.ports import TrackUpdate
from forecasting.core.schema import VALUES

LEADS = (1, 7, 14, 28)
"""Leads that are scored, in days: the next day, one week, two weeks, and the end of the default horizon."""

LATE = timedelta(days=28)
"""How far before the newest recorded day late sales are still scored."""

Leads = Mapping[date, tuple[int, ...]]
"""The leads on which a version is scored, by day."""


def first_scorable_day(recorded: Collection[SeriesDay], last: date, keep: timedelta) -> date:
    """The first day that can still be scored.

    Parameters
    ----------
    recorded
        The days of series in the record.
    last
        The newest day of the sales.
    keep
        How long before `last` a day is kept in the record.
    """
    newest = max((day.ds for day in recorded), default=None)
    kept = last - keep
    return kept if newest is None else max(kept, newest - LATE + timedelta(days=1))


def first_needed(
    recorded: Collection[SeriesDay], candidates: Collection[VersionHeader], since: date
) -> date | None:
    """The first day whose sales can change the record; None if there is none.

    Parameters
    ----------
    candidates
        The versions that may be scored.
    since
        The first day that can still be scored.
    """
    forecast = [max(since, header.cutoff + timedelta(days=1)) for header in candidates]
    return min([*forecast, *(day.ds for day in recorded)], default=None)


def actuals(histories: Mapping[str, pd.DataFrame]) -> dict[SeriesDay, Actual]:
    """The sales of each series on each day.

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


def versions_to_score(
    candidates: Collection[VersionHeader], days: Iterable[date], leads: Collection[int] = LEADS
) -> dict[int, dict[date, tuple[int, ...]]]:
    """Map each version to the days and leads it is scored on. Pairs that no version covers are omitted."""
    chosen: dict[int, dict[date, tuple[int, ...]]] = {}
    for ds in sorted(set(days)):
        for lead in sorted(leads):
            version = _newest(candidates, ds, lead)
            if version is not None:
                its_days = chosen.setdefault(version, {})
                its_days[ds] = (*its_days.get(ds, ()), lead)
    return chosen


def score_version(
    header: VersionHeader, forecast: pd.DataFrame, leads: Leads, sold: Mapping[SeriesDay, Actual]
) -> Iterator[TrackRow]:
    """Score one version.

    Parameters
    ----------
    header, forecast
        The version and its `schema.STORE_FORECAST`.
    leads
        The days and leads it is scored on.
    sold
        Sales of the days of series to score. Days without a row in the forecast are skipped.
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


def compute_update(
    sales_hash: str,
    sold: Mapping[SeriesDay, Actual],
    recorded: Mapping[SeriesDay, Actual],
    candidates: Collection[VersionHeader],
    since: date,
    read: Callable[[int], pd.DataFrame],
) -> TrackUpdate:
    """Compute how a store's sales change its record.

    Parameters
    ----------
    sold
        The sales from `first_needed` on.
    recorded
        The sales as the record has them.
    candidates
        The versions that may be scored.
    since
        The first day that can still be scored.
    read
        Returns a version's `schema.STORE_FORECAST`. Called only for versions scored on a day that is not
        recorded yet.
    """
    fresh = {day: actual for day, actual in sold.items() if day.ds >= since and day not in recorded}
    headers = {header.version: header for header in candidates}
    rows = [
        row
        for version, leads in versions_to_score(candidates, {day.ds for day in fresh}).items()
        for row in score_version(headers[version], read(version), leads, fresh)
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
