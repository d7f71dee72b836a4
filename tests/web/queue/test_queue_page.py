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
    """The rows of the table by store."""
    return app.dataframe[0].value.set_index("Store").to_dict("index")


@pytest.mark.usefixtures("served")
def test_a_quiet_morning_says_that_there_is_nothing_to_do() -> None:
    """All stores are listed."""
    app = opened(QUEUE)
    assert app.subheader[0].value == "Nothing to do: all 2 stores are fine"
    assert "Wednesday 3 April 2019 · sales through Tue 2 Apr" in words(app)
    assert list(table(app)) == ["1", "2"]
    assert {row["State"] for row in table(app).values()} == {"● Fresh"}


def test_the_page_opens_on_the_stores_that_need_attention(served: House) -> None:
    """Each with its reason."""
    served.deliver("plan", [plan("2", LAST + timedelta(days=1), LAST + timedelta(days=3), promo=1)])
    app = opened(QUEUE)
    assert app.subheader[0].value == "1 of 2 stores needs attention"
    assert list(table(app)) == ["2"]
    assert table(app)["2"]["Why it is here"] == "Sales corrected or plan changed since this forecast"


@pytest.mark.usefixtures("served")
def test_region_and_search_filter_the_queue() -> None:
    """One filter at a time, and no match."""
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


def test_refresh_all_refreshes_what_is_out_of_date_and_shows_progress(served: House) -> None:
    """One batch, with a progress bar."""
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


@pytest.mark.parametrize(
    ("stores", "words_of_progress"),
    [({"1", "2"}, "2 stores are being refreshed."), ({"1"}, "1 store is being refreshed.")],
)
def test_an_empty_section_says_that_stores_are_being_refreshed(
    served: House, stores: set[str], words_of_progress: str
) -> None:
    """Not that there is nothing to do: the stores may need attention afterwards."""
    served.clock.turn(timedelta(hours=48))
    for store in stores:
        served.services.refreshing.refresh(LOCAL_USER, store)
    app = opened(QUEUE)
    app.session_state["queue_part"] = "Reviewed"
    app.run()
    assert words_of_progress in words(app)
    assert not app.success


def test_an_older_version_says_that_it_is_not_the_newest(served: House) -> None:
    """It offers the newest and has no tiles, which describe the newest."""
    served.next_day()
    served.services.refreshing.refresh(LOCAL_USER, "1")
    served.work()
    first = min(run.version or 0 for run in served.services.runs.recent(LOCAL_USER, store="1"))
    app = opened("../pages/store_forecast.py", store="1", version=str(first))
    assert f"This is version {first}" in words(app)
    assert not tiles(app)
    app.button(key="newest_version").click().run()
    assert len(tiles(app)) == 4


def test_the_page_of_a_discontinued_product_says_why_it_has_no_forecast(served: House) -> None:
    """With its last day of sales."""
    last = LAST - timedelta(days=60)
    served.deliver("sales", [sales("1", "103", 5.0, FIRST, last)])
    served.services.refreshing.refresh(LOCAL_USER, "1")
    served.work()
    app = opened("../pages/store_forecast.py", store="1", item="103")
    text = words(app)
    assert "There is no forecast of product 103" in text
    assert f"its last sales row is of {last:%-d %b %Y}" in text


@pytest.mark.usefixtures("served")
def test_a_link_to_an_unknown_version_shows_the_newest() -> None:
    """And says so."""
    app = opened("../pages/store_forecast.py", store="1", version="777")
    assert "Store 1 has no version 777. This is the newest." in words(app)
    assert len(tiles(app)) == 4
