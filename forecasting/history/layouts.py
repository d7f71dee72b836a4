"""What a layout of a file is: its columns by heading, and how each is read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from forecasting.history.fields import Field, Value
from forecasting.history.findings import Findings, quoted
from forecasting.history.text_table import Header

_ENOUGH = 2
"""Headings a file must share with a layout to be taken for one of that layout."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a layout.

    Attributes
    ----------
    heading
        As a file has it, in any case; ``""`` where no file has one and the default always stands.
    field
        How its texts are read.
    default
        The value where a file has no such column; None: it must have it.
    """

    heading: str
    field: Field
    default: Value | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file of one kind is laid out.

    Attributes
    ----------
    name
        As an operator asks for it.
    kind
        ``"sales"`` or ``"plan"``.
    columns
        By canonical name, in the order in which missing ones are told.
    unused
        Other headings, in lower case, that belong to the layout and are not used.
    attributes
        Columns of the file of store attributes that goes with it, by the attribute's name; empty where there
        is no such file. All are optional.
    """

    name: str
    kind: str
    columns: Mapping[str, Column]
    unused: frozenset[str] = frozenset()
    attributes: Mapping[str, Column] = field(default_factory=dict)

    @property
    def headings(self) -> dict[str, str]:
        """The heading of each column a file may have, by canonical name."""
        return {name: column.heading for name, column in self.columns.items() if column.heading}

    @property
    def required(self) -> tuple[str, ...]:
        """Headings a file must have."""
        return tuple(column.heading for column in self.columns.values() if column.default is None)


def recognise(header: Header, layouts: Sequence[Layout], findings: Findings) -> Layout:
    """Tell a file's layout by its header: the one that has most of its columns, of equals the first.

    A mistyped column does not hide a layout: one heading that no other layout has is telling enough.

    Raises
    ------
    InvalidFile
        If the header fits none; says which layouts there are.
    """
    known = {layout.name: _lower(layout.headings.values()) for layout in layouts}
    found = set(header.lower)
    fitting: dict[int, Layout] = {}
    for layout in layouts:
        others = set[str]().union(*(known[name] for name in known if name != layout.name))
        shared = known[layout.name] & found
        if len(shared) >= _ENOUGH and (shared - others or _lower(layout.required) <= found):
            fitting.setdefault(len(shared), layout)
    if not fitting:
        names = " or ".join(f"{layout.name} ({', '.join(layout.required)})" for layout in layouts)
        findings.add(f"the columns of a known format: {names}", quoted(str(header)), row=header.row)
        findings.raise_if_any()
    return fitting[max(fitting)]


def locate(columns: Mapping[str, Column], header: Header, findings: Findings) -> dict[str, int]:
    """Where each column stands in a header, by canonical name; one that is missing is left out.

    A column that stands there twice is added to `findings`.
    """
    places = {}
    for name, column in columns.items():
        times = header.lower.count(column.heading.lower()) if column.heading else 0
        if times:
            places[name] = header.lower.index(column.heading.lower())
        if times > 1:
            findings.add("this column once", f"{times} times", row=header.row, column=column.heading)
    return places


def find_missing(
    columns: Mapping[str, Column], places: Mapping[str, int], header: Header, findings: Findings
) -> None:
    """Add every column a file must have and has not."""
    for name, column in columns.items():
        if column.default is None and name not in places:
            expected, found = "a column of this name", quoted(str(header))
            findings.add(expected, found, row=header.row, column=column.heading)


def unused(header: Header, places: Mapping[str, int], known: frozenset[str]) -> tuple[str, ...]:
    """Headings of columns nothing is done with, nameless and `known` ones aside."""
    taken = set(places.values())
    rest = [heading for at, heading in enumerate(header.headings) if at not in taken]
    return tuple(heading for heading in rest if heading and heading.lower() not in known)


def _lower(headings: Iterable[str]) -> set[str]:
    return {heading.lower() for heading in headings}
