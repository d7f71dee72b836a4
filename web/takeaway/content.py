"""What stands in the tables that are taken away: a series of a version by day, or the queue by store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from forecasting.core.domain import SeriesKey, VersionHeader
from forecasting.planning.queue_rows import QueueRow
from web.shared import formats
from web.takeaway.table import CLOSED, Closed, Column, Kind, Table, Value

DEMANDS = (
    ("low", "Low", "q10"),
    ("expected", "Expected", "mean"),
    ("high", "High", "q90"),
)
"""Name, title, and column of `schema.STORE_FORECAST`."""

BAND = "1 day in 10 sells less than low, 1 day in 10 more than high; neither adds up over several days."
CLOSED_DAYS = "A closed day counts 0 and is shown as closed."
SAME_WEEKDAY = "What was sold on the same weekday 7 and 364 days before; empty where that is not known."
WEEK, YEAR = timedelta(days=7), timedelta(days=364)
"""The same weekday before; a year is 52 weeks."""


def days_looked_back(cutoff: date, as_of: date) -> int:
    """Of how many days before the business date a table of a version with that cutoff tells something."""
    return (as_of - cutoff + YEAR).days


@dataclass(frozen=True, slots=True)
class SeriesShown:
    """What a store's page shows.

    Attributes
    ----------
    forecast
        `schema.STORE_FORECAST` of the series.
    sold
        `schema.HISTORY` of the series: all there is, or as far as is to be compared with.
    """

    key: SeriesKey
    header: VersionHeader
    as_of: date
    forecast: pd.DataFrame
    sold: pd.DataFrame


def series_table(shown: SeriesShown) -> Table:
    """The days of one series of a version."""
    columns = [Column("date", "Day", Kind.DAY, 18)]
    columns += [Column(name, title, Kind.DEMAND) for name, title, _ in DEMANDS]
    columns += [
        Column("last_week", "Last week", Kind.DEMAND),
        Column("last_year", "Last year", Kind.DEMAND),
        Column("open", "Open", Kind.FLAG, 8),
        Column("event", "Event", Kind.TEXT, 34),
    ]
    engine = shown.forecast["engine"].iloc[0]
    return Table(
        name="Forecast",
        title=f"Demand forecast: store {shown.key.store}, {formats.item(shown.key.item).lower()}",
        columns=columns,
        rows=_days(shown),
        facts=_series_facts(shown, engine),
        origin={
            "store": shown.key.store,
            "product": shown.key.item,
            "unit": formats.unit(),
            "as_of": shown.as_of,
            "sales_through": shown.header.cutoff,
            "engine": engine,
            "version": shown.header.version,
        },
        unit=formats.unit(),
    )


def queue_table(rows: Sequence[QueueRow], as_of: date, part: str) -> Table:
    """The stores of the queue as they are shown.

    Parameters
    ----------
    part
        Which of them these are, in words.
    """
    columns = [
        Column("store", "Store", Kind.TEXT, 14),
        Column("region", "Region", Kind.TEXT, 16),
        Column("state", "State", Kind.TEXT, 10),
        Column("reason", "Why it is here", Kind.TEXT, 58),
        Column("next_7_days", "Next 7 days", Kind.DEMAND, 13),
        Column("last_7_days", "Same days last week", Kind.DEMAND, 13),
        Column("change", "Change", Kind.SHARE, 10),
        Column("sales_through", "Sales through", Kind.DAY, 18),
        Column("engine", "Engine", Kind.TEXT, 18),
        Column("version", "Version", Kind.COUNT, 10),
    ]
    return Table(
        name="Queue",
        title="My stores",
        columns=columns,
        rows=[_store(row) for row in rows],
        facts=[
            ("As of", as_of),
            ("Shown", f"{formats.number(len(rows))} stores: {part}"),
            ("Demand in", formats.unit()),
            ("Engine, version", "of each store's forecast; in its row"),
            ("Next 7 days", "expected demand of the store's total, by the newest forecast"),
        ],
        origin={"unit": formats.unit(), "as_of": as_of},
        unit=formats.unit(),
    )


def _days(shown: SeriesShown) -> list[list[Value]]:
    """One row a day, in the order of the columns of `series_table`."""
    sold = dict(zip(_dates(shown.sold), _demands(shown.sold, "y"), strict=True))
    days = _dates(shown.forecast)
    return [
        [day, *demands, sold.get(day - WEEK), sold.get(day - YEAR), is_open, event]
        for day, *demands, is_open, event in zip(
            days,
            *(_demands(shown.forecast, column) for _name, _title, column in DEMANDS),
            shown.forecast["is_open"].tolist(),
            _events(shown.forecast),
            strict=True,
        )
    ]


def _dates(frame: pd.DataFrame) -> list[date]:
    return [instant.date() for instant in frame["ds"].dt.to_pydatetime()]


def _demands(frame: pd.DataFrame, column: str) -> list[float | Closed]:
    opened = zip(frame[column].tolist(), frame["is_open"].tolist(), strict=True)
    return [value if is_open else CLOSED for value, is_open in opened]


def _events(frame: pd.DataFrame) -> list[str]:
    """What is special about each day, in words."""
    flags = {"Promotion": "promo", "School holiday": "school_holiday", "assumed": "assumed"}
    columns = [[word if holds else "" for holds in frame[name]] for word, name in flags.items()]
    return [", ".join(filter(None, words)) for words in zip(frame["holiday"], *columns, strict=True)]


def _series_facts(shown: SeriesShown, engine: str) -> list[tuple[str, Value]]:
    header = shown.header
    asked = "" if engine == header.asked_engine else f" (asked for: {formats.engine(header.asked_engine)})"
    facts: list[tuple[str, Value]] = [
        ("Store", shown.key.store),
        ("Product", formats.item(shown.key.item)),
        ("As of", shown.as_of),
        ("Sales through", header.cutoff),
        ("Days", f"{len(shown.forecast)} days from {formats.long_day(shown.forecast['ds'].iloc[0])}"),
        ("Demand in", formats.unit()),
        ("Engine", f"{formats.engine(engine)}{asked}"),
        ("Version", header.version),
        ("Trained", f"{header.trained_at:%Y-%m-%d %H:%M} UTC"),
        ("Published", f"{header.published_at:%Y-%m-%d %H:%M} UTC"),
        ("Likely range", BAND),
        ("Closed days", CLOSED_DAYS),
        (
            "Last week, last year",
            "What was sold on the same weekday 7 and 364 days before; empty where unknown.",
        ),
    ]
    return facts + [("Taken for granted", words) for words in header.assumptions]


def _store(row: QueueRow) -> list[Value]:
    return [
        row.store, row.region, str(row.state), row.reason, row.next7, row.last7, row.change,
        row.sales_through, formats.engine(row.engine) if row.engine else "", row.version,
    ]  # fmt: skip
