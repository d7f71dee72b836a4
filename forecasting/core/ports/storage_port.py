"""The port for the database as a whole."""

from typing import Protocol

from forecasting.core.ports.ledger_port import Checkpoints, Ledger
from forecasting.core.ports.manifest_port import Manifest
from forecasting.core.ports.reviews_port import Looks
from forecasting.core.ports.track_port import TrackRecord
from forecasting.core.ports.upkeep_port import Chores, Retention, Vitals
from forecasting.core.ports.versions_port import Chains, Versions


class Storage(Protocol):
    """The database, in parts that share its transactions."""

    @property
    def ledger(self) -> Ledger:
        """Refresh runs."""
        ...

    @property
    def checkpoints(self) -> Checkpoints:
        """What runs under way have done."""
        ...

    @property
    def versions(self) -> Versions:
        """Published forecasts."""
        ...

    @property
    def chains(self) -> Chains:
        """What is pooled over all stores."""
        ...

    @property
    def track(self) -> TrackRecord:
        """What came of published forecasts."""
        ...

    @property
    def manifest(self) -> Manifest:
        """History heads."""
        ...

    @property
    def chores(self) -> Chores:
        """Daily chores."""
        ...

    @property
    def looks(self) -> Looks:
        """What planners have looked at."""
        ...

    @property
    def retention(self) -> Retention:
        """What may go."""
        ...

    @property
    def vitals(self) -> Vitals:
        """How it is doing."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
