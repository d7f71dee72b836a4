"""What every `Compute` must do, with real processes: a local pool and a Dask cluster of two workers."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from forecasting.compute.dask_cluster import DaskCluster
from forecasting.compute.local_pool import LocalPool
from forecasting.core.errors import ComputeLost
from forecasting.core.ports import Compute
from tests.compute import jobs
from tests.compute.dask_processes import DaskProcesses, dask_processes
from tests.compute.watching import DEADLINE, eventually, gone, results

MakePool = Callable[..., Compute[Any, Any]]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    """A scheduler and two workers, which their nannies replace."""
    with dask_processes(tmp_path_factory.mktemp("dask")) as processes:
        processes.start_worker(nanny=True)
        processes.start_worker(nanny=True)
        yield processes


@pytest.fixture(params=["local", "dask"])
def make(request: pytest.FixtureRequest) -> Iterator[MakePool]:
    """Makes pools of two workers, and closes them."""
    made: list[Compute[Any, Any]] = []

    def one(work: Callable[[Any], Any], grace: float = DEADLINE) -> Compute[Any, Any]:
        if request.param == "local":
            made.append(LocalPool(work, 2, grace))
        else:
            processes = request.getfixturevalue("cluster")
            processes.wait_for_workers(2)  # one may just have been replaced
            made.append(DaskCluster(work, processes.address, grace=grace))
        return made[-1]

    yield one
    for pool in made:
        pool.close()


def run_aside(pool: Compute[Any, Any], tasks: list[Any]) -> tuple[threading.Thread, list[Any]]:
    """Start a run in a thread; the list receives its results, or the message it was lost with."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.extend(done.result for done in pool.run(tasks))
        except ComputeLost as error:
            found.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found


def begun(gate: Path) -> bool:
    """Whether a task has reached a gate."""
    return (gate / "begun").exists()


def worker_at(gate: Path) -> int:
    """Process id of the worker that has reached a gate."""
    return int((gate / "begun").read_text())


def open_gates(*gates: Path) -> None:
    """Let tasks pass, both waiting and later ones."""
    for gate in gates:
        gate.mkdir(exist_ok=True)
        (gate / "open").touch()


def test_every_result_comes_once_and_with_its_task(make: MakePool) -> None:
    """In any order; and again from the same pool."""
    pool = make(jobs.square)
    for size in (20, 1):
        done = list(pool.run(range(size)))
        assert sorted(each.task for each in done) == list(range(size))
        assert all(each.result == each.task**2 for each in done)


def test_a_run_without_tasks_ends_at_once(make: MakePool) -> None:
    """There is nothing to wait for."""
    assert list(make(jobs.square).run([])) == []


def test_results_come_in_order_of_completion(make: MakePool, tmp_path: Path) -> None:
    """A slow task holds up no other."""
    slow, quick = tmp_path / "slow", tmp_path / "quick"
    open_gates(quick)
    doing = make(jobs.pass_gate).run([str(slow), str(quick)])
    assert next(doing).task == str(quick)
    open_gates(slow)
    assert [done.task for done in doing] == [str(slow)]


