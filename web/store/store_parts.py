"""What stands around the chart of a store's page, as HTML: worked out once for all who may see it."""

from dataclasses import dataclass

import streamlit as st

from forecasting.core.domain import Principal, SeriesKey, VersionHeader
from forecasting.core.errors import InvalidRequest
from forecasting.planning.breakdown import Breakdown
from forecasting.planning.changes import ForecastChanges
from forecasting.services.composition import Services
from web.shared import caches, html_table
from web.shared.tiles import tiles
from web.store.alerts_view import alerts_row
from web.store.reliability_view import reliability_section
from web.store.shown import BY_VALUE, Shown
from web.takeaway import export_menu, print_html

DAY_COLUMNS = ("date", "low", "expected", "high", "last_week", "last_year", "event")
PRINTED_FACTS = ("As of", "Sales through", "Demand in", "Engine", "Version", "Likely range")


@dataclass(frozen=True, slots=True)
class Told:
    """What a version says of a series, which never changes.

    Attributes
    ----------
    figures
        The four tiles; of an older version ``""``, for they would say nothing of the days to come.
    days
        The table by day.
    on_paper
        What stands above all in print.
    """

    figures: str
    days: str
    on_paper: str
    why: Breakdown


@dataclass(frozen=True, slots=True)
class Record:
    """What is said of a version in the light of others and of the days that have come.

    Attributes
    ----------
    alerts, trust
        Of an older version ``""``.
    before
        The store's version before it; None where there is none, or it is not kept.
    changes
        What changed since the reader's last visit, by default since the version before; of an older version
        None.
    """

    alerts: str
    trust: str
    before: int | None
    changes: ForecastChanges | None


@st.cache_resource(max_entries=500, show_spinner=False, hash_funcs=BY_VALUE)
def told(_services: Services, _user: Principal, _header: VersionHeader, shown: Shown) -> Told:
    """What the version says."""
    key, figures = shown.key, ""
    if shown.is_newest:
        rows = _services.forecasts.forecast(_user, key, _header.version)
        figures = tiles(rows, _services.forecasts.summary(_user, key), shown.as_of)
    table = export_menu.read_series_table(_services, _user, key, _header, shown.as_of)
    days = html_table.section("Days", print_html.days(table, DAY_COLUMNS, "Forecast by day"))
    why = _services.forecasts.why(_user, key, _header.version)
    return Told(figures, days, print_html.heading(table, PRINTED_FACTS), why)


@st.cache_resource(
    max_entries=500, ttl=caches.RECORD_SECONDS, show_spinner=False, hash_funcs=BY_VALUE
)  # an import may be known before the track record of its days is, and versions are tidied away
def record(
    _services: Services, _user: Principal, _header: VersionHeader, shown: Shown, since: int | None
) -> Record:
    """What is said of it.

    Parameters
    ----------
    since
        The version that the reader saw at the last visit; None where that is not known.
    """
    key, version = shown.key, _header.version
    before = _services.forecasts.version_before(_user, key.store, version)
    if not shown.is_newest:
        return Record("", "", before, None)
    held = _services.accuracy.recent_outcomes(_user, key)
    sums = _services.accuracy.track_sums(_user, store=key.store, item=key.item)
    return Record(
        alerts_row(_services.forecasts.alerts(_user, key, version, held)),
        reliability_section(held, sums, _services.forecasts.summary(_user, key)),
        before,
        _changes(_services, _user, key, version, since),
    )


def _changes(
    services: Services, user: Principal, key: SeriesKey, version: int, since: int | None
) -> ForecastChanges:
    """What changed; where the version it is asked for from is not kept any more, since the one before."""
    try:
        return services.forecasts.changes(user, key, version, since)
    except InvalidRequest:
        return services.forecasts.changes(user, key, version)
