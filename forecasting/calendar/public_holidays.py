"""Public holidays of the configured places, for data that does not name holidays."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

import numpy as np

from forecasting.core.day_arrays import SeriesDays, number_of
from forecasting.core.errors import InvalidSetting

SEPARATOR = "-"
"""Separates country and subdivision: ``DE-BW``."""

COUNTRY = re.compile(r"[A-Z]{2}(-.+)?$")
"""Only ISO codes are passed on: the `holidays` package would take other names for modules of its own."""


def require_places(places: Mapping[str, str], variable: str) -> None:
    """Check that the `holidays` package knows every place.

    Raises
    ------
    InvalidSetting
        If it does not. The message names the variable, the place, and what was expected.
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
    """The place configured for a store, else for its region, else for all stores; ``""`` if none is."""
    return places.get(store) or places.get(region) or places.get("", "")


def with_public_holidays(days: SeriesDays, place: str) -> SeriesDays:
    """Name the public holidays among some days. Names in the data are kept.

    Parameters
    ----------
    place
        ``DE``, ``DE-BW`` …; ``""`` names none.
    """
    if not place or not len(days):
        return days
    public = holiday_names(place, range(days.first.year, days.last.year + 1))
    names = {number_of(day): name for day, name in public.items()}
    kinds = tuple(dict.fromkeys((*days.kinds, *names.values())))
    named = np.array([kinds.index(names.get(day, "")) for day in days.days.tolist()], dtype=np.int64)
    return replace(days, holiday=np.where(days.holiday > 0, days.holiday, named), kinds=kinds)


def holiday_names(place: str, years: Sequence[int]) -> dict[date, str]:
    """Names of a place's public holidays in some years, by day."""
    return {day: name for year in years for day, name in _of_year(place, year)}


@lru_cache(maxsize=512)
def _of_year(place: str, year: int) -> tuple[tuple[date, str], ...]:
    import holidays  # noqa: PLC0415 - costs 0.1 s, which only configured places should pay

    country, _, subdivision = place.partition(SEPARATOR)
    known = holidays.country_holidays(
        country, subdiv=subdivision or None, years=year, language="en_US", observed=True
    )
    return tuple((day, str(name)) for day, name in sorted(known.items()))
