"""The use cases put together. A page, an operation or a command calls the one service it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forecasting.config.settings import Settings
from forecasting.core.ports import Clock, SalesHistory, Storage
from forecasting.services.accuracy_reading import Accuracy
from forecasting.services.explanation_reading import Explanations
from forecasting.services.file_imports import Imports, NextDayFile
from forecasting.services.forecast_reading import Forecasts
from forecasting.services.operations import Operations
from forecasting.services.refreshing import Refreshing
from forecasting.services.run_history import Runs
from forecasting.services.series_cache import SeriesCache
from forecasting.services.store_overview import StoreOverview
from forecasting.services.store_reviews import StoreReviews
from forecasting.services.track_scoring import TrackScoring
from forecasting.services.visible_stores import VisibleStores


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases, one service for each.

    Every method takes the `Principal` who asks and answers only for the stores that principal may see; to
    anybody else a store does not exist.

    Attributes
    ----------
    stores
        The stores, their state, the queue, the feeds.
    forecasts
        Published forecasts and sales.
    explanations
        The parts of each forecast, and what changed between versions.
    accuracy
        Backtests and the track record.
    refreshing
        Presses on Refresh, cancelling, trying again.
    runs
        Refresh runs.
    reviews
        StoreReviews and visits.
    imports
        Sales and plan files.
    operations
        Status, readiness, vital signs, pruning.
    """

    stores: StoreOverview
    forecasts: Forecasts
    explanations: Explanations
    accuracy: Accuracy
    refreshing: Refreshing
    runs: Runs
    reviews: StoreReviews
    imports: Imports
    operations: Operations


def _nothing() -> None:
    """Nobody has to be woken."""


def _no_sample(_stores: frozenset[str], _day: date) -> Path | None:
    return None


def compose(
    history: SalesHistory,
    storage: Storage,
    clock: Clock,
    settings: Settings,
    wake: Callable[[], None] = _nothing,
    next_day_file: NextDayFile = _no_sample,
    *,
    pooled: bool = False,
) -> Services:
    """Build all services over one history, storage and clock.

    Parameters
    ----------
    history, storage, clock
        Ports.
    settings
        Horizon, tolerance, engine, retention.
    wake
        Called after a run was requested, so that a worker in this process starts at once.
    next_day_file
        Finds the sample feed's file of a day; by default no sample is known.
    pooled
        Whether a refresh of all stores begins with the priors pooled over all of them.
    """
    visible = VisibleStores(storage, settings)
    overview = StoreOverview(history, storage, clock, settings, visible)
    accuracy = Accuracy(storage, visible)
    cache = SeriesCache(history, storage)
    runs = Runs(storage, clock, visible)
    refreshing = Refreshing(storage, clock, settings, visible, runs, wake, pooled=pooled)
    scoring = TrackScoring(history, storage, settings.keep)
    return Services(
        stores=overview,
        forecasts=Forecasts(storage, visible, cache, accuracy, settings.holidays),
        explanations=Explanations(storage, visible, cache),
        accuracy=accuracy,
        refreshing=refreshing,
        runs=runs,
        reviews=StoreReviews(storage, clock, visible),
        imports=Imports(history, visible, scoring, refreshing.pool_if_due, next_day_file),
        operations=Operations(history, storage, clock, settings, visible, overview),
    )
