"""The port for what planners have looked at."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from forecasting.core.domain import Review, Visit


class Looks(Protocol):
    """What planners have looked at."""

    def review(self, review: Review) -> None:
        """Keep that a store was looked at; it takes the place of what was said of it before."""
        ...

    def withdraw(self, store: str) -> None:
        """Forget that a store was looked at."""
        ...

    def reviews(self, stores: Collection[str] | None = None) -> Mapping[str, Review]:
        """What was said of stores, by store; None means all of them."""
        ...

    def pulse(self) -> tuple[int, datetime | None]:
        """How many stores something is said of, and when it was last: differs after every change."""
        ...

    def visit(self, subject: str, store: str, version: int, at: datetime) -> Visit:
        """Note that somebody sees a version, and return what they have seen; writes only what is new."""
        ...
