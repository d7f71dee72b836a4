"""Runs that one worker has claimed together: order, leases and progress."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from forecasting.core.domain import RefreshRun, RunState
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome, StopRequested
from forecasting.storage.endings import RunEndings
from forecasting.storage.sql_claims import SqlRunClaims
from tests.refresh.run_bench import MOMENT, RunBench, all_done, done, leases, until
from tests.storage.examples import (
    LEASE,
    after,
    claim,
    press,
    retrain,
)

ENDINGS = RunEndings(timedelta(hours=48))


def test_runs_of_a_batch_are_claimed_together(bench: RunBench) -> None:
    """In order, as many as the worker takes; the rest come next."""
    bench.ask("3", "2", "1")
    worker = bench.worker(all_done, most=2)
    assert [worker.run_next() for _ in range(3)] == [2, 1, 0]
    assert bench.claimed == [["3", "2"], ["1"]]
    assert bench.published() == {"1", "2", "3"}


def test_a_press_is_done_before_the_rest_of_a_batch(bench: RunBench) -> None:
    """For another store, or for one that waits in the batch; it is claimed alone."""
    bench.ask("1", "2", "3", "4", "5")

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        if runs[0].store == "1":
            bench.storage.requests.submit(press("9", after(1)), retrain)
            bench.storage.requests.submit(press("5", after(2)), retrain)
        return all_done(runs, progress)

    worker = bench.worker(train, most=2)
    while worker.run_next():
        pass
    assert bench.claimed == [["1", "2"], ["5"], ["9"], ["3", "4"]]


def test_a_run_taken_over_by_another_worker_is_dropped(bench: RunBench) -> None:
    """Its result is not published; those of the others are."""
    bench.ask("1", "2")

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        stolen.append(bench.steal())
        yield from map(done, runs)

    stolen: list[RefreshRun] = []
    bench.worker(train).run_next()
    assert bench.published() == {"2"}
    assert bench.run("1") == stolen[0]


def test_a_lost_lease_is_noticed_while_the_other_runs_continue(
    bench: RunBench, caplog: pytest.LogCaptureFixture
) -> None:
    """At the next renewal. The training is not interrupted, but its result for that run is dropped."""
    bench.ask("1", "2")

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        bench.steal()
        until(lambda: "lost the lease of a run" in caplog.text)
        progress(runs[0], "Training", 1, 1)
        yield from map(done, runs)

    bench.worker(train, lease=MOMENT).run_next()
    assert bench.published() == {"2"}
    assert bench.run("1").stage == ""


def test_a_training_is_abandoned_when_all_its_runs_are_lost(bench: RunBench) -> None:
    """The worker that has them now does the work."""
    bench.ask("1")
    abandoned: list[str] = []

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        bench.steal()
        until(lambda: is_abandoned(runs[0], progress))
        abandoned.append("abandoned")
        raise StopRequested("abandoned")
        yield  # makes it a generator

    def is_abandoned(run: RefreshRun, progress: ReportProgress) -> bool:
        try:
            progress(run, "Training", 0, 1)
        except StopRequested:
            return True
        return False

    bench.worker(train, lease=MOMENT).run_next()
    assert abandoned == ["abandoned"]
    assert bench.run("1").state is RunState.RUNNING


def test_a_cancelled_run_is_abandoned_during_its_training(bench: RunBench) -> None:
    """The training ends at its next step, and nothing is published."""
    bench.ask("1")
    ended = threading.Event()

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        bench.storage.requests.cancel(runs[0].run_id, "Cancelled by Ana", bench.clock.now())
        try:
            for number in range(1000):
                progress(runs[0], "Training", number, 1000)
                threading.Event().wait(0.01)
        except StopRequested:
            ended.set()
            raise
        yield done(runs[0])

    assert bench.worker(train, lease=MOMENT).run_next() == 1
    assert ended.is_set()
    assert (bench.run("1").state, bench.run("1").error) == (RunState.CANCELLED, "Cancelled by Ana")
    assert bench.published() == set()


def test_the_leases_of_all_unfinished_runs_are_renewed(bench: RunBench) -> None:
    """Nobody can take a run over, however long the training takes."""
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


def test_the_progress_of_a_single_run_is_written_at_once(bench: RunBench) -> None:
    """When it succeeds, all of its series are done."""
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


def test_the_progress_of_several_runs_is_written_when_their_leases_are_renewed(bench: RunBench) -> None:
    """They are short, and each write would take time."""
    bench.ask("1", "2")
    written: list[RefreshRun] = []

    class RecordingClaims(SqlRunClaims):
        """Claims that record each written progress."""

        def progress(self, run: RefreshRun, *how_far: Any) -> None:
            """Record it."""
            written.append(run)
            super().progress(run, *how_far)

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        for stage in ("Training", "Forecasting"):
            for run in runs:
                progress(run, stage, 1, 3)
        leased = leases(bench)
        bench.clock.turn(MOMENT * 0.9)
        until(lambda: leases(bench) != leased)  # the worker has renewed them
        until(lambda: len(written) == len(runs))
        yield from map(done, runs)

    bench.worked = bench.with_claims(RecordingClaims(bench.storage.database, ENDINGS))
    bench.worker(train, lease=MOMENT).run_next()
    assert sorted(run.store for run in written) == ["1", "2"]
