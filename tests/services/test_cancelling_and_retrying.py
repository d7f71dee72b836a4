"""Cancelling runs and asking again for what failed, as planners do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from forecasting.core.domain import LOCAL_USER, Principal, RefreshRun, RunState, StoreState, Verdict
from forecasting.core.errors import InvalidRequest, NotPermitted, UnknownRun
from forecasting.refresh.lifecycle import ATTEMPTS
from forecasting.services.composition import compose
from tests.house import House
from tests.storage.examples import LEASE, LIMIT

ANA = Principal("ana", "Ana", frozenset({"planner"}), regions=frozenset({"North"}))
BEN = replace(ANA, subject="ben", name="Ben", regions=frozenset({"South"}))


def asked(house: House, store: str = "1") -> RefreshRun:
    """A run somebody asked for."""
    run = house.services.refreshing.refresh(LOCAL_USER, store).run
    assert run is not None
    return run


@pytest.mark.parametrize("running", [False, True])
def test_a_planner_cancels_a_run_of_their_store(house: House, *, running: bool) -> None:
    """Queued or under way; it says who did it, and the store is as it was before."""
    run = asked(house)
    if running:
        house.storage.claims.claim("worker", LEASE, LIMIT)
    ended = house.services.refreshing.cancel(ANA, run.run_id)
    assert (ended.state, ended.error) == (RunState.CANCELLED, "Cancelled by Ana")
    assert house.services.stores.freshness(ANA, "1").state is StoreState.NONE
    assert house.work() == 0


def test_the_last_good_forecast_stays_after_a_cancellation(house: House) -> None:
    """The store is neither failed nor running."""
    asked(house)
    house.work()
    before = house.services.stores.freshness(ANA, "1").header
    house.clock.turn(timedelta(hours=48))
    house.services.refreshing.cancel(ANA, asked(house).run_id)
    now = house.services.stores.freshness(ANA, "1")
    assert (now.header, now.state) == (before, StoreState.STALE)
    assert asked(house).verdict is Verdict.RETRAIN


def test_a_run_that_has_ended_cannot_be_cancelled(house: House) -> None:
    """The refusal says how it ended."""
    run = asked(house)
    house.work()
    with pytest.raises(
        InvalidRequest, match="store 1: expected a run that has not ended, found it succeeded"
    ):
        house.services.refreshing.cancel(ANA, run.run_id)


def test_a_run_of_another_region_does_not_exist(house: House) -> None:
    """Neither to be cancelled nor to be asked for again."""
    run = asked(house)
    for act in (house.services.refreshing.cancel, house.services.refreshing.retry):
        with pytest.raises(UnknownRun):
            act(BEN, run.run_id)


def test_the_run_over_all_stores_is_the_operators(house: House) -> None:
    """A planner sees it and may not end it."""
    services = compose(house.history, house.storage, house.clock, house.settings, pooled=True)
    run = services.refreshing.refresh_chain(LOCAL_USER).run
    assert run is not None
    with pytest.raises(NotPermitted, match="cancel what concerns many stores"):
        services.refreshing.cancel(ANA, run.run_id)
    assert services.refreshing.cancel(LOCAL_USER, run.run_id).state is RunState.CANCELLED
    assert services.refreshing.retry(LOCAL_USER, run.run_id).verdict is Verdict.RETRAIN


def test_what_failed_is_asked_for_again(house: House) -> None:
    """With the verdict it had; once, however many ask."""
    house.compute.losses = 2 * ATTEMPTS
    failed = asked(house)
    house.work()
    answer, second = (house.services.refreshing.retry(ANA, failed.run_id) for _ in range(2))
    assert (answer.verdict, answer.message) == (
        Verdict.RETRAIN,
        "Trying again what failed before, as asked",
    )
    assert second.verdict is Verdict.ATTACHED
    house.work()
    assert house.services.stores.freshness(ANA, "1").state is StoreState.FRESH


def test_what_was_cancelled_is_asked_for_again(house: House) -> None:
    """Also a training that no tolerance would ask for."""
    asked(house)
    house.work()
    forced = house.services.refreshing.refresh(LOCAL_USER, "1", force=True).run
    assert forced is not None
    house.services.refreshing.cancel(ANA, forced.run_id)
    assert house.services.refreshing.retry(ANA, forced.run_id).verdict is Verdict.RETRAIN


def test_what_went_well_or_is_under_way_is_not(house: House) -> None:
    """There is nothing to try again."""
    run = asked(house)
    for state in ("queued", "succeeded"):
        with pytest.raises(InvalidRequest, match=f"found it {state}"):
            house.services.refreshing.retry(ANA, run.run_id)
        house.work()


def test_first_forecasts_that_were_cancelled_are_not_asked_for_at_the_next_start(house: House) -> None:
    """Somebody did not want them."""
    house.services.refreshing.cancel(LOCAL_USER, asked(house).run_id)
    answers = house.services.refreshing.refresh_all(LOCAL_USER, only_new=True)
    assert [answer.run.store for answer in answers if answer.run] == ["2"]
