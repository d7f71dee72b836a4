import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from forecasting.domain import LOCAL_USER, Chore, FileKey, PruneReport, SeriesKey, StoreState, Volume
from forecasting.errors import ImportConflict, InvalidRequest, NotPermitted
from forecasting.housekeeping import DailyChores, Pruning, rested
from forecasting.storage import SqlStorage, open_database
from tests.house import LAST, House
from tests.storage.examples import NOW, after, move, predictor, publication, publish, running

DAY = timedelta(days=1)
PLANNER = replace(LOCAL_USER, roles=frozenset({"planner"}))


def stamp(house: House) -> None:
    """Let the history files that are new look as if written at the house's now."""
    now = house.clock.now().timestamp()
    for path in (house.home / "history").glob("*/*/*"):
        if path.stat().st_mtime > now:
            os.utime(path, (now, now))


@pytest.fixture
def old_house(tmp_path: Path) -> Iterator[House]:
    """Ten days of imports and refreshes of store 1, kept for 3 versions or 2 days."""
    house = House(tmp_path, keep_versions=3, keep=2 * DAY).furnish()
    for day in range(10):
        house.next_day(LAST + (day + 1) * DAY)
        house.service.refresh(LOCAL_USER, "1")
        house.work()
        stamp(house)
        house.clock.turn(DAY)
    yield house
    house.close()


def test_pruning_keeps_what_the_settings_say(old_house: House) -> None:
    """Of ten versions, three; of eleven files of store 1 the head and what was newest within two days."""
    report = old_house.service.prune(LOCAL_USER)
    assert (report.versions, report.runs, report.complete) == (7, 7, True)
    assert report.files == 8
    assert report.bytes > 0
    disk = old_house.service.status(LOCAL_USER).disk
    assert (disk.versions, disk.files) == (3, 4)
    assert len(old_house.service.runs(LOCAL_USER)) == 3


def test_pruning_changes_nothing_a_planner_sees(old_house: House) -> None:
    """Stores, states, forecast, sales and predictor are as before, and refreshing goes on."""
    service, key = old_house.service, SeriesKey("1")

    def seen() -> tuple[object, ...]:
        return (
            service.stores(LOCAL_USER),
            service.freshness(LOCAL_USER, "1"),
            service.states(LOCAL_USER),
            service.forecast(LOCAL_USER, key).to_csv(),
            service.sales(LOCAL_USER, key).to_csv(),
            service.predictor(LOCAL_USER, "1"),
            service.summary(LOCAL_USER, key),
        )

    before = seen()
    service.prune(LOCAL_USER)
    assert seen() == before
    old_house.next_day(LAST + 11 * DAY)
    service.refresh(LOCAL_USER, "1")
    old_house.work()
    assert service.freshness(LOCAL_USER, "1").state is StoreState.FRESH


def test_a_dry_run_tells_what_pruning_then_does(old_house: House) -> None:
    """The same numbers, nothing removed; afterwards nothing is left to tell."""
    told = old_house.service.prune(LOCAL_USER, dry_run=True)
    assert old_house.service.status(LOCAL_USER).disk.versions == 10
    assert old_house.service.prune(LOCAL_USER) == told
    assert old_house.service.prune(LOCAL_USER, dry_run=True) == PruneReport()


def test_only_an_operator_prunes(house: House) -> None:
    """A planner can't, not even for a look."""
    with pytest.raises(NotPermitted, match="Only an operator may prune"):
        house.service.prune(PLANNER, dry_run=True)


def test_pruning_can_be_broken_off_after_any_step_and_taken_up_again(old_house: House) -> None:
    """What is left is sound after each; together they do what one would have done."""
    reports = []
    for steps in range(1, 12):
        left = iter([True] * steps)
        reports.append(old_house.service.prune(LOCAL_USER, lambda left=left: next(left, False)))  # type: ignore[misc] # bound now
        assert len(old_house.service.forecast(LOCAL_USER, SeriesKey("1"))) == old_house.settings.horizon
        assert len(old_house.service.sales(LOCAL_USER, SeriesKey("1"))) > 90
    assert not reports[0].complete
    assert reports[-1].complete
    assert sum(report.versions for report in reports) == 7
    assert sum(report.runs for report in reports) == 7
    assert sum(report.files for report in reports) == 8


def test_before_each_step_it_rests_a_little() -> None:
    """And goes on."""
    assert rested()


