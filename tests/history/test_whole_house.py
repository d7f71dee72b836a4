"""The whole product with its history outside its state folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER
from forecasting.core.errors import InvalidSetting, StateUnavailable
from forecasting.storage.database import FILE
from tests.history.folder_cases import FolderCase, folder_case
from tests.house import FIRST, LAST, sales

HORIZON = 28

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder; it does not exist yet."""
    return tmp_path / "state"


@pytest.fixture
def run(home: Path) -> Run:
    """Run one command in a process of its own."""

    def run_one(address: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        env = os.environ | {
            "STORECAST_HOME": str(home),
            "STORECAST_HISTORY_URL": address,
            "STORECAST_ENGINE": "seasonal_naive",
            "STORECAST_PROCESSES": "1",
        }
        command = [sys.executable, "-m", "forecasting", *map(str, arguments)]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)

    return run_one


def shop(tmp_path: Path) -> Path:
    """Sales of two stores."""
    path = tmp_path / "sales.csv"
    pd.concat([sales(store, "101", 100.0, FIRST, LAST) for store in ("1", "2")]).to_csv(path, index=False)
    return path


def test_the_history_may_be_in_a_bucket(
    tmp_path: Path, bucket: Callable[[], str], home: Path, run: Run
) -> None:
    """Import, refresh, export: each step, and the worker process that fits, finds the files there."""
    case, out = folder_case("s3", tmp_path, bucket), tmp_path / "forecasts.csv"
    imported = run(case.address, "import", shop(tmp_path))
    assert (imported.returncode, imported.stderr) == (0, "")
    refreshed = run(case.address, "refresh", "--all")
    assert refreshed.returncode == 0, refreshed.stderr
    assert refreshed.stdout.splitlines()[0] == "2 retrain"
    exported = run(case.address, "export", "--out", out)
    assert (exported.returncode, exported.stderr) == (0, "")
    forecasts = pd.read_csv(out)
    totals = forecasts[forecasts["item"] == "all"].groupby("store").size()
    assert totals.to_dict() == {1: HORIZON, 2: HORIZON}
    assert not (home / "history").exists()


def furnished(home: Path, address: str, tmp_path: Path) -> Settings:
    """Return the settings of an installation that has sales."""
    settings = Settings(home=home, history_url=address)
    with Storecast(settings) as storecast:
        storecast.history.import_file(shop(tmp_path), "sales", "ann")
    return settings


def test_a_used_history_without_its_database_is_refused(case: FolderCase, home: Path, tmp_path: Path) -> None:
    """Only the database knows its files; another installation's pruning would remove them."""
    settings = furnished(home, case.address, tmp_path)
    (home / FILE).unlink()
    with pytest.raises(StateUnavailable, match="is missing, although"):
        Storecast(settings)
    assert not (home / FILE).exists()


def test_an_invalid_address_is_refused_at_the_start(home: Path) -> None:
    """Before anything is created."""
    with pytest.raises(InvalidSetting, match=r"STORECAST_HISTORY_URL: expected .*found 'nosuch://place'"):
        Storecast(Settings(home=home, history_url="nosuch://place"))
    assert not home.exists()


def test_a_missing_bucket_is_refused_at_the_start(bucket: Callable[[], str], home: Path) -> None:
    """It is not taken for an empty history."""
    bucket()
    expected = "^sales history: expected to list s3://no-such-bucket/history, found: .*NoSuchBucket"
    with pytest.raises(StateUnavailable, match=expected):
        Storecast(Settings(home=home, history_url="s3://no-such-bucket/history"))
    assert not home.exists()


def test_disk_use_is_that_of_the_history_folder(case: FolderCase, home: Path, tmp_path: Path) -> None:
    """Number and size of its files; pruning removes no heads."""
    with Storecast(furnished(home, case.address, tmp_path)) as storecast:
        disk = storecast.services.operations.status(LOCAL_USER).disk
        sizes = [file.bytes for file in case.folder.list_files()]
        assert (disk.files, disk.history_bytes) == (2, sum(sizes))
        assert storecast.services.operations.prune(LOCAL_USER).files == 0
