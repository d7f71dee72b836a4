"""The colours of the light and the dark theme, shared by charts and style sheets.

No colour carries a meaning alone: everything coloured is also labelled in words.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as in ``.streamlit/config.toml``.

    Attributes
    ----------
    ink
        Text, and what was sold.
    quiet
        Secondary text, axis labels, and what charts compare with.
    line
        Grid lines.
    accent, band
        The forecast, and its likely range.
    promotion
        Promotions.
    closed
        Closed days.
    surface, head, paper
        Backgrounds of hover boxes, table heads and the page.
    warm, warm_ground
        Text that needs attention, and its background.
    """

    ink: str
    quiet: str
    line: str
    accent: str
    band: str
    promotion: str
    closed: str
    surface: str
    head: str
    paper: str
    warm: str
    warm_ground: str


LIGHT = Palette(
    "#1B2430",
    "#6B7785",
    "#E9EDF2",
    "#0F6CBD",
    "rgba(15,108,189,.17)",
    "#B35C00",
    "rgba(107,119,133,.16)",
    "#FFF",
    "#F5F7FA",
    "#FFFFFF",
    "#8F4A00",
    "#FFF1DE",
)
DARK = Palette(
    "#E6EBF1",
    "#8C99A8",
    "#232D39",
    "#5AA9F0",
    "rgba(90,169,240,.24)",
    "#F2B84B",
    "rgba(140,153,168,.2)",
    "#19212B",
    "#19212B",
    "#10151C",
    "#F2B84B",
    "#3A2E17",
)


def palette(theme: str | None) -> Palette:
    """The palette of Streamlit's theme type, ``"light"`` or ``"dark"``."""
    return DARK if theme == "dark" else LIGHT
