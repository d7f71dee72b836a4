"""Caches of pages never answer one reader with what another may see."""

from dataclasses import replace
from datetime import date

import pytest

from forecasting.core.domain import LOCAL_USER, Principal, SeriesKey
from forecasting.core.errors import UnknownSeries
from tests.house import House
from tests.web.test_pages import opened
from web.shared import caches
from web.store import store_page

SOUTH = replace(LOCAL_USER, stores=frozenset({"2"}))
"""The local user's subject with fewer rights."""


def stores_of_feeds(house: House, user: Principal) -> list[str]:
    """The stores whose feeds a user sees."""
    return [feed.store.store for feed in caches.feeds(house.services, user)]


def test_feeds_are_those_of_the_readers_stores(served: House) -> None:
    """Also where two readers have one subject, and where a reader's rights have changed."""
    assert stores_of_feeds(served, LOCAL_USER) == ["1", "2"]
    assert stores_of_feeds(served, SOUTH) == ["2"]


def test_stores_are_those_the_reader_may_see(served: House) -> None:
    """The same for the list of stores."""
    assert [store.store for store in caches.stores(served.services, LOCAL_USER)[0]] == ["1", "2"]
    assert [store.store for store in caches.stores(served.services, SOUTH)[0]] == ["2"]


def test_equal_rights_share_what_is_cached() -> None:
    """Whatever the order in which the rights were given, and whoever has them."""
    one = replace(LOCAL_USER, subject="a", regions=frozenset({"North", "South"}))
    other = replace(LOCAL_USER, subject="b", regions=frozenset({"South", "North"}))
    assert caches.rights(one) == caches.rights(other)
    assert caches.rights(one) != caches.rights(SOUTH)


def test_rights_are_checked_before_a_cached_drawing_is_used(trained: House) -> None:
    """A store that somebody else has opened stays hidden."""
    opened(store="1")
    with pytest.raises(UnknownSeries):
        store_page.read_page(trained.services, SOUTH, SeriesKey("1", "all"), date(2019, 4, 3))
