"""The `SalesHistory` port over immutable Parquet files and a manifest of heads."""

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

import pandas as pd

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import FileKey, HistoryFile, ImportReport, Volume
from forecasting.core.ports import Clock, Manifest
from forecasting.history import parquet_files
from forecasting.history.addresses import open_folder
from forecasting.history.file_pruning import prune_files
from forecasting.history.file_validation import AUTO, read_incoming_file
from forecasting.history.import_changes import StoreMerger, refuse_future_sales
from forecasting.history.incoming_file import FRAME_COLUMNS
from forecasting.history.parquet_reader import ParquetReader, file_name
from forecasting.history.sales_import import SalesImport, pause_before_retry
from forecasting.history.store_attributes import read_attributes


class ParquetHistory:
    """Sales and plans in one immutable Parquet file per store and kind.

    Files are named by the hash of their values and never change. The manifest records each store's current
    file, its head. A file that is no head was left by an import that lost a race or was interrupted; it does
    no harm. Nothing that was read is kept in memory.

    Several machines may import, read and prune at the same time. If two imports move the same store, the
    manifest accepts one of them, and the other is merged again onto its result.

    Parameters
    ----------
    root
        Where the files are: a local folder, created by the first write, or a URL for `addresses.open_folder`.
    manifest
        Records the heads.
    clock
        Gives the time of an import.
    pause
        Called between two tries of an import with the number of tries so far.

    Attributes
    ----------
    reader
        Reads the same files without a manifest, in worker processes.

    Raises
    ------
    InvalidSetting, StateUnavailable
        As for `addresses.open_folder`.
    """

    def __init__(
        self,
        root: Path | str,
        manifest: Manifest,
        clock: Clock,
        pause: Callable[[int], None] = pause_before_retry,
    ) -> None:
        self.reader = ParquetReader(str(root))
        self._folder = open_folder(str(root))
        self._manifest = manifest
        self._clock = clock
        self._pause = pause

    def read(self, file: HistoryFile) -> pd.DataFrame:
        """Read one store's file as `schema.SALES` or `schema.PLAN`, by item in natural order, then day.

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
        """Read, check and apply one file and its file of store attributes, in full or not at all.

        Rows are added, or replace the store's row of the same item and day. No row is removed. If another
        import moves one of the stores in the meantime, this one is merged again onto its result.

        Parameters
        ----------
        layout
            A name from `file_validation.LAYOUTS`, or ``"auto"`` to detect it from the header.
        stores
            The layout's file of store attributes. For the stores in it, it replaces their attributes.
        dry_run
            Apply nothing; the report says what would change.

        Raises
        ------
        InvalidFile
            If a file has problems; lists all of them. Nothing was changed.
        InvalidRequest
            If the kind or layout is unknown, or the layout has no file of store attributes.
        ImportConflict
            If other imports kept moving the same stores. Nothing was changed.
        StateUnavailable
            If the folder can't be read or written. Nothing was changed, unless the import was recorded and
            only the check of its files failed. Importing the file again is safe in both cases.
        """
        incoming = read_incoming_file(path, kind, layout)
        if kind == "sales":
            refuse_future_sales(incoming, self._clock.now().date())
        attributes = read_attributes(stores, incoming.layout) if stores else {}
        merger = StoreMerger(incoming, self.read, None if dry_run else self._write, self._folder.concurrency)
        sales_import = SalesImport(incoming, merger, attributes, self._folder, self._manifest, self._clock)
        return sales_import.preview() if dry_run else sales_import.apply_with_retries(by, self._pause)

    def usage(self) -> Volume:
        """See `ports.SalesHistory.usage`.

        Raises
        ------
        StateUnavailable
            If the folder can't be read.
        """
        sizes = [file.bytes for file in self._folder.list_files()]
        return Volume(len(sizes), sum(sizes))

    def prune(self, needed: Collection[FileKey], before: datetime, *, dry_run: bool = False) -> Volume:
        """See `ports.SalesHistory.prune` and `file_pruning.prune_files`."""
        return prune_files(self._folder, self._manifest, needed, before, dry_run=dry_run)

    def present(self, keys: Collection[FileKey]) -> set[FileKey]:
        """Return those of the keys for which there is a file.

        Raises
        ------
        StateUnavailable
            If the folder can't be read.
        """
        names = {file.name for file in self._folder.list_files()}
        return {key for key in keys if parquet_files.file_name(*key) in names}

    def raw(self, key: FileKey) -> bytes:
        """Return the bytes of a file, after checking that its values have the hash in its name.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        name = parquet_files.file_name(*key)
        return parquet_files.read_verified(self._folder, name, FRAME_COLUMNS[key.kind])

    def put_raw(self, key: FileKey, content: bytes) -> None:
        """Write bytes from `raw` as the file of that key, unless a sound file is already there.

        Raises
        ------
        StateUnavailable
            If the values do not have the key's hash, or the file can't be written. Nothing was changed.
        """
        name = parquet_files.file_name(*key)
        parquet_files.write_verified(self._folder, name, FRAME_COLUMNS[key.kind], content)

    def _write(self, file: HistoryFile, frame: pd.DataFrame) -> None:
        parquet_files.write_frame(self._folder, file_name(file), frame)
