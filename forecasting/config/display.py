"""How figures are written on pages: the unit or currency of demand, and the locale of numbers."""

from typing import Annotated, Self

from pydantic import model_validator

from forecasting.config.value_parsers import one_of, short_word
from forecasting.config.variables import InvalidVariable, Variable, VariableSettings

LOCALES = ("en-gb", "en-us", "de-de", "de-ch", "fr-fr", "es-es", "it-it", "nl-nl", "pl-pl", "sv-se")
"""The locales that numbers can be written in."""

UNIT = "units"

LONGEST_UNIT = 12
"""Characters. A longer unit does not fit beside a figure."""


class DisplaySettings(VariableSettings):
    """How figures are written.

    Attributes
    ----------
    unit
        What demand is counted in. It is written after a figure.
    currency
        The currency of the sales, if they are amounts of money, otherwise ``""``.
    locale
        One of `LOCALES`.
    """

    unit: Annotated[str, Variable("STORECAST_UNIT", short_word(LONGEST_UNIT), portable=True)] = UNIT
    currency: Annotated[str, Variable("STORECAST_CURRENCY", short_word(LONGEST_UNIT), portable=True)] = ""
    locale: Annotated[str, Variable("STORECAST_LOCALE", one_of(LOCALES), portable=True)] = LOCALES[0]

    @model_validator(mode="after")
    def _require_unit_or_currency(self) -> Self:
        if self.currency and "unit" in self.model_fields_set:
            raise InvalidVariable(
                "STORECAST_CURRENCY",
                f"nothing where STORECAST_UNIT is '{self.unit}', because demand is counted or paid for",
                f"'{self.currency}'",
            )
        return self
