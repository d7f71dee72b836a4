"""A table to export: typed columns, rows, and the origin of its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto


class ClosedDay(Enum):
    """The demand of a closed day: it counts as 0 and is shown as a word."""

    CLOSED = 0


CLOSED = ClosedDay.CLOSED

Value = str | float | int | bool | date | ClosedDay | None


class Kind(Enum):
    """The type of a column's values.

    `DEMAND` and `DIFFERENCE` are in the table's unit. `SHARE` is a fraction of 1. `FLAG` is yes or no.
    """

    TEXT = auto()
    DAY = auto()
    DEMAND = auto()
    DIFFERENCE = auto()
    SHARE = auto()
    COUNT = auto()
    FLAG = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        The name in CSV, for other programs.
    title
        The title in Excel and in print, for people.
    width
        The width in Excel, in characters.
    """

    name: str
    title: str
    kind: Kind = Kind.TEXT
    width: int = 12


@dataclass(frozen=True, slots=True)
class Table:
    """A table to export.

    Attributes
    ----------
    name
        The name of the Excel sheet that holds the rows; at most 31 characters.
    title
        What the table shows, in words.
    rows
        Values in the order of `columns`; None if unknown.
    facts
        Label and value of each fact about the origin of the figures, for the header sheet.
    origin
        The same for other programs: CSV columns with one value for all rows.
    unit
        The unit of `Kind.DEMAND`.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    facts: Sequence[tuple[str, Value]] = ()
    origin: Mapping[str, Value] = field(default_factory=dict)
    unit: str = ""
