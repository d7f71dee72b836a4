"""Exporting from the pages."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from forecasting.core.domain import LOCAL_USER
from tests.house import FIRST, LAST, House, sales
from tests.web.test_pages import opened
from web.takeaway import csv_file, workbook

QUEUE = "../pages/my_stores.py"


def buttons(app: AppTest) -> list[str]:
    """The labels of the download buttons."""
    return [button.proto.label for button in app.get("download_button")]


def printed(app: AppTest) -> str:
    """The HTML for print."""
    return "".join(html.proto.body for html in app.get("html") if 'class="paper' in html.proto.body)


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("page", [QUEUE, "../pages/store_forecast.py"])
def test_files_are_offered_but_not_made_when_a_page_is_drawn(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making a file takes longer than drawing the page."""
    made: list[object] = []
    monkeypatch.setattr(workbook, "write", made.append)
    monkeypatch.setattr(csv_file, "write", made.append)
    assert buttons(opened(page)) == ["Excel file", "CSV, for other programs"]
    assert made == []


@pytest.mark.usefixtures("trained")
def test_a_printed_store_has_a_heading() -> None:
    """It names the series and the business date."""
    html = printed(opened(store="1"))
    assert "Demand forecast: store 1, all products" in html
    assert "As of Wednesday 3 April 2019" in html


@pytest.mark.usefixtures("trained")
def test_the_printed_queue_is_the_filtered_queue() -> None:
    """The heading names the filter."""
    app = opened(QUEUE)
    app.selectbox(key="region").set_value("South").run()
    assert "Shown 1 store: All, South" in printed(app)
    assert "<td>2</td><td>South</td>" in printed(app)
    assert "North" not in printed(app)


@pytest.mark.usefixtures("served")
def test_before_the_first_forecast_there_is_nothing_to_export() -> None:
    """The menu is absent."""
    assert buttons(opened()) == []


def test_a_product_without_a_forecast_cannot_be_exported(trained: House) -> None:
    """The menu is absent."""
    last = LAST - timedelta(days=60)
    trained.deliver("sales", [sales("1", "103", 5.0, FIRST, last)])
    trained.services.refreshing.refresh(LOCAL_USER, "1")
    trained.work()
    assert buttons(opened(store="1", item="103")) == []
