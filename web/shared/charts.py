"""Figures: pure functions from frames to Plotly.

Colours carry no meaning of their own: ink is what was sold, the accent what is forecast, orange a promotion,
grey a closed day; each is labelled in words too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import pairwise
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from web.shared import formats

HEIGHT = 352
HALF_DAY, DAY = pd.Timedelta(hours=12), pd.Timedelta(days=1)
PROMOTION_FOOT = (0.0, 0.022)
"""Lower and upper edge of the promotion strip, as shares of the plot's height."""


Trace = dict[str, object]
"""A trace in words of Plotly's reference."""

Run = Sequence[pd.Timestamp]
"""Days, each the day after the one before."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as in ``.streamlit/config.toml``; of its tables' heads, too."""

    ink: str
    quiet: str
    line: str
    accent: str
    band: str
    promotion: str
    closed: str
    surface: str
    head: str
    paper: str
    warm: str
    warm_ground: str


LIGHT = Palette(
    "#1B2430",
    "#6B7785",
    "#E9EDF2",
    "#0F6CBD",
    "rgba(15,108,189,.17)",
    "#B35C00",
    "rgba(107,119,133,.16)",
    "#FFF",
    "#F5F7FA",
    "#FFFFFF",
    "#8F4A00",
    "#FFF1DE",
)
DARK = Palette(
    "#E6EBF1",
    "#8C99A8",
    "#232D39",
    "#5AA9F0",
    "rgba(90,169,240,.24)",
    "#F2B84B",
    "rgba(140,153,168,.2)",
    "#19212B",
    "#19212B",
    "#10151C",
    "#F2B84B",
    "#3A2E17",
)


def palette(theme: str | None) -> Palette:
    """The palette of Streamlit's theme type, ``"light"`` or ``"dark"``."""
    return DARK if theme == "dark" else LIGHT


def forecast_figure(
    sold: pd.DataFrame,
    forecast: pd.DataFrame | None,
    as_of: date,
    colours: Palette,
    earlier: pd.DataFrame | None = None,
) -> go.Figure:
    """Draw what was sold, what is expected with its band, closures, promotions and holidays.

    Parameters
    ----------
    sold
        `schema.HISTORY` of one series.
    forecast
        `schema.STORE_FORECAST` of the same series, or None before the first forecast.
    as_of
        The business date; drawn as "today".
    earlier
        Another version of the forecast, of which the expected line is drawn; None for none.
    """
    days = _days(sold, forecast)
    lines = [_sold_line(sold, colours)]
    if forecast is not None:
        lines += [*_bands(forecast, colours)]
        lines += [] if earlier is None else [_earlier_line(earlier, colours)]
        lines += [_expected_line(forecast, colours)]
    promoted = [*runs([day.ds for day in days if day.promo])]
    shapes = [*_closed_columns(days, colours), *_promotion_strips(promoted, colours), _today(as_of, colours)]
    notes = [
        *_closure_reasons(days, colours),
        *_holiday_marks(days, _levels(sold, forecast), colours),
        *_promotion_labels(promoted, colours),
    ]
    notes += [_today_label(as_of, colours), _unit_label(colours), *_line_ends(sold, forecast, colours)]
    return figure(lines, {**_layout(days, as_of, colours), "shapes": shapes, "annotations": notes})


def figure(lines: Sequence[Mapping[str, object]], layout: Mapping[str, object]) -> go.Figure:
    """Make a figure of traces and a layout in words of Plotly's reference.

    It is not held against that reference here but in tests: that took longer than all the rest. And it has
    no template: nothing is seen of Plotly's own.
    """
    return go.Figure(
        {"data": lines, "layout": {"template": {}, "separators": formats.separators(), **layout}},
        _validate=False,
    )


def alt_text(name: str, sold: pd.DataFrame, forecast: pd.DataFrame | None) -> str:
    """Describe the chart for those who don't see it."""
    opened = sold.loc[sold["is_open"], "y"]
    level = formats.units(None if opened.empty else opened.mean())
    text = f"Line chart of {name}: sold {level} a day over the last six weeks"
    if forecast is None:
        return text + "; no forecast yet."
    ahead = forecast.loc[forecast["is_open"]]
    low, high = formats.units(ahead["q10"].mean()), formats.units(ahead["q90"].mean())
    mean = formats.units(ahead["mean"].mean())
    return f"{text}; {mean} a day expected over the next {len(forecast)} days, likely {low} to {high}."


def runs(days: Run) -> Iterator[Run]:
    """Split ascending days into runs of consecutive ones."""
    breaks = [at for at in range(1, len(days)) if days[at] - days[at - 1] != DAY]
    for start, end in pairwise([0, *breaks, len(days)]):
        if end > start:
            yield days[start:end]


