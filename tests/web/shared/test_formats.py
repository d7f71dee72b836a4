from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.shared import formats

NOW = datetime(2019, 4, 3, 22, 30, tzinfo=UTC)


def test_figures_are_whole_units_with_separators_and_never_a_0_for_nothing() -> None:
    """Missing figures are n/a."""
    assert formats.units(2151.4) == "2,151"
    assert formats.units(None) == "n/a"
    assert formats.percent(0.0812) == "8.1%"
    assert formats.percent(None) == "n/a"


@pytest.mark.parametrize(
    ("new", "old", "words"),
    [(112.0, 100.0, "+12%"), (97.0, 100.0, "−3%"), (1.0, 0.0, "n/a"), (None, 1.0, "n/a"), (1.0, None, "n/a")],
)
def test_a_change_needs_something_to_compare_with(new: float | None, old: float | None, words: str) -> None:
    """Against nothing there is none."""
    assert formats.change(new, old) == words


@pytest.mark.parametrize(
    ("bias", "words"),
    [(0.031, "3% too high"), (-0.2, "20% too low"), (0.004, "balanced"), (-0.004, "balanced"), (None, "n/a")],
)
def test_a_bias_is_put_in_words(bias: float | None, words: str) -> None:
    """Above 0 too much was expected; what rounds to zero is balanced."""
    assert formats.bias(bias) == words


def test_days_are_counted_in_words() -> None:
    """Nobody says 1 days, nor 1 days before."""
    assert [formats.days_before(days) for days in (1, 28)] == ["the day before", "28 days before"]
    assert [formats.days(days) for days in (1, 1204)] == ["1 day", "1,204 days"]


def test_instants_are_written_in_the_readers_time_zone() -> None:
    """Half past midnight in Berlin is today there, although it is yesterday in UTC."""
    berlin = formats.zone("Europe/Berlin")
    assert formats.instant(NOW, NOW + timedelta(hours=1), berlin) == "today 00:30"
    assert formats.instant(NOW - timedelta(hours=1), NOW, berlin) == "yesterday 23:30"
    assert formats.instant(NOW - timedelta(days=5), NOW, UTC) == "29 Mar 22:30"


@pytest.mark.parametrize("name", [None, "", "Nowhere/Land", "../etc/passwd", "\0"])
def test_a_zone_the_browser_makes_up_is_utc(name: str | None) -> None:
    """It comes from outside."""
    assert formats.zone(name) is UTC


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_days_carry_their_weekday(day: date) -> None:
    """Short and long agree."""
    assert formats.long_day(day).startswith(formats.day(day).split()[0])
    assert formats.day(day).split()[1] == str(day.day)


@pytest.mark.parametrize(
    "text",
    [
        "[sign in](https://evil.example)",
        "https://evil.example",
        "www.evil.example",
        "<b>x</b>",
        "$a$",
        "**x**",
        ":red[x]",
    ],
)
def test_text_from_outside_is_shown_and_not_obeyed(text: str) -> None:
    """No link, no formula, no formatting; unescaped it is the same text."""
    shown = formats.plain(text)
    assert shown != text
    assert shown.replace("\\", "") == text
    assert formats.plain("store 1, product 101: expected 14 days") == "store 1, product 101: expected 14 days"
