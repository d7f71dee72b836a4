"""Presses on Refresh, for one store, many stores or the pooled priors; cancelling and trying again."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import uuid4

from forecasting.calendar.inputs import all_facts, chain_hash
from forecasting.config.settings import Settings
from forecasting.core.domain import (
    Principal,
    RefreshAnswer,
    RefreshDecision,
    RefreshRequest,
    RefreshRun,
    RunState,
    StoreSnapshot,
    Verdict,
)
from forecasting.core.errors import InvalidRequest
from forecasting.core.pooled_priors import CHAIN
from forecasting.core.ports import Clock, Storage
from forecasting.refresh import policy
from forecasting.services.request_building import BATCH, PRESS, RequestBuilder, Rule
from forecasting.services.run_history import Runs
from forecasting.services.visible_stores import VisibleStores, require_operator

POOLING_DAYS = 7
"""Days of new sales after which an import has the pooled priors computed again: they move slowly. A refresh
of all stores has them computed again whenever there are new sales."""

MOST_WORK_FIRST = (Verdict.RETRAIN, Verdict.REFORECAST, Verdict.ATTACHED, Verdict.FRESH)


class Refreshing:
    """Answers presses on Refresh by the rules of `refresh.policy`, applied by the ledger in one transaction.

    Parameters
    ----------
    storage, clock
        Ports.
    settings
        Horizon, tolerance, engine.
    stores
        The stores a principal may see.
    runs
        Looks up the run to cancel or to try again.
    wake
        Called after a run was requested, so that a worker in this process starts at once.
    pooled
        Whether a refresh of all stores begins with the priors pooled over all of them.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        settings: Settings,
        stores: VisibleStores,
        runs: Runs,
        wake: Callable[[], None],
        *,
        pooled: bool,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._settings = settings
        self._stores = stores
        self._runs = runs
        self._wake = wake
        self._pooled = pooled
        self._build = RequestBuilder(clock, settings, stores)

    def refresh(
        self, principal: Principal, store: str, *, force: bool = False, at: datetime | None = None
    ) -> RefreshAnswer:
        """Answer one press on Refresh. However many people press, at most one run is created.

        Parameters
        ----------
        force
            Train whatever the predictor's age; for operators.
        at
            The instant at which the age is judged, by default now.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        InvalidRequest
            If `at` is later than now or has no time zone.
        NotPermitted
            If `force` is set by someone who is not an operator.
        """
        snapshot = self._stores.snapshot(principal, store)
        if force:
            require_operator(principal, "force a training")
        rule = self._build.rule(self._instant(at), force=force)
        answer = self._storage.requests.submit(self._build.for_store(principal, snapshot, PRESS), rule)
        self._wake()
        return answer

    def refresh_all(
        self, principal: Principal, *, force: bool = False, only_new: bool = False
    ) -> list[RefreshAnswer]:
        """Press Refresh for each of the principal's stores, as one batch that waits for people's own presses.

        Parameters
        ----------
        only_new
            Only stores without a forecast whose last run has not failed or been cancelled.

        Returns
        -------
        list of RefreshAnswer
            One for each store, in natural order. If an operator asks and the pooled priors are computed
            again, the answer about that run comes first.
        """
        if force:
            require_operator(principal, "force a training")
        snapshots = [each for each in self._stores.snapshots(principal) if not only_new or _never_tried(each)]
        if not snapshots:
            return []
        batch, rule = uuid4().hex, self._build.rule(self._clock.now(), force=force)
        pools = self._pooled and principal.is_operator
        chain = [self._request_pooling(principal, force=force, batch=batch)] if pools else []
        asks = [
            self._build.for_store(principal, each, BATCH, batch)
            for each in self._one_per_scope(snapshots, rule)
        ]
        answers = self._storage.requests.submit_many(asks, rule)
        self._wake()
        by_scope = {ask.scope: (ask, answer) for ask, answer in zip(asks, answers, strict=True)}
        every = [_answer_for(each.store, *by_scope[self._build.scope(each)]) for each in snapshots]
        return [answer for answer in chain if answer.run] + every

    def refresh_chain(self, principal: Principal, *, force: bool = False) -> RefreshAnswer:
        """Have the priors pooled over all stores computed again, unless they include the newest sales.

        Parameters
        ----------
        force
            Compute them in any case.

        Raises
        ------
        NotPermitted
            If the principal is not an operator.
        """
        require_operator(principal, "refresh what is pooled over all stores")
        return self._request_pooling(principal, force=force)

    def pool_if_due(self, principal: Principal) -> None:
        """After an import: have the pooled priors computed if there are none or they are a week behind."""
        if not self._pooled:
            return
        latest, as_of = self._storage.chains.latest(), self._stores.as_of(principal)
        if latest is None or (as_of is not None and (as_of - latest.cutoff).days - 1 > POOLING_DAYS):
            self._request_pooling(principal)

    def cancel(self, principal: Principal, run_id: str) -> RefreshRun:
        """End a run that is queued, running or waiting for its next attempt. Published forecasts stay.

        Returns
        -------
        RefreshRun
            The run after it has ended.

        Raises
        ------
        UnknownRun
            If the principal has no such run.
        InvalidRequest
            If it has ended already.
        NotPermitted
            If it concerns many stores and the principal is not an operator.
        """
        run = self._runs.get(principal, run_id)
        if not run.store:
            require_operator(principal, "cancel what concerns many stores")
        if not self._storage.requests.cancel(run_id, f"Cancelled by {principal.name}", self._clock.now()):
            ended = self._runs.get(principal, run_id)
            raise InvalidRequest(f"{run.target}: expected a run that has not ended, found it {ended.state}")
        self._wake()
        return self._runs.get(principal, run_id)

    def cancel_batch(self, principal: Principal, batch_id: str) -> int:
        """End the remaining runs of a batch for the principal's stores, and return how many.

        The run over all stores ends with them if the principal is an operator who sees every store.
        """
        mine = None
        if not (principal.sees_all and principal.is_operator):
            mine = [store.store for store in self._stores.all(principal)]
        reason = f"Cancelled by {principal.name}"
        ended = self._storage.requests.cancel_batch(batch_id, mine, reason, self._clock.now())
        self._wake()
        return ended

    def retry(self, principal: Principal, run_id: str) -> RefreshAnswer:
        """Request the same work as a run that failed or was cancelled; an active run is joined instead.

        Raises
        ------
        UnknownRun
            If the principal has no such run.
        InvalidRequest
            If it has neither failed nor been cancelled.
        NotPermitted
            If it pools over all stores and the principal is not an operator.
        """
        run = self._runs.get(principal, run_id)
        if run.state not in (RunState.FAILED, RunState.CANCELLED):
            raise InvalidRequest(
                f"{run.target}: expected a run that failed or was cancelled, found it {run.state}"
            )
        if run.is_chain_run:
            return self.refresh_chain(principal)
        again = RefreshDecision(run.verdict, f"Trying again what {run.state} before, as asked")
        snapshot = next(
            each for each in self._stores.snapshots(principal) if self._build.scope(each) == run.scope
        )
        ask = self._build.for_store(principal, snapshot, PRESS)
        answer = self._storage.requests.submit(ask, lambda _snapshot: again)
        self._wake()
        return answer

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

    def _one_per_scope(self, snapshots: Sequence[StoreSnapshot], rule: Rule) -> list[StoreSnapshot]:
        """Choose one store of each scope: in a group, the store with the most work to do."""
        chosen: dict[str, StoreSnapshot] = {}
        for each in snapshots:
            scope = self._build.scope(each)
            if scope not in chosen or _work(rule(each)) < _work(rule(chosen[scope])):
                chosen[scope] = each
        return list(chosen.values())

    def _request_pooling(
        self, principal: Principal, *, force: bool = False, batch: str | None = None
    ) -> RefreshAnswer:
        horizon, engine = self._settings.horizon, self._settings.local_engine
        heads = self._storage.manifest.heads("sales")
        facts = all_facts(heads, self._storage.manifest.attributes(), self._settings.holidays)
        inputs = chain_hash(heads, facts, horizon)
        rule = partial(policy.decide_chain, engine=engine, horizon=horizon, inputs=inputs, force=force)
        answer = self._storage.requests.submit_chain(
            self._build.for_scope(principal, CHAIN, BATCH, batch), rule
        )
        self._wake()
        return answer


def _work(decision: RefreshDecision) -> int:
    return MOST_WORK_FIRST.index(decision.verdict)


def _answer_for(store: str, ask: RefreshRequest, answer: RefreshAnswer) -> RefreshAnswer:
    """The answer for one store; in a group, stores other than the requested one are attached to its run."""
    return answer if ask.store == store or answer.run is None else replace(answer, verdict=Verdict.ATTACHED)


def _never_tried(snapshot: StoreSnapshot) -> bool:
    broken = (RunState.FAILED, RunState.CANCELLED)
    return snapshot.head is None and not (snapshot.last and snapshot.last.state in broken)
