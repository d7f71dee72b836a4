"""AWS Forecast end to end: set up, pressed for in the browser and over HTTP, waited for, published.

The server, its worker and the commands are real processes with unmodified clients over HTTP; only AWS is a
double, and its time passes when the test says so.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.aws_fake.clock import RunningClock
from tests.aws_fake.fake import AwsFake
from tests.browser.conftest import STORES, Visit
from tests.browser.screen import STORE_PAGE
from tests.browser.server import LEVELS, Server, command, furnish, serving
from tests.house import LAST, sales
from tests.processes import until

pytestmark = pytest.mark.browser

MINUTE = timedelta(minutes=1)
CREATES = (
    "CreateAutoPredictor",
    "CreateForecast",
    "CreateDatasetImportJob",
    "CreatePredictorBacktestExportJob",
)


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsFake]:
    """An account in which a training takes 50 minutes."""
    with AwsFake(page_size=50, clock=RunningClock()) as fake:
        fake.take_minutes(imports=0.002, predictor=50, forecast=0.002, export=0.002)
        fake.backtest_windows = 0  # on sales that repeat themselves the mean of the last weeks would win
        yield fake
        assert fake.drift == []


@pytest.fixture(scope="module")
def settings(aws: AwsFake) -> dict[str, str]:
    """What an operator sets."""
    return {
        **aws.environment,
        "STORECAST_ENGINE": "aws_forecast",
        "STORECAST_AWS_BUCKET": f"s3://{aws.bucket}/storecast",
        "STORECAST_AWS_POLL_SECONDS": "0.1",
        "STORECAST_PROCESSES": "0",
    }


@pytest.fixture(scope="module")
def site(
    aws: AwsFake, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server whose first forecasts, asked for at its start, are under way in AWS."""
    home = furnish(tmp_path_factory.mktemp("aws"), STORES[:3])
    said = command(home, "aws", "setup", **settings)
    assert "AWS Forecast is set up" in said
    with serving(home, **settings) as server:
        server.wait_for_health()
        until(lambda: bool(aws.named("CreateAutoPredictor")), 30, "a training in AWS")
        yield server
        assert aws.environment["AWS_SECRET_ACCESS_KEY"] not in server.log
        assert aws.environment["AWS_ACCESS_KEY_ID"] not in server.log


def pressed(site: Server, store: int) -> str:
    """Press Refresh over HTTP; the verdict."""
    answer = site.ask("POST", "/training", json={"store_number": store})
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["verdict"])


def new_sales(site: Server, settings: dict[str, str], day: int) -> None:
    """Bring the sales of every store of a day after the newest."""
    file = site.home / "next.csv"
    ds = LAST + timedelta(days=day)
    rows = [sales(store, item, level, ds, ds) for store in STORES[:3] for item, level in LEVELS.items()]
    pd.concat(rows).to_csv(file, index=False)
    command(site.home, "import", str(file), **settings)


def test_a_training_is_waited_for_and_published(aws: AwsFake, site: Server, visit: Visit) -> None:
    """Every store says how long AWS takes; a press for another joins; then all have the forecast, by name."""
    first = visit(site, f"{STORE_PAGE}?store=1")
    other = visit(site, f"{STORE_PAGE}?store=2")
    for screen in (first, other):
        expect(screen.progress).to_contain_text("Training in AWS")
    aws.clock.turn(10 * MINUTE)  # AWS says how long it takes once it has begun
    for screen in (first, other):
        expect(screen.progress).to_contain_text(re.compile("Training in AWS, about (39|40) min left"))
        expect(screen.strip).to_contain_text("Running")
    assert pressed(site, 3) == "attached"
    aws.clock.turn(2 * MINUTE)
    expect(first.progress).to_contain_text(re.compile("Training in AWS, about 3[78] min left"))
    aws.clock.turn(40 * MINUTE)
    for screen in (first, other):
        expect(screen.strip).to_contain_text("Fresh")
        expect(screen.strip).to_contain_text("engine AWS Forecast")
        screen.expect_forecast()
        expect(screen.main).not_to_contain_text("is used here instead")
    assert len(aws.named("CreateAutoPredictor")) == 1
    answer = site.ask("POST", "/forecast", json={"store_number": 3}).json()
    assert answer["result"]["engine"] == "aws_forecast"


def test_new_sales_are_forecast_without_a_training(
    aws: AwsFake, site: Server, settings: dict[str, str], visit: Visit
) -> None:
    """Six presses for three stores, in the browser and over HTTP: one forecast, for all of them."""
    screen = visit(site, f"{STORE_PAGE}?store=1")
    expect(screen.strip).to_contain_text("Fresh")
    before = {name: len(aws.named(name)) for name in CREATES}
    new_sales(site, settings, 1)
    expect(screen.strip).to_contain_text("Behind")
    assert {name: len(aws.named(name)) for name in CREATES} == before
    screen.refresh.click()
    for store in (1, 2, 3, 1, 2):
        assert pressed(site, store) in ("attached", "reforecast")
    expect(screen.strip).to_contain_text("Fresh")
    after = {name: len(aws.named(name)) for name in CREATES}
    assert after["CreateAutoPredictor"] == before["CreateAutoPredictor"]
    assert after["CreateForecast"] == before["CreateForecast"] + 1


def test_what_aws_refuses_is_said_and_the_forecast_stays(
    aws: AwsFake, site: Server, settings: dict[str, str], visit: Visit
) -> None:
    """No access any more: the strip says so, the last good forecast is there, by its name."""
    screen = visit(site, f"{STORE_PAGE}?store=1")
    expect(screen.strip).to_contain_text("Fresh")
    new_sales(site, settings, 2)
    for operation in ("ListDatasetGroups", "DescribeDatasetGroup"):
        aws.fail(operation, "AccessDeniedException", times=None)
    screen.refresh.click()
    expect(screen.main).to_contain_text("The last refresh in AWS Forecast failed: AWS does not permit")
    expect(screen.main).to_contain_text("The forecast below is the last good one")
    screen.expect_forecast()
    aws.clear_faults()
    screen.refresh.click()
    expect(screen.strip).to_contain_text("Fresh")


def test_looking_at_pages_asks_nothing_of_aws(aws: AwsFake, site: Server, visit: Visit) -> None:
    """Queue, store, accuracy, activity: no call at all."""
    before = len(aws.calls)
    for path in ("/", f"{STORE_PAGE}?store=2", "/accuracy", "/activity"):
        screen = visit(site, path)
        expect(screen.main).to_be_visible()
        expect(screen.main).to_contain_text("store", ignore_case=True)
    assert len(aws.calls) == before
