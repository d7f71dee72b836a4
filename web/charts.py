"""Figures: pure functions from frames to Plotly.

Colours carry no meaning of their own: ink is what was sold, the accent what is forecast, orange a promotion,
grey a closed day; each is labelled in words too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html import escape

import pandas as pd
import plotly.graph_objects as go

from web import formats

HEIGHT = 410
HALF_DAY = pd.Timedelta(hours=12)
PROMOTION_FOOT = (0.0, 0.022)
"""Lower and upper edge of the promotion strip, as shares of the plot's height."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as in ``.streamlit/config.toml``."""

    ink: str
    quiet: str
    line: str
    accent: str
    band: str
    promotion: str
    closed: str
    surface: str


LIGHT = Palette(
    "#1B2430",
    "#6B7785",
    "#E9EDF2",
    "#0F6CBD",
    "rgba(15,108,189,.17)",
    "#B35C00",
    "rgba(107,119,133,.16)",
    "#FFF",
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
)


def palette(theme: str | None) -> Palette:
    """The palette of Streamlit's theme type, ``"light"`` or ``"dark"``."""
    return DARK if theme == "dark" else LIGHT


def forecast_figure(
    sold: pd.DataFrame, forecast: pd.DataFrame | None, as_of: date, colours: Palette
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
    """
    days = _days(sold, forecast)
    figure = go.Figure([_sold_line(sold, colours)])
    if forecast is not None:
        figure.add_traces([*_bands(forecast, colours), _expected_line(forecast, colours)])
    shapes = [*_closed_columns(days, colours), *_promotion_strips(days, colours), _today(as_of, colours)]
    notes = [
        *_closure_reasons(days, colours),
        *_holiday_marks(days, colours),
        *_promotion_labels(days, colours),
    ]
    notes += [_today_label(as_of, colours), *_line_ends(sold, forecast, colours)]
    figure.update_layout(_layout(days, as_of, colours), shapes=shapes, annotations=notes)
    return figure


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


def open_runs(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Split a frame into its runs of consecutive open days; each has its band, as Plotly fills gaps."""
    opened = frame[frame["is_open"]]
    gaps = opened["ds"].diff() != pd.Timedelta(days=1)
    for _, run in opened.groupby(gaps.cumsum()):
        yield run


def _days(sold: pd.DataFrame, forecast: pd.DataFrame | None) -> pd.DataFrame:
    columns = ["ds", "is_open", "promo", "holiday"]
    frames = [sold[columns]] if forecast is None else [sold[columns], forecast[columns]]
    return pd.concat(frames, ignore_index=True).drop_duplicates("ds", ignore_index=True)


def _sold_line(sold: pd.DataFrame, colours: Palette) -> go.Scatter:
    return go.Scatter(
        x=sold["ds"],
        y=sold["y"].where(sold["is_open"]),
        mode="lines+markers",
        line={"color": colours.ink, "width": 1.4},
        marker={"size": 4},
        customdata=_facts(sold),
        hovertemplate="%{customdata}<br>sold <b>%{y:,.0f}</b><extra></extra>",
    )


def _expected_line(forecast: pd.DataFrame, colours: Palette) -> go.Scatter:
    likely = [
        f"likely {formats.units(low)} – {formats.units(high)}"
        for low, high in zip(forecast["q10"], forecast["q90"], strict=True)
    ]
    return go.Scatter(
        x=forecast["ds"],
        y=forecast["mean"].where(forecast["is_open"]),
        mode="lines+markers",
        line={"color": colours.accent, "width": 2.2},
        marker={"size": 5},
        customdata=list(zip(_facts(forecast), likely, strict=True)),
        hovertemplate="%{customdata[0]}<br>expected <b>%{y:,.0f}</b>, %{customdata[1]}<extra></extra>",
    )


def _bands(forecast: pd.DataFrame, colours: Palette) -> Iterator[go.Scatter | go.Bar]:
    for run in open_runs(forecast):
        if len(run) == 1:
            yield go.Bar(
                x=run["ds"],
                y=run["q90"] - run["q10"],
                base=run["q10"],
                width=HALF_DAY.total_seconds() * 1000,
                marker={"color": colours.band, "line": {"width": 0}},
                hoverinfo="skip",
            )
        else:
            yield go.Scatter(
                x=[*run["ds"], *run["ds"][::-1]],
                y=[*run["q90"], *run["q10"][::-1]],
                fill="toself",
                fillcolor=colours.band,
                line={"width": 0},
                mode="lines",
                hoverinfo="skip",
            )


def _facts(frame: pd.DataFrame) -> list[str]:
    """Describe each day on one line: weekday and date, holiday, promotion."""
    marks = zip(frame["ds"], frame["holiday"], frame["promo"], strict=True)
    return [
        " · ".join(filter(None, [f"<b>{formats.day(ds)}</b>", escape(holiday), "promotion" if promo else ""]))
        for ds, holiday, promo in marks
    ]


def _closed_columns(days: pd.DataFrame, colours: Palette) -> Iterator[dict[str, object]]:
    for ds in days.loc[~days["is_open"], "ds"]:
        yield {
            "type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": ds - HALF_DAY, "x1": ds + HALF_DAY,
            "fillcolor": colours.closed, "line": {"width": 0}, "layer": "below",
        }  # fmt: skip


def _closure_reasons(days: pd.DataFrame, colours: Palette) -> Iterator[dict[str, object]]:
    for ds, holiday in _holidays(days[~days["is_open"]]):
        yield _note(ds, 0.5, f"closed · {escape(holiday)}", colours.quiet, yref="paper", textangle=-90)


def _holiday_marks(days: pd.DataFrame, colours: Palette) -> Iterator[dict[str, object]]:
    for ds, holiday in _holidays(days[days["is_open"]]):
        yield _note(ds, 0.08, escape(holiday), colours.quiet, yref="paper", textangle=-90, yanchor="bottom")


def _holidays(days: pd.DataFrame) -> Iterator[tuple[pd.Timestamp, str]]:
    named = days[days["holiday"] != ""]
    yield from zip(named["ds"], named["holiday"], strict=True)


def _promotions(days: pd.DataFrame) -> Iterator[pd.DataFrame]:
    promoted = days[days["promo"]]
    for _, run in promoted.groupby((promoted["ds"].diff() != pd.Timedelta(days=1)).cumsum()):
        yield run


def _promotion_strips(days: pd.DataFrame, colours: Palette) -> Iterator[dict[str, object]]:
    for run in _promotions(days):
        yield {
            "type": "rect", "yref": "paper", "y0": PROMOTION_FOOT[0], "y1": PROMOTION_FOOT[1],
            "x0": run["ds"].iloc[0] - HALF_DAY, "x1": run["ds"].iloc[-1] + HALF_DAY,
            "fillcolor": colours.promotion, "line": {"width": 0},
        }  # fmt: skip


def _promotion_labels(days: pd.DataFrame, colours: Palette) -> Iterator[dict[str, object]]:
    for run in _promotions(days):
        start = run["ds"].iloc[0] - HALF_DAY
        yield _note(
            start,
            PROMOTION_FOOT[1],
            "promotion",
            colours.promotion,
            yref="paper",
            xanchor="left",
            xshift=9,
            yanchor="bottom",
        )


def _today(as_of: date, colours: Palette) -> dict[str, object]:
    line = {"color": colours.quiet, "width": 1.4, "dash": "dot"}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": as_of, "x1": as_of, "line": line}


def _today_label(as_of: date, colours: Palette) -> dict[str, object]:
    return _note(as_of, 1, "today", colours.quiet, yref="paper", yanchor="bottom")


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


def _layout(days: pd.DataFrame, as_of: date, colours: Palette) -> dict[str, object]:
    quiet = {"color": colours.quiet, "size": 12}
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
                min(days["ds"].min(), pd.Timestamp(as_of)) - pd.Timedelta(days=2),
                max(days["ds"].max(), pd.Timestamp(as_of)) + HALF_DAY,
            ],
            "tick0": pd.Timestamp(as_of) - pd.Timedelta(weeks=10),
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
