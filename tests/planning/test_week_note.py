import pandas as pd
import pytest

from forecasting.core.day_arrays import SeriesDays
from forecasting.planning.week_note import week_note
from tests.series import as_days


def week(**days: dict[str, object]) -> SeriesDays:
    """Fourteen days from Thursday 4 April 2019; keyword ``d5`` changes 5 April."""
    frame = pd.DataFrame(
        {
            "ds": pd.date_range("2019-04-04", periods=14),
            "is_open": True, "promo": False, "holiday": "", "school_holiday": False,
        }
    )  # fmt: skip
    for name, changes in days.items():
        frame.loc[frame["ds"].dt.day == int(name[1:]), list(changes)] = list(changes.values())
    return as_days(frame)


@pytest.mark.parametrize(
    ("future", "was_promoted", "note"),
    [
        (week(), False, ""),
        (week(d6={"promo": True}, d7={"promo": True}), False, "promotion from Sat 6 Apr"),
        (week(d4={"promo": True}, d5={"promo": True}), True, "no promotion from Sat 6 Apr"),
        (week(d5={"is_open": False, "holiday": "Good Friday"}), False, "closed Fri 5 Apr (Good Friday)"),
        (week(d8={"holiday": "Easter Monday"}), False, "Easter Monday Mon 8 Apr"),
        (week(d7={"is_open": False}), False, ""),
        (week(d11={"promo": True}, d12={"is_open": False, "holiday": "X"}), False, ""),
    ],
)
def test_the_week_is_described_by_what_is_special_about_it(
    future: SeriesDays,
    was_promoted: bool,  # noqa: FBT001 - a case
    note: str,
) -> None:
    """Closures and holidays by name, starts and ends of promotions, but not the weekly closing day."""
    assert week_note(future, last_promo=was_promoted) == note


def test_a_short_horizon_is_described_as_far_as_it_goes() -> None:
    """A horizon of three days has no fourth day; an empty one has no note."""
    future = week(d6={"promo": True}, d7={"holiday": "Easter Monday"})
    assert week_note(future[:3], last_promo=False) == "promotion from Sat 6 Apr"
    assert week_note(future[:0], last_promo=True) == ""


def test_each_holiday_has_its_own_name() -> None:
    """In the order of days, before promotions."""
    future = week(
        d5={"is_open": False, "holiday": "Good Friday"},
        d6={"promo": True},
        d8={"is_open": False, "holiday": "Easter Monday"},
    )
    assert week_note(future, last_promo=False) == (
        "closed Fri 5 Apr (Good Friday), closed Mon 8 Apr (Easter Monday), promotion from Sat 6 Apr"
    )
