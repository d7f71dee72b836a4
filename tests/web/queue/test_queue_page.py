from collections.abc import Iterator
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from forecasting.core.domain import LOCAL_USER
from tests.house import FIRST, LAST, House, plan, sales
from tests.web.conftest import forget
from tests.web.drawn import tiles
from tests.web.test_pages import opened, words
from web.shared import access

QUEUE = "../pages/my_stores.py"


@pytest.fixture
def served(house: House) -> Iterator[House]:
    """A furnished, trained house behind the pages."""
    forget()
    house.services.refreshing.refresh_all(LOCAL_USER)
    house.work()
    access.install(house.services)
    yield house
    access.uninstall()


def table(app: AppTest) -> dict[str, dict[str, object]]:
    """The queue by store."""
    return app.dataframe[0].value.set_index("Store").to_dict("index")


@pytest.mark.usefixtures("served")
def test_a_quiet_morning_is_a_pleasant_sight() -> None:
    """Nothing to do, and all stores listed."""
    app = opened(QUEUE)
    assert app.subheader[0].value == "Nothing to do: all 2 stores are fine"
    assert "Wednesday 3 April 2019 · sales through Tue 2 Apr" in words(app)
    assert list(table(app)) == ["1", "2"]
    assert {row["State"] for row in table(app).values()} == {"● Fresh"}


def test_a_store_behind_comes_first_with_its_reason(served: House) -> None:
    """And is what the page opens on."""
    served.deliver("plan", [plan("2", LAST + timedelta(days=1), LAST + timedelta(days=3), promo=1)])
    app = opened(QUEUE)
    assert app.subheader[0].value == "1 of 2 stores needs attention"
    assert list(table(app)) == ["2"]
    assert table(app)["2"]["Why it is here"] == "Sales corrected or plan changed since this forecast"


@pytest.mark.usefixtures("served")
def test_region_and_search_narrow_the_queue() -> None:
    """By the address as well."""
    app = opened(QUEUE)
    app.selectbox(key="region").set_value("South").run()
    assert list(table(app)) == ["2"]
    app.selectbox(key="region").set_value("All regions").run()
    app.text_input(key="search").set_value("1").run()
    assert list(table(app)) == ["1"]
    app.text_input(key="search").set_value("77").run()
    assert "No store here matches your search." in words(app)
    app.text_input(key="search").set_value("NORTH").run()
    assert list(table(app)) == ["1"]


def test_refresh_all_asks_for_what_is_out_of_date_and_shows_its_progress(served: House) -> None:
    """One batch, with a bar."""
    served.clock.turn(timedelta(hours=48))
    app = opened(QUEUE)
    app.button(key="refresh_all").click().run()
    assert not app.exception
    runs = served.services.runs.recent(LOCAL_USER)
    assert len([run for run in runs if run.state.active]) == 2
    assert app.subheader[0].value == "2 of 2 stores are being refreshed"
    batch = served.services.runs.batch(LOCAL_USER)
    assert batch is not None
    assert (batch.done, batch.total) == (0, 2)
    served.work()
    assert served.services.runs.batch(LOCAL_USER) is None


def test_an_old_version_is_shown_as_such(served: House) -> None:
    """With the way back to the newest one, and without figures that belong to that."""
    served.next_day()
    served.services.refreshing.refresh(LOCAL_USER, "1")
    served.work()
    first = min(run.version or 0 for run in served.services.runs.recent(LOCAL_USER, store="1"))
    app = opened("../pages/store_forecast.py", store="1", version=str(first))
    assert f"This is version {first}" in words(app)
    assert not tiles(app)
    app.button(key="newest_version").click().run()
    assert len(tiles(app)) == 4


def test_a_discontinued_product_has_a_page_that_says_so(served: House) -> None:
    """Its last sales day, and no invented forecast."""
    last = LAST - timedelta(days=60)
    served.deliver("sales", [sales("1", "103", 5.0, FIRST, last)])
    served.services.refreshing.refresh(LOCAL_USER, "1")
    served.work()
    app = opened("../pages/store_forecast.py", store="1", item="103")
    text = words(app)
    assert "There is no forecast of product 103" in text
    assert f"its last sales row is of {last:%-d %b %Y}" in text


@pytest.mark.usefixtures("served")
def test_a_link_to_a_version_that_is_not_the_stores_shows_the_newest() -> None:
    """And says so."""
    app = opened("../pages/store_forecast.py", store="1", version="777")
    assert "Store 1 has no version 777. This is the newest." in words(app)
    assert len(tiles(app)) == 4
