"""Fits in the process itself."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from forecasting.compute.build import build_compute
from forecasting.compute.in_process import InProcess
from forecasting.core.errors import ComputeLost, FitFailed

GRACE = 0.2


class Gate:
    """Work that waits for its release; a negative number fails at once."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self, task: int) -> int:
        """Double a number, once the gate is open."""
        self.begun.set()
        if task < 0:
            raise FitFailed(f"{task} is below zero")
        assert self.open.wait(20)
        return 2 * task


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Opened at the end, so that no thread is left."""
    made = Gate()
    yield made
    made.open.set()


def test_zero_processes_means_this_process() -> None:
    """As documented for the setting."""
    assert isinstance(build_compute(abs, 0), InProcess)


def test_tasks_are_done_in_their_order_and_errors_kept_apart(gate: Gate) -> None:
    """One that raises leaves the others alone."""
    gate.open.set()
    done = list(InProcess(gate).run([1, -1, 3]))
    assert [(each.task, each.result) for each in done] == [(1, 2), (-1, None), (3, 6)]
    assert isinstance(done[1].error, FitFailed)


def test_a_cancelled_run_starts_no_more_tasks(gate: Gate) -> None:
    """It ends without an error."""
    gate.open.set()
    wanted = iter([True, True, False])
    assert [each.result for each in InProcess(gate).run([1, 2, 3, 4], lambda: next(wanted))] == [2, 4]


def test_a_task_that_hangs_is_abandoned_after_the_grace(gate: Gate) -> None:
    """Its thread keeps running; the next run gets another."""
    pool: InProcess[int, int] = InProcess(gate, GRACE)
    asked = []

    def wanted() -> bool:
        asked.append(1)
        return len(asked) == 1

    assert list(pool.run([1], wanted)) == []
    gate.open.set()
    assert [each.result for each in pool.run([2])] == [4]


def test_closing_ends_a_run_under_way(gate: Gate) -> None:
    """At once, whatever the task does; afterwards nothing starts."""
    pool: InProcess[int, int] = InProcess(gate)
    with ThreadPoolExecutor(1) as others:
        run = others.submit(lambda: list(pool.run([1])))
        assert gate.begun.wait(20)
        pool.close()
        with pytest.raises(ComputeLost):
            run.result(20)
    for act in (lambda: list(pool.run([1])), pool.warm):
        with pytest.raises(ComputeLost, match="found it closed"):
            act()


def test_warming_up_prepares_and_leaves_errors_to_the_fits(gate: Gate) -> None:
    """`warm` does not wait for either."""
    pool: InProcess[int, int] = InProcess(gate)
    ready = threading.Event()
    pool.warm(ready.set)
    assert ready.wait(20)

    def broken() -> Any:
        raise FitFailed("no such engine")

    pool.warm(broken)
    gate.open.set()
    assert [each.result for each in pool.run([1])] == [2]
