from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from forecasting.core.domain import LOCAL_USER
from forecasting.refresh.lifecycle import ATTEMPTS
from tests.house import LAST, House, plan, sales
from tests.web.drawn import html, tables, text, tiles
from web.shared import access

ROUTER = Path(__file__).resolve().parents[2] / "web" / "router.py"


STORE_FORECAST = "../pages/store_forecast.py"


def opened(page: str = STORE_FORECAST, **address: str) -> AppTest:
    """Open a page of the app at an address."""
    app = AppTest.from_file(str(ROUTER), default_timeout=20)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    app.switch_page(page).run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    """All text on the page."""
    parts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error]
    return "\n".join([*(str(part.value) for part in parts), text(html(app))])


def test_without_sales_the_page_says_how_to_load_some(empty_house: House) -> None:
    """A calm sentence with the two commands."""
    access.install(empty_house.services)
    app = opened()
    access.uninstall()
    assert "There are no sales yet" in words(app)
    assert "sample load" in words(app)
    assert not app.button


@pytest.mark.usefixtures("served")
def test_before_the_first_forecast_history_is_shown_and_refresh_offered() -> None:
    """The page is usable at once."""
    app = opened()
    assert "No forecast" in words(app)
    assert app.button(key="refresh").label == "Refresh forecast"
    assert not tiles(app)


def test_a_press_requests_one_run_and_shows_that_it_waits(served: House) -> None:
    """The button is disabled."""
    app = opened()
    app.button(key="refresh").click().run()
    assert not app.exception
    assert app.button(key="refresh").disabled
    assert len(served.services.runs.recent(LOCAL_USER)) == 1
    assert "Running" in words(app)


def test_a_published_forecast_is_shown_with_its_origin(trained: House) -> None:
    """Strip, four tiles, table of days."""
    trained.clock.turn(timedelta(hours=3))
    app = opened(store="1")
    told = words(app)
    assert "Fresh" in told
    assert "Sales through **Tue 2 Apr**" in told
    assert "3 h ago" in told
    header = trained.services.stores.freshness(LOCAL_USER, "1").header
    assert header is not None
    assert f"version {header.version}" in told
    assert len(tiles(app)) == 4
    assert len(table_of(app, "Expected")) == trained.settings.horizon


def table_of(app: AppTest, column: str) -> pd.DataFrame:
    """The table of a page that has such a column."""
    return next(table for table in tables(app) if column in table.columns)


def test_tiles_say_what_the_service_says(trained: House) -> None:
    """Tomorrow is the day after the business date; the week is the summary's."""
    app = opened(store="1")
    forecast = trained.services.forecasts.export(LOCAL_USER).query("store == '1' and item == 'all'")
    day = forecast[forecast["ds"] == str(LAST + timedelta(days=2))].iloc[0]
    shown = tiles(app)
    assert shown["Tomorrow, Thu 4 Apr"] == (
        f"{day['mean']:,.0f} units",
        f"likely {day['q10']:,.0f} – {day['q90']:,.0f}",
    )
    assert shown["Next 7 days"][0] == f"{forecast['mean'].head(7).sum():,.0f} units"
    assert shown["Next 7 days"][1] == "closed on 1 day"
    assert shown["Change vs last week"][0].endswith("%")
    assert shown["Change vs last week"][1].startswith("last week: ")
    assert shown["Error in backtest"][0].endswith("%")


def test_a_closed_day_is_a_word_and_not_a_0(trained: House) -> None:
    """In the table as in the tile."""
    closed = LAST + timedelta(days=2)
    trained.deliver("plan", [plan("1", closed, closed, is_open=0, holiday="Inventory")])
    trained.services.refreshing.refresh(LOCAL_USER, "1")
    trained.work()
    app = opened(store="1")
    assert tiles(app)["Tomorrow, Thu 4 Apr"] == ("Closed", "Inventory")
    table = table_of(app, "Expected").set_index("Day")
    assert table.loc["Thu 4 Apr", ["Low", "Expected", "High"]].tolist() == ["closed"] * 3
    assert "Inventory" in table.loc["Thu 4 Apr", "Event"]


@pytest.mark.usefixtures("trained")
def test_assumptions_are_shown() -> None:
    """Without a plan, the usual weekdays are assumed open."""
    assert "No plan for 3–30 Apr: assumed open on the usual weekdays" in words(opened(store="1"))


@pytest.mark.usefixtures("trained")
def test_a_product_is_reached_by_its_address() -> None:
    """Deep links name store and product."""
    app = opened(store="1", item="102")
    assert app.selectbox(key="store").value == "1"
    assert app.selectbox(key="item").value == "102"
    assert app.query_params["item"] == "102"


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"store": "99"}, "There is no store “99” among your 2 stores. Showing store 1"),
        ({"store": "1", "item": "7"}, "Store 1 has no product “7”. Showing store 1, all products"),
        ({"store": "2", "item": "102"}, "Store 2 has no product “102”."),
    ],
)
def test_an_unknown_series_in_the_address_is_named(address: dict[str, str], sentence: str) -> None:
    """An existing one is shown instead."""
    app = opened(**address)
    assert sentence in words(app)
    assert len(tiles(app)) == 4


@pytest.mark.usefixtures("trained")
def test_a_press_within_the_tolerance_says_why_nothing_was_run() -> None:
    """For this store only."""
    app = opened(store="1")
    app.button(key="refresh").click().run()
    assert "and no new sales or plan since: nothing was run." in words(app)
    app.button(key="next_store").click().run()
    assert "nothing was run" not in words(app)


