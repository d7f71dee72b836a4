"""The chart of a store's page with its notes.

It stays the same until the version or the sales change, so it is drawn once and then replayed
(https://docs.streamlit.io/develop/concepts/architecture/caching#replaying-static-elements).
"""

import pandas as pd
import streamlit as st

from forecasting.core.domain import ENGINE_SEPARATOR, Principal, SeriesKey, VersionHeader
from forecasting.core.errors import UnknownSeries
from forecasting.services.composition import Services
from web.shared import formats
from web.shared.colours import palette
from web.shared.forecast_chart import LEGEND, alt_text, forecast_figure
from web.store.page_key import HASHED_BY_REPR, PageKey

SOLD_DAYS = 42
"""Days of sales in the chart: six weeks."""


@st.cache_data(max_entries=500, show_spinner=False, hash_funcs=HASHED_BY_REPR)
def chart(_services: Services, _user: Principal, key: PageKey) -> None:
    """Draw the chart and the notes on the forecast; sales alone if the version lacks the series."""
    series, header = key.series, key.header
    forecast = _forecast(_services, _user, series, header.version) if header else None
    previous = _forecast(_services, _user, series, key.previous) if key.previous else None
    if header is not None and forecast is None:
        _no_forecast(series, header)
    _figure(key, _sold(_services, _user, key, forecast), forecast, previous)
    if header is not None and forecast is not None:
        _notes(_services, _user, series, header, forecast["engine"].iloc[0])


def _forecast(services: Services, user: Principal, series: SeriesKey, version: int) -> pd.DataFrame | None:
    """The series in a version (`schema.STORE_FORECAST`); None if the version lacks it."""
    try:
        return services.forecasts.forecast(user, series, version)
    except UnknownSeries:
        return None


def _sold(services: Services, user: Principal, key: PageKey, forecast: pd.DataFrame | None) -> pd.DataFrame:
    """Six weeks of sales; for an older version six weeks up to its cutoff and everything since."""
    if key.header is None or key.is_newest or forecast is None:
        return services.forecasts.sales(user, key.series, SOLD_DAYS)
    sold = services.forecasts.sales(user, key.series)
    first = pd.Timestamp(key.header.cutoff) - pd.Timedelta(days=SOLD_DAYS)
    return sold[sold["ds"] > first].reset_index(drop=True)


def _figure(
    key: PageKey, sold: pd.DataFrame, forecast: pd.DataFrame | None, previous: pd.DataFrame | None
) -> None:
    figure = forecast_figure(sold, forecast, key.as_of, palette(key.theme), previous)
    name = f"store {key.series.store}, {formats.item(key.series.item).lower()}"
    st.plotly_chart(
        figure, theme=None, config={"displayModeBar": False}, key="forecast_chart",
        alt=alt_text(name, sold, forecast),
    )  # fmt: skip
    if forecast is not None:
        st.caption(LEGEND)


def _no_forecast(series: SeriesKey, header: VersionHeader) -> None:
    """Say why a product of the store has no forecast."""
    reasons = [words for words in header.assumptions if series.item in words]
    reason = reasons[0] if reasons else "It was not sold yet when this version was made."
    st.warning(
        f"There is no forecast of {formats.item(series.item).lower()} in version {header.version}. "
        f"{formats.plain(reason)}",
        icon=":material/block:",
    )


def _notes(
    services: Services, user: Principal, series: SeriesKey, header: VersionHeader, engine: str
) -> None:
    """List the assumptions of the forecast, and say why another engine than the configured one is used."""
    if engine not in header.asked_engine.split(ENGINE_SEPARATOR):
        choice = services.forecasts.predictor(user, series.store, header.version).choice_of(series.item)
        reason = choice.reason if choice else "it was chosen when this version was made"
        used, asked = formats.engine(engine), formats.engine(header.asked_engine)
        st.caption(f":material/swap_horiz: {used} is used here instead of {asked}: {formats.plain(reason)}.")
    for sentence in header.assumptions:
        st.caption(f":material/event_busy: {formats.plain(sentence)}")
