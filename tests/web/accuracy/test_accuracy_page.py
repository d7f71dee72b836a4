from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from forecasting.core.domain import LOCAL_USER, Principal, SeriesKey
from tests.house import FIRST, LAST, House, sales
from tests.web.drawn import tiles
from tests.web.test_pages import opened, words
from web.shared import access, formats

ACCURACY = "../pages/accuracy.py"
STORE_2 = Principal("p", "Pia", frozenset({"planner"}), stores=frozenset({"2"}))
BACKTEST, PUBLISHED = "Error in backtest", "Error as published"


def table(app: AppTest, column: str) -> list[dict[str, object]]:
    """The rows of the first table that has this column."""
    found = next(frame.value for frame in app.dataframe if column in frame.value)
    return found.to_dict("records")


def choose(app: AppTest, picker: str, value: str) -> AppTest:
    """Choose in a picker."""
    app.selectbox(key=picker).set_value(value).run()
    assert not app.exception
    return app


def test_without_sales_the_page_says_how_to_load_some(empty_house: House) -> None:
    """As other pages do."""
    access.install(empty_house.services)
    app = opened(ACCURACY)
    access.uninstall()
    assert "There are no sales yet" in words(app)
    assert not tiles(app)


@pytest.mark.usefixtures("served")
def test_without_a_forecast_there_is_no_accuracy_to_show() -> None:
    """And the page says where to get one; never a 0."""
    app = opened(ACCURACY)
    assert app.subheader[0].value == "No forecast yet"
    assert "There is no forecast yet, so there is no accuracy to show." in words(app)
    assert not tiles(app)
    choose(app, "store", "1")
    assert "There is no forecast of store 1, all products yet" in words(app)


def test_all_stores_are_reported_together(trained: House) -> None:
    """Headline, four tiles with the service's figures, two charts, every store with its engine and why."""
    app = opened(ACCURACY)
    backtest = trained.services.accuracy.report(LOCAL_USER).backtest
    assert backtest is not None
    own, average = backtest.total
    shown = tiles(app)
    assert shown[BACKTEST] == (
        formats.percent(own.wape),
        f"4-week average: {formats.percent(average.wape)}",
    )
    assert shown["Better than the 4-week average"][0] == "0% of stores"
    assert shown["Inside the range, backtest"] == (formats.percent(own.coverage, 0), "80% intended")
    assert shown[PUBLISHED] == ("n/a", "no sales since it was published")
    assert len(app.get("plotly_chart")) == 2
    assert "Forecasts made without the last 28 days, compared with what was sold." in words(app)
    assert {row["Store"] for row in table(app, "4-week average")} == {"1", "2"}
    assert sum(row["Series"] for row in table(app, "Series")) == 5


@pytest.mark.usefixtures("trained")
def test_what_was_published_stands_apart_and_waits_for_sales() -> None:
    """Before the first day that came there is a sentence in place of a table."""
    text = words(opened(ACCURACY))
    assert "#### Backtest" in text
    assert "#### Published" in text
    assert "No published forecast has been checked against sales yet" in text


def test_new_sales_check_the_published_forecast(trained: House) -> None:
    """By days ahead; for one store day by day, with the version that counted."""
    header = trained.services.stores.freshness(LOCAL_USER, "1").header
    assert header is not None
    trained.next_day()
    app = opened(ACCURACY, store="1")
    sums = trained.services.accuracy.track_sums(LOCAL_USER, store="1")
    assert tiles(app)[PUBLISHED] == (formats.percent(sums[1].wape), "the day before, over 1 day")
    by_lead = {row["As published"]: row for row in table(app, "As published")}
    assert by_lead["The day before"]["Days"] == "1"
    assert by_lead["The day before"]["Bias"] == formats.bias(sums[1].bias)
    assert (by_lead["7 days before"]["Error"], by_lead["7 days before"]["Days"]) == ("n/a", "0")
    (day,) = table(app, "Sold")
    row = trained.services.accuracy.track(LOCAL_USER, SeriesKey("1")).iloc[0]
    assert (day["Day"], day["Sold"]) == ("Wed 3 Apr", formats.units(row["y"]))
    assert day["Version"] == f"/store_forecast?store=1&version={header.version}"
    assert day["Inside?"] in ("inside", "above the range", "below the range")


def test_a_closed_day_is_a_word(trained: House) -> None:
    """And not a 0 that was forecast perfectly."""
    for ahead in range(1, 6):
        trained.next_day(LAST + timedelta(days=ahead))
    sunday, saturday, *_ = table(opened(ACCURACY, store="1"), "Sold")
    assert [sunday[name] for name in ("Day", "Low", "Expected", "High", "Sold", "Inside?")] == [
        "Sun 7 Apr", "–", "–", "–", "–", "closed",
    ]  # fmt: skip
    assert saturday["Sold"] == "270"


