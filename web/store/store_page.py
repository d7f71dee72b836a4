"""A store's page: which version it shows, and the sections above and below the chart."""

from dataclasses import dataclass
from datetime import date
from time import sleep as wait

import streamlit as st

from forecasting.core.domain import Principal, SeriesKey, VersionHeader
from forecasting.core.errors import InvalidRequest
from forecasting.services.composition import Services
from forecasting.services.store_overview import Freshness
from web.runtime import turns
from web.shared import formats, redraws, session
from web.store.changes_view import changes_section
from web.store.page_key import PageKey
from web.store.sections import RecordSections, VersionSections, record_sections, version_sections
from web.store.why_view import why_section

HEAD_START = 0.03
"""Seconds by which a new chart is sent before the rest of its page."""


@dataclass(frozen=True, slots=True)
class StorePage:
    """The state of a store's page in this run.

    Attributes
    ----------
    missing_version
        A version that the address asks for and the store does not have.
    key
        Everything the drawings depend on.
    """

    freshness: Freshness
    missing_version: int | None
    key: PageKey


@dataclass(frozen=True, slots=True)
class Sections:
    """The sections around the chart.

    Attributes
    ----------
    last_visit
        The version that the reader saw at their last visit; None if unknown.
    """

    version: VersionSections
    record: RecordSections
    last_visit: int | None


def read_page(services: Services, user: Principal, series: SeriesKey, as_of: date) -> StorePage:
    """Read the state of the store and decide which version is shown.

    The reader's rights are checked here, before any cached drawing is used.

    Raises
    ------
    UnknownSeries
        If the user may not see the store.
    """
    now = services.stores.freshness(user, series.store)
    header, missing = _chosen_version(services, user, now.header)
    previous = None
    if header is not None and session.previous_is_wanted():
        previous = services.forecasts.version_before(user, series.store, header.version)
    key = PageKey(
        series, as_of, now.sales_hash, header, header == now.header, st.context.theme.type, previous
    )
    return StorePage(now, missing, key)


def send_chart_first(page: StorePage) -> None:
    """Wait a moment after a chart that this session has not drawn before.

    The browser then draws it while the rest of the page is prepared. One browser starts drawing a chart only
    when nothing more arrives (`benchmarks.pages`, another store). While other readers wait, their turns come
    in between anyway.
    """
    if redraws.is_new_chart(page.key) and not turns.PAGES.is_contended:
        with turns.PAGES.release_during():
            wait(HEAD_START)


def read_sections(services: Services, user: Principal, page: StorePage) -> Sections | None:
    """Read the sections around the chart; None if there is no forecast of the series."""
    key, header = page.key, page.key.header
    version = version_sections(services, user, key)
    if header is None or version is None:
        return None
    last_visit = None
    if key.is_newest:
        last_visit = services.reviews.visit(user, key.series.store, header.version).before
    return Sections(version, record_sections(services, user, header, key, last_visit), last_visit)


def above_chart(page: StorePage, sections: Sections | None) -> None:
    """Draw the notice of an older version, the tiles, the alerts and the toggle for the previous forecast."""
    _version_notice(page)
    if sections is None:
        return
    if sections.version.tiles:
        st.html(sections.version.tiles)
    record = sections.record
    with st.container(horizontal=True, vertical_alignment="center", key="alerts"):
        if record.alerts:
            st.html(record.alerts)
        if record.previous is not None:
            st.toggle("Previous forecast", key=session.PREVIOUS, help=f"As in version {record.previous}")


def below_chart(page: StorePage, sections: Sections | None) -> None:
    """Draw what changed, the days, and beside them *Why* and *How reliable is it?*."""
    if sections is None:
        return
    version, record = sections.version, sections.record
    if record.changes is not None:
        changes_section(record.changes, since_visit=sections.last_visit is not None)
    days, beside = st.columns([1.55, 1], gap="medium")
    days.html(version.days)
    with beside:
        why_section(version.breakdown, page.key.as_of)
        if record.reliability:
            st.html(record.reliability)
    st.html(version.print_heading)


def _chosen_version(
    services: Services, user: Principal, newest: VersionHeader | None
) -> tuple[VersionHeader | None, int | None]:
    """Find the version to show, by default the newest.

    Returns
    -------
    tuple
        The header of the version, and the version that the address asks for if it does not exist.
    """
    wanted = session.wanted_version()
    if wanted is None or newest is None:
        return newest, None
    try:
        return services.forecasts.version(user, newest.store, wanted), None
    except InvalidRequest:
        return newest, wanted


def _version_notice(page: StorePage) -> None:
    """Say that the version in the address does not exist, or is not the newest."""
    header, newest = page.key.header, page.freshness.header
    if page.missing_version is not None:
        st.warning(
            f"Store {formats.plain(page.freshness.store)} has no version {page.missing_version}. "
            "This is the newest.",
            icon=":material/history:",
        )
    elif header is not None and newest is not None and header.version != newest.version:
        _old_version(header, newest)


def _old_version(header: VersionHeader, newest: VersionHeader) -> None:
    """Say that this is not the newest forecast, and offer the newest."""
    published = header.published_at.astimezone(formats.zone(st.context.timezone))
    st.info(
        f"This is version {header.version}, published {formats.day(published)} {formats.clock(published)}. "
        f"The newest is version {newest.version}.",
        icon=":material/history:",
    )
    st.button("Show the newest", on_click=session.forget_version, key="newest_version")
