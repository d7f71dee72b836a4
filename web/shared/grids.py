"""Percentages and decimals in Streamlit's grids, written in the locale of the settings."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
from pandas.io.formats.style import Styler

from web.shared import formats

HEADER_HEIGHT = 38
"""Height of a grid's header row, in pixels."""


class Figures(NamedTuple):
    """How the numbers of a column are written.

    Attributes
    ----------
    digits
        How many decimals.
    percent
        Whether the numbers are hundredths and get a percent sign.
    signed
        Whether numbers above zero get a plus sign.
    """

    digits: int
    percent: bool = False
    signed: bool = False

    @property
    def format(self) -> str | None:
        """The `format` of the column's configuration.

        A grid's own format writes English numbers. It is used where those are right, as it takes less time
        than `localized`, and is None elsewhere, as it would take precedence over `localized`.
        """
        own = f"%{'+' if self.signed else ''}.{self.digits}f{'%%' if self.percent else ''}"
        return own if _has_english_decimals() else None

    def write(self, value: object) -> str:
        """Write a number of the column in the locale of the settings; ``n/a`` for anything else."""
        written = formats.number(value if isinstance(value, float) else None, self.digits, signed=self.signed)
        is_share = self.percent and written != formats.NONE
        return formats.notation().write_percent(written) if is_share else written


def localized(table: pd.DataFrame, columns: Mapping[str, Figures]) -> pd.DataFrame | Styler:
    """A table whose grid shows the numbers of these columns in the locale of the settings.

    It still sorts by the numbers. Missing numbers are left to the grid's placeholder in English locales, and
    are written as ``n/a`` elsewhere.
    """
    if _has_english_decimals():
        return table
    return table.style.format({name: figures.write for name, figures in columns.items()})


def whole_percent() -> str:
    """A grid's own format of whole percentages with their sign, in any locale: ``+12%``, ``+12 %``."""
    before, after = formats.notation().percent
    return f"{before}%+.0f{after}".replace("%", "%%").replace("%%+.0f", "%+.0f")


def _has_english_decimals() -> bool:
    return formats.notation().decimal == "."
