"""When the nightly refresh is due: pure rules over wall-clock time and its jumps.

A *night* is named for the local day on which it starts, whatever UTC says.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

MADE_UP_FOR = timedelta(hours=12)
"""A night that nobody was there for is made up for until this long after its start."""

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def starts_at(day: date, at: time, zone: tzinfo) -> datetime:
    """The instant (UTC) at which a day's clock first shows a time.

    Where clocks go forward over it, the next minute that they show; where they go back over it, the
    earlier of the two.
    """
    local = datetime.combine(day, at, tzinfo=zone)
    while local.astimezone(UTC).astimezone(zone) != local:  # the same zone: compared as the clock shows them
        local += _MINUTE
    return local.astimezone(UTC)


def latest(now: datetime, at: time, zone: tzinfo) -> date:
    """The day whose night has started last."""
    today = now.astimezone(zone).date()
    return today if starts_at(today, at, zone) <= now else today - _DAY


def due(now: datetime, last: date | None, at: time, zone: tzinfo) -> date | None:
    """The day whose nightly refresh is to be done now, or None.

    Parameters
    ----------
    last
        The newest day it was done for; None for never.
    """
    day = latest(now, at, zone)
    done = last is not None and last >= day
    return None if done or now - starts_at(day, at, zone) >= MADE_UP_FOR else day
