"""The house behind the pages."""

from collections.abc import Iterator

import pytest
import streamlit as st

from forecasting.domain import LOCAL_USER
from tests.house import House
from web import access


def forget() -> None:
    """Let the pages remember nothing of the house before."""
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def served(house: House) -> Iterator[House]:
    """A furnished house behind the pages, nothing trained."""
    forget()
    access.install(house.service)
    yield house
    access.uninstall()


@pytest.fixture
def trained(served: House) -> House:
    """The same with a forecast for both stores."""
    served.service.refresh_all(LOCAL_USER)
    served.work()
    return served
