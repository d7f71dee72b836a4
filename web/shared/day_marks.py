"""Marks of days on a forecast chart: closures, holidays, promotions, today.

Closed days are grey columns, promotions an orange strip at the foot; each mark is labelled in words too.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from html import escape
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from web.shared.colours import Palette
from web.shared.figures import note

HALF_DAY, DAY = pd.Timedelta(hours=12), pd.Timedelta(days=1)
PROMOTION_FOOT = (0.0, 0.022)
"""Lower and upper edge of the promotion strip, as shares of the plot's height."""

Run = Sequence[pd.Timestamp]
"""Consecutive days."""


class ChartDay(NamedTuple):
    """One day of a chart, past or future, with what can be marked on it."""

    ds: pd.Timestamp
    is_open: bool
    promo: bool
    holiday: str


def chart_days(sold: pd.DataFrame, forecast: pd.DataFrame | None) -> list[ChartDay]:
    """Each day once. A day that is in both frames is taken from `sold`."""
    days: dict[pd.Timestamp, ChartDay] = {}
    for frame in (sold,) if forecast is None else (sold, forecast):
        for values in zip(*(frame[name] for name in ChartDay._fields), strict=True):
            days.setdefault(values[0], ChartDay(*values))
    return list(days.values())


def split_runs(days: Run) -> Iterator[Run]:
    """Split ascending days into runs of consecutive ones."""
    breaks = [at for at in range(1, len(days)) if days[at] - days[at - 1] != DAY]
    for start, end in pairwise([0, *breaks, len(days)]):
        if end > start:
            yield days[start:end]


def shapes(days: Sequence[ChartDay], as_of: date, colours: Palette) -> list[dict[str, object]]:
    """Columns of closed days, strips of promotions, and the line of today, as Plotly shapes."""
    return [
        *_closed_columns(days, colours),
        *_promotion_strips(_promoted(days), colours),
        _today(as_of, colours),
    ]


def notes(
    days: Sequence[ChartDay], levels: Mapping[pd.Timestamp, float], as_of: date, colours: Palette
) -> list[dict[str, object]]:
    """Reasons of closures, names of holidays, and the labels of promotions and today, as Plotly annotations.

    Parameters
    ----------
    levels
        The highest value drawn on each day: names of holidays keep clear of it.
    """
    return [
        *_closure_reasons(days, colours),
        *_holiday_names(days, levels, colours),
        *_promotion_labels(_promoted(days), colours),
        note(as_of, 1, "today", colours.quiet, yref="paper", yanchor="bottom"),
    ]


def _promoted(days: Sequence[ChartDay]) -> list[Run]:
    return [*split_runs([day.ds for day in days if day.promo])]


def _closed_columns(days: Sequence[ChartDay], colours: Palette) -> Iterator[dict[str, object]]:
    for ds in (day.ds for day in days if not day.is_open):
        yield {
            "type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": ds - HALF_DAY, "x1": ds + HALF_DAY,
            "fillcolor": colours.closed, "line": {"width": 0}, "layer": "below",
        }  # fmt: skip


def _closure_reasons(days: Sequence[ChartDay], colours: Palette) -> Iterator[dict[str, object]]:
    for day in days:
        if day.holiday and not day.is_open:
            reason = f"closed · {escape(day.holiday)}"
            yield note(day.ds, 0.5, reason, colours.quiet, yref="paper", textangle=-90)


def _holiday_names(
    days: Sequence[ChartDay], levels: Mapping[pd.Timestamp, float], colours: Palette
) -> Iterator[dict[str, object]]:
    """Name the holidays on which the store is open: above the line where it is low, else below it."""
    middle = max(levels.values(), default=0.0) / 2
    for day in days:
        if day.holiday and day.is_open:
            high = levels.get(day.ds, 0.0) > middle
            y, anchor = (0.08, "bottom") if high else (0.99, "top")
            name = escape(day.holiday)
            yield note(day.ds, y, name, colours.quiet, yref="paper", textangle=-90, yanchor=anchor)


def _promotion_strips(promoted: Sequence[Run], colours: Palette) -> Iterator[dict[str, object]]:
    for run in promoted:
        yield {
            "type": "rect", "yref": "paper", "y0": PROMOTION_FOOT[0], "y1": PROMOTION_FOOT[1],
            "x0": run[0] - HALF_DAY, "x1": run[-1] + HALF_DAY,
            "fillcolor": colours.promotion, "line": {"width": 0},
        }  # fmt: skip


def _promotion_labels(promoted: Sequence[Run], colours: Palette) -> Iterator[dict[str, object]]:
    beside = {"yref": "paper", "xanchor": "left", "xshift": 9, "yanchor": "bottom"}
    for run in promoted:
        yield note(run[0] - HALF_DAY, PROMOTION_FOOT[1], "promotion", colours.promotion, **beside)


def _today(as_of: date, colours: Palette) -> dict[str, object]:
    line = {"color": colours.quiet, "width": 1.4, "dash": "dot"}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": as_of, "x1": as_of, "line": line}
