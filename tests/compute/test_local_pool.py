import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from forecasting.compute.local_pool import LocalPool
from forecasting.compute.worker_processes import NICENESS
from forecasting.core.errors import ComputeLost
from tests.compute import jobs
from tests.compute.watching import DEADLINE, eventually, gone, results

ROOT = Path(__file__).parents[2]


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            found.append(int(stat.parent.name))
    return found


@contextmanager
def running_script(folder: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script file as the main module of a fresh interpreter; it is killed at the end."""
    script = folder / "main_script.py"
    script.write_text(code)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, str(script)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def facts() -> Iterator[list[dict[str, object]]]:
    """What two living workers report about themselves."""
    with closing(LocalPool(jobs.facts, 2)) as pool:
        yield results(pool, range(8))


def test_yields_every_result() -> None:
    """In any order, none twice, none missing."""
    with closing(LocalPool(jobs.square, 2)) as pool:
        assert sorted(results(pool, range(20))) == [number**2 for number in range(20)]
        assert results(pool, [7]) == [49]


def test_every_result_comes_with_its_task() -> None:
    """So that order does not matter."""
    with closing(LocalPool(jobs.square, 2)) as pool:
        assert {done.task: done.result for done in pool.run(range(20))} == {
            number: number**2 for number in range(20)
        }


def test_starts_no_process_before_there_is_work() -> None:
    """Neither making a pool nor a run without tasks starts a worker."""
    before = set(children(os.getpid()))
    with closing(LocalPool(jobs.square, 2)) as pool:
        assert list(pool.run([])) == []
        assert set(children(os.getpid())) <= before


def test_workers_use_one_blas_thread(facts: list[dict[str, object]]) -> None:
    """Small matrices are slower with more."""
    assert all(fact["blas"] == ["1", "1", "1"] for fact in facts)


def test_workers_have_low_priority_and_ignore_ctrl_c(facts: list[dict[str, object]]) -> None:
    """Pages go first, and Ctrl-C is the server's to handle."""
    assert all(fact["nice"] == min(19, os.nice(0) + NICENESS) for fact in facts)
    assert all(fact["sigint"] for fact in facts)


def test_workers_are_other_processes(facts: list[dict[str, object]]) -> None:
    """At most as many as asked for, and not this one."""
    pids = {fact["pid"] for fact in facts}
    assert len(pids) in (1, 2)
    assert os.getpid() not in pids


def test_a_task_that_raises_is_done_with_its_error_and_leaves_the_others_alone() -> None:
    """With its type and text, and without a result; the others have theirs."""
    with closing(LocalPool(jobs.halve, 2)) as pool:
        done = {each.task: each for each in pool.run(range(10))}
    assert sorted(done) == list(range(10))
    for number, each in done.items():
        assert each.result == (None if number % 2 else number // 2)
        assert (type(each.error), str(each.error or "")) == (
            (LookupError, f"{number} is odd") if number % 2 else (type(None), "")
        )


def test_a_pool_whose_tasks_all_raise_stays_usable() -> None:
    """In the same workers."""
    with closing(LocalPool(jobs.fail, 1)) as pool:
        for _ in range(2):
            (done,) = pool.run(["store 7"])
            assert isinstance(done.error, LookupError)
            assert str(done.error) == "store 7"


def test_a_killed_worker_loses_the_run_and_not_the_pool(tmp_path: Path) -> None:
    """Kill -9 of a worker in mid-task: the run is lost, the next one finds new workers."""
    with closing(LocalPool(jobs.die_once, 2)) as pool:
        tasks = [str(tmp_path / "died")]
        with pytest.raises(ComputeLost, match=r"to live, found: A worker process .* terminated$") as lost:
            list(pool.run(tasks))
        assert "SIGKILL" in str(lost.value.__cause__)
        assert len(results(pool, tasks)) == 1


def test_workers_that_die_idle_cost_no_run() -> None:
    """A worker killed between two runs is replaced before the next."""
    with closing(LocalPool(jobs.pid, 1)) as pool:
        (idle,) = results(pool, [None])
        threads = threading.active_count()
        os.kill(idle, signal.SIGKILL)
        assert eventually(lambda: threading.active_count() < threads)  # the pool's own has noticed
        assert results(pool, [None]) != [idle]


def test_closing_the_iterator_cancels_what_has_not_started(tmp_path: Path) -> None:
    """After the first result only tasks already handed to the worker are still done."""
    paths = [tmp_path / f"{number:02}" for number in range(40)]
    with closing(LocalPool(jobs.mark, 1)) as pool:
        doing = pool.run([str(path) for path in paths])
        next(doing)
        doing.close()  # type: ignore[attr-defined]  # the port promises an iterator; this one is a generator
        list(pool.run([str(tmp_path / "last")]))
    assert (tmp_path / "last").exists()
    assert sum(path.exists() for path in paths) < 20


def test_close_ends_the_workers_whatever_they_do(tmp_path: Path) -> None:
    """A hanging task does not hold it up, its run is lost, and no process or file stays."""
    pool, path, lost = LocalPool(jobs.mark_and_hang, 2), tmp_path / "hangs", threading.Event()

    def run() -> None:
        with pytest.raises(ComputeLost, match="found the pool closed"):
            list(pool.run([str(path)]))
        lost.set()

    caller = threading.Thread(target=run)
    caller.start()
    assert eventually(lambda: path.exists() and path.read_text() != "")
    started = monotonic()
    pool.close()
    assert monotonic() - started < jobs.PATIENCE / 4
    assert gone(int(path.read_text()))
    caller.join(DEADLINE)
    assert lost.is_set()


class SlowlyPickled:
    """A task that takes its time on the way to the workers."""

    def __init__(self, gate: threading.Event) -> None:
        self.feeder: threading.Thread | None = None
        self._gate = gate

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        self.feeder = threading.current_thread()
        self._gate.wait(DEADLINE)
        return int, (1,)


def test_close_waits_for_the_feeder_thread() -> None:
    """A daemon that released the workers' semaphores while Python exits would leak them."""
    gate, pool = threading.Event(), LocalPool[object, int](jobs.pid, 1)
    (worker,) = results(pool, [None])
    task = SlowlyPickled(gate)

    def run() -> None:
        with pytest.raises(ComputeLost, match="found the pool closed"):
            list(pool.run([task]))

    caller, closer = threading.Thread(target=run), threading.Thread(target=pool.close)
    caller.start()
    assert eventually(lambda: task.feeder is not None)
    closer.start()
    assert eventually(lambda: gone(worker))
    closer.join(0.3)
    assert closer.is_alive()
    gate.set()
    closer.join(DEADLINE)
    assert task.feeder is not None
    assert not task.feeder.is_alive()
    caller.join(DEADLINE)


def test_close_deletes_temporary_files() -> None:
    """Those a killed fit leaves are in the pool's folder, which is deleted."""
    with closing(LocalPool(jobs.leave_file, 1)) as pool:
        (left,) = (Path(name) for name in results(pool, [None]))
        assert left.exists()
    assert not left.parent.exists()


def test_close_may_come_twice_and_first() -> None:
    """Closing is idempotent; a closed pool starts nothing."""
    pool = LocalPool(jobs.square, 1)
    pool.close()
    pool.close()
    for use in (pool.warm, lambda: list(pool.run([1]))):
        with pytest.raises(ComputeLost, match="expected an open pool, found it closed"):
            use()


def test_several_threads_share_the_workers() -> None:
    """Runs from several threads each get their own results, from one set of workers."""
    found: dict[int, list[int]] = {}
    with closing(LocalPool(jobs.square, 2)) as pool:

        def run(start: int) -> None:
            found[start] = sorted(results(pool, range(start, start + 5)))

        callers = [threading.Thread(target=run, args=(start,)) for start in (0, 10, 20, 30)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(DEADLINE)
    assert found == {start: [number**2 for number in range(start, start + 5)] for start in (0, 10, 20, 30)}


def test_warm_starts_and_prepares_the_workers(tmp_path: Path) -> None:
    """Before any run the workers have started and called `prepare`."""
    ready = tmp_path / "ready"
    with closing(LocalPool(jobs.pid, 1)) as pool:
        pool.warm(partial(jobs.mark_and_tell, str(ready)))
        assert eventually(lambda: ready.exists() and ready.read_text() != "")
        assert results(pool, [None]) == [int(ready.read_text())]


def test_a_run_that_shares_replaced_workers_is_lost(tmp_path: Path) -> None:
    """A cancelled run hangs, so the workers are replaced; the other run can be run again."""
    hangs, shares = tmp_path / "hangs", tmp_path / "shares"
    lost: list[str] = []
    with closing(LocalPool(jobs.pass_gate, 2, grace=0.2)) as pool:

        def run() -> None:
            with pytest.raises(ComputeLost) as error:
                list(pool.run([str(shares)]))
            lost.append(str(error.value))

        caller = threading.Thread(target=run)
        caller.start()
        assert eventually((shares / "begun").exists)
        assert list(pool.run([str(hangs)], lambda: not (hangs / "begun").exists())) == []
        caller.join(DEADLINE)
        (shares / "open").touch()
        assert len(results(pool, [str(shares)])) == 1
    found = "them replaced because a cancelled fit did not stop"
    assert lost == [f"expected the workers to stay until the run ends, found {found}"]


def test_tasks_leave_no_claims_and_survive_a_deleted_folder() -> None:
    """Completed and withdrawn tasks delete their claims; systems may clear their temporary folder."""
    with closing(LocalPool(jobs.leave_file, 1)) as pool:
        (left,) = (Path(name) for name in results(pool, [None]))
        wanted = iter([True, True, False]).__next__
        assert len(list(pool.run([None] * 5, wanted))) == 2
        results(pool, [None])  # the worker skips the withdrawn tasks before this one
        assert eventually(lambda: not [*left.parent.glob("task-*")])
        shutil.rmtree(left.parent)
        assert len(results(pool, [None])) == 1


SERVER = """
import sys
from pathlib import Path
from forecasting.compute.local_pool import LocalPool
from tests.compute import jobs
from tests.compute.watching import DEADLINE, eventually, gone, results

with Path("executed").open("a") as file:
    file.write("once\\n")
pool = LocalPool(jobs.pid, 2)
print(*{done.result for done in pool.run(range(6))}, flush=True)
sys.stdin.readline()
pool.close()
"""


def test_children_do_not_execute_the_main_module(tmp_path: Path) -> None:
    """A main module without a guard, as Streamlit's is, runs once; closing it leaves no orphan."""
    with running_script(tmp_path, SERVER) as server:
        assert server.stdout is not None
        workers = [int(pid) for pid in server.stdout.readline().split()]
        family = children(server.pid)
        server.communicate("\n", timeout=DEADLINE)
    assert server.returncode == 0
    assert workers
    assert (tmp_path / "executed").read_text() == "once\n"
    assert eventually(lambda: all(gone(pid) for pid in {*workers, *family}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["executed", "main_script.py"]


def test_children_end_when_their_server_is_killed(tmp_path: Path) -> None:
    """After kill -9 of the server its workers exit and delete their files."""
    with running_script(tmp_path, SERVER) as server:
        assert server.stdout is not None
        workers = [int(pid) for pid in server.stdout.readline().split()]
        family = children(server.pid)
        assert set(workers) <= set(family)
        server.kill()
    assert eventually(lambda: all(gone(pid) for pid in family))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["executed", "main_script.py"]
