from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from forecasting.core.domain import LOCAL_USER, SeriesKey
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import UnknownSeries
from tests.house import LAST, House, sales
from tests.services.published import DAY, TOTAL, counted, publish, through

NORTHERNER = replace(LOCAL_USER, roles=frozenset({"planner"}), regions=frozenset({"North"}))


def test_a_day_that_comes_is_scored_with_what_was_said_of_it(forecast_house: House) -> None:
    """Each series of the store with the values of its forecast; a day ahead there is one lead."""
    version = publish(forecast_house)
    forecast_house.next_day()
    for item in ("all", "101", "102"):
        key = SeriesKey("1", item)
        said = forecast_house.services.forecasts.forecast(LOCAL_USER, key, version).iloc[0]
        came = forecast_house.services.forecasts.sales(LOCAL_USER, key, 1).iloc[0]
        (row,) = forecast_house.services.accuracy.track(LOCAL_USER, key).to_dict("records")
        assert row == {
            "ds": pd.Timestamp(LAST + DAY), "lead": 1, "version": version, "engine": said["engine"],
            "y": came["y"], "mean": said["mean"], "q10": said["q10"], "q50": said["q50"],
            "q90": said["q90"], "is_open": True,
        }  # fmt: skip


def test_before_a_day_has_come_there_is_no_record(forecast_house: House) -> None:
    """An empty frame with its columns, and sums that are n/a."""
    rows = forecast_house.services.accuracy.track(LOCAL_USER, TOTAL)
    assert rows.empty
    assert list(rows.columns) == [
        "ds", "lead", "version", "engine", "y", "mean", "q10", "q50", "q90", "is_open",
    ]  # fmt: skip
    sums = forecast_house.services.accuracy.track_sums(LOCAL_USER)
    assert sums == dict.fromkeys((1, 7, 14, 28), ErrorSums())
    assert sums[1].wape is None


def test_without_a_forecast_nothing_is_recorded(house: House) -> None:
    """Days that came before the first forecast are nobody's."""
    house.next_day()
    version = publish(house)
    through(house, LAST + 2 * DAY, LAST + 2 * DAY)
    assert counted(house) == {(LAST + 2 * DAY, 1): version}


def test_several_days_at_once_are_all_scored(forecast_house: House) -> None:
    """Two days, and a week later the rest of the week, by lead, the newest last."""
    version = publish(forecast_house)
    through(forecast_house, LAST + 2 * DAY)
    assert counted(forecast_house) == {(LAST + DAY, 1): version, (LAST + 2 * DAY, 1): version}
    through(forecast_house, LAST + 8 * DAY, LAST + 3 * DAY)
    assert len(counted(forecast_house)) == 8 + 2
    rows = forecast_house.services.accuracy.track(LOCAL_USER, TOTAL)
    assert rows[["ds", "lead"]].iloc[-1].tolist() == [pd.Timestamp(LAST + 8 * DAY), 7]
    since = forecast_house.services.accuracy.track(LOCAL_USER, TOTAL, since=LAST + 8 * DAY)
    assert since["lead"].tolist() == [1, 7]


def test_a_version_published_in_between_counts_only_from_its_lead_on(forecast_house: House) -> None:
    """Tomorrow's at once, next week's a week later."""
    first = publish(forecast_house)
    forecast_house.next_day()
    second = publish(forecast_house)
    through(forecast_house, LAST + 8 * DAY, LAST + 2 * DAY)
    version = counted(forecast_house)
    assert second > first
    assert [version[LAST + day * DAY, 1] for day in (1, 2, 3)] == [first, second, second]
    assert [version[LAST + day * DAY, 7] for day in (7, 8)] == [first, second]


def test_a_gap_in_the_feed_is_made_good(forecast_house: House) -> None:
    """Six weeks at once: the four that were forecast are scored, the rest was not forecast by anyone."""
    publish(forecast_house)
    forecast_house.clock.turn(60 * DAY)
    through(forecast_house, LAST + 42 * DAY)
    assert {ds for ds, _ in counted(forecast_house)} == {LAST + day * DAY for day in range(1, 29)}
    assert (LAST + 28 * DAY, 28) in counted(forecast_house)


