"""Figures as they are written in other places."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from forecasting.config import display
from forecasting.config.display import DisplaySettings
from web.shared import charts, formats
from web.shared.locales import LOCALES


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """The next test finds the default."""
    yield
    formats.use(DisplaySettings())


def test_every_locale_that_can_be_set_is_known() -> None:
    """And no other."""
    assert set(LOCALES) == set(display.LOCALES)


@pytest.mark.parametrize(
    ("look", "amount", "decimal"),
    [
        (DisplaySettings(), "2,151 units", "8.1%"),
        (DisplaySettings(unit="kg", locale="de-de"), "2.151 kg", "8,1%"),
        (DisplaySettings(currency="€", locale="de-de"), "2.151\u00a0€", "8,1%"),
        (DisplaySettings(currency="£"), "£2,151", "8.1%"),
        (DisplaySettings(currency="€", locale="nl-nl"), "€\u00a02.151", "8,1%"),
        (DisplaySettings(currency="CHF", locale="de-ch"), "CHF\u00a02’151", "8.1%"),
        (DisplaySettings(unit="pièces", locale="fr-fr"), "2\u202f151 pièces", "8,1%"),
    ],
)
def test_amounts_are_written_as_there(look: DisplaySettings, amount: str, decimal: str) -> None:
    """Separators, and the place of the currency."""
    formats.use(look)
    assert formats.amount(2151.4) == amount
    assert formats.percent(0.081) == decimal
    assert formats.amount(None) == "n/a"


def test_the_clock_of_america_has_twelve_hours() -> None:
    """And no leading 0."""
    at = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)
    assert formats.clock(at) == "04:30"
    formats.use(DisplaySettings(locale="en-us"))
    assert formats.clock(at) == "4:30 AM"


def test_charts_write_figures_as_the_page_does() -> None:
    """Separators and unit."""
    formats.use(DisplaySettings(unit="kg", locale="de-de"))
    ds = pd.date_range("2019-03-25", periods=7)
    sold = pd.DataFrame({"ds": ds, "y": 1000.0, "is_open": True, "promo": False, "holiday": ""})
    figure = charts.forecast_figure(sold, None, date(2019, 4, 1), charts.palette("light"))
    assert figure.layout.separators == ",."
    assert "kg" in [note.text for note in figure.layout.annotations]
    assert "</b> kg" in figure.data[0].hovertemplate
    assert formats.in_grid() == "localized"
