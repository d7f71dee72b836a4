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


def specification(app: AppTest, wanted: str) -> dict[str, object]:
    """The specification of the first chart that contains a text."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return next(spec for spec in specs if any(wanted in json.dumps(trace) for trace in spec["data"]))


def refresh(house: House, store: str = "1") -> None:
    """Press Refresh and run the worker."""
    house.services.refreshing.refresh(LOCAL_USER, store)
    house.work()


def test_a_closure_is_announced_above_the_chart(trained: House) -> None:
    """With its day and its reason."""
    holiday = LAST + timedelta(days=6)
    trained.deliver("plan", [plan("1", holiday, holiday, is_open=0, holiday="Inventory")])
    refresh(trained)
    assert "Mon 8 Apr closed: Inventory" in words(opened(store="1"))


def test_the_previous_forecast_is_drawn_on_request(trained: House) -> None:
    """One more dashed line. The toggle appears with the second forecast."""
    assert not opened(store="1").toggle
    trained.next_day()
    refresh(trained)
    app = opened(store="1")
    lines = len(specification(app, "expected")["data"])  # type: ignore[arg-type]
    app.toggle(key="previous_forecast").set_value(True).run()
    with_before = specification(app, "expected")["data"]
    assert len(with_before) == lines + 1  # type: ignore[arg-type]
    assert "previous forecast: expected" in json.dumps(with_before)


@pytest.mark.usefixtures("trained")
def test_why_adds_up_to_the_expected_demand() -> None:
    """For the first open day from tomorrow on, and for any chosen day."""
    app = opened(store="1")
    for day in (TOMORROW, TOMORROW + timedelta(days=2)):
        app.selectbox(key="why_day").set_value(day).run()
        (waterfall,) = having(html(app), "waterfall")
        *steps, total = [int(text(label).replace("−", "-")) for label in waterfall.iter("b")]
        assert len(steps) > 1
        assert sum(steps) == total
        expected = table_of(app, "Expected").set_index("Day")["Expected"]
        assert expected[f"{day:%a} {day.day} {day:%b}"] == str(total)


def test_a_closed_day_has_no_factors(trained: House) -> None:
    """The section says that the store is closed."""
    del trained
    app = opened(store="1")
    app.selectbox(key="why_day").set_value(LAST + timedelta(days=5)).run()
    assert "Closed: no sales are expected" in words(app)


def test_without_a_track_record_the_page_shows_the_backtest_alone(trained: House) -> None:
    """No claim about published forecasts."""
    del trained
    told = words(opened(store="1"))
    assert "No track record yet: it starts with the next day of sales" in told
    assert "In the backtest: error" in told


def test_days_with_sales_are_counted_as_inside_or_outside(trained: House) -> None:
    """Beside the expected number; error and bias by days ahead."""
    trained.next_day()
    app = opened(store="1")
    assert "0 of 1 day inside the likely range, about 1 expected" in words(app)
    table = table_of(app, "Forecast made")
    assert table["Forecast made"].tolist() == ["the day before"]
    assert "too low" in table["Bias"].iloc[0]


def test_what_changed_starts_from_the_last_visit(trained: House) -> None:
    """Nothing on the first visit; then the changed days with their causes."""
    app = opened(store="1")
    assert not app.expander
    trained.clock.turn(timedelta(hours=1))
    trained.deliver("plan", [plan("1", TOMORROW, TOMORROW, is_open=0)])
    refresh(trained)
    app = opened(store="1")
    (told,) = app.expander
    assert told.label.startswith("**What changed** since your last visit (version ")
    assert "1 of 28 days changed, most Thu 4 Apr −100%; plan changed" in told.label
    table = table_of(app, "Before")
    assert table["Day"].tolist() == ["Thu 4 Apr"]
    assert table["Plan"].iloc[0] == table["Change"].iloc[0]


def test_a_review_can_be_made_and_withdrawn(trained: House) -> None:
    """For everybody; a newer forecast ends it."""
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
    refresh(trained)
    assert opened(store="1").button(key="review").label == "Mark reviewed"
