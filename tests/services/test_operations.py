"""What an operator is told about a house."""

import shutil
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from forecasting import __version__
from forecasting.core.domain import SYSTEM, Principal, StoreState, Volume
from forecasting.core.errors import NotPermitted, StateUnavailable
from forecasting.refresh.policy import SILENCE
from forecasting.services.readiness import Need, disk_check
from forecasting.services.vital_signs import COUNTED_EVERY, quantile
from tests.house import LAST, House, sales

PLANNER = Principal("p", "Planner", frozenset({"planner"}))


def test_a_house_without_a_worker_has_one_need_that_is_not_met(house: House) -> None:
    """The others are; each says how it stands."""
    checks = {need: house.services.operations.check(SYSTEM, need) for need in Need}
    assert {need: check.ok for need, check in checks.items()} == {
        Need.DATABASE: True,
        Need.WORKER: False,
        Need.DISK: True,
    }
    assert checks[Need.WORKER].detail == "No refresh worker has given a sign of life yet"
    assert "MB free, at least 200 MB expected" in checks[Need.DISK].detail


def test_a_worker_counts_as_long_as_it_was_heard_lately(house: House) -> None:
    """Up to, but not at, the limit."""
    house.worker.beat()
    house.clock.turn(SILENCE - timedelta(seconds=1))
    heard = house.services.operations.check(SYSTEM, Need.WORKER)
    assert (heard.ok, heard.detail) == (True, "A refresh worker gave its last sign of life 29 s ago")
    house.clock.turn(timedelta(seconds=1))
    silent = house.services.operations.check(SYSTEM, Need.WORKER)
    assert not silent.ok
    assert silent.detail.endswith("30 s ago, expected one within 30 s")


def test_a_database_that_is_gone_is_told_by_both_who_need_it(house: House) -> None:
    """The check and the worker's."""
    for file in house.home.glob("storecast.sqlite3*"):
        file.unlink()
    for need in (Need.DATABASE, Need.WORKER):
        check = house.services.operations.check(SYSTEM, need)
        assert (check.ok, "is missing" in check.detail) == (False, True)
    with pytest.raises(StateUnavailable, match="is missing"):
        house.services.operations.vital_signs(SYSTEM)


def test_the_disk_has_a_floor(tmp_path: Path) -> None:
    """At it is enough; a folder that is gone is told."""
    free = shutil.disk_usage(tmp_path).free
    assert disk_check(tmp_path, free // 2).ok
    assert not disk_check(tmp_path, free * 2).ok
    gone = disk_check(tmp_path / "gone", 0)
    assert (gone.ok, gone.detail.endswith("found No such file or directory")) == (False, True)


def test_stores_are_counted_by_state(house: House) -> None:
    """And the predictor that is oldest is told by its age."""
    before = house.services.operations.vital_signs(SYSTEM)
    assert (before.stores, before.oldest) == ({StoreState.NONE: 2}, None)
    house.services.refreshing.refresh(SYSTEM, "1")
    house.work()
    house.clock.turn(timedelta(hours=1))
    house.services.refreshing.refresh(SYSTEM, "2")
    house.work()
    house.next_day()
    told = house.services.operations.vital_signs(SYSTEM)
    assert told.stores == {StoreState.BEHIND: 1, StoreState.FRESH: 1}
    assert told.oldest == timedelta(hours=1)
    assert told.versions.count == 2
    assert told.versions.bytes > 0
    assert told.free is not None


def test_history_files_are_not_counted_at_every_look(house: House) -> None:
    """But again after a while, or where the clock was set back."""
    first = house.services.operations.vital_signs(SYSTEM).files
    assert first is not None
    assert first.count == 2
    house.deliver("sales", [sales("3", "101", 70.0, LAST, LAST)])
    assert house.services.operations.vital_signs(SYSTEM).files == first
    house.clock.turn(COUNTED_EVERY)
    later = house.services.operations.vital_signs(SYSTEM).files
    assert later is not None
    assert later.count == 3
    house.deliver("sales", [sales("4", "101", 70.0, LAST, LAST)])
    house.clock.turn(-timedelta(seconds=1))
    assert house.services.operations.vital_signs(SYSTEM).files != later


def test_history_that_cannot_be_counted_leaves_the_rest_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be far away."""

    def usage() -> Volume:
        raise StateUnavailable("the bucket is out of reach")

    monkeypatch.setattr(house.history, "usage", usage)
    told = house.services.operations.vital_signs(SYSTEM)
    assert (told.files, sum(told.stores.values())) == (None, 2)


def test_only_an_operator_is_told(house: House) -> None:
    """The figures are of all stores."""
    with pytest.raises(NotPermitted):
        house.services.operations.vital_signs(PLANNER)
    with pytest.raises(NotPermitted):
        house.services.operations.check(PLANNER, Need.DATABASE)
    operator = replace(PLANNER, roles=frozenset({"operator"}))
    assert house.services.operations.check(operator, Need.DATABASE).ok


def test_a_quantile_is_one_of_the_values() -> None:
    """The smallest that so many do not exceed (nearest rank)."""
    values = [timedelta(seconds=each) for each in (9, 1, 5, 3, 7)]
    found = [quantile(values, level) for level in (0.0, 0.2, 0.5, 0.9, 1.0)]
    assert [each and each.total_seconds() for each in found] == [1, 1, 5, 9, 9]
    assert quantile([], 0.5) is None


def test_the_version_that_is_told_is_the_projects() -> None:
    """One of the two is easily forgotten at a release."""
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == __version__
