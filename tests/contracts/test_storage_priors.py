"""What every `ports.Storage` promises about what is pooled over all stores, on every database."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from forecasting.core.domain import RefreshDecision, RunState, Verdict
from forecasting.core.errors import InvalidRequest, LeaseLost, StorageError
from forecasting.core.pooled_priors import CoefficientPrior, PooledPrior
from forecasting.core.ports import OutdatedRecords
from forecasting.storage import SqlStorage
from tests.storage.examples import (
    CUTOFF,
    NOW,
    after,
    chain,
    claim,
    pooling,
    predictor,
    press_chain,
    publication,
    publish,
    publish_chain,
    running,
)

Open = Callable[[], SqlStorage]
DAY = 86_400


def test_at_first_nothing_is_pooled(storage: SqlStorage) -> None:
    """None, not an error; an id made up is one."""
    assert storage.chains.latest() is None
    with pytest.raises(InvalidRequest, match="expected the id of a stored chain, found 'c-77'"):
        storage.chains.get("c-77")


def test_a_published_chain_can_be_read(open_storage: Open) -> None:
    """It comes back equal over another connection, and its run has ended."""
    run = pooling(open_storage())
    open_storage().claims.progress(run, "Pooling", 3, 4)
    open_storage().publications.publish_chain(run, chain(), after(9))
    reader = open_storage()
    assert reader.chains.latest() == reader.chains.get("c-1") == chain()
    ended = reader.runs.get(run.run_id)
    assert ended is not None
    assert (ended.state, ended.finished_at, ended.version) == (RunState.SUCCEEDED, after(9), None)
    assert (ended.stage, ended.done, ended.total) == ("Pooling", 4, 4)


def test_the_latest_is_the_one_computed_last(storage: SqlStorage) -> None:
    """Whatever its name; the others are still there."""
    first, second = publish_chain(storage, "z", NOW), publish_chain(storage, "a", after(1), stores=3)
    assert storage.chains.latest() == second
    assert storage.chains.get("z") == first


def test_a_stale_worker_publishes_no_chain(storage: SqlStorage) -> None:
    """The worker that took the run over goes on."""
    stale = pooling(storage)
    held = claim(storage, "worker-2", after(31), after(61))
    assert held is not None
    with pytest.raises(LeaseLost, match="all stores: expected run"):
        storage.publications.publish_chain(stale, chain(), after(32))
    assert storage.chains.latest() is None
    storage.publications.publish_chain(held, chain(), after(33))
    assert storage.chains.latest() == chain()


def test_a_coefficient_that_is_no_number_is_refused(storage: SqlStorage) -> None:
    """What JSON can't hold is not stored as something else; the run stays with its worker."""
    run = pooling(storage)
    broken = PooledPrior("bread", CUTOFF, 2, {"promo": CoefficientPrior(float("nan"), 1.0)})
    with pytest.raises(StorageError, match="not JSON compliant"):
        storage.publications.publish_chain(run, chain(priors=(broken,)), after(1))
    assert storage.chains.latest() is None
    assert storage.runs.get(run.run_id) == run


def test_a_chain_never_changes(storage: SqlStorage) -> None:
    """An id is used once."""
    publish_chain(storage)
    with pytest.raises(StorageError, match="refused by the database"):
        storage.publications.publish_chain(pooling(storage, after(1)), chain(stores=9), after(1))
    assert storage.chains.get("c-1") == chain()


def test_a_predictor_knows_its_chain(storage: SqlStorage) -> None:
    """And so does the header of each of its versions; one without says so."""
    publish_chain(storage)
    with_chain = replace(predictor("p-2"), chain_id="c-1")
    header = storage.publications.publish(running(storage), publication(trained=with_chain), after(1))
    assert header.chain_id == "c-1"
    assert storage.versions.header(header.version) == header
    assert storage.runs.snapshots()["1"].head == header
    assert storage.versions.predictor("p-2") == with_chain
    assert publish(storage, "2").chain_id == ""


def test_a_predictor_of_an_unknown_chain_is_refused(storage: SqlStorage) -> None:
    """Nothing is published that can't be explained later."""
    run = running(storage)
    with pytest.raises(StorageError, match=r"refused by the database: (?i:.*foreign key)"):
        storage.publications.publish(
            run, publication(trained=replace(predictor(), chain_id="c-77")), after(1)
        )
    assert storage.runs.get(run.run_id) == run


