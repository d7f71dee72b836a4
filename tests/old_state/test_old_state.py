"""A state folder written by an older release opens, shows the same numbers, and goes on from there."""

import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecasting.cli.main import main
from forecasting.config.settings import Settings
from forecasting.core.domain import ALL_ITEMS, LOCAL_USER, SYSTEM, RunState, SeriesKey, StoreState
from forecasting.engines.prophet.prophet_engine import ProphetEngine
from forecasting.services.composition import Services
from tests.house import House

HERE = Path(__file__).parent
STORES = ("2", "22", "46")
DIGITS = 9  # a sum may be added up in another order


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the old state folder, unpacked."""
    with tarfile.open(HERE / "state.tar.xz") as tar:
        tar.extractall(tmp_path, filter="data")
    return tmp_path / "state"


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    """Return the old state folder in use, two hours after it was left."""
    read = Settings.from_env({"STORECAST_HOME": str(home)})
    house = House(home, ProphetEngine(), engine="prophet", horizon=read.horizon, holidays=read.holidays)
    house.clock.instant = datetime.fromisoformat(numbers()["now"])
    yield house
    house.close()


def numbers() -> dict[str, Any]:
    """Return the numbers that the older release showed."""
    return json.loads((HERE / "numbers.json").read_text(encoding="utf-8"))


def plain(value: object) -> Any:
    """Return a value as JSON gives it back, with its floats rounded."""
    return rounded(json.loads(json.dumps(value, default=str)))


def rounded(value: Any) -> Any:
    """Round every float within lists and mappings."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return {name: rounded(each) for name, each in value.items()} if isinstance(value, dict) else value


def of_series(services: Services, key: SeriesKey) -> dict[str, object]:
    """Return the numbers that the pages show of one series."""
    changes, record = services.explanations.changes(LOCAL_USER, key), services.accuracy.track(LOCAL_USER, key)
    return {
        "summary": asdict(services.forecasts.summary(LOCAL_USER, key)),
        "trust": [
            [day.ds, day.outcome, day.sold, day.low, day.high]
            for day in services.accuracy.recent_outcomes(LOCAL_USER, key).days
            if day.sold is not None
        ],
        "why": [
            [day.ds, day.expected, {step.name: step.amount for step in day.steps}]
            for day in services.explanations.why(LOCAL_USER, key).days
        ],
        "changes": [changes.since, changes.version, changes.causes, changes.compared],
        "alerts": [alert.kind for alert in services.forecasts.alerts(LOCAL_USER, key)],
        "record": record.astype({"ds": str}).to_numpy().tolist(),
        "sales": services.forecasts.sales(LOCAL_USER, key, 28)["y"].tolist(),
    }


@pytest.mark.parametrize("series", ["2/all", "2/109", "22/101", "46/all"])
def test_the_numbers_of_a_series_are_the_same(house: House, series: str) -> None:
    """Forecast, explanation, changes since the version before, alerts, track record and sales."""
    store, item = series.split("/")
    assert plain(of_series(house.services, SeriesKey(store, item))) == rounded(numbers()["series"][series])


def test_versions_runs_and_states_are_the_same(house: House) -> None:
    """Those that failed, that wait and that lost their worker are among the runs."""
    services = house.services
    versions = [
        [each.store, each.version, each.cutoff, each.horizon, each.trained_at, each.published_at]
        for store in STORES
        for each in services.forecasts.versions(LOCAL_USER, store)
    ]
    runs = [
        [run.scope, run.verdict, run.state, run.requested_at, run.version, run.error]
        for run in services.runs.recent(LOCAL_USER)
    ]
    assert plain(versions) == numbers()["versions"]
    assert plain(runs) == numbers()["runs"]
    assert plain(dict(services.stores.states(LOCAL_USER))) == numbers()["states"]


def test_queue_and_accuracy_are_the_same(house: House) -> None:
    """So are the errors of what was published, by days ahead."""
    services = house.services
    queue = [[row.store, row.next7, row.last7, row.sparkline] for row in services.stores.queue(LOCAL_USER)]
    track = [[lead, asdict(sums)] for lead, sums in services.accuracy.track_sums(LOCAL_USER).items()]
    rows = services.accuracy.report(LOCAL_USER).rows
    accuracy = [[row.key, row.engine, [asdict(each) for each in row.sums]] for row in rows]
    assert plain(queue) == rounded(numbers()["queue"])
    assert plain(track) == rounded(numbers()["track"])
    assert plain(accuracy) == rounded(numbers()["accuracy"])


def test_its_refreshes_are_worked_off_and_new_ones_follow(house: House) -> None:
    """The run that lost its worker is taken over, and the failed store gets its forecast."""
    assert house.work() == 2
    states = set(house.services.stores.states(LOCAL_USER).values())
    assert states == {StoreState.FRESH}
    house.clock.turn(timedelta(days=3))
    house.services.refreshing.refresh_all(SYSTEM)
    assert house.work() >= len(STORES)
    newest = [house.services.forecasts.versions(LOCAL_USER, store)[0] for store in STORES]
    assert {each.published_at.date() for each in newest} == {house.clock.now().date()}
    ended = {run.state for run in house.services.runs.recent(LOCAL_USER, limit=len(STORES))}
    assert ended == {RunState.SUCCEEDED}
    expected = numbers()["series"]["2/all"]["why"][0][1]
    forecast = house.services.forecasts.forecast(LOCAL_USER, SeriesKey("2", ALL_ITEMS))
    assert forecast["mean"].iloc[0] == pytest.approx(expected, rel=0.05)


def test_it_is_exported_backed_up_and_restored(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The forecasts are the same in the folder, and in the one that is restored from its backup."""

    def run(folder: Path, *arguments: str | Path) -> str:
        monkeypatch.setenv("STORECAST_HOME", str(folder))
        assert main([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out

    new, backup = tmp_path / "new", tmp_path / "b.tar"
    run(home, "export", "--out", tmp_path / "before.csv")
    run(home, "backup", "--out", backup)
    told = run(new, "restore", backup)
    run(new, "export", "--out", tmp_path / "after.csv")
    assert re.search(r"\b3 settings\b", told)
    expected = pd.read_csv(HERE / "export.csv")
    for name in ("before.csv", "after.csv"):
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / name), expected, rtol=1e-12)
