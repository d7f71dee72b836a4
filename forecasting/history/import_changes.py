"""What importing a file changes in each of its stores."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

import numpy as np
import pandas as pd

from forecasting.core.domain import ALL_ITEMS, HistoryFile, ImportReport
from forecasting.core.ports import HeadMove
from forecasting.core.wording import counted
from forecasting.history.incoming_file import IncomingFile
from forecasting.history.problem_collector import ProblemCollector, quote
from forecasting.history.row_merge import merge_rows
from forecasting.history.value_hash import content_hash

EPOCH = date(1970, 1, 1)

FUTURE_DAYS = 31
"""How far sales may be ahead of the clock: enough for a wrong clock, too little for a mistyped year."""


@dataclass(frozen=True, slots=True)
class StoreChange:
    """What an import does to one store.

    Attributes
    ----------
    head
        The store's file before, or None for a new store.
    file
        The store's file after.
    added, revised, unchanged
        As in `MergedRows`.
    """

    head: HistoryFile | None
    file: HistoryFile
    added: int
    revised: int
    unchanged: int

    @property
    def is_new(self) -> bool:
        """Whether the import has to be recorded for this store: values or region differ."""
        if self.head is None:
            return True
        return (self.file.content_hash, self.file.region) != (self.head.content_hash, self.head.region)

    @property
    def move(self) -> HeadMove:
        """The move of the store's head from the old file to the new one."""
        return HeadMove(self.file, self.head.content_hash if self.head else None)


class StoreMerger:
    """Merges an incoming file into its stores, and can do so again when their heads have moved.

    A store whose head has not moved since the last merge is not merged again, so retrying an import of many
    stores is quick. Only the values of a few stores are in memory at a time.

    Parameters
    ----------
    incoming
        The checked file.
    read
        Reads a store's present file.
    write
        Writes a store's merged file; None to write nothing.
    concurrency
        How many stores are read and written at the same time.
    """

    def __init__(
        self,
        incoming: IncomingFile,
        read: Callable[[HistoryFile], pd.DataFrame],
        write: Callable[[HistoryFile, pd.DataFrame], None] | None,
        concurrency: int = 1,
    ) -> None:
        self._incoming = incoming
        self._read = read
        self._write = write
        self._concurrency = concurrency
        self._changes: dict[str, StoreChange] = {}

    def merge_onto(self, heads: Mapping[str, HistoryFile]) -> list[StoreChange]:
        """Merge the file onto the given heads; return the change of each of its stores, in its order.

        Raises
        ------
        InvalidFile
            If the file has a total for a store with single items, or the other way round.
        StateUnavailable
            If a head can't be read, or a merged file can't be written.
        """
        if self._incoming.kind == "sales":
            _refuse_totals_beside_items(self._incoming, heads)
        self._merge_all(
            (store, rows, heads.get(store))
            for store, rows in self._incoming.frames()
            if store not in self._changes or self._changes[store].head != heads.get(store)
        )
        return list(self._changes.values())

    def write_again(self, stores: Collection[str]) -> None:
        """Merge some stores onto the same heads as before and write their files once more.

        Raises
        ------
        StateUnavailable
            As for `merge_onto`.
        """
        self._merge_all(
            (store, rows, self._changes[store].head)
            for store, rows in self._incoming.frames()
            if store in stores
        )

    def _merge_all(self, stores: Iterator[tuple[str, pd.DataFrame, HistoryFile | None]]) -> None:
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="merging") as threads:
            while batch := list(islice(stores, self._concurrency)):
                changes = threads.map(self._merge, *zip(*batch, strict=True))
                self._changes |= {change.file.store: change for change in changes}

    def _merge(self, store: str, rows: pd.DataFrame, head: HistoryFile | None) -> StoreChange:
        merged = merge_rows(self._read(head) if head else None, rows, self._incoming.given)
        region = self._incoming.regions.get(store) or (head.region if head else "")
        file = _describe(store, self._incoming.kind, merged.frame, region)
        change = StoreChange(head, file, merged.added, merged.revised, merged.unchanged)
        if self._write and change.is_new:
            self._write(file, merged.frame)
        return change


def _describe(store: str, kind: str, frame: pd.DataFrame, region: str) -> HistoryFile:
    return HistoryFile(
        store=store,
        kind=kind,
        content_hash=content_hash(frame),
        rows=len(frame),
        first_ds=frame["ds"].min().date(),
        last_ds=frame["ds"].max().date(),
        items=tuple(frame["item"].unique()),
        region=region,
    )


def refuse_future_sales(incoming: IncomingFile, today: date) -> None:
    """Refuse sales more than `FUTURE_DAYS` ahead: one mistyped year would move every store's business date.

    Raises
    ------
    InvalidFile
        With every such row.
    """
    last = today + timedelta(days=FUTURE_DAYS)
    days = incoming.columns["date"].numbers
    problems = ProblemCollector(incoming.file)
    for at in np.flatnonzero(days > (last - EPOCH).days):
        found = EPOCH + timedelta(days=int(days[at]))
        problems.add(f"a day up to {last}", f"'{found}'", row=int(incoming.rows[at]), column="date")
    problems.raise_if_any()


def _refuse_totals_beside_items(incoming: IncomingFile, heads: Mapping[str, HistoryFile]) -> None:
    """Refuse a store's total if its single items are already known, and the other way round."""
    problems = ProblemCollector(incoming.file)
    column = incoming.layout.columns["item"].heading or None
    for store, item, row in incoming.first_rows():
        head = heads.get(store)
        if head is not None and (item == ALL_ITEMS) != (ALL_ITEMS in head.items):
            known = (
                f"'{ALL_ITEMS}'" if ALL_ITEMS in head.items else f"single items, such as '{head.items[0]}'"
            )
            expected = f"what store {store} already has: {known}"
            problems.add(expected, quote(item), row=row, column=column)
    problems.raise_if_any()


def build_report(
    incoming: IncomingFile,
    changes: Sequence[StoreChange],
    stores_with_new_attributes: Collection[str],
    import_id: int | None,
) -> ImportReport:
    """Summarise what an import did, or would do; `import_id` is None if nothing was recorded."""
    notes = [
        f"store {change.file.store}: region was {quote(change.head.region)},"
        f" is now {quote(change.file.region)}"
        for change in changes
        if change.head and change.head.region not in ("", change.file.region)
    ]
    if stores_with_new_attributes:
        number = counted(len(stores_with_new_attributes), "store")
        notes.append(f"store attributes: new or changed for {number}")
    first_ds, last_ds = incoming.span()
    return ImportReport(
        import_id=import_id,
        source=incoming.file,
        kind=incoming.kind,
        stores=incoming.stores,
        first_ds=first_ds,
        last_ds=last_ds,
        added=sum(change.added for change in changes),
        revised=sum(change.revised for change in changes),
        unchanged=sum(change.unchanged for change in changes),
        notes=(*incoming.notes, *notes),
    )
