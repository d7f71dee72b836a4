"""The whole product on a real Dask cluster: what planners see, also when a worker is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import ALL_ITEMS, LOCAL_USER, RunState, SeriesKey, StoreState
from tests.browser.engine import VARIABLE, Gate
from tests.browser.server import environment, furnish
from tests.compute.dask_processes import DaskProcesses, dask_processes
from tests.compute.watching import eventually

STORES = ("1", "2", "3")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the sales of three stores."""
    return furnish(tmp_path_factory.mktemp("home"), STORES)


@pytest.fixture(scope="module")
def cluster(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    """A scheduler and two workers in another folder, with the operator's own engine, held by a gate."""
    with dask_processes(tmp_path_factory.mktemp("dask"), **{VARIABLE: str(home / "gate")}) as processes:
        processes.complete(2)
        yield processes


@pytest.fixture
def storecast(home: Path, cluster: DaskProcesses, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storecast]:
    """The product as the environment sets it up, with its worker threads."""
    more = environment(home, STORECAST_DASK_SCHEDULER=cluster.address)
    monkeypatch.setenv(VARIABLE, more[VARIABLE])
    cluster.complete(2)
    with Storecast(Settings.from_env(more)) as opened:
        opened.start_worker()
        yield opened


def settled(storecast: Storecast) -> bool:
    """Return whether no run is active."""
    return not any(run.state.active for run in storecast.services.runs.recent(LOCAL_USER))


def versions(storecast: Storecast) -> int:
    """How many versions there are of all stores."""
    return storecast.services.operations.status(LOCAL_USER).disk.versions


def test_every_store_is_trained_on_the_cluster(storecast: Storecast) -> None:
    """Each by the operator's own engine, from the files of the state folder, and published once."""
    services = storecast.services
    services.refreshing.refresh_all(LOCAL_USER)
    assert eventually(lambda: settled(storecast))
    assert {run.state for run in services.runs.recent(LOCAL_USER)} == {RunState.SUCCEEDED}
    assert set(services.stores.states(LOCAL_USER).values()) == {StoreState.FRESH}
    assert versions(storecast) == len(STORES)
    total = services.forecasts.forecast(LOCAL_USER, SeriesKey("1", ALL_ITEMS))
    assert len(total) == 28
    assert total["mean"].sum() > 0


def test_a_run_survives_a_killed_worker(storecast: Storecast, cluster: DaskProcesses, home: Path) -> None:
    """SIGKILL of one while both fit: the run succeeds in its first attempt and publishes once."""
    gate, services, before = Gate(home / "gate"), storecast.services, versions(storecast)
    assert eventually(lambda: settled(storecast))
    gate.hold()
    asked = services.refreshing.refresh(LOCAL_USER, STORES[0], force=True)
    assert asked.run is not None
    assert eventually(lambda: len(gate.fits()) == 2)  # one in each worker, which has one thread
    cluster.kill(cluster.workers[0])
    gate.release()
    assert eventually(lambda: settled(storecast))
    run = services.runs.get(LOCAL_USER, asked.run.run_id)
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)
    assert versions(storecast) == before + 1
    assert len([worker for worker in cluster.workers if worker.poll() is None]) == 1
