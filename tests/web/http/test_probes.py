"""Probes and metrics."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from forecasting import __version__
from forecasting.core.domain import LOCAL_USER, SYSTEM
from forecasting.core.errors import FitFailed
from forecasting.refresh.policy import SILENCE
from forecasting.services.readiness import Check, Need
from tests.house import House
from web.http import probes
from web.http.probes import routes
from web.shared import access

Samples = dict[tuple[str, ...], float]
PATIENCE = 10.0


@pytest.fixture
def client() -> Iterator[TestClient]:
    """The three paths, as they are mounted beside the pages; nothing is started."""
    yield TestClient(Starlette(routes=routes()), base_url="http://127.0.0.1")
    access.uninstall()


@pytest.fixture
def ready(client: TestClient, house: House) -> TestClient:
    """The same with a live worker."""
    access.install(house.services)
    house.worker.beat()
    return client


def scraped(client: TestClient) -> dict[str, Metric]:
    """The metrics as Prometheus reads them, by name."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def samples(family: Metric) -> Samples:
    """Values by those of their labels, in the order of the labels' names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value for sample in family.samples
    }


def one(family: Metric) -> float:
    """The value of a metric without labels."""
    return samples(family)[()]


def test_a_process_that_could_not_start_lives_and_is_not_ready(client: TestClient) -> None:
    """The probe gives the reason; the metrics say only that the database is down."""
    access.refuse("STORECAST_NIGHTLY: expected a time of day such as 04:30, found 'noon'")
    assert client.get("/healthz").json() == {"status": "live"}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "checks": {
            "start": {
                "ok": False,
                "detail": "STORECAST_NIGHTLY: expected a time of day such as 04:30, found 'noon'",
            }
        },
    }
    told = scraped(client)
    assert set(told) == {"storecast_up", "storecast_build_info"}
    assert one(told["storecast_up"]) == 0


def test_a_house_with_all_it_needs_is_ready(ready: TestClient) -> None:
    """Each check gives its result, and no proxy caches the answer."""
    answer = ready.get("/readyz")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json()["status"] == "ready"
    assert {name: check["ok"] for name, check in answer.json()["checks"].items()} == {
        "database": True,
        "worker": True,
        "disk": True,
    }


def missing(client: TestClient) -> dict[str, str]:
    """The details of the failed checks."""
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    return {name: check["detail"] for name, check in answer.json()["checks"].items() if not check["ok"]}


def test_a_house_without_a_living_worker_is_not_ready(ready: TestClient, house: House) -> None:
    """Until one gives a sign of life again."""
    house.clock.turn(SILENCE)
    assert missing(ready) == {
        "worker": "A refresh worker gave its last sign of life 30 s ago, expected one within 30 s"
    }
    house.worker.beat()
    assert ready.get("/readyz").status_code == 200


def test_a_house_whose_database_is_gone_lives_and_is_not_ready(ready: TestClient, house: House) -> None:
    """The scrape is answered and says so."""
    for file in house.home.glob("storecast.sqlite3*"):
        file.unlink()
    told = missing(ready)
    assert set(told) == {"database", "worker"}
    assert all("is missing" in detail for detail in told.values())
    assert ready.get("/healthz").status_code == 200
    assert {name: one(family) for name, family in scraped(ready).items() if name == "storecast_up"} == {
        "storecast_up": 0
    }


def test_a_house_without_room_is_not_ready(client: TestClient, tmp_path: Path) -> None:
    """The floor is a setting."""
    house = House(tmp_path, disk_floor=10**18)
    access.install(house.services)
    house.worker.beat()
    assert list(missing(client)) == ["disk"]
    assert "at least 1,000,000,000,000 MB expected" in missing(client)["disk"]
    house.close()


class Hanging:
    """Operations whose database does not answer until it is released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.operations = self  # all that probes ask of the services

    def check(self, _principal: object, need: Need) -> Check:
        """Answer at once about the disk, and else late."""
        assert need is Need.DISK or self.release.wait(PATIENCE)
        return Check(ok=True, detail="late")

    def vital_signs(self, _principal: object) -> None:
        """Never come back with figures."""
        assert self.release.wait(PATIENCE)
        raise FitFailed("no figures")


