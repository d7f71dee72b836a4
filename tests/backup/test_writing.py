"""Backups while history files are pruned, missing or damaged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forecasting.backup import back_up
from forecasting.backup.archive import open_archive
from forecasting.core.domain import LOCAL_USER
from forecasting.core.errors import StateUnavailable
from tests.backup.archives import listen_to_nothing
from tests.house import LAST, House
from tests.services.test_retention import DAY, stamp


@pytest.fixture
def pruned_house(tmp_path: Path) -> Iterator[House]:
    """A house with history files that are older than its retention settings."""
    house = House(tmp_path / "home", keep_versions=1, keep=DAY)
    house.home.joinpath("history").mkdir(parents=True, exist_ok=True)
    house.furnish()
    for day in range(4):
        house.next_day(LAST + (day + 1) * DAY)
        stamp(house)
        house.clock.turn(DAY)
    yield house
    house.close()


def test_files_that_retention_has_removed_are_left_out(pruned_house: House, tmp_path: Path) -> None:
    """Files that were removed before the backup, or after it has read the database."""
    house, removed = pruned_house, 0

    def prune_late(done: int, _total: int) -> None:
        nonlocal removed
        if done == 15:
            removed = house.services.operations.prune(LOCAL_USER).files

    oldest = min((house.home / "history" / "sales").glob("1_*/*"), key=lambda path: path.stat().st_mtime)
    oldest.unlink()
    path = tmp_path / "b.tar"
    contents = back_up(house.storage.database, house.history, {}, house.clock.now(), path, report=prune_late)
    assert removed > 0
    assert contents.left_out == removed + 1
    with open_archive(path, listen_to_nothing) as found:
        assert found.contents == contents
        assert {file.store for file in found.contents.files} == {"1", "2"}


def test_a_missing_head_fails_the_backup(pruned_house: House, tmp_path: Path) -> None:
    """The message names it, and no backup file is left."""
    head = pruned_house.storage.manifest.heads("sales")["2"]
    (path,) = (pruned_house.home / "history").glob(f"*/*/{head.content_hash}.parquet")
    path.unlink()
    with pytest.raises(StateUnavailable, match=f"expected the file {path}, found none"):
        back_up(
            pruned_house.storage.database, pruned_house.history, {}, pruned_house.clock.now(), tmp_path / "b"
        )
    assert not (tmp_path / "b").exists()


def test_a_damaged_file_fails_the_backup(pruned_house: House, tmp_path: Path) -> None:
    """Even if it is not a current one."""
    path = min((pruned_house.home / "history" / "sales").glob("1_*/*"), key=lambda path: path.stat().st_mtime)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StateUnavailable, match=f"expected a sound file {path}"):
        back_up(
            pruned_house.storage.database, pruned_house.history, {}, pruned_house.clock.now(), tmp_path / "b"
        )
