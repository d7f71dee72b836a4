"""*What changed*: which days of the forecast changed since an earlier version, and why."""

from collections.abc import Iterable

import streamlit as st

from forecasting.core.explanation import Cause
from forecasting.planning.changes import DayChange, ForecastChanges
from web.shared import formats, html_table
from web.shared.html_table import Heading
from web.shared.templates import Html

CAUSES = {Cause.SALES: "new sales added", Cause.PLAN: "plan changed", Cause.MODEL: "model retrained"}
CAUSE_COLUMNS = {"sales": "New sales", "plan": "Plan", "model": "Model", "unexplained": "Cause unknown"}
"""Title of each attribute of `DayChange` that holds a part of the difference."""

SIGNIFICANT = "A change is significant above 5% and a quarter of the day's likely range."


def changes_section(changes: ForecastChanges, *, since_visit: bool) -> None:
    """Draw one line about what changed, and inside it a table of the changed days and the causes.

    Parameters
    ----------
    since_visit
        Whether the changes are since the reader's last visit, not since the previous version.
    """
    if changes.since is None:
        return
    since = "your last visit" if since_visit else "the previous version"
    with st.expander(f"**What changed** since {since} (version {changes.since}): {headline(changes)}"):
        if changes.days:
            st.html(_table(changes))
        else:
            st.caption(SIGNIFICANT)
        for note in changes.notes:
            st.caption(f"{note}.")


def headline(changes: ForecastChanges) -> str:
    """``3 of 27 days changed, most Sat 6 Apr +12%; new sales added``."""
    causes = " and ".join(CAUSES[cause] for cause in changes.causes)
    if not changes.days:
        return f"No significant change; {causes}" if causes else "No change"
    most = max(changes.days, key=lambda day: abs(day.difference))
    largest = f"most {formats.day(most.ds)} {formats.change(most.after, most.before)}"
    sentence = f"{len(changes.days)} of {formats.days(changes.compared)} changed, {largest}"
    return f"{sentence}; {causes}" if causes else sentence


def _table(changes: ForecastChanges) -> Html:
    causes = {
        name: title
        for name, title in CAUSE_COLUMNS.items()
        if any(getattr(day, name) for day in changes.days)
    }
    titles = ("Before", "Now", "Change", *causes.values())
    headings = [Heading("Day", is_figure=False), *map(Heading, titles)]
    table = html_table.table(headings, [_row(day, causes) for day in changes.days])
    return html_table.scrolling("Days that changed, and why", table)


def _row(day: DayChange, causes: Iterable[str]) -> list[str]:
    values = [formats.units(day.before), formats.units(day.after), formats.signed(day.difference)]
    return [formats.day(day.ds), *values, *(formats.signed(getattr(day, name)) for name in causes)]
