"""Concurrent imports of the same store, and pruning during an import."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest

from forecasting.core.domain import FileKey, Volume
from forecasting.core.errors import ImportConflict, InvalidFile, StateUnavailable
from forecasting.core.ports import HeadMove, StoreAttributes
from forecasting.history.addresses import open_folder
from forecasting.history.parquet_history import ParquetHistory
from forecasting.history.parquet_reader import file_name
from forecasting.history.sales_import import ATTEMPTS
from tests.history.conftest import PutFile, SteppingClock
from tests.history.examples import HEADER, THIRD_DAY, TWO_DAYS, demand, read
from tests.history.fake_manifest import FakeManifest
from tests.history.folder_cases import FolderCase, PlainFiles

FAR_FUTURE = datetime(2100, 1, 1, tzinfo=UTC)
"""Older than this, every file may be pruned."""


class RacingManifest(FakeManifest):
    """Runs another import just before it records one."""

    def __init__(self) -> None:
        super().__init__()
        self.rivals: list[Callable[[], object]] = []

    def record(
        self,
        source: str,
        kind: str,
        by: str,
        at: datetime,
        moves: Sequence[HeadMove],
        attributes: Mapping[str, StoreAttributes] | None = None,
    ) -> int:
        """Run the next rival, then record."""
        if self.rivals:
            self.rivals.pop()()
        return super().record(source, kind, by, at, moves, attributes)


@pytest.mark.parametrize("first", [TWO_DAYS, None], ids=["known store", "new store"])
def test_of_two_concurrent_imports_neither_is_lost(
    root: Path, clock: SteppingClock, put: PutFile, first: str | None
) -> None:
    """The second one is merged again onto the result of the first."""
    manifest = RacingManifest()
    history = ParquetHistory(root, manifest, clock)
    if first:
        history.import_file(put("first.csv", first), "sales", "ann")
    mine, rival = put("mine.csv", THIRD_DAY), put("rival.csv", THIRD_DAY.replace("01-03,7", "01-04,8"))
    manifest.rivals = [lambda: history.import_file(rival, "sales", "ben")]
    history.import_file(mine, "sales", "ann")
    new = {("a", "01-03"): 7, ("a", "01-04"): 8}
    assert {day: y for day, y in demand(history, manifest).items() if day in new} == new
    assert len(demand(history, manifest)) == (4 if first else 2)
    assert [done.source for done in manifest.imports][-2:] == ["rival.csv", "mine.csv"]


def test_checks_against_known_items_are_repeated(root: Path, clock: SteppingClock, put: PutFile) -> None:
    """A rival import has given the store a total instead of items."""
    manifest = RacingManifest()
    history = ParquetHistory(root, manifest, clock)
    rival = put("rival.csv", "store,item,date,demand\n1,all,2024-01-01,9\n")
    manifest.rivals = [lambda: history.import_file(rival, "sales", "ben")]
    with pytest.raises(InvalidFile, match="what store 1 already has: 'all'"):
        history.import_file(put("mine.csv", THIRD_DAY), "sales", "ann")
    assert demand(history, manifest) == {("all", "01-01"): 9}


def test_stores_that_did_not_move_are_not_merged_again(
    root: Path, clock: SteppingClock, put: PutFile
) -> None:
    """Retrying a large import is quick: it reads no file twice."""
    manifest = RacingManifest()
    history = ParquetHistory(root, manifest, clock)
    both = TWO_DAYS + TWO_DAYS.removeprefix(HEADER).replace("1,a,", "2,a,")
    history.import_file(put("both.csv", both), "sales", "ann")
    unmoved = root / file_name(manifest.heads("sales")["2"])

    def move_one_and_break_the_other() -> None:
        rival = put("rival.csv", THIRD_DAY.replace("01-03,7", "01-04,8"))
        history.import_file(rival, "sales", "ben")
        unmoved.write_bytes(b"broken")

    manifest.rivals = [move_one_and_break_the_other]
    mine = THIRD_DAY + THIRD_DAY.removeprefix(HEADER).replace("1,a,", "2,a,")
    history.import_file(put("mine.csv", mine), "sales", "ann")
    assert [len(demand(history, manifest, store)) for store in ("1", "2")] == [4, 3]


class ContestedManifest(FakeManifest):
    """Reports a number of conflicts first."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def record(
        self,
        source: str,
        kind: str,
        by: str,
        at: datetime,
        moves: Sequence[HeadMove],
        attributes: Mapping[str, StoreAttributes] | None = None,
    ) -> int:
        """Raise while conflicts are left."""
        if self.times:
            self.times -= 1
            raise ImportConflict(f"{source}: contested")
        return super().record(source, kind, by, at, moves, attributes)


