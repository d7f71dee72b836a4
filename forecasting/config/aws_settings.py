"""What an operator sets to use AWS Forecast; all of it may be missing, and then nothing of it shows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from forecasting.config import variables
from forecasting.core.errors import InvalidSetting

MADE_OF = ("gb", "hour", "points")
"""What AWS charges for: a gigabyte imported, an hour of training, a thousand forecast points."""


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """Where AWS Forecast is, and how much it may cost. Credentials are AWS's own tools' business.

    Attributes
    ----------
    bucket, prefix
        Where data is sent and fetched: ``s3://bucket/prefix``; ``""`` for both: AWS is not used.
    group
        Name of the dataset group; everything made in AWS begins with it.
    role
        ARN of the role AWS Forecast reads and writes the bucket with; ``""``: the one `aws setup` makes.
    region
        ``""`` for the region AWS's own tools are set to.
    poll
        How long a run waits between looks at AWS, at least.
    trainings_a_day
        Trainings that may be begun within 24 hours; None: as many as are asked for.
    rates
        Price of each of `MADE_OF`, in the currency of the account; empty: quantities are told without money.
    """

    bucket: str = ""
    prefix: str = ""
    group: str = "storecast"
    role: str = ""
    region: str = ""
    poll: timedelta = timedelta(seconds=30)
    trainings_a_day: int | None = None
    rates: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.bucket)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the ``STORECAST_AWS_*`` variables.

        Raises
        ------
        InvalidSetting
            Naming the variable, what was expected and what was found.
        """
        bucket, prefix = _place(env, "STORECAST_AWS_BUCKET")
        most = "STORECAST_AWS_TRAININGS_A_DAY"
        capped = bool(env.get(most, "").strip())
        return cls(
            bucket=bucket,
            prefix=prefix,
            group=_group(env, "STORECAST_AWS_GROUP") or "storecast",
            role=_role(env, "STORECAST_AWS_ROLE_ARN"),
            region=env.get("STORECAST_AWS_REGION", "").strip(),
            poll=timedelta(seconds=variables.number(env, "STORECAST_AWS_POLL_SECONDS", 30, 0.1, 3600)),
            trainings_a_day=int(variables.number(env, most, 0, 0, 1000, whole=True)) if capped else None,
            rates=_rates(env, "STORECAST_AWS_RATES"),
        )


def _place(env: Mapping[str, str], name: str) -> tuple[str, str]:
    text = env.get(name, "").strip()
    found = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([\w./-]*))?", text)
    if text and not found:
        raise InvalidSetting(f"{name}: expected an address such as s3://bucket/storecast, found '{text}'")
    return (found[1], (found[2] or "").strip("/")) if found else ("", "")


def _group(env: Mapping[str, str], name: str) -> str:
    text = env.get(name, "").strip()
    if text and not re.fullmatch(r"[a-z][a-z0-9_]{0,23}", text):
        raise InvalidSetting(
            f"{name}: expected at most 24 of a-z, 0-9 and _, the first a letter, found '{text}'"
        )
    return text


def _role(env: Mapping[str, str], name: str) -> str:
    text = env.get(name, "").strip()
    if text and not re.fullmatch(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+", text):
        raise InvalidSetting(
            f"{name}: expected a role such as arn:aws:iam::123456789012:role/forecast, found '{text}'"
        )
    return text


def _rates(env: Mapping[str, str], name: str) -> dict[str, float]:
    """``gb=0.088, hour=0.24, points=2.0``."""
    rates = {}
    for part in filter(None, (part.strip() for part in env.get(name, "").split(","))):
        what, _, price = part.partition("=")
        if what.strip() not in MADE_OF or not re.fullmatch(r"\d+(\.\d+)?", price.strip()):
            raise InvalidSetting(
                f"{name}: expected prices such as gb=0.088, hour=0.24, points=2, found '{part}'"
            )
        rates[what.strip()] = float(price)
    return rates
