"""The principal's stores: what is loaded, how each forecast stands, and the morning's queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from forecasting.calendar.inputs import expected_days
from forecasting.calendar.public_holidays import place_of
from forecasting.config.settings import Settings
from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import (
    Principal,
    RefreshRun,
    Review,
    RunState,
    Store,
    StoreSnapshot,
    StoreState,
    VersionHeader,
)
from forecasting.core.errors import UnknownSeries
from forecasting.core.pooled_priors import CHAIN
from forecasting.core.ports import Clock, SalesHistory, Storage
from forecasting.planning import remaining_time
from forecasting.planning.feeds import Feed, FeedState, judge_feed
from forecasting.planning.queue_rows import QueueRow, in_order, queue_row
from forecasting.refresh import policy
from forecasting.services.visible_stores import VisibleStores

QUEUES_KEPT = 20
"""How many queues are kept, each for one principal and one moment."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """The state of a store's forecast, as the strip above it shows.

    Attributes
    ----------
    age
        Age of the predictor; None without a forecast.
    sales_through, sales_hash
        Newest day with sales, and the content hash of the sales file.
    run
        The active run; without one the newest run that has ended; None if there was never a run.
    backlog
        How many runs of all stores are queued or running; 0 unless this store has an active run.
    waiting_for_worker
        Whether the run is queued while no worker has given a sign of life lately.
    pooling
        The run over all stores that this store's run waits for, or None.
    remaining
        Estimated time until the run ends or its next attempt begins; None without an estimate.
    review
        The review of the forecast now shown; None if an earlier forecast was reviewed, or none.
    """

    store: str
    state: StoreState
    sales_through: date | None
    sales_hash: str
    header: VersionHeader | None
    age: timedelta | None
    run: RefreshRun | None
    backlog: int = 0
    waiting_for_worker: bool = False
    pooling: RefreshRun | None = None
    remaining: timedelta | None = None
    review: Review | None = None

    @property
    def pulse(self) -> tuple[int, str, str]:
        """Version, run and state: a page is redrawn when one of them changes."""
        return (self.header.version if self.header else 0, self.run.run_id if self.run else "", self.state)


class StoreOverview:
    """Reads the stores of a principal and the state of each.

    Parameters
    ----------
    history, storage, clock
        Ports.
    settings
        Horizon, tolerance, holidays.
    stores
        The stores a principal may see.
    """

    def __init__(
        self,
        history: SalesHistory,
        storage: Storage,
        clock: Clock,
        settings: Settings,
        stores: VisibleStores,
    ) -> None:
        self._history = history
        self._storage = storage
        self._clock = clock
        self._settings = settings
        self._stores = stores
        self._queue_at = lru_cache(QUEUES_KEPT)(self._read_queue)

    def visible(self, principal: Principal) -> list[Store]:
        """List the principal's stores that have sales, in natural order."""
        return self._stores.all(principal)

    def as_of(self, principal: Principal) -> date | None:
        """The business date: the day after the newest sales of the principal's stores; None without sales."""
        return self._stores.as_of(principal)

    def freshness(self, principal: Principal, store: str) -> Freshness:
        """The state of one store's forecast now.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        snapshot = self._stores.snapshot(principal, store)
        now = self._clock.now()
        return Freshness(
            store,
            self.state_of(snapshot, now),
            snapshot.sales.last_ds if snapshot.sales else None,
            snapshot.sales.content_hash if snapshot.sales else "",
            snapshot.head,
            now - snapshot.head.trained_at if snapshot.head else None,
            snapshot.active or snapshot.last,
            self._storage.runs.backlog() if snapshot.active else 0,
            self._lacks_worker(snapshot, now),
            self._awaited_pooling(snapshot),
            remaining_time.of_run(snapshot.active, now) if snapshot.active else None,
            self._review_of(snapshot),
        )

    def queue(self, principal: Principal) -> tuple[QueueRow, ...]:
        """The principal's stores with state and reason; stores that need attention come first.

        While nothing happens the queue is worked out once a minute, because ages are shown in minutes.
        """
        stamp = self._storage.runs.stamp()
        if stamp is None:
            return self._read_queue(principal)
        minute = self._clock.now().replace(second=0, microsecond=0)
        return self._queue_at(principal, (stamp, self._storage.reviews.pulse(), minute))

    def states(self, principal: Principal) -> Mapping[str, StoreState]:
        """The state of each of the principal's stores, in natural order."""
        now = self._clock.now()
        return {each.store: self.state_of(each, now) for each in self._stores.snapshots(principal)}

    def feeds(self, principal: Principal) -> list[Feed]:
        """For each of the principal's stores, what is loaded and which days are missing."""
        as_of = self.as_of(principal)
        if as_of is None:
            return []
        newest = as_of - timedelta(days=1)
        return [
            Feed(store, FeedState.CURRENT)
            if store.last_ds >= newest
            else judge_feed(store, self._expected(store, newest))
            for store in self.visible(principal)
        ]

    def pulse(self, principal: Principal) -> tuple[int, int, int]:
        """Three numbers that change whenever the queue does, ages aside.

        Returns
        -------
        tuple of int
            The newest publication, the newest import, and how many runs are active.
        """
        del principal  # three counters reveal nothing about a store
        return self._storage.runs.pulse()

    def state_of(self, snapshot: StoreSnapshot, now: datetime) -> StoreState:
        """The state that a snapshot has at an instant, by the rules of `refresh.policy`."""
        return policy.state_of(
            snapshot,
            now=now,
            tolerance=self._settings.tolerance,
            horizon=self._settings.horizon,
            places=self._settings.holidays,
        )

    def _read_queue(self, principal: Principal, moment: object = None) -> tuple[QueueRow, ...]:
        del moment  # part of the cache key only
        snapshots = self._stores.snapshots(principal)
        newest = max((each.sales.last_ds for each in snapshots if each.sales), default=None)
        if newest is None:
            return ()
        as_of, now = newest + timedelta(days=1), self._clock.now()
        totals, reviews = self._storage.versions.totals(), self._storage.reviews.read()
        rows = in_order(
            queue_row(
                each,
                self.state_of(each, now),
                totals.get(each.store),
                as_of,
                now - each.head.trained_at if each.head else None,
                reviews.get(each.store),
            )
            for each in snapshots
        )
        return tuple(rows)

    def _expected(self, store: Store, newest: date) -> SeriesDays:
        sales = self._storage.manifest.head(store.store, "sales")
        if sales is None:
            raise UnknownSeries(f"store {store.store}: expected sales history, found none")
        plan = self._storage.manifest.head(store.store, "plan")
        planned = self._history.days(plan) if plan else {}
        place = place_of(store.store, store.region, self._settings.holidays)
        return expected_days(self._history.days(sales), planned, newest, place)

    def _review_of(self, snapshot: StoreSnapshot) -> Review | None:
        review = self._storage.reviews.read([snapshot.store]).get(snapshot.store)
        return review if review and snapshot.head and review.version == snapshot.head.version else None

    def _awaited_pooling(self, snapshot: StoreSnapshot) -> RefreshRun | None:
        run = snapshot.active
        if run is None or run.batch_id is None or run.state is not RunState.QUEUED:
            return None
        return self._storage.runs.holder(CHAIN)

    def _lacks_worker(self, snapshot: StoreSnapshot, now: datetime) -> bool:
        run, vitals = snapshot.active, self._storage.vitals
        return run is not None and policy.waiting_for_worker(run, vitals.silence(), now)
