from datetime import UTC, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from forecasting.errors import InvalidSetting
from forecasting.settings import Settings


@pytest.fixture(autouse=True)
def no_home_of_a_developer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state folder that is used by default may have settings of its own."""
    monkeypatch.setattr("forecasting.settings.DEFAULT_HOME", tmp_path)


def test_what_is_not_set_has_its_default() -> None:
    """Also what is set to nothing."""
    assert Settings.from_env({}) == Settings.from_env({"STORECAST_NIGHTLY": " ", "STORECAST_KEEP_DAYS": ""})
    settings = Settings.from_env({})
    assert (settings.keep_versions, settings.keep) == (30, timedelta(days=90))
    assert (settings.nightly, settings.timezone) == (None, UTC)


def test_retention_and_the_night_are_read() -> None:
    """Numbers, a time of day, a zone."""
    settings = Settings.from_env(
        {
            "STORECAST_KEEP_VERSIONS": "1",
            "STORECAST_KEEP_DAYS": "1.5",
            "STORECAST_NIGHTLY": " 4:30 ",
            "STORECAST_TIMEZONE": "Europe/Berlin",
        }
    )
    assert (settings.keep_versions, settings.keep) == (1, timedelta(days=1.5))
    assert (settings.nightly, settings.timezone) == (time(4, 30), ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, "/srv/state/history"),
        (" ", "/srv/state/history"),
        ("s3://bucket/history", "s3://bucket/history"),
        (" file:///mnt/share/history ", "file:///mnt/share/history"),
        ("/mnt/share/../history", "/mnt/history"),
        ("history", str(Path.cwd() / "history")),
        ("~/history", str(Path.home() / "history")),
    ],
)
def test_the_history_is_in_the_state_folder_or_where_it_is_said(found: str | None, expected: str) -> None:
    """A URL is taken as it is; a path counts from here."""
    env = {"STORECAST_HOME": "/srv/state"} | ({} if found is None else {"STORECAST_HISTORY_URL": found})
    assert Settings.from_env(env).history == expected


def test_a_password_in_the_history_s_url_is_not_shown() -> None:
    """Settings may be logged."""
    settings = Settings.from_env({"STORECAST_HISTORY_URL": "sftp://user:secret@host/history"})
    assert "secret" not in f"{settings} {settings!r}"


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.5:8786", "tls://dask-1.example.org:8786", "tcp://[::1]:80"]
)
def test_a_dask_scheduler_is_read(address: str) -> None:
    """By name or number; without one fits run on this machine."""
    assert Settings.from_env({"STORECAST_DASK_SCHEDULER": f" {address} "}).dask_scheduler == address
    assert Settings.from_env({"STORECAST_DASK_SCHEDULER": " "}).dask_scheduler == ""


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [
        ("STORECAST_KEEP_VERSIONS", "0", "a whole number from 1 to"),
        ("STORECAST_KEEP_VERSIONS", "2.5", "a whole number from 1 to"),
        ("STORECAST_KEEP_DAYS", "0.9", "a number from 1 to"),
        ("STORECAST_NIGHTLY", "24:00", "a time of day such as 04:30"),
        ("STORECAST_NIGHTLY", "04:30:00", "a time of day such as 04:30"),
        ("STORECAST_NIGHTLY", "04:30+02:00", "a time of day such as 04:30"),
        ("STORECAST_DASK_SCHEDULER", "10.0.0.5:8786", "an address such as tcp://10.0.0.5:8786"),
        ("STORECAST_DASK_SCHEDULER", "http://10.0.0.5:8786", "an address such as"),
        ("STORECAST_DASK_SCHEDULER", "tcp://10.0.0.5:70000", "an address such as"),
        ("STORECAST_DASK_SCHEDULER", "tcp://10.0.0.5", "an address such as"),
        ("STORECAST_DASK_SCHEDULER", "tcp://user@10.0.0.5:8786/x", "an address such as"),
        ("STORECAST_TIMEZONE", "Europe", "a time zone this machine knows"),
        ("STORECAST_TIMEZONE", "Mars/Olympus", "a time zone this machine knows"),
        ("STORECAST_TIMEZONE", "../etc/passwd", "a time zone this machine knows"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, found: str, expected: str) -> None:
    """With what was expected and what was found."""
    with pytest.raises(InvalidSetting, match=rf"^{name}: expected {expected}.*, found '"):
        Settings.from_env({name: found})
