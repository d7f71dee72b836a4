"""A table as HTML for paper: on screen nothing of it is seen (`web/static/print.css`)."""

from collections.abc import Sequence
from datetime import date
from html import escape

from web import formats
from web.takeaway.table import CLOSED, Column, Kind, Table, Value

MOST_ROWS = 60
"""A page of three sheets; who wants more prints the Excel file."""

_WORDS = frozenset({Kind.TEXT, Kind.DAY})


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
    """The columns of these names, by row; of very many rows the first."""
    chosen = [(at, column) for at, column in enumerate(table.columns) if column.name in names]
    head = "".join(_cell("th", column, column.title) for _at, column in chosen)
    body = "".join(
        f"<tr>{''.join(_cell('td', column, _shown(column.kind, row[at])) for at, column in chosen)}</tr>"
        for row in table.rows[:MOST_ROWS]
    )
    count = len(table.rows)
    more = f"<p>The first {MOST_ROWS} of {formats.number(count)}; the Excel file has all.</p>"
    return (
        '<section class="paper paper-rows">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"{more if count > MOST_ROWS else ''}</section>"
    )


def cells(table: Table) -> list[list[str]]:
    """The rows as pages write them."""
    return [
        [_shown(column.kind, value) for column, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]


def _cell(tag: str, column: Column, text: str) -> str:
    side = "" if column.kind in _WORDS else ' class="figure"'
    return f"<{tag}{side}>{escape(text)}</{tag}>"


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
