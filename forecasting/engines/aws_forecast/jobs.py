"""Things AWS works on, whatever their kind: what they are called, how far they are, when they were made."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from forecasting.engines.aws_forecast.session import Found

ACTIVE = "ACTIVE"
_BUSY = ("CREATE_PENDING", "CREATE_IN_PROGRESS")
_STOPPING = ("CREATE_STOPPING",)
_ENDED_BADLY = ("CREATE_FAILED", "CREATE_STOPPED")


@dataclass(frozen=True, slots=True)
class Job:
    """One thing: an import, a predictor, a forecast or an export.

    Attributes
    ----------
    created_at
        When it was asked for (UTC). Ages are of this: what AWS calls the last modification is "now" while it
        works on it.
    changed_at
        When it was done, once it is (UTC).
    is_auto
        Of a predictor, whether it was trained the newer way.
    message
        What AWS says about its failure.
    remaining
        How much longer it takes; AWS says so only where one thing is described.
    """

    arn: str
    name: str
    status: str
    created_at: datetime
    changed_at: datetime
    is_auto: bool = True
    message: str = ""
    remaining: timedelta | None = None

    @classmethod
    def of(cls, found: Found, kind: str) -> Self:
        """Read it as AWS lists or describes it.

        Parameters
        ----------
        kind
            Such as ``Predictor``: its fields begin so.
        """
        created = found["CreationTime"].astimezone(UTC)
        minutes = found.get("EstimatedTimeRemainingInMinutes")
        return cls(
            arn=found[f"{kind}Arn"],
            name=found.get(f"{kind}Name", ""),
            status=found.get("Status", ""),
            created_at=created,
            changed_at=found.get("LastModificationTime", created).astimezone(UTC),
            is_auto=bool(found.get("IsAutoPredictor", True)),
            message=found.get("Message", ""),
            remaining=None if minutes is None else timedelta(minutes=minutes),
        )

    @property
    def active(self) -> bool:
        """Whether it is done and good."""
        return self.status == ACTIVE

    @property
    def busy(self) -> bool:
        """Whether it is being made."""
        return self.status in _BUSY

    @property
    def stopping(self) -> bool:
        """Whether somebody stops it."""
        return self.status in _STOPPING

    @property
    def ended_badly(self) -> bool:
        """Whether it failed or was stopped."""
        return self.status in _ENDED_BADLY

    @property
    def deletable(self) -> bool:
        """Whether AWS lets it be deleted."""
        return self.active or self.ended_badly
