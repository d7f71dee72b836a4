"""The alerts above the chart, side by side on one line."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from forecasting.planning.alerts import Alert, Subject

LOOKS = {
    Subject.MISSES: ("warm", "target"),
    Subject.UNUSUAL: ("warm", "priority_high"),
    Subject.CLOSED: ("calm", "event_busy"),
}
"""Colour and icon of each subject; the words say it all."""


def alerts_row(found: Sequence[Alert]) -> None:
    """Draw them; nothing where there are none."""
    if found:
        st.html(f'<p class="alerts">{"".join(map(_told, found))}</p>')


def _told(alert: Alert) -> str:
    look, icon = LOOKS[alert.subject]
    return (
        f'<span><b class="{look}"><i class="icon" aria-hidden="true" translate="no">{icon}</i>'
        f"{escape(alert.when)}</b> {escape(alert.words)}</span>"
    )
