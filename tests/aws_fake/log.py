"""What was asked of the fake, and what did not fit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Call:
    """One call, as the service saw it.

    Attributes
    ----------
    operation
        Such as ``CreateAutoPredictor``.
    parameters
        Of a call of AWS Forecast: what was sent; of S3, IAM and STS: what it is about.
    at
        Virtual time.
    error
        The code it was answered with, ``"timeout"`` if it was not answered; None: it went well.
    service
        ``forecast``, ``forecastquery``, ``s3``, ``iam`` or ``sts``.
    """

    operation: str
    parameters: Mapping[str, Any]
    at: datetime
    error: str | None = None
    service: str = "forecast"


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it came over the wire; of S3 without its body, which is in the bucket."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Log:
    """Of one test."""

    calls: list[Call] = field(default_factory=list)
    other_calls: list[Call] = field(default_factory=list)
    wire: list[Sent] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Forget all of it."""
        for each in (self.calls, self.other_calls, self.wire, self.drift):
            each.clear()
