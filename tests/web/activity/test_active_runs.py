"""Cancelling and trying again, on the page Activity."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from forecasting.core.domain import LOCAL_USER, RefreshRun, RunState, StoreState
from forecasting.refresh.lifecycle import ATTEMPTS
from tests.house import House
from tests.storage.examples import LEASE, LIMIT
from tests.web.activity.test_activity_page import ACTIVITY
from tests.web.drawn import tiles
from tests.web.test_pages import opened, words
from web.shared import access


@pytest.fixture
def served(house: House) -> Iterator[House]:
    """A house with two stores behind the pages."""
    access.install(house.services)
    yield house
    access.uninstall()


def asked(house: House) -> RefreshRun:
    """A run somebody asked for."""
    run = house.services.refreshing.refresh(LOCAL_USER, "1").run
    assert run is not None
    return run


def pressed(app: AppTest, key: str) -> AppTest:
    """The page after a button was pressed."""
    after = app.button(key=key).click().run()
    assert not after.exception
    return after


def progress(app: AppTest) -> list[str]:
    """What stands beside the bars."""
    return [bar.proto.text for bar in app.get("progress")]


def test_an_active_run_shows_its_progress_and_can_be_cancelled(served: House) -> None:
    """With the time that is left; afterwards it stands there as cancelled, to be tried again."""
    run = asked(served)
    (held,) = served.storage.claims.claim("worker", LEASE, LIMIT)
    served.storage.claims.progress(held, "Training", 1, 3)
    served.clock.turn(timedelta(seconds=10))
    app = opened(ACTIVITY)
    assert progress(app) == ["Store 1 – Training: 1 of 3 series, about 20 s left, requested by Local user"]
    app = pressed(app, f"cancel-{run.run_id}")
    assert served.services.runs.get(LOCAL_USER, run.run_id).state is RunState.CANCELLED
    assert "Store 1 – Cancelled by Local user" in words(app)
    app = pressed(app, f"retry-{run.run_id}")
    assert progress(app) == ["Store 1 – Waiting to start, requested by Local user"]


def test_a_failed_run_shows_its_reason_and_can_be_tried_again(served: House) -> None:
    """Until another has followed it."""
    served.compute.losses = 2 * ATTEMPTS
    run = asked(served)
    served.work()
    app = opened(ACTIVITY)
    assert "Store 1 – Failed: a worker process died (gave up after 3 attempts)" in words(app)
    pressed(app, f"retry-{run.run_id}")
    served.work()
    assert served.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
    assert not [button for button in opened(ACTIVITY).button if button.key == f"retry-{run.run_id}"]


def test_a_waiting_run_shows_why_and_until_when(served: House) -> None:
    """On the page Activity and on that of the store, which keeps its forecast."""
    asked(served)
    served.work()
    served.clock.turn(timedelta(hours=48))
    asked(served)
    (held,) = served.storage.claims.claim("worker", LEASE, LIMIT)
    served.storage.claims.postpone(held, "a worker process died", timedelta(seconds=12))
    told = "Attempt 1 of 3 failed, trying again in 12 s: a worker process died"
    assert progress(opened(ACTIVITY)) == [f"Store 1 – {told}"]
    page = opened(store="1")
    assert f"{told}. The forecast below is the last good one." in words(page)
    assert len(tiles(page)) == 4


def test_what_ended_meanwhile_is_said(served: House) -> None:
    """A button of a page that was open for a while does nothing it should not."""
    run = asked(served)
    app = opened(ACTIVITY)
    served.work()
    app = pressed(app, f"cancel-{run.run_id}")
    assert "store 1: expected a run that has not ended, found it succeeded" in words(app)


def test_a_refresh_of_all_stores_can_be_cancelled(served: House) -> None:
    """Published forecasts stay; the remaining runs do not start."""
    served.services.refreshing.refresh_all(LOCAL_USER)
    batch = served.services.runs.batch(LOCAL_USER)
    assert batch is not None
    app = opened(ACTIVITY)
    assert progress(app) == ["Refreshing: 0 of 2 stores, requested by Local user"]
    pressed(app, f"cancel-{batch.batch_id}")
    assert served.work() == 0
    assert served.services.runs.batch(LOCAL_USER) is None


def test_a_press_with_newer_sales_is_promised_another_run(served: House) -> None:
    """The strip says that one follows."""
    asked(served)
    (held,) = served.storage.claims.claim("worker", LEASE, LIMIT)
    served.storage.claims.progress(held, "Training", 0, 3)
    served.next_day()
    answer = served.services.refreshing.refresh(LOCAL_USER, "1")
    assert answer.message.endswith("so another follows it")
    (words,) = progress(opened(ACTIVITY))
    assert words.startswith("Store 1 – Training: 0 of 3 series, requested by Local user, ")
    assert words.endswith(", another run with newer sales or plan follows")
