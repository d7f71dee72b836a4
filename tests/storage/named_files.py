"""A history without files."""

from collections.abc import Collection
from datetime import datetime

from forecasting.core.domain import FileKey, Volume


class NamedFiles:
    """What pruning needs of `ports.SalesHistory`; a file is its name, and removed by forgetting it."""

    def __init__(self) -> None:
        self.names: set[FileKey] = set()

    def prune(self, needed: Collection[FileKey], before: datetime, *, dry_run: bool = False) -> Volume:
        """Forget the names that are not needed; none is young."""
        del before
        gone = self.names - set(needed)
        if not dry_run:
            self.names -= gone
        return Volume(len(gone), 0)