def test_revised_sales_are_revised_in_the_record(forecast_house: House) -> None:
    """What was said stays, what came is corrected, of the total as well; also without the version."""
    version = publish(forecast_house)
    forecast_house.next_day()
    before = forecast_house.services.accuracy.track(LOCAL_USER, TOTAL)
    forecast_house.next_day(LAST + 2 * DAY)
    publish(forecast_house)
    forecast_house.storage.retention.remove_versions([version])
    forecast_house.deliver("sales", [sales("1", "102", 600.0, LAST + DAY, LAST + DAY)])
    after = forecast_house.services.accuracy.track(LOCAL_USER, TOTAL).head(1)
    came = forecast_house.services.forecasts.sales(LOCAL_USER, TOTAL).set_index("ds")["y"]
    assert after["y"].iloc[0] == came[pd.Timestamp(LAST + DAY)] > before["y"].iloc[0]
    pd.testing.assert_frame_equal(after.drop(columns="y"), before.drop(columns="y"))


def test_a_product_that_comes_late_is_scored_late(forecast_house: House) -> None:
    """Its day is recorded then, and the total of that day is corrected."""
    version, day = publish(forecast_house), LAST + DAY
    forecast_house.deliver("sales", [sales("1", "101", 120.0, day, day)])
    assert forecast_house.services.accuracy.track(LOCAL_USER, SeriesKey("1", "102")).empty
    forecast_house.deliver("sales", [sales("1", "102", 60.0, day, day)])
    assert counted(forecast_house, SeriesKey("1", "102")) == {(day, 1): version}
    rows = (
        forecast_house.services.accuracy.track(LOCAL_USER, SeriesKey("1", item))
        for item in ("all", "101", "102")
    )
    total, *parts = (each["y"].iloc[0] for each in rows)
    assert total == pytest.approx(sum(parts))


def test_importing_again_changes_nothing(forecast_house: House) -> None:
    """Neither does the same file, nor scoring once more."""
    publish(forecast_house)
    forecast_house.next_day()
    before = forecast_house.storage.track.read(["1", "2"])
    forecast_house.next_day()
    forecast_house.services.imports.score_arrivals(LOCAL_USER)
    pd.testing.assert_frame_equal(forecast_house.storage.track.read(["1", "2"]), before)


def test_a_preview_of_a_file_scores_nothing(forecast_house: House) -> None:
    """With `dry_run` nothing arrived."""
    frame = sales("1", "101", 1.0, LAST + DAY, LAST + DAY)
    path = forecast_house.home / "preview.csv"
    frame.to_csv(path, index=False)
    forecast_house.services.imports.import_file(LOCAL_USER, path, "sales", dry_run=True)
    assert forecast_house.storage.track.read(["1"]).empty


def test_a_roll_back_takes_its_days_along(forecast_house: House) -> None:
    """And the right ones are scored when they come."""
    publish(forecast_house)
    forecast_house.next_day()
    wrong = forecast_house.storage.runs.pulse()[1]
    right = counted(forecast_house)
    forecast_house.storage.manifest.roll_back(wrong, "Ana", forecast_house.clock.now())
    forecast_house.services.imports.score_arrivals(LOCAL_USER)
    assert counted(forecast_house) == {}
    forecast_house.next_day()
    assert counted(forecast_house) == right


def test_a_store_whose_sales_are_all_rolled_back_keeps_quiet(empty_house: House) -> None:
    """There is nothing to score, and nothing breaks."""
    empty_house.furnish()
    publish(empty_house)
    first = empty_house.storage.runs.pulse()[1]
    empty_house.storage.manifest.roll_back(first, "Ana", empty_house.clock.now())
    empty_house.services.imports.score_arrivals(LOCAL_USER)
    assert empty_house.storage.track.read(["1"]).empty


