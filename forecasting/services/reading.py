"""The reading half of the service: what pages, API and command line look at. Nothing here changes anything.

Every method takes the `Principal` who asks and answers only for the stores that principal may see; for
others a store does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

import pandas as pd

from forecasting.calendar.inputs import expected_days
from forecasting.calendar.public_holidays import place_of
from forecasting.config.settings import Settings
from forecasting.core import schema
from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import (
    ALL_ITEMS,
    BatchProgress,
    Principal,
    RefreshRun,
    Review,
    RunState,
    Status,
    Store,
    StoreSnapshot,
    StoreState,
    VersionHeader,
    natural_order,
)
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import NotPermitted, UnknownRun, UnknownSeries
from forecasting.core.pooled_priors import CHAIN
from forecasting.core.ports import Clock, SalesHistory, Storage
from forecasting.evaluation.accuracy_report import AccuracyReport, accuracy_report
from forecasting.planning import remaining_time
from forecasting.planning.feeds import Feed, FeedState, judge_feed
from forecasting.planning.queue_rows import QueueRow, in_order, queue_row
from forecasting.planning.track_record import LEADS
from forecasting.refresh import policy
from forecasting.services.housekeeping import disk_use
from forecasting.services.operations import (
    Check,
    Need,
    VitalSigns,
    VitalSignsReader,
    database_check,
    disk_check,
    worker_check,
)
from forecasting.services.series_reading import SeriesReader

QUEUES_KEPT = 20
"""Of different readers, or moments."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How a store's forecast stands, for the strip above it.

    Attributes
    ----------
    age
        Of the predictor; None without a forecast.
    sales_through, sales_hash
        Newest sales day, and the hash of all sales.
    run
        The active run, else the newest that has ended, else None.
    backlog
        Runs in line, of all stores.
    waiting_for_worker
        Whether its run waits although no worker gives a sign of life.
    pooling
        The run over all stores that its run waits for, or None.
    remaining
        How much longer its run takes, or until its next attempt; None where that can't be said.
    review
        What was last said of looking at its forecast; None where that was another forecast.
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
        """What a page is redrawn for when it changes: version, run, state."""
        return (self.header.version if self.header else 0, self.run.run_id if self.run else "", self.state)


