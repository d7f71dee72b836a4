"""*Why*: which factors make up the forecast of a day."""

from datetime import date

import streamlit as st

from forecasting.planning.breakdown import Breakdown, DayBreakdown
from web.shared import formats, html_table, templates
from web.shared.templates import Html
from web.store.waterfall import waterfall

DAY = "why_day"
"""Key of the day picker."""


def why_section(breakdown: Breakdown, as_of: date) -> None:
    """Draw the factors of a day; the reader chooses the day, which is tomorrow at first.

    The picker and the waterfall are a fragment, so choosing another day redraws nothing else.
    """
    if not breakdown.days:
        st.html(html_table.section("Why", html_table.note(breakdown.note)))
        return
    st.html(html_table.section("Why"))
    _day(breakdown, as_of)


@st.fragment
def _day(breakdown: Breakdown, as_of: date) -> None:
    days = {day.ds: day for day in breakdown.days}
    chosen = st.selectbox(
        "Day",
        list(days),
        index=_first_open(breakdown, as_of),
        format_func=formats.long_day,
        key=DAY,
        label_visibility="collapsed",
    )
    st.html(_factors(days.get(chosen, breakdown.days[0])) + html_table.note(breakdown.note))


def _factors(day: DayBreakdown) -> Html:
    if len(day.steps) == 1 and not day.expected:
        return templates.render("paragraph.html", text=f"{day.steps[0].text}: no sales are expected.")
    return waterfall(day)


def _first_open(breakdown: Breakdown, as_of: date) -> int:
    """The index of the first open day from tomorrow on, or 0 if there is none."""
    return next((at for at, day in enumerate(breakdown.days) if day.ds > as_of and day.expected), 0)
