"""A history without files."""

from collections.abc import Collection
from datetime import datetime

from forecasting.core.domain import FileKey, Volume


class NamedFiles:
    """The part of `ports.SalesHistory` that pruning needs. A file is only a name."""

    def __init__(self) -> None:
        self.names: set[FileKey] = set()

    def prune(self, needed: Collection[FileKey], before: datetime, *, dry_run: bool = False) -> Volume:
        """Delete the names that are not needed; all are old."""
        del before
        gone = self.names - set(needed)
        if not dry_run:
            self.names -= gone
        return Volume(len(gone), 0)
