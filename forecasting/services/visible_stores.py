"""Which stores a principal may see. Every service asks here first; other stores do not exist for them."""

from collections.abc import Collection
from datetime import date, timedelta

from forecasting.config.settings import Settings
from forecasting.core.domain import (
    ALL_ITEMS,
    HistoryFile,
    Principal,
    SeriesKey,
    Store,
    StoreSnapshot,
    VersionHeader,
    natural_order,
)
from forecasting.core.errors import InvalidRequest, NoForecastYet, NotPermitted, UnknownSeries
from forecasting.core.ports import Storage
from forecasting.refresh.group_scopes import GroupRuns


class VisibleStores:
    """Looks up stores, series and versions within a principal's rights.

    Parameters
    ----------
    storage
        Port.
    settings
        Names the stores that are trained together as a group.
    """

    def __init__(self, storage: Storage, settings: Settings) -> None:
        self._storage = storage
        self.groups = GroupRuns(storage.runs, settings)

    def all(self, principal: Principal) -> list[Store]:
        """List the principal's stores that have sales, in natural order."""
        heads = self._storage.manifest.heads("sales").values()
        seen = [
            Store(file.store, file.region, _products(file.items), file.first_ds, file.last_ds)
            for file in heads
            if principal.sees(file.store, file.region)
        ]
        return sorted(seen, key=lambda store: natural_order(store.store))

    def chosen(self, principal: Principal, region: str | None, store: str | None) -> list[str]:
        """Name the principal's stores, only those of a region, or only one store.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        if store is not None:
            file = self.sales_file(principal, store)
            return [store] if region in (None, file.region) else []
        return [each.store for each in self.all(principal) if region in (None, each.region)]

    def as_of(self, principal: Principal) -> date | None:
        """The business date: the day after the newest sales of the principal's stores; None without sales."""
        newest = max((store.last_ds for store in self.all(principal)), default=None)
        return newest + timedelta(days=1) if newest else None

    def snapshots(self, principal: Principal) -> list[StoreSnapshot]:
        """Read the snapshots of the principal's stores with sales in one transaction, in natural order."""
        seen = [each for each in self.every_snapshot().values() if _sees(principal, each)]
        return sorted(seen, key=lambda each: natural_order(each.store))

    def snapshot(self, principal: Principal, store: str) -> StoreSnapshot:
        """Read the snapshot of one store.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        snapshot = self.every_snapshot([store]).get(store)
        if snapshot is None or not _sees(principal, snapshot):
            raise UnknownSeries(f"store '{store}': expected a store with sales history, found none")
        return snapshot

    def every_snapshot(self, stores: Collection[str] | None = None) -> dict[str, StoreSnapshot]:
        """Read snapshots whoever asks. Stores of a group carry the group's runs.

        Parameters
        ----------
        stores
            The stores to read; None means every store.
        """
        return self.groups.with_group_runs(self._storage.runs.snapshots(stores))

    def sales_file(self, principal: Principal, store: str) -> HistoryFile:
        """The newest sales file of a store, found in one small query.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        """
        file = self._storage.manifest.head(store, "sales")
        if file is None or not principal.sees(store, file.region):
            raise UnknownSeries(f"store '{store}': expected a store with sales history, found none")
        return file

    def series_file(self, principal: Principal, key: SeriesKey) -> HistoryFile:
        """The newest sales file of a store that sells the series' product.

        Raises
        ------
        UnknownSeries
            If the principal has no such store, or the store does not sell the product.
        """
        file = self.sales_file(principal, key.store)
        if key.item not in (ALL_ITEMS, *file.items):
            raise UnknownSeries(f"{key}: expected sales history, found none")
        return file

    def header(self, principal: Principal, store: str, version: int | None) -> VersionHeader:
        """The header of one version of a store; None means its newest version.

        Raises
        ------
        UnknownSeries
            If the principal has no such store.
        NoForecastYet
            If the store has no forecast yet.
        InvalidRequest
            If there is no such version, or it belongs to another store.
        """
        if version is None:
            header = self.snapshot(principal, store).head
        else:
            self.sales_file(principal, store)
            header = self._storage.versions.header(version)
        if header is None:
            raise NoForecastYet(f"store '{store}': expected a forecast, found none yet")
        if header.store != store:
            raise InvalidRequest(
                f"version {version}: expected a version of store {store}, found another store's"
            )
        return header


def require_operator(principal: Principal, action: str) -> None:
    """Refuse everybody but operators.

    Parameters
    ----------
    action
        What only operators may do, to complete "Only an operator may …".

    Raises
    ------
    NotPermitted
        If the principal is not an operator.
    """
    if not principal.is_operator:
        raise NotPermitted(f"Only an operator may {action}")


def _sees(principal: Principal, snapshot: StoreSnapshot) -> bool:
    return snapshot.sales is not None and principal.sees(snapshot.store, snapshot.region)


def _products(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item for item in items if item != ALL_ITEMS)
