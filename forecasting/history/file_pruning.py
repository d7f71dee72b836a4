"""Remove old history files that no import points to any more, while other machines may import."""

from collections.abc import Collection, Sequence
from datetime import datetime

from forecasting.core.domain import FileKey, Volume
from forecasting.core.ports import Manifest
from forecasting.history import parquet_files
from forecasting.history.history_folder import FileEntry, HistoryFolder, PendingRemoval
from forecasting.history.incoming_file import FRAME_COLUMNS
from forecasting.history.parquet_reader import file_name

_BATCH = 50
"""Files out of every reader's sight at the same time, until the heads have been checked."""


def prune_files(
    folder: HistoryFolder,
    manifest: Manifest,
    needed: Collection[FileKey],
    before: datetime,
    *,
    dry_run: bool,
) -> Volume:
    """Remove the files that are not needed and were last written before an instant.

    An import on another machine may bring back the values of an old file, which makes the file a head after
    its age was checked. Therefore a removal can be undone until the heads have been read again, and an import
    writes its files again if they are missing after it has recorded its heads. Whichever of the two comes
    first, the file exists in the end. A reader may miss it for a moment. It is lost only if the process that
    would bring it back dies in that moment.

    Parameters
    ----------
    needed
        Files to keep whatever their age.
    before
        Compared with the time the folder gives for a file (UTC).
    dry_run
        Remove nothing; only return what would be removed.

    Returns
    -------
    Number and size of the removed files.

    Raises
    ------
    StateUnavailable
        If the folder can't be read or a file can't be removed.
    """
    kept = {parquet_files.file_name(*key) for key in needed}
    old = [file for file in folder.list_files() if file.name not in kept and file.written_at < before]
    if dry_run:
        return _volume(old)
    batches = [old[at : at + _BATCH] for at in range(0, len(old), _BATCH)]
    return _volume([file for batch in batches for file in _remove(folder, manifest, batch, before)])


def _remove(
    folder: HistoryFolder, manifest: Manifest, files: Sequence[FileEntry], before: datetime
) -> list[FileEntry]:
    """Remove files that were not written and did not become a head since they were listed; return them."""
    removals: list[PendingRemoval] = []
    try:
        for file in files:
            removals += filter(None, [folder.begin_removal(file.name, before)])
    finally:
        heads = {file_name(head) for kind in FRAME_COLUMNS for head in manifest.heads(kind).values()}
        for removal in removals:
            if removal.file.name in heads:
                removal.undo()
            else:
                removal.complete()
    return [removal.file for removal in removals if removal.file.name not in heads]


def _volume(files: Sequence[FileEntry]) -> Volume:
    return Volume(len(files), sum(file.bytes for file in files))
