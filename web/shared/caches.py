"""What is read once and kept between reruns; keyed by what never changes, so nothing here ever goes stale."""

from collections.abc import Sequence
from datetime import date
from uuid import uuid4

import pandas as pd
import streamlit as st

from forecasting.core.domain import Principal, SeriesKey, Store
from forecasting.core.errors import UnknownSeries
from forecasting.evaluation.accuracy_report import AccuracyReport
from forecasting.planning.feeds import Feed
from forecasting.services.composition import Services

RECORD_SECONDS = 60
"""How long an import may be known before the track record of its days is: it is written just after."""


def stores(services: Services, user: Principal) -> tuple[Sequence[Store], date | None]:
    """The user's stores (`stores`) and the business date; looked at again only after an import."""
    _version, imported, _active = services.stores.pulse(user)
    return _stores(services, user, rights(user), imported)


@st.cache_resource(max_entries=50, show_spinner=False)  # as it is: to copy a thousand stores took longer
def _stores(
    _services: Services, _user: Principal, rights: object, imported: int
) -> tuple[Sequence[Store], date | None]:
    del rights, imported  # part of the cache's key only
    return tuple(_services.stores.visible(_user)), _services.stores.as_of(_user)


def forecast(services: Services, user: Principal, key: SeriesKey, version: int) -> pd.DataFrame | None:
    """A series of a version, which never changes (`forecast`); None where it has no such series."""
    return _forecast(services, user, rights(user), key, version)


@st.cache_data(max_entries=500, show_spinner=False)
def _forecast(
    _services: Services, _user: Principal, rights: object, key: SeriesKey, version: int
) -> pd.DataFrame | None:
    del rights  # part of the cache's key only
    try:
        return _services.forecasts.forecast(_user, key, version)
    except UnknownSeries:
        return None


def has_series(services: Services, user: Principal, key: SeriesKey, version: int) -> bool:
    """Whether a version has a series; it is read once in any case."""
    return _has_series(services, user, rights(user), key, version)


@st.cache_data(max_entries=500, show_spinner=False)
def _has_series(_services: Services, _user: Principal, rights: object, key: SeriesKey, version: int) -> bool:
    del rights  # part of the cache's key only
    return forecast(_services, _user, key, version) is not None


def feeds(services: Services, user: Principal) -> list[Feed]:
    """How the feeds stand; looked at again only after an import."""
    _version, imported, _active = services.stores.pulse(user)
    return _feeds(services, user, user.subject, imported)


@st.cache_data(max_entries=50, show_spinner="Looking at what is loaded …")
def _feeds(_services: Services, _user: Principal, subject: str, imported: int) -> list[Feed]:
    del subject, imported  # part of the cache's key only
    return _services.stores.feeds(_user)


def accuracy(
    services: Services, user: Principal, region: str | None, store: str | None, item: str
) -> tuple[AccuracyReport, str]:
    """How far off forecasts are, and a stamp; added up again, with a new one, after publication or import."""
    version, imported, _active = services.stores.pulse(user)
    return _accuracy(services, user, rights(user), (region, store, item), (version, imported))


@st.cache_data(max_entries=200, ttl=RECORD_SECONDS, show_spinner="Adding up …")
def _accuracy(
    _services: Services,
    _user: Principal,
    rights: object,
    scope: tuple[str | None, str | None, str],
    pulse: tuple[int, int],
) -> tuple[AccuracyReport, str]:
    del rights, pulse  # part of the cache's key only
    region, store, item = scope
    return _services.accuracy.report(_user, region=region, store=store, item=item), uuid4().hex


def version_before(services: Services, user: Principal, store: str, version: int) -> int | None:
    """The version of a store before one, or None (`version_before`)."""
    return _version_before(services, user, rights(user), store, version)


@st.cache_data(max_entries=500, ttl=RECORD_SECONDS, show_spinner=False)
def _version_before(
    _services: Services, _user: Principal, rights: object, store: str, version: int
) -> int | None:
    del rights  # part of the cache's key only
    return _services.forecasts.version_before(_user, store, version)


def rights(user: Principal) -> str:
    """Who asks and what they may see, the same whatever order it was given in."""
    stores, regions = user.stores, user.regions
    return repr(
        (
            user.subject,
            None if stores is None else sorted(stores),
            None if regions is None else sorted(regions),
        )
    )
