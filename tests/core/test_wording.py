from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core import wording


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=3, minutes=59), "3 h"),
        (timedelta(hours=47, minutes=59, seconds=59), "47 h 59 min"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=2, hours=5, minutes=40), "2 days 5 h"),
    ],
)
def test_durations_are_named_in_two_units_and_never_rounded_up(value: timedelta, words: str) -> None:
    """An age just short of the tolerance must not read as the tolerance."""
    assert wording.duration(value) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([date(2019, 5, 5)], "5 May"),
        ([date(2019, 5, 1), date(2019, 5, 2)], "1–2 May"),
        ([date(2019, 4, 30), date(2019, 5, 1)], "30 Apr – 1 May"),
        ([date(2019, 5, 1), date(2019, 5, 3), date(2019, 5, 4)], "1 May, 3–4 May"),
        ([], ""),
    ],
)
def test_days_are_joined_into_ranges(days: list[date], words: str) -> None:
    """Consecutive days read as one range; a gap starts another."""
    assert wording.day_ranges(days) == words


def test_the_tolerance_reads_as_an_adjective() -> None:
    """Whole days are counted in days, anything else in hours."""
    assert wording.tolerance(timedelta(hours=48)) == "2-day"
    assert wording.tolerance(timedelta(hours=36)) == "36-hour"


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)))
def test_the_words_for_a_duration_never_exceed_it(value: timedelta) -> None:
    """The words, read back as a duration, are at most as long."""
    parts = wording.duration(value).split()
    units = {"s": 1, "min": 60, "h": 3600, "days": 86400}
    named = sum(int(n) * units[unit] for n, unit in zip(parts[::2], parts[1::2], strict=True))
    assert named <= value.total_seconds()


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 feeds are late"), (1, "1 feed is late"), (2, "2 feeds are late"), (1200, "1,200 feeds are late")],
)
def test_a_count_agrees_with_its_noun_and_verb(count: int, words: str) -> None:
    """Only one is singular."""
    assert wording.counted(count, "feed is late", "feeds are late") == words


def test_the_plural_of_a_noun_ends_in_s_unless_another_is_given() -> None:
    """Some nouns have none."""
    assert [wording.counted(count, "store") for count in (1, 2)] == ["1 store", "2 stores"]
    assert wording.counted(2, "series", "series") == "2 series"
    assert wording.plural(1, "is", "are") == "is"
