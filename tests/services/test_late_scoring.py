import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from forecasting.core.domain import LOCAL_USER, SeriesKey
from forecasting.core.errors import NotPermitted, StateUnavailable
from forecasting.services.housekeeping import DailyChores
from forecasting.storage.tables import forecast_version
from tests.house import FIRST, LAST, House, sales
from tests.services.people import NORTHERNER
from tests.services.published import DAY, counted, import_unscored, publish, through


def test_what_was_imported_and_not_scored_is_made_good(forecast_house: House) -> None:
    """By the next import, or at the worker's next look round."""
    version, day = publish(forecast_house), LAST + DAY
    import_unscored(forecast_house, sales("1", "101", 1.0, day, day))
    assert counted(forecast_house) == {}
    forecast_house.services.imports.score_arrivals(LOCAL_USER)
    assert counted(forecast_house) == {(day, 1): version}
    import_unscored(forecast_house, sales("1", "101", 1.0, day + DAY, day + DAY))
    through(forecast_house, day + 2 * DAY, day + 2 * DAY)
    assert counted(forecast_house) == {(day + ahead * DAY, 1): version for ahead in range(3)}


def test_a_store_never_scored_begins_with_its_first_version(forecast_house: House) -> None:
    """As after an upgrade: every version that is there counts for its days."""
    versions = [publish(forecast_house)]
    for day in range(1, 4):
        ds = LAST + day * DAY
        import_unscored(forecast_house, sales("1", "101", 120.0, ds, ds), sales("1", "102", 60.0, ds, ds))
        versions.append(publish(forecast_house))
    forecast_house.services.imports.score_arrivals(LOCAL_USER)
    assert counted(forecast_house) == {
        (LAST + ahead * DAY, 1): version for ahead, version in enumerate(versions[:-1], start=1)
    }


def test_a_look_round_is_cheap_until_something_was_imported(forecast_house: House) -> None:
    """It asks for the newest import, and no more if it has seen it."""
    statements: list[str] = []
    forecast_house.services.imports.score_arrivals(LOCAL_USER)
    sa.event.listen(
        forecast_house.storage.database.engine,
        "before_cursor_execute",
        lambda *event: statements.append(event[2]),
    )
    forecast_house.services.imports.score_arrivals(LOCAL_USER)
    assert [each for each in statements if "track" in each] == []
    assert len([each for each in statements if each.startswith("SELECT")]) == 1


def test_a_look_round_that_is_broken_off_goes_on_at_the_next(forecast_house: House) -> None:
    """Nothing is scored while there is other work; then all of it."""
    day = LAST + DAY
    for store in ("1", "2"):
        publish(forecast_house, store)
    import_unscored(forecast_house, *(sales(store, "101", 1.0, day, day) for store in ("1", "2")))
    left = iter([True, False])
    forecast_house.services.imports.score_arrivals(LOCAL_USER, lambda: next(left))
    assert set(forecast_house.storage.track.read(["1", "2"])["store"]) == {"1"}
    forecast_house.services.imports.score_arrivals(LOCAL_USER, lambda: True)
    assert set(forecast_house.storage.track.read(["1", "2"])["store"]) == {"1", "2"}


def test_only_an_operator_has_arrivals_scored(house: House) -> None:
    """A planner has no say in it."""
    with pytest.raises(NotPermitted, match="Only an operator may score forecasts"):
        house.services.imports.score_arrivals(NORTHERNER)


def test_scoring_is_one_of_the_chores(forecast_house: House) -> None:
    """Whoever looks round scores what is left, and hands on how to ask for a pause."""
    asked: list[Callable[[], bool]] = []
    house = forecast_house
    chores = DailyChores(
        house.storage, house.clock, house.settings, "w", list, house.services.operations.prune, asked.append
    )
    house.services.refreshing.refresh(LOCAL_USER, "1", force=True)  # so that nothing is pruned now
    undisturbed = lambda: True  # noqa: E731 – to be told apart by identity
    chores(undisturbed)
    assert asked == [undisturbed]


