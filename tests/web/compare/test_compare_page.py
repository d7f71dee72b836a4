"""The Compare page."""

import json
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from forecasting.core.domain import LOCAL_USER
from tests.house import House
from tests.web.drawn import tables, tiles
from tests.web.test_pages import opened, words

COMPARE = "../pages/compare.py"


def charts(app: AppTest) -> list[dict[str, object]]:
    """The specifications of all charts."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def axis_top(chart: dict[str, object]) -> object:
    """The upper end of the y axis; None if Plotly chooses it."""
    return chart["layout"]["yaxis"].get("range", [None, None])[1]  # type: ignore[index] # JSON


def headline(app: AppTest) -> str:
    """The sentence at the top."""
    return str(app.subheader[0].value)


@pytest.mark.usefixtures("trained")
def test_two_stores_are_compared() -> None:
    """Tiles, charts on one scale, days with their difference."""
    app = opened(COMPARE, store1="1", store2="2")
    assert headline(app) == "Next 7 days: store 1 is forecast 88% above store 2"
    assert tiles(app)["Store 2, next 7 days"] == ("600 units", "−47% vs store 1")
    first, second = charts(app)
    assert axis_top(first) == axis_top(second) is not None
    table = tables(app)[0]
    assert list(table.columns) == ["Day", "Store 1", "Store 2", "Difference (2 − 1)"]
    day = table.iloc[0]
    assert int(day["Store 1"]) - int(day["Store 2"]) == int(day["Difference (2 − 1)"].replace("−", ""))


@pytest.mark.usefixtures("trained")
def test_each_chart_can_have_its_own_scale() -> None:
    """Then the shape of a small store can be seen."""
    app = opened(COMPARE, store1="1", store2="2", same_scale="false")
    assert not app.toggle[0].value
    assert [axis_top(chart) for chart in charts(app)] == [None, None]


@pytest.mark.usefixtures("trained")
def test_a_comparison_starts_with_the_store_that_was_open() -> None:
    """And another store; both stand in the address, which can be shared."""
    app = opened(store="2")
    app.switch_page(COMPARE).run()
    assert [app.selectbox(key=key).value for key in ("store1", "store2")] == ["2", "1"]
    assert (app.query_params["store1"], app.query_params["store2"]) == ("2", "1")


@pytest.mark.usefixtures("trained")
def test_a_comparison_in_the_address_is_kept() -> None:
    """The store that was open does not replace it."""
    app = opened(store="2")
    app.query_params["store2"] = "1"
    app.switch_page(COMPARE).run()
    assert [app.selectbox(key=key).value for key in ("store1", "store2")] == ["1", "1"]


@pytest.mark.usefixtures("trained")
def test_up_to_four_series_are_compared() -> None:
    """Each has a chart and a column."""
    app = opened(COMPARE, sides="4", store1="1", store2="1", item2="101", store3="1", item3="102", store4="2")
    assert len(charts(app)) == 4
    assert "Store 1, product 101, next 7 days" in tiles(app)
    assert len(tables(app)[0].columns) == 1 + 4 + 3


def test_two_versions_of_one_store_are_compared(trained: House) -> None:
    """Their columns are named by version."""
    trained.next_day()
    trained.services.refreshing.refresh(LOCAL_USER, "1")
    trained.work()
    newest, older = trained.services.forecasts.versions(LOCAL_USER, "1")
    app = opened(COMPARE, store1="1", version1=str(older.version), store2="1")
    assert list(tables(app)[0].columns)[1:3] == [
        f"Version {older.version}",
        f"Version {newest.version}",
    ]
    assert f"version {older.version}" in words(app).replace("\u00a0", " ")
    assert app.selectbox(key="version2").value == "Newest"


@pytest.mark.usefixtures("trained")
def test_an_unknown_store_or_version_is_replaced() -> None:
    """The page says so."""
    app = opened(COMPARE, store1="99", store2="2", version2="777")
    assert "There is no store “99” among your 2 stores." in words(app)
    assert app.selectbox(key="store1").value == "1"
    assert app.selectbox(key="version2").value == "Newest"


@pytest.mark.usefixtures("served")
def test_without_forecasts_the_sales_are_shown() -> None:
    """No figure is invented."""
    app = opened(COMPARE, store1="1", store2="2")
    assert headline(app) == "Some of these have no forecast for the next 7 days"
    assert tiles(app)["Store 1, next 7 days"][0] == "n/a"
    assert len(charts(app)) == 2


def test_an_earlier_comparison_is_drawn_from_the_cache(trained: House) -> None:
    """Even without history files, which a new drawing would need."""
    app = opened(COMPARE, store1="1", store2="2")
    before = (headline(app), tiles(app), charts(app), tables(app)[0].to_csv())
    app.selectbox(key="item1").set_value("101").run()
    assert charts(app) != before[2]
    shutil.rmtree(trained.home / "history")
    app.selectbox(key="item1").set_value("all").run()
    assert not app.exception
    assert (headline(app), tiles(app), charts(app), tables(app)[0].to_csv()) == before
