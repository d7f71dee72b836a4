"""Figures of Accuracy: pure functions from errors by week ahead to Plotly.

The accent is the forecast that serves; grey, with squares and dashes, is the 4-week average. Each is named at
its end.
"""

from collections.abc import Iterator, Sequence

import plotly.graph_objects as go

from forecasting.evaluation.accuracy_report import HONEST_COVERAGE, WeekAhead
from web.accuracy.accuracy_words import PROMISE
from web.shared import formats
from web.shared.charts import Palette, Trace, figure

HEIGHT = 236
MOST_LABELS = 8
"""Weeks up to which every point has its figure and every week its tick."""

OURS, AVERAGE = "forecast", "4-week average"
CLOSE = 0.08
"""Share of the axis within which the names at two lines' ends would touch."""

Values = list[float | None]


def error_figure(weeks: Sequence[WeekAhead], colours: Palette) -> go.Figure:
    """Draw the error by week ahead, the forecast's and the 4-week average's; one line where they are one."""
    ours, average = errors(weeks)
    lines = {OURS: ours} if ours == average or not any(average) else {AVERAGE: average, OURS: ours}
    highest = 1.22 * max((value for line in lines.values() for value in line if value), default=0.1)
    drawn = [_line(name, weeks, lines, colours) for name in lines]
    name = f"{OURS} (the<br>{AVERAGE})" if ours == average else OURS
    notes = [*_names(lines, highest, name, colours)]
    return figure(drawn, {**_layout(weeks, (0, highest), colours), "annotations": notes})


def band_figure(weeks: Sequence[WeekAhead], colours: Palette) -> go.Figure:
    """Draw the share of days inside the band by week ahead, against what is promised."""
    inside = shares_inside(weeks)
    lowest = min([0.5, *(max(0.0, value - 0.1) for value in inside if value is not None)])
    sides = [_side((share or 0) >= PROMISE) for share in inside]
    shares = {**_line(OURS, weeks, {OURS: inside}, colours, digits=0), "textposition": sides}
    zone = {
        "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": HONEST_COVERAGE[0], "y1": HONEST_COVERAGE[1],
        "fillcolor": colours.closed, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip
    line = {"color": colours.ink, "width": 1.4, "dash": "dot"}
    promise = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": PROMISE, "y1": PROMISE, "line": line}
    words = f"{formats.percent(PROMISE, 0)} promised"
    note = _note(1, PROMISE, words, colours.ink, xref="paper", xanchor="left", xshift=6)
    layout = {**_layout(weeks, (lowest, 1), colours), "shapes": [zone, promise], "annotations": [note]}
    return figure([shares], layout)


def error_alt(weeks: Sequence[WeekAhead]) -> str:
    """Describe the chart of errors for those who don't see it."""
    ours, average = errors(weeks)
    each = [
        f"{_words(week)}: {formats.percent(own)}, the average {formats.percent(other)}"
        for week, own, other in zip(weeks, ours, average, strict=True)
    ]
    return f"Error by days ahead, of the forecast and of the 4-week average. {'; '.join(each)}."


def band_alt(weeks: Sequence[WeekAhead]) -> str:
    """Describe the chart of the band for those who don't see it."""
    each = [
        f"{_words(week)}: {formats.percent(share, 0)}"
        for week, share in zip(weeks, shares_inside(weeks), strict=True)
    ]
    return f"Share of days inside the band by days ahead, 80% promised. {'; '.join(each)}."


def errors(weeks: Sequence[WeekAhead]) -> tuple[Values, Values]:
    """The error of the forecast and of the 4-week average by week ahead."""
    return [week.sums.served.wape for week in weeks], [week.sums.naive.wape for week in weeks]


def shares_inside(weeks: Sequence[WeekAhead]) -> Values:
    """The share of days inside the band by week ahead."""
    return [week.sums.served.coverage for week in weeks]


def _line(
    name: str, weeks: Sequence[WeekAhead], lines: dict[str, Values], colours: Palette, digits: int = 1
) -> Trace:
    own = lines[name]
    other = next((values for each, values in lines.items() if each != name), [None] * len(own))
    above = [(value or 0) >= (beside or 0) for value, beside in zip(own, other, strict=True)]
    colour = colours.accent if name == OURS else colours.quiet
    return {
        "type": "scatter",
        "x": list(range(len(own))),
        "y": own,
        "mode": "lines+markers+text" if len(own) <= MOST_LABELS else "lines+markers",
        "text": [formats.percent(value, digits) for value in own],
        "textposition": [_side(is_above) for is_above in above],
        "textfont": {"color": colour, "size": 12},
        "cliponaxis": False,
        "line": {"color": colour, "width": 2.2, "dash": "solid" if name == OURS else "dash"},
        "marker": {"size": 7, "symbol": "circle" if name == OURS else "square"},
        "customdata": [_words(week) for week in weeks],
        "hovertemplate": f"%{{customdata}}<br>{name} <b>%{{y:.{digits}%}}</b><extra></extra>",
    }


def _names(
    lines: dict[str, Values], highest: float, ours: str, colours: Palette
) -> Iterator[dict[str, object]]:
    """Each line's name at its end, apart where the ends are near each other."""
    ends = {name: values[-1] for name, values in lines.items() if values and values[-1] is not None}
    near = len(ends) > 1 and abs(ends[OURS] - ends[AVERAGE]) < CLOSE * highest
    for name, end in ends.items():
        shift = (9 if end >= max(ends.values()) else -9) if near else 0
        colour = colours.accent if name == OURS else colours.quiet
        words = ours if name == OURS else name
        yield _note(
            len(lines[name]) - 1, end, words, colour, xanchor="left", xshift=22, yshift=shift, align="left"
        )


def _side(above: bool) -> str:  # noqa: FBT001 # what it is named for
    return "top center" if above else "bottom center"


def _note(x: float, y: float, text: str, colour: str, **more: object) -> dict[str, object]:
    font = {"size": 12, "color": colour}
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": font, **more}


def _words(week: WeekAhead) -> str:
    """``days 8–14``."""
    return f"day {week.first}" if week.first == week.last else f"days {week.first}–{week.last}"


def _layout(weeks: Sequence[WeekAhead], y: tuple[float, float], colours: Palette) -> dict[str, object]:
    step = -(-len(weeks) // MOST_LABELS)
    quiet = {"color": colours.quiet, "size": 12}
    return {
        "height": HEIGHT,
        "margin": {"l": 44, "r": 118, "t": 12, "b": 26},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Source Sans, sans-serif", **quiet},
        "showlegend": False,
        "hoverlabel": {"bgcolor": colours.surface, "font": {"color": colours.ink}, "align": "left"},
        "dragmode": False,
        "xaxis": {
            "range": [-0.3, len(weeks) - 0.7],
            "tickvals": list(range(0, len(weeks), step)),
            "ticktext": [_words(week) for week in weeks[::step]],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis": {
            "range": list(y),
            "gridcolor": colours.line,
            "zerolinecolor": colours.line,
            "tickformat": ".0%",
            "fixedrange": True,
            "nticks": 6,
        },
    }