def spoil(house: House, version: int, content: bytes) -> bytes:
    """Put other content in the place of a version's days; return what was there."""
    mine = forecast_version.c.version == version
    with house.storage.database.writing() as connection:
        days = forecast_version.c.forecast
        before: bytes = connection.execute(sa.select(days).where(mine)).scalar_one()
        connection.execute(sa.update(forecast_version).where(mine).values(forecast=content))
    return before


def test_an_import_holds_where_scoring_fails(forecast_house: House, caplog: pytest.LogCaptureFixture) -> None:
    """The log names store and reason, the other store is scored, and the next import makes it good."""
    first, second = publish(forecast_house, "1"), publish(forecast_house, "2")
    days = spoil(forecast_house, first, b"no arrow")
    day = LAST + DAY
    with caplog.at_level(logging.ERROR):
        forecast_house.deliver("sales", [sales(store, "101", 9.0, day, day) for store in ("1", "2")])
    assert forecast_house.services.forecasts.sales(LOCAL_USER, SeriesKey("1", "101"))[
        "ds"
    ].max() == pd.Timestamp(day)
    assert [each.getMessage() for each in caplog.records] == [
        "store 1: its new sales are not scored yet: stored forecast: expected an Arrow IPC stream, found "
        + caplog.records[0].getMessage().rsplit("found ")[1]
    ]
    assert counted(forecast_house) == {}
    assert counted(forecast_house, SeriesKey("2")) == {(day, 1): second}
    spoil(forecast_house, first, days)
    forecast_house.deliver("sales", [sales("1", "101", 9.0, day + DAY, day + DAY)])
    assert counted(forecast_house) == {(day, 1): first, (day + DAY, 1): first}


def test_an_import_does_not_wait_for_every_store_of_a_database_that_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After three in a row the rest is left to the next look round."""
    house = House(tmp_path)
    stores = [str(number) for number in range(1, 7)]
    house.deliver("sales", [sales(store, "101", 9.0, FIRST, LAST) for store in stores])
    house.services.refreshing.refresh_all(LOCAL_USER)
    house.work()
    with house.storage.database.writing() as connection:
        connection.execute(sa.update(forecast_version).values(forecast=b"no arrow"))
    day = LAST + DAY
    with caplog.at_level(logging.ERROR):
        house.deliver("sales", [sales(store, "101", 9.0, day, day) for store in stores])
    assert len(caplog.records) == 3
    house.services.imports.score_arrivals(LOCAL_USER, lambda: True)
    assert len(caplog.records) == 3 + 6
    house.close()


def test_an_import_holds_where_the_database_fails_right_after_it(
    forecast_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """As if its disk went away between the two."""
    publish(forecast_house)
    frame = sales("1", "101", 9.0, LAST + DAY, LAST + DAY)
    path = forecast_house.home / "sales.csv"
    frame.to_csv(path, index=False)
    import_file = forecast_house.history.import_file
    gone = forecast_house.home / "gone.sqlite3"

    def import_then_fail(*arguments: object, **options: object) -> object:
        report = import_file(*arguments, **options)  # type: ignore[arg-type] # handed on
        (forecast_house.home / "storecast.sqlite3").rename(gone)
        return report

    forecast_house.history.import_file = import_then_fail  # type: ignore[assignment,method-assign] # a fault, on purpose
    report = forecast_house.services.imports.import_file(LOCAL_USER, path, "sales")
    gone.rename(forecast_house.home / "storecast.sqlite3")
    assert report.added == 1
    assert "the new sales of 1 store are not scored yet" in caplog.text
    forecast_house.services.imports.score_arrivals(LOCAL_USER)
    assert len(counted(forecast_house)) == 1


def test_a_look_round_tells_of_a_database_that_fails(forecast_house: House) -> None:
    """The worker complains once and tries again."""
    database = forecast_house.home / "storecast.sqlite3"
    database.rename(database.with_name("gone"))
    with pytest.raises(StateUnavailable):
        forecast_house.services.imports.score_arrivals(LOCAL_USER)
    database.with_name("gone").rename(database)
