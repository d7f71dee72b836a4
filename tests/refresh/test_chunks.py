"""What the worker does with several runs at once, whatever the training does."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from forecasting.core.domain import RefreshRun, RunState
from forecasting.core.errors import ComputeLost, FitFailed, StateUnavailable
from forecasting.refresh.lifecycle import LeaseTerms
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome, Stopping, Train
from forecasting.refresh.worker import RefreshWorker
from forecasting.storage import SqlStorage, open_database
from forecasting.storage.endings import RunEndings
from forecasting.storage.sql_claims import SqlRunClaims
from forecasting.storage.tables import refresh_run
from tests.fakes import TurnedClock
from tests.storage.examples import (
    LEASE,
    NOW,
    after,
    chain,
    claim,
    pool,
    predictor,
    press,
    press_chain,
    publication,
    retrain,
)

ENDINGS = RunEndings(timedelta(hours=48))
MOMENT = timedelta(milliseconds=30)
"""A lease that is renewed every ten milliseconds."""


class Bench:
    """A storage with a batch of stores, and the stores that were worked together, in order.

    `worked` is the storage the worker gets; tests replace it to inject faults.
    """

    def __init__(self, storage: SqlStorage, clock: TurnedClock) -> None:
        self.storage = storage
        self.worked: Any = storage
        self.clock = clock
        self.chunks: list[list[str]] = []

    def ask(self, *stores: str) -> None:
        """Ask for trainings as one batch."""
        asks = [press(store, after(n / 100), priority=10, batch_id="b") for n, store in enumerate(stores)]
        self.storage.requests.submit_many(asks, retrain)

    def worker(self, train: Train, chunk: int = 16, lease: timedelta = LEASE) -> RefreshWorker:
        """A worker that notes what it is given."""

        def noting(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
            self.chunks.append([run.store for run in runs])
            return train(runs, progress)

        return RefreshWorker(
            self.worked, noting, self.clock, LeaseTerms(lease), "worker", runs_together=chunk
        )

    def run(self, store: str) -> RefreshRun:
        """The newest run of a store."""
        return next(run for run in self.storage.runs.recent(99) if run.store == store)

    def published(self) -> set[str]:
        """The stores that have a forecast."""
        return {store for store, snapshot in self.storage.runs.snapshots().items() if snapshot.head}

    def with_claims(self, claims: SqlRunClaims) -> SimpleNamespace:
        """The parts of the storage that a worker uses, with other claims."""
        return SimpleNamespace(claims=claims, publications=self.storage.publications, runs=self.storage.runs)

    def steal(self) -> RefreshRun:
        """Let another worker take over the first run whose lease is let run out."""
        stolen = claim(self.storage, "thief", after(3600), after(7200))
        assert stolen is not None
        return stolen


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """An empty one."""
    clock = TurnedClock(NOW)
    storage = SqlStorage(open_database(tmp_path, clock=clock))
    yield Bench(storage, clock)
    storage.close()


def done(run: RefreshRun) -> RunOutcome:
    """A run that went well."""
    return RunOutcome(run, publication(run.store, trained=predictor(f"p-{run.store}")))


def each(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
    """A training without trouble."""
    return map(done, runs)


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that another thread brings about."""
    tick = threading.Event()
    for _ in range(1000):
        if holds():
            return
        tick.wait(0.01)
    raise AssertionError("waited for ten seconds")


def test_runs_of_a_batch_are_worked_together(bench: Bench) -> None:
    """As many as the worker takes, in their order; the rest the next time."""
    bench.ask("3", "2", "1")
    worker = bench.worker(each, chunk=2)
    assert [worker.run_next() for _ in range(3)] == [2, 1, 0]
    assert bench.chunks == [["3", "2"], ["1"]]
    assert bench.published() == {"1", "2", "3"}


def test_each_run_is_published_as_it_is_done(bench: Bench) -> None:
    """In whatever order, while the others are still being trained."""
    bench.ask("1", "2", "3")

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        for count, run in enumerate(reversed(runs), start=1):
            yield done(run)
            until(lambda count=count: len(bench.published()) == count)  # type: ignore[misc] # bound now

    assert bench.worker(train).run_next() == 3
    versions = {store: snapshot.head for store, snapshot in bench.storage.runs.snapshots().items()}
    assert [versions[store] and versions[store].version for store in "321"] == [1, 2, 3]


