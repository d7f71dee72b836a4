"""One import on its way: an incoming file put over what its stores have."""

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
from forecasting.history.findings import Findings, quoted
from forecasting.history.incoming import IncomingFile
from forecasting.history.merge import merge
from forecasting.history.values import content_hash

EPOCH = date(1970, 1, 1)

FUTURE_DAYS = 31
"""Sales may be this far ahead of the clock: enough for one that is off, not for a wrong year."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an import does to one store.

    Attributes
    ----------
    head
        The file it was merged over, or None.
    file
        What came of it.
    """

    head: HistoryFile | None
    file: HistoryFile
    added: int
    revised: int
    unchanged: int

    @property
    def new(self) -> bool:
        """Whether there is anything to record: other values, or another region."""
        if self.head is None:
            return True
        return (self.file.content_hash, self.file.region) != (self.head.content_hash, self.head.region)

    @property
    def move(self) -> HeadMove:
        """The head's move."""
        return HeadMove(self.file, self.head.content_hash if self.head else None)


class Merging:
    """Puts an incoming file over what its stores have, as often as that changes meanwhile.

    A store whose head is still the one it was merged over before is not merged again: an import of many
    stores that has to try again does so in no time. Of the values no more than a few stores' are held.

    Parameters
    ----------
    incoming
        The file.
    read
        Reads what a store has.
    write
        Puts the merged values of a store down; None to only find out what there would be.
    abreast
        How many stores are read and written at a time.
    """

    def __init__(
        self,
        incoming: IncomingFile,
        read: Callable[[HistoryFile], pd.DataFrame],
        write: Callable[[HistoryFile, pd.DataFrame], None] | None,
        abreast: int = 1,
    ) -> None:
        self._incoming = incoming
        self._read = read
        self._write = write
        self._abreast = abreast
        self._done: dict[str, Change] = {}

    def over(self, heads: Mapping[str, HistoryFile]) -> list[Change]:
        """What the file does to each of its stores, in its order.

        Raises
        ------
        InvalidFile
            If it has a total for a store with single items, or the other way round.
        StateUnavailable
            If what a store has can't be read, or the new values not be written.
        """
        if self._incoming.kind == "sales":
            _refuse_totals_beside_items(self._incoming, heads)
        self._merge_all(
            (store, rows, heads.get(store))
            for store, rows in self._incoming.frames()
            if store not in self._done or self._done[store].head != heads.get(store)
        )
        return list(self._done.values())

    def write_again(self, stores: Collection[str]) -> None:
        """Put the values of stores down once more, as they were merged.

        Raises
        ------
        StateUnavailable
            As for `over`.
        """
        self._merge_all(
            (store, rows, self._done[store].head)
            for store, rows in self._incoming.frames()
            if store in stores
        )

    def _merge_all(self, stores: Iterator[tuple[str, pd.DataFrame, HistoryFile | None]]) -> None:
        with ThreadPoolExecutor(self._abreast, thread_name_prefix="merging") as merging:
            while some := list(islice(stores, self._abreast)):
                changes = merging.map(self._merge, *zip(*some, strict=True))
                self._done |= {change.file.store: change for change in changes}

    def _merge(self, store: str, rows: pd.DataFrame, head: HistoryFile | None) -> Change:
        merged = merge(self._read(head) if head else None, rows, self._incoming.given)
        region = self._incoming.regions.get(store) or (head.region if head else "")
        file = _describe(store, self._incoming.kind, merged.frame, region)
        change = Change(head, file, merged.added, merged.revised, merged.unchanged)
        if self._write and change.new:
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


def refuse_the_future(incoming: IncomingFile, today: date) -> None:
    """Refuse sales of days long to come: one mistyped year would move every store's business date."""
    last = today + timedelta(days=FUTURE_DAYS)
    days = incoming.columns["date"].numbers
    findings = Findings(incoming.file)
    for at in np.flatnonzero(days > (last - EPOCH).days):
        found = EPOCH + timedelta(days=int(days[at]))
        findings.add(f"a day up to {last}", f"'{found}'", row=int(incoming.rows[at]), column="date")
    findings.raise_if_any()


def _refuse_totals_beside_items(incoming: IncomingFile, heads: Mapping[str, HistoryFile]) -> None:
    """Refuse a store's total where its single items are known, and the other way round."""
    findings = Findings(incoming.file)
    column = incoming.layout.columns["item"].heading or None
    for store, item, row in incoming.first_rows():
        head = heads.get(store)
        if head is not None and (item == ALL_ITEMS) != (ALL_ITEMS in head.items):
            known = (
                f"'{ALL_ITEMS}'" if ALL_ITEMS in head.items else f"single items, such as '{head.items[0]}'"
            )
            expected = f"what store {store} already has: {known}"
            findings.add(expected, quoted(item), row=row, column=column)
    findings.raise_if_any()


def report(
    incoming: IncomingFile,
    changes: Sequence[Change],
    news: Collection[str],
    import_id: int | None,
) -> ImportReport:
    """What an import did, or would do."""
    notes = [
        f"store {change.file.store}: region was {quoted(change.head.region)},"
        f" is now {quoted(change.file.region)}"
        for change in changes
        if change.head and change.head.region not in ("", change.file.region)
    ]
    if news:
        notes.append(f"store attributes: new or changed for {counted(len(news), 'store')}")
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