def test_one_store_is_compared_series_by_series(trained: House) -> None:
    """Its total first, then its products."""
    app = opened(ACCURACY, store="1")
    assert tiles(app)["Compared with the 4-week average"][1] == "4-week average is in use"
    assert app.subheader[0].value.startswith("The 4-week average is the model in use here; ")
    rows = table(app, "4-week average")
    assert rows[0]["Product"] == "All products"
    assert {row["Product"] for row in rows} == {"All products", "Product 101", "Product 102"}
    assert trained.services.accuracy.report(LOCAL_USER, store="1").rows[0].engine == "seasonal_naive"


@pytest.mark.usefixtures("trained")
def test_a_product_is_reached_by_its_address() -> None:
    """And its engine named in a sentence."""
    app = opened(ACCURACY, store="1", item="102")
    assert app.selectbox(key="item").value == "102"
    assert "**Seasonal naive (the 4-week average)**: more accurate over the last 4 weeks." in words(app)
    choose(app, "store", "2")
    assert app.selectbox(key="item").value == "all"


@pytest.mark.usefixtures("trained")
def test_a_region_narrows_the_stores() -> None:
    """A store of another region gives way to all of them."""
    app = opened(ACCURACY, store="1")
    choose(app, "region", "South")
    assert app.selectbox(key="store").value == "All stores"
    assert app.selectbox(key="store").options == ["All stores", "2"]
    assert app.selectbox(key="item").disabled


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"store": "77"}, "There is no store “77” among your 2 stores. Showing all stores."),
        ({"store": "2", "item": "102"}, "Store 2 has no product “102”. Showing store 2, all products."),
    ],
)
def test_an_address_without_a_series_is_answered_in_words(address: dict[str, str], sentence: str) -> None:
    """And something that exists is shown instead."""
    app = opened(ACCURACY, **address)
    assert sentence in words(app)
    assert len(tiles(app)) == 4


@pytest.mark.usefixtures("trained")
def test_all_stores_are_not_a_store_of_the_next_page() -> None:
    """What one page offers and the other does not gives way to the first store, without a warning."""
    app = opened(ACCURACY)
    app.switch_page("../pages/store_forecast.py").run()
    assert not app.exception
    assert app.selectbox(key="store").value == "1"
    assert not app.warning


@pytest.mark.usefixtures("trained")
def test_others_stores_do_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the figures nor in the address, also after another user opened the page."""
    assert len(table(opened(ACCURACY), "4-week average")) == 2
    monkeypatch.setattr(access, "require_user", lambda: STORE_2)
    app = opened(ACCURACY)
    assert [row["Store"] for row in table(app, "4-week average")] == ["2"]
    assert app.selectbox(key="store").options == ["All stores", "2"]
    assert "There is no store “1” among your 1 store." in words(opened(ACCURACY, store="1"))
    monkeypatch.setattr(access, "require_user", lambda: replace(STORE_2, stores=frozenset()))
    assert "There are no sales yet" in words(opened(ACCURACY))


def test_a_new_version_is_shown_at_once(trained: House) -> None:
    """The cache holds a report for one version."""
    before = {row["Store"] for row in table(opened(ACCURACY), "4-week average")}
    trained.deliver("sales", [sales("3", "101", 10.0, FIRST, LAST)])
    trained.services.refreshing.refresh(LOCAL_USER, "3")
    trained.work()
    after = {row["Store"] for row in table(opened(ACCURACY), "4-week average")}
    assert (before, after) == ({"1", "2"}, {"1", "2", "3"})


def test_a_store_too_young_for_a_backtest_is_left_out_and_said_to_be(trained: House) -> None:
    """Its row has no figures, and its reason."""
    trained.deliver("sales", [sales("3", "101", 10.0, LAST - timedelta(days=30), LAST)])
    trained.services.refreshing.refresh(LOCAL_USER, "3")
    trained.work()
    app = opened(ACCURACY)
    assert "1 store has no backtest yet and is left out" in words(app)
    young = next(row for row in table(app, "4-week average") if row["Store"] == "3")
    assert pd.isna(young["Error"])
    assert young["Model"] == "Weekday history"
    assert young["Why"] == "only 4 weeks of sales so far: the range of those days is used"
    app = opened(ACCURACY, store="3")
    assert tiles(app)[BACKTEST] == ("n/a", "no backtest yet")
    assert "No backtest yet with this version of Storecast" in words(app)


@pytest.mark.usefixtures("trained")
def test_every_figure_can_be_reached() -> None:
    """By its name, folded away."""
    app = opened(ACCURACY, store="1")
    assert app.expander[0].label == "All figures"
    names = " ".join(str(row["Figure"]) for row in table(app, "Figure"))
    for name in ("WAPE", "MASE", "RMSPE", "wQL"):
        assert name in names


def test_the_page_is_thin() -> None:
    """Layout only."""
    page = Path(__file__).resolve().parents[3] / "pages" / "accuracy.py"
    assert len(page.read_text().splitlines()) <= 80
