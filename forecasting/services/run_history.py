"""Refresh runs as planners and operators read them: under way, ended, broken."""

from dataclasses import replace
from datetime import timedelta

from forecasting.core.domain import BatchProgress, Principal, RefreshRun, RunState
from forecasting.core.errors import UnknownRun
from forecasting.core.ports import Clock, Storage
from forecasting.planning import remaining_time
from forecasting.services.visible_stores import VisibleStores


class Runs:
    """Reads refresh runs within a principal's rights.

    Parameters
    ----------
    storage, clock
        Ports.
    stores
        The stores a principal may see.
    """

    def __init__(self, storage: Storage, clock: Clock, stores: VisibleStores) -> None:
        self._storage = storage
        self._clock = clock
        self._stores = stores

    def get(self, principal: Principal, run_id: str) -> RefreshRun:
        """Read one run.

        Raises
        ------
        UnknownRun
            If there is no such run, or it belongs to a store the principal may not see.
        """
        run = self._storage.runs.get(run_id)
        if run is None or not self._may_see(principal, run):
            raise UnknownRun(f"run '{run_id}': expected the id of a refresh run, found none of that id")
        return run

    def recent(self, principal: Principal, limit: int = 200, store: str | None = None) -> list[RefreshRun]:
        """List the principal's newest runs, newest first.

        Runs over all stores are included for operators, and for planners who see every store.

        Parameters
        ----------
        store
            Only runs about this store, or about the group it is trained in.
        """
        mine = self._stores.all(principal)
        scope = self._stores.groups.scope_of(mine, store)
        seen = {each.store for each in mine}
        all_stores = principal.sees_all or principal.is_operator
        return [
            run
            for run in self._storage.runs.recent(limit, store, scope)
            if run.store in seen or run.scope == scope or (run.is_chain_run and all_stores)
        ]

    def broken(self, principal: Principal, limit: int = 5) -> list[RefreshRun]:
        """List failed and cancelled runs that no newer run of the same scope has followed, newest first."""
        newest: dict[str, RefreshRun] = {}
        for run in self.recent(principal):
            newest.setdefault(run.scope, run)
        broken = (RunState.FAILED, RunState.CANCELLED)
        return [run for run in newest.values() if run.state in broken][:limit]

    def batch(self, principal: Principal) -> BatchProgress | None:
        """How far the active refresh of many stores is; None without one, or if the principal has no role."""
        batch = self._storage.runs.batch() if principal.roles else None
        return replace(batch, remaining=remaining_time.of_batch(batch, self._clock.now())) if batch else None

    def remaining(self, run: RefreshRun) -> timedelta | None:
        """Estimate how much longer a run takes, or waits for its next attempt; None without an estimate."""
        return remaining_time.of_run(run, self._clock.now())

    def _may_see(self, principal: Principal, run: RefreshRun) -> bool:
        """Everybody with a role sees runs over all stores; other runs follow the rights on their stores."""
        if run.is_chain_run:
            return bool(principal.roles)
        if run.is_group_run:
            return run.scope == self._stores.groups.scope_of(self._stores.all(principal))
        sales = self._storage.manifest.head(run.store, "sales")
        return sales is not None and principal.sees(run.store, sales.region)
