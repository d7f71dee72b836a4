from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.calendar.features import (
    BLOCK,
    CONTEXT,
    Features,
    calendar_columns,
    features,
    features_after,
    usual_weekdays,
)
from forecasting.core.day_arrays import FloatArray, SeriesDays, day_of, number_of

MONDAY = date(2019, 3, 4)
ALL_WEEK = np.ones(7, dtype=bool)
NO_SUNDAY = np.arange(7) != 6


def stretch(is_open: Sequence[bool], first: date = MONDAY, seed: int = 0) -> SeriesDays:
    """One row per day from `first` on, with random promotions and holidays."""
    rng, size = np.random.default_rng(seed), len(is_open)
    promo, school, flag = rng.random((3, size)) < 0.5
    return SeriesDays(
        days=number_of(first) + np.arange(size),
        y=rng.random(size),
        is_open=np.array(is_open, dtype=bool),
        promo=promo,
        school_holiday=school,
        holiday=rng.integers(0, 3, size),
        kinds=("", "May Day", "Epiphany"),
        flags={"standing": flag},
    )


def closed_on(offsets: Collection[int], size: int = 28, first: date = MONDAY) -> SeriesDays:
    """One row per day from `first` on, closed on some of them."""
    return stretch([at not in offsets for at in range(size)], first)


def marked(columns: Features, name: str) -> list[int]:
    """Which rows of a column are 1."""
    assert set(np.unique(columns[name])) <= {0.0, 1.0}
    return np.flatnonzero(columns[name]).tolist()


def dates_marked(name: str, year: int) -> list[date]:
    """Which days of a year a column is 1 on."""
    first = number_of(date(year, 1, 1))
    days = np.arange(first, number_of(date(year + 1, 1, 1)))
    return [day_of(first + at) for at in marked(calendar_columns(days), name)]


def assert_equal(found: Mapping[str, FloatArray], expected: Mapping[str, FloatArray]) -> None:
    """Same names in the same order, same values."""
    assert list(found) == list(expected)
    for name, column in expected.items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)


@st.composite
def stretches(draw: st.DrawFn, most: int = 60) -> SeriesDays:
    """Alternating open and closed periods, some long; some closed days have no row."""
    spells = draw(st.lists(st.integers(1, 12), max_size=most))
    is_open = np.repeat(np.arange(len(spells)) % 2 == 0, spells) ^ draw(st.booleans())
    series = stretch(list(is_open), MONDAY, draw(st.integers(0, 5)))
    missing = np.random.default_rng(len(spells)).random(len(series)) < draw(st.sampled_from([0.0, 0.5, 1.0]))
    return series[series.is_open | ~missing]


@given(stretches(), st.floats(0, 1e6))
def test_no_column_depends_on_demand(series: SeriesDays, demand: float) -> None:
    """Other demand gives the same columns."""
    other = replace(series, y=np.full(len(series), demand))
    usual = usual_weekdays(series)
    assert (usual_weekdays(other) == usual).all()
    assert_equal(features(other, usual), features(series, usual))


@given(stretches(), st.integers(0, 400))
def test_later_days_change_only_closure_columns_of_at_most_nine_days(series: SeriesDays, cut: int) -> None:
    """All other columns of a day are known at its cutoff."""
    known = series[:cut]
    then, later = features(known, NO_SUNDAY), features(series, NO_SUNDAY)
    settled = known.days <= (known.days[-1] - 9 if len(known) else 0)
    for name, column in then.items():
        rows = settled if name.startswith(("closed:tomorrow", "closing:", "promo:closed_tomorrow")) else ...
        np.testing.assert_array_equal(later[name][: len(known)][rows], column[rows], err_msg=name)


@given(stretches(), st.integers(0, 400))
def test_days_ahead_have_the_columns_of_the_whole_series(series: SeriesDays, cut: int) -> None:
    """They are the last rows of the columns of past and future together."""
    seen, future = series[:cut], series[cut:]
    whole = features(seen.followed_by(future), NO_SUNDAY)
    expected = {name: column[len(seen) :] for name, column in whole.items()}
    assert_equal(features_after(seen, future, NO_SUNDAY), expected)