@pytest.mark.usefixtures("trained")
def test_previous_and_next_wrap_around() -> None:
    """From the last store to the first."""
    app = opened(store="1")
    for expected in ("2", "1"):
        app.button(key="next_store").click().run()
        assert app.selectbox(key="store").value == expected
    app.button(key="previous_store").click().run()
    assert app.selectbox(key="store").value == "2"


def test_a_failed_refresh_keeps_the_forecast_and_says_why(trained: House) -> None:
    """The last good forecast stays on screen."""
    trained.clock.turn(timedelta(hours=48))
    trained.compute.losses = 2 * ATTEMPTS
    trained.services.refreshing.refresh(LOCAL_USER, "1")
    trained.work()
    app = opened(store="1")
    assert (
        "The last refresh failed: a worker process died (gave up after 3 attempts). "
        "The forecast below is the last good one." in words(app)
    )
    assert "Failed" in words(app)
    assert len(tiles(app)) == 4


def test_new_sales_put_the_store_behind(trained: House) -> None:
    """The strip says so, with the newest day of sales."""
    trained.next_day()
    told = words(opened(store="1"))
    assert "Behind" in told
    assert "Sales through **Wed 3 Apr**" in told


def test_another_engine_than_the_configured_one_is_named(served: House) -> None:
    """No silent fallback."""
    served.engine.failure = "expected 99 open days with sales, found 3"
    served.services.refreshing.refresh(LOCAL_USER, "1")
    served.work()
    told = words(opened(store="1"))
    assert "Seasonal naive is used here instead of flat: " in told
    assert "expected 99 open days with sales, found 3" in told


def test_activity_lists_runs_newest_first(trained: House) -> None:
    """Who requested it, how it ended, and why."""
    trained.clock.turn(timedelta(hours=48))
    trained.services.refreshing.refresh(LOCAL_USER, "2")
    trained.work()
    app = opened("../pages/activity.py")
    table = app.dataframe[0].value
    assert table["Store"].tolist()[0] == "Store 2"
    assert table["By"].tolist()[0] == "Local user"
    assert table["What"].tolist()[0] == "Trained"
    assert table["State"].tolist()[0] == "Succeeded"
    assert table["Why"].tolist()[0] == "Trained 2 days ago, past the 2-day tolerance: training again"


@pytest.mark.usefixtures("served")
def test_activity_is_calm_when_nothing_has_happened() -> None:
    """A sentence instead of an empty table."""
    assert "No refresh has been requested yet." in words(opened("../pages/activity.py"))


def test_opening_a_page_requests_nothing(trained: House) -> None:
    """Reading never trains."""
    trained.clock.turn(timedelta(days=9))
    runs = len(trained.services.runs.recent(LOCAL_USER))
    opened(store="1")
    assert len(trained.services.runs.recent(LOCAL_USER)) == runs


def test_a_server_that_could_not_start_says_why_on_every_page() -> None:
    """One sentence, and what to do."""
    access.refuse("the state folder is of a newer version of Storecast")
    app = opened()
    assert app.subheader[0].value == "Storecast could not start"
    assert app.error[0].value == "the state folder is of a newer version of Storecast"
    app.switch_page("../pages/activity.py").run()
    assert app.subheader[0].value == "Storecast could not start"
    access.uninstall()


def test_a_refresh_without_a_worker_says_so(served: House) -> None:
    """It waits; nothing is lost."""
    served.services.refreshing.refresh(LOCAL_USER, "1")
    served.clock.turn(timedelta(minutes=5))
    assert "No refresh worker is running" in words(opened(store="1"))


def test_fast_presses_on_next_lose_no_step(trained: House) -> None:
    """A press that carries the previous store counts from the store reached last."""
    trained.deliver("sales", [sales("3", "101", 50.0, LAST - timedelta(days=30), LAST)])
    app = opened(store="1")
    for reached in ("2", "3"):
        app.selectbox(key="store").set_value("1")  # as the browser says that has not heard of the step
        app.button(key="next_store").click().run()
        assert app.selectbox(key="store").value == reached
    app.selectbox(key="store").set_value("1").run()
    app.button(key="next_store").click().run()
    assert app.selectbox(key="store").value == "2"
    app.button(key="previous_store").click().run()
    assert app.selectbox(key="store").value == "1"


def test_a_product_the_next_store_does_not_sell_becomes_all_products(trained: House) -> None:
    """In the address as well, so a shared link shows the same."""
    app = opened(store="1", item="102")
    app.button(key="next_store").click().run()
    assert app.selectbox(key="store").value == "2"
    assert app.selectbox(key="item").value == "all"
    app.button(key="next_store").click().run()
    assert app.selectbox(key="item").value == "all"
    assert trained.services.stores.visible(LOCAL_USER)[1].items == ("101",)


def test_a_version_in_the_address_is_dropped_with_its_store(trained: House) -> None:
    """The next store shows its newest version."""
    header = trained.services.stores.freshness(LOCAL_USER, "1").header
    assert header is not None
    app = opened(store="1", version=str(header.version))
    app.button(key="next_store").click().run()
    assert not app.exception
    assert len(tiles(app)) == 4
    assert len(tiles(opened(store="1", version="9" * 40))) == 4
