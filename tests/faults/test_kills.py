"""The server, a worker or a fitting process is killed at each stage of a run."""

import os
import signal

import pytest

from forecasting.core.domain import RefreshRun, RunState
from tests.browser.server import Server
from tests.faults.site import HELD, LEASE, PARTS, SLOW, STORE, Site
from tests.processes import Process, until

STAGES = ("queued", "claimed", "half", "publishing")
TWO_LEASES = 2 * LEASE
PATIENCE = 30.0


def holds_at(site: Site, stage: str) -> None:
    """Hold the next run at a stage."""
    if stage == "claimed":
        site.gate.hold()
    elif stage == "half":
        site.gate.hold(SLOW)
    elif stage == "publishing":
        site.publish_gate.touch()


def wait_for(site: Site, stage: str) -> None:
    """Wait until the run has reached the stage."""
    kept = {
        "claimed": lambda: site.fits() != set(),
        "half": lambda: len(site.storage.checkpoints.read(site.run())) == PARTS - 1,
        "publishing": site.publish_gate.with_suffix(".reached").exists,
    }
    until(kept.get(stage, lambda: site.run().state is RunState.QUEUED), PATIENCE, f"a run {stage}")


def let_go(site: Site) -> None:
    """Release everything."""
    site.gate.release()
    site.publish_gate.unlink(missing_ok=True)


def kill(process: Process) -> None:
    """Kill a process and assert that none of its children is left after five seconds."""
    process.send(signal.SIGKILL)
    process.wait_until_gone(5)


def assert_done_once(site: Site, run: RefreshRun, old_version: int, stage: str) -> None:
    """Assert one publication of this run, and that only the work in progress was repeated."""
    ended = site.run()
    assert (ended.run_id, ended.state) == (run.run_id, RunState.SUCCEEDED)
    assert site.head().version == ended.version != old_version
    assert site.versions() == 2
    if stage in ("half", "publishing"):
        assert site.fits() <= HELD


@pytest.mark.parametrize("stage", STAGES[1:])
def test_a_survivor_finishes_what_a_killed_worker_began(site: Site, stage: str) -> None:
    """Within two leases, from where it stopped; until then the old forecast is shown."""
    old, workers = site.head().version, site.workers(2)
    until(lambda: all(worker.fitting() for worker in workers), PATIENCE, "processes that fit")
    holds_at(site, stage)
    run = site.refresh()
    wait_for(site, stage)
    assert site.head().version == old
    victim = site.holder()
    (survivor,) = workers - {victim}
    site.forget_fits()
    kill(victim)
    assert site.head().version == old
    let_go(site)
    site.wait_for_publication(TWO_LEASES)
    assert_done_once(site, run, old, stage)
    assert site.run().attempt == 2
    assert survivor.terminate() < 10


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_server_goes_on_after_its_restart(on_sqlite: Site, stage: str) -> None:
    """It shows the old forecast at once, and the run is finished within two leases."""
    site, old = on_sqlite, on_sqlite.head().version
    if stage == "queued":
        run = site.refresh()  # no worker is running yet
        site.gate.hold()
        victim = site.server()
    else:
        holds_at(site, stage)
        victim = site.server()
        assert ask(victim, "/training").status_code == 202
        run = site.run()
        wait_for(site, stage)
    kill(victim)
    assert site.run().state.active
    let_go_later = site.server()
    answer = ask(let_go_later, "/forecast")
    assert (answer.status_code, answer.json()["result"]["version"]) == (200, old)
    site.forget_fits()
    let_go(site)
    site.wait_for_publication(TWO_LEASES)
    assert_done_once(site, run, old, stage if stage != "queued" else "claimed")
    assert ask(let_go_later, "/forecast").json()["result"]["version"] == site.head().version


