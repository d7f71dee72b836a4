"""When the nightly refresh is due, also on days when the clocks change. Pure.

A *night* is named after the local day on which it starts, whatever the date in UTC.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

CATCH_UP_FOR = timedelta(hours=12)
"""A missed nightly refresh is still done until this long after its start."""

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def starts_at(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the instant (UTC) at which the local clock first shows a time on a day.

    If the clocks skip that time, it is the next minute they show. If they show it twice, it is the earlier.
    """
    local = datetime.combine(day, at, tzinfo=zone)
    # Python compares two times of the same zone by what the clock shows
    while local.astimezone(UTC).astimezone(zone) != local:
        local += _MINUTE
    return local.astimezone(UTC)


def latest(now: datetime, at: time, zone: tzinfo) -> date:
    """Return the day whose night started most recently."""
    today = now.astimezone(zone).date()
    return today if starts_at(today, at, zone) <= now else today - _DAY


def due(now: datetime, last: date | None, at: time, zone: tzinfo) -> date | None:
    """Return the day whose nightly refresh is due now, or None.

    Parameters
    ----------
    last
        The newest day whose refresh was done; None if there was none.
    """
    day = latest(now, at, zone)
    done = last is not None and last >= day
    return None if done or now - starts_at(day, at, zone) >= CATCH_UP_FOR else day
