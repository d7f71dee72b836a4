"""The figures of *Why* and *Can I trust it*: pure functions to Plotly.

A step up and a step down differ by sign and words, a day inside, above and below by shape; colour only helps.
"""

from typing import NamedTuple

import plotly.graph_objects as go

from forecasting.planning.trust import Outcome, Trust, TrustDay
from forecasting.planning.why import DayWhy
from web import formats
from web.charts import Palette, figure

ROW, FOOT = 30, 8
STRIP_HEIGHT = 74
MOST_LETTERS = 22

SHAPES = {
    Outcome.INSIDE: "circle",
    Outcome.ABOVE: "triangle-up",
    Outcome.BELOW: "triangle-down",
    Outcome.CLOSED: "line-ew-open",
    Outcome.UNKNOWN: "circle-open",
}
"""A shape for each outcome."""

HOW = {
    Outcome.INSIDE: "inside the likely range",
    Outcome.ABOVE: "sold more than high",
    Outcome.BELOW: "sold less than low",
    Outcome.CLOSED: "closed",
    Outcome.UNKNOWN: "nothing was forecast the day before",
}


class Bar(NamedTuple):
    """One bar of the waterfall: from `start` by `amount`, with its label."""

    name: str
    start: float
    amount: float
    label: str
    is_sum: bool


def bars(day: DayWhy) -> list[Bar]:
    """The bars of a day: each step from where the one before ended, and their sum."""
    drawn: list[Bar] = []
    reached = 0.0
    for number, step in enumerate(day.steps):
        label = formats.units(step.amount) if not number else formats.signed(step.amount)
        drawn.append(Bar(step.words, reached, step.amount, label, is_sum=not number))
        reached += step.amount
    return [*drawn, Bar("Expected", 0.0, day.expected, formats.units(day.expected), is_sum=True)]


def waterfall(day: DayWhy, colours: Palette) -> go.Figure:
    """Draw what a day is made of, from top to bottom."""
    drawn = bars(day)
    names = [_short(bar.name) for bar in drawn]
    highest = max((max(bar.start, bar.start + bar.amount) for bar in drawn), default=1.0) or 1.0
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [*range(len(drawn))],
        "x": [bar.amount for bar in drawn],
        "base": [bar.start for bar in drawn],
        "text": [bar.label for bar in drawn],
        "textposition": "outside",
        "textfont": {"size": 12, "color": colours.ink},
        "cliponaxis": False,
        "marker": {"color": [_colour(bar, colours) for bar in drawn]},
        "hovertemplate": "%{customdata}<extra></extra>",
        "customdata": [f"{bar.name}: {bar.label}" for bar in drawn],
        "width": 0.62,
    }
    layout = {
        "height": ROW * len(drawn) + FOOT,
        "margin": {"l": 164, "r": 56, "t": 0, "b": FOOT},
        **_plain(colours),
        "xaxis": {"visible": False, "range": [0, 1.06 * highest], "fixedrange": True},
        "yaxis": {
            "tickvals": [*range(len(drawn))], "ticktext": names, "autorange": "reversed",
            "fixedrange": True, "showgrid": False, "zeroline": False,
        },
    }  # fmt: skip
    return figure([trace], layout)


def waterfall_alt(day: DayWhy) -> str:
    """Describe the waterfall for those who don't see it."""
    told = "; ".join(f"{bar.name} {bar.label}" for bar in bars(day))
    return f"What {formats.long_day(day.ds)} is made of: {told}."


def strip(trust: Trust, colours: Palette) -> go.Figure:
    """Draw a mark for each of the last days: inside, above, below, closed, unknown."""
    days = trust.days
    misses = (Outcome.ABOVE, Outcome.BELOW)
    trace = {
        "type": "scatter",
        "x": [day.ds for day in days],
        "y": [0] * len(days),
        "mode": "markers",
        "marker": {
            "symbol": [SHAPES[day.outcome] for day in days],
            "size": 12,
            "color": [colours.promotion if day.outcome in misses else colours.accent for day in days],
            "line": {"width": 1.4, "color": colours.quiet},
        },
        "customdata": [_told(day) for day in days],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    layout = {
        "height": STRIP_HEIGHT,
        "margin": {"l": 8, "r": 8, "t": 4, "b": 24},
        **_plain(colours),
        "xaxis": {
            "tick0": days[0].ds, "dtick": 7 * 86_400_000, "tickformat": "%-d %b",
            "showgrid": False, "fixedrange": True, "zeroline": False,
        },
        "yaxis": {"visible": False, "range": [-1, 1], "fixedrange": True},
    }  # fmt: skip
    return figure([trace], layout)


def strip_alt(trust: Trust) -> str:
    """Describe the strip for those who don't see it."""
    missed = [f"{formats.day(day.ds)} {HOW[day.outcome]}" for day in trust.days if _missed(day)]
    told = f": {'; '.join(missed)}" if missed else ""
    return f"{trust.inside} of the last {trust.judged} days inside the likely range{told}."


def _missed(day: TrustDay) -> bool:
    return day.outcome in (Outcome.ABOVE, Outcome.BELOW)


def _told(day: TrustDay) -> str:
    words = f"<b>{formats.day(day.ds)}</b><br>{HOW[day.outcome]}"
    if day.sold is None or day.outcome is Outcome.CLOSED:
        return words
    likely = f"likely {formats.units(day.low)} – {formats.units(day.high)}"
    return f"{words}<br>sold {formats.units(day.sold)}, {likely}"


def _colour(bar: Bar, colours: Palette) -> str:
    if bar.is_sum:
        return colours.quiet
    return colours.accent if bar.amount >= 0 else colours.promotion


def _short(name: str) -> str:
    """A name that fits beside the bars, over two lines where it must."""
    if len(name) <= MOST_LETTERS:
        return name
    cut = name.rfind(" ", 0, MOST_LETTERS)
    return f"{name[:cut]}<br>{name[cut + 1 :]}" if cut > 0 else f"{name[:MOST_LETTERS]}…"


def _plain(colours: Palette) -> dict[str, object]:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Source Sans, sans-serif", "color": colours.quiet, "size": 12},
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {"bgcolor": colours.surface, "font": {"color": colours.ink}, "align": "left"},
    }