def test_closed_days_are_recorded_and_not_scored(forecast_house: House) -> None:
    """7 April 2019 is a Sunday."""
    publish(forecast_house)
    through(forecast_house, date(2019, 4, 7))
    rows = forecast_house.services.accuracy.track(LOCAL_USER, TOTAL)
    assert rows.set_index("ds")["is_open"].to_dict()[pd.Timestamp(2019, 4, 7)] is False
    assert forecast_house.services.accuracy.track_sums(LOCAL_USER, store="1")[1].days == len(rows) - 1 == 4


def test_a_pruned_version_keeps_its_record(tmp_path: Path) -> None:
    """Retention forgets the version, not how it did."""
    house = House(tmp_path, keep_versions=1, keep=2 * DAY).furnish()
    first = publish(house)
    for day in (1, 2):
        through(house, LAST + day * DAY, LAST + day * DAY)
        publish(house)
        house.clock.turn(3 * DAY)
    assert house.services.operations.prune(LOCAL_USER).versions == 2
    assert counted(house)[LAST + DAY, 1] == first
    house.close()


def test_the_record_is_kept_on_the_business_date(tmp_path: Path) -> None:
    """Years later on the clock it is all there; days go as new ones come, and do not come back."""
    house = House(tmp_path, keep=5 * DAY).furnish()
    publish(house)
    through(house, LAST + 5 * DAY)
    house.clock.instant = datetime(2031, 1, 1, tzinfo=UTC)
    assert house.services.operations.prune(LOCAL_USER).track_days == 0
    through(house, LAST + 8 * DAY, LAST + 6 * DAY)
    told = house.services.operations.prune(LOCAL_USER, dry_run=True)
    assert house.services.operations.prune(LOCAL_USER).track_days == told.track_days == 2
    assert min(ds for ds, _ in counted(house)) == LAST + 3 * DAY
    through(house, LAST + 9 * DAY, LAST + 9 * DAY)
    assert min(ds for ds, _ in counted(house)) == LAST + 3 * DAY
    house.close()


def test_others_see_nothing_of_a_store(forecast_house: House) -> None:
    """It does not exist for them, and their sums are without it."""
    for store in ("1", "2"):
        publish(forecast_house, store)
    day = LAST + DAY
    frames = [sales(store, "101", 90.0, day, day) for store in ("1", "2")]
    forecast_house.deliver("sales", frames)
    services = forecast_house.services
    for ask in (
        lambda: services.accuracy.track(NORTHERNER, SeriesKey("2")),
        lambda: services.accuracy.track_sums(NORTHERNER, store="2"),
        lambda: services.accuracy.track(NORTHERNER, SeriesKey("1", "999")),
    ):
        with pytest.raises(UnknownSeries):
            ask()
    assert services.accuracy.track_sums(NORTHERNER, region="South")[1] == ErrorSums()
    mine, all_of_them = (
        services.accuracy.track_sums(NORTHERNER)[1],
        services.accuracy.track_sums(LOCAL_USER)[1],
    )
    assert (mine.days, all_of_them.days) == (1, 2)
    assert mine == services.accuracy.track_sums(LOCAL_USER, store="1")[1]
    assert mine + services.accuracy.track_sums(LOCAL_USER, region="South")[1] == all_of_them


def test_sums_are_of_the_rows_shown(forecast_house: House) -> None:
    """Error and bias by lead as one would work them out from the record."""
    publish(forecast_house)
    through(forecast_house, LAST + 14 * DAY)
    rows = forecast_house.services.accuracy.track(LOCAL_USER, SeriesKey("1", "101"))
    for lead, sums in forecast_house.services.accuracy.track_sums(LOCAL_USER, store="1", item="101").items():
        scored = rows[rows["is_open"] & (rows["lead"] == lead)]
        assert sums.days == len(scored)
        if lead <= 14:
            assert sums.wape == pytest.approx((scored["y"] - scored["q50"]).abs().sum() / scored["y"].sum())
            assert sums.bias == pytest.approx((scored["mean"] - scored["y"]).sum() / scored["y"].sum())
    since = forecast_house.services.accuracy.track_sums(LOCAL_USER, store="1", since=LAST + 14 * DAY)
    assert {lead: sums.days for lead, sums in since.items()} == {1: 1, 7: 1, 14: 1, 28: 0}


# -- interruptions and failures ------------------------------------------------------------------------
