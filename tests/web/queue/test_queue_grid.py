"""The data that the queue's grid receives."""

from dataclasses import replace
from datetime import date

import pytest

from forecasting.core.domain import StoreState
from forecasting.planning.queue_rows import QueueRow
from web.queue.queue_grid import SPARKLINE, GridKey, grid

HUGE = 5e9
"""Sales of a day in a currency of small units: more than fits into 32 bits."""


@pytest.mark.parametrize("sparkline", [(), (HUGE, 0.0, 3.0)])
def test_stores_without_a_forecast_and_with_huge_sales_are_shown(sparkline: tuple[float, ...]) -> None:
    """An empty sparkline for the first; no overflow for the second."""
    row = QueueRow("1", "", StoreState.NONE, True, "No forecast yet", date(2019, 4, 2), None, None, sparkline)  # noqa: FBT003
    assert grid(GridKey((row,), "Europe/Berlin"))[SPARKLINE].to_pylist() == [list(sparkline)]


def test_rows_are_equal_as_a_cache_key_only_in_every_field() -> None:
    """The hash leaves fields out, the comparison does not: a new figure is drawn."""
    row = QueueRow("1", "", StoreState.FRESH, False, "Trained 3 h ago", date(2019, 4, 2), 10.0, 9.0, ())  # noqa: FBT003 - a row
    same, other = GridKey((replace(row),), None), GridKey((replace(row, next7=11.0),), None)
    assert (GridKey((row,), None), hash(GridKey((row,), None))) == (same, hash(same))
    assert other != same
