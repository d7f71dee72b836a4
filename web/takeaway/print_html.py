"""Exported tables as HTML: what is printed of a page, and the table of days on screen and on paper."""

from collections.abc import Sequence
from datetime import date

from web.shared import formats, html_table, templates
from web.shared.html_table import Heading
from web.shared.templates import Html
from web.takeaway.export_table import CLOSED, Column, Kind, Table, Value

MOST_ROWS = 60
"""About three printed pages; the Excel file has all rows."""

_WORDS = frozenset({Kind.TEXT, Kind.DAY})
MONDAY = 0


def heading(table: Table, names: Sequence[str]) -> Html:
    """Draw the heading of a printed page: the title, and the facts with these labels."""
    facts = [
        f"{label} {formats.long_day(value) if isinstance(value, date) else value}"
        for label, value in table.facts
        if label in names
    ]
    return templates.render("paper_heading.html", title=table.title, facts=" · ".join(facts))


def rows(table: Table, names: Sequence[str]) -> Html:
    """Draw the columns with these names for paper only; of a very long table the first `MOST_ROWS` rows."""
    count = len(table.rows)
    cut = f"The first {MOST_ROWS} of {formats.number(count)}; the Excel file has all."
    return templates.render(
        "paper_rows.html",
        table=_html(table, names, table.rows[:MOST_ROWS]),
        note=cut if count > MOST_ROWS else "",
    )


def days(table: Table, names: Sequence[str], label: str) -> Html:
    """Draw the columns with these names by day, on screen and paper; weeks are separated by a line.

    Parameters
    ----------
    label
        What a screen reader calls the table.
    """
    return html_table.scrolling(label, _html(table, names, table.rows))


def cells(table: Table) -> list[list[str]]:
    """Every cell as pages show it."""
    return [
        [_text(column.kind, value) for column, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]


def _html(table: Table, names: Sequence[str], rows: Sequence[Sequence[Value]]) -> Html:
    chosen = [(at, column) for at, column in enumerate(table.columns) if column.name in names]
    return html_table.table(
        [_heading(column) for _at, column in chosen],
        [[_text(column.kind, row[at]) for at, column in chosen] for row in rows],
        [_row_class(row) for row in rows],
    )


def _heading(column: Column) -> Heading:
    return Heading(column.title, is_figure=column.kind not in _WORDS)


def _row_class(row: Sequence[Value]) -> str:
    week = isinstance(row[0], date) and row[0].weekday() == MONDAY
    return " ".join(word for word, holds in {"week": week, "quiet": row[1] is CLOSED}.items() if holds)


def _text(kind: Kind, value: Value) -> str:
    if value is None:
        return "–"
    if value is CLOSED:
        return "closed"
    if isinstance(value, date):
        return formats.day(value)
    if kind is Kind.SHARE and isinstance(value, float):
        return f"{formats.number(100 * value, signed=True)}%"
    if kind is Kind.DIFFERENCE and isinstance(value, float):
        return formats.number(value, signed=True)
    return formats.number(value) if isinstance(value, float) else str(value)
