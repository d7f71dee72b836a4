"""The `SalesHistory` port over immutable Parquet files and a manifest of heads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.domain import ALL_ITEMS, FileKey, HistoryFile, ImportReport, Volume
from forecasting.errors import ImportConflict
from forecasting.history import parquet_files
from forecasting.history.attributes import read_attributes
from forecasting.history.findings import Findings, counted, quoted
from forecasting.history.incoming import FRAMES, IncomingFile
from forecasting.history.merge import merge
from forecasting.history.reading import AUTO, read_incoming
from forecasting.history.values import content_hash
from forecasting.ports import Clock, HeadMove, Manifest, StoreAttributes
from forecasting.series import SeriesDays

EPOCH = date(1970, 1, 1)

FUTURE_DAYS = 31
"""Sales may be this far ahead of the clock: enough for one that is off, not for a wrong year."""

_ATTEMPTS = 5
"""Tries of one import; each conflict means that another import of the same stores got through."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What an import does to one store."""

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


@dataclass(frozen=True, slots=True)
class ParquetReader:
    """Reads history files of one folder; implements `ports.HistoryReader`."""

    root: Path

    def read(self, file: HistoryFile) -> pd.DataFrame:
        """`schema.SALES` or `schema.PLAN` of one store's file, by item in natural order, then day.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return parquet_files.read(self._path(file), FRAMES[file.kind])

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """See `ports.HistoryReader.days`.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return parquet_files.read_days(self._path(file), FRAMES[file.kind])

    def _path(self, file: HistoryFile) -> Path:
        return parquet_files.file_path(self.root, file.kind, file.store, file.content_hash)


class ParquetHistory:
    """Sales and plans in one immutable Parquet file per store and kind.

    Files are named by the hash of their values and never change; which one is a store's present one is
    for the manifest to say. A file without a head is left over from an import that lost a race or was
    interrupted, and harms nothing. Nothing read is kept in memory.

    Parameters
    ----------
    root
        Folder of the files; made when first needed.
    manifest
        Knows the heads.
    clock
        Gives the instant of an import.

    Attributes
    ----------
    reader
        Reads the same files without a manifest, for worker processes.
    """

    def __init__(self, root: Path, manifest: Manifest, clock: Clock) -> None:
        self._root = root
        self.reader = ParquetReader(root)
        self._manifest = manifest
        self._clock = clock

    def read(self, file: HistoryFile) -> pd.DataFrame:
        """`schema.SALES` or `schema.PLAN` of one store's file, by item in natural order, then day.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return self.reader.read(file)

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """See `ports.HistoryReader.days`.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return self.reader.days(file)

    def import_file(
        self,
        path: Path,
        kind: str,
        by: str,
        *,
        layout: str = AUTO,
        stores: Path | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Read, check and apply one file, with its file of store attributes; all of it or nothing.

        Rows are added, or replace the store's row of the same item and day; none is removed. Where
        another import moves one of the stores meanwhile, this one is merged again on top of it. With
        `dry_run` nothing is applied: the report says what would be.

        Parameters
        ----------
        layout
            A name of `reading.LAYOUTS`, or ``"auto"``: told by the header.
        stores
            The layout's file of store attributes. A store it names has those of the newest file.

        Raises
        ------
        InvalidFile
            With every problem found; nothing is changed.
        InvalidRequest
            If there is no such kind or layout, or the layout has no file of store attributes.
        ImportConflict
            If other imports kept moving the same stores; nothing is changed.
        StateUnavailable
            If the folder can't be read or written.
        """
        incoming = read_incoming(path, kind, layout)
        if kind == "sales":
            _refuse_the_future(incoming, self._clock.now().date())
        attributes = read_attributes(stores, incoming.layout) if stores else {}
        if dry_run:
            return _report(incoming, self._changes(incoming, write=False), self._news(attributes), None)
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._apply(incoming, attributes, by)
            except ImportConflict:
                continue
        return self._apply(incoming, attributes, by)

    def usage(self) -> Volume:
        """See `ports.SalesHistory.usage`.

        Raises
        ------
        StateUnavailable
            If the folder can't be read.
        """
        sizes = [found.st_size for _, found in parquet_files.present(self._root)]
        return Volume(len(sizes), sum(sizes))

    def prune(self, needed: Collection[FileKey], before: datetime, *, dry_run: bool = False) -> Volume:
        """See `ports.SalesHistory.prune`; goes by the time the file system says a file was written."""
        kept = {parquet_files.file_path(self._root, *key) for key in needed}
        old = [
            (path, found.st_size)
            for path, found in parquet_files.present(self._root)
            if path not in kept and found.st_mtime < before.timestamp()
        ]
        sizes = [size if dry_run else parquet_files.remove(path, before) for path, size in old]
        gone = [size for size in sizes if size is not None]
        return Volume(len(gone), sum(gone))

    def _apply(
        self, incoming: IncomingFile, attributes: Mapping[str, StoreAttributes], by: str
    ) -> ImportReport:
        changes, news = self._changes(incoming, write=True), self._news(attributes)
        moves = [
            HeadMove(change.file, change.head.content_hash if change.head else None)
            for change in changes
            if change.new
        ]
        import_id = None
        if moves or news:
            now = self._clock.now()
            import_id = self._manifest.record(incoming.file, incoming.kind, by, now, moves, news)
        return _report(incoming, changes, news, import_id)

    def _changes(self, incoming: IncomingFile, *, write: bool) -> list[_Change]:
        """Put the rows of each store over those it has; of the values no more than one store's are held."""
        heads = self._manifest.heads(incoming.kind)
        if incoming.kind == "sales":
            _refuse_totals_beside_items(incoming, heads)
        changes = []
        for store, rows in incoming.frames():
            head = heads.get(store)
            merged = merge(self.read(head) if head else None, rows, incoming.given)
            region = incoming.regions.get(store) or (head.region if head else "")
            file = _describe(store, incoming.kind, merged.frame, region)
            changes.append(_Change(head, file, merged.added, merged.revised, merged.unchanged))
            if write and changes[-1].new:
                parquet_files.write(self._path(file), merged.frame)
        return changes

    def _news(self, attributes: Mapping[str, StoreAttributes]) -> dict[str, StoreAttributes]:
        """The attributes that are not yet known."""
        known = self._manifest.attributes() if attributes else {}
        return {store: values for store, values in attributes.items() if known.get(store) != values}

    def _path(self, file: HistoryFile) -> Path:
        return parquet_files.file_path(self._root, file.kind, file.store, file.content_hash)


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


def _refuse_the_future(incoming: IncomingFile, today: date) -> None:
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


def _report(
    incoming: IncomingFile,
    changes: Sequence[_Change],
    news: Collection[str],
    import_id: int | None,
) -> ImportReport:
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
