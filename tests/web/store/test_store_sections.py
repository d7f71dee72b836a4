"""The sections of a store's page around the chart."""

import json
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from forecasting.core.domain import LOCAL_USER
from tests.house import LAST, House, plan
from tests.web.drawn import having, html, text
from tests.web.test_pages import opened, table_of, words

TOMORROW = LAST + timedelta(days=2)


def drawn(app: AppTest, wanted: str) -> dict[str, object]:
    """The specification of the chart whose traces have such a type and orientation."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return next(spec for spec in specs if any(wanted in json.dumps(trace) for trace in spec["data"]))


def refreshed(house: House, store: str = "1") -> None:
    """Press Refresh and see the run through."""
    house.services.refreshing.refresh(LOCAL_USER, store)
    house.work()


def test_an_unusual_day_stands_above_the_chart(trained: House) -> None:
    """With its day; a closure with its reason as well."""
    holiday = LAST + timedelta(days=6)
    trained.deliver("plan", [plan("1", holiday, holiday, is_open=0, holiday="Inventory")])
    refreshed(trained)
    assert "Mon 8 Apr closed: Inventory" in words(opened(store="1"))


def test_the_forecast_before_is_drawn_where_it_is_asked_for(trained: House) -> None:
    """A dashed line more; before the second forecast there is nothing to ask for."""
    assert not opened(store="1").toggle
    trained.next_day()
    refreshed(trained)
    app = opened(store="1")
    lines = len(drawn(app, "expected")["data"])  # type: ignore[arg-type]
    app.toggle(key="previous_forecast").set_value(True).run()
    with_before = drawn(app, "expected")["data"]
    assert len(with_before) == lines + 1  # type: ignore[arg-type]
    assert "previous forecast: expected" in json.dumps(with_before)


@pytest.mark.usefixtures("trained")
def test_why_adds_up_to_what_is_expected() -> None:
    """Of the first open day from tomorrow on, and of whichever is chosen."""
    app = opened(store="1")
    for day in (TOMORROW, TOMORROW + timedelta(days=2)):
        app.selectbox(key="why_day").set_value(day).run()
        (waterfall,) = having(html(app), "waterfall")
        *steps, total = [int(text(label).replace("−", "-")) for label in waterfall.iter("b")]
        assert len(steps) > 1
        assert sum(steps) == total
        expected = table_of(app, "Expected").set_index("Day")["Expected"]
        assert expected[f"{day:%a} {day.day} {day:%b}"] == str(total)


def test_a_closed_day_is_nothing_to_explain(trained: House) -> None:
    """It says closed."""
    del trained
    app = opened(store="1")
    app.selectbox(key="why_day").set_value(LAST + timedelta(days=5)).run()
    assert "Closed: no sales are expected" in words(app)


def test_before_a_day_has_come_nothing_is_claimed(trained: House) -> None:
    """Of published forecasts; the backtest is told apart from them."""
    del trained
    told = words(opened(store="1"))
    assert "No track record yet: it starts with the next day of sales" in told
    assert "In the backtest: error" in told


def test_days_that_have_come_are_counted(trained: House) -> None:
    """Inside or not, beside how many should be; error and bias by days ahead."""
    trained.next_day()
    app = opened(store="1")
    assert "0 of 1 day inside the likely range, about 1 expected" in words(app)
    table = table_of(app, "Forecast made")
    assert table["Forecast made"].tolist() == ["the day before"]
    assert "too low" in table["Bias"].iloc[0]


def test_what_changed_is_told_since_the_last_visit(trained: House) -> None:
    """At first there is nothing to tell; then which days moved, and by what."""
    app = opened(store="1")
    assert not app.expander
    trained.clock.turn(timedelta(hours=1))
    trained.deliver("plan", [plan("1", TOMORROW, TOMORROW, is_open=0)])
    refreshed(trained)
    app = opened(store="1")
    (told,) = app.expander
    assert told.label.startswith("**What changed** since your last visit (version ")
    assert "1 of 28 days changed, most Thu 4 Apr −100%; plan changed" in told.label
    table = table_of(app, "Before")
    assert table["Day"].tolist() == ["Thu 4 Apr"]
    assert table["Plan"].iloc[0] == table["Change"].iloc[0]


def test_a_store_is_marked_as_reviewed_and_back(trained: House) -> None:
    """For everybody, until there is a newer forecast."""
    app = opened(store="1")
    app.button(key="review").click().run()
    assert app.button(key="review").label == "Reviewed"
    (said,) = trained.storage.reviews.read().values()
    assert (said.store, said.by) == ("1", LOCAL_USER.name)
    assert opened(store="1").button(key="review").label == "Reviewed"
    app.button(key="review").click().run()
    assert app.button(key="review").label == "Mark reviewed"
    app.button(key="review").click().run()
    trained.next_day()
    refreshed(trained)
    assert opened(store="1").button(key="review").label == "Mark reviewed"
