"""The parts of a store's page below the strip: chart, notes, day table, what is said for want of them."""

from datetime import date

import pandas as pd
import streamlit as st

from forecasting.domain import Principal, SeriesKey, VersionHeader
from forecasting.errors import InvalidRequest
from forecasting.service import ForecastService
from web import charts, formats, session


def forecast_chart(key: SeriesKey, sold: pd.DataFrame, forecast: pd.DataFrame | None, as_of: date) -> None:
    """Draw the chart in the reader's theme."""
    figure = charts.forecast_figure(sold, forecast, as_of, charts.palette(st.context.theme.type))
    name = f"store {key.store}, {formats.item(key.item).lower()}"
    st.plotly_chart(
        figure, theme=None, config={"displayModeBar": False}, key="forecast_chart",
        alt=charts.alt_text(name, sold, forecast),
    )  # fmt: skip


def no_forecast_of(key: SeriesKey, header: VersionHeader) -> None:
    """Say why a product of the store has no forecast."""
    reasons = [words for words in header.assumptions if key.item in words] or ["It was not among its series."]
    st.warning(
        f"There is no forecast of {formats.item(key.item).lower()} in version {header.version}. "
        f"{formats.plain(reasons[0])}",
        icon=":material/block:",
    )


def wanted_header(service: ForecastService, user: Principal, newest: VersionHeader) -> VersionHeader:
    """The version the address asks for; where there is none such, the newest, and a word about it."""
    wanted = session.wanted_version()
    if wanted is None:
        return newest
    try:
        return service.version(user, newest.store, wanted)
    except InvalidRequest:
        st.warning(
            f"Store {formats.plain(newest.store)} has no version {wanted}; this is the newest.",
            icon=":material/history:",
        )
        return newest


def old_version(header: VersionHeader, newest: VersionHeader) -> None:
    """Say that this is not the newest forecast, and offer the way to it."""
    published = header.published_at.astimezone(formats.zone(st.context.timezone))
    st.info(
        f"This is version {header.version}, published {formats.day(published)} {published:%H:%M}. "
        f"The newest is version {newest.version}.",
        icon=":material/history:",
    )
    st.button("Show the newest", on_click=session.forget_version, key="newest_version")


def series_notes(
    service: ForecastService, user: Principal, key: SeriesKey, header: VersionHeader, engine: str
) -> None:
    """Say what the forecast took for granted, and why another engine than the configured one serves."""
    if engine != header.asked_engine:
        choice = service.predictor(user, key.store, header.version).choice_of(key.item)
        reason = choice.reason if choice else "it was chosen when this version was made"
        serving, asked = formats.engine(engine), formats.engine(header.asked_engine)
        st.caption(
            f":material/swap_horiz: {serving} serves here instead of {asked}: {formats.plain(reason)}."
        )
    for sentence in header.assumptions:
        st.caption(f":material/event_busy: {formats.plain(sentence)}")


def day_table(forecast: pd.DataFrame, sold: pd.DataFrame) -> None:
    """Draw one row a day: low, expected, high, the same day last week, the event; closed days as a word."""
    last_week = sold.set_index("ds").reindex(forecast["ds"] - pd.Timedelta(days=7))
    opened = forecast["is_open"]

    table = pd.DataFrame(
        {
            "Day": [formats.day(ds) for ds in forecast["ds"]],
            "Low": _shown(forecast["q10"], opened),
            "Expected": _shown(forecast["mean"], opened),
            "High": _shown(forecast["q90"], opened),
            "Last week": _shown(last_week["y"], last_week["is_open"]),
            "Event": [_event(*day) for day in zip(*(forecast[name] for name in EVENTS), strict=True)],
        }
    )
    right = {name: st.column_config.TextColumn(alignment="right") for name in table.columns[1:5]}
    st.dataframe(table, hide_index=True, column_config=right, height="content", alt="Forecast by day")


def _shown(values: pd.Series, opened: pd.Series) -> list[str]:
    """Whole units; a closed day as a word, a day not known yet as a dash."""
    return [
        "–" if pd.isna(value) else formats.units(value) if is_open else "closed"
        for value, is_open in zip(values, opened, strict=True)
    ]


EVENTS = ("holiday", "promo", "school_holiday", "assumed")


def _event(holiday: str, promo: bool, school_holiday: bool, assumed: bool) -> str:  # noqa: FBT001 # a row
    flags = {"Promotion": promo, "School holiday": school_holiday, "assumed": assumed}
    return ", ".join(filter(None, [holiday, *(word for word, holds in flags.items() if holds)]))
