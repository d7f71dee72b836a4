import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from forecasting.core.domain import SYSTEM
from forecasting.core.errors import StateUnavailable
from forecasting.refresh.policy import SILENCE
from forecasting.services.readiness import Need, disk_check
from tests.house import House


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
    """Exactly that much is enough. A folder that no longer exists is reported."""
    free = shutil.disk_usage(tmp_path).free
    assert disk_check(tmp_path, free // 2).ok
    assert not disk_check(tmp_path, free * 2).ok
    gone = disk_check(tmp_path / "gone", 0)
    assert (gone.ok, gone.detail.endswith("found No such file or directory")) == (False, True)
