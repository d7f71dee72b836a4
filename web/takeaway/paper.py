"""A table that is taken away as HTML: what is printed of a page, and the days of it on screen as well."""

from collections.abc import Sequence
from datetime import date
from html import escape

from web.shared import formats, html_table
from web.shared.html_table import Head
from web.takeaway.table import CLOSED, Column, Kind, Table, Value

MOST_ROWS = 60
"""A page of three sheets; who wants more prints the Excel file."""

_WORDS = frozenset({Kind.TEXT, Kind.DAY})
MONDAY = 0


def heading(table: Table, facts: Sequence[str]) -> str:
    """What is printed above all: what it is, and the facts of these names."""
    told = [
        f"{label} {formats.long_day(value) if isinstance(value, date) else value}"
        for label, value in table.facts
        if label in facts
    ]
    return (
        f'<header class="paper paper-head"><h1>{escape(table.title)}</h1>'
        f"<p>{escape(' · '.join(told))}</p></header>"
    )


def rows(table: Table, names: Sequence[str]) -> str:
    """The columns of these names on paper only, by row; of very many rows the first."""
    count = len(table.rows)
    more = f"<p>The first {MOST_ROWS} of {formats.number(count)}; the Excel file has all.</p>"
    return (
        f'<section class="paper paper-rows">{_written(table, names, table.rows[:MOST_ROWS])}'
        f"{more if count > MOST_ROWS else ''}</section>"
    )


def days(table: Table, names: Sequence[str], label: str) -> str:
    """The columns of these names by day, on screen too: a line above each week, closed days quiet."""
    return html_table.region(label, _written(table, names, table.rows))


def cells(table: Table) -> list[list[str]]:
    """The rows as pages write them."""
    return [
        [_shown(column.kind, value) for column, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]


def _written(table: Table, names: Sequence[str], rows: Sequence[Sequence[Value]]) -> str:
    chosen = [(at, column) for at, column in enumerate(table.columns) if column.name in names]
    return html_table.table(
        [_head(column) for _at, column in chosen],
        [[_shown(column.kind, row[at]) for at, column in chosen] for row in rows],
        [_look(row) for row in rows],
    )


def _head(column: Column) -> Head:
    return Head(column.title, is_figure=column.kind not in _WORDS)


def _look(row: Sequence[Value]) -> str:
    week = isinstance(row[0], date) and row[0].weekday() == MONDAY
    return " ".join(word for word, holds in {"week": week, "quiet": row[1] is CLOSED}.items() if holds)


def _shown(kind: Kind, value: Value) -> str:
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
