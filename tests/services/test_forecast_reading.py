from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from forecasting.core.domain import LOCAL_USER
from tests.house import House, plan, sales
from tests.services.pressing import trained
from tests.services.published import TOTAL


def test_the_summary_has_next_week_and_the_same_weekdays_before(house: House) -> None:
    """Seven days forecast against seven days sold, and the backtest of both engines."""
    trained(house)
    summary = house.services.forecasts.summary(LOCAL_USER, TOTAL)
    assert summary is not None
    sold = house.services.forecasts.sales(LOCAL_USER, TOTAL, 7)
    forecast = house.services.forecasts.forecast(LOCAL_USER, TOTAL)
    assert summary.last7 == pytest.approx(sold["y"].sum())
    assert summary.next7 == pytest.approx(forecast["mean"].head(7).sum())
    assert summary.naive_wape is not None
    assert summary.wape is not None
    assert len(summary.sparkline) == 28 + 7


def test_an_export_has_every_series_with_its_origin(house: House) -> None:
    """Columns, order and one version a store."""
    house.services.refreshing.refresh_all(LOCAL_USER)
    house.work()
    frame = house.services.forecasts.export(LOCAL_USER)
    assert list(frame.columns) == [
        "store", "item", "ds", "mean", "q10", "q50", "q90", "engine", "cutoff", "version",
    ]  # fmt: skip
    assert len(frame) == 5 * house.settings.horizon
    assert frame.groupby("store")["version"].nunique().tolist() == [1, 1]


def test_the_first_day_ahead_follows_a_public_holiday_that_the_data_does_not_name(tmp_path: Path) -> None:
    """Alert and queue name Easter Monday, a holiday of the configured place, as yesterday."""
    tuesday = date(2019, 4, 23)
    history = sales("1", "101", 100.0, date(2018, 10, 2), date(2019, 4, 22))
    promo = pd.Series(history.index[::-1] // 7 % 5 == 4)  # no promotion in the last four weeks
    history = history.assign(
        promo=promo.astype(int), demand=history["demand"].where(~promo, 3 * history["demand"])
    )
    house = House(tmp_path, engine="seasonal_naive", holidays={"": "DE"})
    house.deliver("sales", [history])
    house.deliver("plan", [plan("1", tuesday, tuesday, promo=1)])
    trained(house)
    (alert,) = house.services.forecasts.alerts(LOCAL_USER, TOTAL)
    assert alert.text.endswith("vs a typical Tuesday: promotion, the day after Easter Monday")
    summary = house.services.forecasts.summary(LOCAL_USER, TOTAL)
    assert summary is not None
    assert summary.unusual == f"Tue 23 Apr {alert.text}"
    house.close()
