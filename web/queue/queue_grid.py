"""The rows of My stores as the table's data."""

from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
import pyarrow as pa

from forecasting.core.domain import StoreState
from forecasting.planning.queue_rows import QueueRow, QueueSection
from web.shared import formats

SPARKLINE = "4 weeks + next 7 days"
GRIDS_KEPT = 50
"""Of different filters; each takes 260 kB with a thousand stores."""

STATE_SHAPES = {
    StoreState.RUNNING: "◌",
    StoreState.FAILED: "✕",
    StoreState.BEHIND: "◐",
    StoreState.STALE: "◔",
    StoreState.AGEING: "◕",
    StoreState.FRESH: "●",
    StoreState.NONE: "○",
}
"""A shape for each state, shown before its word."""


@dataclass(frozen=True, slots=True)
class GridKey:
    """The rows of a grid and the reader's time zone, as the key of its cache.

    Attributes
    ----------
    zone
        The name of the time zone; None means UTC.
    """

    rows: tuple[QueueRow, ...]
    zone: str | None

    def __hash__(self) -> int:
        """Hash what differs between most queues; hashing a thousand rows in full takes milliseconds."""
        return hash((self.zone, tuple((row.store, row.version, row.reason) for row in self.rows)))


@lru_cache(GRIDS_KEPT)
def grid(key: GridKey) -> pa.Table:
    """Make the table's data, which takes longer than everything else on the page."""
    rows = key.rows
    frame = pd.DataFrame(
        {
            "Store": [row.store for row in rows],
            "Region": [row.region for row in rows],
            "State": [f"{STATE_SHAPES[row.state]} {row.state}" for row in rows],
            "Why it is here": [_reason(row, key.zone) for row in rows],
            SPARKLINE: [[round(value) for value in row.sparkline] for row in rows],
            "Next 7 days": [None if row.next7 is None else formats.whole(row.next7) for row in rows],
            "vs last week": [_percent(row.change) for row in rows],
            "vs last year": [_percent(row.change_on_year) for row in rows],
        }
    )
    table = pa.Table.from_pandas(frame if any(frame["Region"]) else frame.drop(columns="Region"))
    # seven digits are enough to draw, and halve what is sent for a thousand stores
    small = table[SPARKLINE].cast(pa.list_(pa.float32()), safe=False)
    return table.set_column(table.column_names.index(SPARKLINE), SPARKLINE, small)


def _percent(share: float | None) -> int | None:
    """Whole percent, so that the grid never shows −0."""
    return None if share is None else formats.whole(100 * share)


def _reason(row: QueueRow, zone: str | None) -> str:
    """Why the store is in the queue; for a reviewed store also who reviewed it."""
    if row.section is not QueueSection.REVIEWED or row.review is None:
        return row.reason
    at = formats.clock(row.review.at.astimezone(formats.zone(zone)))
    return f"Reviewed by {row.review.by} at {at}; {row.reason[:1].lower()}{row.reason[1:]}"
