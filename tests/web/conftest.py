"""The house behind the pages."""

from collections.abc import Iterator
from functools import cache

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner

from forecasting.core.domain import LOCAL_USER
from tests.house import House
from web.shared import access


@pytest.fixture(scope="package", autouse=True)
def _packages_read_once() -> Iterator[None]:
    """Every `AppTest` looks through all installed packages for components: the first one for all."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


def forget() -> None:
    """Let the pages remember nothing of the house before."""
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def served(house: House) -> Iterator[House]:
    """A furnished house behind the pages, nothing trained."""
    forget()
    access.install(house.services)
    yield house
    access.uninstall()


@pytest.fixture
def trained(served: House) -> House:
    """The same with a forecast for both stores."""
    served.services.refreshing.refresh_all(LOCAL_USER)
    served.work()
    return served