@pytest.mark.parametrize("times", [ATTEMPTS - 1, ATTEMPTS])
def test_an_import_gives_up_only_after_many_tries(
    root: Path, clock: SteppingClock, put: PutFile, times: int
) -> None:
    """It pauses between two tries; if all fail, it raises and changes nothing."""
    pauses: list[int] = []
    manifest = ContestedManifest(times)
    history = ParquetHistory(root, manifest, clock, pauses.append)
    two = put("two.csv", TWO_DAYS)
    if times < ATTEMPTS:
        assert history.import_file(two, "sales", "ann").import_id == 1
    else:
        with pytest.raises(ImportConflict, match=r"two\.csv: contested"):
            history.import_file(two, "sales", "ann")
        assert manifest.imports == []
    assert pauses == list(range(1, ATTEMPTS))


class SweptManifest(FakeManifest):
    """Prunes just before it records an import."""

    def __init__(self) -> None:
        super().__init__()
        self.sweep: Callable[[], Volume] | None = None
        self.swept: list[Volume] = []

    def record(
        self,
        source: str,
        kind: str,
        by: str,
        at: datetime,
        moves: Sequence[HeadMove],
        attributes: Mapping[str, StoreAttributes] | None = None,
    ) -> int:
        """Prune, then record."""
        if self.sweep:
            self.swept.append(self.sweep())
        return super().record(source, kind, by, at, moves, attributes)


def test_files_pruned_during_their_import_are_written_again(
    case: FolderCase, clock: SteppingClock, put: PutFile
) -> None:
    """Their ages were checked before the import brought their values back."""
    manifest = SweptManifest()
    history = ParquetHistory(case.address, manifest, clock)
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    needed = {FileKey("sales", "1", manifest.heads("sales")["1"].content_hash)}
    manifest.sweep = lambda: history.prune(needed, FAR_FUTURE)
    mine = put("mine.csv", THIRD_DAY + THIRD_DAY.removeprefix(HEADER).replace("1,a,", "2,a,"))
    history.import_file(mine, "sales", "ann")
    assert manifest.swept[0].count == 2
    assert len(demand(history, manifest, "1")) == 3
    assert len(demand(history, manifest, "2")) == 1


def test_a_file_that_became_a_head_while_it_was_pruned_is_restored(
    case: FolderCase, any_history: ParquetHistory, manifest: FakeManifest, put: PutFile
) -> None:
    """The list of needed files is older than the import."""
    any_history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    any_history.import_file(put("plan.csv", "store,date\n1,2024-01-03\n"), "plan", "ann")
    case.folder.write("sales/1_x/old.parquet", b"old")
    assert any_history.prune(set(), FAR_FUTURE) == Volume(1, 3)
    assert len(demand(any_history, manifest)) == 2
    assert len(read(any_history, manifest, kind="plan")) == 1


class FrailFiles(PlainFiles):
    """A file system that can't remove one file."""

    protocol = "frail"

    def rm_file(self, path: str) -> None:
        """Refuse to remove that file."""
        if "stuck" in path:
            raise PermissionError(13, "Permission denied", path)
        super().rm_file(path)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(path).removeprefix("frail://").rstrip("/")


def test_pruning_stopped_by_an_error_restores_heads(
    root: Path, manifest: FakeManifest, clock: SteppingClock, put: PutFile
) -> None:
    """Removals that had begun are undone or completed; the error names the file."""
    fsspec.register_implementation("frail", FrailFiles, clobber=True)
    history = ParquetHistory(f"frail://{root}", manifest, clock)
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    open_folder(f"frail://{root}").write("sales/2_x/stuck.parquet", b"")
    with pytest.raises(StateUnavailable, match=r"expected to remove .*stuck\.parquet, found: .*denied"):
        history.prune(set(), FAR_FUTURE)
    assert len(demand(history, manifest)) == 2
