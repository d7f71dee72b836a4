"""Two hundred presses from four processes lead to one training."""

import threading
from collections import Counter
from datetime import timedelta

import pytest

from forecasting.core.domain import RunState
from tests.faults.site import Site
from tests.processes import until

PROCESSES, EACH = 4, 50


def at_once(site: Site) -> Counter[str]:
    """Everybody presses at the same moment."""
    children = site.pressers(PROCESSES, EACH)
    for child in children:
        child.go()
    return Counter(verdict for child in children for verdict in child.answer())


def test_two_hundred_presses_are_one_run(site: Site) -> None:
    """One answer says that it trains, all others that they joined; one forecast is published."""
    before, worker = site.versions(), site.worker()
    site.gate.hold()
    verdicts = at_once(site)
    assert verdicts == {"retrain": 1, "attached": PROCESSES * EACH - 1}
    until(lambda: site.run().state is RunState.RUNNING, 10, "a claimed run")
    site.gate.release()
    site.wait_for_publication(20)
    assert len(site.runs()) == 2
    assert site.versions() == before + 1
    assert worker.terminate() < 10


def test_presses_during_a_publication_train_nothing_more(site: Site) -> None:
    """A press during the publication joins the run, or the answer is that the forecast is fresh."""
    site.worker()
    site.publish_gate.touch()
    children = site.pressers(PROCESSES, EACH)
    first = site.refresh()
    reached = site.publish_gate.with_suffix(".reached")
    until(reached.exists, 20, "a publication under way")
    for child in children:
        child.go()
    threading.Event().wait(0.3)  # they have pressed, and have joined or wait for the writer
    site.publish_gate.unlink()
    verdicts = Counter(verdict for child in children for verdict in child.answer())
    site.wait_for_publication(20)
    assert set(verdicts) <= {"attached", "fresh"}
    assert verdicts.total() == PROCESSES * EACH
    assert site.run().run_id == first.run_id
    assert len(site.runs()) == 2


@pytest.mark.parametrize("lead_seconds", [0.25])
def test_presses_over_the_edge_of_the_tolerance_train_once(site: Site, lead_seconds: float) -> None:
    """Before it every answer is fresh; after it exactly one press trains."""
    site.refresh()
    worker = site.worker()
    site.wait_for_publication(20)
    assert worker.exit_code is None
    runs = len(site.runs())
    tolerance = timedelta(seconds=4)
    site.tolerance = tolerance
    children = site.pressers(PROCESSES, EACH)
    trained_at = site.head().trained_at
    with site.storage.database.reading() as connection:
        now = site.storage.database.now(connection)
    site.gate.hold()
    wait = (trained_at + tolerance - now).total_seconds() - lead_seconds
    if wait > 0:
        threading.Event().wait(wait)
    for child in children:
        child.go()
    verdicts = Counter(verdict for child in children for verdict in child.answer())
    assert verdicts["retrain"] <= 1
    assert set(verdicts) <= {"fresh", "retrain", "attached"}
    site.refresh()
    assert len(site.runs()) == runs + 1
    site.gate.release()
    site.wait_for_publication(20)
    assert len(site.runs()) == runs + 1
