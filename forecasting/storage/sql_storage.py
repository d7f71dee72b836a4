"""The storage port over one SQL database."""

from datetime import timedelta

from forecasting.config.settings import TOLERANCE
from forecasting.core.ports import (
    Chains,
    Checkpoints,
    Chores,
    Manifest,
    Publications,
    RefreshRequests,
    Retention,
    Reviews,
    RunClaims,
    RunQueries,
    TrackRecord,
    Versions,
    Vitals,
)
from forecasting.storage.checkpoints import SqlCheckpoints
from forecasting.storage.chores import SqlChores
from forecasting.storage.database import Database
from forecasting.storage.endings import RunEndings
from forecasting.storage.forecast_versions import SqlVersions
from forecasting.storage.manifest import SqlManifest
from forecasting.storage.retention import SqlRetention
from forecasting.storage.reviews import SqlReviews
from forecasting.storage.sql_claims import SqlRunClaims
from forecasting.storage.sql_publications import SqlPublications
from forecasting.storage.sql_requests import SqlRefreshRequests
from forecasting.storage.sql_runs import SqlRunQueries
from forecasting.storage.sql_track import SqlTrackRecord
from forecasting.storage.stored_priors import SqlChains
from forecasting.storage.vitals import SqlVitals


class SqlStorage:
    """All parts of `ports.Storage` over one database; safe to share between threads.

    Parameters
    ----------
    database
        An open database. `close` closes it.
    tolerance
        Age of a predictor from which a follow-up trains again.
    """

    def __init__(self, database: Database, tolerance: timedelta = TOLERANCE) -> None:
        self.database = database
        endings = RunEndings(tolerance)
        self._requests = SqlRefreshRequests(database, endings)
        self._claims = SqlRunClaims(database, endings)
        self._publications = SqlPublications(database, endings)
        self._runs = SqlRunQueries(database)
        self._checkpoints = SqlCheckpoints(database)
        self._versions = SqlVersions(database)
        self._chains = SqlChains(database)
        self._track = SqlTrackRecord(database)
        self._manifest = SqlManifest(database)
        self._chores = SqlChores(database)
        self._reviews = SqlReviews(database)
        self._retention = SqlRetention(database)
        self._vitals = SqlVitals(database)

    @property
    def requests(self) -> RefreshRequests:
        """Creates and cancels refresh runs."""
        return self._requests

    @property
    def claims(self) -> RunClaims:
        """Lets workers claim runs and record their progress."""
        return self._claims

    @property
    def publications(self) -> Publications:
        """Stores the results of runs."""
        return self._publications

    @property
    def runs(self) -> RunQueries:
        """Reads runs and the snapshots of stores."""
        return self._runs

    @property
    def checkpoints(self) -> Checkpoints:
        """Partial results of active runs."""
        return self._checkpoints

    @property
    def versions(self) -> Versions:
        """Published forecasts."""
        return self._versions

    @property
    def chains(self) -> Chains:
        """Results of pooling over all stores."""
        return self._chains

    @property
    def track(self) -> TrackRecord:
        """What published forecasts said about days that are now past."""
        return self._track

    @property
    def manifest(self) -> Manifest:
        """Each store's history files."""
        return self._manifest

    @property
    def chores(self) -> Chores:
        """Daily chores."""
        return self._chores

    @property
    def reviews(self) -> Reviews:
        """Reviews of stores and visits to them."""
        return self._reviews

    @property
    def retention(self) -> Retention:
        """Finds and removes outdated records."""
        return self._retention

    @property
    def vitals(self) -> Vitals:
        """The health of the database and its workers."""
        return self._vitals

    def close(self) -> None:
        """Close every connection."""
        self.database.close()
