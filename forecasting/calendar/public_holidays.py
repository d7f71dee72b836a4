"""Public holidays of the places that are configured, for data that does not name its own."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import pandas as pd

from forecasting.errors import InvalidSetting

SEPARATOR = "-"
"""Between country and subdivision: ``DE-BW``."""

COUNTRY = re.compile(r"[A-Z]{2}(-.+)?$")
"""The package looks a country up among its own modules: anything but an ISO code might be one of those."""


def require_places(places: Mapping[str, str], variable: str) -> None:
    """Refuse a place the `holidays` package does not know.

    Raises
    ------
    InvalidSetting
        Naming the variable, the place, and what was expected.
    """
    for place in places.values():
        message = (
            f"{variable}: expected a country, or a country and its subdivision such as DE-BW, found '{place}'"
        )
        if not COUNTRY.match(place):
            raise InvalidSetting(message)
        try:
            _of_year(place, 2024)
        except NotImplementedError as error:
            raise InvalidSetting(message) from error


def place_of(store: str, region: str, places: Mapping[str, str]) -> str:
    """The place configured for a store, else for its region, else for all (``""``); or ``""``."""
    return places.get(store) or places.get(region) or places.get("", "")


def with_public_holidays(frame: pd.DataFrame, place: str) -> pd.DataFrame:
    """A frame with `ds` and `holiday` in which days without a name have that of the public holiday.

    A name the data brings is kept.

    Parameters
    ----------
    place
        ``DE``, ``DE-BW`` …; ``""`` leaves the frame as it is.
    """
    if not place or frame.empty:
        return frame
    names = holiday_names(place, sorted(set(frame["ds"].dt.year)))
    public = frame["ds"].map(names).astype(object).fillna("").astype(frame["holiday"].dtype)
    return frame.assign(holiday=frame["holiday"].where(frame["holiday"] != "", public))


def holiday_names(place: str, years: Sequence[int]) -> dict[pd.Timestamp, str]:
    """Names of a place's public holidays, by day."""
    return {day: name for year in years for day, name in _of_year(place, year)}


@lru_cache(maxsize=512)
def _of_year(place: str, year: int) -> tuple[tuple[pd.Timestamp, str], ...]:
    import holidays  # noqa: PLC0415 - costs 0.1 s, and only where a place is configured

    country, _, subdivision = place.partition(SEPARATOR)
    known = holidays.country_holidays(
        country, subdiv=subdivision or None, years=year, language="en_US", observed=True
    )
    return tuple((pd.Timestamp(day), str(name)) for day, name in sorted(known.items()))
