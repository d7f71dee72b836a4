"""What must hold between the records of a file: no day twice, no total beside items, one region a store."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.core.domain import ALL_ITEMS, natural_order
from forecasting.history.compact import CompactColumn
from forecasting.history.findings import Findings, quoted

_DAYS = 2**18
"""More days than from 1900 to 2199, so that a day fits beside its series in one integer."""


@dataclass(frozen=True, slots=True)
class Names:
    """A column of names.

    Attributes
    ----------
    names
        Distinct names in natural order.
    codes
        Index into `names`, one per record; -1 where the file holds nothing usable.
    """

    names: tuple[str, ...]
    codes: NDArray[np.int32]

    @classmethod
    def ordered(cls, column: CompactColumn) -> Self:
        """Put the names of a column in natural order; a cell that is empty or can't be read has none."""
        names = sorted(set(column.names) - {""}, key=in_order)
        rank = {"": -1} | {name: at for at, name in enumerate(names)}
        ranks = np.array([*(rank[name] for name in column.names), -1], np.int32)
        return cls(tuple(names), ranks[np.maximum(column.numbers, -1)])

    def at(self, positions: NDArray[np.bool_] | slice) -> Self:
        """The same names for some of the records."""
        return type(self)(self.names, self.codes[positions])

    def of(self, position: int) -> str:
        """The name in one record."""
        return self.names[int(self.codes[position])]


def in_order(name: str) -> tuple[tuple[int, int | str], str]:
    """Sort key: natural order, with "1" and "01" kept apart."""
    return natural_order(name), name


@dataclass(frozen=True, slots=True)
class Keys:
    """Store, item and day of the records in which all three could be read.

    Attributes
    ----------
    days
        Days since 1970-01-01.
    rows
        Row number of each record in the file, ascending.
    """

    stores: Names
    items: Names
    days: NDArray[np.int32]
    rows: NDArray[np.int64]

    def store_days(self) -> NDArray[np.int64]:
        """One integer per store and day."""
        return self.stores.codes.astype(np.int64) * _DAYS + self.days + _DAYS // 2

    def series_days(self) -> NDArray[np.int64]:
        """One integer per store, item and day."""
        series = self.stores.codes.astype(np.int64) * len(self.items.names) + self.items.codes
        return series * _DAYS + self.days + _DAYS // 2


def find_duplicates(keys: Keys, findings: Findings) -> None:
    """Add every record whose store, item and day stood in an earlier row."""
    series_days = keys.series_days()
    ordered = np.sort(series_days)
    if not (ordered[1:] == ordered[:-1]).any():
        return

    def found(at: int) -> str:
        first = int(np.argmax(series_days == series_days[at]))
        day = np.datetime64(int(keys.days[at]), "D")
        key = f"store {keys.stores.of(at)}, item {keys.items.of(at)}, {day}"
        return f"{key} again (first in row {keys.rows[first]:,})"

    again = pd.Series(series_days).duplicated().to_numpy()
    findings.add_rows(again, keys.rows, "one row per store, item and day", found)


def find_totals_beside_items(keys: Keys, findings: Findings) -> None:
    """Add every store that has its total and single items: the total is derived from the items."""
    if ALL_ITEMS not in keys.items.names:
        return
    is_total = keys.items.codes == keys.items.names.index(ALL_ITEMS)
    totals, singles = _first_of_each_store(keys, is_total), _first_of_each_store(keys, ~is_total)
    for store in sorted(totals.keys() & singles.keys()):
        single = singles[store]
        findings.add(
            f"either '{ALL_ITEMS}' or single items in store {keys.stores.names[store]}",
            f"'{ALL_ITEMS}' beside {quoted(keys.items.of(single))} (row {keys.rows[single]:,})",
            row=int(keys.rows[totals[store]]),
            column="item",
        )


def _first_of_each_store(keys: Keys, among: NDArray[np.bool_]) -> dict[int, int]:
    stores, first = np.unique(keys.stores.codes[among], return_index=True)
    return dict(zip(stores.tolist(), np.flatnonzero(among)[first].tolist(), strict=True))


def find_second_regions(keys: Keys, regions: Names, findings: Findings) -> None:
    """Add every further region of a store, once, where it first stands."""
    first_of_store: dict[int, int] = {}
    for at in _first_positions(keys.stores, regions):
        store = int(keys.stores.codes[at])
        first = first_of_store.setdefault(store, at)
        if first != at:
            findings.add(
                f"{quoted(regions.of(first))} for store {keys.stores.names[store]},"
                f" as in row {keys.rows[first]:,}",
                quoted(regions.of(at)),
                row=int(keys.rows[at]),
                column="region",
            )


def regions_of(keys: Keys, regions: Names) -> dict[str, str]:
    """The region of each store that has one."""
    return {keys.stores.of(at): regions.of(at) for at in _first_positions(keys.stores, regions)}


def _first_positions(stores: Names, regions: Names) -> list[int]:
    """Where each pair of store and region first stands, in order of the file."""
    pairs = stores.codes.astype(np.int64) * (len(regions.names) + 1) + regions.codes
    _, first = np.unique(pairs, return_index=True)
    return [at for at in np.sort(first).tolist() if regions.codes[at] >= 0]
