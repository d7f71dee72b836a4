"""What every storage promises about the runs that follow others, on every database."""

from datetime import timedelta

import pytest

from forecasting.core.domain import (
    RefreshDecision,
    RefreshRequest,
    RefreshRun,
    RunState,
    StoreSnapshot,
    Verdict,
    group_scope,
)
from forecasting.storage import SqlStorage
from tests.storage.examples import (
    LIMIT,
    NOW,
    after,
    claim,
    move,
    predictor,
    press,
    publication,
    renew,
    retrain,
    running,
    turn,
)

WITHIN, PAST = timedelta(hours=47), timedelta(hours=48)
GROUP = group_scope("north")


def reforecast(_snapshot: StoreSnapshot) -> RefreshDecision:
    """A policy that always updates the forecast."""
    return RefreshDecision(Verdict.REFORECAST, "New sales")


def deliver(storage: SqlStorage, content: str, previous: str | None = None) -> None:
    """Import new sales of store 1."""
    storage.manifest.record("a.csv", "sales", "me", NOW, [move("1", content, previous)])


def forecast_of_age(storage: SqlStorage, age: timedelta) -> None:
    """Publish a forecast of store 1 whose predictor has an age at `NOW`."""
    at = NOW - age
    storage.publications.publish(running(storage, at=at), publication(trained=predictor("p-0", at)), at)


def followed(storage: SqlStorage, verdict: Verdict, scope: str = "store:1") -> RefreshRun:
    """A run that has read older sales than there are, and has a follow-up noted on it."""

    def policy(snapshot: StoreSnapshot) -> RefreshDecision:
        return retrain(snapshot) if verdict is Verdict.RETRAIN else reforecast(snapshot)

    def request(at: float) -> RefreshRequest:
        return press(at=after(at), scope=scope)

    deliver(storage, "a")
    storage.requests.submit(request(0), policy)
    run = claim(storage, "worker-1", NOW, after(30))
    assert run is not None
    deliver(storage, "b", "a")
    assert storage.requests.submit(request(1), policy).verdict is Verdict.ATTACHED
    return run


def following(storage: SqlStorage, scope: str = "store:1") -> RefreshRun:
    """The run that follows."""
    run = storage.runs.holder(scope)
    assert run is not None
    assert run.state is RunState.QUEUED
    return run


@pytest.mark.parametrize("end", ["failed", "timed out"])
def test_a_training_follows_a_training_that_failed(storage: SqlStorage, end: str) -> None:
    """The old predictor is past its tolerance: rolled forward it would serve a forecast nobody asked for."""
    forecast_of_age(storage, PAST)
    run = followed(storage, Verdict.RETRAIN)
    if end == "failed":
        storage.claims.close(run, end, "too short", after(2))
    else:
        turn(storage, NOW + 2 * LIMIT)
        renew(storage, [run], NOW + 3 * LIMIT)
    run = following(storage)
    assert run.verdict is Verdict.RETRAIN
    assert run.message.endswith("training again")
    assert run.trained_before == NOW - PAST


def test_the_first_training_of_a_store_is_followed_by_a_training_if_it_fails(storage: SqlStorage) -> None:
    """There is nothing to roll forward yet."""
    run = followed(storage, Verdict.RETRAIN)
    storage.claims.close(run, "failed", "too short", after(2))
    assert following(storage).verdict is Verdict.RETRAIN


def test_a_training_that_succeeded_is_followed_by_a_reforecast(storage: SqlStorage) -> None:
    """Its predictor is new."""
    forecast_of_age(storage, PAST)
    run = followed(storage, Verdict.RETRAIN)
    storage.publications.publish(run, publication(trained=predictor("p-1", after(2))), after(2))
    assert following(storage).verdict is Verdict.REFORECAST


@pytest.mark.parametrize(("age", "verdict"), [(WITHIN, Verdict.REFORECAST), (PAST, Verdict.RETRAIN)])
@pytest.mark.parametrize("end", ["failed", "succeeded"])
def test_the_age_of_the_predictor_decides_what_follows_a_reforecast(
    storage: SqlStorage, age: timedelta, verdict: Verdict, end: str
) -> None:
    """A reforecast leaves the predictor as old as it was."""
    forecast_of_age(storage, age)
    storage.claims.close(followed(storage, Verdict.REFORECAST), end, "", after(2))
    assert following(storage).verdict is verdict


def test_a_follow_up_is_judged_by_the_training_before_it(storage: SqlStorage) -> None:
    """And not by the one the run before it replaced."""
    forecast_of_age(storage, PAST)
    trained = publication(trained=predictor("p-1", after(2)))
    storage.publications.publish(followed(storage, Verdict.RETRAIN), trained, after(2))
    run = claim(storage, "worker-1", after(3), after(33))
    assert run is not None
    deliver(storage, "c", "b")
    storage.requests.submit(press(at=after(4)), retrain)
    storage.publications.publish(run, trained, after(5))
    assert following(storage).verdict is Verdict.REFORECAST


@pytest.mark.parametrize(("age", "verdict"), [(WITHIN, Verdict.REFORECAST), (PAST, Verdict.RETRAIN)])
def test_a_group_is_judged_by_the_newest_training_of_its_own(
    storage: SqlStorage, age: timedelta, verdict: Verdict
) -> None:
    """A predictor of another scope does not count."""
    at = NOW - age
    forecast_of_age(storage, timedelta(seconds=9))
    storage.requests.submit(press("2", at, scope=GROUP), retrain)
    run = claim(storage, "worker-1", at, at + timedelta(seconds=30))
    assert run is not None
    storage.publications.publish_group(run, [publication("2", trained=predictor("p-2", at))], "", at)
    storage.claims.close(followed(storage, Verdict.REFORECAST, GROUP), "failed", "", after(2))
    assert following(storage, GROUP).verdict is verdict
