"""The `SalesHistory` port over immutable Parquet files and a manifest of heads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from forecasting.domain import ALL_ITEMS, HistoryFile, ImportReport
from forecasting.errors import ImportConflict
from forecasting.history import parquet_files
from forecasting.history.canonical import LAYOUTS, CanonicalFile, read_canonical
from forecasting.history.findings import Findings, quoted
from forecasting.history.merge import Merge, merge
from forecasting.history.values import content_hash
from forecasting.ports import Clock, HeadMove, Manifest

_ATTEMPTS = 5
"""Tries of one import; each conflict means that another import of the same stores got through."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One store as an import would leave it."""

    merged: Merge
    head: HistoryFile | None
    file: HistoryFile

    @property
    def new(self) -> bool:
        """Whether there is anything to record: other values, or another region."""
        if self.head is None:
            return True
        return (self.file.content_hash, self.file.region) != (self.head.content_hash, self.head.region)


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
    """

    def __init__(self, root: Path, manifest: Manifest, clock: Clock) -> None:
        self._root = root
        self._manifest = manifest
        self._clock = clock

    def read(self, file: HistoryFile) -> pd.DataFrame:
        """`schema.SALES` or `schema.PLAN` of one store's file, by item in natural order, then day.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return parquet_files.read(self._path(file), LAYOUTS[file.kind].frame)

    def import_file(self, path: Path, kind: str, by: str) -> ImportReport:
        """Read, check and apply one file in the canonical format; all of it or nothing.

        Rows are added, or replace the store's row of the same item and day; none is removed. Where
        another import moves one of the stores meanwhile, this one is merged again on top of it.

        Raises
        ------
        InvalidFile
            With every problem found; nothing is changed.
        InvalidRequest
            If `kind` is neither ``"sales"`` nor ``"plan"``.
        ImportConflict
            If other imports kept moving the same stores; nothing is changed.
        StateUnavailable
            If the folder can't be read or written.
        """
        incoming = read_canonical(path, kind)
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._apply(incoming, by)
            except ImportConflict:
                continue
        return self._apply(incoming, by)

    def _apply(self, incoming: CanonicalFile, by: str) -> ImportReport:
        heads = self._manifest.heads(incoming.kind)
        if incoming.kind == "sales":
            _refuse_totals_beside_items(incoming, heads)
        changes = [
            self._change(incoming, str(store), rows, heads.get(str(store)))
            for store, rows in incoming.frame.groupby("store", sort=False)
        ]
        moves = [
            HeadMove(change.file, change.head.content_hash if change.head else None)
            for change in changes
            if change.new
        ]
        for change in changes:
            if change.new:
                parquet_files.write(self._path(change.file), change.merged.frame)
        import_id = None
        if moves:
            import_id = self._manifest.record(incoming.file, incoming.kind, by, self._clock.now(), moves)
        return _report(incoming, changes, import_id)

    def _change(
        self, incoming: CanonicalFile, store: str, rows: pd.DataFrame, head: HistoryFile | None
    ) -> _Change:
        present = _empty(incoming.kind) if head is None else self.read(head)
        merged = merge(present, rows, incoming.given)
        region = incoming.regions.get(store) or (head.region if head else "")
        return _Change(merged, head, _describe(store, incoming.kind, merged.frame, region))

    def _path(self, file: HistoryFile) -> Path:
        return parquet_files.file_path(self._root, file.kind, file.store, file.content_hash)


def _empty(kind: str) -> pd.DataFrame:
    dtypes = {"ds": "datetime64[us]", "y": "float64", "holiday": "str", "store": "str", "item": "str"}
    return pd.DataFrame({name: pd.Series([], dtype=dtypes.get(name, "bool")) for name in LAYOUTS[kind].frame})


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


def _refuse_totals_beside_items(incoming: CanonicalFile, heads: Mapping[str, HistoryFile]) -> None:
    """Refuse a store's total where its single items are known, and the other way round."""
    findings = Findings(incoming.file)
    found = incoming.frame[["store", "item"]].assign(row=incoming.rows).sort_values("row")
    for store, item, row in found.drop_duplicates("store").itertuples(index=False):
        head = heads.get(store)
        if head is not None and (item == ALL_ITEMS) != (ALL_ITEMS in head.items):
            known = (
                f"'{ALL_ITEMS}'" if ALL_ITEMS in head.items else f"single items, such as '{head.items[0]}'"
            )
            expected = f"what store {store} already has: {known}"
            findings.add(expected, quoted(item), row=row, column="item")
    findings.raise_if_any()


def _report(incoming: CanonicalFile, changes: Sequence[_Change], import_id: int | None) -> ImportReport:
    moved = [
        f"store {change.file.store}: region was {quoted(change.head.region)},"
        f" is now {quoted(change.file.region)}"
        for change in changes
        if change.head and change.head.region not in ("", change.file.region)
    ]
    days = incoming.frame["ds"]
    return ImportReport(
        import_id=import_id,
        source=incoming.file,
        kind=incoming.kind,
        stores=tuple(change.file.store for change in changes),
        first_ds=days.min().date(),
        last_ds=days.max().date(),
        added=sum(change.merged.added for change in changes),
        revised=sum(change.merged.revised for change in changes),
        unchanged=sum(change.merged.unchanged for change in changes),
        notes=(*incoming.notes, *moved),
    )