def test_a_closure_longer_than_the_context_still_counts() -> None:
    """The first days after half a year of closure are marked."""
    seen, future = stretch([True] * 9 + [False] * (CONTEXT + 60)), stretch([True] * 9, date(2020, 1, 6))
    columns = features_after(seen, future, ALL_WEEK)
    assert marked(columns, "reopened:1-2") == [0, 1]
    assert marked(columns, "reopened:3-5") == [2, 3, 4]


@given(stretches())
def test_a_missing_day_is_a_closed_one(series: SeriesDays) -> None:
    """Leaving out closed days between others does not change the others' columns."""
    kept = series.is_open.copy()
    kept[[0, -1] if len(series) else []] = True
    expected = {name: column[kept] for name, column in features(series, ALL_WEEK).items()}
    assert_equal(features(series[kept], ALL_WEEK), expected)


@given(stretches())
def test_every_value_is_a_number(series: SeriesDays) -> None:
    """One per day; all but the waves are 0 or 1."""
    for name, column in features(series, usual_weekdays(series)).items():
        assert column.shape == (len(series),), name
        assert column.dtype == np.float64, name
        waves = name.startswith(("month:sin", "month:cos"))
        assert (np.abs(column) <= 1).all() if waves else np.isin(column, [0, 1]).all(), name


def test_no_days_have_all_columns_and_no_rows() -> None:
    """So an empty future needs no special case."""
    empty, other = stretch([]), stretch([True])
    assert not usual_weekdays(empty).any()
    columns = features(empty, ALL_WEEK)
    assert list(columns) == list(features(other, ALL_WEEK))
    assert all(column.size == 0 for column in columns.values())
    assert_equal(features_after(other, empty, ALL_WEEK), columns)
    assert_equal(features_after(empty, other, ALL_WEEK), features(other, ALL_WEEK))


def test_promotions_have_columns_for_the_days_they_fall_on() -> None:
    """Some weekdays, school holidays, the day before a closed one."""
    series = replace(
        closed_on({10}),
        promo=np.isin(np.arange(28), [0, 3, 4, 5, 9, 21]),
        school_holiday=np.isin(np.arange(28), [4, 6]),
    )
    columns = features(series, ALL_WEEK)
    expected = {
        "promo": [0, 3, 4, 5, 9, 21],
        "promo:Mon": [0, 21],
        "promo:Tue": [],
        "promo:Wed": [9],
        "promo:Fri": [4],
        "promo:school_holiday": [4],
        "promo:closed_tomorrow": [9],
        "school_holiday": [4, 6],
    }
    assert {name: marked(columns, name) for name in expected} == expected


def test_holidays_and_flags_have_a_column_each() -> None:
    """One per name, and one for any holiday; an empty name is no holiday."""
    series = stretch([True] * 28)
    columns = features(series, ALL_WEEK)
    assert [name for name in columns if name.startswith("holiday:")] == [
        "holiday:May Day",
        "holiday:Epiphany",
    ]
    assert marked(columns, "holiday") == np.flatnonzero(series.holiday).tolist()
    assert marked(columns, "holiday:Epiphany") == np.flatnonzero(series.holiday == 2).tolist()
    assert marked(columns, "flag:standing") == np.flatnonzero(series.flags["standing"]).tolist()


def test_a_holiday_of_the_past_alone_has_its_column_in_the_future() -> None:
    """No matter which frame names it first."""
    seen = replace(stretch([True] * 7), kinds=("", "Easter", "Pentecost"))
    future = replace(stretch([True] * 7, date(2019, 3, 11)), kinds=("", "Pentecost", "Christmas"))
    columns = features_after(seen, future, ALL_WEEK)
    assert marked(columns, "holiday:Easter") == []
    assert marked(columns, "holiday:Pentecost") == np.flatnonzero(future.holiday == 1).tolist()
    assert marked(columns, "holiday:Christmas") == np.flatnonzero(future.holiday == 2).tolist()


def test_days_next_to_a_closed_day_are_marked_if_its_weekday_is_usually_open() -> None:
    """Sundays, one Wednesday and one Friday are closed: Saturdays and Mondays are not marked."""
    columns = features(closed_on({2, 6, 13, 18, 20, 27}), NO_SUNDAY)
    assert marked(columns, "closed:tomorrow") == [1, 17]
    assert marked(columns, "closed:yesterday") == [3, 19]
    assert marked(columns, "closed:yesterday:Sat") == [19]


