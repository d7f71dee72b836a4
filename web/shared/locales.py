"""How numbers, money and the time of day are written where planners live.

Days are written with their month as a word, day first, in all of them (``Thu 4 Apr 2019``): pages are in
English, and 4/3 would be another day in another place. Separators and the place of the currency are those of
Unicode's CLDR.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NARROW_SPACE, SPACE = "\u202f", "\u00a0"
"""That no line breaks at."""


@dataclass(frozen=True, slots=True)
class Locale:
    """One place's way.

    Attributes
    ----------
    group, point
        Between thousands, and before decimals.
    money
        ``"{sign}{amount}"``, filled with the currency and a number.
    clock
        Of the time of day, as `strftime` takes it.
    """

    group: str = ","
    point: str = "."
    money: str = "{sign}{amount}"
    clock: str = "%H:%M"


_BEHIND = f"{{amount}}{SPACE}{{sign}}"
_BEFORE = f"{{sign}}{SPACE}{{amount}}"

LOCALES: Mapping[str, Locale] = {
    "en-gb": Locale(),
    "en-us": Locale(clock="%I:%M %p"),
    "de-de": Locale(".", ",", _BEHIND),
    "de-ch": Locale("’", ".", _BEFORE),
    "fr-fr": Locale(NARROW_SPACE, ",", _BEHIND),
    "es-es": Locale(".", ",", _BEHIND),
    "it-it": Locale(".", ",", _BEHIND),
    "nl-nl": Locale(".", ",", _BEFORE),
    "pl-pl": Locale(SPACE, ",", _BEHIND),
    "sv-se": Locale(SPACE, ",", _BEHIND),
}
"""By the name that `STORECAST_LOCALE` takes."""
