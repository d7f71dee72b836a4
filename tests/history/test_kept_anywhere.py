"""A history does the same wherever its files are, and whichever process reads them."""

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
from tests.history.spots import Spot
from tests.series import days_by_item

READ_ELSEWHERE = """
import base64, pickle, sys

reader, file = pickle.loads(base64.b64decode(sys.stdin.readline()))
days = reader.days(file)
print({item: (days[item].days.tolist(), days[item].y.tolist()) for item in days})
"""


def key(file: HistoryFile) -> FileKey:
    """What names a file."""
    return FileKey(file.kind, file.store, file.content_hash)


def test_an_import_is_read_and_rolled_back(
    placed: ParquetHistory, put: PutFile, manifest: FakeManifest, clock: SteppingClock
) -> None:
    """And imported again; frames and arrays say the same."""
    placed.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    third = put("third.csv", THIRD_DAY)
    assert placed.import_file(third, "sales", "ann").added == 1
    manifest.roll_back(2, "ann", clock.now())
    assert demand(placed, manifest) == {("a", "01-01"): 5, ("a", "01-02"): 6}
    assert placed.import_file(third, "sales", "ann").added == 1
    assert demand(placed, manifest) == {("a", "01-01"): 5, ("a", "01-02"): 6, ("a", "01-03"): 7}
    head = manifest.heads("sales")["1"]
    expected = days_by_item(placed.read(head))
    assert list(placed.days(head)) == list(expected) == ["a"]
    np.testing.assert_array_equal(placed.days(head)["a"].y, expected["a"].y)


def test_many_stores_come_and_go_on_in_their_order(
    placed: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """More than are read and written at a time; each keeps its own values."""
    stores = [str(n) for n in range(1, 41)]
    for day in (1, 2):
        records = [f"{store},x,2024-01-{day:02},{store}{day}\n" for store in stores]
        report = placed.import_file(
            put("many.csv", "store,item,date,demand\n" + "".join(records)), "sales", "a"
        )
        assert (report.added, report.unchanged, report.stores) == (40, 0, tuple(stores))
        assert list(manifest.imports[-1].after) == stores
    for store in stores:
        assert demand(placed, manifest, store) == {
            ("x", f"01-0{day}"): 10 * int(store) + day for day in (1, 2)
        }


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "missing"])
def test_a_damaged_file_is_named_and_written_anew(
    spot: Spot,
    placed: ParquetHistory,
    put: PutFile,
    manifest: FakeManifest,
    clock: SteppingClock,
    damage: str,
) -> None:
    """Never are numbers read that were not imported; rolling back and importing again repairs the store."""
    two = put("two.csv", TWO_DAYS)
    placed.import_file(two, "sales", "ann")
    head = manifest.heads("sales")["1"]
    content = placed.raw(key(head))
    at = content.index(bytes.fromhex("28b52ffd")) + 9  # inside the first zstd frame
    flipped = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    spoilt = {"cut": content[: len(content) // 2], "flipped": flipped, "empty": b""}
    if damage == "missing":
        taken = spot.place.take(file_name(head), clock.now() + timedelta(days=365 * 50))
        assert taken is not None
        taken.drop()
    else:
        spot.place.write(file_name(head), spoilt[damage])
    for reading in (placed.read, placed.days, lambda file: placed.raw(key(file))):
        with pytest.raises(StateUnavailable, match=f"expected .* file .*{file_name(head)}, found"):
            reading(head)
    manifest.roll_back(1, "ann", clock.now())
    placed.import_file(two, "sales", "ann")
    assert len(demand(placed, manifest)) == 2
    assert spot.names == {file_name(head)}


def test_the_bytes_of_a_file_can_be_had_and_brought_back(
    spot: Spot, placed: ParquetHistory, history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """As a backup does, to a place of another kind; what is there already stays."""
    placed.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    placed.import_file(put("plan.csv", "store,date\n1,2024-01-03\n"), "plan", "ann")
    keys = {key(manifest.heads(kind)["1"]) for kind in ("sales", "plan")}
    absent = FileKey("sales", "2", "0" * 64)
    assert placed.present(keys | {absent}) == keys
    assert history.present(keys) == set()
    for each in keys:
        history.put_raw(each, placed.raw(each))
    assert history.present(keys) == keys
    assert demand(history, manifest) == demand(placed, manifest)
    for each in keys:
        placed.put_raw(each, history.raw(each))
    assert {file.name for file in spot.place.files()} == spot.names


def test_bytes_that_are_something_else_are_not_brought_back(
    spot: Spot, placed: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """Neither damaged ones nor another file's; nothing is written, and what is there stays."""
    placed.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    good = key(manifest.heads("sales")["1"])
    content = placed.raw(good)
    others = [FileKey("sales", "1", "0" * 64), FileKey("plan", "1", good.content_hash)]
    for wrong, bytes_of in [(others[0], content), (others[1], content), (good, content[:-8]), (good, b"")]:
        with pytest.raises(StateUnavailable, match=rf"expected a sound file for .*{wrong.content_hash}"):
            placed.put_raw(wrong, bytes_of)
    assert placed.present({good, *others}) == {good}
    assert placed.raw(good) == content
    assert len(spot.names) == 1


def test_damaged_bytes_that_are_there_are_replaced(
    spot: Spot, placed: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """So that a backup can repair a single file."""
    placed.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    head = manifest.heads("sales")["1"]
    content = placed.raw(key(head))
    spot.place.write(file_name(head), b"damaged")
    placed.put_raw(key(head), content)
    assert placed.raw(key(head)) == content


@pytest.mark.parametrize("spot", ["folder", "file url", "s3"], indirect=True)
def test_a_reader_reads_in_the_process_it_is_sent_to(
    spot: Spot, placed: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """It is small, since it takes nothing but the address along, and tells nobody that."""
    placed.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    head = manifest.heads("sales")["1"]
    sent = pickle.dumps((placed.reader, head))
    assert len(pickle.dumps(placed.reader)) < 500
    assert spot.address not in repr(placed.reader)
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", READ_ELSEWHERE],
        input=base64.b64encode(sent).decode(),
        capture_output=True,
        text=True,
        check=False,
    )
    days = placed.days(head)["a"]
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.strip() == str({"a": (days.days.tolist(), days.y.tolist())})


def test_a_reader_opens_nothing_before_it_reads() -> None:
    """It may be made where the place can't be reached."""
    reader = ParquetReader("s3://bucket-that-is-not-there/history")
    assert pickle.loads(pickle.dumps(reader)) == reader  # noqa: S301 – our own