class _Day(NamedTuple):
    """What is marked of a day, sold or ahead."""

    ds: pd.Timestamp
    is_open: bool
    promo: bool
    holiday: str


def _days(sold: pd.DataFrame, forecast: pd.DataFrame | None) -> list[_Day]:
    """Each day once; of one that is in both, what was sold counts."""
    days: dict[pd.Timestamp, _Day] = {}
    for frame in (sold,) if forecast is None else (sold, forecast):
        for values in zip(*(frame[name] for name in _Day._fields), strict=True):
            days.setdefault(values[0], _Day(*values))
    return list(days.values())


def _sold_line(sold: pd.DataFrame, colours: Palette) -> Trace:
    return {
        "type": "scatter",
        "x": sold["ds"],
        "y": sold["y"].where(sold["is_open"]),
        "mode": "lines+markers",
        "line": {"color": colours.ink, "width": 1.4},
        "marker": {"size": 4},
        "customdata": _facts(sold),
        "hovertemplate": f"%{{customdata}}<br>sold <b>%{{y:,.0f}}</b> {escape(formats.unit())}"
        "<extra></extra>",
    }


def _expected_line(forecast: pd.DataFrame, colours: Palette) -> Trace:
    likely = [
        f"likely {formats.units(low)} – {formats.units(high)}"
        for low, high in zip(forecast["q10"], forecast["q90"], strict=True)
    ]
    return {
        "type": "scatter",
        "x": forecast["ds"],
        "y": forecast["mean"].where(forecast["is_open"]),
        "mode": "lines+markers",
        "line": {"color": colours.accent, "width": 2.2},
        "marker": {"size": 5},
        "customdata": list(zip(_facts(forecast), likely, strict=True)),
        "hovertemplate": "%{customdata[0]}<br>expected <b>%{y:,.0f}</b>, %{customdata[1]} "
        f"{escape(formats.unit())}<extra></extra>",
    }


def _earlier_line(earlier: pd.DataFrame, colours: Palette) -> Trace:
    return {
        "type": "scatter",
        "x": earlier["ds"],
        "y": earlier["mean"].where(earlier["is_open"]),
        "mode": "lines",
        "line": {"color": colours.quiet, "width": 1.6, "dash": "dash"},
        "hovertemplate": "before: expected <b>%{y:,.0f}</b><extra></extra>",
    }


def _bands(forecast: pd.DataFrame, colours: Palette) -> Iterator[Trace]:
    """One for each run of open days, as Plotly fills gaps."""
    opened = forecast[forecast["is_open"]]
    edges = dict(zip(opened["ds"], zip(opened["q10"], opened["q90"], strict=True), strict=True))
    for run in runs(list(edges)):
        low, high = zip(*(edges[ds] for ds in run), strict=True)
        if len(run) == 1:
            yield {
                "type": "bar",
                "x": run,
                "y": [high[0] - low[0]],
                "base": low,
                "width": HALF_DAY.total_seconds() * 1000,
                "marker": {"color": colours.band, "line": {"width": 0}},
                "hoverinfo": "skip",
            }
        else:
            yield {
                "type": "scatter",
                "x": [*run, *run[::-1]],
                "y": [*high, *low[::-1]],
                "fill": "toself",
                "fillcolor": colours.band,
                "line": {"width": 0},
                "mode": "lines",
                "hoverinfo": "skip",
            }


def _facts(frame: pd.DataFrame) -> list[str]:
    """Describe each day on one line: weekday and date, holiday, promotion."""
    marks = zip(frame["ds"], frame["holiday"], frame["promo"], strict=True)
    return [
        " · ".join(filter(None, [f"<b>{formats.day(ds)}</b>", escape(holiday), "promotion" if promo else ""]))
        for ds, holiday, promo in marks
    ]


def _closed_columns(days: Sequence[_Day], colours: Palette) -> Iterator[dict[str, object]]:
    for ds in (day.ds for day in days if not day.is_open):
        yield {
            "type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": ds - HALF_DAY, "x1": ds + HALF_DAY,
            "fillcolor": colours.closed, "line": {"width": 0}, "layer": "below",
        }  # fmt: skip


def _closure_reasons(days: Sequence[_Day], colours: Palette) -> Iterator[dict[str, object]]:
    for day in days:
        if day.holiday and not day.is_open:
            reason = f"closed · {escape(day.holiday)}"
            yield _note(day.ds, 0.5, reason, colours.quiet, yref="paper", textangle=-90)


