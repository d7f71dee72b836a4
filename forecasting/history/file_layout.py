"""The layout of a file: its columns, their headings, and how each column is parsed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from forecasting.history.cell_parsers import CellParser, Value
from forecasting.history.problem_collector import ProblemCollector, quote
from forecasting.history.text_table import Header

_ENOUGH = 2
"""How many headings a file must share with a layout to be recognised as one of that layout."""


@dataclass(frozen=True, slots=True)
class LayoutColumn:
    """One column of a layout.

    Attributes
    ----------
    heading
        The heading in a file, in upper or lower case. ``""`` if no file has the column; then the default is
        always used.
    parser
        How its texts are parsed.
    default
        The value if a file has no such column; None if the column is required.
    """

    heading: str
    parser: CellParser
    default: Value | None = None


@dataclass(frozen=True, slots=True)
class FileLayout:
    """The layout of one kind of file.

    Attributes
    ----------
    name
        The name an operator asks for.
    kind
        ``"sales"`` or ``"plan"``.
    columns
        By canonical name, in the order in which missing ones are reported.
    unused
        Other headings, in lower case, that belong to the layout and are not used.
    attributes
        Columns of the layout's file of store attributes, by the attribute's name. All are optional. Empty if
        the layout has no such file.
    """

    name: str
    kind: str
    columns: Mapping[str, LayoutColumn]
    unused: frozenset[str] = frozenset()
    attributes: Mapping[str, LayoutColumn] = field(default_factory=dict)

    @property
    def headings(self) -> dict[str, str]:
        """Headings of the columns a file may have, by canonical name."""
        return {name: column.heading for name, column in self.columns.items() if column.heading}

    @property
    def required(self) -> tuple[str, ...]:
        """Headings of the required columns."""
        return tuple(column.heading for column in self.columns.values() if column.default is None)


def recognise_layout(header: Header, layouts: Sequence[FileLayout], problems: ProblemCollector) -> FileLayout:
    """Return the layout that shares most columns with the header; among equals, the first one.

    A mistyped column does not prevent this: two shared headings suffice if no other layout has one of them.

    Raises
    ------
    InvalidFile
        If the header fits no layout; names the layouts there are.
    """
    known = {layout.name: _lower(layout.headings.values()) for layout in layouts}
    found = set(header.lower)
    fitting: dict[int, FileLayout] = {}
    for layout in layouts:
        others = set[str]().union(*(known[name] for name in known if name != layout.name))
        shared = known[layout.name] & found
        if len(shared) >= _ENOUGH and (shared - others or _lower(layout.required) <= found):
            fitting.setdefault(len(shared), layout)
    if not fitting:
        names = " or ".join(f"{layout.name} ({', '.join(layout.required)})" for layout in layouts)
        problems.add(f"the columns of a known format: {names}", quote(str(header)), row=header.row)
        problems.raise_if_any()
    return fitting[max(fitting)]


def locate_columns(
    columns: Mapping[str, LayoutColumn], header: Header, problems: ProblemCollector
) -> dict[str, int]:
    """Return the position of each column in a header, by canonical name; missing columns are left out.

    A column that is there twice is added to `problems`.
    """
    positions = {}
    for name, column in columns.items():
        times = header.lower.count(column.heading.lower()) if column.heading else 0
        if times:
            positions[name] = header.lower.index(column.heading.lower())
        if times > 1:
            problems.add("this column once", f"{times} times", row=header.row, column=column.heading)
    return positions


def check_required_columns(
    columns: Mapping[str, LayoutColumn],
    positions: Mapping[str, int],
    header: Header,
    problems: ProblemCollector,
) -> None:
    """Add a problem for every required column that the header lacks."""
    for name, column in columns.items():
        if column.default is None and name not in positions:
            expected, found = "a column of this name", quote(str(header))
            problems.add(expected, found, row=header.row, column=column.heading)


def unused_headings(header: Header, positions: Mapping[str, int], known: frozenset[str]) -> tuple[str, ...]:
    """Return the headings of columns that are not used, except for empty ones and those in `known`."""
    used = set(positions.values())
    rest = [heading for at, heading in enumerate(header.headings) if at not in used]
    return tuple(heading for heading in rest if heading and heading.lower() not in known)


def _lower(headings: Iterable[str]) -> set[str]:
    return {heading.lower() for heading in headings}