def test_a_saturday_after_a_usually_closed_friday_is_not_marked() -> None:
    """A usually closed Friday is no closure."""
    series = closed_on(range(4, 28, 7))
    assert marked(features(series, usual_weekdays(series)), "closed:yesterday:Sat") == []


def test_the_days_before_the_first_and_after_the_last_count_as_usual() -> None:
    """Nothing is known about them."""
    columns = features(closed_on((), 2), ALL_WEEK)
    assert marked(columns, "closed:tomorrow") == []
    assert marked(columns, "closed:yesterday") == []


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        pytest.param(6, [[], [], [], []], id="six days"),
        pytest.param(7, [[9], [7, 8], [17, 18], [19, 20, 21]], id="seven days"),
    ],
)
def test_a_closure_is_long_from_a_week_on(length: int, expected: list[list[int]]) -> None:
    """The days before and after it are marked, nearest first."""
    columns = features(closed_on(range(10, 10 + length)), ALL_WEEK)
    names = ("closing:1", "closing:2-3", "reopened:1-2", "reopened:3-5")
    assert [marked(columns, name) for name in names] == expected


def test_every_long_closure_is_marked_even_if_the_next_follows_soon() -> None:
    """Two of them, three weeks apart, and a short one between."""
    columns = features(closed_on({*range(10, 17), 25, *range(38, 50)}, 60), ALL_WEEK)
    assert marked(columns, "closing:1") == [9, 37]
    assert marked(columns, "closing:2-3") == [7, 8, 35, 36]
    assert marked(columns, "reopened:1-2") == [17, 18, 50, 51]
    assert marked(columns, "reopened:3-5") == [19, 20, 21, 52, 53, 54]


def test_a_weekday_is_usual_if_more_than_half_of_the_last_year_had_it_open() -> None:
    """Sundays were open until a year ago, and every other Saturday since then: neither is usual."""
    at = np.arange(3 * 364)
    is_open = np.where(at % 7 == 6, at < 2 * 364, (at % 14 != 5) | (at < 2 * 364))
    assert usual_weekdays(stretch(list(is_open))).tolist() == [True] * 5 + [False] * 2
    assert usual_weekdays(stretch(list(is_open))[: 2 * 364]).all()


def test_a_weekday_without_a_row_is_not_usual() -> None:
    """Sundays without rows mean the same as closed Sundays."""
    series = closed_on(range(6, 70, 7), 70)
    assert usual_weekdays(series).tolist() == NO_SUNDAY.tolist()
    assert usual_weekdays(series[series.is_open]).tolist() == NO_SUNDAY.tolist()


def test_a_few_days_make_their_weekdays_usual() -> None:
    """There are only Monday to Wednesday, and the Tuesday was closed."""
    assert np.flatnonzero(usual_weekdays(closed_on({1}, 3))).tolist() == [0, 2]


SUNDAYS = {2013: date(2013, 3, 31), 2014: date(2014, 4, 20), 2015: date(2015, 4, 5), 2016: date(2016, 3, 27)}
PENTECOSTS = {
    2013: date(2013, 5, 19),
    2014: date(2014, 6, 8),
    2015: date(2015, 5, 24),
    2016: date(2016, 5, 15),
}


@pytest.mark.parametrize("year", SUNDAYS)
def test_the_days_around_easter_and_pentecost_are_marked(year: int) -> None:
    """Against the dates of four years; the Sundays themselves and Carnival are not."""

    def around(sunday: date, *offsets: int) -> list[date]:
        return [sunday + timedelta(days=offset) for offset in offsets]

    easter, pentecost = SUNDAYS[year], PENTECOSTS[year]
    expected = {
        "easter:-7..-4": around(easter, -7, -6, -5, -4),
        "easter:-3..-1": around(easter, -3, -2, -1),
        "easter:+1..+3": around(easter, 1, 2, 3),
        "pentecost:-3..-1": around(pentecost, -3, -2, -1),
        "pentecost:+1..+3": around(pentecost, 1, 2, 3),
    }
    assert {name: dates_marked(name, year) for name in expected} == expected


