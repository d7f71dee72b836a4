"""A state folder with forecasts, its backup, and the command line."""

import re
from pathlib import Path

import pytest

from forecasting.backup import back_up
from forecasting.cli.main import main
from forecasting.core.domain import LOCAL_USER
from tests.backup.archives import Run
from tests.house import House


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder of two stores with forecasts. Store 1 has two history files."""
    home = tmp_path_factory.mktemp("lived-in")
    house = House(home).furnish()
    house.next_day()
    for store in ("1", "2"):
        house.services.refreshing.refresh(LOCAL_USER, store)
    house.work()
    house.services.forecasts.export(LOCAL_USER).to_csv(
        home / "expected.csv", index=False, date_format="%Y-%m-%d"
    )
    house.close()
    return home


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command on a state folder; return its exit code, standard output and standard error."""
    monkeypatch.setenv("STORECAST_ENGINE", "seasonal_naive")
    monkeypatch.setenv("STORECAST_PROCESSES", "1")

    def run_one(home: Path, *arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setenv("STORECAST_HOME", str(home))
        code = main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, re.sub(r"\r[^\r\n]*\n?", "", told.err)  # without progress

    return run_one


@pytest.fixture(scope="package")
def sound(home: Path) -> bytes:
    """The bytes of a backup of that state folder."""
    path = home / "sound.tar"
    house = House(home)
    back_up(house.storage.database, house.history, {"STORECAST_HORIZON": "28"}, house.clock.now(), path)
    house.close()
    return path.read_bytes()


@pytest.fixture
def back(tmp_path: Path, sound: bytes) -> Path:
    """The same backup as a file that a test may change."""
    path = tmp_path / "back.tar"
    path.write_bytes(sound)
    return path
