from datetime import date

import pytest

from forecasting.planning.alerts import MOST, Alert, AlertKind, alerts
from forecasting.planning.recent_outcomes import DayOutcome, Outcome, RecentOutcomes
from tests.planning.test_unusual_demand import PAST, days, made

QUIET = RecentOutcomes(())


def came_out(*outcomes: Outcome) -> RecentOutcomes:
    """Recent days with these outcomes."""
    return RecentOutcomes(tuple(DayOutcome(date(2019, 4, 1), outcome) for outcome in outcomes))


def test_an_ordinary_fortnight_has_no_alert() -> None:
    """An empty list is allowed."""
    future = days("2019-04-05", 28)
    assert alerts(PAST, future, made(future), QUIET) == []


def test_an_unusual_day_has_an_alert_with_its_cause() -> None:
    """The day is named once, before the text."""
    future = days("2019-04-05", 28, d1={"promo": True})
    expected = [Alert(AlertKind.UNUSUAL, "Sat 6 Apr", "+50% vs a typical Saturday: promotion")]
    assert alerts(PAST, future, made(future, d1=150.0), QUIET) == expected


def test_a_closure_for_a_holiday_has_an_alert() -> None:
    """Only within two weeks, and not for the weekly closing day."""
    future = days(
        "2019-04-05", 28,
        d2={"is_open": False}, d5={"is_open": False, "holiday": "Good Friday"},
        d20={"is_open": False, "holiday": "May Day"},
    )  # fmt: skip
    found = alerts(PAST, future, made(future), QUIET)
    assert found == [Alert(AlertKind.CLOSED, "Wed 10 Apr", "closed: Good Friday")]


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ([Outcome.ABOVE] * 3 + [Outcome.INSIDE] * 2, "sold more than high on 3 of them"),
        ([Outcome.BELOW] * 2 + [Outcome.CLOSED] * 5, "sold less than low on 2 of them"),
    ],
)
def test_misses_on_one_side_have_an_alert(outcomes: list[Outcome], text: str) -> None:
    """More misses on one side than days inside: the level may have changed."""
    future = days("2019-04-05", 28)
    (found,) = alerts(PAST, future, made(future), came_out(*outcomes))
    assert (found.kind, found.when, found.text) == (AlertKind.MISSES, "Last 7 days", text)


def test_misses_that_chance_explains_have_no_alert() -> None:
    """One miss in seven days, or as many misses as days inside."""
    future = days("2019-04-05", 28)
    few = came_out(Outcome.ABOVE, *[Outcome.INSIDE] * 6)
    even = came_out(*[Outcome.ABOVE] * 3, *[Outcome.INSIDE] * 3)
    assert alerts(PAST, future, made(future), few) == []
    assert alerts(PAST, future, made(future), even) == []


def test_there_are_never_more_than_three() -> None:
    """Misses come first, then at most two unusual days, then closures."""
    shut = {f"d{at}": {"is_open": False, "holiday": "Strike"} for at in range(4, 9)}
    future = days("2019-04-05", 28, **shut)
    found = alerts(PAST, future, made(future, d0=200.0, d1=190.0, d2=180.0), came_out(*[Outcome.ABOVE] * 3))
    assert [each.kind for each in found] == [AlertKind.MISSES, AlertKind.UNUSUAL, AlertKind.UNUSUAL]
    assert len(found) == MOST
