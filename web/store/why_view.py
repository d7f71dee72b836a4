"""*Why* and *Can I trust it*: what a day is made of, and how the last ones came out."""

from collections.abc import Mapping
from datetime import date
from html import escape

import streamlit as st

from forecasting.core.domain import SeriesSummary
from forecasting.core.error_sums import ErrorSums
from forecasting.planning.track_record import LEADS
from forecasting.planning.trust import Trust
from forecasting.planning.why import DayWhy, Why
from web.shared import formats, html_table
from web.shared.html_table import Head
from web.store import why_charts

DAY = "why_day"
"""Key of the picker."""


def why_section(told: Why, as_of: date) -> None:
    """Draw what a day is made of; which day is for the reader to choose, tomorrow at first.

    A fragment of its own: choosing another day draws nothing else again.
    """
    if not told.days:
        st.html(html_table.part("Why", _note(told.note)))
        return
    st.html(html_table.part("Why"))
    _days(told, as_of)


@st.fragment
def _days(told: Why, as_of: date) -> None:
    days = {day.ds: day for day in told.days}
    chosen = st.selectbox(
        "Day",
        list(days),
        index=_first(told, as_of),
        format_func=formats.long_day,
        key=DAY,
        label_visibility="collapsed",
    )
    st.html(_waterfall(days.get(chosen, told.days[0])) + _note(told.note))


def _waterfall(day: DayWhy) -> str:
    if len(day.steps) == 1 and not day.expected:
        return f"<p>{escape(day.steps[0].words)}: nothing is expected to be sold.</p>"
    return why_charts.waterfall(day)


def _first(told: Why, as_of: date) -> int:
    """The place of the first open day from tomorrow on; the first day where there is none."""
    return next((at for at, day in enumerate(told.days) if day.ds > as_of and day.expected), 0)


def trust_section(record: Trust, sums: Mapping[int, ErrorSums], summary: SeriesSummary | None) -> str:
    """How the last days came out, the error by days ahead, and how good the 4-week average is; as HTML.

    Parameters
    ----------
    sums
        The errors of published forecasts, by lead.
    """
    told = [_note("No published forecast has met its day yet: that begins with the next day of sales.")]
    if record.judged:
        counted = f"<b>{record.inside} of {record.judged}</b> days inside the likely range"
        told = [
            f"<p>{counted}, about {record.expected} expected</p>",
            why_charts.strip(record),
            why_charts.legend(record),
            _by_days_ahead(sums),
        ]
    return html_table.part("Can I trust it", *told, _note(_in_backtest(summary)))


AHEAD_HEADS = (
    Head("Forecast made", is_figure=False),
    Head("Error"),
    Head("Lean", is_figure=False),
    Head("Inside"),
    Head("Days"),
)


def _by_days_ahead(sums: Mapping[int, ErrorSums]) -> str:
    """Error and lean of published forecasts by days ahead."""
    known = {lead: sums[lead] for lead in LEADS if sums[lead].days}
    rows = [
        [
            formats.days_before(lead),
            formats.percent(each.wape),
            formats.lean(each.bias),
            formats.percent(each.coverage, 0),
            formats.number(each.days),
        ]
        for lead, each in known.items()
    ]
    table = html_table.table(AHEAD_HEADS, rows)
    return html_table.region("Error of published forecasts by days ahead", table)


def _note(words: str) -> str:
    return f'<p class="note">{escape(words)}</p>'


def _in_backtest(summary: SeriesSummary | None) -> str:
    if summary is None or summary.wape is None:
        return "There is no backtest to compare with the 4-week average by."
    own, naive = formats.percent(summary.wape), formats.percent(summary.naive_wape)
    inside = formats.percent(summary.coverage, 0)
    return (
        f"In the backtest: error {own}, {naive} by the 4-week average; {inside} of days inside, 80% promised."
    )
