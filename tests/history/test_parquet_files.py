"""The files of the history: safe names, written once, damage noticed."""

from pathlib import Path

import pandas as pd
import pytest

from forecasting.errors import StateUnavailable
from forecasting.history.parquet_history import ParquetHistory
from tests.history.conftest import PutFile, SteppingClock
from tests.history.examples import HEADER, THIRD_DAY, TWO_DAYS, demand, files_in, read
from tests.history.fake_manifest import FakeManifest

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
    """A planner is told which file it is, and never gets numbers that were not imported."""
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
        history.import_file(put("third.csv", THIRD_DAY), "sales", "ann")


def test_a_damaged_leftover_is_written_anew(
    history: ParquetHistory, put: PutFile, root: Path, manifest: FakeManifest, clock: SteppingClock
) -> None:
    """An operator repairs a store by rolling back and importing again."""
    two = put("two.csv", TWO_DAYS)
    history.import_file(two, "sales", "ann")
    only_file(root).write_bytes(b"")
    manifest.roll_back(1, "ann", clock.now())
    history.import_file(two, "sales", "ann")
    assert len(demand(history, manifest)) == 2


def test_a_file_that_is_there_is_not_written_again(
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
    assert after.st_mtime_ns >= before.st_mtime_ns  # so that pruning takes it for new


def test_a_folder_that_cannot_be_written_is_named(
    history: ParquetHistory, put: PutFile, root: Path, manifest: FakeManifest
) -> None:
    """A file stands where the folder should be; no head moves."""
    root.parent.mkdir(parents=True)
    root.write_text("in the way")
    with pytest.raises(StateUnavailable, match=f"expected to write {root}"):
        history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    assert manifest.imports == []
