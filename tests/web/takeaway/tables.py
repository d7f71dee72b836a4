"""Tables to export, for tests."""

from datetime import UTC, date, datetime

import pandas as pd

from forecasting.core.domain import SeriesKey, StoreState, VersionHeader
from forecasting.planning.queue_rows import QueueRow
from web.takeaway.series_table import SeriesExport

AS_OF = date(2019, 4, 8)
HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    '=HYPERLINK("https://evil.example","x")',
    '"quoted", and; more\nlines',
    "<script>alert(1)</script>",
    "Bäckerei & Söhne",
)
"""Names that a store or product may have."""


def header(version: int = 41, assumptions: tuple[str, ...] = ()) -> VersionHeader:
    """The header of a version of store 17."""
    trained = datetime(2019, 4, 8, 4, 30, tzinfo=UTC)
    cutoff = date(2019, 4, 7)
    return VersionHeader(
        version, "17", "predictor", "run", "prophet", cutoff, 7, "hash", trained, trained, assumptions
    )


def forecast() -> pd.DataFrame:
    """A week from Monday 8 April, closed on Sunday, with a promotion on Tuesday and a holiday on Saturday."""
    ds = pd.date_range("2019-04-08", periods=7)
    is_open = ds.day_of_week != 6
    mean = pd.Series([100.25, 110.5, 120.0, 1300.75, 140.0, 150.0, 0.0])
    return pd.DataFrame(
        {
            "item": "all",
            "engine": "prophet",
            "ds": ds,
            "mean": mean,
            "q10": 0.8 * mean,
            "q50": mean,
            "q90": 1.25 * mean,
            "is_open": is_open,
            "promo": ds.day == 9,
            "holiday": ["", "", "", "", "", "Fair", ""],
            "school_holiday": False,
            "assumed": False,
        }
    )


def sold() -> pd.DataFrame:
    """Sales of 400 days to Sunday 7 April: the day's number of the year, closed on Sundays."""
    ds = pd.date_range(end="2019-04-07", periods=400)
    is_open = ds.day_of_week != 6
    return pd.DataFrame({"ds": ds, "y": 1.0 * ds.day_of_year * is_open, "is_open": is_open})


def export(store: str = "17", item: str = "all", assumptions: tuple[str, ...] = ()) -> SeriesExport:
    """The export of a week of store 17."""
    return SeriesExport(SeriesKey(store, item), header(assumptions=assumptions), AS_OF, forecast(), sold())


def queue_row(store: str, reason: str = "Week as usual", version: int | None = 41) -> QueueRow:
    """One row of the queue."""
    return QueueRow(
        store=store,
        region="North",
        state=StoreState.FRESH,
        needs_attention=False,
        reason=reason,
        sales_through=date(2019, 4, 7),
        next7=None if version is None else 2151.4,
        last7=2000.0,
        sparkline=(),
        version=version,
        engine="" if version is None else "prophet",
    )
