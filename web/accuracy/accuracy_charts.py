"""The charts of Accuracy: pure functions from backtest results by week ahead to Plotly figures.

The accent colour is the forecast; grey, with squares and dashes, is the 4-week average. Each line is named
at its end.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from forecasting.evaluation.accuracy_report import HONEST_COVERAGE, WeekAhead
from web.accuracy.accuracy_words import INTENDED
from web.shared import formats
from web.shared.colours import Palette
from web.shared.figures import Trace, figure, note, plain_layout

HEIGHT = 236
MOST_LABELS = 8
"""Up to so many weeks, every point has its figure and every week its tick."""

OURS, AVERAGE = "forecast", "4-week average"
CLOSE = 0.08
"""Share of the axis within which the names of two lines would overlap."""

FONT = {"size": 12}

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
MOST_TICKS = 6
"""Ticks of a percentage axis: at the smallest of the steps that needs no more ticks than this."""

Values = list[float | None]


def error_figure(weeks: Sequence[WeekAhead], colours: Palette) -> go.Figure:
    """Draw the error by week ahead, of the forecast and of the 4-week average.

    There is one line where both have the same errors, or where there is no average.
    """
    ours, average = errors(weeks)
    lines = {OURS: ours} if ours == average or not any(average) else {AVERAGE: average, OURS: ours}
    highest = 1.22 * max((value for line in lines.values() for value in line if value), default=0.1)
    traces = [_line(name, weeks, lines, colours) for name in lines]
    name = f"{OURS} (the<br>{AVERAGE})" if ours == average else OURS
    notes = [*_names(lines, highest, name, colours)]
    return figure(traces, {**_layout(weeks, (0, highest), colours), "annotations": notes})


def coverage_figure(weeks: Sequence[WeekAhead], colours: Palette) -> go.Figure:
    """Draw the share of days inside the likely range by week ahead, against the intended share."""
    inside = shares_inside(weeks)
    lowest = min([0.5, *(max(0.0, value - 0.1) for value in inside if value is not None)])
    sides = [_side((share or 0) >= INTENDED) for share in inside]
    shares = {**_line(OURS, weeks, {OURS: inside}, colours, digits=0), "textposition": sides}
    zone = {
        "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": HONEST_COVERAGE[0], "y1": HONEST_COVERAGE[1],
        "fillcolor": colours.closed, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip
    line = {"color": colours.ink, "width": 1.4, "dash": "dot"}
    intended = {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": INTENDED, "y1": INTENDED, "line": line,
    }  # fmt: skip
    words = f"{formats.percent(INTENDED, 0)} intended"
    label = note(1, INTENDED, words, colours.ink, xref="paper", xanchor="left", xshift=6)
    layout = {
        **_layout(weeks, (lowest, 1), colours),
        "shapes": [zone, intended],
        "annotations": [label | {"font": FONT | {"color": colours.ink}}],
    }
    return figure([shares], layout)


def error_alt(weeks: Sequence[WeekAhead]) -> str:
    """Describe the chart of errors for people who use a screen reader."""
    ours, average = errors(weeks)
    each = [
        f"{_days(week)}: {formats.percent(own)}, the average {formats.percent(other)}"
        for week, own, other in zip(weeks, ours, average, strict=True)
    ]
    return f"Error by days ahead, of the forecast and of the 4-week average. {'; '.join(each)}."


def coverage_alt(weeks: Sequence[WeekAhead]) -> str:
    """Describe the chart of days inside the range for people who use a screen reader."""
    each = [
        f"{_days(week)}: {formats.percent(share, 0)}"
        for week, share in zip(weeks, shares_inside(weeks), strict=True)
    ]
    intended = formats.percent(INTENDED, 0)
    return f"Share of days inside the range by days ahead; {intended} is intended. {'; '.join(each)}."


def errors(weeks: Sequence[WeekAhead]) -> tuple[Values, Values]:
    """The errors of the forecast and of the 4-week average by week ahead, as shares of sales."""
    return [week.sums.served.wape for week in weeks], [week.sums.naive.wape for week in weeks]


def shares_inside(weeks: Sequence[WeekAhead]) -> Values:
    """The share of days inside the likely range by week ahead."""
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
        "textfont": FONT | {"color": colour},
        "cliponaxis": False,
        "line": {"color": colour, "width": 2.2, "dash": "solid" if name == OURS else "dash"},
        "marker": {"size": 7, "symbol": "circle" if name == OURS else "square"},
        "customdata": [_days(week) for week in weeks],
        "hovertemplate": f"%{{customdata}}<br>{name} <b>%{{text}}</b><extra></extra>",
    }


def _names(
    lines: dict[str, Values], highest: float, ours: str, colours: Palette
) -> Iterator[dict[str, object]]:
    """Name each line at its end, and move the names apart where the ends are close."""
    ends = {name: values[-1] for name, values in lines.items() if values and values[-1] is not None}
    near = len(ends) > 1 and abs(ends[OURS] - ends[AVERAGE]) < CLOSE * highest
    for name, end in ends.items():
        shift = (9 if end >= max(ends.values()) else -9) if near else 0
        colour = colours.accent if name == OURS else colours.quiet
        words = ours if name == OURS else name
        beside = {"xanchor": "left", "xshift": 22, "yshift": shift, "align": "left"}
        yield note(len(lines[name]) - 1, end, words, colour, **beside) | {"font": FONT | {"color": colour}}


def _side(above: bool) -> str:  # noqa: FBT001 - the only argument, and what the function is about
    return "top center" if above else "bottom center"


def _days(week: WeekAhead) -> str:
    """``days 8–14``, ``day 29``."""
    return f"day {week.first}" if week.first == week.last else f"days {week.first}–{week.last}"


def _layout(weeks: Sequence[WeekAhead], y: tuple[float, float], colours: Palette) -> dict[str, object]:
    step = -(-len(weeks) // MOST_LABELS)
    return {
        **plain_layout(colours),
        "height": HEIGHT,
        "margin": {"l": 44, "r": 118, "t": 12, "b": 26},
        "xaxis": {
            "range": [-0.3, len(weeks) - 0.7],
            "tickvals": list(range(0, len(weeks), step)),
            "ticktext": [_days(week) for week in weeks[::step]],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis": {
            "range": list(y),
            "gridcolor": colours.line,
            "zerolinecolor": colours.line,
            **_percent_ticks(*y),
            "fixedrange": True,
        },
    }


def _percent_ticks(low: float, high: float) -> dict[str, Any]:
    """Ticks at round percentages in this locale: Plotly itself writes them without a space."""
    step = next((step for step in STEPS if (high - low) / step <= MOST_TICKS), 1.0)
    first, last = int(-(-low // step)), int(high // step)
    values = [step * number for number in range(first, last + 1)]
    return {"tickvals": values, "ticktext": [formats.percent(value, 0) for value in values]}
