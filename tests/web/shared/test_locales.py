"""Numbers, money, percentages and times in the ten locales, as Unicode CLDR 48 writes them.

Expected texts are what ICU, CLDR's reference implementation, writes; tests/browser/test_locales_in_browser.py
asks it again. Only the minus sign differs: pages have the typographic one in every locale.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from babel import Locale
from babel.dates import format_time

from forecasting.config.display import LOCALES, DisplaySettings
from web.shared import forecast_chart, formats, locales
from web.shared.colours import palette

NBSP, NARROW = "\u00a0", "\u202f"


@pytest.fixture(autouse=True)
def _default_settings() -> Iterator[None]:
    """Leave the default settings to the next test."""
    yield
    formats.use(DisplaySettings())


def test_every_locale_of_the_settings_is_in_cldr() -> None:
    """There is one list of locales, that of the settings."""
    assert len(LOCALES) == 10
    for name in LOCALES:
        assert str(Locale.parse(name, sep="-")).lower().replace("_", "-") == name
        assert locales.notation(name).group


@pytest.mark.parametrize(
    ("locale", "thousands", "ten_thousands", "millions", "decimals"),
    [
        ("en-gb", "2,151", "12,345", "1,234,567", "2,151.5"),
        ("en-us", "2,151", "12,345", "1,234,567", "2,151.5"),
        ("de-de", "2.151", "12.345", "1.234.567", "2.151,5"),
        ("de-ch", "2'151", "12'345", "1'234'567", "2'151.5"),
        ("fr-fr", f"2{NARROW}151", f"12{NARROW}345", f"1{NARROW}234{NARROW}567", f"2{NARROW}151,5"),
        ("es-es", "2151", "12.345", "1.234.567", "2151,5"),
        ("it-it", "2151", "12.345", "1.234.567", "2151,5"),
        ("nl-nl", "2.151", "12.345", "1.234.567", "2.151,5"),
        ("pl-pl", "2151", f"12{NBSP}345", f"1{NBSP}234{NBSP}567", "2151,5"),
        ("sv-se", f"2{NBSP}151", f"12{NBSP}345", f"1{NBSP}234{NBSP}567", f"2{NBSP}151,5"),
    ],
)
def test_numbers_are_grouped_as_in_cldr(
    locale: str, thousands: str, ten_thousands: str, millions: str, decimals: str
) -> None:
    """Spanish, Italian and Polish group from five digits on."""
    formats.use(DisplaySettings(locale=locale))
    assert formats.number(2151) == thousands
    assert formats.number(12345) == ten_thousands
    assert formats.number(1_234_567) == millions
    assert formats.number(2151.5, 1) == decimals
    assert formats.number(9999.6) == formats.number(10_000)
    assert formats.number(151.4) == "151"
    assert formats.signed(-2151) == f"−{thousands}"
    assert formats.signed(2151) == f"+{thousands}"
    assert formats.signed(-0.2) == "0"


@pytest.mark.parametrize("locale", LOCALES)
def test_percentages_are_written_as_in_cldr(locale: str) -> None:
    """Some locales separate the sign from the number."""
    formats.use(DisplaySettings(locale=locale))
    expected = Locale.parse(locale, sep="-").percent_formats[None].apply(0.08, locale.replace("-", "_"))
    assert formats.percent(0.08, 0) == expected
    assert formats.change(112.0, 100.0) == f"+{expected.replace('8', '12')}"
    assert formats.change(92.0, 100.0) == f"−{expected}"


@pytest.mark.parametrize(
    ("locale", "currency", "amount", "below_zero"),
    [
        ("en-gb", "€", "€2,151", "−€2,151"),
        ("en-gb", "CHF", f"CHF{NBSP}2,151", f"−CHF{NBSP}2,151"),
        ("en-us", "$", "$2,151", "−$2,151"),
        ("de-de", "€", f"2.151{NBSP}€", f"−2.151{NBSP}€"),
        ("de-ch", "CHF", f"CHF{NBSP}2'151", "CHF−2'151"),
        ("fr-fr", "€", f"2{NARROW}151{NBSP}€", f"−2{NARROW}151{NBSP}€"),
        ("es-es", "€", f"2151{NBSP}€", f"−2151{NBSP}€"),
        ("it-it", "€", f"2151{NBSP}€", f"−2151{NBSP}€"),
        ("nl-nl", "€", f"€{NBSP}2.151", f"€{NBSP}−2.151"),
        ("pl-pl", "zł", f"2151{NBSP}zł", f"−2151{NBSP}zł"),
        ("sv-se", "kr", f"2{NBSP}151{NBSP}kr", f"−2{NBSP}151{NBSP}kr"),
    ],
)
def test_money_is_written_as_in_cldr(locale: str, currency: str, amount: str, below_zero: str) -> None:
    """The place of the currency and of the sign, and a space where letters would touch a digit."""
    formats.use(DisplaySettings(currency=currency, locale=locale))
    assert formats.amount(2151.4) == amount
    assert formats.amount(-2151.4) == below_zero


@pytest.mark.parametrize("locale", LOCALES)
def test_the_time_of_day_is_written_as_in_cldr(locale: str) -> None:
    """Days keep their English names, so AM and PM are English too."""
    at = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)
    formats.use(DisplaySettings(locale=locale))
    assert formats.clock(at) == format_time(at, "short", locale=Locale.parse(locale, sep="-"))
    assert formats.day(at.date()) == "Wed 3 Apr"


def test_the_clock_of_america_has_twelve_hours() -> None:
    """Spanish has 24 without a leading zero."""
    at = datetime(2019, 4, 3, 16, 30, tzinfo=UTC)
    assert formats.clock(at) == "16:30"
    formats.use(DisplaySettings(locale="en-us"))
    assert formats.clock(at) == f"4:30{NARROW}PM"
    formats.use(DisplaySettings(locale="es-es"))
    assert formats.clock(at.replace(hour=4)) == "4:30"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_what_is_not_a_number_is_not_available(locale: str, value: float | None) -> None:
    """No writer raises."""
    formats.use(DisplaySettings(currency="€", locale=locale))
    for write in (
        formats.units,
        formats.amount,
        formats.number,
        formats.signed,
        formats.percent,
        formats.bias,
    ):
        assert write(value) == "n/a"
    assert formats.change(value, 1.0) == "n/a"


@pytest.mark.parametrize(
    ("settings", "amount"),
    [
        (DisplaySettings(), "2,151 units"),
        (DisplaySettings(unit="kg", locale="de-de"), "2.151 kg"),
        (DisplaySettings(unit="pièces", locale="fr-fr"), f"2{NARROW}151 pièces"),
    ],
)
def test_quantities_carry_their_unit(settings: DisplaySettings, amount: str) -> None:
    """Behind the number in every locale."""
    formats.use(settings)
    assert formats.amount(2151.4) == amount


def sold() -> pd.DataFrame:
    """One week of sales."""
    ds = pd.date_range("2019-03-25", periods=7)
    return pd.DataFrame({"ds": ds, "y": 2151.4, "is_open": True, "promo": False, "holiday": ""})


@pytest.mark.parametrize(
    ("locale", "separators", "hover", "from_four_digits"),
    [("en-gb", ".,", "2,151", True), ("de-de", ",.", "2.151", True), ("es-es", ",.", "2151", False)],
)
def test_charts_write_numbers_as_the_page_does(
    locale: str,
    separators: str,
    hover: str,
    from_four_digits: bool,  # noqa: FBT001 - a case
) -> None:
    """Axis, hover text and unit."""
    formats.use(DisplaySettings(unit="kg", locale=locale))
    figure = forecast_chart.forecast_figure(sold(), None, date(2019, 4, 1), palette("light"))
    assert figure.layout.separators == separators
    assert figure.layout.yaxis.separatethousands is from_four_digits
    assert figure.layout.yaxis.tickformat is None
    assert figure.data[0].customdata[0][1] == hover
    assert "kg" in [note.text for note in figure.layout.annotations]
    assert "</b> kg" in figure.data[0].hovertemplate


@pytest.mark.parametrize("locale", LOCALES)
def test_grids_write_english_numbers_themselves_and_leave_others_to_the_browser(locale: str) -> None:
    """Grids know one fixed notation, which is English."""
    formats.use(DisplaySettings(locale=locale))
    assert formats.in_grid() == ("%,.0f" if locale.startswith("en") else "localized")
