"""The calls to the fake, and what did not fit."""

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
        For AWS Forecast the request; for S3, IAM and STS the resource.
    at
        Virtual time.
    error
        The error code, ``"timeout"`` without an answer, None for success.
    service
        ``forecast``, ``forecastquery``, ``s3``, ``iam`` or ``sts``.
    """

    operation: str
    parameters: Mapping[str, Any]
    at: datetime
    error: str | None = None
    service: str = "forecast"


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request as it arrived; for S3 without the body, which is in the bucket."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class CallLog:
    """The log of one test."""

    calls: list[Call] = field(default_factory=list)
    other_calls: list[Call] = field(default_factory=list)
    wire: list[WireRequest] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Clear the log."""
        for each in (self.calls, self.other_calls, self.wire, self.drift):
            each.clear()
