"""The table of *My stores*: one row a store."""

from collections.abc import Sequence
from datetime import date

from forecasting.planning.queue_rows import QueueRow
from web.shared import formats
from web.takeaway.export_table import Column, Kind, Table, Value

COLUMNS = (
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
)


def queue_table(rows: Sequence[QueueRow], as_of: date, selection: str) -> Table:
    """Build the table of these stores.

    Parameters
    ----------
    selection
        Which stores these are, in words: ``Needs attention, South``.
    """
    return Table(
        name="Queue",
        title="My stores",
        columns=COLUMNS,
        rows=[_row(row) for row in rows],
        facts=[
            ("As of", as_of),
            ("Shown", f"{formats.counted(len(rows), 'store')}: {selection}"),
            ("Demand in", formats.unit()),
            ("Engine, version", "of each store's forecast; see its row"),
            ("Next 7 days", "expected demand of the whole store, from its newest forecast"),
        ],
        origin={"unit": formats.unit(), "as_of": as_of},
        unit=formats.unit(),
    )


def _row(row: QueueRow) -> list[Value]:
    return [
        row.store, row.region, str(row.state), row.reason, row.next7, row.last7, row.change,
        row.sales_through, formats.engine(row.engine) if row.engine else "", row.version,
    ]  # fmt: skip
