"""The files of the history: safe names, written once, damage noticed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import HistoryFile
from forecasting.core.errors import StateUnavailable
from forecasting.core.schema import PLAN
from forecasting.history import parquet_files
from forecasting.history.local_folder import LocalFolder
from forecasting.history.parquet_history import ParquetHistory
from tests.history.conftest import PutFile, SteppingClock
from tests.history.examples import HEADER, THIRD_DAY, TWO_DAYS, demand, files_in, read
from tests.history.fake_manifest import FakeManifest
from tests.series import days_by_item

NAMES = ["../x", "a/b", "a-b", "a_b", "A_b", "Ü 1", "..", ".", "CON", "1" * 300, "C:\\x", "~", "%2e", "日本"]


def test_any_store_name_has_a_safe_file_of_its_own(
    history: ParquetHistory, put: PutFile, root: Path, tmp_path: Path, manifest: FakeManifest
) -> None:
    """No name leads out of the folder, and none into another store's."""
    outside = files_in(tmp_path)
    records = [f"{name},a,2024-01-01,{at},N,1,0,,0\n" for at, name in enumerate(NAMES)]
    source = put("names.csv", HEADER + "".join(records))
    history.import_file(source, "sales", "ann")
    assert [demand(history, manifest, name)["a", "01-01"] for name in NAMES] == list(range(len(NAMES)))
    assert files_in(tmp_path) - files_in(root) == outside | {source}
    folders = {path.parent for path in files_in(root)}
    assert {folder.parent for folder in folders} == {root / "sales"}
    assert len({folder.name.lower() for folder in folders}) == len(NAMES)


def only_file(root: Path) -> Path:
    """The one file of the history."""
    (path,) = files_in(root)
    return path


@pytest.mark.parametrize("damage", ["cut", "flipped", "missing", "foreign"])
def test_a_damaged_file_is_named(
    history: ParquetHistory, put: PutFile, root: Path, damage: str, manifest: FakeManifest
) -> None:
    """The error names the file; nobody gets numbers that were not imported."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    path = only_file(root)
    content = path.read_bytes()
    at = content.index(bytes.fromhex("28b52ffd")) + 9  # inside the first zstd frame
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    elif damage == "missing":
        path.unlink()
    else:
        pd.DataFrame({"store": ["1"]}).to_parquet(path)
    with pytest.raises(StateUnavailable, match=path.name):
        read(history, manifest)
    with pytest.raises(StateUnavailable, match=path.name):
        history.days(head(manifest))
    with pytest.raises(StateUnavailable, match=path.name):
        history.import_file(put("third.csv", THIRD_DAY), "sales", "ann")


def head(manifest: FakeManifest, kind: str = "sales") -> HistoryFile:
    """The file of store 1."""
    found = manifest.head("1", kind)
    assert found is not None
    return found


@pytest.mark.parametrize("column", ["item", "ds", "y", "is_open", "holiday"])
def test_a_file_without_one_of_its_columns_is_damaged(
    history: ParquetHistory, put: PutFile, root: Path, manifest: FakeManifest, column: str
) -> None:
    """Read as arrays and as a frame; the error names the column."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    path = only_file(root)
    pd.read_parquet(path).drop(columns=column).to_parquet(path)
    for reading in (history.days, history.read):
        with pytest.raises(StateUnavailable, match=rf"sound file .*{path.name}.*found no \['{column}'\]"):
            reading(head(manifest))


def assert_same_days(found: dict[str, SeriesDays], expected: dict[str, SeriesDays]) -> None:
    """The same items in the same order, and of each the same days."""
    assert list(found) == list(expected)
    for item, days in found.items():
        other = expected[item]
        assert [days.kinds[code] for code in days.holiday] == [other.kinds[code] for code in other.holiday]
        for name in ("days", "y", "is_open", "promo", "school_holiday"):
            mine, theirs = getattr(days, name), getattr(other, name)
            np.testing.assert_array_equal(mine, theirs, f"{name} of {item}")
            assert mine.dtype == theirs.dtype, f"{name} of {item}"
        assert days.holiday.dtype == other.holiday.dtype
        assert days.kinds[0] == ""


@pytest.mark.parametrize("items", [("a",), ("9", "10", "x"), ("all",)])
def test_arrays_hold_what_the_frame_does(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest, items: tuple[str, ...]
) -> None:
    """Sales and plan, one item or several, by item and then day, with holidays, gaps and without."""
    kinds = ["", "", "Easter", "May Day"]
    records = [
        f"1,{item},2024-01-{day:02},{day * at},N,{day % 3 and 1},1,{kinds[(day + at) % 4]},{day % 2}\n"
        for at, item in enumerate(items)
        for day in range(20, at, -1 - at % 2)
    ]
    history.import_file(put("sales.csv", HEADER + "".join(records)), "sales", "ann")
    given = "store,item,date,is_open,promo,holiday,school_holiday\n"
    planned = [
        f"1,{item},2024-02-0{day},{day % 2},1,{kinds[day % 4]},0\n" for item in items for day in (3, 1)
    ]
    history.import_file(put("plan.csv", given + "".join(planned)), "plan", "ann")
    for kind in ("sales", "plan"):
        file = head(manifest, kind)
        expected = days_by_item(history.read(file))
        assert tuple(expected) == items
        assert_same_days(history.days(file), expected)
        assert_same_days(history.reader.days(file), expected)


def test_a_file_without_a_row_has_no_items(tmp_path: Path) -> None:
    """Such as a plan without rows, also if its columns have lost their types."""
    path = tmp_path / "plan.parquet"
    columns = {name: [] for name in PLAN}
    types = {"ds": "datetime64[us]", "is_open": bool, "promo": bool, "school_holiday": bool}
    for frame in (
        pd.DataFrame(columns).astype({**types, "item": "str", "holiday": "str"}),
        pd.DataFrame(columns),
    ):
        frame.to_parquet(path)
        assert parquet_files.read_days(LocalFolder(tmp_path), path.name, PLAN) == {}


def test_a_damaged_leftover_is_replaced(
    history: ParquetHistory, put: PutFile, root: Path, manifest: FakeManifest, clock: SteppingClock
) -> None:
    """An operator repairs a store by rolling back and importing again."""
    two = put("two.csv", TWO_DAYS)
    history.import_file(two, "sales", "ann")
    only_file(root).write_bytes(b"")
    manifest.roll_back(1, "ann", clock.now())
    history.import_file(two, "sales", "ann")
    assert len(demand(history, manifest)) == 2


def test_an_existing_file_is_not_written_again(
    history: ParquetHistory, put: PutFile, root: Path, manifest: FakeManifest, clock: SteppingClock
) -> None:
    """Files are immutable: another process may be reading this one."""
    two = put("two.csv", TWO_DAYS)
    history.import_file(two, "sales", "ann")
    before = only_file(root).stat()
    manifest.roll_back(1, "ann", clock.now())
    history.import_file(two, "sales", "ann")
    after = only_file(root).stat()
    assert after.st_ino == before.st_ino
    assert after.st_mtime_ns >= before.st_mtime_ns  # so that pruning keeps it


def test_a_folder_that_cannot_be_written_is_named(
    history: ParquetHistory, put: PutFile, root: Path, manifest: FakeManifest
) -> None:
    """A file stands where the folder should be; no head moves."""
    root.parent.mkdir(parents=True)
    root.write_text("in the way")
    with pytest.raises(StateUnavailable, match=f"expected to write {root}"):
        history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    assert manifest.imports == []
