"""The API as other systems meet it: the real process, real sockets."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.browser.engine import ENGINE
from tests.browser.server import Server
from tests.house import LAST

pytestmark = pytest.mark.browser

HORIZON = 28


def test_a_forecast_is_four_lists_of_days(server: Server) -> None:
    """Low, median, high and expected for every day after the newest sales, and where they come from."""
    answer = server.ask("POST", "/forecast", json={"store_number": 3})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"store_number", "result"}
    assert body["store_number"] == 3
    result = body["result"]
    assert set(result) == {"Forecast", "engine", "cutoff", "trained_at", "version", "state"}
    predictions = result["Forecast"]["Predictions"]
    assert set(predictions) == {"p10", "p50", "p90", "mean"}
    days = [f"{LAST + timedelta(days=ahead)}T00:00:00" for ahead in range(1, HORIZON + 1)]
    for values in predictions.values():
        assert [set(value) for value in values] == [{"Timestamp", "Value"}] * HORIZON
        assert [value["Timestamp"] for value in values] == days
    rising = [[value["Value"] for value in predictions[name]] for name in ("p10", "p50", "p90")]
    assert all(
        lower <= upper for low, high in pairwise(rising) for lower, upper in zip(low, high, strict=True)
    )
    assert result["cutoff"] == LAST.isoformat()
    assert result["engine"] in {"seasonal_naive", ENGINE}
    assert datetime.fromisoformat(result["trained_at"]) < datetime.now(UTC)


def test_a_product_and_a_first_day_can_be_asked_for(server: Server) -> None:
    """A product sells less than its store, and days before the first one wanted are left out."""
    start = (LAST + timedelta(days=8)).isoformat()
    wanted = {"store_number": "3", "forecast_start_date": start}
    means = [
        server.ask("POST", "/forecast", json={**wanted, "item": item}).json()["result"]["Forecast"][
            "Predictions"
        ]["mean"]
        for item in ("all", "101", 102)
    ]
    assert [mean[0]["Timestamp"] for mean in means] == [f"{start}T00:00:00"] * 3
    assert [len(mean) for mean in means] == [HORIZON - 7] * 3
    total, *products = (sum(day["Value"] for day in mean) for mean in means)
    assert total == pytest.approx(sum(products))


@pytest.mark.parametrize("path", ["/forecast", "/training"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_refused_and_not_answered_with_a_page(
    server: Server, method: str, path: str
) -> None:
    """405 in JSON, naming what is allowed."""
    answer = server.ask(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/forecast", "/training"])
@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b'{"store_number": ', "application/json", 422),
        (b'{"store_number": \xff}', "application/json", 400),
        (b"[1]", "application/json", 422),
        (b"", "application/json", 422),
        (b'{"store_number": {"a": 1}}', "application/json", 422),
        (b'{"store_number": 99}', "application/json", 404),
        (b'{"store_number": 3}', "text/plain", 422),
        (b'{"store_number": 3}', "", 422),
        (b"store_number=3", "application/x-www-form-urlencoded", 422),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_in_words(
    server: Server, path: str, content: bytes, content_type: str, status: int
) -> None:
    """Broken JSON, the content type of a form, an unknown store: a sentence, no traceback."""
    before = server.runs("3")
    answer = server.ask("POST", path, content=content, headers={"Content-Type": content_type})
    assert answer.status_code == status
    detail = answer.json()["detail"]
    assert isinstance(detail, str)
    assert detail
    assert "Traceback" not in answer.text
    assert 'File "' not in answer.text
    assert server.runs("3") == before


def test_the_instant_of_a_request_is_never_later_than_now(server: Server) -> None:
    """A request of tomorrow is refused and runs nothing."""
    before = server.runs("3")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = server.ask("POST", "/training", json={"store_number": 3, "train_request_date": tomorrow})
    assert answer.status_code == 422
    assert "not later than now" in answer.json()["detail"]
    assert server.runs("3") == before


def test_an_unknown_run_is_not_found(server: Server) -> None:
    """In JSON, not with a page."""
    answer = server.ask("GET", "/training/nothing")
    assert answer.status_code == 404
    assert "nothing" in answer.json()["detail"]


def test_the_documentation_loads_nothing_from_elsewhere(server: Server) -> None:
    """A plain page that names every path, without scripts and without foreign addresses."""
    answer = server.ask("GET", "/docs")
    assert answer.headers["content-type"].startswith("text/html")
    for path in ("/forecast", "/training", "/training/{run_id}"):
        assert path in answer.text
    assert re.findall(r"(?i)(?:https?:)?//[a-z]|<script|<link|@import|url\(", answer.text) == []


def test_the_schema_describes_the_three_operations(server: Server) -> None:
    """Machine-readable, with the answers a caller has to expect."""
    schema = server.ask("GET", "/openapi.json").json()
    assert schema["openapi"].startswith("3.")
    operations = {path: set(methods) for path, methods in schema["paths"].items()}
    assert operations == {"/forecast": {"post"}, "/training": {"post"}, "/training/{run_id}": {"get"}}
    assert {"200", "202", "404", "422"} <= set(schema["paths"]["/training"]["post"]["responses"])
