"""The terms of the product as frozen values. Nothing here reads a file, a clock or a database.

Instants (`*_at`) are aware datetimes in UTC. Days (`cutoff`, `ds`) are business dates without a time zone.
Import from this package; its modules are not part of the interface.
"""

from forecasting.core.domain.engine_names import (
    AWS_FORECAST,
    ENGINE_SEPARATOR,
)
from forecasting.core.domain.forecasts import (
    SeriesSummary,
    VersionHeader,
)
from forecasting.core.domain.history_files import (
    FileKey,
    HistoryFile,
    ImportReport,
)
from forecasting.core.domain.people import (
    LOCAL_USER,
    SYSTEM,
    Principal,
    Review,
    Visit,
)
from forecasting.core.domain.predictors import (
    BacktestScore,
    Predictor,
    SeriesChoice,
)
from forecasting.core.domain.runs import (
    GROUP,
    IMPORT,
    BatchProgress,
    RefreshAnswer,
    RefreshDecision,
    RefreshRequest,
    RefreshRun,
    RunState,
    Verdict,
    group_scope,
    inputs_through,
    scope_of,
)
from forecasting.core.domain.series import (
    ALL_ITEMS,
    QUANTILES,
    SeriesKey,
    natural_order,
)
from forecasting.core.domain.stores import (
    Store,
    StoreSnapshot,
    StoreState,
    inputs_of,
)
from forecasting.core.domain.track import (
    Actual,
    SeriesDay,
    StoreDay,
    TrackRow,
)
from forecasting.core.domain.upkeep import (
    Chore,
    DiskUse,
    PruneReport,
    Status,
    Volume,
)

__all__ = [
    "ALL_ITEMS",
    "AWS_FORECAST",
    "ENGINE_SEPARATOR",
    "GROUP",
    "IMPORT",
    "LOCAL_USER",
    "QUANTILES",
    "SYSTEM",
    "Actual",
    "BacktestScore",
    "BatchProgress",
    "Chore",
    "DiskUse",
    "FileKey",
    "HistoryFile",
    "ImportReport",
    "Predictor",
    "Principal",
    "PruneReport",
    "RefreshAnswer",
    "RefreshDecision",
    "RefreshRequest",
    "RefreshRun",
    "Review",
    "RunState",
    "SeriesChoice",
    "SeriesDay",
    "SeriesKey",
    "SeriesSummary",
    "Status",
    "Store",
    "StoreDay",
    "StoreSnapshot",
    "StoreState",
    "TrackRow",
    "Verdict",
    "VersionHeader",
    "Visit",
    "Volume",
    "group_scope",
    "inputs_of",
    "inputs_through",
    "natural_order",
    "scope_of",
]
