"""What is kept between reruns; keyed by what never changes, so nothing here ever goes stale."""

from datetime import date

import pandas as pd
import streamlit as st

from forecasting.accuracy import AccuracyReport
from forecasting.domain import Principal, SeriesKey
from forecasting.planning.feeds import Feed
from forecasting.service import ForecastService

SOLD_DAYS = 42
"""How far back pages look: six weeks."""

RECORD_SECONDS = 60
"""How long an import may be known before the track record of its days is: it is written just after."""


def forecast(service: ForecastService, user: Principal, key: SeriesKey, version: int) -> pd.DataFrame:
    """One series of one immutable version (`schema.STORE_FORECAST`); the caller must not change it."""
    service.freshness(user, key.store)
    return _forecast(service, user, key, version)


@st.cache_data(max_entries=500, show_spinner=False)
def _forecast(_service: ForecastService, _user: Principal, key: SeriesKey, version: int) -> pd.DataFrame:
    return _service.forecast(_user, key, version)


def recent_sales(service: ForecastService, user: Principal, key: SeriesKey) -> pd.DataFrame:
    """The last six weeks of sales of one series (`schema.HISTORY`); the caller must not change it."""
    sales_hash = service.freshness(user, key.store).sales_hash
    return _recent_sales(service, user, key, sales_hash)


@st.cache_data(max_entries=500, show_spinner=False)
def _recent_sales(
    _service: ForecastService, _user: Principal, key: SeriesKey, sales_hash: str
) -> pd.DataFrame:
    del sales_hash  # part of the cache's key only
    return _service.sales(_user, key, SOLD_DAYS)


def sales_around(service: ForecastService, user: Principal, key: SeriesKey, cutoff: date) -> pd.DataFrame:
    """Six weeks of sales up to a cutoff and all since (`schema.HISTORY`), for an older version."""
    sold = service.sales(user, key)
    return sold[sold["ds"] > pd.Timestamp(cutoff) - pd.Timedelta(days=SOLD_DAYS)].reset_index(drop=True)


def feeds(service: ForecastService, user: Principal) -> list[Feed]:
    """How the feeds stand; looked at again only after an import."""
    _version, imported, _active = service.pulse(user)
    return _feeds(service, user, user.subject, imported)


@st.cache_data(max_entries=50, show_spinner="Looking at what is loaded …")
def _feeds(_service: ForecastService, _user: Principal, subject: str, imported: int) -> list[Feed]:
    del subject, imported  # part of the cache's key only
    return _service.feeds(_user)


def accuracy(
    service: ForecastService, user: Principal, region: str | None, store: str | None, item: str
) -> AccuracyReport:
    """How far off forecasts are; added up again after a publication or an import."""
    version, imported, _active = service.pulse(user)
    return _accuracy(service, user, _rights(user), (region, store, item), (version, imported))


@st.cache_data(max_entries=200, ttl=RECORD_SECONDS, show_spinner="Adding up …")
def _accuracy(
    _service: ForecastService,
    _user: Principal,
    rights: object,
    scope: tuple[str | None, str | None, str],
    pulse: tuple[int, int],
) -> AccuracyReport:
    del rights, pulse  # part of the cache's key only
    region, store, item = scope
    return _service.accuracy(_user, region=region, store=store, item=item)


def _rights(user: Principal) -> tuple[str, list[str] | None, list[str] | None]:
    """Who asks and what they may see, in one order."""
    stores, regions = user.stores, user.regions
    return (
        user.subject,
        None if stores is None else sorted(stores),
        None if regions is None else sorted(regions),
    )
