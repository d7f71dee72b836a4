"""Parsers that turn the text of an environment variable into the value of a setting."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from forecasting.core.domain import ENGINE_SEPARATOR

LAST_PORT = 65_535


class UnusableText(ValueError):
    """A text that a parser refuses.

    Attributes
    ----------
    found
        The part that can't be used, for the error message.
    """

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


@dataclass(frozen=True, slots=True)
class Parser:
    """One way to read a text.

    Attributes
    ----------
    expected
        Completes the error message "NAME: expected …".
    parse
        Returns the value of a stripped, non-empty text; None if the text leaves this setting at its default.
        Raises `UnusableText`.
    """

    expected: str
    parse: Callable[[str], object]


TEXT = Parser("a text", str)
"""Any text, unchanged."""


def number(low: float, high: float) -> Parser:
    """A number from `low` to `high`, as a float."""
    return _number(low, high)


def whole_number(low: int, high: int) -> Parser:
    """A whole number from `low` to `high`, as an int."""
    return _number(low, high, int)


def duration(unit: timedelta, low: float, high: float) -> Parser:
    """A number of units from `low` to `high`, as a timedelta."""
    return _number(low, high, convert=lambda value: unit * value)


def megabytes(low: float, high: float) -> Parser:
    """A number of megabytes from `low` to `high`, as a whole number of bytes."""
    return _number(low, high, convert=lambda value: int(value * 1_000_000))


def _number(
    low: float,
    high: float,
    kind: type[int] | type[float] = float,
    convert: Callable[[float], object] = lambda value: value,
) -> Parser:
    def parse(text: str) -> object:
        try:
            value = kind(text)
        except ValueError as error:
            raise UnusableText(text) from error
        if not low <= value <= high:  # also true for "nan"
            raise UnusableText(text)
        return convert(value)

    return Parser(f"{'a whole number' if kind is int else 'a number'} from {low:g} to {high:g}", parse)


def pattern(expected: str, regex: str) -> Parser:
    """A text that the whole of a regular expression matches, unchanged."""

    def parse(text: str) -> str:
        if not re.fullmatch(regex, text):
            raise UnusableText(text)
        return text

    return Parser(expected, parse)


def one_of(known: Sequence[str]) -> Parser:
    """One of some lower-case words; the case of the text does not matter."""

    def parse(text: str) -> str:
        if text.lower() not in known:
            raise UnusableText(text)
        return text.lower()

    return Parser(f"one of {', '.join(known)}", parse)


def short_word(longest: int) -> Parser:
    """A word such as ``kg`` or a currency sign, of at most `longest` characters."""
    word = pattern(
        f"a word or a sign of at most {longest} characters, such as kg or €",
        r"[^\W\d_]+([ ./][^\W\d_]+)*\.?|[€$£¥₹]",
    )

    def parse(text: str) -> object:
        if len(text) > longest:
            raise UnusableText(text)
        return word.parse(text)

    return Parser(word.expected, parse)


def _folder(text: str) -> Path:
    try:
        return Path(text).expanduser().resolve()
    except RuntimeError as error:  # ~name of an unknown user
        raise UnusableText(text) from error


def _folder_or_url(text: str) -> str:
    return text if "://" in text else str(_folder(text))


def _scheduler(text: str) -> str:
    address = re.fullmatch(r"(?:tcp|tls)://(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})", text)
    if not (address and 0 < int(address[1]) <= LAST_PORT):
        raise UnusableText(text)
    return text


def _time_of_day(text: str) -> time:
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", text):
        raise UnusableText(text)
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


def _zone(text: str) -> tzinfo:
    if text == "UTC":
        return UTC  # needs no time zone database
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise UnusableText(text) from error


def parts(text: str) -> list[str]:
    """The non-empty parts of a comma-separated text, stripped."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _holidays(text: str) -> dict[str, str]:
    places = {}
    for part in parts(text):
        whose, _, place = part.rpartition("=")
        if not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,4})?", place.strip()):
            raise UnusableText(part)
        places[whose.strip()] = place.strip()
    return places


def _engines(text: str) -> dict[str, str]:
    """Engines by region or store; the one for all stores under ``""``."""
    engines = {}
    for part in parts(text):
        whose, _, asked = part.rpartition("=")
        names = [name.strip() for name in asked.split(ENGINE_SEPARATOR)]
        if len(set(names)) < len(names) or not all(re.fullmatch(r"[\w.:]+", name) for name in names):
            raise UnusableText(part)
        engines[whose.strip()] = ENGINE_SEPARATOR.join(names)
    return engines


_ENGINE = "an engine, or several joined by +, for all stores or after 'region=' or 'store='"

FOLDER = Parser("a folder", _folder)
"""A folder, as an absolute path."""

FOLDER_OR_URL = Parser("a folder or a URL", _folder_or_url)
"""A URL, unchanged, or a folder, as an absolute path; as text."""

SCHEDULER = Parser("an address such as tcp://10.0.0.5:8786", _scheduler)
"""The address of a Dask scheduler."""

TIME_OF_DAY = Parser("a time of day such as 04:30", _time_of_day)

TIME_ZONE = Parser("a time zone this machine knows, such as Europe/Berlin", _zone)

HOLIDAYS = Parser(
    "a country, or a country and its subdivision such as DE-BW, for all stores or after 'region='", _holidays
)
"""``DE``, ``North=DE-NI, South=DE-BW`` or ``DE, South=DE-BW``: places by region or store, ``""`` for all."""

DEFAULT_ENGINE = Parser(_ENGINE, lambda text: _engines(text).get(""))
"""The engine for all stores in ``prophet, North=aws_forecast, 17=prophet``."""

OTHER_ENGINES = Parser(_ENGINE, lambda text: {whose: name for whose, name in _engines(text).items() if whose})
"""The engines by region or store in ``prophet, North=aws_forecast, 17=prophet``."""