def test_what_hangs_counts_as_down(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither readiness nor the scrape waits for it longer than their limits; health does not ask at all."""
    monkeypatch.setattr(probes, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(probes, "SCRAPE_SECONDS", 0.05)
    hanging = Hanging()
    access.install(hanging)  # type: ignore[arg-type] # probes ask nothing else
    assert missing(client) == {
        "database": "database: no answer within 0.05 s",
        "worker": "worker: no answer within 0.05 s",
    }
    assert one(scraped(client)["storecast_up"]) == 0
    assert client.get("/healthz").status_code == 200
    hanging.release.set()
    for thread in [each for each in threading.enumerate() if each.name == "shared call"]:
        thread.join(PATIENCE)
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_only_reading_is_allowed(ready: TestClient, path: str) -> None:
    """HEAD is answered as GET without a body; any other method with 405."""
    got, head = ready.get(path), ready.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = ready.request(method, path)
        assert (refused.status_code, set(refused.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


def busy(house: House) -> None:
    """Leave one run that succeeded after 30 s, one that failed, one cancelled, and one that waits 60 s."""
    storage = house.storage
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.clock.turn(timedelta(seconds=30))
    house.work()
    house.services.refreshing.refresh(LOCAL_USER, "2")
    (run,) = storage.claims.claim("worker", timedelta(seconds=30), timedelta(hours=1))
    house.clock.turn(timedelta(seconds=8))
    storage.claims.close(run, "failed", "too short", house.clock.now())
    house.services.refreshing.refresh(LOCAL_USER, "2")
    cancelled = storage.runs.recent(1, "2")[0]
    storage.requests.cancel(cancelled.run_id, "not wanted", house.clock.now())
    house.services.refreshing.refresh(LOCAL_USER, "2")
    house.worker.beat()
    house.clock.turn(timedelta(seconds=60))
    storage.claims.beat("another")


def test_runs_are_counted_by_state_and_outcome(ready: TestClient, house: House) -> None:
    """Every state and outcome is there, also those of no run, so that a graph has no holes."""
    busy(house)
    told = scraped(ready)
    assert samples(told["storecast_refresh_runs"]) == {
        ("queued",): 1,
        ("running",): 0,
        ("waiting",): 0,
        ("succeeded",): 1,
        ("failed",): 1,
        ("cancelled",): 1,
    }
    ended = samples(told["storecast_refresh_runs_ended"])
    assert len(ended) == 6
    assert {labels for labels, count in ended.items() if count == 1} == {
        ("succeeded", "retrain"),
        ("failed", "retrain"),
        ("cancelled", "retrain"),
    }
    assert one(told["storecast_refresh_runs_retried"]) == 0
    assert one(told["storecast_refresh_oldest_waiting_seconds"]) == 60


def test_durations_are_given_as_quantiles(ready: TestClient, house: House) -> None:
    """Of the runs that were worked; where there are none nothing is made up."""
    assert samples(scraped(ready)["storecast_refresh_wait_seconds"]) == {}
    busy(house)
    told = scraped(ready)
    assert samples(told["storecast_refresh_wait_seconds"]) == {
        ("0.5",): 0,
        ("0.9",): 30,
        ("0.99",): 30,
        ("1",): 30,
    }
    assert samples(told["storecast_refresh_work_seconds"])["1",] == 8
    assert one(told["storecast_refresh_runs_timed"]) == 2


def test_workers_stores_and_disk_space_are_counted(ready: TestClient, house: House) -> None:
    """Of the same instant."""
    busy(house)
    told = scraped(ready)
    assert one(told["storecast_up"]) == 1
    assert samples(told["storecast_build_info"]) == {(__version__,): 1}
    assert samples(told["storecast_workers"]) == {("alive",): 1, ("silent",): 1}
    assert samples(told["storecast_worker_heartbeat_age_seconds"]) == {("newest",): 0, ("oldest",): 60}
    stores = samples(told["storecast_stores"])
    assert len(stores) == 7
    assert (stores["fresh",], stores["running",], sum(stores.values())) == (1, 1, 2)
    assert one(told["storecast_oldest_predictor_age_seconds"]) == 68
    assert one(told["storecast_forecast_versions"]) == 1
    use = house.services.operations.status(SYSTEM).disk
    assert one(told["storecast_history_bytes"]) == use.history_bytes
    assert one(told["storecast_history_files"]) == use.files == 2
    assert one(told["storecast_database_bytes"]) >= use.database_bytes > 0
    assert one(told["storecast_disk_free_bytes"]) > 0


def test_metrics_are_named_as_prometheus_wants_them(ready: TestClient, house: House) -> None:
    """One prefix, a sentence each, base units; labels take values from fixed lists, whatever the stores."""
    busy(house)
    told = scraped(ready)
    assert all(name.startswith("storecast_") for name in told)
    assert {family.type for family in told.values()} == {"gauge"}
    assert all(family.documentation.endswith(".") for family in told.values())
    before = sum(len(family.samples) for family in told.values())
    labels = {label for family in told.values() for sample in family.samples for label in sample.labels}
    assert labels == {"state", "outcome", "verdict", "quantile", "which", "version"}
    for number in range(20):
        house.storage.claims.beat(f"worker-{number}")
    assert sum(len(family.samples) for family in scraped(ready).values()) == before
