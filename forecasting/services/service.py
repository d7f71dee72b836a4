"""The use cases, readable as the data flows: look (`reading.Reader`), refresh, feed, tidy up.

Every method takes the `Principal` who asks and answers only for the stores that principal may see; for
others a store does not exist.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from forecasting.calendar.inputs import all_facts, chain_hash
from forecasting.config.settings import Settings
from forecasting.core.domain import (
    Answer,
    Decision,
    ImportReport,
    Principal,
    PruneReport,
    RefreshRequest,
    RefreshRun,
    Review,
    RunState,
    StoreSnapshot,
    Verdict,
    Visit,
    scope_of,
)
from forecasting.core.errors import InvalidRequest, NotPermitted
from forecasting.core.pooled_priors import CHAIN
from forecasting.core.ports import Clock, SalesHistory, Storage
from forecasting.refresh import policy
from forecasting.services.housekeeping import GoOn, Pruning, rested
from forecasting.services.reading import Freshness, Reader
from forecasting.services.track_scoring import TrackScoring

CHAIN_DAYS = 7
"""Days of sales that what is pooled over all stores may be behind before an import asks for it again: it
moves slowly. A refresh of all stores asks whenever there are new sales."""

NEED = (Verdict.RETRAIN, Verdict.REFORECAST, Verdict.ATTACHED, Verdict.FRESH)
"""Answers by how much is to be done."""

PRESS, BATCH = 0, 10
"""Priorities: a person's press runs before a batch."""


