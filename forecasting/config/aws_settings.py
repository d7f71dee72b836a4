"""Settings of AWS Forecast. All of them may be missing; then nothing of AWS shows."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from forecasting.config.value_parsers import (
    TEXT,
    Parser,
    UnusableText,
    duration,
    parts,
    pattern,
    whole_number,
)
from forecasting.config.variables import Variable, VariableSettings

CHARGED_QUANTITIES = ("gb", "hour", "points")
"""What AWS charges for: a gigabyte imported, an hour of training, a thousand forecast points."""


def _s3_place(text: str) -> re.Match[str]:
    match = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([\w./-]*))?", text)
    if not match:
        raise UnusableText(text)
    return match


def _rates(text: str) -> dict[str, float]:
    """Parse prices such as ``gb=0.088, hour=0.24, points=2.0``."""
    rates = {}
    for part in parts(text):
        quantity, _, price = part.partition("=")
        if quantity.strip() not in CHARGED_QUANTITIES or not re.fullmatch(r"\d+(\.\d+)?", price.strip()):
            raise UnusableText(part)
        rates[quantity.strip()] = float(price)
    return rates


_S3_ADDRESS = "an address such as s3://bucket/storecast"
BUCKET = Parser(_S3_ADDRESS, lambda text: _s3_place(text)[1])
PREFIX = Parser(_S3_ADDRESS, lambda text: (_s3_place(text)[2] or "").strip("/"))
GROUP = pattern("at most 24 of a-z, 0-9 and _, the first a letter", r"[a-z][a-z0-9_]{0,23}")
ROLE = pattern(
    "a role such as arn:aws:iam::123456789012:role/forecast", r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+"
)
RATES = Parser("prices such as gb=0.088, hour=0.24, points=2", _rates)


class AwsSettings(VariableSettings):
    """Where AWS Forecast is, and how much it may cost; false if AWS is not used.

    Credentials are not among them: they are found by AWS's own tools.

    Attributes
    ----------
    bucket, prefix
        Where data is exchanged with AWS: ``s3://bucket/prefix``. An empty bucket means that AWS is not used.
    group
        Name of the dataset group. The names of all resources in AWS begin with it.
    role
        ARN of the role with which AWS Forecast reads and writes the bucket; ``""`` for the role that
        `aws setup` creates.
    region
        AWS region; ``""`` for the region that AWS's own tools are set to.
    poll
        Shortest time between two polls of AWS by one run.
    trainings_a_day
        How many trainings may start within 24 hours; None for no limit.
    rates
        Price of each of `CHARGED_QUANTITIES`, in the currency of the account. If it is empty, estimates show
        quantities without money.
    """

    bucket: Annotated[str, Variable("STORECAST_AWS_BUCKET", BUCKET, portable=False)] = ""
    prefix: Annotated[str, Variable("STORECAST_AWS_BUCKET", PREFIX, portable=False)] = ""
    group: Annotated[str, Variable("STORECAST_AWS_GROUP", GROUP, portable=True)] = "storecast"
    role: Annotated[str, Variable("STORECAST_AWS_ROLE_ARN", ROLE, portable=False)] = ""
    region: Annotated[str, Variable("STORECAST_AWS_REGION", TEXT, portable=False)] = ""
    poll: Annotated[
        timedelta,
        Variable("STORECAST_AWS_POLL_SECONDS", duration(timedelta(seconds=1), 0.1, 3600), portable=True),
    ] = timedelta(seconds=30)
    trainings_a_day: Annotated[
        int | None, Variable("STORECAST_AWS_TRAININGS_A_DAY", whole_number(0, 1000), portable=True)
    ] = None
    rates: Annotated[Mapping[str, float], Variable("STORECAST_AWS_RATES", RATES, portable=True)] = Field(
        default_factory=dict
    )

    def __bool__(self) -> bool:
        return bool(self.bucket)