def test_a_task_that_raises_leaves_the_others_alone(make: MakePool) -> None:
    """Its result carries the type and text of its error, and the pool stays usable."""
    pool = make(jobs.halve)
    done = {each.task: each for each in pool.run(range(10))}
    assert sorted(done) == list(range(10))
    for number, each in done.items():
        assert each.result == (None if number % 2 else number // 2)
        assert (type(each.error), str(each.error or "")) == (
            (LookupError, f"{number} is odd") if number % 2 else (type(None), "")
        )
    assert results(pool, [4]) == [2]


def test_runs_of_several_threads_get_their_own_results(make: MakePool) -> None:
    """From the same workers, at the same time."""
    pool = make(jobs.square)
    runs = {start: run_aside(pool, list(range(start, start + 5))) for start in (0, 10, 20, 30)}
    for start, (thread, found) in runs.items():
        thread.join(DEADLINE)
        assert sorted(found) == [number**2 for number in range(start, start + 5)]


def test_a_run_cancelled_from_the_start_starts_no_task(make: MakePool, tmp_path: Path) -> None:
    """None of its tasks runs, even later."""
    pool, paths = make(jobs.mark), [tmp_path / str(number) for number in range(5)]
    assert list(pool.run([str(path) for path in paths], lambda: False)) == []
    assert len(results(pool, [str(tmp_path / "wanted")])) == 1
    assert not any(path.exists() for path in paths)


def test_a_cancelled_run_ends_with_the_tasks_in_progress(make: MakePool, tmp_path: Path) -> None:
    """They are waited for, though their results are dropped; the others do not start."""
    pool, gates = make(jobs.pass_gate), [tmp_path / str(number) for number in range(20)]
    opening = threading.Timer(0.5, open_gates, gates)

    def wanted() -> bool:
        if not all(begun(gate) for gate in gates[:2]):
            return True
        opening.start()
        return False

    assert list(pool.run([str(gate) for gate in gates], wanted)) == []
    assert [gate for gate in gates if (gate / "ended").exists()] == gates[:2]
    assert [gate for gate in gates if begun(gate)] == gates[:2]


def test_cancellation_is_checked_while_no_task_completes(make: MakePool, tmp_path: Path) -> None:
    """Every half second, also with all workers busy; tasks that wait for a worker are withdrawn at once."""
    pool, busy, late = make(jobs.pass_gate), [tmp_path / "a", tmp_path / "b"], tmp_path / "late"
    thread, found = run_aside(pool, [str(gate) for gate in busy])
    assert eventually(lambda: all(begun(gate) for gate in busy))
    asked: list[float] = []

    def wanted() -> bool:
        asked.append(monotonic())
        return len(asked) < 4

    assert list(pool.run([str(late)], wanted)) == []
    assert asked[-1] - asked[0] < 3
    assert monotonic() - asked[-1] < DEADLINE / 4  # much less than the grace
    open_gates(*busy)
    thread.join(DEADLINE)
    assert len(found) == 2  # the other run was not affected
    assert len(results(pool, [str(gate) for gate in busy])) == 2
    assert not begun(late)


def test_a_worker_that_hangs_in_a_cancelled_task_is_replaced(make: MakePool, tmp_path: Path) -> None:
    """After the grace; the caller gets its thread back, and the next run finds a whole pool."""
    pool, gate = make(jobs.pass_gate, grace=0.3), tmp_path / "hangs"
    started = monotonic()
    assert list(pool.run([str(gate)], lambda: not begun(gate))) == []
    assert monotonic() - started < DEADLINE
    assert eventually(lambda: gone(worker_at(gate)))
    both = [tmp_path / "a", tmp_path / "b"]
    thread, found = run_aside(pool, [str(each) for each in both])
    assert eventually(lambda: all(begun(each) for each in both))  # at the same time: by two workers
    open_gates(*both)
    thread.join(DEADLINE)
    assert len(set(found)) == 2
    assert worker_at(gate) not in found


def test_closing_a_run_early_replaces_hanging_workers_in_the_background(
    make: MakePool, tmp_path: Path
) -> None:
    """The caller does not wait."""
    pool, hangs, quick = make(jobs.pass_gate, grace=1.0), tmp_path / "hangs", tmp_path / "quick"
    open_gates(quick)
    doing = pool.run([str(hangs), str(quick)])
    assert next(doing).task == str(quick)
    assert eventually(lambda: begun(hangs))
    started = monotonic()
    doing.close()  # type: ignore[attr-defined]  # the port promises an iterator; these are generators
    assert monotonic() - started < 1.0
    assert eventually(lambda: gone(worker_at(hangs)))


def test_closing_the_pool_ends_every_run_at_once(make: MakePool, tmp_path: Path) -> None:
    """A waiting run is lost; a cancelled run that waits for a hanging task ends without an error."""
    pool, waits, hangs = make(jobs.pass_gate), tmp_path / "waits", tmp_path / "hangs"
    refused = threading.Event()

    def wanted() -> bool:
        if begun(hangs):
            refused.set()
        return not refused.is_set()

    first, found = run_aside(pool, [str(waits)])
    second = threading.Thread(target=lambda: found.append(list(pool.run([str(hangs)], wanted))))
    second.start()
    assert refused.wait(DEADLINE)
    assert eventually(lambda: begun(waits))
    started = monotonic()
    pool.close()
    first.join(DEADLINE)
    second.join(DEADLINE)
    assert monotonic() - started < DEADLINE / 4  # much less than the grace
    open_gates(waits, hangs)  # the operator owns the Dask workers; they keep running
    quietly, lost = sorted(found, key=len)
    assert quietly == []
    assert lost.endswith("closed")


def test_close_may_come_twice_and_first(make: MakePool) -> None:
    """Closing is idempotent; a closed pool starts nothing and leaves no thread."""
    pool = make(jobs.square)
    threads = threading.active_count()
    pool.close()
    pool.close()
    for use in (pool.warm, lambda: list(pool.run([1]))):
        with pytest.raises(ComputeLost, match="expected an open pool, found it closed"):
            use()
    used = make(jobs.square)
    assert results(used, [3]) == [9]
    used.close()
    assert eventually(lambda: threading.active_count() <= threads)


def test_warm_prepares_the_workers(make: MakePool, tmp_path: Path) -> None:
    """They call `prepare` before any run; an error in it is ignored."""
    pool, ready = make(jobs.square), tmp_path / "ready"
    pool.warm(partial(jobs.mark_and_tell, str(ready)))
    assert eventually(lambda: ready.exists() and ready.read_text() != "")
    pool.warm(partial(jobs.fail, "not here"))
    assert results(pool, [3]) == [9]
