import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.planning.unusual_demand import NO_CAUSE, typical_day, unusual_days, unusual_week
from tests.series import as_days

LEVEL = 100.0


def days(first: str, count: int, **changes: object) -> SeriesDays:
    """Open days of one level; keyword ``d5`` changes the fifth."""
    frame = pd.DataFrame(
        {
            "ds": pd.date_range(first, periods=count), "y": LEVEL,
            "is_open": True, "promo": False, "holiday": "", "school_holiday": False,
        }
    )  # fmt: skip
    for name, values in changes.items():
        frame.loc[int(name[1:]), list(values)] = list(values.values())  # type: ignore[attr-defined, call-overload]
    return as_days(frame)


PAST = days("2019-03-01", 35)


def made(future: SeriesDays, half: float = 10.0, **values: float) -> SeriesForecast:
    """A level with a band; keyword ``d2`` sets the expected value of the second day."""
    mean = np.full(len(future), LEVEL)
    for name, value in values.items():
        mean[int(name[1:])] = value
    return SeriesForecast(future.days, mean, mean - half, mean, mean + half)


def test_an_ordinary_week_has_no_unusual_day() -> None:
    """Even with a band of width 0."""
    future = days("2019-04-05", 14)
    assert unusual_days(PAST, future, made(future, half=0.0)) == []


def test_a_day_is_unusual_in_percent_and_in_widths() -> None:
    """Both thresholds count: a large but uncertain difference is not news, nor a small one."""
    future = days("2019-04-05", 14)
    (found,) = unusual_days(PAST, future, made(future, d1=135.0))
    assert (found.typical, found.expected, found.widths) == (100.0, 135.0, 3.5)
    assert str(found) == f"Sat 6 Apr +35% vs a typical Saturday: {NO_CAUSE}"
    assert unusual_days(PAST, future, made(future, d1=124.0)) == []
    assert unusual_days(PAST, future, made(future, d1=135.0, half=36.0)) == []
    assert (
        str(unusual_days(PAST, future, made(future, d1=75.0))[0])
        == f"Sat 6 Apr −25% vs a typical Saturday: {NO_CAUSE}"
    )


def test_only_the_next_seven_days_count() -> None:
    """The queue is about this week."""
    future = days("2019-04-05", 14)
    assert unusual_days(PAST, future, made(future, d7=200.0)) == []


def test_the_most_unusual_comes_first() -> None:
    """The order is by half-widths of the range."""
    future = days("2019-04-05", 14)
    found = unusual_days(PAST, future, made(future, d1=150.0, d3=170.0))
    assert [each.expected for each in found] == [170.0, 150.0]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"d1": {"promo": True}}, "promotion"),
        ({"d1": {"holiday": "May Day"}}, "May Day"),
        ({"d1": {"school_holiday": True}}, "school holiday"),
        ({"d2": {"holiday": "Easter", "is_open": False}}, "the day before Easter"),
        ({"d0": {"holiday": "Good Friday", "is_open": False}}, "the day after Good Friday"),
        (
            {
                "d0": {"holiday": "Good Friday", "is_open": False},
                "d2": {"holiday": "Easter", "is_open": False},
            },
            "the day before Easter, the day after Good Friday",
        ),
    ],
)
def test_the_cause_is_what_typical_days_do_not_have(changes: dict[str, object], cause: str) -> None:
    """Plan and calendar name promotions, holidays, school holidays and the neighbours of holidays."""
    future = days("2019-04-05", 14, **changes)
    (found,) = unusual_days(PAST, future, made(future, d1=150.0))
    assert str(found) == f"Sat 6 Apr +50% vs a typical Saturday: {cause}"


def test_the_first_day_ahead_follows_a_holiday_in_the_history() -> None:
    """On the Tuesday after Easter Monday, Easter Monday is the last day of the history."""
    past = days("2019-03-19", 35, d34={"holiday": "Easter Monday", "is_open": False})
    future = days("2019-04-23", 14)
    (found,) = unusual_days(past, future, made(future, d0=150.0))
    assert found.cause == "the day after Easter Monday"


def test_a_history_that_ends_earlier_has_no_neighbour_of_the_first_day() -> None:
    """Its last day is not taken for yesterday: here sales are a day late."""
    past = days("2019-03-18", 35, d34={"holiday": "Easter Sunday", "is_open": False})
    future = days("2019-04-23", 14)
    (found,) = unusual_days(past, future, made(future, d0=150.0))
    assert found.cause == ""


def test_a_promotion_that_is_over_is_a_cause() -> None:
    """A promotion that is always on is not a cause."""
    promoted = days("2019-03-01", 35, **{f"d{at}": {"promo": True} for at in range(35)})
    future = days("2019-04-05", 14)
    (found,) = unusual_days(promoted, future, made(future, d1=50.0))
    assert found.cause == "no promotion"
    on = days("2019-04-05", 14, d1={"promo": True})
    (found,) = unusual_days(promoted, on, made(on, d1=150.0))
    assert found.cause == ""


def test_closed_days_are_not_unusual() -> None:
    """Closures have alerts of their own; and a weekday that was never open has no typical day."""
    future = days("2019-04-05", 14, d1={"is_open": False})
    assert unusual_days(PAST, future, made(future, d1=0.0)) == []
    closed = days("2019-03-01", 35, **{f"d{at}": {"is_open": False} for at in range(1, 35, 7)})
    assert typical_day(closed, 5) is None


@pytest.mark.parametrize(
    ("next7", "last7", "spread7", "unusual"),
    [
        (1200.0, 1000.0, 400.0, True),
        (1200.0, 1000.0, 401.0, False),
        (1199.0, 1000.0, 10.0, False),
        (800.0, 1000.0, None, True),
        (None, 1000.0, 10.0, False),
        (1000.0, 0.0, 10.0, False),
        (1000.0, None, 10.0, False),
    ],
)
def test_a_week_is_unusual_in_percent_and_in_widths(
    next7: float | None,
    last7: float | None,
    spread7: float | None,
    unusual: bool,  # noqa: FBT001 – a case
) -> None:
    """Both thresholds count; forecasts stored without a spread have only the first."""
    assert unusual_week(next7, last7, spread7) is unusual


@given(st.lists(st.floats(0, 500), min_size=7, max_size=7), st.floats(0, 100))
def test_every_unusual_day_passes_both_thresholds(values: list[float], half: float) -> None:
    """For any forecast."""
    future = days("2019-04-05", 7)
    forecast = made(future, half=half, **{f"d{at}": value for at, value in enumerate(values)})
    for each in unusual_days(PAST, future, forecast):
        assert abs(each.share) >= 0.25 - 1e-9
        assert each.widths >= 1.0 - 1e-9
