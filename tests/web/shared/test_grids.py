"""Numbers in grids."""

from collections.abc import Iterator

import pandas as pd
import pytest
from pandas.io.formats.style import Styler

from forecasting.config.display import DisplaySettings
from web.shared import formats, grids
from web.shared.grids import Figures

COLUMNS = {
    "Error": Figures(1, percent=True),
    "Bias": Figures(1, percent=True, signed=True),
    "MASE": Figures(3),
}
TABLE = pd.DataFrame({"Error": [8.12, None], "Bias": [7.0, -0.8], "MASE": [0.9, 1.25]})


@pytest.fixture(autouse=True)
def _default_settings() -> Iterator[None]:
    """Leave the default settings to the next test."""
    yield
    formats.use(DisplaySettings())


def test_in_english_the_grid_writes_numbers_itself() -> None:
    """By its own format; the table is passed on as it is."""
    assert grids.localized(TABLE, COLUMNS) is TABLE
    written = [figures.format for figures in COLUMNS.values()]
    assert written == ["%.1f%%", "%+.1f%%", "%.3f"]


@pytest.mark.parametrize(
    ("locale", "rows"),
    [
        ("de-de", [("8,1\u00a0%", "+7,0\u00a0%", "0,900"), ("n/a", "−0,8\u00a0%", "1,250")]),
        ("it-it", [("8,1%", "+7,0%", "0,900"), ("n/a", "−0,8%", "1,250")]),
    ],
)
def test_elsewhere_cells_show_what_pages_write(locale: str, rows: list[tuple[str, str, str]]) -> None:
    """And the numbers beneath stay, for sorting; a format of the grid's own would hide the texts."""
    formats.use(DisplaySettings(locale=locale))
    shown = grids.localized(TABLE, COLUMNS)
    assert isinstance(shown, Styler)
    pd.testing.assert_frame_equal(shown.data, TABLE)  # type: ignore[attr-defined] # not in the stubs
    cells = shown.to_string(delimiter=";").splitlines()[1:]
    assert [tuple(line.split(";")[1:]) for line in cells] == rows
    assert all(figures.format is None for figures in COLUMNS.values())


@pytest.mark.parametrize(
    ("locale", "written"),
    [("en-gb", "+12%"), ("de-de", "+12\u00a0%"), ("it-it", "+12%"), ("fr-fr", "+12\u00a0%")],
)
def test_whole_percentages_have_the_distance_of_the_locale(locale: str, written: str) -> None:
    """The grid fills in its own format, as `%` of Python does; no decimals or groups are at stake."""
    formats.use(DisplaySettings(locale=locale))
    assert grids.whole_percent() % 12 == written == formats.percent(0.12, 0, signed=True)
