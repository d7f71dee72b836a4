"""Numbers, days and instants as planners read them."""

import re
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forecasting.config.display import DisplaySettings
from forecasting.config.settings import JOINED
from forecasting.core.domain import ALL_ITEMS
from web.shared.locales import LOCALES, Locale

NONE = "n/a"

DAYS_KEPT = 4096
"""Days whose names are kept: each page writes the same hundred, and a chart's days took long to write."""

ENGINES = {
    "prophet": "Prophet",
    "seasonal_naive": "Seasonal naive",
    "empirical": "Weekday history",
    "aws_forecast": "AWS Forecast",
}
"""Display names; an operator's own engine is shown under its own name."""

_look: list[DisplaySettings] = [DisplaySettings()]
"""How this process writes figures: one value, set once."""


def use(look: DisplaySettings) -> None:
    """Write figures in this way from now on; by the lifespan, before the first page."""
    _look[:] = [look]


def locale() -> Locale:
    """How numbers are written here."""
    return LOCALES[_look[0].locale]


def separators() -> str:
    """The decimal point and what stands between thousands, as Plotly takes them."""
    return locale().point + locale().group


def in_grid() -> str:
    """How a grid writes whole units: as pages do; where those are not in English, as the browser does."""
    return "%,.0f" if separators() == ".," else "localized"


def unit() -> str:
    """What demand is counted or paid in: ``units``, ``kg``, ``€``."""
    return _look[0].currency or _look[0].unit


def plain(text: str) -> str:
    """Text from data or from outside, so that it is shown as it is: no link, no formula, no formatting."""
    return re.sub(r"([\\`*_\[\]$<>~#|]|:(?=//)|(?<=www)\.)", r"\\\1", text)


def units(value: float | None) -> str:
    """Whole units with separators, half a unit counting as one: ``2,151``; ``n/a`` for None."""
    return NONE if value is None else number(value)


def amount(value: float | None) -> str:
    """The same with the unit or the currency: ``2,151 units``, ``€2,151``, ``2.151 €``; ``n/a`` for None."""
    if value is None:
        return NONE
    look, written = _look[0], number(value)
    if look.currency:
        return locale().money.format(sign=look.currency, amount=written)
    return f"{written} {look.unit}"


def whole(value: float) -> int:
    """Whole units, half a unit counting as one: what is seen of a figure."""
    return int(Decimal(float(value)).quantize(Decimal(1), ROUND_HALF_UP))


def number(value: float, digits: int = 0, *, signed: bool = False) -> str:
    """A number with this locale's separators: ``2,151.5``; where `signed` with its sign: ``+12``, ``−3``."""
    rounded = Decimal(float(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    written = f"{abs(rounded):,.{digits}f}".translate({ord(","): locale().group, ord("."): locale().point})
    sign = "" if not rounded else "−" if rounded < 0 else "+" if signed else ""
    return f"{sign}{written}"


def signed(value: float) -> str:
    """Whole units with their sign: ``+32``, ``−4``, ``0``."""
    return number(value, signed=True)


def percent(share: float | None, digits: int = 1) -> str:
    """``8.1%``; ``n/a`` for None."""
    return NONE if share is None else f"{number(100 * share, digits)}%"


def change(new: float | None, old: float | None) -> str:
    """``+12%`` of `new` against `old`; ``n/a`` where either is missing or `old` is 0."""
    if new is None or old is None or old == 0:
        return NONE
    return f"{number(100 * (new / old - 1), signed=True)}%"


def lean(bias: float | None) -> str:
    """``3% too high``, ``2% too low``, ``balanced``; ``n/a`` for None."""
    if bias is None:
        return NONE
    size = percent(abs(bias), 0)
    return "balanced" if size == percent(0, 0) else f"{size} too {'high' if bias > 0 else 'low'}"


@lru_cache(DAYS_KEPT)
def day(value: date) -> str:
    """``Thu 4 Apr``."""
    return f"{value:%a} {value.day} {value:%b}"


@lru_cache(DAYS_KEPT)
def long_day(value: date) -> str:
    """``Thursday 4 April 2019``."""
    return f"{value:%A} {value.day} {value:%B %Y}"


def zone(name: str | None) -> tzinfo:
    """The zone of that name; UTC where the browser gives none that is known."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def clock(value: datetime) -> str:
    """The time of day: ``04:30``, ``4:30 AM``."""
    written = f"{value:{locale().clock}}"
    return written.removeprefix("0") if "%I" in locale().clock else written


def instant(value: datetime, now: datetime, where: tzinfo) -> str:
    """``today 04:30``, ``yesterday 04:30``, ``3 Apr 04:30`` in the reader's zone."""
    local, today = value.astimezone(where), now.astimezone(where).date()
    days = (today - local.date()).days
    name = {0: "today", 1: "yesterday"}.get(days, f"{local.day} {local:%b}")
    return f"{name} {clock(local)}"


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
    return f"{number(count)} day{'' if count == 1 else 's'}"
