"""Numbers, days and instants as planners read them."""

import re
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forecasting.domain import ALL_ITEMS
from forecasting.settings import JOINED

NONE = "n/a"

ENGINES = {
    "prophet": "Prophet",
    "seasonal_naive": "Seasonal naive",
    "empirical": "Weekday history",
    "aws_forecast": "AWS Forecast",
}
"""Display names; an operator's own engine is shown under its own name."""


def plain(text: str) -> str:
    """Text from data or from outside, so that it is shown as it is: no link, no formula, no formatting."""
    return re.sub(r"([\\`*_\[\]$<>~#|]|:(?=//)|(?<=www)\.)", r"\\\1", text)


def units(value: float | None) -> str:
    """Whole units with separators: ``2,151``; ``n/a`` for None."""
    return NONE if value is None else f"{value:,.0f}"


def percent(share: float | None, digits: int = 1) -> str:
    """``8.1%``; ``n/a`` for None."""
    return NONE if share is None else f"{100 * share:.{digits}f}%"


def change(new: float | None, old: float | None) -> str:
    """``+12%`` of `new` against `old`; ``n/a`` where either is missing or `old` is 0."""
    if new is None or old is None or old == 0:
        return NONE
    return f"{100 * (new / old - 1):+.0f}%"


def lean(bias: float | None) -> str:
    """``3% too high``, ``2% too low``, ``balanced``; ``n/a`` for None."""
    if bias is None:
        return NONE
    size = percent(abs(bias), 0)
    return "balanced" if size == percent(0, 0) else f"{size} too {'high' if bias > 0 else 'low'}"


def day(value: date) -> str:
    """``Thu 4 Apr``."""
    return f"{value:%a} {value.day} {value:%b}"


def long_day(value: date) -> str:
    """``Thursday 4 April 2019``."""
    return f"{value:%A} {value.day} {value:%B %Y}"


def zone(name: str | None) -> tzinfo:
    """The zone of that name; UTC where the browser gives none that is known."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def instant(value: datetime, now: datetime, where: tzinfo) -> str:
    """``today 04:30``, ``yesterday 04:30``, ``3 Apr 04:30`` in the reader's zone."""
    local, today = value.astimezone(where), now.astimezone(where).date()
    days = (today - local.date()).days
    name = {0: "today", 1: "yesterday"}.get(days, f"{local.day} {local:%b}")
    return f"{name} {local:%H:%M}"


def engine(name: str) -> str:
    """An engine's display name; ``Prophet or AWS Forecast`` where several compete."""
    return " or ".join(ENGINES.get(each, each) for each in name.split(JOINED))


def item(name: str) -> str:
    """``All products``, ``Product 101``."""
    return "All products" if name == ALL_ITEMS else f"Product {name}"


def in_days(days: int) -> str:
    """``today``, ``tomorrow``, ``in 16 days``."""
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def days_before(days: int) -> str:
    """``the day before``, ``28 days before``."""
    return "the day before" if days == 1 else f"{days} days before"


def days(count: int) -> str:
    """``1 day``, ``1,204 days``."""
    return f"{count:,} day{'' if count == 1 else 's'}"
