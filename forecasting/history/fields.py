"""What the text of a cell means: pure functions from a stripped text to its value.

None marks a text that can't be read.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from forecasting.core.domain import ALL_ITEMS

Value = str | float | bool | date

HOLIDAY = "Holiday"
"""The name of a holiday that is only flagged, not named."""

NOT_SAID = 2
"""A flag whose cell is blank, where that is allowed."""

_WHOLE_FLOAT = re.compile(r"(-?[0-9]+)\.0")
_DAY = re.compile(r"((?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUE = frozenset({"1", "true", "yes"})
_FALSE = frozenset({"0", "false", "no"})


@dataclass(frozen=True, slots=True)
class Field:
    """How one column is read.

    Attributes
    ----------
    expected
        What should stand there, as told in an error.
    read
        The value of a text, or None where the text is not one.
    dtype
        The number that stands for a value while a file is read: a flag's, a demand's, a day's since 1970, a
        name's place in the list of names.
    """

    expected: str
    read: Callable[[str], Value | None]
    dtype: type[np.int8 | np.int32 | np.float64]


def name(text: str) -> str | None:
    """A store, item or region; ``"1.0"``, as ids look that went through a float, is ``"1"``."""
    return _plain(text) or None


def item(text: str) -> str | None:
    """An item; the total is `ALL_ITEMS` in whatever case."""
    return ALL_ITEMS if text.lower() == ALL_ITEMS else name(text)


def day(text: str) -> date | None:
    """An ISO date from 1900 to 2199, or a datetime at midnight without a zone."""
    match = _DAY.fullmatch(text)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def demand(text: str) -> float | None:
    """A finite number of 0 or more, read exactly."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return abs(number) if number >= 0 and math.isfinite(number) else None


def flag(text: str) -> bool | None:
    """0/1, true/false or yes/no in any case."""
    word = _plain(text).lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return None


def holiday(text: str) -> str:
    """The holiday's name; a mere yes is `HOLIDAY`, a no is ``""``."""
    known = flag(text)
    if known is None:
        return text
    return HOLIDAY if known else ""


def whole(text: str, low: int, high: int) -> int | None:
    """A whole number within limits."""
    plain = _plain(text)
    return int(plain) if plain.isdecimal() and low <= int(plain) <= high else None


def _plain(text: str) -> str:
    match = _WHOLE_FLOAT.fullmatch(text)
    return match[1] if match else text


FLAG = "0, 1, true, false, yes or no"

FIELDS: Mapping[str, Field] = {
    "store": Field("a store's name or number", name, np.int32),
    "item": Field("an item's name or number", item, np.int32),
    "date": Field("a date yyyy-mm-dd", day, np.int32),
    "demand": Field("a number of 0 or more", demand, np.float64),
    "region": Field("a region's name", lambda text: name(text) or "", np.int32),
    "is_open": Field(FLAG, flag, np.int8),
    "promo": Field(FLAG, flag, np.int8),
    "holiday": Field("a holiday's name", holiday, np.int32),
    "school_holiday": Field(FLAG, flag, np.int8),
}
"""Every column of the canonical format."""