def ask(server: Server, path: str) -> object:
    """The dashboard's answer about the store."""
    return server.ask("POST", path, json={"store_number": STORE})


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_fit_costs_its_own_work_alone(on_sqlite: Site, stage: str) -> None:
    """The pool gets a new process, and the run continues in the same attempt or the next."""
    site, old = on_sqlite, on_sqlite.head().version
    holds_at(site, stage)
    worker = site.worker()
    until(lambda: len(worker.fitting()) > 0, PATIENCE, "a process that fits")
    if stage != "queued":
        run = site.refresh()
        wait_for(site, stage)
    (child,) = worker.fitting()
    site.forget_fits()
    os.kill(child, signal.SIGKILL)
    until(lambda: child not in worker.processes(), 5, "the process gone")
    if stage == "queued":
        run = site.refresh()
    assert site.head().version == old or stage == "queued"
    let_go(site)
    site.wait_for_publication(PATIENCE)
    assert_done_once(site, run, old, stage)
    assert worker.exit_code is None
    assert worker.terminate() < 10


def test_a_worker_that_is_stopped_and_wakes_up_is_refused(site: Site) -> None:
    """It is stopped until its lease expires, another worker publishes, it continues: one publication."""
    old = site.head().version
    site.gate.hold()
    sleeper = site.worker()
    run = site.refresh()
    wait_for(site, "claimed")
    survivor = site.worker()
    sleeper.send(signal.SIGSTOP)
    until(lambda: site.run().attempt == 2, PATIENCE, "the run taken over")
    let_go(site)
    site.wait_for_publication(PATIENCE)
    published = site.head().version
    sleeper.send(signal.SIGCONT)
    until(lambda: "its result is dropped" in sleeper.log, PATIENCE, "the sleeper refused")
    assert_done_once(site, run, old, "claimed")
    assert site.head().version == published
    for worker in (sleeper, survivor):
        assert worker.terminate() < 10
    assert site.versions() == 2


def test_a_stop_gives_the_run_back_and_leaves_nothing(site: Site) -> None:
    """SIGTERM during an endless fit: ten seconds later no process is left, and no attempt is lost."""
    site.gate.hold()
    worker = site.worker()
    run = site.refresh()
    wait_for(site, "claimed")
    assert worker.terminate() < 10
    assert worker.exit_code == 0
    waiting = site.run()
    assert (waiting.run_id, waiting.state, waiting.attempt) == (run.run_id, RunState.QUEUED, 0)
    assert "Traceback" not in worker.log


def test_a_full_disk_at_publish_is_told_and_leaves_the_forecast(on_sqlite: Site) -> None:
    """The run fails with a readable reason, the old forecast is intact, and the next run succeeds."""
    site, old = on_sqlite, on_sqlite.head()
    days = site.storage.versions.read(old.version)
    (site.home / "full").touch()
    worker = site.worker()
    site.refresh()
    until(lambda: site.run().state is RunState.FAILED, PATIENCE, "a failed run")
    assert "can't be written: the disk is full" in site.run().error
    assert site.head() == old
    assert site.storage.versions.read(old.version).equals(days)
    (site.home / "full").unlink()
    site.refresh()
    site.wait_for_publication(PATIENCE)
    assert site.head().version != old.version
    assert worker.terminate() < 10


def test_a_hanging_fit_is_timed_out(on_sqlite: Site) -> None:
    """The run fails, its scope is free, and the pool works again."""
    site = on_sqlite
    site.run_minutes = 0.02
    site.gate.hold()
    worker = site.worker()
    first = site.refresh()
    until(lambda: site.run().state is RunState.FAILED, PATIENCE, "a failed run")
    assert site.run().error.startswith("Timed out: still running after 0.02 min")
    assert site.run().run_id == first.run_id
    site.gate.release()
    site.refresh()
    site.wait_for_publication(PATIENCE)
    assert worker.terminate() < 10


def test_workers_of_a_single_process_take_over_from_each_other(site: Site) -> None:
    """Fits run in the worker itself; when it is killed, the other continues where it stopped."""
    site.pool = 0
    old, workers = site.head().version, site.workers(2)
    assert not any(worker.fitting() for worker in workers)
    holds_at(site, "half")
    run = site.refresh()
    wait_for(site, "half")
    victim = site.holder()
    (survivor,) = workers - {victim}
    site.forget_fits()
    kill(victim)
    let_go(site)
    site.wait_for_publication(TWO_LEASES)
    assert_done_once(site, run, old, "half")
    assert survivor.terminate() < 10
