"""The database is restarted in the middle of a run."""

from pathlib import Path

from forecasting.core.domain import RunState
from tests.faults.site import Site, built
from tests.postgres import serving
from tests.processes import until


def test_a_database_restarted_in_mid_run_is_waited_for(tmp_path: Path) -> None:
    """The worker logs it, continues when the database is back, and publishes its run once."""
    with serving(own=True) as server:
        url = server.new_database()
        built(tmp_path / "home", url)
        site = Site(tmp_path / "home", url)
        try:
            site.gate.hold()
            worker = site.worker()
            run = site.refresh()
            until(lambda: site.fits() != set(), 30, "a fit under way")
            site.forget_fits()
            server.stop()
            until(lambda: "out of reach" in worker.log or "was stopped" in worker.log, 20, "a complaint")
            server.start()
            site.gate.release()
            site.wait_for_publication(20)
            ended = site.run()
            assert (ended.run_id, ended.state) == (run.run_id, RunState.SUCCEEDED)
            assert site.versions() == 2
            assert "Traceback" not in worker.log
            assert worker.terminate() < 10
        finally:
            site.close()
