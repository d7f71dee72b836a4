"""The database in its three parts."""

from forecasting.ports import Ledger, Manifest, Versions
from forecasting.storage.database import Database
from forecasting.storage.ledger import SqlLedger
from forecasting.storage.manifest import SqlManifest
from forecasting.storage.versions import SqlVersions


class SqlStorage:
    """Ledger, versions and manifest over one database (`ports.Storage`); safe to share between threads.

    Parameters
    ----------
    database
        An open database; closed with the storage.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._ledger = SqlLedger(database)
        self._versions = SqlVersions(database)
        self._manifest = SqlManifest(database)

    @property
    def ledger(self) -> Ledger:
        """Refresh runs."""
        return self._ledger

    @property
    def versions(self) -> Versions:
        """Published forecasts."""
        return self._versions

    @property
    def manifest(self) -> Manifest:
        """History heads."""
        return self._manifest

    def close(self) -> None:
        """Close every connection."""
        self.database.close()
