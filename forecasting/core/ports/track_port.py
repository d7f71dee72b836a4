"""The port for the track record of published forecasts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import pandas as pd

from forecasting.core.domain import ALL_ITEMS, Actual, SeriesDay, TrackRow, VersionHeader
from forecasting.core.error_sums import ErrorSums


@dataclass(frozen=True, slots=True)
class TrackUpdate:
    """The changes that a store's new sales make to its track record.

    Attributes
    ----------
    sales_hash
        Content hash of these sales.
    rows
        Newly scored days. Each replaces the row of the same item, day and lead.
    corrected
        Recorded days whose sales have been revised, with the new values.
    gone
        Recorded days that are no longer in the sales, for example after a rollback.
    """

    sales_hash: str
    rows: Sequence[TrackRow] = ()
    corrected: Mapping[SeriesDay, Actual] = field(default_factory=dict)
    gone: Collection[SeriesDay] = ()


class TrackRecord(Protocol):
    """What published versions forecast for days that are now past. It outlives the versions."""

    def pending(self, stores: Collection[str] | None = None) -> list[str]:
        """The stores with a forecast whose newest sales are not in their track record yet.

        Parameters
        ----------
        stores
            Only these stores; None means every store.
        """
        ...

    def candidates(self, store: str, first: date, last: date) -> list[VersionHeader]:
        """The store's versions that forecast a day from `first` to `last`, oldest first. No blob is read."""
        ...

    def recorded(self, store: str) -> dict[SeriesDay, Actual]:
        """The days in a store's track record, with the sales recorded for them."""
        ...

    def record(self, store: str, update: TrackUpdate) -> bool:
        """Change a store's track record and remember which sales it reflects, in one transaction.

        Returns False, and changes nothing, if the store's sales have changed since; it then stays pending.
        """
        ...

    def read(
        self, stores: Collection[str], *, item: str | None = None, since: date | None = None
    ) -> pd.DataFrame:
        """Read the track record of stores as `schema.TRACK`, sorted by store, item, day and lead.

        Parameters
        ----------
        item
            Only this item; None means all items.
        since
            The first day; None means from the beginning.
        """
        ...

    def rows(self, store: str, item: str, lead: int, since: date) -> list[TrackRow]:
        """The rows of one series and one lead from a day on, sorted by day."""
        ...

    def sums(
        self, stores: Collection[str] | None, *, item: str = ALL_ITEMS, since: date | None = None
    ) -> dict[int, ErrorSums]:
        """Errors of an item on open days, added up over the stores, by lead. `scaled` is left at 0.

        Parameters
        ----------
        stores
            None means every store that has sales.
        since
            The first day; None means from the beginning.
        """
        ...

    def sums_by_store(
        self, stores: Collection[str] | None, *, item: str = ALL_ITEMS, since: date | None = None
    ) -> dict[str, dict[int, ErrorSums]]:
        """As `sums`, for each store that has rows."""
        ...
