"""What all Plotly figures of the pages share: construction, notes, and the plain layout."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from web.shared import formats
from web.shared.colours import Palette

Trace = dict[str, object]
"""A trace, keyed as in Plotly's reference."""


def figure(traces: Sequence[Mapping[str, object]], layout: Mapping[str, object]) -> go.Figure:
    """Build a figure from traces and a layout, both keyed as in Plotly's reference.

    The figure is not validated against that reference: validation took longer than everything else, and
    tests do it instead. Plotly's own template is left out because nothing of it would show.
    """
    return go.Figure(
        {"data": traces, "layout": {"template": {}, **formats.plotly_numbers(), **layout}}, _validate=False
    )


def plain_layout(colours: Palette) -> dict[str, object]:
    """A layout without background, legend and dragging, in the pages' font."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Source Sans, sans-serif", "color": colours.quiet, "size": 12},
        "showlegend": False,
        "hoverlabel": {"bgcolor": colours.surface, "font": {"color": colours.ink}, "align": "left"},
        "dragmode": False,
    }


def note(x: object, y: float, text: str, colour: str, **more: object) -> dict[str, object]:
    """A text without an arrow at (x, y); `more` are further properties of a Plotly annotation."""
    font = {"size": 11, "color": colour}
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": font, **more}
