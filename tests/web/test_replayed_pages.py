"""Pages draw from their caches what has not changed since the last run."""

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


def shown(app: AppTest) -> tuple[object, ...]:
    """Everything a page shows of a series or of accuracy."""
    grids = [frame.value.to_csv() for frame in app.dataframe]
    return words(app), tiles(app), charts(app), grids


def test_a_rerun_of_a_store_is_drawn_from_the_cache(trained: House) -> None:
    """Even without history files, which a new drawing would need."""
    first = opened(store="1")
    before = shown(first)
    assert len(charts(first)) == 1
    assert len(tables(first)) == 1
    shutil.rmtree(trained.home / "history")
    assert shown(first.run()) == before
    assert shown(opened(store="1")) == before


def test_another_product_is_drawn_anew(trained: House) -> None:
    """And the first one again from the cache."""
    del trained
    app = opened(store="1")
    total = shown(app)
    app.selectbox(key="item").set_value("101").run()
    product = shown(app)
    assert tiles(app)
    assert product[1:] != total[1:]
    app.selectbox(key="item").set_value("all").run()
    assert shown(app)[1:] == total[1:]


def test_new_sales_are_drawn_before_a_forecast_uses_them(trained: House) -> None:
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


def test_a_rerun_of_accuracy_is_drawn_from_the_cache(trained: House) -> None:
    """Even if its data can no longer be read."""
    app = opened(ACCURACY)
    before = shown(app)
    assert len(charts(app)) == 2
    with trained.storage.database.writing() as connection:
        connection.execute(sa.update(predictor).values(document={}))
    assert shown(app.run()) == before
    assert shown(opened(ACCURACY)) == before


def test_streamlit_runs_no_garbage_collection_after_each_run() -> None:
    """With a hundred sessions it took longer than the runs; the option is undocumented."""
    settings = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert "\npostScriptGC = false" in settings
    assert config.get_option("runner.postScriptGC") is False


def test_only_a_new_chart_has_a_head_start(trained: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that changes no chart does not wait."""
    del trained
    waited: list[float] = []
    monkeypatch.setattr(store_page, "wait", waited.append)
    app = opened(store="1")
    assert waited == [store_page.HEAD_START]
    app.run()
    assert len(waited) == 1
    app.selectbox(key="store").set_value("2").run()
    assert len(waited) == 2
