"""A sales or plan file that was read and passed all checks, as one frame per store."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.core.schema import PLAN, SALES
from forecasting.history.encoded_columns import EncodedColumn
from forecasting.history.file_layout import FileLayout

FRAME_COLUMNS = {"sales": SALES, "plan": PLAN}
"""Columns of a frame, by kind of file."""


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file that passed all checks. Its records are sorted by store and item in natural order, then day.

    Attributes
    ----------
    file
        Its name, without the folder.
    stores
        In natural order.
    starts
        Position of each store's first record, and one past the last record of the file.
    columns
        Every column of the layout, by canonical name.
    rows
        Row number of each record in the file.
    regions
        Region by store, for stores to which the file gives one.
    given
        Covariates the file has a column for. The others have default values.
    notes
        Sentences for the report: what was assumed, and what was not used.
    """

    file: str
    layout: FileLayout
    stores: tuple[str, ...]
    starts: NDArray[np.int64]
    columns: Mapping[str, EncodedColumn]
    rows: NDArray[np.int64]
    regions: Mapping[str, str]
    given: frozenset[str]
    notes: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``"sales"`` or ``"plan"``."""
        return self.layout.kind

    def frames(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield each store with its rows as `schema.SALES` or `schema.PLAN`, by item and day."""
        texts = {name: column.texts() for name, column in self.columns.items() if column.names}
        for at, store in enumerate(self.stores):
            where = slice(int(self.starts[at]), int(self.starts[at + 1]))
            numbers = {name: column.numbers[where] for name, column in self.columns.items()}
            values = {name: texts[name].take(numbers[name]) for name in texts}
            frame = pd.DataFrame(
                {
                    "store": values["store"],
                    "item": values["item"],
                    "ds": _midnights(numbers["date"]),
                    "holiday": values["holiday"],
                    **{name: numbers[name].astype(bool) for name in ("is_open", "promo", "school_holiday")},
                }
            )
            if self.kind == "sales":
                frame["y"] = numbers["demand"]
            yield store, frame.loc[:, list(FRAME_COLUMNS[self.kind])]

    def first_rows(self) -> Iterator[tuple[str, str, int]]:
        """Yield each store with the item and the row number of the store's first record in the file."""
        items = self.columns["item"]
        for at, store in enumerate(self.stores):
            start, end = int(self.starts[at]), int(self.starts[at + 1])
            first = start + int(self.rows[start:end].argmin())
            yield store, items.names[int(items.numbers[first])], int(self.rows[first])

    def span(self) -> tuple[date, date]:
        """Return the first and the last day."""
        days = self.columns["date"].numbers
        first, last = _midnights(np.array([days.min(), days.max()])).tolist()
        return first.date(), last.date()


def _midnights(days: NDArray[np.int32]) -> NDArray[np.datetime64]:
    return days.astype("datetime64[D]").astype("datetime64[us]")
