import json
import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from forecasting.cli.main import main
from forecasting.core.domain import LOCAL_USER, PruneReport, SeriesKey, StoreState
from forecasting.core.errors import InvalidRequest, NotPermitted
from forecasting.services.housekeeping import Pruning, rested
from forecasting.storage import SqlStorage, open_database
from tests.house import LAST, House
from tests.storage.examples import after, publish
from tests.storage.named_files import NamedFiles
from tests.templates import copy_template

DAY = timedelta(days=1)
PLANNER = replace(LOCAL_USER, roles=frozenset({"planner"}))


def stamp(house: House) -> None:
    """Let the history files that are new look as if written at the house's now."""
    now = house.clock.now().timestamp()
    for path in (house.home / "history").glob("*/*/*"):
        if path.stat().st_mtime > now:
            os.utime(path, (now, now))


@pytest.fixture
def old_house(tmp_path: Path) -> Iterator[House]:
    """Ten days of imports and refreshes of store 1, kept for 3 versions or 2 days."""
    house = House(copy_template("ten days", tmp_path, live_ten_days), keep_versions=3, keep=2 * DAY)
    house.clock.turn(10 * DAY)
    yield house
    house.close()


def live_ten_days(home: Path) -> None:
    """Import sales of store 1 and refresh its forecast, day by day."""
    house = House(home, keep_versions=3, keep=2 * DAY).furnish()
    for day in range(10):
        house.next_day(LAST + (day + 1) * DAY)
        house.services.refreshing.refresh(LOCAL_USER, "1")
        house.work()
        stamp(house)
        house.clock.turn(DAY)
    house.close()


def test_pruning_keeps_what_the_settings_say(old_house: House) -> None:
    """Of ten versions, three; of eleven files of store 1 the head and what was newest within two days."""
    report = old_house.services.operations.prune(LOCAL_USER)
    assert (report.versions, report.predictors, report.runs, report.complete) == (7, 3, 7, True)
    assert report.files == 8
    assert report.bytes > 0
    disk = old_house.services.operations.status(LOCAL_USER).disk
    assert (disk.versions, disk.files) == (3, 4)
    assert len(old_house.services.runs.recent(LOCAL_USER)) == 3


def test_pruning_changes_nothing_a_planner_sees(old_house: House) -> None:
    """Stores, states, forecast, sales and predictor are as before, and refreshing goes on."""
    services, key = old_house.services, SeriesKey("1")

    def seen() -> tuple[object, ...]:
        return (
            services.stores.visible(LOCAL_USER),
            services.stores.freshness(LOCAL_USER, "1"),
            services.stores.states(LOCAL_USER),
            services.forecasts.forecast(LOCAL_USER, key).to_csv(),
            services.forecasts.sales(LOCAL_USER, key).to_csv(),
            services.forecasts.predictor(LOCAL_USER, "1"),
            services.forecasts.summary(LOCAL_USER, key),
        )

    before = seen()
    services.operations.prune(LOCAL_USER)
    assert seen() == before
    old_house.next_day(LAST + 11 * DAY)
    services.refreshing.refresh(LOCAL_USER, "1")
    old_house.work()
    assert services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH


def test_a_dry_run_tells_what_pruning_then_does(old_house: House) -> None:
    """The same numbers, nothing removed; afterwards nothing is left to tell."""
    told = old_house.services.operations.prune(LOCAL_USER, dry_run=True)
    assert old_house.services.operations.status(LOCAL_USER).disk.versions == 10
    assert old_house.services.operations.prune(LOCAL_USER) == told
    assert old_house.services.operations.prune(LOCAL_USER, dry_run=True) == PruneReport()


def test_only_an_operator_prunes(house: House) -> None:
    """A planner can't, not even for a look."""
    with pytest.raises(NotPermitted, match="Only an operator may prune"):
        house.services.operations.prune(PLANNER, dry_run=True)