def test_disk_use_is_in_the_status(house: House) -> None:
    """Of both parts of the state folder."""
    disk = house.service.status(LOCAL_USER).disk
    files = list((house.home / "history").glob("*/*/*"))
    assert (disk.versions, disk.files) == (0, 2)
    assert disk.history_bytes == sum(path.stat().st_size for path in files)
    assert disk.database_bytes >= (house.home / "storecast.sqlite3").stat().st_size


# -- readers meanwhile ---------------------------------------------------------------------------------


def test_a_reader_during_pruning_sees_whole_versions_or_none(tmp_path: Path) -> None:
    """Every version it asks for is there with all its days, or is gone; the head is always there."""
    writer, reader = (SqlStorage(open_database(tmp_path)) for _ in range(2))
    versions = [publish(writer, level=day, at=after(day * 86_400)).version for day in range(60)]
    looking, finished = threading.Barrier(2), threading.Event()

    def look(version: int) -> bool:
        try:
            days = reader.versions.read(version)
        except InvalidRequest:
            return False
        assert days["mean"].unique().tolist() == [version - versions[0]]
        assert len(days) == 84
        return True

    def watch() -> int:
        looked = 0
        while not finished.is_set() or not looked:
            head = reader.ledger.snapshots()["1"].head
            assert head is not None
            assert look(head.version)
            assert len(reader.versions.summaries()["1"]) == 3
            looked += sum(look(version) for version in versions)
            if not looking.broken and looking.n_waiting:
                looking.wait(30)
        return looked

    pruning = Pruning(writer.retention, NoHistory(), 2, 2 * DAY)
    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        looking.wait(30)
        report = pruning.run(after(99 * 86_400), rested)
        finished.set()
        assert watching.result(30) > 0
    assert report.versions == 58
    assert [version for version in versions if look(version)] == versions[-2:]
    for storage in (writer, reader):
        storage.close()


class NoHistory:
    """A history whose files are only names: removing them is forgetting them."""

    def __init__(self) -> None:
        self.names: set[FileKey] = set()

    def usage(self) -> Volume:
        """How many names there are."""
        return Volume(len(self.names), 0)

    def prune(self, needed: set[FileKey], before: datetime, *, dry_run: bool = False) -> Volume:
        """Forget all others."""
        del before
        gone = self.names - needed
        if not dry_run:
            self.names &= needed
        return Volume(len(gone), 0)


# -- whatever happens ----------------------------------------------------------------------------------

stores = st.sampled_from(["1", "2"])


