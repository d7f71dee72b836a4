"""The four figures above the chart."""

from datetime import date, timedelta

import pandas as pd
import streamlit as st

from forecasting.domain import SeriesSummary
from web import formats

WEEK = 7


def tiles(forecast: pd.DataFrame, summary: SeriesSummary | None, as_of: date) -> None:
    """Draw the four figures: tomorrow, seven days, the same against last week and year, the recent error."""
    for column, draw in zip(st.columns(4), (_tomorrow, _week, _against, _error), strict=True):
        with column:
            draw(forecast, summary, as_of)


def tile(label: str, value: str, note: str, *, tip: str | None = None) -> None:
    """Draw one figure with its label, and a note below."""
    st.metric(
        label, value, note, delta_color="off", delta_arrow="off", border=True, help=tip, height="stretch"
    )


def _tomorrow(forecast: pd.DataFrame, _summary: SeriesSummary | None, as_of: date) -> None:
    tomorrow_tile(forecast, as_of)


def tomorrow_tile(forecast: pd.DataFrame, as_of: date) -> None:
    """Draw what is expected of tomorrow, with its likely range."""
    day = as_of + timedelta(days=1)
    label = f"Tomorrow, {formats.day(day)}"
    rows = forecast[forecast["ds"] == pd.Timestamp(day)]
    if rows.empty:
        tile(label, formats.NONE, "beyond this forecast")
    elif not rows["is_open"].iloc[0]:
        tile(label, "Closed", formats.plain(rows["holiday"].iloc[0]) or "usual closing day")
    else:
        row = rows.iloc[0]
        tile(
            label,
            formats.amount(row["mean"]),
            f"likely {formats.units(row['q10'])} – {formats.units(row['q90'])}",
        )


def _week(forecast: pd.DataFrame, summary: SeriesSummary | None, as_of: date) -> None:
    start = forecast["ds"].iloc[0].date()
    label = "Next 7 days" if start == as_of else f"7 days from {formats.day(start)}"
    if summary is None:
        tile(label, formats.NONE, "")
        return
    closed = int((~forecast["is_open"].iloc[:WEEK]).sum())
    tile(
        label,
        formats.amount(summary.next7),
        f"closed on {formats.days(closed)}" if closed else "open every day",
    )


def _against(_forecast: pd.DataFrame, summary: SeriesSummary | None, _as_of: date) -> None:
    label = "Against last week"
    tip = "The next seven days against the same weekdays of the week before, and of 52 weeks before."
    if summary is None:
        tile(label, formats.NONE, "", tip=tip)
        return
    on_year = formats.change(summary.next7, summary.year7)
    note = f"last week {formats.units(summary.last7)}, on last year {on_year}"
    tile(label, formats.change(summary.next7, summary.last7), note, tip=tip)


def _error(_forecast: pd.DataFrame, summary: SeriesSummary | None, _as_of: date) -> None:
    label = "Error in backtest"
    tip = (
        "Forecasts made without the newest weeks of sales, then compared with them, up to four times from "
        "further back: the sum of the daily misses as a share of all sales. **Accuracy** shows it by days "
        "ahead, and how published forecasts did."
    )
    if summary is None or summary.wape is None:
        tile(label, formats.NONE, "no backtest yet", tip=tip)
        return
    naive = formats.percent(summary.naive_wape)
    tile(label, formats.percent(summary.wape), f"{naive} by the 4-week average", tip=tip)
