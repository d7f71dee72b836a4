"""What does not change between reruns is drawn once and replayed."""

import json
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit import config
from streamlit.testing.v1 import AppTest

from forecasting.core.domain import LOCAL_USER
from forecasting.storage.tables import predictor
from tests.house import House
from tests.web.accuracy.test_accuracy_page import ACCURACY
from tests.web.drawn import tables, tiles
from tests.web.test_pages import opened, words
from web.store import store_page

ROOT = Path(__file__).resolve().parents[2]


def charts(app: AppTest) -> list[object]:
    """The specifications of all charts."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def drawn(app: AppTest) -> tuple[object, ...]:
    """All that a page tells of a series or of accuracy."""
    grids = [frame.value.to_csv() for frame in app.dataframe]
    return words(app), tiles(app), charts(app), grids


def test_a_rerun_of_a_store_shows_the_same_without_reading_it_again(trained: House) -> None:
    """Even with all history files gone, which drawing it anew would need."""
    first = opened(store="1")
    before = drawn(first)
    assert len(charts(first)) == 1
    assert len(tables(first)) == 1
    shutil.rmtree(trained.home / "history")
    assert drawn(first.run()) == before
    assert drawn(opened(store="1")) == before


def test_another_product_is_drawn_for_itself(trained: House) -> None:
    """Nothing of what was drawn before is taken for it."""
    del trained
    app = opened(store="1")
    total = drawn(app)
    app.selectbox(key="item").set_value("101").run()
    product = drawn(app)
    assert tiles(app)
    assert product[1:] != total[1:]
    app.selectbox(key="item").set_value("all").run()
    assert drawn(app)[1:] == total[1:]


def test_new_sales_are_in_the_chart_before_there_is_a_forecast_with_them(trained: House) -> None:
    """The chart depends on the sales as well as on the version."""
    app = opened(store="1")
    before = charts(app)
    trained.next_day()
    app.run()
    assert "Behind" in words(app)
    assert charts(app) != before


def test_a_new_version_is_drawn_anew(trained: House) -> None:
    """As soon as it is published."""
    app = opened(store="1")
    before = tiles(app)
    trained.next_day()
    trained.services.refreshing.refresh(LOCAL_USER, "1")
    trained.work()
    assert tiles(app.run()) != before


def test_a_rerun_of_accuracy_shows_the_same_without_adding_up_again(trained: House) -> None:
    """Even where what it adds up can no longer be read."""
    app = opened(ACCURACY)
    before = drawn(app)
    assert len(charts(app)) == 2
    with trained.storage.database.writing() as connection:
        connection.execute(sa.update(predictor).values(document={}))
    assert drawn(app.run()) == before
    assert drawn(opened(ACCURACY)) == before


def test_streamlit_looks_not_at_every_object_after_every_run() -> None:
    """With a hundred sessions that took longer than the runs; the option is a hidden one of Streamlit's."""
    settings = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert "\npostScriptGC = false" in settings
    assert config.get_option("runner.postScriptGC") is False


def test_only_a_chart_that_was_not_there_has_a_head_start(
    trained: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that changes no chart waits for nothing."""
    del trained
    waited: list[float] = []
    monkeypatch.setattr(store_page, "wait", waited.append)
    app = opened(store="1")
    assert waited == [store_page.HEAD_START]
    app.run()
    assert len(waited) == 1
    app.selectbox(key="store").set_value("2").run()
    assert len(waited) == 2
