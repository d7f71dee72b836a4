"""The alerts above the chart, side by side on one line."""

from collections.abc import Sequence
from html import escape

from forecasting.planning.alerts import Alert, Subject

LOOKS = {
    Subject.MISSES: ("warm", "target"),
    Subject.UNUSUAL: ("warm", "priority_high"),
    Subject.CLOSED: ("calm", "event_busy"),
}
"""Colour and icon of each subject; the words say it all."""


def alerts_row(found: Sequence[Alert]) -> str:
    """The alerts as HTML; ``""`` where there are none."""
    return f'<p class="alerts">{"".join(map(_told, found))}</p>' if found else ""


def _told(alert: Alert) -> str:
    look, icon = LOOKS[alert.subject]
    return (
        f'<span><b class="{look}"><i class="icon" aria-hidden="true" translate="no">{icon}</i>'
        f"{escape(alert.when)}</b> {escape(alert.words)}</span>"
    )