class ForecastService(Reader):
    """The product's core as seen by pages, API and command line.

    Parameters
    ----------
    history, storage, clock
        Ports.
    settings
        Horizon, tolerance, engine.
    wake
        Called after a run was asked for, so that a worker in this process starts at once.
    next_day
        Finds the sample feed's file of a day, given all stores; None where these are not the sample's.
    pooled
        Whether a refresh of many stores begins with what is pooled over all of them.
    """

    def __init__(
        self,
        history: SalesHistory,
        storage: Storage,
        clock: Clock,
        settings: Settings,
        wake: Callable[[], None] = lambda: None,
        next_day: Callable[[frozenset[str], date], Path | None] = lambda _stores, _day: None,
        *,
        pooled: bool = False,
    ) -> None:
        super().__init__(history, storage, clock, settings)
        self._wake = wake
        self._next_day = next_day
        self._pooled = pooled
        self._scoring = TrackScoring(history, storage, settings.keep)

    def refresh(
        self, principal: Principal, store: str, *, force: bool = False, at: datetime | None = None
    ) -> Answer:
        """Answer a press on Refresh; asks for at most one run however many press.

        Parameters
        ----------
        force
            Train whatever the age; for operators.
        at
            The instant for the age check, by default now.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        InvalidRequest
            If `at` is later than now or has no zone.
        NotPermitted
            If `force` is asked for by someone who is not an operator.
        """
        snapshot = self._snapshot(principal, store)
        if force:
            _require_operator(principal, "force a training")
        rule = self._rule(self._instant(at), force=force)
        answer = self._storage.requests.submit(self._request(principal, snapshot, PRESS), rule)
        self._wake()
        return answer

    def refresh_all(
        self, principal: Principal, *, force: bool = False, only_new: bool = False
    ) -> list[Answer]:
        """Press Refresh for each of the principal's stores, as one batch behind everybody's own presses.

        Parameters
        ----------
        only_new
            Only stores that have never had a forecast nor a failed attempt at one.

        Returns
        -------
        list of Answer
            One for each store, in natural order; before them that of the run over all stores, if an operator
            asks and there is one to follow.
        """
        if force:
            _require_operator(principal, "force a training")
        known = self._snapshots()  # younger than the stores: may know more of them but never fewer
        snapshots = [known[store.store] for store in self.stores(principal)]
        if only_new:
            snapshots = [each for each in snapshots if _never_tried(each)]
        if not snapshots:
            return []
        batch, rule = uuid4().hex, self._rule(self._clock.now(), force=force)
        pools = self._pooled and principal.is_operator
        chain = [self._ask_chain(principal, force=force, batch=batch)] if pools else []
        asks = [self._request(principal, each, BATCH, batch) for each in self._one_a_group(snapshots, rule)]
        answers = self._storage.requests.submit_many(asks, rule)
        self._wake()
        by_scope = {ask.scope: (ask, answer) for ask, answer in zip(asks, answers, strict=True)}
        every = [_of_store(each.store, *by_scope[self._scope(each)]) for each in snapshots]
        return [answer for answer in chain if answer.run] + every

    def refresh_chain(self, principal: Principal, *, force: bool = False) -> Answer:
        """Ask for what is pooled over all stores to be computed again, unless it is of the newest sales.

        Parameters
        ----------
        force
            Compute it whatever there is.

        Raises
        ------
        NotPermitted
            If the principal is not an operator.
        """
        _require_operator(principal, "refresh what is pooled over all stores")
        return self._ask_chain(principal, force=force)

    def cancel(self, principal: Principal, run_id: str) -> RefreshRun:
        """End a run that is queued, running or waits for its next attempt; what was published stays.

        Returns
        -------
        RefreshRun
            The run as it stands now.

        Raises
        ------
        UnknownRun
            If the principal has no such run.
        InvalidRequest
            If it has ended already.
        NotPermitted
            If it pools over all stores and the principal is not an operator.
        """
        run = self.run(principal, run_id)
        if not run.store:
            _require_operator(principal, "cancel what concerns many stores")
        if not self._storage.requests.cancel(run_id, f"Cancelled by {principal.name}", self._clock.now()):
            ended = self.run(principal, run_id)
            raise InvalidRequest(f"{run.whose}: expected a run that has not ended, found it {ended.state}")
        self._wake()
        return self.run(principal, run_id)

    def cancel_batch(self, principal: Principal, batch_id: str) -> int:
        """End what is still to be done of a refresh of many stores, of the principal's stores; tell how many.

        What pools over all stores ends with it where an operator asks.
        """
        mine = None
        if not (principal.sees_all and principal.is_operator):
            mine = [store.store for store in self.stores(principal)]
        reason = f"Cancelled by {principal.name}"
        ended = self._storage.requests.cancel_batch(batch_id, mine, reason, self._clock.now())
        self._wake()
        return ended

    def retry(self, principal: Principal, run_id: str) -> Answer:
        """Ask again for what a run that failed or was cancelled was asked for; an active run is joined.

        Raises
        ------
        UnknownRun
            If the principal has no such run.
        InvalidRequest
            If it has neither failed nor been cancelled.
        NotPermitted
            If it pools over all stores and the principal is not an operator.
        """
        run = self.run(principal, run_id)
        if run.state not in (RunState.FAILED, RunState.CANCELLED):
            raise InvalidRequest(
                f"{run.whose}: expected a run that failed or was cancelled, found it {run.state}"
            )
        if run.of_chain:
            return self.refresh_chain(principal)
        again = Decision(run.verdict, f"Trying again what {run.state} before, as asked")
        stores = [each for each in self._snapshots().values() if self._scope(each) == run.scope]
        ask = self._request(principal, next(each for each in stores if self._sees(principal, each)), PRESS)
        answer = self._storage.requests.submit(ask, lambda _snapshot: again)
        self._wake()
        return answer

    def review(self, principal: Principal, store: str) -> Review:
        """Say that a store's newest forecast was looked at: that holds until there is a newer one, or day.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        NoForecastYet
            If there is nothing to look at.
        """
        header, as_of = self._header(principal, store, None), self.as_of(principal)
        said = Review(store, header.version, as_of or header.cutoff, principal.name, self._clock.now())
        self._storage.reviews.record(said)
        return said

    def withdraw_review(self, principal: Principal, store: str) -> None:
        """Take back that a store was looked at.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        self._sales_file(principal, store)
        self._storage.reviews.withdraw(store)

    def visit(self, principal: Principal, store: str, version: int) -> Visit:
        """Note which version somebody sees, and tell which one they saw before it.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        InvalidRequest
            If there is no such version of it.
        """
        header = self._header(principal, store, version)
        return self._storage.reviews.record_visit(principal.subject, store, header.version, self._clock.now())

    def import_file(
        self,
        principal: Principal,
        path: Path,
        kind: str,
        *,
        layout: str = "auto",
        stores: Path | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Import a file of ``"sales"`` or ``"plan"``: all of it or nothing; with `dry_run` only report.

        The forecasts of the days that arrived are scored; where they can't be, the import holds all the same.
        What is pooled over all stores is asked for where there is none, or it is a week of sales behind.

        Parameters
        ----------
        layout, stores
            Its format and its file of store attributes, as for `ports.SalesHistory.import_file`.

        Raises
        ------
        InvalidFile
            With every problem found.
        InvalidRequest
            If there is no such kind or layout, or the layout has no file of store attributes.
        NotPermitted
            If the principal is not an operator.
        """
        _require_operator(principal, "import files")
        report = self._history.import_file(
            path, kind, principal.subject, layout=layout, stores=stores, dry_run=dry_run
        )
        if kind == "sales" and report.import_id is not None:
            self._scoring.score(report.stores)
            self._pool_if_due(principal)
        return report

    def score_arrivals(self, principal: Principal, go_on: GoOn = rested) -> None:
        """Score what arrived and was not scored at once, if there was an import since the last time.

        Parameters
        ----------
        go_on
            Asked before each store; rests a little, or breaks it off.

        Raises
        ------
        NotPermitted
            If the principal is not an operator.
        """
        _require_operator(principal, "score forecasts")
        self._scoring.catch_up(go_on)

    def next_sample_day(self, principal: Principal) -> date | None:
        """The day of the embedded sample's feed that can be loaded next, or None where there is none."""
        as_of = self.as_of(principal)
        return as_of if as_of and self._next_day(self._store_names(principal), as_of) else None

    def load_next_sample_day(self, principal: Principal) -> ImportReport:
        """Import the next day of the embedded sample's feed.

        Raises
        ------
        InvalidRequest
            If what is loaded is not the sample, or its feed is at its end.
        """
        as_of = self.as_of(principal)
        path = self._next_day(self._store_names(principal), as_of) if as_of else None
        if path is None:
            raise InvalidRequest(
                f"sample feed: expected the sample and a day to come, found nothing for {as_of}"
            )
        return self.import_file(principal, path, "sales")

    def prune(self, principal: Principal, go_on: GoOn = rested, *, dry_run: bool = False) -> PruneReport:
        """Remove versions, runs and history files that the settings no longer keep.

        Parameters
        ----------
        go_on
            Asked before each small step; rests a little, or breaks it off.
        dry_run
            Only report what would be removed.

        Raises
        ------
        NotPermitted
            If the principal is not an operator.
        """
        _require_operator(principal, "prune")
        kept, now = self._settings, self._clock.now()
        pruning = Pruning(self._storage.retention, self._history, kept.keep_versions, kept.keep)
        return pruning.preview(now) if dry_run else pruning.run(now, go_on)

    def _store_names(self, principal: Principal) -> frozenset[str]:
        return frozenset(store.store for store in self.stores(principal))

    def _instant(self, at: datetime | None) -> datetime:
        now = self._clock.now()
        if at is None:
            return now
        if at.tzinfo is None:
            raise InvalidRequest(f"expected an instant with its zone, found '{at.isoformat()}'")
        if at > now:
            raise InvalidRequest(
                f"expected an instant not later than now ({now:%Y-%m-%dT%H:%MZ}), found '{at}'"
            )
        return at

    def _rule(self, at: datetime, *, force: bool) -> Callable[[StoreSnapshot], Decision]:
        given = self._settings
        rule = partial(
            policy.decide,
            at=at,
            tolerance=given.tolerance,
            horizon=given.horizon,
            places=given.holidays,
            force=force,
        )
        return lambda each: rule(each, engine=given.engine_of(each.store, each.region))

    def _scope(self, snapshot: StoreSnapshot) -> str:
        return self._groups.scope(snapshot.store, snapshot.region) or scope_of(snapshot.store)

    def _sees(self, principal: Principal, snapshot: StoreSnapshot) -> bool:
        return snapshot.sales is not None and principal.sees(snapshot.store, snapshot.region)

    def _one_a_group(
        self, snapshots: Sequence[StoreSnapshot], rule: Callable[[StoreSnapshot], Decision]
    ) -> list[StoreSnapshot]:
        """One store of each scope: of a group the one that needs most."""
        chosen: dict[str, StoreSnapshot] = {}
        for each in snapshots:
            scope = self._scope(each)
            if scope not in chosen or NEED.index(rule(each).verdict) < NEED.index(
                rule(chosen[scope]).verdict
            ):
                chosen[scope] = each
        return list(chosen.values())

    def _ask_chain(self, principal: Principal, *, force: bool = False, batch: str | None = None) -> Answer:
        horizon, engine = self._settings.horizon, self._settings.local_engine
        heads = self._storage.manifest.heads("sales")
        facts = all_facts(heads, self._storage.manifest.attributes(), self._settings.holidays)
        inputs = chain_hash(heads, facts, horizon)
        rule = partial(policy.decide_chain, engine=engine, horizon=horizon, inputs=inputs, force=force)
        ask = self._asked(principal, CHAIN, BATCH, batch)
        answer = self._storage.requests.submit_chain(ask, rule)
        self._wake()
        return answer

    def _pool_if_due(self, principal: Principal) -> None:
        if not self._pooled:
            return
        latest, as_of = self._storage.chains.latest(), self.as_of(principal)
        if latest is None or (as_of is not None and (as_of - latest.cutoff).days - 1 > CHAIN_DAYS):
            self._ask_chain(principal)

    def _request(
        self, principal: Principal, snapshot: StoreSnapshot, priority: int, batch: str | None = None
    ) -> RefreshRequest:
        ask = self._asked(principal, self._scope(snapshot), priority, batch)
        engine = self._settings.engine_of(snapshot.store, snapshot.region)
        return replace(ask, store=snapshot.store, engine=engine)

    def _asked(self, principal: Principal, scope: str, priority: int, batch: str | None) -> RefreshRequest:
        return RefreshRequest(
            run_id=uuid4().hex,
            scope=scope,
            store="",
            requested_by=principal.name,
            requested_at=self._clock.now(),
            engine=self._settings.local_engine,
            priority=priority,
            batch_id=batch,
        )


def _require_operator(principal: Principal, deed: str) -> None:
    if not principal.is_operator:
        raise NotPermitted(f"Only an operator may {deed}")


def _of_store(store: str, ask: RefreshRequest, answer: Answer) -> Answer:
    """The answer for a store; the others of its group are attached to what was asked for one of them."""
    return answer if ask.store == store or answer.run is None else replace(answer, verdict=Verdict.ATTACHED)


def _never_tried(snapshot: StoreSnapshot) -> bool:
    broken = (RunState.FAILED, RunState.CANCELLED)
    return snapshot.head is None and not (snapshot.last and snapshot.last.state in broken)


__all__ = ["ForecastService", "Freshness"]
