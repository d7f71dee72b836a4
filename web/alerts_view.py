"""The alerts above the chart, side by side on one line."""

from collections.abc import Sequence

import streamlit as st

from forecasting.planning.alerts import Alert, Subject
from web import formats

LOOKS = {
    Subject.MISSES: ("orange", "target"),
    Subject.UNUSUAL: ("orange", "priority_high"),
    Subject.CLOSED: ("gray", "event_busy"),
}
"""Colour and icon of each subject; the words say it all."""


def alerts_row(found: Sequence[Alert]) -> None:
    """Draw them; nothing where there are none."""
    if found:
        st.markdown("&emsp;".join(map(_told, found)))


def _told(alert: Alert) -> str:
    colour, icon = LOOKS[alert.subject]
    return f":{colour}-badge[:material/{icon}: {alert.when}] {formats.plain(alert.words)}"
