"""Where things are in the bucket."""

from datetime import UTC, datetime

from forecasting.config.aws_settings import AwsSettings
from forecasting.engines.aws_forecast.data import TARGET
from forecasting.engines.aws_forecast.names import STAMP


def data_key(settings: AwsSettings, requested_at: datetime, kind: str) -> str:
    """The folder of what a run sends for one kind of dataset, without a slash at its end."""
    run = f"run={requested_at.astimezone(UTC):{STAMP}}"
    return _key(settings, "data", run, "target" if kind == TARGET else "related")


def backtest_key(settings: AwsSettings, name: str) -> str:
    """The folder an export of a backtest is written to, without a slash at its end."""
    return _key(settings, "backtest", name)


def ours(settings: AwsSettings) -> tuple[str, ...]:
    """What the keys of all that is ours begin with."""
    return _key(settings, "data", "run="), _key(settings, "backtest", f"{settings.group}_")


def address(settings: AwsSettings, key: str) -> str:
    """A key as AWS Forecast wants it."""
    return f"s3://{settings.bucket}/{key}"


def _key(settings: AwsSettings, *parts: str) -> str:
    return "/".join(filter(None, (settings.prefix, *parts)))
