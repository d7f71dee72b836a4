"""The table of a comparison: each side's expected demand by day, and its difference to the first side."""

from collections.abc import Sequence
from datetime import date

from web.shared import formats
from web.shared.side_by_side import Day, Side, all_days, capitalized, distinct_parts
from web.takeaway.export_table import CLOSED, ClosedDay, Column, Kind, Table, Value


def comparison_table(
    sides: Sequence[Side], names: Sequence[str], forecasts: Sequence[dict[date, Day]], as_of: date
) -> Table:
    """Build the table, one row a day from the business date on.

    Parameters
    ----------
    names
        The name of each side (`side_by_side.side_names`).
    forecasts
        The days of each side (`side_by_side.days`).

    Returns
    -------
    Table
        Differences are between whole units, so they match the figures beside them.
    """
    origins = [_origin(side) for side in sides]
    return Table(
        name="Comparison",
        title=f"Expected demand: {', '.join(names)}",
        columns=_columns(names),
        rows=[_row(day, [each.get(day) for each in forecasts]) for day in all_days(forecasts, as_of)],
        facts=[
            ("As of", as_of),
            ("Demand in", formats.unit()),
            *((f"{number}:", origin) for number, origin in enumerate(origins, 1)),
        ],
        origin={
            "unit": formats.unit(),
            "as_of": as_of,
            **{f"side_{number}_is": origin for number, origin in enumerate(origins, 1)},
        },
        unit=formats.unit(),
    )


def _columns(names: Sequence[str]) -> list[Column]:
    first, *others = distinct_parts(names)
    demands = [
        Column(f"side_{number}", capitalized(name), Kind.DEMAND, 16) for number, name in enumerate(names, 1)
    ]
    differences = [
        Column(f"side_{number}_less_1", f"Difference ({other} − {first})", Kind.DIFFERENCE, 20)
        for number, other in enumerate(others, 2)
    ]
    return [Column("date", "Day", Kind.DAY, 18), *demands, *differences]


def _origin(side: Side) -> str:
    version = f"version {side.version}" if side.version else "no forecast"
    return f"store {side.key.store}, {formats.item(side.key.item).lower()}, {version}"


def _row(day: date, sides: Sequence[Day | None]) -> list[Value]:
    first, *others = sides
    differences: list[Value] = [
        float(formats.whole(other.mean) - formats.whole(first.mean)) if first and other else None
        for other in others
    ]
    return [day, *map(_demand, sides), *differences]


def _demand(day: Day | None) -> float | ClosedDay | None:
    if day is None:
        return None
    return day.mean if day.is_open else CLOSED
