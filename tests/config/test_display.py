import pytest

from forecasting.config.display import DisplaySettings
from forecasting.core.errors import InvalidSetting


def test_figures_are_british_and_in_units_by_default() -> None:
    """Nothing set."""
    display = DisplaySettings.from_env({})
    assert (display.unit, display.currency, display.locale) == ("units", "", "en-gb")


def test_unit_or_currency_and_locale_are_read() -> None:
    """Spaces around a value and the case of the locale do not count."""
    display = DisplaySettings.from_env({"STORECAST_UNIT": " kg ", "STORECAST_LOCALE": "de-DE"})
    assert display == DisplaySettings(unit="kg", locale="de-de")
    assert DisplaySettings.from_env({"STORECAST_CURRENCY": "€"}).currency == "€"
    assert DisplaySettings.from_env({"STORECAST_CURRENCY": "€", "STORECAST_UNIT": " "}).currency == "€"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"STORECAST_UNIT": "kg", "STORECAST_CURRENCY": "€"}, "STORECAST_CURRENCY: expected nothing where"),
        ({"STORECAST_UNIT": "<b>"}, "STORECAST_UNIT: expected a word or a sign"),
        ({"STORECAST_UNIT": "a" * 13}, "of at most 12 characters"),
        ({"STORECAST_CURRENCY": "$$"}, "STORECAST_CURRENCY: expected a word or a sign"),
        ({"STORECAST_LOCALE": "xx"}, "STORECAST_LOCALE: expected one of en-gb, en-us, de-de"),
    ],
)
def test_an_unusable_value_is_refused_by_name(environ: dict[str, str], words: str) -> None:
    """With what was expected."""
    with pytest.raises(InvalidSetting, match=words.replace("$", r"\$")):
        DisplaySettings.from_env(environ)
