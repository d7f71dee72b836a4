import pytest

from forecasting.core.domain import LOCAL_USER
from tests.house import House
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
