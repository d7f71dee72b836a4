"""The port for reviews of stores and visits to them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from forecasting.core.domain import Review, Visit


class Reviews(Protocol):
    """Which stores planners have reviewed, and which forecasts each person has seen."""

    def record(self, review: Review) -> None:
        """Record a review. It replaces the store's earlier one."""
        ...

    def withdraw(self, store: str) -> None:
        """Delete the review of a store."""
        ...

    def read(self, stores: Collection[str] | None = None) -> Mapping[str, Review]:
        """The reviews by store; None means every store."""
        ...

    def pulse(self) -> tuple[int, datetime | None]:
        """The number of reviews and the time of the newest one; the pair differs after every change."""
        ...

    def record_visit(self, subject: str, store: str, version: int, at: datetime) -> Visit:
        """Record that a person sees a version, and return what they have seen. Writes only if it is new."""
        ...
