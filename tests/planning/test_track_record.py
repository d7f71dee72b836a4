from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from forecasting.calendar.store_totals import series_histories
from forecasting.core import schema
from forecasting.core.domain import Actual, SeriesDay, VersionHeader
from forecasting.planning.track_record import (
    LATE,
    LEADS,
    actuals,
    compute_update,
    first_needed,
    first_scorable_day,
    score_version,
    versions_to_score,
)

DAY = timedelta(days=1)
START = date(2019, 3, 1)
NOW = datetime(2019, 3, 1, 6, tzinfo=UTC)


def header(version: int, cutoff: date = START, horizon: int = 28) -> VersionHeader:
    """A version of store 1."""
    return VersionHeader(version, "1", "p", "r", "flat", cutoff, horizon, "hash", NOW, NOW)


def forecast(
    cutoff: date = START, horizon: int = 28, items: tuple[str, ...] = ("all", "101")
) -> pd.DataFrame:
    """The scored columns of `schema.STORE_FORECAST`; the mean is the number of days ahead."""
    ahead = pd.Series(range(1, horizon + 1), dtype="float64")
    days = {"ds": pd.Timestamp(cutoff) + pd.to_timedelta(ahead, unit="D"), "mean": ahead}
    days |= {"q10": ahead - 1, "q50": ahead, "q90": ahead + 1}
    frames = [pd.DataFrame({"item": item, "engine": "flat", **days}) for item in items]
    return pd.concat(frames, ignore_index=True)


def sold(first: date, days: int, items: tuple[str, ...] = ("all", "101")) -> dict[SeriesDay, Actual]:
    """Sales of ten units per day and item."""
    return {
        SeriesDay(item, first + day * DAY): Actual(10.0, is_open=True)
        for item in items
        for day in range(days)
    }


@st.composite
def versions(draw: st.DrawFn) -> list[VersionHeader]:
    """Versions with cutoffs in any order (as after rollbacks) and different horizons."""
    made = draw(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), max_size=12))
    return [header(n, START + after * DAY, horizon) for n, (after, horizon) in enumerate(made, start=1)]


def pairs(chosen: dict[int, dict[date, tuple[int, ...]]]) -> Iterator[tuple[int, date, int]]:
    """Version, day and lead, one by one."""
    for version, days in chosen.items():
        for ds, leads in days.items():
            for lead in leads:
                yield version, ds, lead


def eligible(each: VersionHeader, ds: date, lead: int) -> bool:
    """Whether a version was made early enough and reaches the day; all in numbers of days."""
    ahead = (ds - each.cutoff).days
    return lead <= ahead <= each.horizon


@given(versions(), st.sets(st.integers(-5, 110), max_size=20))
def test_each_day_and_lead_has_exactly_the_newest_eligible_version(
    made: list[VersionHeader], offsets: set[int]
) -> None:
    """No pair has two versions, no pair is missing, and no newer version is eligible."""
    days = {START + offset * DAY for offset in offsets}
    chosen = {(ds, lead): version for version, ds, lead in pairs(versions_to_score(made, days))}
    assert len(chosen) == len(list(pairs(versions_to_score(made, days))))
    for ds in days:
        for lead in LEADS:
            able = [each.version for each in made if eligible(each, ds, lead)]
            assert chosen.get((ds, lead)) == max(able, default=None)


@given(versions(), st.sets(st.integers(-5, 110), max_size=20))
def test_nothing_is_scored_by_a_version_that_had_seen_the_day(
    made: list[VersionHeader], offsets: set[int]
) -> None:
    """At least `lead` days lie between its cutoff and the day."""
    cutoffs = {each.version: each.cutoff for each in made}
    for version, ds, lead in pairs(versions_to_score(made, {START + offset * DAY for offset in offsets})):
        assert cutoffs[version] + lead * DAY <= ds
        assert cutoffs[version] < ds


@given(versions(), st.integers(1, 50))
def test_scored_days_are_not_scored_again(made: list[VersionHeader], days: int) -> None:
    """The same sales change nothing and open no forecast."""
    came = sold(START + DAY, days)
    frames = {each.version: forecast(each.cutoff, each.horizon) for each in made}
    first = compute_update("hash", came, {}, made, START, frames.__getitem__)
    recorded = {SeriesDay(row.item, row.ds): Actual(row.y, row.is_open) for row in first.rows}
    mine = {day: actual for day, actual in came.items() if day in recorded}
    again = compute_update("hash", mine, recorded, made, START, {}.__getitem__)
    assert (again.rows, again.corrected, again.gone) == ([], {}, set())


def test_a_version_made_in_between_counts_from_its_lead_on() -> None:
    """Version 2 is made a week later: from then on it is scored for lead 1, a week later for lead 7."""
    made = [header(1), header(2, START + 7 * DAY)]
    chosen = {(ds, lead): version for version, ds, lead in pairs(versions_to_score(made, {START + 8 * DAY}))}
    assert chosen == {(START + 8 * DAY, 1): 2, (START + 8 * DAY, 7): 1}
    chosen = {(ds, lead): version for version, ds, lead in pairs(versions_to_score(made, {START + 14 * DAY}))}
    assert chosen == {(START + 14 * DAY, 1): 2, (START + 14 * DAY, 7): 2, (START + 14 * DAY, 14): 1}


