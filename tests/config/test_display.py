import pytest

from forecasting.config.display import LookSettings
from forecasting.core.errors import InvalidSetting


def test_what_is_not_set_is_in_units_and_british() -> None:
    """The default."""
    assert LookSettings.from_env({}) == LookSettings("units", "", "en-gb")


def test_unit_or_currency_and_locale() -> None:
    """Spaces around don't count, nor does the case of the locale."""
    assert LookSettings.from_env({"STORECAST_UNIT": " kg ", "STORECAST_LOCALE": "de-DE"}) == LookSettings(
        "kg", "", "de-de"
    )
    assert LookSettings.from_env({"STORECAST_CURRENCY": "€"}).currency == "€"


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
def test_what_cannot_be_used_is_refused_by_name(environ: dict[str, str], words: str) -> None:
    """With what was expected."""
    with pytest.raises(InvalidSetting, match=words.replace("$", r"\$")):
        LookSettings.from_env(environ)
