"""The parts of a store's page below the strip: figures, chart, notes, days, what is said for want of them.

They are the same at every rerun as long as version and sales are, so they are drawn once and then replayed
(https://docs.streamlit.io/develop/concepts/architecture/caching#replaying-static-elements).
"""

from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st

from forecasting.domain import Principal, SeriesKey, VersionHeader
from forecasting.errors import InvalidRequest, UnknownSeries
from forecasting.service import ForecastService, Freshness
from forecasting.settings import JOINED
from web import cached, charts, formats, session
from web.tiles import tiles

SOLD_DAYS = 42
"""How far back the page looks: six weeks."""


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is drawn depends on, so that it is drawn anew when any of it changes.

    Attributes
    ----------
    rights
        Of the one who looks (`cached.rights`).
    sales_hash
        Of all sales of the store.
    version
        None before the first.
    is_newest
        Whether there is no newer version.
    theme
        The reader's, as Streamlit names it.
    """

    rights: object
    key: SeriesKey
    as_of: date
    sales_hash: str
    version: int | None
    is_newest: bool
    theme: str | None


def series_section(
    service: ForecastService,
    user: Principal,
    key: SeriesKey,
    now: Freshness,
    header: VersionHeader | None,
    as_of: date,
) -> None:
    """Draw one version of a series, or before the first what was sold, in the reader's theme."""
    version, is_newest = header.version if header else None, header == now.header
    theme = st.context.theme.type
    shown = Shown(cached.rights(user), key, as_of, now.sales_hash, version, is_newest, theme)
    _series_section(service, user, header, shown)


@st.cache_data(max_entries=500, show_spinner=False)
def _series_section(
    _service: ForecastService, _user: Principal, _header: VersionHeader | None, shown: Shown
) -> None:
    key, header = shown.key, _header
    sold = _sold(_service, _user, shown, header)
    forecast = _forecast(_service, _user, key, header) if header else None
    if header is None or forecast is None:
        forecast_chart(key, sold, None, shown.as_of, shown.theme)
        return
    if shown.is_newest:
        tiles(forecast, _service.summary(_user, key), shown.as_of)
    forecast_chart(key, sold, forecast, shown.as_of, shown.theme)
    series_notes(_service, _user, key, header, forecast["engine"].iloc[0])
    day_table(forecast, sold)


def _sold(
    service: ForecastService, user: Principal, shown: Shown, header: VersionHeader | None
) -> pd.DataFrame:
    """Six weeks of sales; of an older version those up to its cutoff, and all since."""
    if header is None or shown.is_newest:
        return service.sales(user, shown.key, SOLD_DAYS)
    sold = service.sales(user, shown.key)
    first = pd.Timestamp(header.cutoff) - pd.Timedelta(days=SOLD_DAYS)
    return sold[sold["ds"] > first].reset_index(drop=True)


def _forecast(
    service: ForecastService, user: Principal, key: SeriesKey, header: VersionHeader
) -> pd.DataFrame | None:
    """The series of a version; where it has none, None, and a word about it."""
    try:
        return service.forecast(user, key, header.version)
    except UnknownSeries:
        no_forecast_of(key, header)
        return None


def forecast_chart(
    key: SeriesKey, sold: pd.DataFrame, forecast: pd.DataFrame | None, as_of: date, theme: str | None
) -> None:
    """Draw the chart in a theme."""
    figure = charts.forecast_figure(sold, forecast, as_of, charts.palette(theme))
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


def wanted_version(
    service: ForecastService, user: Principal, newest: VersionHeader | None
) -> VersionHeader | None:
    """The version the address asks for, and a word where that is an older one; by default the newest."""
    wanted = session.wanted_version()
    if wanted is None or newest is None:
        return newest
    try:
        header = service.version(user, newest.store, wanted)
    except InvalidRequest:
        st.warning(
            f"Store {formats.plain(newest.store)} has no version {wanted}; this is the newest.",
            icon=":material/history:",
        )
        return newest
    if header.version != newest.version:
        _old_version(header, newest)
    return header


def _old_version(header: VersionHeader, newest: VersionHeader) -> None:
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
    if engine not in header.asked_engine.split(JOINED):
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
