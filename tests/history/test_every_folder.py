"""A history works the same wherever its files are, and whichever process reads them."""

import base64
import pickle
import subprocess
import sys
from datetime import timedelta

import numpy as np
import pytest

from forecasting.core.domain import FileKey, HistoryFile
from forecasting.core.errors import StateUnavailable
from forecasting.history.parquet_history import ParquetHistory
from forecasting.history.parquet_reader import ParquetReader, file_name
from tests.history.conftest import PutFile, SteppingClock
from tests.history.examples import THIRD_DAY, TWO_DAYS, demand
from tests.history.fake_manifest import FakeManifest
from tests.history.folder_cases import FolderCase
from tests.series import days_by_item

READ_ELSEWHERE = """
import base64, pickle, sys

reader, file = pickle.loads(base64.b64decode(sys.stdin.readline()))
days = reader.days(file)
print({item: (days[item].days.tolist(), days[item].y.tolist()) for item in days})
"""


def key(file: HistoryFile) -> FileKey:
    """Return a file's key."""
    return FileKey(file.kind, file.store, file.content_hash)


def test_an_import_is_read_and_rolled_back(
    any_history: ParquetHistory, put: PutFile, manifest: FakeManifest, clock: SteppingClock
) -> None:
    """And imported again; frames and arrays have the same values."""
    any_history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    third = put("third.csv", THIRD_DAY)
    assert any_history.import_file(third, "sales", "ann").added == 1
    manifest.roll_back(2, "ann", clock.now())
    assert demand(any_history, manifest) == {("a", "01-01"): 5, ("a", "01-02"): 6}
    assert any_history.import_file(third, "sales", "ann").added == 1
    assert demand(any_history, manifest) == {("a", "01-01"): 5, ("a", "01-02"): 6, ("a", "01-03"): 7}
    head = manifest.heads("sales")["1"]
    expected = days_by_item(any_history.read(head))
    assert list(any_history.days(head)) == list(expected) == ["a"]
    np.testing.assert_array_equal(any_history.days(head)["a"].y, expected["a"].y)


def test_many_stores_keep_their_order(
    any_history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """More than are merged at the same time; each keeps its own values."""
    stores = [str(n) for n in range(1, 41)]
    for day in (1, 2):
        records = [f"{store},x,2024-01-{day:02},{store}{day}\n" for store in stores]
        report = any_history.import_file(
            put("many.csv", "store,item,date,demand\n" + "".join(records)), "sales", "a"
        )
        assert (report.added, report.unchanged, report.stores) == (40, 0, tuple(stores))
        assert list(manifest.imports[-1].after) == stores
    for store in stores:
        assert demand(any_history, manifest, store) == {
            ("x", f"01-0{day}"): 10 * int(store) + day for day in (1, 2)
        }


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "missing"])
def test_a_damaged_file_is_named_and_can_be_repaired(
    case: FolderCase,
    any_history: ParquetHistory,
    put: PutFile,
    manifest: FakeManifest,
    clock: SteppingClock,
    damage: str,
) -> None:
    """Only imported numbers are ever read; rolling back and importing again repairs the store."""
    two = put("two.csv", TWO_DAYS)
    any_history.import_file(two, "sales", "ann")
    head = manifest.heads("sales")["1"]
    content = any_history.raw(key(head))
    at = content.index(bytes.fromhex("28b52ffd")) + 9  # inside the first zstd frame
    flipped = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    damaged = {"cut": content[: len(content) // 2], "flipped": flipped, "empty": b""}
    if damage == "missing":
        removal = case.folder.begin_removal(file_name(head), clock.now() + timedelta(days=365 * 50))
        assert removal is not None
        removal.complete()
    else:
        case.folder.write(file_name(head), damaged[damage])
    for read in (any_history.read, any_history.days, lambda file: any_history.raw(key(file))):
        with pytest.raises(StateUnavailable, match=f"expected .* file .*{file_name(head)}, found"):
            read(head)
    manifest.roll_back(1, "ann", clock.now())
    any_history.import_file(two, "sales", "ann")
    assert len(demand(any_history, manifest)) == 2
    assert case.names == {file_name(head)}


def test_the_bytes_of_a_file_can_be_read_and_restored(
    case: FolderCase,
    any_history: ParquetHistory,
    history: ParquetHistory,
    put: PutFile,
    manifest: FakeManifest,
) -> None:
    """As a backup does, into another kind of folder; existing files stay."""
    any_history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    any_history.import_file(put("plan.csv", "store,date\n1,2024-01-03\n"), "plan", "ann")
    keys = {key(manifest.heads(kind)["1"]) for kind in ("sales", "plan")}
    absent = FileKey("sales", "2", "0" * 64)
    assert any_history.present(keys | {absent}) == keys
    assert history.present(keys) == set()
    for each in keys:
        history.put_raw(each, any_history.raw(each))
    assert history.present(keys) == keys
    assert demand(history, manifest) == demand(any_history, manifest)
    for each in keys:
        any_history.put_raw(each, history.raw(each))
    assert {file.name for file in case.folder.list_files()} == case.names


def test_wrong_bytes_are_not_restored(
    case: FolderCase, any_history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """Neither damaged ones nor those of another file; nothing is written, existing files stay."""
    any_history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    good = key(manifest.heads("sales")["1"])
    content = any_history.raw(good)
    others = [FileKey("sales", "1", "0" * 64), FileKey("plan", "1", good.content_hash)]
    for wrong, bytes_of in [(others[0], content), (others[1], content), (good, content[:-8]), (good, b"")]:
        with pytest.raises(StateUnavailable, match=rf"expected a sound file for .*{wrong.content_hash}"):
            any_history.put_raw(wrong, bytes_of)
    assert any_history.present({good, *others}) == {good}
    assert any_history.raw(good) == content
    assert len(case.names) == 1


def test_a_damaged_file_is_replaced(
    case: FolderCase, any_history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """So that a backup can repair a single file."""
    any_history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    head = manifest.heads("sales")["1"]
    content = any_history.raw(key(head))
    case.folder.write(file_name(head), b"damaged")
    any_history.put_raw(key(head), content)
    assert any_history.raw(key(head)) == content


@pytest.mark.parametrize("case", ["folder", "file url", "s3"], indirect=True)
def test_a_reader_works_in_another_process(
    case: FolderCase, any_history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """It is small, since it holds only the address, and its `repr` hides that."""
    any_history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    head = manifest.heads("sales")["1"]
    sent = pickle.dumps((any_history.reader, head))
    assert len(pickle.dumps(any_history.reader)) < 500
    assert case.address not in repr(any_history.reader)
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", READ_ELSEWHERE],
        input=base64.b64encode(sent).decode(),
        capture_output=True,
        text=True,
        check=False,
    )
    days = any_history.days(head)["a"]
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.strip() == str({"a": (days.days.tolist(), days.y.tolist())})


def test_a_reader_opens_nothing_before_it_reads() -> None:
    """It may be created where the folder can't be reached."""
    reader = ParquetReader("s3://bucket-that-is-not-there/history")
    assert pickle.loads(pickle.dumps(reader)) == reader  # noqa: S301 – our own
