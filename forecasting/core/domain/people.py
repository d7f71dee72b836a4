"""People: who is asking, which stores they have reviewed, and which forecasts they have seen."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Principal:
    """The person or system that asks. `stores` and `regions` of None mean all of them."""

    subject: str
    name: str
    roles: frozenset[str]
    stores: frozenset[str] | None = None
    regions: frozenset[str] | None = None

    def sees(self, store: str, region: str) -> bool:
        """Whether this principal may see a store of a region."""
        return (self.stores is None or store in self.stores) and (
            self.regions is None or region in self.regions
        )

    @property
    def sees_all(self) -> bool:
        """Whether this principal may see every store, including stores added later."""
        return self.stores is None and self.regions is None

    @property
    def is_operator(self) -> bool:
        """Whether this principal may do things that affect all stores."""
        return "operator" in self.roles


LOCAL_USER = Principal("local", "Local user", frozenset({"planner", "operator"}))
"""The only principal when no login provider is configured; served on loopback only."""

SYSTEM = Principal("system", "Storecast", frozenset({"planner", "operator"}))
"""The principal behind requests nobody made by hand, such as the first forecast."""


@dataclass(frozen=True, slots=True)
class Review:
    """A planner's statement that they have reviewed a store. It holds for one forecast and one day.

    Attributes
    ----------
    version
        The forecast that was reviewed.
    as_of
        The business date of the review.
    by, at
        Who reviewed the store, and when (UTC).
    """

    store: str
    version: int
    as_of: date
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """The newest forecast of a store that one person has seen.

    Attributes
    ----------
    version
        The forecast seen last.
    at
        When they first saw it (UTC).
    before
        The forecast they saw before that one; None if there was none.
    """

    version: int
    at: datetime
    before: int | None = None
