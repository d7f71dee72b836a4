"""The table of one store or product: the days of one version of its forecast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from forecasting.core.domain import SeriesKey, VersionHeader
from web.shared import formats
from web.takeaway.export_table import CLOSED, ClosedDay, Column, Kind, Table, Value

DEMANDS = (
    ("low", "Low", "q10"),
    ("expected", "Expected", "mean"),
    ("high", "High", "q90"),
)
"""Name and title of each column, and its source in `schema.STORE_FORECAST`."""

COLUMNS = (
    Column("date", "Day", Kind.DAY, 18),
    *(Column(name, title, Kind.DEMAND) for name, title, _ in DEMANDS),
    Column("last_week", "Last week", Kind.DEMAND),
    Column("last_year", "Last year", Kind.DEMAND),
    Column("open", "Open", Kind.FLAG, 8),
    Column("event", "Event", Kind.TEXT, 34),
)

BAND = (
    "8 days in 10 sell between low and high; 1 in 10 sells less, 1 in 10 more. "
    "Low and high must not be added up over days."
)
CLOSED_DAYS = "A closed day counts as 0 and is shown as closed."
SAME_WEEKDAY = "Sales of the same weekday 7 and 364 days before; empty where unknown."
WEEK, YEAR = timedelta(days=7), timedelta(days=364)
"""Both lead to the same weekday; a year is 52 weeks."""


@dataclass(frozen=True, slots=True)
class SeriesExport:
    """What the table of a series is built from.

    Attributes
    ----------
    header
        The version of the forecast.
    as_of
        The business date.
    forecast
        `schema.STORE_FORECAST` of the series in this version.
    sold
        `schema.HISTORY` of the series, at least the last `days_to_read` days.
    """

    key: SeriesKey
    header: VersionHeader
    as_of: date
    forecast: pd.DataFrame
    sold: pd.DataFrame


def days_to_read(cutoff: date, as_of: date) -> int:
    """Count the days of sales before the business date that the table of a version with this cutoff needs."""
    return (as_of - cutoff + YEAR).days


def series_table(series: SeriesExport) -> Table:
    """Build the table, one row a day."""
    engine = series.forecast["engine"].iloc[0]
    return Table(
        name="Forecast",
        title=f"Demand forecast: store {series.key.store}, {formats.item(series.key.item).lower()}",
        columns=COLUMNS,
        rows=_rows(series),
        facts=_facts(series, engine),
        origin={
            "store": series.key.store,
            "product": series.key.item,
            "unit": formats.unit(),
            "as_of": series.as_of,
            "sales_through": series.header.cutoff,
            "engine": engine,
            "version": series.header.version,
        },
        unit=formats.unit(),
    )


def _rows(series: SeriesExport) -> list[list[Value]]:
    """One row a day, in the order of `COLUMNS`."""
    sold = dict(zip(_dates(series.sold), _demands(series.sold, "y"), strict=True))
    return [
        [day, *demands, sold.get(day - WEEK), sold.get(day - YEAR), is_open, event]
        for day, *demands, is_open, event in zip(
            _dates(series.forecast),
            *(_demands(series.forecast, column) for _name, _title, column in DEMANDS),
            series.forecast["is_open"].tolist(),
            _events(series.forecast),
            strict=True,
        )
    ]


def _dates(frame: pd.DataFrame) -> list[date]:
    return [instant.date() for instant in frame["ds"].dt.to_pydatetime()]


def _demands(frame: pd.DataFrame, column: str) -> list[float | ClosedDay]:
    values = zip(frame[column].tolist(), frame["is_open"].tolist(), strict=True)
    return [value if is_open else CLOSED for value, is_open in values]


def _events(frame: pd.DataFrame) -> list[str]:
    """The holiday, promotion and school holiday of each day, in words."""
    flags = {"Promotion": "promo", "School holiday": "school_holiday", "assumed": "assumed"}
    columns = [[word if holds else "" for holds in frame[name]] for word, name in flags.items()]
    return [", ".join(filter(None, words)) for words in zip(frame["holiday"], *columns, strict=True)]


def _facts(series: SeriesExport, engine: str) -> Sequence[tuple[str, Value]]:
    header, days = series.header, formats.days(len(series.forecast))
    asked = "" if engine == header.asked_engine else f" (asked for: {formats.engine(header.asked_engine)})"
    return [
        ("Store", series.key.store),
        ("Product", formats.item(series.key.item)),
        ("As of", series.as_of),
        ("Sales through", header.cutoff),
        ("Days", f"{days} from {formats.long_day(series.forecast['ds'].iloc[0])}"),
        ("Demand in", formats.unit()),
        ("Engine", f"{formats.engine(engine)}{asked}"),
        ("Version", header.version),
        ("Trained", f"{header.trained_at:%Y-%m-%d %H:%M} UTC"),
        ("Published", f"{header.published_at:%Y-%m-%d %H:%M} UTC"),
        ("Likely range", BAND),
        ("ClosedDay days", CLOSED_DAYS),
        ("Last week, last year", SAME_WEEKDAY),
        *(("Assumption", words) for words in header.assumptions),
    ]
