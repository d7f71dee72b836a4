"""The style sheet of the pages, for each theme, with the colours of the charts."""

from dataclasses import asdict
from functools import cache
from pathlib import Path

from web.shared.colours import palette

STATIC = Path(__file__).resolve().parent.parent / "static"
SHEETS = ("layout.css", "figures.css", "print.css")


@cache
def style(theme: str | None) -> str:
    """Build the ``<style>`` element of every page.

    Parameters
    ----------
    theme
        The reader's theme, as Streamlit names it.
    """
    colours = ";".join(
        f"--{name.replace('_', '-')}:{value}" for name, value in asdict(palette(theme)).items()
    )
    sheets = [*SHEETS, *(["dark.css"] if theme == "dark" else [])]
    rules = "\n".join((STATIC / sheet).read_text(encoding="utf-8") for sheet in sheets)
    return f"<style>:root{{{colours}}}\n{rules}</style>"