@pytest.mark.parametrize(("year", "sunday"), [(1972, date(1972, 4, 2)), (2099, date(2099, 4, 12))])
def test_years_far_away_have_easter_and_december_columns(year: int, sunday: date) -> None:
    """The calendar is computed, not taken from a table that ends."""
    assert dates_marked("easter:-3..-1", year) == [sunday - timedelta(days=back) for back in (3, 2, 1)]
    assert dates_marked("december:24", year) == [date(year, 12, 24)]
    assert len(dates_marked("month:last", year)) == 12


def test_december_has_groups_with_christmas_eve_and_new_years_eve_alone() -> None:
    """Each of the 31 days except Christmas Day and Boxing Day belongs to one group."""
    parts = [name for name in calendar_columns(np.zeros(0, dtype=np.int64)) if name.startswith("december:")]
    days = [day for name in parts for day in dates_marked(name, 2014)]
    assert sorted(days) == [date(2014, 12, day) for day in range(1, 32) if day not in (25, 26)]
    assert dates_marked("december:24", 2014) == [date(2014, 12, 24)]
    assert dates_marked("december:31", 2014) == [date(2014, 12, 31)]


@pytest.mark.parametrize(
    ("month", "last", "before", "saturday"),
    [
        pytest.param(1, date(2014, 1, 31), date(2014, 1, 30), date(2014, 2, 1), id="ends on a Friday"),
        pytest.param(4, date(2014, 4, 30), date(2014, 4, 29), date(2014, 5, 3), id="ends on a Wednesday"),
        pytest.param(5, date(2014, 5, 30), date(2014, 5, 29), date(2014, 5, 31), id="ends on a Saturday"),
        pytest.param(6, date(2014, 6, 30), date(2014, 6, 27), None, id="ends on a Monday"),
        pytest.param(7, date(2014, 7, 31), date(2014, 7, 30), date(2014, 8, 2), id="ends on a Thursday"),
        pytest.param(8, date(2014, 8, 29), date(2014, 8, 28), date(2014, 8, 30), id="ends on a Sunday"),
        pytest.param(9, date(2014, 9, 30), date(2014, 9, 29), None, id="ends on a Tuesday"),
    ],
)
def test_the_end_of_a_month_is_its_last_working_days_and_their_saturday(
    month: int, last: date, before: date, saturday: date | None
) -> None:
    """The Saturday may lie in the next month; it is not marked if it is more than three days later."""
    middle = date(2014, month, 15), date(2014, month + 1, 15)

    def found(name: str) -> list[date]:
        return [day for day in dates_marked(name, 2014) if middle[0] <= day < middle[1]]

    assert found("month:last") == [last]
    assert found("month:last_but_one") == [before]
    assert found("month:saturday_after") == ([] if saturday is None else [saturday])


@pytest.mark.parametrize(
    ("year", "month", "length"), [(2019, 2, 28), (2020, 2, 29), (2019, 4, 30), (2019, 5, 31)]
)
def test_the_first_wave_of_a_month_has_one_period(year: int, month: int, length: int) -> None:
    """For months of any length; the second wave has two periods."""
    day = np.arange(length)
    columns = calendar_columns(number_of(date(year, month, 1)) + day)
    np.testing.assert_allclose(columns["month:sin1"], np.sin(2 * np.pi * day / length), atol=1e-12)
    np.testing.assert_allclose(columns["month:cos2"], np.cos(4 * np.pi * day / length), atol=1e-12)


@given(st.integers(0, 25 * BLOCK), st.integers(0, 2 * BLOCK), st.integers(0, 2 * BLOCK))
def test_a_span_has_the_columns_of_its_parts(first: int, size: int, cut: int) -> None:
    """Also across the ends of cached blocks."""
    days = first + np.arange(size)
    halves = [calendar_columns(days[:cut]), calendar_columns(days[cut:])]
    joined = {name: np.concatenate([half[name] for half in halves]) for name in halves[0]}
    assert_equal(calendar_columns(days), joined)


def test_writing_to_columns_does_not_change_the_next_ones() -> None:
    """Callers get a copy of the cached block."""
    days = np.arange(18_000, 18_100)
    first = calendar_columns(days)
    expected = {name: column.copy() for name, column in first.items()}
    for column in first.values():
        column[:] = 7.0
    assert_equal(calendar_columns(days), expected)
