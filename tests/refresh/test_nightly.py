from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.refresh import nightly
from forecasting.refresh.nightly import CATCH_UP_FOR, due, latest, starts_at

BERLIN, ST_JOHNS, APIA = (ZoneInfo(name) for name in ("Europe/Berlin", "America/St_Johns", "Pacific/Apia"))
ZONES = [
    ZoneInfo(name) for name in ("Europe/Berlin", "America/St_Johns", "America/Nuuk", "Australia/Lord_Howe")
]
EARLY = time(4, 30)
MINUTE = timedelta(minutes=1)

zones = st.sampled_from([UTC, *ZONES])
days = st.dates(date(2000, 1, 1), date(2030, 12, 31))
times = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def utc(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_night_starts_by_the_local_clock() -> None:
    """So at another instant in winter than in summer."""
    assert starts_at(date(2019, 1, 15), EARLY, BERLIN) == utc("2019-01-15 03:30")
    assert starts_at(date(2019, 7, 15), EARLY, BERLIN) == utc("2019-07-15 02:30")
    assert starts_at(date(2019, 7, 15), EARLY, UTC) == utc("2019-07-15 04:30")


@pytest.mark.parametrize(
    ("day", "at", "zone", "start"),
    [
        (date(2019, 3, 31), time(2, 30), BERLIN, utc("2019-03-31 01:00")),  # 02:00 is followed by 03:00
        (date(2019, 3, 31), time(3, 0), BERLIN, utc("2019-03-31 01:00")),
        (date(2024, 3, 30), time(23, 30), ZoneInfo("America/Nuuk"), utc("2024-03-31 01:00")),  # next midnight
        (date(2011, 12, 30), time(4, 30), APIA, utc("2011-12-30 10:00")),  # a day that never was
    ],
)
def test_a_skipped_time_is_the_next_minute_that_exists(
    day: date, at: time, zone: ZoneInfo, start: datetime
) -> None:
    """When clocks go forward."""
    assert starts_at(day, at, zone) == start


def test_a_time_that_occurs_twice_is_the_first() -> None:
    """When clocks go back. An hour later, at the second, the night is over."""
    start = starts_at(date(2019, 10, 27), time(2, 30), BERLIN)
    assert start == utc("2019-10-27 00:30")
    assert due(start, None, time(2, 30), BERLIN) == date(2019, 10, 27)
    assert due(start + timedelta(hours=1), date(2019, 10, 27), time(2, 30), BERLIN) is None


def test_a_midnight_that_occurs_twice_is_one_night() -> None:
    """In Newfoundland clocks went from 00:01 back to the day before; that day's night is not repeated."""
    start = starts_at(date(2010, 11, 7), time(0, 0), ST_JOHNS)
    assert due(start, date(2010, 11, 6), time(0, 0), ST_JOHNS) == date(2010, 11, 7)
    for minutes in range(1, 120):
        assert due(start + minutes * MINUTE, date(2010, 11, 7), time(0, 0), ST_JOHNS) is None


def test_a_night_is_due_from_its_start_until_it_is_done() -> None:
    """Not before, and not again."""
    assert due(utc("2019-04-03 04:29:59"), date(2019, 4, 2), EARLY, UTC) is None
    assert due(utc("2019-04-03 04:30"), date(2019, 4, 2), EARLY, UTC) == date(2019, 4, 3)
    assert due(utc("2019-04-03 04:31"), date(2019, 4, 3), EARLY, UTC) is None


def test_a_missed_night_is_caught_up_until_the_afternoon() -> None:
    """A machine that was off at 04:30 does it if it starts before 16:30."""
    missed = date(2019, 4, 1)
    assert due(utc("2019-04-03 16:29"), missed, EARLY, UTC) == date(2019, 4, 3)
    assert due(utc("2019-04-03 16:30"), missed, EARLY, UTC) is None
    assert due(utc("2019-04-04 04:30"), missed, EARLY, UTC) == date(2019, 4, 4)


def test_a_missed_late_evening_is_caught_up_on_the_next_day() -> None:
    """It still belongs to the day before."""
    assert due(utc("2019-04-03 08:00"), date(2019, 4, 1), time(23, 30), UTC) == date(2019, 4, 2)


@settings(deadline=None)
@given(days, times, zones)
def test_a_start_shows_the_time_unless_it_was_skipped(day: date, at: time, zone: ZoneInfo) -> None:
    """The local clock shows exactly that time, or jumped over it a minute before."""
    start = starts_at(day, at, zone)
    shown = start.astimezone(zone).replace(tzinfo=None, fold=0)
    wanted = datetime.combine(day, at)
    before = (start - MINUTE).astimezone(zone).replace(tzinfo=None, fold=0)
    assert shown == wanted or before < wanted < shown


@settings(deadline=None)
@given(days, times, zones)
def test_nights_follow_each_other(day: date, at: time, zone: ZoneInfo) -> None:
    """Each starts about a day after the one before, and is the latest until the next."""
    first, second = (starts_at(day + timedelta(days=more), at, zone) for more in (0, 1))
    assert timedelta(hours=22) <= second - first <= timedelta(hours=26)
    assert latest(second, at, zone) == day + timedelta(days=1)


@settings(deadline=None)
@given(days, times, zones, st.lists(st.integers(1, 60 * 30), min_size=1, max_size=60))
def test_each_night_is_done_at_most_once_and_in_time(
    day: date, at: time, zone: ZoneInfo, minutes: list[int]
) -> None:
    """By the first worker that checks during its time, whenever that is."""
    now = datetime.combine(day, time(0), tzinfo=UTC)
    last: date | None = None
    for step in minutes:
        now += step * MINUTE
        night = due(now, last, at, zone)
        current = latest(now, at, zone)
        in_time = now - starts_at(current, at, zone) < CATCH_UP_FOR
        assert night == (current if in_time and (last is None or current > last) else None)
        if night is not None:
            assert last is None or night > last
            assert timedelta(0) <= now - starts_at(night, at, zone) < CATCH_UP_FOR
            last = night


@settings(deadline=None)
@given(days, times, zones)
def test_a_worker_that_checks_every_hour_does_every_night(day: date, at: time, zone: ZoneInfo) -> None:
    """Seven nights in a week, through every change of the clocks."""
    first = starts_at(day, at, zone)
    done: list[date] = []
    for hours in range(24 * 7):
        night = nightly.due(first + timedelta(hours=hours), done[-1] if done else None, at, zone)
        done += [night] if night else []
    assert done == [day + timedelta(days=more) for more in range(len(done))]
    assert len(done) in (7, 8)  # clocks that go forward bring the eighth night an hour nearer
