"""A worker whose storage fails while it trains."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from forecasting.core.domain import RefreshRun, RunState
from forecasting.core.errors import StateUnavailable
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome
from forecasting.storage import SqlStorage
from forecasting.storage.endings import RunEndings
from forecasting.storage.sql_claims import SqlRunClaims
from tests.refresh.run_bench import MOMENT, RunBench, done, until

ENDINGS = RunEndings(timedelta(hours=48))


def test_leases_that_cannot_be_renewed_end_the_training(bench: RunBench) -> None:
    """Without a lease it must not continue; the runs are taken up again later."""
    bench.ask("1", "2")
    ended: list[str] = []

    class UnwritableClaims(SqlRunClaims):
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

    bench.worked = bench.with_claims(UnwritableClaims(bench.storage.database, ENDINGS))
    with pytest.raises(StateUnavailable, match="the disk is full"):
        bench.worker(train, lease=MOMENT).run_next()
    assert ended == ["ended"]
    assert {bench.run(store).state for store in "12"} == {RunState.RUNNING}


class FlakyStorage:
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
    """One part of a `FlakyStorage`."""

    def __init__(self, whole: FlakyStorage, part: object) -> None:
        self._whole, self._part = whole, part

    def __getattr__(self, name: str) -> Any:
        act = getattr(self._part, name)

        def call(*arguments: object) -> object:
            if self._whole.gone.is_set() and name != "claim":
                self._whole.refused += 1
                raise StateUnavailable("the database is out of reach")
            return act(*arguments)

        return call


def test_a_short_database_outage_costs_no_work(bench: RunBench) -> None:
    """Finished results are kept until they can be published."""
    bench.ask("1")
    bench.worked = flaky = FlakyStorage(bench.storage)

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        flaky.gone.set()
        yield done(runs[0])
        until(lambda: flaky.refused >= 3)
        flaky.gone.clear()

    assert bench.worker(train).run_next() == 1
    ended = bench.run("1")
    assert (ended.state, ended.attempt, ended.version) == (RunState.SUCCEEDED, 1, 1)


def test_a_long_database_outage_ends_the_training(bench: RunBench) -> None:
    """Once the leases have expired, another worker may have taken the runs."""
    bench.ask("1")
    bench.worked = flaky = FlakyStorage(bench.storage)

    def train(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
        flaky.gone.set()
        yield done(runs[0])

    with pytest.raises(StateUnavailable, match="out of reach"):
        bench.worker(train, lease=MOMENT).run_next()
    flaky.gone.clear()
    assert bench.run("1").state is RunState.RUNNING
    assert bench.steal().attempt == 2
