"""Check a file's records against each other: no day twice, no total beside items, one region per store."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.core.domain import ALL_ITEMS, natural_order
from forecasting.history.encoded_columns import EncodedColumn
from forecasting.history.problem_collector import ProblemCollector, quote

_DAYS = 2**18
"""More than the days from 1900 to 2199, so that one integer holds a series and a day."""


@dataclass(frozen=True, slots=True)
class CodedNames:
    """A column of names, encoded as positions in a list of distinct names.

    Attributes
    ----------
    names
        Distinct names in natural order.
    codes
        Index into `names`, one per record; -1 where the cell is empty or invalid.
    """

    names: tuple[str, ...]
    codes: NDArray[np.int32]

    @classmethod
    def from_column(cls, column: EncodedColumn) -> Self:
        """Encode a column, with its names in natural order."""
        names = sorted(set(column.names) - {""}, key=name_sort_key)
        rank = {"": -1} | {name: at for at, name in enumerate(names)}
        ranks = np.array([*(rank[name] for name in column.names), -1], np.int32)
        return cls(tuple(names), ranks[np.maximum(column.numbers, -1)])

    def select(self, positions: NDArray[np.bool_] | slice) -> Self:
        """Return the column for some of the records, with the same list of names."""
        return type(self)(self.names, self.codes[positions])

    def name_at(self, position: int) -> str:
        """Return the name in one record."""
        return self.names[int(self.codes[position])]


def name_sort_key(name: str) -> tuple[tuple[int, int | str], str]:
    """Return a sort key for natural order that keeps "1" and "01" apart."""
    return natural_order(name), name


@dataclass(frozen=True, slots=True)
class RecordKeys:
    """Store, item and day of records in which all three are valid.

    Attributes
    ----------
    days
        Days since 1970-01-01.
    rows
        Row number of each record in the file, ascending.
    """

    stores: CodedNames
    items: CodedNames
    days: NDArray[np.int32]
    rows: NDArray[np.int64]

    def store_days(self) -> NDArray[np.int64]:
        """Return (n,) integers, equal where store and day are equal."""
        return self.stores.codes.astype(np.int64) * _DAYS + self.days + _DAYS // 2

    def series_days(self) -> NDArray[np.int64]:
        """Return (n,) integers, equal where store, item and day are equal."""
        series = self.stores.codes.astype(np.int64) * len(self.items.names) + self.items.codes
        return series * _DAYS + self.days + _DAYS // 2


def check_duplicates(keys: RecordKeys, problems: ProblemCollector) -> None:
    """Add a problem for every record whose store, item and day appear in an earlier row."""
    series_days = keys.series_days()
    ordered = np.sort(series_days)
    if not (ordered[1:] == ordered[:-1]).any():
        return

    def found(at: int) -> str:
        first = int(np.argmax(series_days == series_days[at]))
        day = np.datetime64(int(keys.days[at]), "D")
        key = f"store {keys.stores.name_at(at)}, item {keys.items.name_at(at)}, {day}"
        return f"{key} again (first in row {keys.rows[first]:,})"

    repeated = pd.Series(series_days).duplicated().to_numpy()
    problems.add_rows(repeated, keys.rows, "one row per store, item and day", found)


def check_totals_beside_items(keys: RecordKeys, problems: ProblemCollector) -> None:
    """Add a problem for every store with both its total and single items: totals are derived from items."""
    if ALL_ITEMS not in keys.items.names:
        return
    is_total = keys.items.codes == keys.items.names.index(ALL_ITEMS)
    totals, singles = _first_of_each_store(keys, is_total), _first_of_each_store(keys, ~is_total)
    for store in sorted(totals.keys() & singles.keys()):
        single = singles[store]
        problems.add(
            f"either '{ALL_ITEMS}' or single items in store {keys.stores.names[store]}",
            f"'{ALL_ITEMS}' beside {quote(keys.items.name_at(single))} (row {keys.rows[single]:,})",
            row=int(keys.rows[totals[store]]),
            column="item",
        )


def _first_of_each_store(keys: RecordKeys, among: NDArray[np.bool_]) -> dict[int, int]:
    stores, first = np.unique(keys.stores.codes[among], return_index=True)
    return dict(zip(stores.tolist(), np.flatnonzero(among)[first].tolist(), strict=True))


def check_single_region(keys: RecordKeys, regions: CodedNames, problems: ProblemCollector) -> None:
    """Add a problem for every second region of a store, at the row where it first appears."""
    first_of_store: dict[int, int] = {}
    for at in _first_positions(keys.stores, regions):
        store = int(keys.stores.codes[at])
        first = first_of_store.setdefault(store, at)
        if first != at:
            problems.add(
                f"{quote(regions.name_at(first))} for store {keys.stores.names[store]},"
                f" as in row {keys.rows[first]:,}",
                quote(regions.name_at(at)),
                row=int(keys.rows[at]),
                column="region",
            )


def store_regions(keys: RecordKeys, regions: CodedNames) -> dict[str, str]:
    """Return the region by store, without stores that have none."""
    return {keys.stores.name_at(at): regions.name_at(at) for at in _first_positions(keys.stores, regions)}


def _first_positions(stores: CodedNames, regions: CodedNames) -> list[int]:
    """Return the position where each pair of store and region first appears, in the order of the file."""
    pairs = stores.codes.astype(np.int64) * (len(regions.names) + 1) + regions.codes
    _, first = np.unique(pairs, return_index=True)
    return [at for at in np.sort(first).tolist() if regions.codes[at] >= 0]
