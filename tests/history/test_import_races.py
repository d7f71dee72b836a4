"""Imports that move the same store, and pruners that come between, at the same time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest

from forecasting.core.domain import FileKey, Volume
from forecasting.core.errors import ImportConflict, InvalidFile, StateUnavailable
from forecasting.core.ports import HeadMove, StoreAttributes
from forecasting.history.addresses import place_at
from forecasting.history.parquet_history import ATTEMPTS, ParquetHistory
from forecasting.history.parquet_reader import file_name
from tests.history.conftest import PutFile, SteppingClock
from tests.history.examples import HEADER, THIRD_DAY, TWO_DAYS, demand, read
from tests.history.fake_manifest import FakeManifest
from tests.history.spots import PlainFiles, Spot

LONG_HENCE = datetime(2100, 1, 1, tzinfo=UTC)
"""To a pruner that goes by this every file is old."""


class RacingManifest(FakeManifest):
    """Lets another import through just before it records one."""

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
        """As ever, but not before the next rival."""
        if self.rivals:
            self.rivals.pop()()
        return super().record(source, kind, by, at, moves, attributes)


@pytest.mark.parametrize("first", [TWO_DAYS, None], ids=["known store", "new store"])
def test_of_two_imports_at_once_neither_is_lost(
    root: Path, clock: SteppingClock, put: PutFile, first: str | None
) -> None:
    """The one that comes second is merged again on top of the other."""
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


def test_a_rival_that_turns_the_store_to_totals_is_noticed(
    root: Path, clock: SteppingClock, put: PutFile
) -> None:
    """The checks against what is known run again, too."""
    manifest = RacingManifest()
    history = ParquetHistory(root, manifest, clock)
    rival = put("rival.csv", "store,item,date,demand\n1,all,2024-01-01,9\n")
    manifest.rivals = [lambda: history.import_file(rival, "sales", "ben")]
    with pytest.raises(InvalidFile, match="what store 1 already has: 'all'"):
        history.import_file(put("mine.csv", THIRD_DAY), "sales", "ann")
    assert demand(history, manifest) == {("all", "01-01"): 9}


def test_stores_that_nobody_moved_are_not_merged_again(
    root: Path, clock: SteppingClock, put: PutFile
) -> None:
    """A large import that has to try again is as quick as its rivals: it reads nothing twice."""
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
    """Someone else is always faster, a number of times."""

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
        """Not yet."""
        if self.times:
            self.times -= 1
            raise ImportConflict(f"{source}: contested")
        return super().record(source, kind, by, at, moves, attributes)


@pytest.mark.parametrize("times", [ATTEMPTS - 1, ATTEMPTS])
def test_an_import_gives_up_only_after_many_tries(
    root: Path, clock: SteppingClock, put: PutFile, times: int
) -> None:
    """It rests between two; the one that never gets through says so and changes nothing."""
    rests: list[int] = []
    manifest = ContestedManifest(times)
    history = ParquetHistory(root, manifest, clock, rests.append)
    two = put("two.csv", TWO_DAYS)
    if times < ATTEMPTS:
        assert history.import_file(two, "sales", "ann").import_id == 1
    else:
        with pytest.raises(ImportConflict, match=r"two\.csv: contested"):
            history.import_file(two, "sales", "ann")
        assert manifest.imports == []
    assert rests == list(range(1, ATTEMPTS))


class SweptManifest(FakeManifest):
    """Lets a pruner through just before it records an import."""

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
        """As ever, but not before the pruner."""
        if self.sweep:
            self.swept.append(self.sweep())
        return super().record(source, kind, by, at, moves, attributes)


def test_what_a_pruner_took_from_an_import_under_way_is_written_again(
    spot: Spot, clock: SteppingClock, put: PutFile
) -> None:
    """It had looked at the ages of old files before the import brought their values back."""
    manifest = SweptManifest()
    history = ParquetHistory(spot.address, manifest, clock)
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    needed = {FileKey("sales", "1", manifest.heads("sales")["1"].content_hash)}
    manifest.sweep = lambda: history.prune(needed, LONG_HENCE)
    mine = put("mine.csv", THIRD_DAY + THIRD_DAY.removeprefix(HEADER).replace("1,a,", "2,a,"))
    history.import_file(mine, "sales", "ann")
    assert manifest.swept[0].count == 2
    assert len(demand(history, manifest, "1")) == 3
    assert len(demand(history, manifest, "2")) == 1


def test_what_became_a_head_under_a_pruners_hands_is_put_back(
    spot: Spot, placed: ParquetHistory, manifest: FakeManifest, put: PutFile
) -> None:
    """It knows what was needed before the import, and has not seen that the file was written again."""
    placed.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    placed.import_file(put("plan.csv", "store,date\n1,2024-01-03\n"), "plan", "ann")
    spot.place.write("sales/1_x/old.parquet", b"old")
    assert placed.prune(set(), LONG_HENCE) == Volume(1, 3)
    assert len(demand(placed, manifest)) == 2
    assert len(read(placed, manifest, kind="plan")) == 1


class FrailFiles(PlainFiles):
    """One file can't be removed."""

    protocol = "frail"

    def rm_file(self, path: str) -> None:
        """Not that one."""
        if "stuck" in path:
            raise PermissionError(13, "Permission denied", path)
        super().rm_file(path)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(path).removeprefix("frail://").rstrip("/")


def test_a_pruner_that_is_stopped_by_an_error_puts_heads_back(
    root: Path, manifest: FakeManifest, clock: SteppingClock, put: PutFile
) -> None:
    """What it had taken is not forgotten; the file that made the trouble is named."""
    fsspec.register_implementation("frail", FrailFiles, clobber=True)
    history = ParquetHistory(f"frail://{root}", manifest, clock)
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    place_at(f"frail://{root}").write("sales/2_x/stuck.parquet", b"")
    with pytest.raises(StateUnavailable, match=r"expected to remove .*stuck\.parquet, found: .*denied"):
        history.prune(set(), LONG_HENCE)
    assert len(demand(history, manifest)) == 2
