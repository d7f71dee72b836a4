"""Which stores a remote engine trains together, and how the group's runs show up at each store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from forecasting.config.settings import Settings
from forecasting.core.domain import AWS_FORECAST, RefreshRun, Store, StoreSnapshot, group_scope
from forecasting.core.ports import RunQueries

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class GroupRuns:
    """The runs of the group of stores whose engine, or one of whose engines, is `AWS_FORECAST`."""

    runs: RunQueries
    settings: Settings

    def scope(self, store: str, region: str) -> str | None:
        """The scope of the group a store is trained in; None if it is trained alone."""
        asked = self.settings.engines_of(store, region)
        return group_scope(self.settings.aws.group) if AWS_FORECAST in asked else None

    def scope_of(self, stores: Iterable[Store], only: str | None = None) -> str | None:
        """The group's scope, if one of these stores is trained in it; with `only`, if that store is."""
        wanted = (each for each in stores if only in (None, each.store))
        return next(filter(None, (self.scope(each.store, each.region) for each in wanted)), None)

    def with_group_runs(self, snapshots: Mapping[str, StoreSnapshot]) -> dict[str, StoreSnapshot]:
        """The snapshots, with the group's runs added to each store of the group."""
        scopes = {name: self.scope(name, each.region) for name, each in snapshots.items() if each.sales}
        scope = next(filter(None, scopes.values()), None)
        if scope is None:
            return dict(snapshots)
        active, last = self.runs.holder(scope), self.runs.last(scope)
        return {
            name: _with_runs(each, active, last) if scopes.get(name) else each
            for name, each in snapshots.items()
        }


def _with_runs(snapshot: StoreSnapshot, active: RefreshRun | None, last: RefreshRun | None) -> StoreSnapshot:
    ended = [run for run in (snapshot.last, last) if run is not None]
    newest = max(ended, key=lambda run: run.finished_at or _NEVER, default=None)
    return replace(snapshot, active=active or snapshot.active, last=newest)
