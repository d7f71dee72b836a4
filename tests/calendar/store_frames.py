"""Sales and plan of a store as frames, for the tests of inputs, days ahead and totals."""

import pandas as pd

from forecasting.core.day_arrays import SeriesDays
from tests.series import days_by_item

DAYS = pd.date_range("2019-01-01", "2019-04-02", unit="us")  # ends on a Tuesday
SUNDAY = 6


def sales(item: str, level: float, days: pd.DatetimeIndex = DAYS) -> pd.DataFrame:
    """One item of store 1, closed on Sundays."""
    is_open = days.day_of_week != SUNDAY
    return pd.DataFrame(
        {
            "store": "1", "item": item, "ds": days, "y": level * is_open, "is_open": is_open,
            "promo": days.day == 5, "holiday": "", "school_holiday": False,
        }
    )  # fmt: skip


def plan(item: str, first: str, last: str, **covariates: object) -> pd.DataFrame:
    """Plan rows of store 1."""
    days = pd.date_range(first, last, unit="us")
    usual = {"is_open": True, "promo": False, "holiday": "", "school_holiday": False}
    return pd.DataFrame({"store": "1", "item": item, "ds": days, **usual, **covariates})


def by_day(days: SeriesDays) -> pd.DataFrame:
    """Demand and covariates, by day."""
    columns = {
        "y": days.y,
        "is_open": days.is_open,
        "promo": days.promo,
        "holiday": holiday_names(days),
        "school_holiday": days.school_holiday,
    }
    return pd.DataFrame(columns, index=days.days.astype("datetime64[D]").astype("datetime64[us]"))


def one(frame: pd.DataFrame) -> SeriesDays:
    """The days of a frame of one item."""
    (days,) = days_by_item(frame).values()
    return days


def holiday_names(days: SeriesDays) -> list[str]:
    """The holiday of each day."""
    return [days.kinds[code] for code in days.holiday]
