"""Each outcome of a run is written to the ledger."""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import SimpleNamespace

import pytest

from forecasting.core.domain import RefreshRun, RunState
from forecasting.core.errors import ComputeLost, FitFailed, StateUnavailable
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome
from tests.refresh.run_bench import RunBench, all_done, done, until
from tests.storage.examples import (
    chain,
    pool,
    press_chain,
)


def test_each_run_is_published_as_soon_as_it_is_done(bench: RunBench) -> None:
    """In any order, while the others are still training."""
    bench.ask("1", "2", "3")

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        for count, run in enumerate(reversed(runs), start=1):
            yield done(run)
            until(lambda count=count: len(bench.published()) == count)  # type: ignore[misc] # bound now

    assert bench.worker(train).run_next() == 3
    versions = {store: snapshot.head for store, snapshot in bench.storage.runs.snapshots().items()}
    assert [versions[store] and versions[store].version for store in "321"] == [1, 2, 3]


def test_an_error_of_one_run_does_not_affect_the_others(
    bench: RunBench, caplog: pytest.LogCaptureFixture
) -> None:
    """Planners read a sentence; the log has the details under the run's id."""
    bench.ask("1", "2", "3", "4")
    errors = {"1": FitFailed("store 1: too short"), "2": ZeroDivisionError("inside")}

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        for run in runs:
            yield RunOutcome(run, error=errors[run.store]) if run.store in errors else done(run)

    bench.worker(train).run_next()
    assert bench.published() == {"3", "4"}
    failed = bench.run("2")
    assert bench.run("1").error == "store 1: too short"
    assert failed.error == f"Unexpected ZeroDivisionError. See the log under run {failed.run_id}"
    logged = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert logged == [
        f"run failed run_id={bench.run(store).run_id} scope=store:{store} attempt=1" for store in "12"
    ]


def test_a_run_with_nothing_left_to_do_is_closed(bench: RunBench) -> None:
    """It succeeds without a version, and the message says so."""
    bench.ask("1")
    bench.worker(lambda runs, _progress: iter([RunOutcome(runs[0])])).run_next()
    ended = bench.run("1")
    assert (ended.state, ended.version) == (RunState.SUCCEEDED, None)
    assert ended.message == "Already up to date when its turn came: nothing was run"


def test_a_training_that_breaks_off_fails_its_unfinished_runs(bench: RunBench) -> None:
    """The finished ones are published."""
    bench.ask("1", "2", "3")

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        yield done(runs[0])
        raise ComputeLost("a worker process died")

    bench.worker(train).run_next()
    assert bench.published() == {"1"}
    assert [bench.run(store).error for store in "123"] == ["", *["a worker process died"] * 2]


def test_a_training_that_forgets_a_run_fails_it(bench: RunBench) -> None:
    """It does not stay running forever."""
    bench.ask("1", "2")
    bench.worker(lambda runs, _progress: iter([done(runs[0])])).run_next()
    assert bench.published() == {"1"}
    assert bench.run("2").error.startswith("Unexpected RuntimeError. See the log under run")


def test_a_chain_is_published(bench: RunBench) -> None:
    """Before the stores of its batch."""
    bench.storage.requests.submit_chain(press_chain(priority=10, batch_id="b"), pool)
    bench.ask("1", "2")

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        return iter([RunOutcome(runs[0], chain())]) if runs[0].is_chain_run else all_done(runs, progress)

    worker = bench.worker(train)
    assert [worker.run_next() for _ in range(3)] == [1, 2, 0]
    assert bench.claimed == [[""], ["1", "2"]]
    assert bench.storage.chains.latest() == chain()


@pytest.mark.parametrize("end", ["progress", "next", "lost pool", "early"])
def test_a_stop_releases_unfinished_runs(bench: RunBench, end: str) -> None:
    """However the training notices: the attempt does not count, and finished runs stay published."""
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


def test_a_full_disk_postpones_the_publication(bench: RunBench) -> None:
    """The waiting run shows the reason; after the last attempt it fails with it."""
    bench.ask("1")

    class FullDisk:
        """Publications to a full disk."""

        def publish(self, *_arguments: object) -> None:
            """Fail."""
            raise StateUnavailable("the database can't be written: the disk is full")

    bench.worked = SimpleNamespace(
        claims=bench.storage.claims, publications=FullDisk(), runs=bench.storage.runs
    )
    for attempt in (1, 2, 3):
        assert bench.worker(all_done).run_next() == 1
        assert bench.run("1").attempt == attempt
        assert bench.run("1").error.startswith("the database can't be written: the disk is full")
        bench.clock.turn(timedelta(minutes=1))
    assert bench.run("1").state is RunState.FAILED
    assert bench.published() == set()