class Reader(SeriesReader):
    """Everything there is to see.

    Parameters
    ----------
    history, storage, clock
        Ports.
    settings
        Horizon, tolerance, engine.
    """

    def __init__(self, history: SalesHistory, storage: Storage, clock: Clock, settings: Settings) -> None:
        super().__init__(history, storage, settings)
        self._queue_of = lru_cache(QUEUES_KEPT)(self._read_queue)
        self._clock = clock
        self._settings = settings
        self._vital_signs = VitalSignsReader(
            storage, history, clock, settings.home, self._state_of, self._snapshots
        )

    def stores(self, principal: Principal) -> list[Store]:
        """The principal's stores that have sales, in natural order."""
        heads = self._storage.manifest.heads("sales").values()
        seen = [
            Store(file.store, file.region, _products(file.items), file.first_ds, file.last_ds)
            for file in heads
            if principal.sees(file.store, file.region)
        ]
        return sorted(seen, key=lambda store: natural_order(store.store))

    def as_of(self, principal: Principal) -> date | None:
        """The business date: the day after the newest sales of any of the principal's stores, or None."""
        newest = max((store.last_ds for store in self.stores(principal)), default=None)
        return newest + timedelta(days=1) if newest else None

    def freshness(self, principal: Principal, store: str) -> Freshness:
        """How the store's forecast stands now.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        snapshot = self._snapshot(principal, store)
        now = self._clock.now()
        return Freshness(
            store,
            self._state_of(snapshot, now),
            snapshot.sales.last_ds if snapshot.sales else None,
            snapshot.sales.content_hash if snapshot.sales else "",
            snapshot.head,
            now - snapshot.head.trained_at if snapshot.head else None,
            snapshot.active or snapshot.last,
            self._storage.runs.backlog() if snapshot.active else 0,
            self._waits_in_vain(snapshot, now),
            self._waits_for(snapshot),
            remaining_time.of_run(snapshot.active, now) if snapshot.active else None,
            self._review_of(snapshot),
        )

    def track_sums(
        self,
        principal: Principal,
        *,
        region: str | None = None,
        store: str | None = None,
        item: str = ALL_ITEMS,
        since: date | None = None,
    ) -> dict[int, ErrorSums]:
        """The errors of published forecasts over all the principal's stores, by lead; none scored is all 0.

        Parameters
        ----------
        region, store
            Only these.
        item
            By default the stores' totals.
        since
            The first day; None means all that is kept.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        sums = self._storage.track.sums(self._chosen(principal, region, store), item=item, since=since)
        return {lead: sums.get(lead, ErrorSums()) for lead in LEADS}

    def accuracy(
        self,
        principal: Principal,
        *,
        region: str | None = None,
        store: str | None = None,
        item: str = ALL_ITEMS,
    ) -> AccuracyReport:
        """How far off forecasts are over all the principal's stores: backtests, and what was published.

        Parameters
        ----------
        region, store
            Only these.
        item
            By default the stores' totals; stores that do not sell it are left out.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        predictors = self._storage.versions.head_predictors(self._chosen(principal, region, store))
        track = self.track_sums(principal, region=region, store=store, item=item)
        return accuracy_report(predictors, track, store=store, item=item)

    def queue(self, principal: Principal) -> tuple[QueueRow, ...]:
        """The principal's stores with state and reason, those that need attention first.

        As long as nothing has happened it is worked out once a minute: age is told, and judged, by minutes.
        """
        stamp = self._storage.runs.stamp()
        if stamp is None:
            return self._read_queue(principal)
        minute = self._clock.now().replace(second=0, microsecond=0)
        return self._queue_of(principal, (stamp, self._storage.reviews.pulse(), minute))

    def _read_queue(self, principal: Principal, stamp: object = None) -> tuple[QueueRow, ...]:
        """Work it out; how things stand is part of what it is kept by."""
        del stamp
        snapshots = [
            (each, each.sales)
            for each in self._snapshots().values()
            if each.sales is not None and principal.sees(each.store, each.region)
        ]
        if not snapshots:
            return ()
        as_of, now = max(sales.last_ds for _each, sales in snapshots) + timedelta(days=1), self._clock.now()
        totals, reviews = self._storage.versions.totals(), self._storage.reviews.read()
        rows = in_order(
            queue_row(
                each,
                self._state_of(each, now),
                totals.get(each.store),
                as_of,
                now - each.head.trained_at if each.head else None,
                reviews.get(each.store),
            )
            for each, _sales in snapshots
        )
        return tuple(rows)

    def pulse(self, principal: Principal) -> tuple[int, int, int]:
        """What changes when the queue does (but for ageing): newest version, newest import, runs in line."""
        del principal  # three counters that tell nobody anything
        return self._storage.runs.pulse()

    def reviews_pulse(self, principal: Principal) -> tuple[int, datetime | None]:
        """What changes whenever a store is marked as reviewed, or that is taken back."""
        del principal  # a counter and an instant that tell nobody anything
        return self._storage.reviews.pulse()

    def batch(self, principal: Principal) -> BatchProgress | None:
        """How far the refresh of many stores is that is under way, or None; for operators and planners."""
        batch = self._storage.runs.batch() if principal.roles else None
        return replace(batch, remaining=remaining_time.of_batch(batch, self._clock.now())) if batch else None

    def remaining(self, run: RefreshRun) -> timedelta | None:
        """How much longer a run takes, or until its next attempt; None where that can't be said."""
        return remaining_time.of_run(run, self._clock.now())

    def broken(self, principal: Principal, limit: int = 5) -> list[RefreshRun]:
        """The runs that failed or were cancelled and that nothing has followed, the newest of each store."""
        found: dict[str, RefreshRun] = {}
        for run in self.runs(principal):
            found.setdefault(run.scope, run)
        broken = (RunState.FAILED, RunState.CANCELLED)
        return [run for run in found.values() if run.state in broken][:limit]

    def feeds(self, principal: Principal) -> list[Feed]:
        """What is loaded of each of the principal's stores, and which days are missing."""
        as_of = self.as_of(principal)
        if as_of is None:
            return []
        newest = as_of - timedelta(days=1)
        return [
            Feed(store, FeedState.CURRENT)
            if store.last_ds >= newest
            else judge_feed(store, self._expected(store, newest))
            for store in self.stores(principal)
        ]

    def run(self, principal: Principal, run_id: str) -> RefreshRun:
        """One refresh run.

        Raises
        ------
        UnknownRun
            If there is no such run, or it is of another one's store.
        """
        run = self._storage.runs.get(run_id)
        if run is None or not self._may_see(principal, run):
            raise UnknownRun(f"run '{run_id}': expected the id of a refresh run, found none of that id")
        return run

    def runs(self, principal: Principal, limit: int = 200, store: str | None = None) -> list[RefreshRun]:
        """The principal's newest refresh runs, newest first.

        Those over all stores are for operators, and for planners whose stores are all of them.
        """
        mine = self.stores(principal)
        scope = self._groups.scope_of(mine, store)
        seen = {each.store for each in mine}
        all_stores = principal.sees_all or principal.is_operator
        return [
            run
            for run in self._storage.runs.recent(limit, store, scope)
            if run.store in seen or run.scope == scope or (run.of_chain and all_stores)
        ]

    def states(self, principal: Principal) -> Mapping[str, StoreState]:
        """The state of each of the principal's stores, in natural order."""
        stores = self.stores(principal)
        snapshots, now = self._snapshots(), self._clock.now()
        return {store.store: self._state_of(snapshots[store.store], now) for store in stores}

    def status(self, principal: Principal) -> Status:
        """What is loaded and how it stands."""
        stores = self.stores(principal)
        states = self.states(principal)
        return Status(
            home=str(self._settings.home),
            stores=len(stores),
            series=sum(len(store.items) + 1 for store in stores),
            first_ds=min((store.first_ds for store in stores), default=None),
            last_ds=max((store.last_ds for store in stores), default=None),
            as_of=self.as_of(principal),
            engine=", ".join(
                dict.fromkeys([self._settings.engine_of(each.store, each.region) for each in stores])
            )
            or self._settings.engine,
            states={state: list(states.values()).count(state) for state in StoreState},
            active_runs=sum(state is StoreState.RUNNING for state in states.values()),
            disk=disk_use(self._storage.retention, self._history),
        )

    def check(self, principal: Principal, need: Need) -> Check:
        """Whether one of the needs of this process is met; takes as long as what it asks takes to answer.

        Raises
        ------
        NotPermitted
            If the principal is not an operator.
        """
        _require_operator(principal)
        if need is Need.DATABASE:
            return database_check(self._storage.vitals)
        if need is Need.WORKER:
            return worker_check(self._storage.vitals)
        return disk_check(self._settings.home, self._settings.disk_floor)

    def vital_signs(self, principal: Principal) -> VitalSigns:
        """Figures of the whole house, the same whichever process is asked; but free room is this machine's.

        Raises
        ------
        NotPermitted
            If the principal is not an operator.
        """
        _require_operator(principal)
        return self._vital_signs.read()

    def export(self, principal: Principal) -> pd.DataFrame:
        """Every day of every series of the newest versions.

        Returns
        -------
        pandas.DataFrame
            store, item, ds, mean, q10, q50, q90, engine, cutoff, version; stores in natural order.
        """
        columns = ["store", "item", "ds", *schema.VALUES, "engine", "cutoff", "version"]
        frames = []
        stores = self.stores(principal)
        snapshots = self._storage.runs.snapshots()
        for store in stores:
            head = snapshots[store.store].head
            if head is not None:
                rows = self._storage.versions.read(head.version)
                frames.append(
                    rows.assign(store=store.store, cutoff=pd.Timestamp(head.cutoff), version=head.version)
                )
        return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)

    def _may_see(self, principal: Principal, run: RefreshRun) -> bool:
        """Runs of the principal's stores; that over all stores is for everybody with a role."""
        if run.of_chain:
            return bool(principal.roles)
        if run.of_group:
            return run.scope == self._groups.scope_of(self.stores(principal))
        sales = self._storage.manifest.head(run.store, "sales")
        return sales is not None and principal.sees(run.store, sales.region)

    def _chosen(self, principal: Principal, region: str | None, store: str | None) -> list[str]:
        """The principal's stores, or those of a region, or the one."""
        if store is not None:
            file = self._sales_file(principal, store)
            return [store] if region in (None, file.region) else []
        return [each.store for each in self.stores(principal) if region in (None, each.region)]

    def _expected(self, store: Store, newest: date) -> SeriesDays:
        sales = self._storage.manifest.head(store.store, "sales")
        if sales is None:
            raise UnknownSeries(f"store {store.store}: expected sales history, found none")
        plan = self._storage.manifest.head(store.store, "plan")
        planned = self._history.days(plan) if plan else {}
        place = place_of(store.store, store.region, self._settings.holidays)
        return expected_days(self._history.days(sales), planned, newest, place)

    def _review_of(self, snapshot: StoreSnapshot) -> Review | None:
        said = self._storage.reviews.read([snapshot.store]).get(snapshot.store)
        return said if said and snapshot.head and said.version == snapshot.head.version else None

    def _waits_for(self, snapshot: StoreSnapshot) -> RefreshRun | None:
        run = snapshot.active
        if run is None or run.batch_id is None or run.state is not RunState.QUEUED:
            return None
        return self._storage.runs.holder(CHAIN)

    def _waits_in_vain(self, snapshot: StoreSnapshot, now: datetime) -> bool:
        run, vitals = snapshot.active, self._storage.vitals
        return run is not None and policy.waiting_for_worker(run, vitals.silence(), now)

    def _state_of(self, snapshot: StoreSnapshot, now: datetime) -> StoreState:
        return policy.state_of(
            snapshot,
            now=now,
            tolerance=self._settings.tolerance,
            horizon=self._settings.horizon,
            places=self._settings.holidays,
        )


def _require_operator(principal: Principal) -> None:
    if not principal.is_operator:
        raise NotPermitted("Only an operator may look at how the house is doing")


def _products(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item for item in items if item != ALL_ITEMS)
