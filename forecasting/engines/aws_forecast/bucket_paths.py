"""The keys of data and exports in the bucket."""

from datetime import UTC, datetime

from forecasting.config.aws_settings import AwsSettings
from forecasting.engines.aws_forecast.resource_names import STAMP
from forecasting.engines.aws_forecast.time_series_rows import TARGET


def data_key(settings: AwsSettings, requested_at: datetime, kind: str) -> str:
    """Return the folder for the data that a run sends for one kind of dataset, without a trailing slash."""
    run = f"run={requested_at.astimezone(UTC):{STAMP}}"
    return _key(settings, "data", run, "target" if kind == TARGET else "related")


def backtest_key(settings: AwsSettings, name: str) -> str:
    """Return the folder that a backtest is exported to, without a trailing slash."""
    return _key(settings, "backtest", name)


def owned_prefixes(settings: AwsSettings) -> tuple[str, ...]:
    """Return the prefixes of all keys that belong to this group."""
    return _key(settings, "data", "run="), _key(settings, "backtest", f"{settings.group}_")


def s3_uri(settings: AwsSettings, key: str) -> str:
    """Return the URI of a key, as AWS Forecast expects it."""
    return f"s3://{settings.bucket}/{key}"


def _key(settings: AwsSettings, *parts: str) -> str:
    return "/".join(filter(None, (settings.prefix, *parts)))
