"""The parts of a store's page below the strip: figures, chart, notes, days, what is said for want of them.

They are the same at every rerun as long as version and sales are, so they are drawn once and then replayed
(https://docs.streamlit.io/develop/concepts/architecture/caching#replaying-static-elements).
"""

from dataclasses import dataclass
from datetime import date
from time import sleep as wait

import pandas as pd
import streamlit as st

from forecasting.config.settings import JOINED
from forecasting.core.domain import Principal, SeriesKey, VersionHeader
from forecasting.core.errors import InvalidRequest
from forecasting.services.composition import Services
from forecasting.services.store_overview import Freshness
from web.runtime import turns
from web.shared import caches, formats, redraws, session
from web.shared.colours import palette
from web.shared.forecast_chart import LEGEND, alt_text, forecast_figure
from web.store import store_parts
from web.store.changes_view import changes_section
from web.store.shown import BY_VALUE, Shown
from web.store.store_parts import Record, Told
from web.store.why_view import why_section

SOLD_DAYS = 42
"""How far back the page looks: six weeks."""

HEAD_START = 0.03
"""Seconds by which a new chart leaves before the rest of its page."""


@dataclass(frozen=True, slots=True)
class Look:
    """A store's page as it is now.

    Attributes
    ----------
    header
        Of the version that is shown; None before the first.
    missing
        A version that the address asks for and the store does not have.
    """

    now: Freshness
    header: VersionHeader | None
    missing: int | None
    shown: Shown


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the chart.

    Attributes
    ----------
    since
        The version that the reader saw at the last visit; None where that is not known.
    """

    told: Told
    record: Record
    since: int | None


def look_at(services: Services, user: Principal, key: SeriesKey, as_of: date) -> Look:
    """What is to be drawn of a series: one version of it, or before the first what was sold."""
    now = services.stores.freshness(user, key.store)
    header, missing = _wanted_version(services, user, now.header)
    version, is_newest = header.version if header else None, header == now.header
    has_forecast = version is not None and caches.has_series(services, user, key, version)
    before = None
    if version is not None and has_forecast and session.previous_is_wanted():
        before = caches.version_before(services, user, key.store, version)
    shown = Shown(
        caches.rights(user), key, as_of, now.sales_hash, version, is_newest, st.context.theme.type,
        before, has_forecast,
    )  # fmt: skip
    return Look(now, header, missing, shown)


def chart(services: Services, user: Principal, look: Look) -> None:
    """Draw the chart and what the forecast took for granted; without a forecast what was sold."""
    if look.header is None or not look.shown.has_forecast:
        _sold_alone(services, user, look.header, look.shown)
    else:
        _chart(services, user, look.header, look.shown)


def let_it_leave(look: Look) -> None:
    """Wait a moment after a chart that this session has not drawn before.

    What follows is then worked out while the browser draws it, not before: one browser does not begin with a
    chart as long as more of the page comes in (`benchmarks.pages`, another store). Where other readers wait
    their turns come between anyway, later.
    """
    if redraws.is_new_chart(look.shown) and not turns.PAGES.is_contended:
        with turns.PAGES.release_during():
            wait(HEAD_START)


def around(services: Services, user: Principal, look: Look) -> Around | None:
    """What stands around the chart; None without a forecast."""
    header, shown = look.header, look.shown
    if header is None or not shown.has_forecast:
        return None
    since = services.reviews.visit(user, shown.key.store, header.version).before if shown.is_newest else None
    told = store_parts.told(services, user, header, shown)
    return Around(told, store_parts.record(services, user, header, shown, since), since)


def above_chart(look: Look, around: Around | None) -> None:
    """Say which version it is; draw the tiles, the alerts and, beside these, the choice of one before."""
    _which_version(look)
    if around is None:
        return
    if around.told.figures:
        st.html(around.told.figures)
    record = around.record
    with st.container(horizontal=True, vertical_alignment="center", key="alerts"):
        if record.alerts:
            st.html(record.alerts)
        if record.before is not None:
            st.toggle("Previous forecast", key=session.PREVIOUS, help=f"As version {record.before} had it")


def below_chart(look: Look, around: Around | None) -> None:
    """Draw what changed; the days; beside them why, and whether it can be trusted."""
    if around is None:
        return
    told, record = around.told, around.record
    if record.changes is not None:
        changes_section(record.changes, since_visit=around.since is not None)
    days, beside = st.columns([1.55, 1], gap="medium")
    days.html(told.days)
    with beside:
        why_section(told.why, look.shown.as_of)
        if record.trust:
            st.html(record.trust)
    st.html(told.on_paper)


@st.cache_data(max_entries=100, show_spinner=False, hash_funcs=BY_VALUE)
def _sold_alone(_services: Services, _user: Principal, _header: VersionHeader | None, shown: Shown) -> None:
    """Before the first forecast, or of a product a version has none of."""
    if _header is not None:
        no_forecast_of(shown.key, _header)
    forecast_chart(shown.key, _sold(_services, _user, shown, _header), None, shown)


@st.cache_data(max_entries=500, show_spinner=False, hash_funcs=BY_VALUE)
def _chart(_services: Services, _user: Principal, _header: VersionHeader, shown: Shown) -> None:
    key = shown.key
    sold, rows = (
        _sold(_services, _user, shown, _header),
        _services.forecasts.forecast(_user, key, _header.version),
    )
    earlier = caches.forecast(_services, _user, key, shown.before) if shown.before else None
    forecast_chart(key, sold, rows, shown, earlier)
    series_notes(_services, _user, key, _header, rows["engine"].iloc[0])


def _sold(services: Services, user: Principal, shown: Shown, header: VersionHeader | None) -> pd.DataFrame:
    """Six weeks of sales; of an older version those up to its cutoff, and all since."""
    if header is None or shown.is_newest:
        return services.forecasts.sales(user, shown.key, SOLD_DAYS)
    sold = services.forecasts.sales(user, shown.key)
    first = pd.Timestamp(header.cutoff) - pd.Timedelta(days=SOLD_DAYS)
    return sold[sold["ds"] > first].reset_index(drop=True)


def forecast_chart(
    key: SeriesKey,
    sold: pd.DataFrame,
    forecast: pd.DataFrame | None,
    shown: Shown,
    earlier: pd.DataFrame | None = None,
) -> None:
    """Draw the chart in the reader's theme."""
    figure = forecast_figure(sold, forecast, shown.as_of, palette(shown.theme), earlier)
    name = f"store {key.store}, {formats.item(key.item).lower()}"
    st.plotly_chart(
        figure, theme=None, config={"displayModeBar": False}, key="forecast_chart",
        alt=alt_text(name, sold, forecast),
    )  # fmt: skip
    if forecast is not None:
        st.caption(LEGEND)


