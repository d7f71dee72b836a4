"""The sections around the chart of a store's page, as HTML, made once for everybody who sees the store."""

from dataclasses import dataclass

import streamlit as st

from forecasting.core.domain import Principal, SeriesKey, VersionHeader
from forecasting.core.errors import InvalidRequest, UnknownSeries
from forecasting.planning.breakdown import Breakdown
from forecasting.planning.changes import ForecastChanges
from forecasting.services.composition import Services
from web.shared import caches, html_table
from web.shared.tiles import tiles
from web.store.alerts_view import alerts_row
from web.store.page_key import HASHED_BY_REPR, PageKey
from web.store.reliability_view import reliability_section
from web.takeaway import export_menu, print_html

DAY_COLUMNS = ("date", "low", "expected", "high", "last_week", "last_year", "event")
PRINTED_FACTS = ("As of", "Sales through", "Demand in", "Engine", "Version", "Likely range")


@dataclass(frozen=True, slots=True)
class VersionSections:
    """What one version says about a series; it never changes.

    Attributes
    ----------
    tiles
        The four figures; ``""`` for an older version, whose figures say nothing about the days ahead.
    days
        The table of days.
    print_heading
        The heading of the printed page.
    breakdown
        The factors of each day.
    """

    tiles: str
    days: str
    print_heading: str
    breakdown: Breakdown


@dataclass(frozen=True, slots=True)
class RecordSections:
    """What other versions and the sales since then say about a version.

    Attributes
    ----------
    alerts, reliability
        ``""`` for an older version.
    previous
        The store's previous version; None if there is none, or it is no longer available.
    changes
        What changed since the reader's last visit, or since the previous version; None for an older version.
    """

    alerts: str
    reliability: str
    previous: int | None
    changes: ForecastChanges | None


@st.cache_resource(max_entries=500, show_spinner=False, hash_funcs=HASHED_BY_REPR)
def version_sections(_services: Services, _user: Principal, key: PageKey) -> VersionSections | None:
    """Make the sections of the version; None if there is no version, or it lacks the series."""
    series, header, figures = key.series, key.header, ""
    if header is None:
        return None
    try:
        rows = _services.forecasts.forecast(_user, series, header.version)
    except UnknownSeries:
        return None
    if key.is_newest:
        figures = tiles(rows, _services.forecasts.summary(_user, series), key.as_of)
    table = export_menu.read_series_table(_services, _user, series, header, key.as_of)
    days = html_table.section("Days", print_html.days(table, DAY_COLUMNS, "Forecast by day"))
    why = _services.explanations.why(_user, series, header.version)
    return VersionSections(figures, days, print_html.heading(table, PRINTED_FACTS), why)


@st.cache_resource(
    max_entries=500, ttl=caches.RECORD_SECONDS, show_spinner=False, hash_funcs=HASHED_BY_REPR
)  # the track record of an import's days is written after the import, and old versions are pruned
def record_sections(
    _services: Services, _user: Principal, _header: VersionHeader, key: PageKey, since: int | None
) -> RecordSections:
    """Make the sections about the version's record.

    Parameters
    ----------
    since
        The version that the reader saw at their last visit; None if unknown.
    """
    series, version = key.series, _header.version
    previous = _services.forecasts.version_before(_user, series.store, version)
    if not key.is_newest:
        return RecordSections("", "", previous, None)
    record = _services.accuracy.recent_outcomes(_user, series)
    sums = _services.accuracy.track_sums(_user, store=series.store, item=series.item)
    return RecordSections(
        alerts_row(_services.forecasts.alerts(_user, series, version, record)),
        reliability_section(record, sums, _services.forecasts.summary(_user, series)),
        previous,
        _changes(_services, _user, series, version, since),
    )


def _changes(
    services: Services, user: Principal, series: SeriesKey, version: int, since: int | None
) -> ForecastChanges:
    """What changed since a version; since the previous one if that version is no longer available."""
    try:
        return services.explanations.changes(user, series, version, since)
    except InvalidRequest:
        return services.explanations.changes(user, series, version)
