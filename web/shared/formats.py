"""Numbers, days and times as pages show them, in the unit, currency and locale of the settings."""

import math
import re
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forecasting.config.display import DisplaySettings
from forecasting.core import wording
from forecasting.core.domain import ALL_ITEMS, ENGINE_SEPARATOR
from web.shared import locales
from web.shared.locales import MINUS, Notation

NONE = "n/a"

CACHED_DAYS = 4096
"""How many written days are cached: all pages show the same hundred or so, and `strftime` is slow."""

ENGINES = {
    "prophet": "Prophet",
    "seasonal_naive": "Seasonal naive",
    "empirical": "Weekday history",
    "aws_forecast": "AWS Forecast",
}
"""Display names. Engines that are not listed are shown under their own name."""

_display: list[DisplaySettings] = [DisplaySettings()]
"""The display settings of this process; always one element."""


def use(settings: DisplaySettings) -> None:
    """Write figures with these settings from now on; the lifespan calls this before the first page."""
    _display[:] = [settings]


def notation() -> Notation:
    """How this process writes numbers."""
    return locales.notation(_display[0].locale)


def plotly_numbers() -> dict[str, str]:
    """Plotly's layout for numbers in this locale: the decimal and the group separator."""
    return {"separators": notation().decimal + notation().group}


def plotly_axis() -> dict[str, object]:
    """Plotly's axis settings for whole units, grouped where `number` groups.

    Without a tick format Plotly groups from five digits on, or with ``separatethousands`` from four.
    """
    return {"separatethousands": notation().groups_thousands, "exponentformat": "none"}


def in_grid() -> str:
    """A grid's number format for whole units: fixed in English locales, else that of the browser.

    Text written here would no longer be a number to copy or sort. A styled table (`grids.localized`) keeps
    the numbers, but takes 40 ms and another 365 kB for a thousand stores each time it is drawn.
    """
    english = (notation().group, notation().decimal) == (",", ".")
    return "%,.0f" if english else "localized"


def unit() -> str:
    """What demand is counted or paid in: ``units``, ``kg``, ``€``."""
    return _display[0].currency or _display[0].unit


def plain(text: str) -> str:
    """Escape Markdown in text from data or users, so that it makes no link, formula or formatting."""
    return re.sub(r"([\\`*_\[\]$<>~#|]|:(?=//)|(?<=www)\.)", r"\\\1", text)


def units(value: float | None) -> str:
    """Whole units, half a unit rounded away from zero: ``2,151``; ``n/a`` for None, NaN and infinity."""
    return number(value)


def amount(value: float | None) -> str:
    """Whole units with unit or currency: ``2,151 units``, ``€2,151``, ``2.151 €``; ``n/a`` as `units`."""
    written = number(value)
    if value is None or written == NONE:
        return NONE
    currency = _display[0].currency
    if not currency:
        return f"{written} {_display[0].unit}"
    below_zero = written.startswith(MINUS)
    return notation().write_money(written.removeprefix(MINUS), currency, below_zero=below_zero)


def whole(value: float) -> int:
    """Round to whole units as `units` does."""
    return int(Decimal(float(value)).quantize(Decimal(1), ROUND_HALF_UP))


def number(value: float | None, digits: int = 0, *, signed: bool = False) -> str:
    """Write a number in this locale, rounded half away from zero.

    Parameters
    ----------
    digits
        How many decimals.
    signed
        Whether numbers above zero get a plus sign.

    Returns
    -------
    str
        ``2,151.5``, ``−3``, ``+12``; ``n/a`` for None, NaN and infinity.
    """
    if value is None or not math.isfinite(value):
        return NONE
    rounded = Decimal(float(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    written = notation().write_digits(f"{abs(rounded):,.{digits}f}")
    sign = "" if not rounded else MINUS if rounded < 0 else "+" if signed else ""
    return f"{sign}{written}"


def signed(value: float | None) -> str:
    """Whole units with their sign: ``+32``, ``−4``, ``0``; ``n/a`` as `units`."""
    return number(value, signed=True)


def percent(share: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """Write a share of 1 as a percentage: ``8.1%``; ``n/a`` as `units`."""
    written = number(None if share is None else 100 * share, digits, signed=signed)
    return NONE if written == NONE else notation().write_percent(written)


def change(new: float | None, old: float | None) -> str:
    """Change from `old` to `new`: ``+12%``; ``n/a`` where either is missing or `old` is 0."""
    if new is None or old is None or old == 0:
        return NONE
    return percent(new / old - 1, 0, signed=True)


def bias(value: float | None) -> str:
    """A forecast's bias in words: ``3% too high``, ``2% too low``, ``balanced``; ``n/a`` as `units`."""
    size = percent(None if value is None else abs(value), 0)
    if value is None or size == NONE:
        return NONE
    return "balanced" if size == percent(0, 0) else f"{size} too {'high' if value > 0 else 'low'}"


@lru_cache(CACHED_DAYS)
def day(value: date) -> str:
    """``Thu 4 Apr``."""
    return wording.day(value)


def short_day(value: date) -> str:
    """``4 Apr``."""
    return f"{value.day} {value:%b}"


@lru_cache(CACHED_DAYS)
def long_day(value: date) -> str:
    """``Thursday 4 April 2019``."""
    return f"{value:%A} {value.day} {value:%B %Y}"


def zone(name: str | None) -> tzinfo:
    """The time zone of that name; UTC if the browser sent no known name."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def clock(value: datetime) -> str:
    """Write the time of day of `value`, in the zone it is in: ``04:30``, ``4:30 AM``."""
    return notation().write_time(value)


def instant(value: datetime, now: datetime, where: tzinfo) -> str:
    """``today 04:30``, ``yesterday 04:30``, ``3 Apr 04:30`` in the reader's zone."""
    local, today = value.astimezone(where), now.astimezone(where).date()
    days = (today - local.date()).days
    name = {0: "today", 1: "yesterday"}.get(days, short_day(local))
    return f"{name} {clock(local)}"


def engine(name: str) -> str:
    """An engine's display name; ``Prophet or AWS Forecast`` if several compete."""
    return " or ".join(ENGINES.get(each, each) for each in name.split(ENGINE_SEPARATOR))


def item(name: str) -> str:
    """``All products``, ``Product 101``."""
    return "All products" if name == ALL_ITEMS else f"Product {name}"


def in_days(days: int) -> str:
    """``today``, ``tomorrow``, ``in 16 days``."""
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def days_before(days: int) -> str:
    """``the day before``, ``28 days before``."""
    return "the day before" if days == 1 else f"{days} days before"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: ``1 day``, ``1,204 days``, ``0 series``.

    Parameters
    ----------
    one, many
        The noun for one thing and for several; `many` is `one` with an "s" by default.
    """
    return f"{number(count)} {wording.plural(count, one, many)}"


def days(count: int) -> str:
    """``1 day``, ``1,204 days``."""
    return counted(count, "day")
