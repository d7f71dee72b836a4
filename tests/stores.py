"""Stores whose history files are in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from forecasting.calendar.inputs import StoreFacts
from forecasting.core import schema
from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import HistoryFile
from forecasting.core.errors import StateUnavailable
from forecasting.training.store_files import StoreFiles
from tests.series import days_by_item


@dataclass
class HistoryShelf:
    """History files in memory by content hash; mirrors `ports.HistoryReader`."""

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    def read(self, file: HistoryFile) -> pd.DataFrame:
        """The frame of a file."""
        if file.content_hash not in self.frames:
            raise StateUnavailable(f"{file.kind} of store {file.store}: expected a file, found none")
        return self.frames[file.content_hash]

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """The same as arrays, by item."""
        return days_by_item(self.read(file))

    def put(
        self, store: str, series: Mapping[str, pd.DataFrame], facts: StoreFacts | None = None
    ) -> StoreFiles:
        """Store the `schema.HISTORY` of each item as a store's sales."""
        rows = [frame.assign(store=store, item=item) for item, frame in series.items()]
        sales = pd.concat(rows, ignore_index=True).loc[:, list(schema.SALES)]
        return StoreFiles(self.file(store, "sales", sales), facts=facts or StoreFacts())

    def file(self, store: str, kind: str, frame: pd.DataFrame) -> HistoryFile:
        """Store `schema.SALES` or `schema.PLAN` of a store."""
        name = f"{kind}-{store}"
        self.frames[name] = frame
        first, last = frame["ds"].min().date(), frame["ds"].max().date()
        return HistoryFile(store, kind, name, len(frame), first, last, tuple(frame["item"].unique()))
