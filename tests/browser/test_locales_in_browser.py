"""Numbers, money, percentages and times against the browser's own CLDR data (ICU, through `Intl`)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser

from forecasting.config.display import LOCALES, DisplaySettings
from web.shared import formats

pytestmark = pytest.mark.browser

VALUES = (0, 151, 2151, -2151, 9999, 10_000, 12_345, 1_234_567)
CURRENCIES = {"€": "EUR", "CHF": "CHF"}
AFTERNOON = datetime(2019, 4, 3, 16, 5, tzinfo=UTC)

ASK_INTL = """([locale, values, currencies, at]) => {
    const style = (options) => new Intl.NumberFormat(locale, options).format;
    const percent = {style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1};
    return {
        whole: values.map(style({})),
        decimals: values.map(style({minimumFractionDigits: 1})),
        percent: values.map((value) => style(percent)(value / 1000)),
        money: currencies.map((currency) => values.map(style(
            {style: "currency", currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: 0}))),
        time: new Intl.DateTimeFormat(locale, {timeStyle: "short", timeZone: "UTC"}).format(new Date(at)),
    };
}"""


@pytest.fixture(autouse=True)
def _default_settings() -> Iterator[None]:
    """Leave the default settings to the next test."""
    yield
    formats.use(DisplaySettings())


@pytest.fixture(scope="module")
def intl(chromium: Browser) -> Iterator[dict[str, Any]]:
    """What the browser writes in each locale."""
    page = chromium.new_page()
    asked = [list(VALUES), list(CURRENCIES.values()), AFTERNOON.isoformat()]
    yield {locale: page.evaluate(ASK_INTL, [locale, *asked]) for locale in LOCALES}
    page.close()


def typographic(texts: list[str]) -> list[str]:
    """The browser's texts with the minus sign of pages, and € in Switzerland too, where CLDR has EUR."""
    return [text.replace("-", "−").replace("EUR", "€") for text in texts]


@pytest.mark.parametrize("locale", LOCALES)
def test_pages_write_as_the_browser_does(intl: dict[str, Any], locale: str) -> None:
    """All ten locales; only the minus sign differs on purpose."""
    written = intl[locale]
    formats.use(DisplaySettings(locale=locale))
    assert [formats.number(value) for value in VALUES] == typographic(written["whole"])
    assert [formats.number(value, 1) for value in VALUES] == typographic(written["decimals"])
    assert [formats.percent(value / 1000) for value in VALUES] == typographic(written["percent"])
    assert formats.clock(AFTERNOON).replace("\u202f", " ") == written["time"].replace("\u202f", " ")
    for currency, money in zip(CURRENCIES, written["money"], strict=True):
        formats.use(DisplaySettings(currency=currency, locale=locale))
        assert [formats.amount(value) for value in VALUES] == typographic(money)
