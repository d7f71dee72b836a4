"""The alerts above the chart, side by side on one line."""

from collections.abc import Sequence

from forecasting.planning.alerts import Alert, AlertKind
from web.shared import templates
from web.shared.templates import Html

STYLES = {
    AlertKind.MISSES: ("warm", "target"),
    AlertKind.UNUSUAL: ("warm", "priority_high"),
    AlertKind.CLOSED: ("calm", "event_busy"),
}
"""CSS class and Material icon of each subject; the words say everything without them."""


def alerts_row(alerts: Sequence[Alert]) -> Html:
    """Draw the alerts; nothing if there are none."""
    if not alerts:
        return Html()
    return templates.render("alerts.html", alerts=[(alert, *STYLES[alert.kind]) for alert in alerts])
