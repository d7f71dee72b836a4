"""Series as they were read from versions and history files, neither of which ever changes."""

from functools import lru_cache

import pandas as pd

from forecasting.calendar.store_totals import total_of
from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import ALL_ITEMS, HistoryFile, SeriesKey, VersionHeader, natural_order
from forecasting.core.errors import UnknownSeries
from forecasting.core.ports import SalesHistory, Storage

SERIES_KEPT = 300
"""How many series of each kind are kept. Three years of daily sales take about 40 kB."""


class SeriesCache:
    """Keeps the series that were read last; shared by all threads.

    Rights are not checked here: callers look the store up in `VisibleStores` first.

    Parameters
    ----------
    history, storage
        Ports.
    """

    def __init__(self, history: SalesHistory, storage: Storage) -> None:
        self._history = history
        self._storage = storage
        self.rows = lru_cache(SERIES_KEPT)(self._read_rows)
        self.sold = lru_cache(SERIES_KEPT)(self._read_sold)

    def forecast(self, key: SeriesKey, header: VersionHeader) -> pd.DataFrame:
        """Return the rows of one series of a version, as a frame to which callers may add columns.

        Raises
        ------
        UnknownSeries
            If the version has no such product.
        """
        rows, known = self.rows(header, key.item)
        if rows.empty:
            products = ", ".join(sorted(known, key=natural_order))
            raise UnknownSeries(f"{key}: expected one of the products {products}, found '{key.item}'")
        return rows.copy(deep=False)

    def _read_rows(self, header: VersionHeader, item: str) -> tuple[pd.DataFrame, frozenset[str]]:
        """Read the rows of one item of a version, and the names of all items in it.

        The cache key is the whole header, not the version number: a database may be replaced by another one
        while the process runs, and its versions have the same numbers.
        """
        frame = self._storage.versions.read(header.version)
        return frame[frame["item"] == item].reset_index(drop=True), frozenset(frame["item"])

    def _read_sold(self, file: HistoryFile, item: str) -> SeriesDays | None:
        """Read the sales of one item; the store's total is added up where the file has products only."""
        sold = self._history.days(file)
        return total_of(list(sold.values())) if item == ALL_ITEMS and item not in sold else sold.get(item)
