"""*Why* and *Can I trust it*: what a day is made of, and how the last ones came out."""

from datetime import date

import pandas as pd
import streamlit as st

from forecasting.domain import Principal, SeriesKey, SeriesSummary
from forecasting.planning.track import LEADS
from forecasting.planning.trust import Trust
from forecasting.planning.why import DayWhy, Why
from forecasting.scores import ErrorSums
from forecasting.service import ForecastService
from web import charts, formats, why_charts

DAY = "why_day"
"""Key of the picker."""


def why_section(told: Why, as_of: date, theme: str | None) -> None:
    """Draw what a day is made of; which day is for the reader to choose, tomorrow at first.

    A fragment of its own: choosing another day draws nothing else again.
    """
    st.markdown("##### Why")
    if not told.days:
        st.caption(f"{told.note}")
        return
    _days(told, as_of, theme)


@st.fragment
def _days(told: Why, as_of: date, theme: str | None) -> None:
    days = {day.ds: day for day in told.days}
    chosen = st.selectbox(
        "Day",
        list(days),
        index=_first(told, as_of),
        format_func=formats.long_day,
        key=DAY,
        label_visibility="collapsed",
    )
    day = days.get(chosen, told.days[0])
    _waterfall(day, theme)
    st.caption(told.note)


def _waterfall(day: DayWhy, theme: str | None) -> None:
    if len(day.steps) == 1 and not day.expected:
        st.markdown(f"{day.steps[0].words}: nothing is expected to be sold.")
        return
    st.plotly_chart(
        why_charts.waterfall(day, charts.palette(theme)),
        theme=None,
        config={"displayModeBar": False},
        key="why_chart",
        alt=why_charts.waterfall_alt(day),
    )


def _first(told: Why, as_of: date) -> int:
    """The place of the first open day from tomorrow on; the first day where there is none."""
    return next((at for at, day in enumerate(told.days) if day.ds > as_of and day.expected), 0)


def trust_section(
    service: ForecastService,
    user: Principal,
    key: SeriesKey,
    summary: SeriesSummary | None,
    theme: str | None,
) -> None:
    """Draw how the last days came out, the error by days ahead, and how good the 4-week average is."""
    st.markdown("##### Can I trust it")
    record = service.trust(user, key)
    if record.judged:
        st.markdown(
            f"**{record.inside} of {record.judged}** days inside the likely range, {_promise(record)}"
        )
        st.plotly_chart(
            why_charts.strip(record, charts.palette(theme)),
            theme=None,
            config={"displayModeBar": False},
            key="trust_chart",
            alt=why_charts.strip_alt(record),
        )
        st.caption("● inside  ▲ sold more than high  ▼ sold less than low  – closed  ○ nothing forecast")
        _by_days_ahead(service.track_sums(user, store=key.store, item=key.item))
    else:
        st.caption("No published forecast has met its day yet: that begins with the next day of sales.")
    st.caption(_in_backtest(summary))


def _promise(record: Trust) -> str:
    return f"about {record.expected} expected"


def _by_days_ahead(sums: dict[int, ErrorSums]) -> None:
    """Draw error and lean of published forecasts by days ahead."""
    known = {lead: sums[lead] for lead in LEADS if sums[lead].days}
    table = pd.DataFrame(
        {
            "Forecast made": [formats.days_before(lead) for lead in known],
            "Error": [formats.percent(each.wape) for each in known.values()],
            "Lean": [formats.lean(each.bias) for each in known.values()],
            "Inside": [formats.percent(each.coverage, 0) for each in known.values()],
            "Days": [each.days for each in known.values()],
        }
    )
    right = {name: st.column_config.TextColumn(alignment="right") for name in ("Error", "Inside")}
    st.dataframe(
        table, hide_index=True, column_config=right, alt="Error of published forecasts by days ahead"
    )


def _in_backtest(summary: SeriesSummary | None) -> str:
    if summary is None or summary.wape is None:
        return "There is no backtest to compare with the 4-week average by."
    own, naive = formats.percent(summary.wape), formats.percent(summary.naive_wape)
    inside = formats.percent(summary.coverage, 0)
    return (
        f"In the backtest: error {own}, {naive} by the 4-week average; {inside} of days inside, 80% promised."
    )
