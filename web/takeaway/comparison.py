"""The table of a comparison: expected demand by day, each side's beside the first one's."""

from collections.abc import Sequence
from datetime import date

from web.shared import formats
from web.shared.side_by_side import Day, Side, all_days
from web.takeaway.table import CLOSED, Closed, Column, Kind, Table, Value


def comparison_table(
    sides: Sequence[Side], named: Sequence[str], ahead: Sequence[dict[date, Day]], as_of: date
) -> Table:
    """Expected demand of every side by day from the business date, and how much more it is than the first's.

    Parameters
    ----------
    named
        What the sides are called (`comparing.names`).
    ahead
        Their days (`comparing.days`).

    Returns
    -------
    Table
        Differences are those of whole units, which is what is seen of the figures beside them.
    """
    columns = [Column("date", "Day", Kind.DAY, 18)]
    columns += [Column(f"side_{at}", _title(name), Kind.DEMAND, 16) for at, name in enumerate(named, 1)]
    columns += [
        Column(f"side_{at}_less_1", f"{_title(name)} less {named[0]}", Kind.DIFFERENCE, 20)
        for at, name in enumerate(named[1:], 2)
    ]
    return Table(
        name="Comparison",
        title=f"Expected demand: {', '.join(named)}",
        columns=columns,
        rows=[_day(day, [each.get(day) for each in ahead]) for day in all_days(ahead, as_of)],
        facts=[
            ("As of", as_of),
            ("Demand in", formats.unit()),
            *((f"{at}:", _origin(side)) for at, side in enumerate(sides, 1)),
        ],
        origin={
            "unit": formats.unit(),
            "as_of": as_of,
            **{f"side_{at}_is": _origin(side) for at, side in enumerate(sides, 1)},
        },
        unit=formats.unit(),
    )


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]


def _origin(side: Side) -> str:
    version = f"version {side.version}" if side.version else "no forecast"
    return f"store {side.key.store}, {formats.item(side.key.item).lower()}, {version}"


def _day(day: date, sides: Sequence[Day | None]) -> list[Value]:
    first, *others = sides
    less: list[Value] = [
        float(formats.whole(other.mean) - formats.whole(first.mean)) if first and other else None
        for other in others
    ]
    return [day, *map(_demand, sides), *less]


def _demand(day: Day | None) -> float | Closed | None:
    if day is None:
        return None
    return day.mean if day.is_open else CLOSED
