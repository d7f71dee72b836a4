"""*What changed*: which days moved since a version before, and what moved them."""

from collections.abc import Iterable

import streamlit as st

from forecasting.core.explanation import Cause
from forecasting.planning.changes import DayChange, ForecastChanges
from web.shared import formats, html_table
from web.shared.html_table import Heading

CAUSES = {Cause.SALES: "new sales", Cause.PLAN: "a changed plan", Cause.MODEL: "a new model"}
PARTS = {"sales": "New sales", "plan": "Plan", "model": "Model", "unexplained": "Not told apart"}


def changes_section(found: ForecastChanges, *, since_visit: bool) -> None:
    """Say in one line what changed; the days that moved with what moved each, for who wants to know.

    Parameters
    ----------
    since_visit
        Whether it is told since the reader was here last; else since the version before.
    """
    if found.since is None:
        return
    since = "your last visit" if since_visit else "the version before"
    with st.expander(f"**What changed** since {since} (version {found.since}): {headline(found)}"):
        if found.days:
            st.html(_table(found))
        else:
            st.caption("A day has moved where it differs by more than 5% and a quarter of its likely range.")
        for note in found.notes:
            st.caption(f"{note}.")


def headline(found: ForecastChanges) -> str:
    """``3 of 27 days moved, most Sat 6 Apr +12%; new sales``."""
    causes = " and ".join(CAUSES[cause] for cause in found.causes)
    if not found.days:
        return f"no day moved beyond tolerance; {causes}" if causes else "nothing"
    most = max(found.days, key=lambda day: abs(day.difference))
    told = f"most {formats.day(most.ds)} {formats.change(most.after, most.before)}"
    return f"{len(found.days)} of {formats.days(found.compared)} moved, {told}" + (
        f"; {causes}" if causes else ""
    )


def _table(found: ForecastChanges) -> str:
    parts = {name: words for name, words in PARTS.items() if any(getattr(day, name) for day in found.days)}
    heads = [Heading("Day", is_figure=False), *map(Heading, ("Before", "Now", "Change", *parts.values()))]
    table = html_table.table(heads, [_row(day, parts) for day in found.days])
    return html_table.scrolling("Days that moved, and what moved them", table)


def _row(day: DayChange, parts: Iterable[str]) -> list[str]:
    moved = [formats.signed(getattr(day, name)) for name in parts]
    values = [formats.units(day.before), formats.units(day.after), formats.signed(day.difference)]
    return [formats.day(day.ds), *values, *moved]
