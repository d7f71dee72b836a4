"""The `SalesHistory` port over immutable Parquet files and a manifest of heads."""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import sleep

import pandas as pd

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import FileKey, HistoryFile, ImportReport, Volume
from forecasting.core.errors import ImportConflict
from forecasting.core.ports import Clock, Manifest, StoreAttributes
from forecasting.history import parquet_files
from forecasting.history.addresses import place_at
from forecasting.history.attributes import read_attributes
from forecasting.history.file_locations import PlacedFile, Taken
from forecasting.history.file_reading import AUTO, read_incoming
from forecasting.history.importing import Merging, refuse_the_future, report
from forecasting.history.incoming import FRAMES, IncomingFile
from forecasting.history.parquet_reader import ParquetReader, file_name

ATTEMPTS = 100
"""Tries of one import; each conflict means that another import of the same stores got through."""

LONGEST_REST = 0.2
"""Seconds before the next try, at most."""

_TAKEN_AT_ONCE = 50
"""Files that are out of everybody's reach together, for as long as it takes to ask for the heads."""


def rest(tries: int) -> None:
    """Wait a moment, longer with each try, and not in step with others who do the same."""
    sleep(random.uniform(0, min(0.02 * tries, LONGEST_REST)))  # noqa: S311 – nothing secret


class ParquetHistory:
    """Sales and plans in one immutable Parquet file per store and kind.

    Files are named by the hash of their values and never change; which one is a store's present one is
    for the manifest to say. A file without a head is left over from an import that lost a race or was
    interrupted, and harms nothing. Nothing read is kept in memory.

    Several machines may import, read and prune at the same time. Of imports that move the same store the
    manifest lets one through, and the others are merged again on top of it.

    Parameters
    ----------
    root
        Where the files are: a folder, made when first needed, or a URL (`addresses.place_at`).
    manifest
        Knows the heads.
    clock
        Gives the instant of an import.
    rest
        Called between two tries of an import with the number of tries so far.

    Attributes
    ----------
    reader
        Reads the same files without a manifest, for worker processes.

    Raises
    ------
    InvalidSetting, StateUnavailable
        As `addresses.place_at`.
    """

    def __init__(
        self, root: Path | str, manifest: Manifest, clock: Clock, rest: Callable[[int], None] = rest
    ) -> None:
        self.reader = ParquetReader(str(root))
        self._place = place_at(str(root))
        self._manifest = manifest
        self._clock = clock
        self._rest = rest

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
            If other imports moved the same stores `ATTEMPTS` times; nothing is changed.
        StateUnavailable
            If the place can't be read or written; nothing is changed, unless it was only the look at the
            files of an import already recorded that failed. To import the file again is right either way.
        """
        incoming = read_incoming(path, kind, layout)
        if kind == "sales":
            refuse_the_future(incoming, self._clock.now().date())
        attributes = read_attributes(stores, incoming.layout) if stores else {}
        merging = Merging(incoming, self.read, None if dry_run else self._write, self._place.abreast)
        if dry_run:
            changes = merging.over(self._manifest.heads(kind))
            return report(incoming, changes, self._news(attributes), None)
        for tries in range(1, ATTEMPTS):
            try:
                return self._apply(incoming, merging, attributes, by)
            except ImportConflict:
                self._rest(tries)
        return self._apply(incoming, merging, attributes, by)

    def usage(self) -> Volume:
        """See `ports.SalesHistory.usage`.

        Raises
        ------
        StateUnavailable
            If the place can't be read.
        """
        sizes = [file.bytes for file in self._place.files()]
        return Volume(len(sizes), sum(sizes))

    def prune(self, needed: Collection[FileKey], before: datetime, *, dry_run: bool = False) -> Volume:
        """See `ports.SalesHistory.prune`; goes by the time the place says a file was written.

        A file may become a head between the look at its age and its removal, where an import on another
        machine brings back the values of an old one. So what was removed can be had back until the heads
        have been asked for: whoever was first, the import finds the file missing once it has recorded its
        heads and writes it again, or it is put back here. A reader may miss it for that moment; it is lost
        only if, of the two processes, the one that would bring it back ends in between.
        """
        kept = {parquet_files.file_name(*key) for key in needed}
        old = [file for file in self._place.files() if file.name not in kept and file.written_at < before]
        sizes = [file.bytes for file in old]
        if not dry_run:
            parts = [old[at : at + _TAKEN_AT_ONCE] for at in range(0, len(old), _TAKEN_AT_ONCE)]
            sizes = [size for part in parts for size in self._remove(part, before)]
        return Volume(len(sizes), sum(sizes))

    def present(self, keys: Collection[FileKey]) -> set[FileKey]:
        """Which of these files are there.

        Raises
        ------
        StateUnavailable
            If the place can't be read.
        """
        names = {file.name for file in self._place.files()}
        return {key for key in keys if parquet_files.file_name(*key) in names}

    def raw(self, key: FileKey) -> bytes:
        """The bytes of a file, found to hold the values it is named for.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return parquet_files.read_sound(self._place, parquet_files.file_name(*key), FRAMES[key.kind])

    def put_raw(self, key: FileKey, content: bytes) -> None:
        """Put bytes of `raw` where it had them from, unless a sound file is there.

        Raises
        ------
        StateUnavailable
            If they do not hold the values the file is named for, or can't be written; nothing is changed.
        """
        name = parquet_files.file_name(*key)
        parquet_files.write_sound(self._place, name, FRAMES[key.kind], content)

    def _apply(
        self,
        incoming: IncomingFile,
        merging: Merging,
        attributes: Mapping[str, StoreAttributes],
        by: str,
    ) -> ImportReport:
        changes, news = merging.over(self._manifest.heads(incoming.kind)), self._news(attributes)
        new = {file_name(change.file): change for change in changes if change.new}
        import_id = None
        if new or news:
            moves = [change.move for change in new.values()]
            now = self._clock.now()
            import_id = self._manifest.record(incoming.file, incoming.kind, by, now, moves, news)
            removed = self._place.missing(new)  # see `prune`
            merging.write_again({new[name].file.store for name in removed})
        return report(incoming, changes, news, import_id)

    def _write(self, file: HistoryFile, frame: pd.DataFrame) -> None:
        parquet_files.write(self._place, file_name(file), frame)

    def _news(self, attributes: Mapping[str, StoreAttributes]) -> dict[str, StoreAttributes]:
        """The attributes that are not yet known."""
        known = self._manifest.attributes() if attributes else {}
        return {store: values for store, values in attributes.items() if known.get(store) != values}

    def _remove(self, files: Sequence[PlacedFile], before: datetime) -> list[int]:
        """Remove files, but for those written since or made a head meanwhile; the sizes of what is gone."""
        taken: list[Taken] = []
        try:
            for file in files:
                taken += filter(None, [self._place.take(file.name, before)])
        finally:
            heads = {file_name(head) for kind in FRAMES for head in self._manifest.heads(kind).values()}
            for each in taken:
                if each.file.name in heads:
                    each.put_back()
                else:
                    each.drop()
        return [each.file.bytes for each in taken if each.file.name not in heads]
