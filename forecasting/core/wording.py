"""Counts, days and durations in English words."""

import math
from collections.abc import Sequence
from datetime import date, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MINUTES_COUNT_FROM = 12 * _HOUR  # closer to the tolerance, minutes matter to a planner


def plural(count: float, one: str, many: str | None = None) -> str:
    """The form of a noun, or of a noun with its verb, that fits a count.

    Parameters
    ----------
    one, many
        The form for exactly one, and for every other count; `many` is `one` with an "s" by default.

    Examples
    --------
    ``plural(1, "feed is", "feeds are")`` is ``feed is``; ``plural(0, "day")`` is ``days``.
    """
    return one if count == 1 else many or f"{one}s"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun, as `plural` gives it: ``1 store``, ``1,200 stores``."""
    return f"{count:,} {plural(count, one, many)}"


def day(value: date) -> str:
    """``Tue 2 Apr``."""
    return f"{value:%a} {value.day} {value:%b}"


def day_ranges(days: Sequence[date]) -> str:
    """``1–28 May``, ``30 Apr – 2 May``, ``5 May``; separate ranges are joined by commas.

    Parameters
    ----------
    days
        In ascending order, without duplicates.
    """
    runs: list[list[date]] = []
    for value in days:
        if runs and value - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(value)
        else:
            runs.append([value])
    return ", ".join(_span(run[0], run[-1]) for run in runs)


def _span(first: date, last: date) -> str:
    if first == last:
        return f"{first.day} {first:%b}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {last:%b}"
    return f"{first.day} {first:%b} – {last.day} {last:%b}"


def duration(value: timedelta) -> str:
    """``20 s``, ``5 min``, ``3 h``, ``47 h 59 min``, ``2 days``, ``2 days 5 h``; rounded down."""
    seconds = max(0, int(value.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _MINUTES_COUNT_FROM:
        return f"{seconds // _HOUR} h"
    if seconds < 2 * _DAY:
        return _two(seconds, _HOUR, "h", _MINUTE, "min")
    return _two(seconds, _DAY, "days", _HOUR, "h")


def about(value: timedelta) -> str:
    """``about 20 s``, ``about 5 min``, ``about 2 h``: an estimate of the remaining time, rounded up."""
    seconds = max(1.0, value.total_seconds())
    if seconds < _MINUTE:
        return f"about {5 * math.ceil(seconds / 5)} s"
    if seconds < _HOUR:
        return f"about {math.ceil(seconds / _MINUTE)} min"
    return f"about {math.ceil(seconds / _HOUR)} h"


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large} {large_name}" + (f" {rest} {small_name}" if rest else "")


def tolerance(value: timedelta) -> str:
    """``2-day``, ``36-hour``: a tolerance as an adjective."""
    hours = value.total_seconds() / 3600
    return f"{hours / 24:g}-day" if hours % 24 == 0 else f"{hours:g}-hour"