def test_pruning_can_be_broken_off_after_any_step_and_taken_up_again(old_house: House) -> None:
    """What is left is sound after each; together they do what one would have done."""
    reports = []
    for steps in range(1, 12):
        left = iter([True] * steps)
        reports.append(old_house.services.operations.prune(LOCAL_USER, lambda left=left: next(left, False)))  # type: ignore[misc] # bound now
        assert (
            len(old_house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1")))
            == old_house.settings.horizon
        )
        assert len(old_house.services.forecasts.sales(LOCAL_USER, SeriesKey("1"))) > 90
    assert not reports[0].complete
    assert reports[-1].complete
    assert sum(report.versions for report in reports) == 7
    assert sum(report.runs for report in reports) == 7
    assert sum(report.files for report in reports) == 8


def test_before_each_step_it_rests_a_little() -> None:
    """And goes on."""
    assert rested()


def test_disk_use_is_in_the_status(house: House) -> None:
    """Of both parts of the state folder."""
    disk = house.services.operations.status(LOCAL_USER).disk
    files = list((house.home / "history").glob("*/*/*"))
    assert (disk.versions, disk.files) == (0, 2)
    assert disk.history_bytes == sum(path.stat().st_size for path in files)
    assert disk.database_bytes >= (house.home / "storecast.sqlite3").stat().st_size


# -- on the command line -------------------------------------------------------------------------------


@pytest.fixture
def on_the_command_line(old_house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The same house as the command line sees it: years later, and with the same settings."""
    monkeypatch.setenv("STORECAST_HOME", str(old_house.home))
    monkeypatch.setenv("STORECAST_KEEP_VERSIONS", "3")
    monkeypatch.setenv("STORECAST_KEEP_DAYS", "2")
    return old_house


@pytest.mark.usefixtures("on_the_command_line")
def test_the_prune_command_tells_what_went(capsys: pytest.CaptureFixture[str]) -> None:
    """With --dry-run what would go; years later that is one file more."""
    counts = (
        r"7 forecast versions, 3 predictors, 7 runs, 6 days of the track record, 9 history files \(\d+ kB\)"
    )
    for command, says in ((["--dry-run"], "would remove"), ([], "removed")):
        assert main(["prune", *command]) == 0
        assert re.fullmatch(rf"{says} {counts}\n", capsys.readouterr().out)
    assert main(["prune"]) == 0
    assert capsys.readouterr().out.startswith("removed 0 forecast versions")


@pytest.mark.usefixtures("on_the_command_line")
def test_the_status_command_tells_disk_use(capsys: pytest.CaptureFixture[str]) -> None:
    """In words and as JSON."""
    assert main(["status"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"^database      [\d.]+ [kM]B, 10 forecast versions$", told, re.MULTILINE)
    assert re.search(r"^history       \d+ kB, 12 files$", told, re.MULTILINE)
    assert main(["status", "--json"]) == 0
    disk = json.loads(capsys.readouterr().out)["disk"]
    assert (disk["versions"], disk["files"]) == (10, 12)
    assert disk["database_bytes"] > 0
    assert disk["history_bytes"] > 0


# -- readers meanwhile ---------------------------------------------------------------------------------


def test_a_reader_during_pruning_sees_whole_versions_or_none(tmp_path: Path) -> None:
    """Every version it asks for is there with all its days, or is gone; the head is always there."""
    writer, reader = (SqlStorage(open_database(tmp_path)) for _ in range(2))
    versions = [publish(writer, level=day, at=after(day * 86_400)).version for day in range(60)]
    looking, finished = threading.Barrier(2), threading.Event()

    def look(version: int) -> bool:
        try:
            days = reader.versions.read(version)
        except InvalidRequest:
            return False
        assert days["mean"].unique().tolist() == [version - versions[0]]
        assert len(days) == 84
        return True

    def watch() -> int:
        looked = 0
        while not finished.is_set() or not looked:
            head = reader.runs.snapshots()["1"].head
            assert head is not None
            assert look(head.version)
            assert len(reader.versions.summaries()["1"]) == 3
            looked += sum(look(version) for version in versions)
            if not looking.broken and looking.n_waiting:
                looking.wait(30)
        return looked

    pruning = Pruning(writer.retention, NamedFiles(), 2, 2 * DAY)
    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        looking.wait(30)
        report = pruning.run(after(99 * 86_400), rested)
        finished.set()
        assert watching.result(30) > 0
    assert report.versions == 58
    assert [version for version in versions if look(version)] == versions[-2:]
    for storage in (writer, reader):
        storage.close()
