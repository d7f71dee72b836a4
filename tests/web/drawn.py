"""Reads the HTML that a page draws, which must be well-formed."""

import xml.etree.ElementTree as ET

import pandas as pd
from streamlit.testing.v1 import AppTest


def html(app: AppTest) -> ET.Element:
    """All HTML of a page except style sheets."""
    bodies = [element.proto.body for element in app.get("html")]
    shown = "".join(body for body in bodies if not body.startswith("<style>"))
    return ET.fromstring(f"<page>{shown}</page>")  # noqa: S314 - our own page


def having(root: ET.Element, name: str) -> list[ET.Element]:
    """The elements with this class."""
    return [each for each in root.iter() if name in each.get("class", "").split()]


def text(element: ET.Element) -> str:
    """The text of an element."""
    return "".join(element.itertext())


def tables(app: AppTest) -> list[pd.DataFrame]:
    """The tables on screen, as text."""
    shown = [table for sheet in having(html(app), "sheet") for table in sheet.iter("table")]
    return [_frame([[text(cell) for cell in row] for row in table.iter("tr")]) for table in shown]


def tiles(app: AppTest) -> dict[str, tuple[str, str]]:
    """Value and note of each tile by its label."""
    drawn = [list(tile.iter("p")) for tile in having(html(app), "tile")]
    return {label.text or "": (text(value), text(note)) for label, value, note in drawn}


def _frame(rows: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame(rows[1:], columns=rows[0])
