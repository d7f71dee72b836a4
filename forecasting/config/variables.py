"""Variables of the environment as values: each refuses what it can't use, naming the variable."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, time, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from forecasting.core.errors import InvalidSetting

LAST_PORT = 65_535


def folder_or_url(env: Mapping[str, str], name: str) -> str:
    """A folder, made absolute, or a URL; ``""`` where nothing is set."""
    text = env.get(name, "").strip()
    if not text or "://" in text:
        return text
    return str(Path(text).expanduser().resolve())


def one_of(env: Mapping[str, str], name: str, known: Sequence[str]) -> str | None:
    """One of the known words, in lower case; None where nothing is set."""
    text = env.get(name, "").strip()
    if text.lower() not in ("", *known):
        raise InvalidSetting(f"{name}: expected one of {', '.join(known)}, found '{text}'")
    return text.lower() or None


def short_word(env: Mapping[str, str], name: str, longest: int) -> str:
    """A short text that can be shown anywhere, such as ``kg``; ``""`` where nothing is set."""
    text = env.get(name, "").strip()
    word = re.fullmatch(r"[^\W\d_]+([ ./][^\W\d_]+)*\.?|[€$£¥₹]", text)
    if text and not (word and len(text) <= longest):
        raise InvalidSetting(
            f"{name}: expected a word or a sign of at most {longest} characters, such as kg or €, "
            f"found '{text}'"
        )
    return text


def scheduler(env: Mapping[str, str], name: str) -> str:
    """The address of a scheduler; ``""`` where nothing is set."""
    text = env.get(name, "").strip()
    address = re.fullmatch(r"(?:tcp|tls)://(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})", text)
    if text and not (address and 0 < int(address[1]) <= LAST_PORT):
        raise InvalidSetting(f"{name}: expected an address such as tcp://10.0.0.5:8786, found '{text}'")
    return text


def time_of_day(env: Mapping[str, str], name: str) -> time | None:
    """A time of day such as ``04:30``; None where nothing is set."""
    text = env.get(name, "").strip()
    if not text:
        return None
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", text):
        raise InvalidSetting(f"{name}: expected a time of day such as 04:30, found '{text}'")
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


def places(env: Mapping[str, str], name: str) -> dict[str, str]:
    """``DE`` for all, ``North=DE-NI, South=DE-BW``, or both: ``DE, South=DE-BW``."""
    places = {}
    for part in filter(None, (part.strip() for part in env.get(name, "").split(","))):
        whose, _, place = part.rpartition("=")
        if not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,4})?", place.strip()):
            raise InvalidSetting(
                f"{name}: expected a country, or a country and its subdivision such as DE-BW, for all "
                f"stores or after 'region=', found '{part}'"
            )
        places[whose.strip()] = place.strip()
    return places


def engines(env: Mapping[str, str], name: str) -> dict[str, str]:
    """``prophet`` for all, ``North=aws_forecast, 17=prophet``, or both; those for all under ``""``."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in env.get(name, "").split(","))):
        whose, _, asked = part.rpartition("=")
        names = [each.strip() for each in asked.split("+")]
        sound = all(re.fullmatch(r"[\w.:]+", each) for each in names)
        if not sound or len(set(names)) < len(names):
            raise InvalidSetting(
                f"{name}: expected an engine, or several joined by +, for all stores or after 'region=' or "
                f"'store=', found '{part}'"
            )
        found[whose.strip()] = "+".join(names)
    return found


def zone(env: Mapping[str, str], name: str) -> tzinfo:
    """A time zone; UTC where nothing is set."""
    text = env.get(name, "").strip()
    if text in ("", "UTC"):
        return UTC  # which needs no time zone database
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidSetting(
            f"{name}: expected a time zone this machine knows, such as Europe/Berlin, found '{text}'"
        ) from error


def number(
    env: Mapping[str, str], name: str, default: float, low: float, high: float, *, whole: bool = False
) -> float:
    """A number from `low` to `high`, or the default."""
    text = env.get(name, "").strip()
    if not text:
        return default
    kind = "a whole number" if whole else "a number"
    try:
        value = float(int(text)) if whole else float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise InvalidSetting(f"{name}: expected {kind} from {low:g} to {high:g}, found '{text}'")
    return value
