"""Figures are not held against Plotly's reference when they are drawn, but here."""

import json
from datetime import timedelta

import plotly.graph_objects as go
import pytest

from forecasting.core.domain import LOCAL_USER
from tests.house import LAST, House, plan
from tests.web.accuracy.test_accuracy_page import ACCURACY
from tests.web.compare.test_compare_page import COMPARE
from tests.web.test_pages import STORE_FORECAST, opened


@pytest.mark.parametrize("page", [STORE_FORECAST, COMPARE, ACCURACY])
def test_each_figure_of_a_page_is_in_words_plotly_knows(trained: House, page: str) -> None:
    """With holidays, promotions and closures ahead, days that have come, and the forecast before."""
    holiday = LAST + timedelta(days=8)
    closed, promoted = {"is_open": 0, "promo": 0, "holiday": "Inventory"}, {"promo": 1, "holiday": "Fair"}
    fair = holiday + timedelta(days=1)
    trained.deliver("plan", [plan("1", holiday, holiday, **closed), plan("1", fair, fair, **promoted)])
    for ahead in range(1, 4):
        trained.next_day(LAST + timedelta(days=ahead))
    trained.services.refreshing.refresh_all(LOCAL_USER)
    trained.work()
    app = opened(page, store="1", store1="1", store2="2")
    if page == STORE_FORECAST:
        app.toggle(key="previous_forecast").set_value(True).run()
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert specs
    for spec in specs:
        go.Figure(spec)


def test_what_plotly_does_not_know_is_refused() -> None:
    """So that the test above can fail."""
    with pytest.raises(ValueError, match="Invalid property"):
        go.Figure({"data": [{"type": "scatter", "colour": "red"}]})
