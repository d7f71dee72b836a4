"""The charts of the floor: the product's charts as plain Plotly figures, prepared in advance."""

import json
import os
from datetime import timedelta
from functools import cache
from pathlib import Path

import plotly.graph_objects as go

from benchmarks.furnishing import LAST
from forecasting.bootstrap import Storecast
from forecasting.core.domain import ALL_ITEMS, LOCAL_USER, SeriesKey
from web.shared import colours, forecast_chart
from web.store.chart_view import SOLD_DAYS

FILE = "figures.json"


def write(storecast: Storecast, home: Path) -> None:
    """Write the chart of every store's total into the state folder of the floor."""
    services = storecast.services
    figures = {}
    for store in services.stores.visible(LOCAL_USER):
        key = SeriesKey(store.store, ALL_ITEMS)
        sold, forecast = (
            services.forecasts.sales(LOCAL_USER, key, SOLD_DAYS),
            services.forecasts.forecast(LOCAL_USER, key),
        )
        figure = forecast_chart.forecast_figure(sold, forecast, LAST + timedelta(days=1), colours.LIGHT)
        figures[store.store] = figure.to_json()
    (home / FILE).write_text(json.dumps(figures))


@cache
def read() -> dict[str, go.Figure]:
    """Read the charts by store, once per process."""
    home = Path(os.environ["STORECAST_HOME"])
    written: dict[str, str] = json.loads((home / FILE).read_text())
    return {store: go.Figure(json.loads(figure)) for store, figure in written.items()}
