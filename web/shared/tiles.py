"""Tiles: figures with a label and a note, such as the four above the chart of a store."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import pandas as pd
import streamlit as st

from forecasting.core.domain import SeriesSummary
from web.shared import formats, templates
from web.shared.templates import Html

WEEK = 7


class Tile(NamedTuple):
    """One figure.

    Attributes
    ----------
    note
        A line below the figure.
    tip
        What the figure means, shown on request.
    """

    label: str
    value: str
    note: str
    tip: str = ""


def tiles(forecast: pd.DataFrame, summary: SeriesSummary | None, as_of: date) -> Html:
    """Draw the four figures: tomorrow, the next 7 days, these vs last week, and the error in backtests."""
    return _row(
        [tomorrow(forecast, as_of), _week(forecast, summary, as_of), _change(summary), _error(summary)]
    )


def draw(row: Sequence[Tile]) -> None:
    """Draw figures side by side, as many in a row as there is room for."""
    st.html(_row(row))


def _row(row: Sequence[Tile]) -> Html:
    return templates.render("tiles.html", tiles=row)


def tomorrow(forecast: pd.DataFrame, as_of: date) -> Tile:
    """Tomorrow's expected demand with its likely range."""
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


def _change(summary: SeriesSummary | None) -> Tile:
    label = "Change vs last week"
    tip = "The next 7 days compared with the same weekdays of last week, and of 52 weeks before."
    if summary is None:
        return Tile(label, formats.NONE, "", tip)
    on_year = formats.change(summary.next7, summary.year7)
    note = f"last week: {formats.units(summary.last7)}; vs last year {on_year}"
    return Tile(label, formats.change(summary.next7, summary.last7), note, tip)


def _error(summary: SeriesSummary | None) -> Tile:
    label = "Error in backtest"
    tip = (
        "Forecasts were made as if the newest weeks of sales were not known yet, up to four times, and "
        "compared with those sales. The error is the sum of the daily misses as a share of all sales. "
        "Accuracy shows it by days ahead, and for published forecasts."
    )
    if summary is None or summary.wape is None:
        return Tile(label, formats.NONE, "no backtest yet", tip)
    naive = formats.percent(summary.naive_wape)
    return Tile(label, formats.percent(summary.wape), f"4-week average: {naive}", tip)
