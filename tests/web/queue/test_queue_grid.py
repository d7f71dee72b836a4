"""What the queue's grid is sent."""

from datetime import date

import pytest

from forecasting.core.domain import StoreState
from forecasting.planning.queue_rows import QueueRow
from web.queue.queue_view import SPARKLINE, _grid

HUGE = 5e9
"""Sales of a day in a currency of small units: more than fits into 32 bits."""


@pytest.mark.parametrize("sparkline", [(), (HUGE, 0.0, 3.0)])
def test_stores_without_a_forecast_and_with_huge_sales_are_shown(sparkline: tuple[float, ...]) -> None:
    """Nothing drawn for the one, no overflow for the other."""
    row = QueueRow("1", "", StoreState.NONE, True, "No forecast yet", date(2019, 4, 2), None, None, sparkline)  # noqa: FBT003
    assert _grid((row,), "Europe/Berlin")[SPARKLINE].to_pylist() == [list(sparkline)]