def test_of_two_versions_with_the_same_cutoff_the_later_one_counts() -> None:
    """As after a change of the plan."""
    assert list(versions_to_score([header(2), header(1)], [START + DAY])) == [2]


def test_a_row_has_the_forecast_and_the_sales() -> None:
    """One row per lead that the version is scored on."""
    ds = START + 7 * DAY
    closed = {SeriesDay("101", ds): Actual(0.0, is_open=False)}
    rows = list(score_version(header(5), forecast(), {ds: (1, 7)}, closed))
    assert [row.lead for row in rows] == [1, 7]
    assert rows[0]._asdict() == {
        "item": "101", "ds": ds, "lead": 1, "version": 5, "engine": "flat", "cutoff": START,
        "y": 0.0, "mean": 7.0, "q10": 6.0, "q50": 7.0, "q90": 8.0, "is_open": False,
    }  # fmt: skip


def test_items_missing_from_the_version_are_skipped() -> None:
    """They are not taken from an older version."""
    came = sold(START + 8 * DAY, 1, ("all", "101", "102"))
    frames = {1: forecast(items=("all", "101", "102")), 2: forecast(START + 7 * DAY)}
    made = [header(1), header(2, START + 7 * DAY)]
    rows = compute_update("hash", came, {}, made, START, frames.__getitem__).rows
    assert {(row.item, row.lead, row.version) for row in rows} == {
        ("all", 1, 2), ("101", 1, 2), ("all", 7, 1), ("101", 7, 1), ("102", 7, 1),
    }  # fmt: skip


def test_only_versions_scored_on_a_new_day_are_opened() -> None:
    """One more day with 30 versions opens at most one version per lead."""
    made = [header(day + 1, START + day * DAY) for day in range(30)]
    came = sold(START + 30 * DAY, 1)
    opened: list[int] = []

    def read(version: int) -> pd.DataFrame:
        opened.append(version)
        return forecast(made[version - 1].cutoff)

    assert len(compute_update("hash", came, {}, made, START, read).rows) == 2 * len(LEADS)
    assert sorted(opened) == [3, 17, 24, 30]


def test_corrected_and_vanished_days_are_reported() -> None:
    """A day with other sales, a day that was closed after all, a day that is gone."""
    recorded = sold(START + DAY, 4, ("all",))
    wrong, closed, gone, _ = recorded
    now = {day: actual for day, actual in recorded.items() if day != gone}
    now |= {wrong: Actual(12.0, is_open=True), closed: Actual(0.0, is_open=False)}
    changes = compute_update("hash", now, recorded, [], START, {}.__getitem__)
    assert changes.corrected == {wrong: now[wrong], closed: now[closed]}
    assert changes.gone == {gone}
    assert changes.rows == []


def test_late_days_are_scored_for_four_weeks() -> None:
    """Up to four weeks before the newest recorded day, but never beyond the retention."""
    last, keep = date(2019, 6, 1), timedelta(days=90)
    assert first_scorable_day((), last, keep) == last - keep
    recorded = sold(date(2019, 5, 1), 31)
    assert first_scorable_day(recorded, last, keep) == date(2019, 5, 31) - LATE + DAY
    assert first_scorable_day(recorded, last, 5 * DAY) == last - 5 * DAY


def test_needed_sales_start_with_the_first_version() -> None:
    """Or with the first recorded day; without both, none are needed."""
    made = [header(2, START + 3 * DAY), header(1)]
    assert first_needed((), made, date(2018, 1, 1)) == START + DAY
    assert first_needed((), made, START + 9 * DAY) == START + 9 * DAY
    assert first_needed(sold(START - 9 * DAY, 1), made, START) == START - 9 * DAY
    assert first_needed((), [], START) is None


def test_totals_are_those_of_the_engines() -> None:
    """The sum of the items; open if one of them is."""
    rows = [("101", 3.0, True), ("102", 0.0, False)]
    frame = pd.DataFrame(rows, columns=["item", "y", "is_open"]).assign(
        store="1", ds=pd.Timestamp(START), promo=False, holiday="", school_holiday=False
    )
    came = actuals(series_histories(frame.loc[:, list(schema.SALES)]))
    assert came[SeriesDay("all", START)] == Actual(3.0, is_open=True)
    assert came[SeriesDay("102", START)] == Actual(0.0, is_open=False)


def test_leads_beyond_the_horizon_have_no_version() -> None:
    """A version of two weeks has no day 15."""
    made = [replace(header(1), horizon=14)]
    assert versions_to_score(made, [START + 14 * DAY]) == {1: {START + 14 * DAY: (1, 7, 14)}}
    assert versions_to_score(made, [START + 15 * DAY]) == {}
