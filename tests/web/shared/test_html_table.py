"""Tables as HTML."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tests.web.drawn import text
from web.shared import html_table
from web.shared.html_table import Heading

ANYTHING = st.text(st.characters(exclude_categories=("Cs", "Cc")))


@given(st.lists(st.tuples(ANYTHING, ANYTHING), max_size=4))
def test_text_is_escaped(rows: list[tuple[str, str]]) -> None:
    """Cells, headings and the label read back as they were given."""
    drawn = html_table.scrolling(
        "A <name>", html_table.table([Heading("Day", is_figure=False), Heading("<b>")], rows)
    )
    read = ET.fromstring(drawn)  # noqa: S314 - our own
    cells = [tuple(text(cell) for cell in row) for row in read.iter("tr")]
    assert cells == [("Day", "<b>"), *rows]
    assert read.get("aria-label") == "A <name>"


def test_figures_and_rows_have_their_classes() -> None:
    """The style sheets use them."""
    drawn = html_table.table([Heading("Day", is_figure=False), Heading("Low")], [["Mon", "1"]], ["week"])
    assert '<tr class="week"><td>Mon</td><td class="figure">1</td></tr>' in drawn