def _holiday_marks(
    days: Sequence[_Day], levels: Mapping[pd.Timestamp, float], colours: Palette
) -> Iterator[dict[str, object]]:
    """The names of open holidays, above the line where it is low, else below it."""
    middle = max(levels.values(), default=0.0) / 2
    for day in days:
        if day.holiday and day.is_open:
            high = levels.get(day.ds, 0.0) > middle
            y, anchor = (0.08, "bottom") if high else (0.99, "top")
            name = escape(day.holiday)
            yield _note(day.ds, y, name, colours.quiet, yref="paper", textangle=-90, yanchor=anchor)


def _levels(sold: pd.DataFrame, forecast: pd.DataFrame | None) -> dict[pd.Timestamp, float]:
    """The highest that is drawn of each day."""
    levels = dict(zip(sold["ds"], sold["y"].tolist(), strict=True))
    ahead = {} if forecast is None else dict(zip(forecast["ds"], forecast["q90"].tolist(), strict=True))
    return levels | ahead


def _promotion_strips(promoted: Sequence[Run], colours: Palette) -> Iterator[dict[str, object]]:
    for run in promoted:
        yield {
            "type": "rect", "yref": "paper", "y0": PROMOTION_FOOT[0], "y1": PROMOTION_FOOT[1],
            "x0": run[0] - HALF_DAY, "x1": run[-1] + HALF_DAY,
            "fillcolor": colours.promotion, "line": {"width": 0},
        }  # fmt: skip


def _promotion_labels(promoted: Sequence[Run], colours: Palette) -> Iterator[dict[str, object]]:
    beside = {"yref": "paper", "xanchor": "left", "xshift": 9, "yanchor": "bottom"}
    for run in promoted:
        yield _note(run[0] - HALF_DAY, PROMOTION_FOOT[1], "promotion", colours.promotion, **beside)


def _today(as_of: date, colours: Palette) -> dict[str, object]:
    line = {"color": colours.quiet, "width": 1.4, "dash": "dot"}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": as_of, "x1": as_of, "line": line}


def _today_label(as_of: date, colours: Palette) -> dict[str, object]:
    return _note(as_of, 1, "today", colours.quiet, yref="paper", yanchor="bottom")


def _unit_label(colours: Palette) -> dict[str, object]:
    """Say above the y axis what it counts."""
    above = {"xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom", "xshift": -4}
    return _note(0, 1, escape(formats.unit()), colours.quiet, **above)


def _line_ends(
    sold: pd.DataFrame, forecast: pd.DataFrame | None, colours: Palette
) -> Iterator[dict[str, object]]:
    opened = sold[sold["is_open"]]
    if not opened.empty:
        first = opened.iloc[0]
        yield _note(first["ds"], first["y"], "sold", colours.ink, xanchor="right", xshift=-6)
    ahead = forecast[forecast["is_open"]] if forecast is not None else None
    if ahead is None or ahead.empty:
        return
    last = ahead.iloc[-1]
    words = f"<span style='color:{colours.quiet}'>high: 1 day in 10 sells more</span><br>expected<br>"
    words += f"<span style='color:{colours.quiet}'>low: 1 day in 10 sells less</span>"
    yield _note(last["ds"], last["mean"], words, colours.accent, xanchor="left", xshift=8, align="left")


def _note(x: object, y: float, text: str, colour: str, **more: object) -> dict[str, object]:
    font = {"size": 11, "color": colour}
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": font, **more}


def _layout(days: Sequence[_Day], as_of: date, colours: Palette) -> dict[str, object]:
    today, quiet = pd.Timestamp(as_of), {"color": colours.quiet, "size": 12}
    return {
        "height": HEIGHT,
        "margin": {"l": 44, "r": 168, "t": 22, "b": 26},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Source Sans, sans-serif", **quiet},
        "showlegend": False,
        "hovermode": "x",
        "hoverlabel": {"bgcolor": colours.surface, "font": {"color": colours.ink}, "align": "left"},
        "dragmode": False,
        "barmode": "overlay",
        "xaxis": {
            "range": [
                min(today, *(day.ds for day in days)) - pd.Timedelta(days=2),
                max(today, *(day.ds for day in days)) + HALF_DAY,
            ],
            "tick0": today - pd.Timedelta(weeks=10),
            "dtick": 7 * 86_400_000,
            "tickformat": "%-d %b",
            "showgrid": False,
            "fixedrange": True,
        },
        "yaxis": {
            "rangemode": "tozero",
            "gridcolor": colours.line,
            "zerolinecolor": colours.line,
            "tickformat": ",",
            "fixedrange": True,
            "nticks": 8,
        },
    }
