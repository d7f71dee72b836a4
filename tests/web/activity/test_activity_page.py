from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from forecasting.core.domain import LOCAL_USER, Principal
from forecasting.services.composition import compose
from tests.house import House
from tests.storage.examples import LEASE, LIMIT
from tests.web.test_pages import opened
from web.shared import access

ACTIVITY = "../pages/activity.py"


@pytest.fixture
def served(house: House) -> Iterator[House]:
    """A house with two stores behind the pages."""
    access.install(house.services)
    yield house
    access.uninstall()


@pytest.fixture
def pooling(served: House) -> House:
    """A house whose refresh of all stores is training the shared model."""
    services = compose(served.history, served.storage, served.clock, served.settings, pooled=True)
    services.refreshing.refresh_all(LOCAL_USER)
    (run,) = served.storage.claims.claim("worker", LEASE, LIMIT, 9)
    served.storage.claims.progress(run, "Pooling", 1, 2)
    return served


def table() -> pd.DataFrame:
    """The list of runs."""
    shown: Any = opened(ACTIVITY).dataframe[0].value
    return pd.DataFrame(shown).set_index("Store")


@pytest.mark.usefixtures("pooling")
def test_a_run_over_all_stores_is_listed_with_its_reason_and_how_far_it_is() -> None:
    """Beside those of the stores, which wait for it."""
    rows = table()
    assert sorted(rows.index) == ["All stores", "Store 1", "Store 2"]
    row = rows.loc["All stores"]
    assert (row["What"], row["State"]) == ("Shared model", "Pooling 1/2")
    assert row["Why"] == "No shared model yet: training it for the first time"
    assert rows.loc["Store 1", "State"] == "Queued"


@pytest.mark.usefixtures("pooling")
def test_a_planner_of_some_stores_does_not_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the runs of those."""
    some: Principal = replace(LOCAL_USER, roles=frozenset({"planner"}), regions=frozenset({"North"}))
    monkeypatch.setattr(access, "require_user", lambda: some)
    assert list(table().index) == ["Store 1"]
