"""Two imports that move the same store at the same time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from forecasting.errors import ImportConflict, InvalidFile
from forecasting.history.parquet_history import ParquetHistory
from forecasting.ports import HeadMove, StoreAttributes
from tests.history.conftest import PutFile, SteppingClock
from tests.history.examples import THIRD_DAY, TWO_DAYS, demand
from tests.history.fake_manifest import FakeManifest


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


class ContestedManifest(FakeManifest):
    """Someone else is always faster."""

    def record(
        self,
        source: str,
        kind: str,
        by: str,
        at: datetime,
        moves: Sequence[HeadMove],
        attributes: Mapping[str, StoreAttributes] | None = None,
    ) -> int:
        """Never records."""
        raise ImportConflict(f"{source}: contested {kind} by {by} at {at} of {len(moves)}, {attributes}")


def test_an_import_that_never_gets_through_says_so(root: Path, clock: SteppingClock, put: PutFile) -> None:
    """After a few tries, which the clock has counted."""
    start = clock.instant
    history = ParquetHistory(root, ContestedManifest(), clock)
    with pytest.raises(ImportConflict, match=r"two\.csv: contested"):
        history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    assert (clock.instant - start).seconds == 6 * 60
