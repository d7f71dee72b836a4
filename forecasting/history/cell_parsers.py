"""Parse the text of a cell: pure functions from a stripped text to its value, or to None if it is invalid."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from forecasting.core.domain import ALL_ITEMS

Value = str | float | bool | date

HOLIDAY = "Holiday"
"""The name given to a holiday that a file flags without naming it."""

BLANK_FLAG = 2
"""The value of a blank flag, in columns where a blank is allowed."""

_WHOLE_FLOAT = re.compile(r"(-?[0-9]+)\.0")
_DAY = re.compile(r"((?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUE = frozenset({"1", "true", "yes"})
_FALSE = frozenset({"0", "false", "no"})


@dataclass(frozen=True, slots=True)
class CellParser:
    """How one column is parsed.

    Attributes
    ----------
    expected
        What the column should contain, in the words of an error message.
    parse
        Returns the value of a text, or None if the text is invalid.
    dtype
        Type of the number that represents a value while a file is read: the flag or demand itself, days since
        1970-01-01, or a name's position in the list of names.
    """

    expected: str
    parse: Callable[[str], Value | None]
    dtype: type[np.int8 | np.int32 | np.float64]


def parse_name(text: str) -> str | None:
    """Parse a store, item or region. ``"1.0"``, an id that went through a float, becomes ``"1"``."""
    return _plain(text) or None


def parse_item(text: str) -> str | None:
    """Parse an item. The total is `ALL_ITEMS` in upper or lower case."""
    return ALL_ITEMS if text.lower() == ALL_ITEMS else parse_name(text)


def parse_day(text: str) -> date | None:
    """Parse an ISO date from 1900 to 2199, or a datetime at midnight without a time zone."""
    match = _DAY.fullmatch(text)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def parse_demand(text: str) -> float | None:
    """Parse a finite number of 0 or more, without loss of precision."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return abs(number) if number >= 0 and math.isfinite(number) else None


def parse_flag(text: str) -> bool | None:
    """Parse 0/1, true/false or yes/no, in upper or lower case."""
    word = _plain(text).lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return None


def parse_holiday(text: str) -> str:
    """Parse a holiday's name. A flag is accepted as well: true becomes `HOLIDAY`, false ``""``."""
    flagged = parse_flag(text)
    if flagged is None:
        return text
    return HOLIDAY if flagged else ""


def parse_whole(text: str, low: int, high: int) -> int | None:
    """Parse a whole number from `low` to `high`."""
    plain = _plain(text)
    return int(plain) if plain.isdecimal() and low <= int(plain) <= high else None


def _plain(text: str) -> str:
    match = _WHOLE_FLOAT.fullmatch(text)
    return match[1] if match else text


FLAG = "0, 1, true, false, yes or no"

PARSERS: Mapping[str, CellParser] = {
    "store": CellParser("a store's name or number", parse_name, np.int32),
    "item": CellParser("an item's name or number", parse_item, np.int32),
    "date": CellParser("a date yyyy-mm-dd", parse_day, np.int32),
    "demand": CellParser("a number of 0 or more", parse_demand, np.float64),
    "region": CellParser("a region's name", lambda text: parse_name(text) or "", np.int32),
    "is_open": CellParser(FLAG, parse_flag, np.int8),
    "promo": CellParser(FLAG, parse_flag, np.int8),
    "holiday": CellParser("a holiday's name", parse_holiday, np.int32),
    "school_holiday": CellParser(FLAG, parse_flag, np.int8),
}
"""The parser of every column of the canonical format."""
