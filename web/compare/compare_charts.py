"""The charts of Compare: a store's chart in a half or a quarter of its width."""

from datetime import date

import pandas as pd
import plotly.graph_objects as go

from web.shared.colours import Palette
from web.shared.forecast_chart import forecast_figure

HEIGHT = 290
ROOM = 1.06
"""Length of the y axis as a multiple of the highest value."""


def side_figure(
    sold: pd.DataFrame, forecast: pd.DataFrame | None, as_of: date, colours: Palette, highest: float | None
) -> go.Figure:
    """Draw one side as `forecast_figure` does, without line labels and names of holidays.

    Parameters
    ----------
    highest
        The highest value of all sides, which the y axis must hold; None to scale this side by itself.
    """
    figure = forecast_figure(sold, forecast, as_of, colours)
    notes = figure.layout.annotations
    figure.layout.annotations = [note for note in notes if note.yref == "paper" and not note.textangle]
    figure.update_layout(height=HEIGHT, margin={"l": 44, "r": 6, "t": 18, "b": 24}, yaxis_nticks=6)
    figure.update_xaxes(dtick=14 * 86_400_000)
    if highest:
        figure.update_yaxes(range=[0, highest * ROOM])
    return figure
