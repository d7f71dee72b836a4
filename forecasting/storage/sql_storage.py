"""The database in its parts."""

from forecasting.core.ports import (
    Chains,
    Checkpoints,
    Chores,
    Ledger,
    Looks,
    Manifest,
    Retention,
    TrackRecord,
    Versions,
    Vitals,
)
from forecasting.storage.checkpoints import SqlCheckpoints
from forecasting.storage.chores import SqlChores
from forecasting.storage.database import Database
from forecasting.storage.forecast_versions import SqlVersions
from forecasting.storage.ledger import SqlLedger
from forecasting.storage.manifest import SqlManifest
from forecasting.storage.retention import SqlRetention
from forecasting.storage.reviews import SqlLooks
from forecasting.storage.sql_track import SqlTrackRecord
from forecasting.storage.stored_priors import SqlChains
from forecasting.storage.vitals import SqlVitals


class SqlStorage:
    """All parts of `ports.Storage` over one database; safe to share between threads.

    Parameters
    ----------
    database
        An open database; closed with the storage.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._ledger = SqlLedger(database)
        self._checkpoints = SqlCheckpoints(database)
        self._versions = SqlVersions(database)
        self._chains = SqlChains(database)
        self._track = SqlTrackRecord(database)
        self._manifest = SqlManifest(database)
        self._chores = SqlChores(database)
        self._looks = SqlLooks(database)
        self._retention = SqlRetention(database)
        self._vitals = SqlVitals(database)

    @property
    def ledger(self) -> Ledger:
        """Refresh runs."""
        return self._ledger

    @property
    def checkpoints(self) -> Checkpoints:
        """What runs under way have done."""
        return self._checkpoints

    @property
    def versions(self) -> Versions:
        """Published forecasts."""
        return self._versions

    @property
    def chains(self) -> Chains:
        """What is pooled over all stores."""
        return self._chains

    @property
    def track(self) -> TrackRecord:
        """What came of published forecasts."""
        return self._track

    @property
    def manifest(self) -> Manifest:
        """History heads."""
        return self._manifest

    @property
    def chores(self) -> Chores:
        """Daily chores."""
        return self._chores

    @property
    def looks(self) -> Looks:
        """What planners have looked at."""
        return self._looks

    @property
    def retention(self) -> Retention:
        """What may go."""
        return self._retention

    @property
    def vitals(self) -> Vitals:
        """How it is doing."""
        return self._vitals

    def close(self) -> None:
        """Close every connection."""
        self.database.close()
