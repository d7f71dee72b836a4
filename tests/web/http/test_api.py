from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from forecasting.core.domain import LOCAL_USER
from tests.house import LAST, House
from web.http.api import api
from web.shared import access


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    """The API of a house with two stores."""
    access.install(house.services)
    yield TestClient(api, base_url="http://127.0.0.1")
    access.uninstall()


@pytest.fixture
def trained(house: House, client: TestClient) -> TestClient:
    """The same with store 1 trained."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    return client


def test_a_forecast_has_the_agreed_shape(trained: TestClient) -> None:
    """Four lists of days with values, and where they come from."""
    answer = trained.post("/forecast", json={"store_number": 1})
    assert answer.status_code == 200
    body = answer.json()
    assert body["store_number"] == 1
    result = body["result"]
    assert set(result) == {"Forecast", "engine", "cutoff", "trained_at", "version", "state"}
    predictions = result["Forecast"]["Predictions"]
    assert set(predictions) == {"p10", "p50", "p90", "mean"}
    for days in predictions.values():
        assert len(days) == 28
        assert set(days[0]) == {"Timestamp", "Value"}
        assert days[0]["Timestamp"] == "2019-04-03T00:00:00"
    assert (result["cutoff"], result["state"], result["version"]) == ("2019-04-02", "Fresh", 1)
    assert result["trained_at"] == "2019-04-03T04:30:00Z"
    assert result["engine"] in {"flat", "seasonal_naive"}


def test_values_are_those_of_the_service(house: House, trained: TestClient) -> None:
    """What pages show is what goes over the wire."""
    wanted = {"store_number": "1", "item": 101}
    predictions = trained.post("/forecast", json=wanted).json()["result"]["Forecast"]["Predictions"]
    frame = house.services.forecasts.export(LOCAL_USER).query("item == '101'")
    for wire, column in (("p10", "q10"), ("p50", "q50"), ("p90", "q90"), ("mean", "mean")):
        assert [day["Value"] for day in predictions[wire]] == frame[column].tolist()


def test_a_start_day_cuts_the_days_before_it(trained: TestClient) -> None:
    """And one outside the horizon is refused with the days there are."""
    wanted = {"store_number": 1, "forecast_start_date": "2019-04-10"}
    predictions = trained.post("/forecast", json=wanted).json()["result"]["Forecast"]["Predictions"]
    assert predictions["mean"][0]["Timestamp"] == "2019-04-10T00:00:00"
    assert len(predictions["mean"]) == 21
    refused = trained.post("/forecast", json={**wanted, "forecast_start_date": "2019-05-01"})
    assert refused.status_code == 422
    assert refused.json()["detail"] == (
        "forecast_start_date: expected a day from 2019-04-03 to 2019-04-30, found 2019-05-01"
    )


def test_a_store_without_a_forecast_is_a_conflict(client: TestClient) -> None:
    """It exists, but there is nothing to give yet."""
    answer = client.post("/forecast", json={"store_number": 2})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "store '2': expected a forecast, found none yet"


@pytest.mark.parametrize("path", ["/forecast", "/training"])
def test_an_unknown_store_is_not_found(client: TestClient, path: str) -> None:
    """With its name in the message."""
    answer = client.post(path, json={"store_number": 99})
    assert answer.status_code == 404
    assert "store '99'" in answer.json()["detail"]


def test_an_unknown_product_is_not_found(trained: TestClient) -> None:
    """With the products there are."""
    answer = trained.post("/forecast", json={"store_number": 1, "item": "x"})
    assert answer.status_code == 404
    assert "101, 102, all" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body", "names"),
    [
        ("/forecast", {}, "store_number"),
        ("/forecast", {"store_number": 1, "forecast_start_date": "soon"}, "forecast_start_date"),
        ("/forecast", {"store_number": 1, "itme": "101"}, "itme"),
        ("/training", {"store_number": ""}, "store_number"),
        ("/training", {"store_number": None}, "store_number"),
        ("/training", {"store_number": 1, "train_request_date": "2019-04-03T04:00:00"}, "zone"),
    ],
)
def test_a_malformed_request_is_refused_by_the_name_of_its_field(
    client: TestClient, path: str, body: dict[str, object], names: str
) -> None:
    """422 with one sentence, no traceback."""
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert names in answer.json()["detail"]


def test_what_is_not_json_is_refused(client: TestClient) -> None:
    """A form of another site cannot press Refresh."""
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = client.post(
            "/training", content='{"store_number": 1}', headers={"content-type": content_type}
        )
        assert answer.status_code == 422


def test_a_training_is_accepted_once_then_joined_then_fresh(house: House, client: TestClient) -> None:
    """202 with a run to follow, 202 with the same run, and 200 without one."""
    first = client.post("/training", json={"store_number": 1})
    second = client.post("/training", json={"store_number": 1})
    assert (first.status_code, second.status_code) == (202, 202)
    assert (first.json()["verdict"], second.json()["verdict"]) == ("retrain", "attached")
    assert first.json()["run_id"] == second.json()["run_id"]
    house.work()
    third = client.post("/training", json={"store_number": 1})
    assert third.status_code == 200
    assert set(third.json()) == {"verdict", "message"}
    assert third.json()["verdict"] == "fresh"


def test_a_run_can_be_followed_to_its_version(house: House, client: TestClient) -> None:
    """Queued, then succeeded with the version it published."""
    run_id = client.post("/training", json={"store_number": 1}).json()["run_id"]
    assert client.get(f"/training/{run_id}").json()["state"] == "queued"
    house.work()
    run = client.get(f"/training/{run_id}").json()
    assert (run["state"], run["version"], run["done"], run["total"]) == ("succeeded", 1, 3, 3)
    assert client.get("/training/nothing").status_code == 404


def test_the_request_date_is_the_instant_of_the_age_check(house: House, trained: TestClient) -> None:
    """An earlier one may still be fresh, a later one is refused."""
    house.clock.turn(timedelta(hours=48))
    now = house.clock.now()

    def ask(hours: float) -> tuple[int, str]:
        at = (now + timedelta(hours=hours)).isoformat()
        answer = trained.post("/training", json={"store_number": 1, "train_request_date": at})
        return answer.status_code, answer.json().get("verdict", answer.json().get("detail"))

    assert ask(-1) == (200, "fresh")
    status, detail = ask(1)
    assert status == 422
    assert "not later than now" in detail
    assert ask(0) == (202, "retrain")


def test_a_training_newer_than_the_given_time_is_not_said_to_follow_the_request(
    house: House, trained: TestClient
) -> None:
    """The request itself is newer than the training."""
    earlier = (house.clock.now() - timedelta(days=30)).isoformat()
    answer = trained.post("/training", json={"store_number": 1, "train_request_date": earlier}).json()
    assert (answer["verdict"], answer["message"].partition(",")[0]) == (
        "fresh",
        "Trained after the given time",
    )


def test_a_process_still_starting_says_so(client: TestClient) -> None:
    """503, to be tried again."""
    access.uninstall()
    answer = client.post("/training", json={"store_number": 1})
    assert answer.status_code == 503


def test_a_setting_that_keeps_the_process_from_starting_is_not_blamed_on_the_database(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the setting."""
    access.uninstall()
    access.refuse("STORECAST_HORIZON: expected a whole number from 1 to 365, found 'x'")
    assert client.post("/training", json={"store_number": 1}).status_code == 503
    assert "STORECAST_HORIZON" in caplog.text
    assert "database" not in caplog.text


def test_other_methods_are_refused(client: TestClient) -> None:
    """A GET is not a forecast, nor a page."""
    assert client.get("/forecast").status_code == 405
    assert client.get("/training").status_code == 405


def test_the_docs_page_is_plain_and_complete(client: TestClient) -> None:
    """Every operation, no script, nothing from elsewhere."""
    page = client.get("/docs").text
    for words in ("POST /forecast", "POST /training", "GET /training/{run_id}", "train_request_date"):
        assert words in page
    assert "<script" not in page
    assert "//" not in page
    assert set(client.get("/openapi.json").json()["paths"]) == {
        "/forecast",
        "/training",
        "/training/{run_id}",
    }


def test_days_follow_each_other(trained: TestClient) -> None:
    """One value a day to the end of the horizon."""
    answer = trained.post("/forecast", json={"store_number": 1}).json()
    days = [day["Timestamp"][:10] for day in answer["result"]["Forecast"]["Predictions"]["p50"]]
    assert days == [str(LAST + timedelta(days=ahead)) for ahead in range(1, 29)]