class TwoHouses(RuleBasedStateMachine):
    """Two storages to which the same happens, of which one is pruned: nobody must see a difference."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.pruned, self.whole = (
            SqlStorage(open_database(Path(self.folder.name) / name)) for name in ("pruned", "whole")
        )
        self.disk = NoHistory()
        self.seconds = 0.0
        self.number = 0
        self.kept_since, self.kept_count = NOW - 999 * DAY, 999
        self.imports: list[int] = []

    def teardown(self) -> None:
        """Look at both a last time, and close them."""
        try:
            self._require_same_heads()
            self._require_files()
        finally:
            self.pruned.close()
            self.whole.close()
            self.folder.cleanup()

    @property
    def now(self) -> datetime:
        """The instant of the next event; no two are the same."""
        return after(self.seconds)

    def _both(self, act: Callable[[SqlStorage], object]) -> object:
        """Let the same happen to both; it must come to the same."""
        self.number += 1
        self.seconds += 60
        results = [act(storage) for storage in (self.pruned, self.whole)]
        assert results[0] == results[1]
        return results[0]

    @rule(store=stores, retrained=st.booleans())
    def refresh(self, store: str, retrained: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        """A run that publishes, with a new predictor or its head's."""
        known = self.whole.ledger.snapshots([store]).get(store)
        trained = predictor(f"p-{self.number}", self.now)
        if known is not None and known.head is not None and not retrained:
            trained = self.whole.versions.predictor(known.head.predictor_id)
        shown = publication(store, float(self.number), trained)
        self._both(lambda storage: storage.ledger.publish(running(storage, store, self.now), shown, self.now))

    @rule(store=stores)
    def fail(self, store: str) -> None:
        """A run that fails."""
        self._both(
            lambda storage: storage.ledger.close(running(storage, store, self.now), "failed", "x", self.now)
        )

    @rule(
        names=st.sets(stores, min_size=1), kind=st.sampled_from(["sales", "plan"]), content=st.integers(0, 5)
    )
    def deliver(self, names: set[str], kind: str, content: int) -> None:
        """An import of one or both stores, sometimes of values that were there before."""
        heads = self.whole.manifest.heads(kind)
        moves = [
            move(name, f"{kind}-{content}", heads[name].content_hash if name in heads else None, kind)
            for name in sorted(names)
        ]
        self.disk.names |= {FileKey(kind, name, f"{kind}-{content}") for name in names}
        number = self._both(lambda storage: storage.manifest.record("f", kind, "Ana", self.now, moves))
        assert isinstance(number, int)
        self.imports.append(number)

    @precondition(lambda self: self.imports)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        """Of any import there ever was; what is refused in one house is refused in the other."""
        wanted = data.draw(st.sampled_from(self.imports))

        def act(storage: SqlStorage) -> int | None:
            try:
                return storage.manifest.roll_back(wanted, "Ana", self.now)
            except (ImportConflict, InvalidRequest):
                return None

        number = self._both(act)
        if isinstance(number, int):
            self.imports.append(number)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        """Time passes."""
        self.seconds += days * 86_400

    @rule(keep_versions=st.integers(1, 3), days=st.integers(1, 20), steps=st.integers(0, 9) | st.none())
    def prune(self, keep_versions: int, days: int, steps: int | None) -> None:
        """With any setting, and broken off anywhere."""
        self.seconds += 60
        left = iter([True] * (999 if steps is None else steps))
        pruning = Pruning(self.pruned.retention, self.disk, keep_versions, days * DAY)  # type: ignore[arg-type] # needs no files
        told = pruning.preview(self.now)
        report = pruning.run(self.now, lambda: next(left, False))
        self.kept_since = max(self.kept_since, self.now - days * DAY)
        self.kept_count = min(self.kept_count, keep_versions)
        if report.complete:
            assert report == told
            assert pruning.preview(self.now) == PruneReport()
        self._require_same_heads()
        self._require_files()
        for store in ("1", "2"):
            assert self._newest(self.pruned, store) == self._newest(self.whole, store)

    def _newest(self, storage: SqlStorage, store: str) -> list[int]:
        with storage.database.reading() as connection:
            query = "SELECT version FROM forecast_version WHERE store = ? ORDER BY version DESC LIMIT ?"
            return list(connection.exec_driver_sql(query, (store, self.kept_count)).scalars())

    def _require_same_heads(self) -> None:
        """State, head, days, summaries and predictor of every store."""
        snapshots = self.pruned.ledger.snapshots()
        assert snapshots == self.whole.ledger.snapshots()
        assert self.pruned.versions.summaries() == self.whole.versions.summaries()
        for snapshot in snapshots.values():
            if snapshot.head is not None:
                trained = self.pruned.versions.predictor(snapshot.head.predictor_id)
                assert trained == self.whole.versions.predictor(snapshot.head.predictor_id)
                assert len(self.pruned.versions.read(snapshot.head.version)) == 84
                assert self.pruned.ledger.get(snapshot.head.run_id) is not None

    def _require_files(self) -> None:
        """Of the heads now, and of what were the heads at any instant within the kept time."""
        span = self.now - self.kept_since
        instants = [None, *(self.kept_since + part * span / 4 for part in range(5))]
        for kind in ("sales", "plan"):
            for at in instants:
                heads = self.pruned.manifest.heads(kind, at)
                assert heads == self.whole.manifest.heads(kind, at)
                wanted = {FileKey(kind, file.store, file.content_hash) for file in heads.values()}
                assert wanted <= self.disk.names


TwoHouses.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a shorter example would cost minutes
)
TestWhateverHappens = TwoHouses.TestCase


# -- daily chores --------------------------------------------------------------------------------------


class Hand:
    """One process's part in the daily chores of a house, with a storage of its own."""

    def __init__(self, house: House, name: str) -> None:
        self.storage = SqlStorage(open_database(house.home))
        self.done: list[str] = []
        self.chores = DailyChores(self.storage, house.clock, house.settings, name, self._refresh, self._prune)
        self.undisturbed = True

    def _refresh(self) -> list[object]:
        self.done.append("refresh")
        return []

    def _prune(self, go_on: Callable[[], bool]) -> PruneReport:
        self.done.append("prune")
        return PruneReport(complete=go_on())

    def look(self) -> list[str]:
        """Look round once; tell what was done."""
        self.done.clear()
        self.chores(lambda: self.undisturbed)
        return list(self.done)


