"""How figures are written: the unit of demand, or its currency, and the locale of numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from forecasting.config import variables
from forecasting.core.errors import InvalidSetting

LOCALES = ("en-gb", "en-us", "de-de", "de-ch", "fr-fr", "es-es", "it-it", "nl-nl", "pl-pl", "sv-se")
"""The locales whose numbers can be written."""

UNIT = "units"

LONGEST_UNIT = 12
"""Characters; more would not fit beside a figure."""


@dataclass(frozen=True, slots=True)
class LookSettings:
    """How figures are written.

    Attributes
    ----------
    unit
        What demand is counted in, as it stands behind a figure.
    currency
        What demand is paid in, where the sales are amounts of money; ``""`` where they are not.
    locale
        One of `LOCALES`.
    """

    unit: str = UNIT
    currency: str = ""
    locale: str = LOCALES[0]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read ``STORECAST_UNIT``, ``STORECAST_CURRENCY`` and ``STORECAST_LOCALE``.

        Raises
        ------
        InvalidSetting
            Naming the variable, what was expected and what was found.
        """
        unit = variables.short_word(env, "STORECAST_UNIT", LONGEST_UNIT)
        currency = variables.short_word(env, "STORECAST_CURRENCY", LONGEST_UNIT)
        if unit and currency:
            raise InvalidSetting(
                f"STORECAST_CURRENCY: expected nothing where STORECAST_UNIT is '{unit}', as demand is "
                f"counted or paid, found '{currency}'"
            )
        locale = variables.one_of(env, "STORECAST_LOCALE", LOCALES)
        return cls(unit or UNIT, currency, locale or LOCALES[0])
