"""The port for the database as a whole."""

from typing import Protocol

from forecasting.core.ports.ledger_port import (
    Checkpoints,
    Publications,
    RefreshRequests,
    RunClaims,
    RunQueries,
)
from forecasting.core.ports.manifest_port import Manifest
from forecasting.core.ports.reviews_port import Reviews
from forecasting.core.ports.track_port import TrackRecord
from forecasting.core.ports.upkeep_port import Chores, Retention, Vitals
from forecasting.core.ports.versions_port import Chains, Versions


class Storage(Protocol):
    """The database, in parts that share its transactions."""

    @property
    def requests(self) -> RefreshRequests:
        """Creates and cancels refresh runs."""
        ...

    @property
    def claims(self) -> RunClaims:
        """Lets workers claim runs and record their progress."""
        ...

    @property
    def publications(self) -> Publications:
        """Stores the results of runs."""
        ...

    @property
    def runs(self) -> RunQueries:
        """Reads runs and the snapshots of stores."""
        ...

    @property
    def checkpoints(self) -> Checkpoints:
        """Partial results of active runs."""
        ...

    @property
    def versions(self) -> Versions:
        """Published forecasts."""
        ...

    @property
    def chains(self) -> Chains:
        """Results of pooling over all stores."""
        ...

    @property
    def track(self) -> TrackRecord:
        """What published forecasts said about days that are now past."""
        ...

    @property
    def manifest(self) -> Manifest:
        """Each store's history files."""
        ...

    @property
    def chores(self) -> Chores:
        """Daily chores."""
        ...

    @property
    def reviews(self) -> Reviews:
        """Reviews of stores and visits to them."""
        ...

    @property
    def retention(self) -> Retention:
        """Finds and removes outdated records."""
        ...

    @property
    def vitals(self) -> Vitals:
        """The health of the database and its workers."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
