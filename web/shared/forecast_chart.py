"""The forecast chart: what was sold, what is expected with its likely range, and the marks of days.

Ink is what was sold, the accent colour what is forecast; each line is labelled in words too.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from html import escape

import pandas as pd
import plotly.graph_objects as go

from web.shared import day_marks, formats
from web.shared.colours import Palette
from web.shared.day_marks import HALF_DAY, ChartDay, chart_days, split_runs
from web.shared.figures import Trace, figure, note, plain_layout

HEIGHT = 352

LEGEND = "Shaded: the likely range. 1 day in 10 sells less than low, 1 day in 10 sells more than high."


def forecast_figure(
    sold: pd.DataFrame,
    forecast: pd.DataFrame | None,
    as_of: date,
    colours: Palette,
    earlier: pd.DataFrame | None = None,
) -> go.Figure:
    """Draw what was sold, what is expected with its likely range, closures, promotions and holidays.

    Parameters
    ----------
    sold
        `schema.HISTORY` of one series.
    forecast
        `schema.STORE_FORECAST` of the same series, or None before the first forecast.
    as_of
        The business date; drawn as "today".
    earlier
        An earlier version of the forecast, whose expected line is added; None for none.
    """
    days = chart_days(sold, forecast)
    lines = [_sold_line(sold, colours)]
    if forecast is not None:
        lines += _range_areas(forecast, colours)
        lines += [] if earlier is None else [_earlier_line(earlier, colours)]
        lines += [_expected_line(forecast, colours)]
    notes = [
        *day_marks.notes(days, _levels(sold, forecast), as_of, colours),
        _unit_label(colours),
        *_line_ends(sold, forecast, colours),
    ]
    shapes = day_marks.shapes(days, as_of, colours)
    return figure(lines, {**_layout(days, as_of, colours), "shapes": shapes, "annotations": notes})


def alt_text(name: str, sold: pd.DataFrame, forecast: pd.DataFrame | None) -> str:
    """Describe the chart for people who use a screen reader."""
    opened = sold.loc[sold["is_open"], "y"]
    level = formats.units(None if opened.empty else opened.mean())
    text = f"Line chart of {name}: sold {level} a day over the last six weeks"
    if forecast is None:
        return text + "; no forecast yet."
    ahead = forecast.loc[forecast["is_open"]]
    low, high = formats.units(ahead["q10"].mean()), formats.units(ahead["q90"].mean())
    mean = formats.units(ahead["mean"].mean())
    return (
        f"{text}; {mean} a day expected over the next {formats.days(len(forecast))}, likely {low} to {high}."
    )


def _sold_line(sold: pd.DataFrame, colours: Palette) -> Trace:
    return {
        "type": "scatter",
        "x": sold["ds"],
        "y": sold["y"].where(sold["is_open"]),
        "mode": "lines+markers",
        "line": {"color": colours.ink, "width": 1.4},
        "marker": {"size": 4},
        "customdata": list(zip(_facts(sold), map(formats.units, sold["y"]), strict=True)),
        "hovertemplate": "%{customdata[0]}<br>sold <b>%{customdata[1]}</b> "
        f"{escape(formats.unit())}<extra></extra>",
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
        "customdata": list(zip(_facts(forecast), map(formats.units, forecast["mean"]), likely, strict=True)),
        "hovertemplate": "%{customdata[0]}<br>expected <b>%{customdata[1]}</b>, %{customdata[2]} "
        f"{escape(formats.unit())}<extra></extra>",
    }


def _earlier_line(earlier: pd.DataFrame, colours: Palette) -> Trace:
    return {
        "type": "scatter",
        "x": earlier["ds"],
        "y": earlier["mean"].where(earlier["is_open"]),
        "mode": "lines",
        "line": {"color": colours.quiet, "width": 1.6, "dash": "dash"},
        "customdata": list(map(formats.units, earlier["mean"])),
        "hovertemplate": "previous forecast: expected <b>%{customdata}</b><extra></extra>",
    }


def _range_areas(forecast: pd.DataFrame, colours: Palette) -> Iterator[Trace]:
    """Fill the likely range, one area for each run of open days: Plotly would fill the gaps between runs."""
    opened = forecast[forecast["is_open"]]
    edges = dict(zip(opened["ds"], zip(opened["q10"], opened["q90"], strict=True), strict=True))
    for run in split_runs(list(edges)):
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


def _levels(sold: pd.DataFrame, forecast: pd.DataFrame | None) -> dict[pd.Timestamp, float]:
    """The highest value that is drawn on each day."""
    levels = dict(zip(sold["ds"], sold["y"].tolist(), strict=True))
    ahead = {} if forecast is None else dict(zip(forecast["ds"], forecast["q90"].tolist(), strict=True))
    return levels | ahead


def _unit_label(colours: Palette) -> dict[str, object]:
    """Name the unit above the y axis."""
    above = {"xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom", "xshift": -4}
    return note(0, 1, escape(formats.unit()), colours.quiet, **above)


def _line_ends(
    sold: pd.DataFrame, forecast: pd.DataFrame | None, colours: Palette
) -> Iterator[dict[str, object]]:
    opened = sold[sold["is_open"]]
    if not opened.empty:
        first = opened.iloc[0]
        yield note(first["ds"], first["y"], "sold", colours.ink, xanchor="right", xshift=-6)
    ahead = forecast[forecast["is_open"]] if forecast is not None else None
    if ahead is None or ahead.empty:
        return
    last = ahead.iloc[-1]
    high, low = (f"<span style='color:{colours.quiet}'>{name}</span>" for name in ("high", "low"))
    words = f"{high}<br>expected<br>{low}"
    yield note(last["ds"], last["mean"], words, colours.accent, xanchor="left", xshift=8, align="left")


def _layout(days: Sequence[ChartDay], as_of: date, colours: Palette) -> dict[str, object]:
    today = pd.Timestamp(as_of)
    return {
        **plain_layout(colours),
        "height": HEIGHT,
        "margin": {"l": 44, "r": 64, "t": 22, "b": 26},
        "hovermode": "x",
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
            **formats.plotly_axis(),
            "fixedrange": True,
            "nticks": 8,
        },
    }