def test_a_press_is_decided_on_the_latest_chain(storage: SqlStorage) -> None:
    """None where there is none yet; where the policy finds it fresh no run is left."""
    seen = []

    def decide(latest: object) -> RefreshDecision:
        seen.append(latest)
        return RefreshDecision(Verdict.FRESH, "Of the newest sales")

    storage.requests.submit_chain(press_chain(), decide)
    made = publish_chain(storage, at=after(1))
    answer = storage.requests.submit_chain(press_chain(after(2)), decide)
    assert seen == [None, made]
    assert (answer.verdict, answer.message, answer.run) == (Verdict.FRESH, "Of the newest sales", None)
    assert len(storage.runs.recent(9)) == 1


def test_a_second_press_joins_the_run_over_all_stores(storage: SqlStorage) -> None:
    """The policy isn't asked."""

    def unasked(_latest: object) -> RefreshDecision:
        raise AssertionError

    run = pooling(storage)
    answer = storage.requests.submit_chain(press_chain(after(12)), unasked)
    assert (answer.verdict, answer.run, answer.is_chain_run) == (Verdict.ATTACHED, run, True)
    assert answer.message == "Already running, asked 12 s ago by Local user: this press joined it"


def test_a_run_over_all_stores_is_no_store(storage: SqlStorage) -> None:
    """Neither while it is active nor afterwards; the list of runs and the backlog have it."""
    run = pooling(storage)
    assert storage.runs.snapshots() == {}
    assert storage.runs.backlog() == 1
    storage.claims.close(run, "failed", "no sales", after(1))
    assert storage.runs.snapshots() == storage.runs.snapshots([""]) == {}
    assert [each.run_id for each in storage.runs.recent(9)] == [run.run_id]


# -- retention -----------------------------------------------------------------------------------------


def outdated(storage: SqlStorage, days: float) -> tuple[str, ...]:
    """Chains that are outdated that many days after `NOW`."""
    return storage.retention.outdated(1, after(days * DAY)).chains


def test_a_chain_goes_once_it_has_been_replaced_for_long(storage: SqlStorage) -> None:
    """Its time counts from when the next one came; the latest stays for ever."""
    for day, name in enumerate("abc"):
        publish_chain(storage, name, after(day * DAY))
    assert outdated(storage, 1) == ()
    assert outdated(storage, 1.5) == ("a",)
    assert outdated(storage, 99) == ("a", "b")
    assert storage.retention.remove_chains(("a", "b", "c")) == 2
    assert storage.chains.latest() == chain("c", after(2 * DAY))
    with pytest.raises(InvalidRequest):
        storage.chains.get("a")


def test_a_chain_stays_as_long_as_a_predictor_was_trained_with_it(storage: SqlStorage) -> None:
    """It is outdated together with the last of them, and goes after it."""
    for day, name in enumerate("ab"):
        publish_chain(storage, name, after(day * DAY))
    trained = replace(predictor("p-a"), chain_id="a")
    storage.publications.publish(running(storage, at=after(2)), publication(trained=trained), after(2))
    assert outdated(storage, 99) == ()
    assert storage.retention.remove_chains(("a",)) == 0
    publish(storage, at=after(DAY))
    assert outdated(storage, 99) == ("a",)
    assert storage.retention.remove_chains(("a",)) == 0
    everything = storage.retention.outdated(1, after(99 * DAY))
    assert everything == OutdatedRecords((1,), ("p-a",), everything.runs, (), ("a",))
    storage.retention.remove_versions(everything.versions)
    storage.retention.remove_predictors(everything.predictors)
    assert storage.retention.remove_chains(everything.chains) == 1


def test_the_newest_run_over_all_stores_stays(storage: SqlStorage) -> None:
    """It tells when and why it was pooled last; older ones go."""
    for day, name in enumerate("abc"):
        publish_chain(storage, name, after(day * DAY))
    runs = [run.run_id for run in storage.runs.recent(9)]
    going = storage.retention.outdated(1, after(99 * DAY)).runs
    assert sorted(going) == sorted(runs[1:])
    assert storage.retention.remove_runs(going) == 2
