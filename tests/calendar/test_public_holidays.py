import pandas as pd
import pytest

from forecasting.calendar.public_holidays import (
    holiday_names,
    place_of,
    require_places,
    with_public_holidays,
)
from forecasting.errors import InvalidSetting


def frame(first: str, names: list[str], unit: str = "us") -> pd.DataFrame:
    """Days from `first` on with the names of their holidays."""
    days = pd.date_range(first, periods=len(names), unit=unit)  # type: ignore[call-overload] # one of s, ms, us, ns
    return pd.DataFrame({"ds": days, "holiday": pd.Series(names, dtype="str")})


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_days_without_a_name_have_that_of_the_public_holiday(unit: str) -> None:
    """Good Friday, Easter Sunday (none in Baden-Württemberg) and Easter Monday of 2019."""
    filled = with_public_holidays(frame("2019-04-18", [""] * 5, unit), "DE-BW")
    assert filled["holiday"].tolist() == ["", "Good Friday", "", "", "Easter Monday"]


def test_a_name_the_data_brings_is_kept() -> None:
    """It knows its own stores better."""
    filled = with_public_holidays(frame("2019-04-18", ["Sale", "Karfreitag", "", "", ""]), "DE-BW")
    assert filled["holiday"].tolist() == ["Sale", "Karfreitag", "", "", "Easter Monday"]


def test_the_given_frame_and_its_dtype_stay() -> None:
    """Frames are shared."""
    given = frame("2018-12-31", [""] * 7)
    before = given.copy()
    filled = with_public_holidays(given, "DE-BW")
    pd.testing.assert_frame_equal(given, before)
    assert filled["holiday"].dtype == given["holiday"].dtype
    assert filled["holiday"].tolist() == ["", "New Year's Day", "", "", "", "", "Epiphany"]


@pytest.mark.parametrize("dtype", ["str", "object"])
def test_years_without_a_known_holiday_leave_the_names_empty(dtype: str) -> None:
    """Vatican City was not yet a state in 1900."""
    given = frame("1900-01-01", [""] * 3).astype({"holiday": dtype})
    assert holiday_names("VA", [1900]) == {}
    assert with_public_holidays(given, "VA")["holiday"].tolist() == [""] * 3


@pytest.mark.parametrize(
    ("given", "place"),
    [
        pytest.param(frame("2019-04-19", [""]), "", id="no place"),
        pytest.param(frame("2019-04-19", []), "DE-BW", id="no day"),
    ],
)
def test_without_a_place_or_a_day_nothing_happens(given: pd.DataFrame, place: str) -> None:
    """The frame is handed back."""
    assert with_public_holidays(given, place) is given


def test_a_subdivision_has_holidays_its_country_has_not() -> None:
    """Corpus Christi of 2019 is one in Baden-Württemberg."""
    names = {place: holiday_names(place, [2019]) for place in ("DE", "DE-BW")}
    assert names["DE-BW"][pd.Timestamp("2019-06-20")] == "Corpus Christi"
    assert pd.Timestamp("2019-06-20") not in names["DE"]


def test_known_places_are_accepted() -> None:
    """A country, and one of its subdivisions."""
    require_places({"": "DE", "7": "DE-BW", "north": "US-CA"}, "STORECAST_HOLIDAYS")


@pytest.mark.parametrize("place", ["XX", "DE-XX", "de", "Germany", "DE-", "", "utils", "HolidayBase", "NYSE"])
def test_an_unknown_place_is_refused_by_the_name_of_its_variable(place: str) -> None:
    """With what was expected and what was found, also where the package has something else of that name."""
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
def test_the_nearest_place_is_a_stores(store: str, region: str, expected: str) -> None:
    """Its own, else its region's, else that of all."""
    assert place_of(store, region, {"": "DE", "7": "DE-BW", "north": "US-CA"}) == expected


def test_a_store_nobody_configured_has_no_place() -> None:
    """And so no public holidays."""
    assert place_of("8", "south", {"7": "DE-BW"}) == ""