def moment(text: str, day: date = date(2019, 4, 3)) -> datetime:
    """A time of a day in UTC."""
    return datetime.combine(day, time.fromisoformat(text), tzinfo=UTC)


@pytest.fixture
def nightly_house(tmp_path: Path) -> Iterator[House]:
    """A house refreshed at 04:30; it is a quarter past, and yesterday's chores are done."""
    house = House(tmp_path, nightly=time(4, 30)).furnish()
    house.clock.instant = moment("04:15")
    for chore in Chore:
        house.storage.chores.begin(chore, date(2019, 4, 2), "yesterday", moment("04:30", date(2019, 4, 2)))
        house.storage.chores.finish(chore, date(2019, 4, 2), moment("04:31", date(2019, 4, 2)))
    yield house
    house.close()


@pytest.fixture
def hands(nightly_house: House) -> Iterator[tuple[Hand, Hand]]:
    """Two processes."""
    both = Hand(nightly_house, "worker-1"), Hand(nightly_house, "worker-2")
    yield both
    for hand in both:
        hand.storage.close()


def test_the_night_is_done_once_by_two_processes(nightly_house: House, hands: tuple[Hand, Hand]) -> None:
    """Not before its time, then by the first that looks, then not again until tomorrow."""
    first, second = hands
    assert first.look() == second.look() == []
    nightly_house.clock.instant = moment("04:30")
    assert second.look() == ["refresh", "prune"]
    assert first.look() == second.look() == []
    nightly_house.clock.turn(DAY)
    assert first.look() == ["refresh", "prune"]
    assert second.look() == []


def test_the_night_is_done_once_by_two_processes_at_the_same_moment(
    nightly_house: House, hands: tuple[Hand, Hand]
) -> None:
    """Thirty nights, both looking at once."""
    nightly_house.clock.instant = moment("04:30")
    with ThreadPoolExecutor(2) as pool:
        for _ in range(30):
            done = [*pool.map(Hand.look, hands)]
            assert sorted(done[0] + done[1]) == ["prune", "refresh"]
            nightly_house.clock.turn(DAY)


def test_a_process_that_comes_up_in_the_morning_makes_up_for_the_night(
    nightly_house: House, hands: tuple[Hand, Hand]
) -> None:
    """In the evening it doesn't any more, but still prunes."""
    nightly_house.clock.instant = moment("08:00")
    assert "refresh" in hands[0].look()
    nightly_house.clock.instant = moment("17:00", date(2019, 4, 4))
    assert hands[0].look() == ["prune"]


def test_a_night_broken_off_is_done_again(nightly_house: House, hands: tuple[Hand, Hand]) -> None:
    """The worker died before it had asked for every store; another one asks for all of them."""
    nightly_house.clock.instant = moment("04:30")
    nightly_house.storage.chores.begin(Chore.REFRESH, date(2019, 4, 3), "dead", nightly_house.clock.now())
    assert "refresh" not in hands[0].look()
    nightly_house.clock.turn(timedelta(minutes=6))
    assert "refresh" in hands[0].look()


def test_pruning_waits_until_no_run_is_left(nightly_house: House, hands: tuple[Hand, Hand]) -> None:
    """The nightly refresh goes first."""
    nightly_house.clock.instant = moment("04:30")
    nightly_house.service.refresh_all(LOCAL_USER)
    assert hands[0].look() == ["refresh"]
    nightly_house.work()
    assert hands[0].look() == ["prune"]


def test_pruning_that_was_disturbed_is_taken_up_later(nightly_house: House, hands: tuple[Hand, Hand]) -> None:
    """After some minutes, until it was once complete."""
    nightly_house.clock.instant = moment("04:30")
    hands[0].undisturbed = False
    assert "prune" in hands[0].look()
    assert hands[0].look() == []
    nightly_house.clock.turn(timedelta(minutes=6))
    hands[0].undisturbed = True
    assert hands[0].look() == ["prune"]
    nightly_house.clock.turn(timedelta(minutes=6))
    assert hands[0].look() == []


def test_without_a_nightly_time_nothing_is_refreshed_and_pruning_is_daily(house: House) -> None:
    """From midnight on, once."""
    hand = Hand(house, "worker-1")
    assert [hand.look() for _ in range(2)] == [["prune"], []]
    house.clock.instant = moment("23:59")
    assert hand.look() == []
    house.clock.instant = moment("00:00", date(2019, 4, 4))
    assert hand.look() == ["prune"]
    hand.storage.close()