def no_forecast_of(key: SeriesKey, header: VersionHeader) -> None:
    """Say why a product of the store has no forecast."""
    reasons = [words for words in header.assumptions if key.item in words] or ["It was not among its series."]
    st.warning(
        f"There is no forecast of {formats.item(key.item).lower()} in version {header.version}. "
        f"{formats.plain(reasons[0])}",
        icon=":material/block:",
    )


def _wanted_version(
    services: Services, user: Principal, newest: VersionHeader | None
) -> tuple[VersionHeader | None, int | None]:
    """The version the address asks for, by default the newest; and the one asked for where there is none."""
    wanted = session.wanted_version()
    if wanted is None or newest is None:
        return newest, None
    try:
        return services.forecasts.version(user, newest.store, wanted), None
    except InvalidRequest:
        return newest, wanted


def _which_version(look: Look) -> None:
    """A word where the address asks for another version than the newest."""
    header, newest = look.header, look.now.header
    if look.missing is not None:
        st.warning(
            f"Store {formats.plain(look.now.store)} has no version {look.missing}; this is the newest.",
            icon=":material/history:",
        )
    elif header is not None and newest is not None and header.version != newest.version:
        _old_version(header, newest)


def _old_version(header: VersionHeader, newest: VersionHeader) -> None:
    """Say that this is not the newest forecast, and offer the way to it."""
    published = header.published_at.astimezone(formats.zone(st.context.timezone))
    st.info(
        f"This is version {header.version}, published {formats.day(published)} {formats.clock(published)}. "
        f"The newest is version {newest.version}.",
        icon=":material/history:",
    )
    st.button("Show the newest", on_click=session.forget_version, key="newest_version")


def series_notes(
    services: Services, user: Principal, key: SeriesKey, header: VersionHeader, engine: str
) -> None:
    """Say what the forecast took for granted, and why another engine than the configured one serves."""
    if engine not in header.asked_engine.split(JOINED):
        choice = services.forecasts.predictor(user, key.store, header.version).choice_of(key.item)
        reason = choice.reason if choice else "it was chosen when this version was made"
        serving, asked = formats.engine(engine), formats.engine(header.asked_engine)
        st.caption(
            f":material/swap_horiz: {serving} serves here instead of {asked}: {formats.plain(reason)}."
        )
    for sentence in header.assumptions:
        st.caption(f":material/event_busy: {formats.plain(sentence)}")
