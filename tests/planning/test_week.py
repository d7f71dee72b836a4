import pandas as pd
import pytest

from forecasting.planning.week import week_note


def week(**days: dict[str, object]) -> pd.DataFrame:
    """Fourteen days from Thursday 4 April 2019; keyword ``d5`` changes 5 April."""
    frame = pd.DataFrame(
        {
            "ds": pd.date_range("2019-04-04", periods=14),
            "is_open": True, "promo": False, "holiday": "", "school_holiday": False, "assumed": False,
        }
    )  # fmt: skip
    for name, changes in days.items():
        frame.loc[frame["ds"].dt.day == int(name[1:]), list(changes)] = list(changes.values())
    return frame


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
    future: pd.DataFrame,
    was_promoted: bool,  # noqa: FBT001 - a case
    note: str,
) -> None:
    """Closures and holidays by name, promotions where they begin or end; a usual closing day is not news."""
    assert week_note(future, was_promoted) == note
