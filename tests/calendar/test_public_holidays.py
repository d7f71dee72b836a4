from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar.public_holidays import (
    holiday_names,
    place_of,
    require_places,
    with_public_holidays,
)
from forecasting.core.day_arrays import SeriesDays, number_of
from forecasting.core.errors import InvalidSetting


def days(first: date, names: list[str]) -> SeriesDays:
    """Open days from `first` on with the names of their holidays."""
    frame = pd.DataFrame(
        {
            "ds": pd.date_range(first, periods=len(names)), "is_open": True, "promo": False,
            "holiday": pd.Series(names, dtype="str"), "school_holiday": False,
        }
    )  # fmt: skip
    return SeriesDays.from_checked_frame(frame)


def names(days: SeriesDays) -> list[str]:
    """The holiday of each day."""
    return [days.kinds[code] for code in days.holiday]


def test_days_without_a_name_get_the_public_holiday() -> None:
    """Good Friday, Easter Sunday (none in Baden-Württemberg) and Easter Monday of 2019."""
    filled = with_public_holidays(days(date(2019, 4, 18), [""] * 5), "DE-BW")
    assert names(filled) == ["", "Good Friday", "", "", "Easter Monday"]
    assert filled.holiday[0] == 0


def test_a_name_in_the_data_is_kept() -> None:
    """The data knows its own stores better."""
    given = days(date(2019, 4, 18), ["Sale", "Karfreitag", "", "", ""])
    filled = with_public_holidays(given, "DE-BW")
    assert names(filled) == ["Sale", "Karfreitag", "", "", "Easter Monday"]


def test_a_public_holiday_named_in_the_data_is_the_same_kind() -> None:
    """If the data names it in one year only, it is still one kind."""
    given = days(date(2018, 4, 2), ["Easter Monday", *[""] * 385])
    filled = with_public_holidays(given, "DE-BW")
    assert filled.kinds.count("Easter Monday") == 1
    assert [day for day, name in zip(filled.days, names(filled), strict=True) if name == "Easter Monday"] == [
        number_of(date(2018, 4, 2)),
        number_of(date(2019, 4, 22)),
    ]


def test_the_original_days_do_not_change() -> None:
    """Other arrays are shared, and missing days are allowed."""
    given = days(date(2018, 12, 31), [""] * 7)[np.array([True, True, False, True, True, True, True])]
    before = given.holiday.copy()
    filled = with_public_holidays(given, "DE-BW")
    assert given.holiday.tolist() == before.tolist()
    assert given.kinds == ("",)
    assert filled.days is given.days
    assert filled.is_open is given.is_open
    assert names(filled) == ["", "New Year's Day", "", "", "", "Epiphany"]


def test_years_without_a_known_holiday_leave_the_names_empty() -> None:
    """Vatican City was not yet a state in 1900."""
    assert holiday_names("VA", [1900]) == {}
    assert names(with_public_holidays(days(date(1900, 1, 1), [""] * 3), "VA")) == [""] * 3


@pytest.mark.parametrize(
    ("given", "place"),
    [
        pytest.param(days(date(2019, 4, 19), [""]), "", id="no place"),
        pytest.param(days(date(2019, 4, 19), []), "DE-BW", id="no day"),
    ],
)
def test_without_a_place_or_a_day_nothing_happens(given: SeriesDays, place: str) -> None:
    """The same object is returned."""
    assert with_public_holidays(given, place) is given


def test_a_subdivision_has_holidays_that_its_country_lacks() -> None:
    """Corpus Christi of 2019 is one in Baden-Württemberg."""
    known = {place: holiday_names(place, [2019]) for place in ("DE", "DE-BW")}
    assert known["DE-BW"][date(2019, 6, 20)] == "Corpus Christi"
    assert date(2019, 6, 20) not in known["DE"]


def test_each_of_several_years_has_its_holidays() -> None:
    """The first, the last, and every year between."""
    new_years = [day for day, name in holiday_names("DE", range(2017, 2020)).items() if "New Year" in name]
    assert new_years == [date(year, 1, 1) for year in (2017, 2018, 2019)]


def test_known_places_are_accepted() -> None:
    """A country, and one of its subdivisions."""
    require_places({"": "DE", "7": "DE-BW", "north": "US-CA"}, "STORECAST_HOLIDAYS")


@pytest.mark.parametrize("place", ["XX", "DE-XX", "de", "Germany", "DE-", "", "utils", "HolidayBase", "NYSE"])
def test_an_unknown_place_is_refused_by_the_name_of_its_variable(place: str) -> None:
    """The message says what was expected and found, even if the package has a module of that name."""
    expected = f"^STORECAST_HOLIDAYS: expected a country, or .* such as DE-BW, found '{place}'$"
    with pytest.raises(InvalidSetting, match=expected):
        require_places({"": "DE", "7": place}, "STORECAST_HOLIDAYS")


@pytest.mark.parametrize(
    ("store", "region", "expected"),
    [
        pytest.param("7", "north", "DE-BW", id="its own"),
        pytest.param("8", "north", "US-CA", id="its region's"),
        pytest.param("8", "south", "DE", id="that of all"),
        pytest.param("8", "", "DE", id="no region"),
    ],
)
def test_a_store_has_the_most_specific_place(store: str, region: str, expected: str) -> None:
    """Its own, else its region's, else the one for all stores."""
    assert place_of(store, region, {"": "DE", "7": "DE-BW", "north": "US-CA"}) == expected


def test_a_store_without_configuration_has_no_place() -> None:
    """And so no public holidays."""
    assert place_of("8", "south", {"7": "DE-BW"}) == ""
