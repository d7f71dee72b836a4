from collections.abc import Iterator
from datetime import timedelta

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from forecasting.core.domain import LOCAL_USER, StoreState
from tests.house import LAST, House, plan, sales
from tests.web.conftest import forget
from tests.web.test_pages import opened, words
from web.shared import access

PAGE = "../pages/sales_data.py"


@pytest.fixture
def served(house: House) -> Iterator[House]:
    """A house with two stores behind the pages."""
    forget()
    access.install(house.services)
    yield house
    access.uninstall()


def uploaded(content: str, name: str = "sales.csv", kind: str = "Sales") -> AppTest:
    """Upload a file."""
    app = opened(PAGE)
    app.segmented_control(key="upload_kind").set_value(kind).run()
    app.file_uploader[0].set_value((name, content.encode(), "text/csv")).run()
    assert not app.exception
    return app


def spoken(app: AppTest) -> str:
    """All text on the page, successes too."""
    return words(app) + "\n".join(str(each.value) for each in app.success)


@pytest.mark.usefixtures("served")
def test_what_is_loaded_is_listed_by_store() -> None:
    """Stores, products, first and newest day, and how the feed stands."""
    app = opened(PAGE)
    assert "2 stores · 2 products · Tue 1 Jan 2019 to Tue 2 Apr 2019 · all feeds are up to date" in words(app)
    table = app.dataframe[0].value.set_index("Store")
    assert table.loc["1", ["Region", "Products", "Feed"]].tolist() == ["North", 2, "● Up to date"]


def test_late_feeds_come_first_with_the_days_that_are_missing(served: House) -> None:
    """Open days count, a Sunday does not."""
    days = LAST + timedelta(days=1), LAST + timedelta(days=6)
    served.deliver("sales", [sales("1", "101", 1.0, *days), sales("1", "102", 1.0, *days)])
    table = opened(PAGE).dataframe[0].value
    assert table["Store"].tolist() == ["2", "1"]
    assert table["Feed"].tolist() == ["◐ Late", "● Up to date"]
    assert table["What is missing"].tolist()[0] == "5 open days missing: 3–6 Apr, 8 Apr"


def test_a_feed_missing_closed_days_only_is_expected_to_be_quiet(served: House) -> None:
    """By the plan."""
    day = LAST + timedelta(days=1)
    served.next_day(day)
    served.deliver("plan", [plan("2", day, day, is_open=0, holiday="Inventory")])
    table = opened(PAGE).dataframe[0].value.set_index("Store")
    assert table.loc["2", ["Feed", "What is missing"]].tolist() == ["◌ Expected quiet", "Closed 3 Apr"]


def test_an_upload_is_reported_before_anything_is_applied(served: House) -> None:
    """And applied by the button only."""
    day = LAST + timedelta(days=1)
    app = uploaded(sales("1", "101", 9.0, LAST, day).to_csv(index=False))
    assert "sales.csv is in order: 1 new row, 1 revised, 0 unchanged" in spoken(app)
    assert served.services.stores.visible(LOCAL_USER)[0].last_ds == LAST
    app.button(key="apply_upload").click().run()
    assert not app.exception
    assert "sales.csv was imported: 1 new row, 1 revised." in spoken(app)
    assert served.services.stores.visible(LOCAL_USER)[0].last_ds == day


def test_a_refused_upload_lists_every_problem_and_changes_nothing(served: House) -> None:
    """Three different errors, each with its row and column."""
    content = (
        "store,item,date,demand\n1,101,2019-04-03,5\n1,101,soon,5\n1,102,2019-04-03,-2\n,102,2019-04-04,3\n"
    )
    app = uploaded(content)
    assert "Refused: 3 problems in sales.csv. Nothing was changed." in words(app)
    problems = app.dataframe[1].value
    assert list(zip(problems["Row"], problems["Column"], strict=True)) == [
        ("3", "date"),
        ("4", "demand"),
        ("5", "store"),
    ]
    assert problems["Found"].tolist()[:2] == ["'soon'", "'-2'"]
    assert not [button for button in app.button if button.key == "apply_upload"]
    assert served.services.stores.visible(LOCAL_USER)[0].last_ds == LAST


def test_a_plan_is_uploaded_as_such(served: House) -> None:
    """The store is behind afterwards."""
    served.services.refreshing.refresh_all(LOCAL_USER)
    served.work()
    planned = plan("1", LAST + timedelta(days=1), LAST + timedelta(days=9), promo=1)
    app = uploaded(planned.to_csv(index=False), "plan.csv", "Plan")
    app.button(key="apply_upload").click().run()
    assert not app.exception
    assert served.services.stores.freshness(LOCAL_USER, "1").state is StoreState.BEHIND


def test_what_is_loaded_already_is_not_imported_again(served: House) -> None:
    """The button says so and does nothing."""
    app = uploaded((served.home / "sales.csv").read_text())
    button = app.button(key="apply_upload")
    assert button.disabled
    assert button.label == "Nothing new in this file"


def test_one_late_feed_is_late_and_several_are(served: House) -> None:
    """The summary counts them."""
    served.deliver("sales", [sales("1", "101", 1.0, LAST + timedelta(days=1), LAST + timedelta(days=6))])
    assert "1 feed is late" in words(opened(PAGE))


@pytest.mark.parametrize(("stores", "label"), [(("1",), "Refresh it"), (("1", "2"), "Refresh them")])
def test_stores_with_new_sales_are_refreshed_by_a_button(
    served: House, stores: tuple[str, ...], label: str
) -> None:
    """It says how many stores have new sales, asks for their refresh, and counts the answer."""
    day = LAST + timedelta(days=1)
    content = pd.concat([sales(store, "101", 9.0, day, day) for store in stores]).to_csv(index=False)
    app = uploaded(content)
    app.button(key="apply_upload").click().run()
    news = "Store 1 has new sales." if len(stores) == 1 else "2 stores have new sales."
    assert news in spoken(app)
    button = app.button(key="refresh_news")
    assert button.label == label
    button.click().run()
    assert not app.exception
    are = "1 store is" if len(stores) == 1 else "2 stores are"
    assert f"{are} being refreshed." in spoken(app)
    assert {run.store for run in served.services.runs.recent(LOCAL_USER)} == set(stores)


@pytest.mark.usefixtures("served")
def test_the_next_sample_day_is_offered_only_for_the_sample() -> None:
    """These two stores are not the sample's."""
    assert not [button for button in opened(PAGE).button if button.key == "next_day"]


def test_an_empty_house_asks_for_a_file(empty_house: House) -> None:
    """And takes it."""
    access.install(empty_house.services)
    app = opened(PAGE)
    assert "No sales are loaded yet. Upload a sales file below." in words(app)
    app.file_uploader[0].set_value(
        ("x.csv", b"store,item,date,demand\n1,all,2019-01-01,5\n", "text/csv")
    ).run()
    app.button(key="apply_upload").click().run()
    access.uninstall()
    assert [store.store for store in empty_house.services.stores.visible(LOCAL_USER)] == ["1"]
