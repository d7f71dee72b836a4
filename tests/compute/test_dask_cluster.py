"""A Dask cluster whose processes are killed: a scheduler and two workers without nannies."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from forecasting.compute.dask_cluster import DaskCluster
from forecasting.core.errors import ComputeLost
from forecasting.core.ports import TaskOutcome
from tests.compute import jobs
from tests.compute.dask_processes import DaskProcesses, dask_processes
from tests.compute.watching import DEADLINE, eventually, results

PATIENCE = 1.5


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    """The scheduler."""
    with dask_processes(tmp_path_factory.mktemp("dask")) as started:
        yield started


@pytest.fixture
def cluster(processes: DaskProcesses) -> DaskProcesses:
    """The scheduler with two living workers."""
    processes.complete(2)
    return processes


class Run:
    """A run in a thread of its own."""

    def __init__(self, pool: DaskCluster[str, int], gates: list[Path]) -> None:
        self._tasks = [str(gate) for gate in gates]
        self._pool = pool
        self.done: list[TaskOutcome[str, int]] = []
        self.lost = ""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.done.extend(self._pool.run(self._tasks))
        except ComputeLost as error:
            self.lost = str(error)

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()


def workers_at(gates: list[Path]) -> set[int]:
    """Process ids of the workers that have come to gates."""
    return {int((gate / "begun").read_text()) for gate in gates if (gate / "begun").exists()}


def test_tasks_of_a_killed_worker_are_done_by_another(cluster: DaskProcesses, tmp_path: Path) -> None:
    """SIGKILL of a worker that holds a task: every task of the run is done and yielded once."""
    killed, survivor = cluster.workers
    gates = [tmp_path / str(number) for number in range(6)]
    with closing(DaskCluster(jobs.pass_gate, cluster.address)) as pool:
        run = Run(pool, gates)
        assert eventually(lambda: workers_at(gates) == {killed.pid, survivor.pid})
        cluster.kill(killed)
        for gate in gates:
            gate.mkdir(exist_ok=True)
            (gate / "open").touch()
        run.join()
    assert run.lost == ""
    assert sorted(done.task for done in run.done) == sorted(str(gate) for gate in gates)
    assert {done.result for done in run.done} == {survivor.pid}


def test_a_run_is_lost_when_the_cluster_has_no_worker_for_too_long(
    cluster: DaskProcesses, tmp_path: Path
) -> None:
    """Both workers are killed during a run; the next run uses a worker that joined since."""
    with closing(DaskCluster(jobs.pass_gate, cluster.address, patience=PATIENCE)) as pool:
        run = Run(pool, [tmp_path / "a", tmp_path / "b"])
        assert eventually(lambda: len(workers_at([tmp_path / "a", tmp_path / "b"])) == 2)
        for worker in tuple(cluster.workers):
            cluster.kill(worker)
        run.join()
        assert run.lost == f"{cluster.address}: expected a Dask worker, found none for 1.5 s"
        late = cluster.start_worker()
        cluster.wait_for_workers(1)
        (tmp_path / "a" / "open").touch()
        assert results(pool, [str(tmp_path / "a")]) == [late.pid]


def test_a_run_waits_for_the_first_worker(cluster: DaskProcesses, tmp_path: Path) -> None:
    """The run starts while the cluster has none."""
    for worker in tuple(cluster.workers):
        cluster.kill(worker)
    with closing(DaskCluster(jobs.mark, cluster.address)) as pool:
        run = Run(pool, [tmp_path / str(number) for number in range(3)])
        assert eventually(lambda: cluster.tasks() > 0)
        late = cluster.start_worker()
        run.join()
    assert [done.result for done in run.done] == [late.pid] * 3


def test_tasks_of_a_cancelled_run_leave_the_scheduler(cluster: DaskProcesses) -> None:
    """Even where the cluster has no worker that could start or drop them."""
    for worker in tuple(cluster.workers):
        cluster.kill(worker)
    with closing(DaskCluster(jobs.square, cluster.address)) as pool:
        assert list(pool.run([1, 2], lambda: cluster.tasks() == 0)) == []
        assert eventually(lambda: cluster.tasks() == 0)


def test_a_lost_scheduler_loses_the_run_and_not_the_pool(cluster: DaskProcesses, tmp_path: Path) -> None:
    """SIGKILL of the scheduler: the run and the next one are lost; a new scheduler on its port is used."""
    address = cluster.address
    with closing(DaskCluster(jobs.pass_gate, address, patience=PATIENCE)) as pool:
        run = Run(pool, [tmp_path / "a"])
        assert eventually(lambda: len(workers_at([tmp_path / "a"])) == 1)
        cluster.kill(cluster.scheduler)
        run.join()
        assert run.lost.startswith(f"expected the Dask scheduler at {address} to ")
        with pytest.raises(
            ComputeLost, match=rf"^expected the Dask scheduler at {address} to answer, found: "
        ):
            list(pool.run([str(tmp_path / "a")]))
        for worker in tuple(cluster.workers):
            cluster.kill(worker)  # a worker without a scheduler exits, unless a task keeps it
        cluster.start_scheduler()
        cluster.complete(1)
        (tmp_path / "a" / "open").touch()
        assert len(results(pool, [str(tmp_path / "a")])) == 1


def test_a_task_that_kills_workers_is_given_up(cluster: DaskProcesses) -> None:
    """After as many workers as the scheduler allows; the message quotes Dask."""
    cluster.complete(3)
    given_up = pytest.raises(
        ComputeLost, match=r"^expected Dask workers to live, found: .*3 different workers"
    )
    with closing(DaskCluster(jobs.die, cluster.address)) as pool, given_up:
        list(pool.run(["deadly"]))
    assert eventually(lambda: all(worker.poll() is not None for worker in cluster.workers))


def test_small_runs_go_before_large_ones(cluster: DaskProcesses, tmp_path: Path) -> None:
    """A person's press is done next, though tasks of a batch have waited for longer."""
    gate, log = tmp_path / "gate", tmp_path / "gate.log"
    gate.touch()
    with closing(DaskCluster(jobs.pass_one_gate, cluster.address)) as pool:
        threads = []
        for name, size in (("batch", 12), ("press", 1)):
            tasks = [(str(gate), name)] * size
            threads.append(threading.Thread(target=lambda tasks=tasks: list(pool.run(tasks))))
            threads[-1].start()
            assert eventually(lambda: log.exists() and len(log.read_text().splitlines()) == 2)
            assert eventually(lambda name=name: cluster.tasks() == {"batch": 4, "press": 5}[name])
        gate.unlink()
        for thread in threads:
            thread.join(DEADLINE)
    order = [line.split()[0] for line in log.read_text().splitlines()]
    assert len(order) == 13
    assert order.index("press") in (2, 3)  # two of the batch had started; each worker then takes one more


def test_workers_without_a_nanny_use_one_blas_thread_too(cluster: DaskProcesses) -> None:
    """It is set before a fit imports its libraries, unless the operator has set it."""
    with closing(DaskCluster(jobs.facts, cluster.address)) as pool:
        assert all(fact["blas"] == ["1", "1", "1"] for fact in results(pool, range(4)))


def test_an_unreachable_scheduler_blocks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Warming up logs it, a run is lost in time, a cancelled run ends, and closing is quick."""
    pool = DaskCluster(jobs.square, "tcp://127.0.0.1:9", patience=0.3)
    pool.warm()
    with pytest.raises(
        ComputeLost, match=r"^expected the Dask scheduler at tcp://127.0.0.1:9 to answer, found"
    ):
        list(pool.run([1]))
    assert eventually(lambda: "expected the Dask scheduler at tcp://127.0.0.1:9 to answer" in caplog.text)
    pool.close()
    patient = DaskCluster(jobs.square, "tcp://127.0.0.1:9", patience=DEADLINE)
    assert list(patient.run([1], iter([True, False]).__next__)) == []
    patient.warm()
    started = monotonic()
    patient.close()
    assert monotonic() - started < 2
