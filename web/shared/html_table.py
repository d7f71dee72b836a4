"""Tables as HTML: quick to draw, and the same on screen, on paper and to a screen reader.

``web/static/figures.css`` styles them on screen (`sheet`), ``print.css`` on paper (`paper`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from web.shared import templates
from web.shared.templates import Html


class Heading(NamedTuple):
    """The heading of a column.

    Attributes
    ----------
    is_figure
        Whether the column holds figures, which are aligned to the right.
    """

    title: str
    is_figure: bool = True


def table(
    headings: Sequence[Heading], rows: Sequence[Sequence[str]], row_classes: Sequence[str] = ()
) -> Html:
    """Draw a table of text.

    Parameters
    ----------
    rows
        The cells of each row, in the order of `headings`.
    row_classes
        The CSS class of each row, ``""`` for none; by default no row has one.
    """
    classes = row_classes or [""] * len(rows)
    return templates.render("table.html", headings=headings, rows=list(zip(rows, classes, strict=True)))


def scrolling(label: str, table: Html) -> Html:
    """Put a table into a region of its own that scrolls where the table is too wide or too long.

    Parameters
    ----------
    label
        What a screen reader calls the region.
    """
    return templates.render("scrolling.html", label=label, content=table)


def section(title: str, *content: Html) -> Html:
    """Draw a section of a page with its title."""
    return templates.render("section.html", title=title, content=content)


def note(text: str) -> Html:
    """Draw a small note."""
    return templates.render("note.html", text=text)
