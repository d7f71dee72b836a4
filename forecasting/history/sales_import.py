"""Apply one checked file to the history, in full or not at all, while other machines may import as well."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import sleep

from forecasting.core.domain import ImportReport
from forecasting.core.errors import ImportConflict
from forecasting.core.ports import Clock, Manifest, StoreAttributes
from forecasting.history.history_folder import HistoryFolder
from forecasting.history.import_changes import StoreMerger, build_report
from forecasting.history.incoming_file import IncomingFile
from forecasting.history.parquet_reader import file_name

ATTEMPTS = 100
"""How often one import is tried. Each conflict means that another import of the same stores succeeded."""

MAX_PAUSE_SECONDS = 0.2
"""Longest pause before the next try."""


def pause_before_retry(tries: int) -> None:
    """Sleep for a random time that grows with the number of tries, so that rivals do not stay in step."""
    sleep(random.uniform(0, min(0.02 * tries, MAX_PAUSE_SECONDS)))  # noqa: S311 – not for security


@dataclass(frozen=True, slots=True)
class SalesImport:
    """One import of a sales or plan file.

    Attributes
    ----------
    merger
        Merges the file into its stores and writes the merged files.
    attributes
        Attributes by store, from the file of stores that came with it; may be empty.
    """

    incoming: IncomingFile
    merger: StoreMerger
    attributes: Mapping[str, StoreAttributes]
    folder: HistoryFolder
    manifest: Manifest
    clock: Clock

    def preview(self) -> ImportReport:
        """Return the report of the import without applying it. The merger must not write files."""
        changes = self.merger.merge_onto(self.manifest.heads(self.incoming.kind))
        return build_report(self.incoming, changes, self._changed_attributes(), None)

    def apply_with_retries(self, by: str, pause: Callable[[int], None]) -> ImportReport:
        """Apply the import; after each conflict, merge again onto what the other import has left.

        Parameters
        ----------
        by
            Who imports.
        pause
            Called between two tries with the number of tries so far.

        Raises
        ------
        ImportConflict
            If other imports moved the same stores `ATTEMPTS` times. Nothing was changed.
        """
        for tries in range(1, ATTEMPTS):
            try:
                return self.apply(by)
            except ImportConflict:
                pause(tries)
        return self.apply(by)

    def apply(self, by: str) -> ImportReport:
        """Apply the import once.

        After the heads are recorded, files that were pruned in the meantime are written again; see
        `file_pruning.prune_files`.

        Raises
        ------
        ImportConflict
            If another import moved one of the stores in the meantime. Nothing was changed.
        """
        changes = self.merger.merge_onto(self.manifest.heads(self.incoming.kind))
        attributes = self._changed_attributes()
        changed = {file_name(change.file): change for change in changes if change.is_new}
        import_id = None
        if changed or attributes:
            moves = [change.move for change in changed.values()]
            now = self.clock.now()
            import_id = self.manifest.record(
                self.incoming.file, self.incoming.kind, by, now, moves, attributes
            )
            pruned = self.folder.missing(changed)
            self.merger.write_again({changed[name].file.store for name in pruned})
        return build_report(self.incoming, changes, attributes, import_id)

    def _changed_attributes(self) -> dict[str, StoreAttributes]:
        """Return the attributes that differ from the recorded ones, by store."""
        known = self.manifest.attributes() if self.attributes else {}
        return {store: values for store, values in self.attributes.items() if known.get(store) != values}
