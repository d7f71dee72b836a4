"""A table to be taken away: typed columns, rows, and where its figures come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto


class Closed(Enum):
    """Stands for the demand of a closed day: 0, and told as a word."""

    CLOSED = 0


CLOSED = Closed.CLOSED

Value = str | float | int | bool | date | Closed | None


class Kind(Enum):
    """What the values of a column are."""

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
        In CSV, where other programs read it.
    title
        In Excel, where people do.
    kind
        `DEMAND` and `DIFFERENCE` are in the table's unit; `SHARE` of 1; `FLAG` is yes or no.
    width
        In characters.
    """

    name: str
    title: str
    kind: Kind = Kind.TEXT
    width: int = 12


@dataclass(frozen=True, slots=True)
class Table:
    """What is taken away.

    Attributes
    ----------
    name
        Of the Excel sheet with the rows; 31 characters at most.
    title
        What it is, in words.
    columns, rows
        Values in the order of the columns; None is not known.
    facts
        Where the figures come from, in words, for the header sheet.
    origin
        The same for programs: columns of CSV that say the same in every row.
    unit
        Of `DEMAND`.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    facts: Sequence[tuple[str, Value]] = ()
    origin: Mapping[str, Value] = field(default_factory=dict)
    unit: str = ""
