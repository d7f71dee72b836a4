from datetime import UTC, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from forecasting.config.settings import Settings
from forecasting.core.errors import InvalidSetting


@pytest.fixture(autouse=True)
def empty_default_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default state folder of a developer may have a settings file."""
    monkeypatch.setattr("forecasting.config.settings.DEFAULT_HOME", tmp_path)


def test_a_variable_that_is_not_set_has_its_default() -> None:
    """An empty variable counts as not set."""
    assert Settings.from_env({}) == Settings.from_env({"STORECAST_NIGHTLY": " ", "STORECAST_KEEP_DAYS": ""})
    settings = Settings.from_env({})
    assert (settings.keep_versions, settings.keep) == (30, timedelta(days=90))
    assert (settings.nightly, settings.timezone) == (None, UTC)


def test_retention_and_the_nightly_refresh_are_read() -> None:
    """Numbers, a time of day and a time zone."""
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
def test_the_history_is_in_the_state_folder_or_at_its_address(found: str | None, expected: str) -> None:
    """A URL is used unchanged; a path is relative to the working directory."""
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
    """By host name or IP address. Without one, fits run on this machine."""
    assert Settings.from_env({"STORECAST_DASK_SCHEDULER": f" {address} "}).dask_scheduler == address
    assert Settings.from_env({"STORECAST_DASK_SCHEDULER": " "}).dask_scheduler == ""


def test_engines_are_read_for_all_by_region_and_by_store() -> None:
    """The engine of a store overrides that of its region. Several engines may compete."""
    settings = Settings.from_env(
        {
            "STORECAST_ENGINE": "seasonal_naive, North = aws_forecast + prophet, 17=my.engines:make",
            "STORECAST_AWS_BUCKET": "s3://sales/storecast/",
        }
    )
    assert settings.engine_of("1", "South") == "seasonal_naive"
    assert settings.engine_of("1", "North") == "aws_forecast+prophet"
    assert settings.engine_of("17", "North") == "my.engines:make"
    assert settings.local_engine == "seasonal_naive"


@pytest.mark.parametrize(
    ("asked", "local"), [("aws_forecast", ""), ("aws_forecast+prophet", "prophet"), ("", "prophet")]
)
def test_the_local_engine_is_the_first_that_fits_here(asked: str, local: str) -> None:
    """If every store's engine is remote there is none."""
    env = {"STORECAST_ENGINE": asked, "STORECAST_AWS_BUCKET": "s3://sales"}
    assert Settings.from_env(env).local_engine == local


def test_aws_is_off_until_its_bucket_is_named() -> None:
    """An engine that needs it is refused at start-up, not at the first refresh."""
    assert not Settings.from_env({"STORECAST_AWS_GROUP": "north"}).aws
    with pytest.raises(InvalidSetting, match="expected STORECAST_AWS_BUCKET to be set where aws_forecast"):
        Settings.from_env({"STORECAST_ENGINE": "prophet, North=aws_forecast"})


def test_the_settings_of_aws_are_read() -> None:
    """Bucket, group, role, region, limit, prices and poll interval."""
    aws = Settings.from_env(
        {
            "STORECAST_AWS_BUCKET": "s3://sales-data/storecast/",
            "STORECAST_AWS_GROUP": "north",
            "STORECAST_AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/forecast",
            "STORECAST_AWS_REGION": "eu-west-1",
            "STORECAST_AWS_TRAININGS_A_DAY": "2",
            "STORECAST_AWS_RATES": "gb=0.088, hour=0.24",
            "STORECAST_AWS_POLL_SECONDS": "5",
        }
    ).aws
    assert (aws.bucket, aws.prefix, aws.group) == ("sales-data", "storecast", "north")
    assert (aws.role, aws.region) == ("arn:aws:iam::123456789012:role/forecast", "eu-west-1")
    assert (aws.trainings_a_day, aws.rates) == (2, {"gb": 0.088, "hour": 0.24})
    assert aws.poll == timedelta(seconds=5)


def test_aws_has_no_limit_and_no_prices_by_default() -> None:
    """Neither is guessed."""
    aws = Settings.from_env({"STORECAST_AWS_BUCKET": "s3://sales"}).aws
    assert (aws.prefix, aws.trainings_a_day, aws.rates, aws.role) == ("", None, {}, "")


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [
        ("STORECAST_ENGINE", "pro phet", "an engine, or several joined by +"),
        ("STORECAST_ENGINE", "prophet+prophet", "an engine, or several joined by +"),
        ("STORECAST_ENGINE", "North=", "an engine, or several joined by +"),
        ("STORECAST_AWS_BUCKET", "sales", "an address such as s3://bucket/storecast"),
        ("STORECAST_AWS_BUCKET", "s3://Sales", "an address such as s3://bucket/storecast"),
        ("STORECAST_AWS_GROUP", "1north", "at most 24 of a-z, 0-9 and _, the first a letter"),
        ("STORECAST_AWS_ROLE_ARN", "forecast", "a role such as arn:aws:iam::123456789012:role/forecast"),
        ("STORECAST_AWS_RATES", "gb=cheap", "prices such as gb=0.088"),
        ("STORECAST_AWS_RATES", "day=1", "prices such as gb=0.088"),
        ("STORECAST_AWS_TRAININGS_A_DAY", "-1", "a whole number from 0 to"),
        ("STORECAST_AWS_POLL_SECONDS", "0", "a number from 0.1 to"),
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
def test_an_unusable_setting_is_named(name: str, found: str, expected: str) -> None:
    """With what was expected and what was found."""
    with pytest.raises(InvalidSetting, match=rf"^{name}: expected {expected}.*, found '"):
        Settings.from_env({name: found})
