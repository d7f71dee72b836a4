"""The ports for sales history: reading files, importing, pruning."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pandas as pd

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import FileKey, HistoryFile, ImportReport, Volume


class HistoryReader(Protocol):
    """Reads history files for fits; small enough to be sent to a worker process."""

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """Read the days of one store's file, by item. The days of a plan have no demand.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        ...


class SalesHistory(Protocol):
    """Sales and plans of all stores. Several machines may import, read and prune at the same time."""

    def read(self, file: HistoryFile) -> pd.DataFrame:
        """Read one store's file as `schema.SALES` or `schema.PLAN`, sorted by item and day.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        ...

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """Read the days of one store's file; see `HistoryReader.days`."""
        ...

    def import_file(
        self,
        path: Path,
        kind: str,
        by: str,
        *,
        layout: str = "auto",
        stores: Path | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Read, check and apply one file of ``"sales"`` or ``"plan"``. It is applied in full or not at all.

        Two imports that change the same store at the same time are both applied.

        Parameters
        ----------
        layout
            ``"canonical"``, ``"rossmann"``, or ``"auto"`` to detect it from the header.
        stores
            A file of store attributes in the same layout, stored with the import.
        dry_run
            Apply nothing; the report says what would change.

        Raises
        ------
        InvalidFile
            If the file has problems; it lists all of them, and nothing is changed.
        InvalidRequest
            If the kind or layout is unknown, or the layout has no file of store attributes.
        """
        ...

    def usage(self) -> Volume:
        """Count all files and their bytes."""
        ...

    def prune(self, needed: Collection[FileKey], before: datetime, *, dry_run: bool = False) -> Volume:
        """Remove files that are not needed and were last written, or reused by an import, before an instant.

        A file that has become a head in the meantime is kept.

        Parameters
        ----------
        before
            Early enough that imports under way have time to make their files heads.
        dry_run
            Only report what would be removed.

        Raises
        ------
        StateUnavailable
            If a file cannot be removed.
        """
        ...
