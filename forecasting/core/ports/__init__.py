"""The ports: small Protocols that adapters implement for the core (docs/adr/0002-ports.md).

There is one module for each adapter or family of protocols. Import from this package; its modules are not
part of the interface.
"""

from forecasting.core.ports.clock_port import (
    Clock,
)
from forecasting.core.ports.compute_port import (
    Compute,
    ResultT,
    TaskOutcome,
    TaskT,
    always,
)
from forecasting.core.ports.engine_port import (
    ExplainableSeries,
    FittedSeries,
    LocalEngine,
    PoolableSeries,
)
from forecasting.core.ports.history_port import (
    HistoryReader,
    SalesHistory,
)
from forecasting.core.ports.ledger_port import (
    Checkpoints,
    Publications,
    RefreshRequests,
    RunClaims,
    RunQueries,
)
from forecasting.core.ports.manifest_port import (
    HeadMove,
    Manifest,
    StoreAttributes,
)
from forecasting.core.ports.remote_engine_port import (
    RemoteEngine,
    RemoteForecasts,
    RemoteJob,
    RemoteProgress,
    StoreForecasts,
    Ticket,
)
from forecasting.core.ports.reviews_port import (
    Reviews,
)
from forecasting.core.ports.storage_port import (
    Storage,
)
from forecasting.core.ports.track_port import (
    TrackRecord,
    TrackUpdate,
)
from forecasting.core.ports.upkeep_port import (
    Chores,
    LedgerVitals,
    OutdatedRecords,
    Retention,
    RunTally,
    Vitals,
)
from forecasting.core.ports.versions_port import (
    Chains,
    Publication,
    Versions,
)

__all__ = [
    "Chains",
    "Checkpoints",
    "Chores",
    "Clock",
    "Compute",
    "ExplainableSeries",
    "FittedSeries",
    "HeadMove",
    "HistoryReader",
    "LedgerVitals",
    "LocalEngine",
    "Manifest",
    "OutdatedRecords",
    "PoolableSeries",
    "Publication",
    "Publications",
    "RefreshRequests",
    "RemoteEngine",
    "RemoteForecasts",
    "RemoteJob",
    "RemoteProgress",
    "ResultT",
    "Retention",
    "Reviews",
    "RunClaims",
    "RunQueries",
    "RunTally",
    "SalesHistory",
    "Storage",
    "StoreAttributes",
    "StoreForecasts",
    "TaskOutcome",
    "TaskT",
    "Ticket",
    "TrackRecord",
    "TrackUpdate",
    "Versions",
    "Vitals",
    "always",
]
