"""What pages cache between runs, and the one rule for it.

Data that never changes is cached once, by `forecasting.services.series_cache`: the series of a version and
the sales of a history file. Pages do not cache such data again.

Pages cache three things of their own:

- what they have drawn from that data (``web/store/chart_view.py``, ``web/store/sections.py``,
  ``web/compare/compare_view.py``). The key holds everything the drawing depends on: version, hash of the
  sales, business date, theme. A drawing is therefore never stale; the sections about a version's record,
  which grows, are drawn anew after `RECORD_SECONDS`. A drawing is the same for all who may see the store, and
  a page reads the store's freshness first, which refuses everybody else;
- lists that cover many stores (this module). The key holds the reader's rights and the number of the newest
  import or publication, after which they are read again;
- what they have drawn from such a list (``web/queue/queue_grid.py``, ``web/accuracy/accuracy_view.py``,
  ``web/accuracy/accuracy_tables.py``). The key holds the rows themselves, or the stamp of the report.
"""

from collections.abc import Sequence
from datetime import date
from uuid import uuid4

import streamlit as st

from forecasting.core.domain import Principal, Store
from forecasting.evaluation.accuracy_report import AccuracyReport
from forecasting.planning.feeds import Feed
from forecasting.services.composition import Services

RECORD_SECONDS = 60
"""How long cached accuracy may lag: the track record of imported days is written just after the import."""


def stores(services: Services, user: Principal) -> tuple[Sequence[Store], date | None]:
    """The user's stores and the business date; read again after an import."""
    _version, imported, _active = services.stores.pulse(user)
    return _stores(services, user, rights(user), imported)


@st.cache_resource(max_entries=50, show_spinner=False)  # not cache_data: copying a thousand stores is slow
def _stores(
    _services: Services, _user: Principal, rights: object, imported: int
) -> tuple[Sequence[Store], date | None]:
    del rights, imported  # part of the cache's key only
    return tuple(_services.stores.visible(_user)), _services.stores.as_of(_user)


def feeds(services: Services, user: Principal) -> list[Feed]:
    """The state of the user's feeds; read again after an import."""
    _version, imported, _active = services.stores.pulse(user)
    return _feeds(services, user, rights(user), imported)


@st.cache_data(max_entries=50, show_spinner="Reading what is loaded …")
def _feeds(_services: Services, _user: Principal, rights: object, imported: int) -> list[Feed]:
    del rights, imported  # part of the cache's key only
    return _services.stores.feeds(_user)


def accuracy(
    services: Services, user: Principal, region: str | None, store: str | None, item: str
) -> tuple[AccuracyReport, str]:
    """The accuracy report of these stores; added up again after a publication or an import.

    Returns
    -------
    tuple
        The report, and a stamp that is new whenever the report was added up again.
    """
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


def rights(user: Principal) -> str:
    """What a user may see, as part of a cache's key; equal for users with equal rights."""
    stores, regions = user.stores, user.regions
    return repr((None if stores is None else sorted(stores), None if regions is None else sorted(regions)))