def test_a_press_goes_before_the_next_chunk(bench: Bench) -> None:
    """A store of its own as well as one that waits in the batch; neither joins a chunk."""
    bench.ask("1", "2", "3", "4", "5")

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        if runs[0].store == "1":
            bench.storage.requests.submit(press("9", after(1)), retrain)
            bench.storage.requests.submit(press("5", after(2)), retrain)
        return each(runs, progress)

    worker = bench.worker(train, chunk=2)
    while worker.run_next():
        pass
    assert bench.chunks == [["1", "2"], ["5"], ["9"], ["3", "4"]]


def test_what_goes_wrong_with_one_run_is_its_own(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """The planner reads a sentence; the log has the rest under the run's id."""
    bench.ask("1", "2", "3", "4")
    errors = {"1": FitFailed("store 1: too short"), "2": ZeroDivisionError("inside")}

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        for run in runs:
            yield RunOutcome(run, error=errors[run.store]) if run.store in errors else done(run)

    bench.worker(train).run_next()
    assert bench.published() == {"3", "4"}
    failed = bench.run("2")
    assert bench.run("1").error == "store 1: too short"
    assert failed.error == f"Unexpected ZeroDivisionError; the log has it under run {failed.run_id}"
    logged = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert logged == [
        f"run failed run_id={bench.run(store).run_id} scope=store:{store} attempt=1" for store in "12"
    ]


def test_a_run_with_nothing_left_to_do_is_closed(bench: Bench) -> None:
    """It has succeeded without a version, and says so."""
    bench.ask("1")
    bench.worker(lambda runs, _progress: iter([RunOutcome(runs[0])])).run_next()
    ended = bench.run("1")
    assert (ended.state, ended.version) == (RunState.SUCCEEDED, None)
    assert ended.message == "Already up to date when its turn came: nothing was run"


def test_a_training_that_breaks_off_fails_what_was_not_done(bench: Bench) -> None:
    """What it has done is published."""
    bench.ask("1", "2", "3")

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        yield done(runs[0])
        raise ComputeLost("a worker process died")

    bench.worker(train).run_next()
    assert bench.published() == {"1"}
    assert [bench.run(store).error for store in "123"] == ["", *["a worker process died"] * 2]


def test_a_training_that_forgets_a_run_fails_it(bench: Bench) -> None:
    """It is not left running for ever."""
    bench.ask("1", "2")
    bench.worker(lambda runs, _progress: iter([done(runs[0])])).run_next()
    assert bench.published() == {"1"}
    assert bench.run("2").error.startswith("Unexpected RuntimeError; the log has it under run")


def test_a_run_taken_over_by_another_worker_is_dropped(bench: Bench) -> None:
    """Its result is not published; the others are."""
    bench.ask("1", "2")

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        stolen.append(bench.steal())
        yield from map(done, runs)

    stolen: list[RefreshRun] = []
    bench.worker(train).run_next()
    assert bench.published() == {"2"}
    assert bench.run("1") == stolen[0]


def test_a_loss_is_noticed_while_the_others_go_on(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """At the next renewal; the training isn't told, and its result comes too late."""
    bench.ask("1", "2")

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        bench.steal()
        until(lambda: "lost the lease of a run" in caplog.text)
        progress(runs[0], "Training", 1, 1)
        yield from map(done, runs)

    bench.worker(train, lease=MOMENT).run_next()
    assert bench.published() == {"2"}
    assert bench.run("1").stage == ""


def test_a_training_whose_runs_are_all_lost_is_given_up(bench: Bench) -> None:
    """There is nobody left to do it for; the other worker goes on."""
    bench.ask("1")
    told: list[str] = []

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        bench.steal()
        until(lambda: given_up(runs[0], progress))
        told.append("given up")
        raise Stopping("given up")
        yield  # makes it a generator

    def given_up(run: RefreshRun, progress: ReportProgress) -> bool:
        try:
            progress(run, "Training", 0, 1)
        except Stopping:
            return True
        return False

    bench.worker(train, lease=MOMENT).run_next()
    assert told == ["given up"]
    assert bench.run("1").state is RunState.RUNNING


def test_the_leases_of_all_unfinished_runs_are_renewed(bench: Bench) -> None:
    """Nobody can take one over, however long the chunk takes."""
    bench.ask("1", "2", "3")
    rivals: list[object] = []

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        yield done(runs[0])
        for _ in range(3):
            bench.clock.turn(MOMENT * 0.9)
            renewed = bench.clock.now() + MOMENT
            until(lambda until_=renewed: leases(bench) == {until_})  # type: ignore[misc] # bound now
        rivals.append(claim(bench.storage, "rival", bench.clock.now(), bench.clock.now() + LEASE))
        yield from map(done, runs[1:])

    bench.worker(train, lease=MOMENT).run_next()
    assert rivals == [None]
    assert bench.published() == {"1", "2", "3"}


def leases(bench: Bench) -> set[object]:
    """When the leases of the runs that are running end."""
    with bench.storage.database.reading() as connection:
        running = refresh_run.select().where(refresh_run.c.state == "running")
        return {row.lease_until for row in connection.execute(running)}


@pytest.mark.parametrize("end", ["progress", "next", "lost pool", "early"])
def test_a_stop_gives_back_what_is_not_done(bench: Bench, end: str) -> None:
    """Whichever way the training notices: attempts don't count, what was done stays published."""
    bench.ask("1", "2", "3", "4")

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        yield done(runs[0])
        worker.stop()
        if end == "progress":
            progress(runs[1], "Training", 0, 1)
        if end == "lost pool":
            raise ComputeLost("the pool is closed")
        if end == "next":
            yield done(runs[1])
            raise AssertionError("asked for more after the stop")

    worker = bench.worker(train)
    worker.run_next()
    kept = {"1", "2"} if end == "next" else {"1"}
    assert bench.published() == kept
    waiting = [bench.run(store) for store in "1234" if store not in kept]
    assert {(run.state, run.attempt, run.error) for run in waiting} == {(RunState.QUEUED, 0, "")}


def test_what_is_pooled_over_all_stores_is_published(bench: Bench) -> None:
    """By the same worker, before its batch."""
    bench.storage.requests.submit_chain(press_chain(priority=10, batch_id="b"), pool)
    bench.ask("1", "2")

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        return iter([RunOutcome(runs[0], chain())]) if runs[0].of_chain else each(runs, progress)

    worker = bench.worker(train)
    assert [worker.run_next() for _ in range(3)] == [1, 2, 0]
    assert bench.chunks == [[""], ["1", "2"]]
    assert bench.storage.chains.latest() == chain()


def test_others_see_how_far_a_run_is(bench: Bench) -> None:
    """Within a moment, and at the end all of it is done."""
    bench.ask("1")

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        progress(runs[0], "Training", 0, 3)
        progress(runs[0], "Training", 2, 3)
        until(lambda: bench.run("1").done == 2)
        progress(runs[0], "Forecasting", 1, 4)
        yield from map(done, runs)

    bench.worker(train).run_next()
    ended = bench.run("1")
    assert (ended.state, ended.stage, ended.done, ended.total) == (RunState.SUCCEEDED, "Forecasting", 4, 4)


def test_how_far_several_runs_are_is_written_down_where_their_leases_are_prolonged(bench: Bench) -> None:
    """They are usually done in a moment, and each write would be paid for."""
    bench.ask("1", "2")
    written: list[RefreshRun] = []

    class Noting(SqlRunClaims):
        """Claims that note the progress recorded with them."""

        def progress(self, run: RefreshRun, *how_far: Any) -> None:
            """Note it."""
            written.append(run)
            super().progress(run, *how_far)

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        for stage in ("Training", "Forecasting"):
            for run in runs:
                progress(run, stage, 1, 3)
        leased = leases(bench)
        bench.clock.turn(MOMENT * 0.9)
        until(lambda: leases(bench) != leased)  # the worker has looked round
        until(lambda: len(written) == len(runs))
        yield from map(done, runs)

    bench.worked = bench.with_claims(Noting(bench.storage.database, ENDINGS))
    bench.worker(train, lease=MOMENT).run_next()
    assert sorted(run.store for run in written) == ["1", "2"]


def test_trouble_with_the_state_ends_the_training_too(bench: Bench) -> None:
    """It is not waited for without leases; the runs are taken up again later."""
    bench.ask("1", "2")
    ended: list[str] = []

    class Unwritable(SqlRunClaims):
        """Claims whose leases can't be renewed."""

        def renew(self, *_arguments: object) -> set[str]:
            """Fail."""
            raise StateUnavailable("the disk is full")

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        tick = threading.Event()
        try:
            while True:
                progress(runs[0], "Training", 0, 1)
                tick.wait(0.01)
        finally:
            ended.append("ended")
        yield

    bench.worked = bench.with_claims(Unwritable(bench.storage.database, ENDINGS))
    with pytest.raises(StateUnavailable, match="the disk is full"):
        bench.worker(train, lease=MOMENT).run_next()
    assert ended == ["ended"]
    assert {bench.run(store).state for store in "12"} == {RunState.RUNNING}


class Flaky:
    """A storage whose database is out of reach while `gone` is set; otherwise the real one."""

    def __init__(self, storage: SqlStorage) -> None:
        self.gone = threading.Event()
        self.refused = 0
        self.runs = storage.runs
        self.claims, self.publications = (
            FlakyPart(self, storage.claims),
            FlakyPart(self, storage.publications),
        )


class FlakyPart:
    """One part of a `Flaky` storage."""

    def __init__(self, whole: Flaky, part: object) -> None:
        self._whole, self._part = whole, part

    def __getattr__(self, name: str) -> Any:
        act = getattr(self._part, name)

        def call(*arguments: object) -> object:
            if self._whole.gone.is_set() and name != "claim":
                self._whole.refused += 1
                raise StateUnavailable("the database is out of reach")
            return act(*arguments)

        return call


def test_a_database_that_is_away_for_a_while_costs_nothing(bench: Bench) -> None:
    """What is done is kept until it can be published; nothing is done twice."""
    bench.ask("1")
    bench.worked = flaky = Flaky(bench.storage)

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        flaky.gone.set()
        yield done(runs[0])
        until(lambda: flaky.refused >= 3)
        flaky.gone.clear()

    assert bench.worker(train).run_next() == 1
    ended = bench.run("1")
    assert (ended.state, ended.attempt, ended.version) == (RunState.SUCCEEDED, 1, 1)


def test_a_database_that_stays_away_is_given_up(bench: Bench) -> None:
    """After a lease without it the run may be another's; it comes back to the queue by itself."""
    bench.ask("1")
    bench.worked = flaky = Flaky(bench.storage)

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        flaky.gone.set()
        yield done(runs[0])

    with pytest.raises(StateUnavailable, match="out of reach"):
        bench.worker(train, lease=MOMENT).run_next()
    flaky.gone.clear()
    assert bench.run("1").state is RunState.RUNNING
    assert bench.steal().attempt == 2


def test_a_full_disk_at_publish_is_told_and_tried_again(bench: Bench) -> None:
    """The reason stands in the run while it waits; the last attempt fails with it."""
    bench.ask("1")

    class Full:
        """Publications to a full disk."""

        def publish(self, *_arguments: object) -> None:
            """Fail."""
            raise StateUnavailable("the database can't be written: the disk is full")

    bench.worked = SimpleNamespace(claims=bench.storage.claims, publications=Full(), runs=bench.storage.runs)
    for attempt in (1, 2, 3):
        assert bench.worker(each).run_next() == 1
        assert bench.run("1").attempt == attempt
        assert bench.run("1").error.startswith("the database can't be written: the disk is full")
        bench.clock.turn(timedelta(minutes=1))
    assert bench.run("1").state is RunState.FAILED
    assert bench.published() == set()


def test_a_cancelled_run_is_given_up_while_it_is_trained(bench: Bench) -> None:
    """Its training ends at its next step, and nothing of it is published."""
    bench.ask("1")
    ended = threading.Event()

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        bench.storage.requests.cancel(runs[0].run_id, "Cancelled by Ana", bench.clock.now())
        try:
            for number in range(1000):
                progress(runs[0], "Training", number, 1000)
                threading.Event().wait(0.01)
        except Stopping:
            ended.set()
            raise
        yield done(runs[0])

    assert bench.worker(train, lease=MOMENT).run_next() == 1
    assert ended.is_set()
    assert (bench.run("1").state, bench.run("1").error) == (RunState.CANCELLED, "Cancelled by Ana")
    assert bench.published() == set()
