"""The four figures above the chart."""

from collections.abc import Sequence
from datetime import date, timedelta
from html import escape
from typing import NamedTuple

import pandas as pd
import streamlit as st

from forecasting.core.domain import SeriesSummary
from web.shared import formats

WEEK = 7


class Tile(NamedTuple):
    """One figure with its label, a note below, and what it means for who asks."""

    label: str
    value: str
    note: str
    tip: str = ""


def tiles(forecast: pd.DataFrame, summary: SeriesSummary | None, as_of: date) -> str:
    """The four figures: tomorrow, seven days, the same against last week and year, the recent error."""
    return _row(
        [tomorrow(forecast, as_of), _week(forecast, summary, as_of), _against(summary), _error(summary)]
    )


def draw(shown: Sequence[Tile]) -> None:
    """Draw figures side by side, as many in a row as there is room for."""
    st.html(_row(shown))


def _row(shown: Sequence[Tile]) -> str:
    return f'<div class="tiles">{"".join(map(_drawn, shown))}</div>'


def _drawn(tile: Tile) -> str:
    tip = escape(tile.tip)
    asked = f'<span class="tip" tabindex="0" role="note" aria-label="{tip}" data-tip="{tip}">?</span>' * bool(
        tip
    )
    return (
        f'<div class="tile"><p class="label">{escape(tile.label)}{asked}</p>'
        f'<p class="value">{escape(tile.value)}</p><p class="note">{escape(tile.note)}</p></div>'
    )


def tomorrow(forecast: pd.DataFrame, as_of: date) -> Tile:
    """What is expected of tomorrow, with its likely range."""
    day = as_of + timedelta(days=1)
    label = f"Tomorrow, {formats.day(day)}"
    rows = forecast[forecast["ds"] == pd.Timestamp(day)]
    if rows.empty:
        return Tile(label, formats.NONE, "beyond this forecast")
    if not rows["is_open"].iloc[0]:
        return Tile(label, "Closed", rows["holiday"].iloc[0] or "usual closing day")
    row = rows.iloc[0]
    likely = f"likely {formats.units(row['q10'])} – {formats.units(row['q90'])}"
    return Tile(label, formats.amount(row["mean"]), likely)


def _week(forecast: pd.DataFrame, summary: SeriesSummary | None, as_of: date) -> Tile:
    start = forecast["ds"].iloc[0].date()
    label = "Next 7 days" if start == as_of else f"7 days from {formats.day(start)}"
    if summary is None:
        return Tile(label, formats.NONE, "")
    closed = int((~forecast["is_open"].iloc[:WEEK]).sum())
    note = f"closed on {formats.days(closed)}" if closed else "open every day"
    return Tile(label, formats.amount(summary.next7), note)


def _against(summary: SeriesSummary | None) -> Tile:
    label = "Against last week"
    tip = "The next seven days against the same weekdays of the week before, and of 52 weeks before."
    if summary is None:
        return Tile(label, formats.NONE, "", tip)
    on_year = formats.change(summary.next7, summary.year7)
    note = f"last week {formats.units(summary.last7)}, on last year {on_year}"
    return Tile(label, formats.change(summary.next7, summary.last7), note, tip)


def _error(summary: SeriesSummary | None) -> Tile:
    label = "Error in backtest"
    tip = (
        "Forecasts made without the newest weeks of sales, then compared with them, up to four times from "
        "further back: the sum of the daily misses as a share of all sales. Accuracy shows it by days "
        "ahead, and how published forecasts did."
    )
    if summary is None or summary.wape is None:
        return Tile(label, formats.NONE, "no backtest yet", tip)
    naive = formats.percent(summary.naive_wape)
    return Tile(label, formats.percent(summary.wape), f"{naive} by the 4-week average", tip)
