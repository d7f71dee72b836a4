"""How each locale writes numbers, money, percentages and the time of day: Unicode CLDR data, read with Babel.

Only Babel's data is used. Its `NumberPattern.apply` (Babel 2.19) is not, for three reasons: it ignores CLDR's
`minimumGroupingDigits`, it rounds half to even, and in de-CH it takes the group separators ``'`` of 1'234'567
for quotes and removes them.

Dates are the one exception to CLDR. Page texts are English, so every locale writes ``Thu 4 Apr 2019``: the
month as a word cannot be mistaken for a day.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from babel import Locale
from babel.dates import DateTimePattern
from babel.numbers import NumberPattern

MINUS = "\u2212"
"""Minus sign in every locale: as wide as ``+``, so that signed figures line up. Most of CLDR has a hyphen."""

NO_BREAK_SPACE = "\u00a0"

MINIMUM_GROUPING_DIGITS = {"es": 2, "it": 2, "pl": 2}
"""CLDR's `minimumGroupingDigits` of each language where it is not 1 (CLDR 48); Babel 2.19 does not carry it.

With 2, a number is grouped only if at least two digits stand before its first separator: 2151, but 12.345.
"""


@dataclass(frozen=True, slots=True)
class Notation:
    """How one locale writes figures.

    Attributes
    ----------
    group, decimal
        What separates groups of three digits, and what separates the decimals.
    groups_thousands
        Whether integers of four digits are grouped; those of five and more always are.
    money, money_below_zero
        What stands before and after an amount; ``¤`` marks the currency. The second includes the minus sign.
    percent
        What stands before and after a percentage.
    clock
        Pattern of the time of day.
    """

    group: str
    decimal: str
    groups_thousands: bool
    money: tuple[str, str]
    money_below_zero: tuple[str, str]
    percent: tuple[str, str]
    clock: DateTimePattern

    def write_digits(self, text: str) -> str:
        """Rewrite a number that Python wrote as ``12,345.6``."""
        if not self.groups_thousands and len(text.partition(".")[0]) == len("2,151"):
            text = text.replace(",", "")
        return text.translate({ord(","): self.group, ord("."): self.decimal})

    def write_money(self, amount: str, currency: str, *, below_zero: bool) -> str:
        """Put the currency, and below zero the sign, around an amount without a sign."""
        before, after = self.money_below_zero if below_zero else self.money
        # CLDR's currencySpacing: letters (CHF) that would touch a digit are set apart, symbols (€) are not
        touches = before.endswith("¤") and not unicodedata.category(currency[-1]).startswith("S")
        space = NO_BREAK_SPACE if touches else ""
        return before.replace("¤", currency + space) + amount + after.replace("¤", currency)

    def write_percent(self, hundredths: str) -> str:
        """Put the percent sign beside a number of hundredths."""
        before, after = self.percent
        return f"{before}{hundredths}{after}"

    def write_time(self, value: datetime) -> str:
        """Write the time of day of `value`, in the zone it is in."""
        return self.clock.apply(value, "en")


@lru_cache
def notation(name: str) -> Notation:
    """Read a locale's notation from CLDR.

    Parameters
    ----------
    name
        One of `forecasting.config.display.LOCALES`, such as ``"de-ch"``.
    """
    locale = Locale.parse(name, sep="-")
    symbols = locale.number_symbols[locale.default_numbering_system]
    money, percent = locale.currency_formats["standard"], locale.percent_formats[None]
    return Notation(
        group=symbols["group"],
        decimal=symbols["decimal"],
        groups_thousands=MINIMUM_GROUPING_DIGITS.get(locale.language, 1) == 1,
        money=_affixes(money, 0),
        money_below_zero=_affixes(money, 1),
        percent=_affixes(percent, 0),
        clock=locale.time_formats["short"],
    )


def _affixes(pattern: NumberPattern, sign: int) -> tuple[str, str]:
    """What stands before and after a number, for numbers of at least 0 (`sign` 0) or below 0 (1)."""
    return pattern.prefix[sign].replace("-", MINUS), pattern.suffix[sign]
