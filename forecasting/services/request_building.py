"""Refresh requests, and the rule by which the ledger decides them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import uuid4

from forecasting.config.settings import Settings
from forecasting.core.domain import Principal, RefreshDecision, RefreshRequest, StoreSnapshot, scope_of
from forecasting.core.ports import Clock
from forecasting.refresh import policy
from forecasting.services.visible_stores import VisibleStores

PRESS, BATCH = 0, 10
"""Priorities: a person's press runs before a batch."""

Rule = Callable[[StoreSnapshot], RefreshDecision]
"""Decides what a request for a store leads to."""


@dataclass(frozen=True, slots=True)
class RequestBuilder:
    """Builds refresh requests from the settings.

    Attributes
    ----------
    clock
        Says when a request is made.
    settings
        Horizon, tolerance, engine, holidays.
    stores
        Knows which stores are trained together as a group.
    """

    clock: Clock
    settings: Settings
    stores: VisibleStores

    def rule(self, at: datetime, *, force: bool) -> Rule:
        """The rule for requests at an instant; with `force` it trains whatever the predictor's age."""
        given = self.settings
        decide = partial(
            policy.decide,
            at=at,
            tolerance=given.tolerance,
            horizon=given.horizon,
            places=given.holidays,
            force=force,
        )
        return lambda each: decide(each, engine=given.engine_of(each.store, each.region))

    def scope(self, snapshot: StoreSnapshot) -> str:
        """The scope in which a store is trained: its group's, or its own."""
        return self.stores.groups.scope(snapshot.store, snapshot.region) or scope_of(snapshot.store)

    def for_store(
        self, principal: Principal, snapshot: StoreSnapshot, priority: int, batch: str | None = None
    ) -> RefreshRequest:
        """A request for one store, with the store's engine."""
        ask = self.for_scope(principal, self.scope(snapshot), priority, batch)
        engine = self.settings.engine_of(snapshot.store, snapshot.region)
        return replace(ask, store=snapshot.store, engine=engine)

    def for_scope(self, principal: Principal, scope: str, priority: int, batch: str | None) -> RefreshRequest:
        """A request that names no store, with the default local engine."""
        return RefreshRequest(
            run_id=uuid4().hex,
            scope=scope,
            store="",
            requested_by=principal.name,
            requested_at=self.clock.now(),
            engine=self.settings.local_engine,
            priority=priority,
            batch_id=batch,
        )
