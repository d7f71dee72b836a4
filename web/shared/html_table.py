"""A small table as HTML: light to draw, the same on screen, on paper, and to who hears the page.

Its look is in ``web/static/look.css`` (`sheet`) and ``print.css`` (`paper`).
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple


class Head(NamedTuple):
    """The head of a column.

    Attributes
    ----------
    is_figure
        Whether it holds figures, which stand on the right.
    """

    title: str
    is_figure: bool = True


def part(title: str, *content: str) -> str:
    """A part of a page with its title."""
    return f'<div class="part"><h5>{escape(title)}</h5>{"".join(content)}</div>'


def region(label: str, table: str) -> str:
    """A table in a part of the page of its own, which can be moved sideways where it is too wide."""
    return f'<section class="sheet" role="region" tabindex="0" aria-label="{escape(label)}">{table}</section>'


def table(heads: Sequence[Head], rows: Sequence[Sequence[str]], looks: Sequence[str] = ()) -> str:
    """Text as it stands, row by row.

    Parameters
    ----------
    looks
        A class of each row, or nothing; by default of none.
    """
    head = "".join(_cell("th", head, head.title) for head in heads)
    body = "".join(
        f"<tr{_named(look)}>{''.join(map(_body_cell, heads, row))}</tr>"
        for row, look in zip(rows, looks or [""] * len(rows), strict=True)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _body_cell(head: Head, text: str) -> str:
    return _cell("td", head, text)


def _cell(tag: str, head: Head, text: str) -> str:
    return f"<{tag}{_named('figure' if head.is_figure else '')}>{escape(text)}</{tag}>"


def _named(look: str) -> str:
    return f' class="{look}"' if look else ""
