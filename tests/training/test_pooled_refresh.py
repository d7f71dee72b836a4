"""Refreshes that begin with what is pooled over all stores, through the whole house."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from forecasting.calendar.inputs import all_facts, chain_hash
from forecasting.cli.refresh_commands import refresh
from forecasting.core.domain import LOCAL_USER, Answer, Principal, RefreshRun, RunState, StoreState, Verdict
from forecasting.core.errors import FitFailed, NotPermitted, UnknownRun
from forecasting.core.pooled_priors import ChainPriors
from forecasting.refresh.lifecycle import LeaseTerms
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome
from forecasting.refresh.worker import RefreshWorker
from forecasting.services.composition import compose
from tests.house import LAST, House, sales
from tests.storage.examples import LEASE, LIMIT

PLANNER = replace(LOCAL_USER, subject="p", name="Pia", roles=frozenset({"planner"}))
NORTHERNER = replace(PLANNER, name="Nora", regions=frozenset({"North"}))
NORTHERN_OPERATOR = replace(NORTHERNER, roles=frozenset({"operator"}))
DAY = timedelta(days=1)
NOBODY = replace(LOCAL_USER, roles=frozenset())


class Pooling:
    """The house with a service that pools first, and a worker that can."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.services = compose(house.history, house.storage, house.clock, house.settings, pooled=True)
        self.failure = ""
        self._worker = RefreshWorker(house.storage, self._train, house.clock, LeaseTerms(LEASE), "worker")

    def _train(self, runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        if not runs[0].of_chain:
            return self.house.training(runs, progress)
        progress(runs[0], "Pooling", 2, 2)
        error = FitFailed(self.failure) if self.failure else None
        return iter([RunOutcome(runs[0], None if error else self._pooled(runs[0]), error)])

    def _pooled(self, run: RefreshRun) -> ChainPriors:
        heads = self.house.storage.manifest.heads("sales")
        horizon, now = self.house.settings.horizon, self.house.clock.now()
        inputs = chain_hash(heads, all_facts(heads, {}, {}), horizon)
        return ChainPriors(uuid4().hex, now, run.engine, LAST, horizon, inputs, len(heads))

    def press(self, principal: Principal = LOCAL_USER, *, force: bool = False) -> list[Answer]:
        """Press Refresh all."""
        return self.services.refreshing.refresh_all(principal, force=force)

    def work(self) -> list[int]:
        """Work all that waits; return how many runs were worked together."""
        return [*iter(self._worker.run_next, 0)]


@pytest.fixture
def pooling(house: House) -> Pooling:
    """A furnished house that pools."""
    return Pooling(house)


def test_a_refresh_of_all_stores_pools_first(pooling: Pooling) -> None:
    """One run over all stores in the same batch, then the stores together."""
    chain, *stores = pooling.press()
    assert (chain.of_chain, chain.verdict) == (True, Verdict.RETRAIN)
    assert chain.message == "No shared model yet: training it for the first time"
    assert [answer.run and answer.run.store for answer in stores] == ["1", "2"]
    assert len({answer.run.batch_id for answer in [chain, *stores] if answer.run}) == 1
    assert pooling.work() == [1, 2]
    assert pooling.house.storage.chains.latest() is not None
    assert set(pooling.services.stores.states(LOCAL_USER).values()) == {StoreState.FRESH}


def test_nothing_is_pooled_twice_from_the_same_sales(pooling: Pooling) -> None:
    """Two days on the stores are trained again with the chain there is; new sales make another."""
    pooling.press()
    pooling.work()
    first = pooling.house.storage.chains.latest()
    pooling.house.clock.turn(timedelta(hours=48))
    assert [answer.of_chain for answer in pooling.press()] == [False, False]
    assert pooling.work() == [2]
    assert pooling.house.storage.chains.latest() == first
    pooling.house.next_day()
    assert pooling.press()[0].message == "There are new sales: training the shared model again"
    pooling.work()
    assert pooling.house.storage.chains.latest() != first


def test_force_pools_again(pooling: Pooling) -> None:
    """As it trains again."""
    pooling.press()
    pooling.work()
    assert pooling.press(force=True)[0].message == "Training the shared model again as asked"


def test_the_first_forecasts_alone_may_ask_for_nothing(pooling: Pooling) -> None:
    """Where every store has one, nothing is pooled either."""
    pooling.press()
    pooling.work()
    pooling.house.next_day()
    assert pooling.services.refreshing.refresh_all(LOCAL_USER, only_new=True) == []
    assert pooling.house.storage.runs.backlog() == 0


def test_stores_are_trained_although_pooling_failed(pooling: Pooling) -> None:
    """The failure is in the list of runs; no store's state is touched."""
    pooling.failure = "not one series could be pooled"
    chain = pooling.press()[0].run
    pooling.work()
    assert chain is not None
    assert pooling.services.runs.get(LOCAL_USER, chain.run_id).error == "not one series could be pooled"
    assert set(pooling.services.stores.states(LOCAL_USER).values()) == {StoreState.FRESH}


def test_a_planner_refreshes_their_stores_without_pooling(pooling: Pooling) -> None:
    """What all stores together tell is an operator's business, or the night's."""
    assert [answer.of_chain for answer in pooling.press(NORTHERNER)] == [False]
    assert pooling.work() == [1]


def test_a_press_does_not_wait_for_pooling(pooling: Pooling) -> None:
    """It moves its store's run out of the batch."""
    pooling.press()
    assert pooling.services.refreshing.refresh(PLANNER, "2").verdict is Verdict.ATTACHED
    assert pooling.work() == [1, 1, 1]
    ended = sorted(pooling.services.runs.recent(LOCAL_USER), key=lambda run: run.version or 0)
    assert [run.store for run in ended] == ["", "2", "1"]


def test_an_operator_pools_by_hand(pooling: Pooling) -> None:
    """Once, however many press; nobody else may."""
    first, second = (pooling.services.refreshing.refresh_chain(LOCAL_USER) for _ in range(2))
    assert (first.verdict, second.verdict) == (Verdict.RETRAIN, Verdict.ATTACHED)
    assert pooling.work() == [1]
    assert pooling.services.refreshing.refresh_chain(LOCAL_USER).verdict is Verdict.FRESH
    assert pooling.services.refreshing.refresh_chain(LOCAL_USER, force=True).verdict is Verdict.RETRAIN
    with pytest.raises(NotPermitted, match="Only an operator may refresh what is pooled over all stores"):
        pooling.services.refreshing.refresh_chain(PLANNER)


def test_who_sees_all_stores_sees_what_was_pooled_over_them(pooling: Pooling) -> None:
    """In the list of runs: operators, and planners of the whole chain; one store's runs are without it."""
    pooling.press()
    pooling.work()
    for principal, sees in [
        (LOCAL_USER, True),
        (PLANNER, True),
        (NORTHERN_OPERATOR, True),
        (NORTHERNER, False),
    ]:
        assert any(run.of_chain for run in pooling.services.runs.recent(principal)) is sees
        assert not any(run.of_chain for run in pooling.services.runs.recent(principal, store="1"))


def test_its_progress_is_for_everybody_with_a_role(pooling: Pooling) -> None:
    """A planner who follows a batch may ask how far it is; who has no role may not."""
    chain = pooling.press()[0].run
    assert chain is not None
    pooling.work()
    for principal in (LOCAL_USER, PLANNER, NORTHERNER):
        run = pooling.services.runs.get(principal, chain.run_id)
        assert (run.state, run.stage, run.done, run.total) == (RunState.SUCCEEDED, "Pooling", 2, 2)
    with pytest.raises(UnknownRun):
        pooling.services.runs.get(NOBODY, chain.run_id)


def test_the_queue_and_the_batch_know_stores_only(pooling: Pooling) -> None:
    """While it is pooled no store has been done."""
    pooling.press()
    pooling.house.storage.claims.claim("worker", LEASE, LIMIT, 9)
    batch = pooling.services.runs.batch(LOCAL_USER)
    assert batch is not None
    assert (batch.done, batch.total) == (0, 2)
    assert sorted(row.store for row in pooling.services.stores.queue(LOCAL_USER)) == ["1", "2"]
    assert list(pooling.services.stores.states(LOCAL_USER)) == ["1", "2"]


def test_without_pooling_nothing_changes(house: House) -> None:
    """The default, as long as nothing computes it."""
    assert [answer.of_chain for answer in house.services.refreshing.refresh_all(LOCAL_USER)] == [False, False]


def test_outdated_chains_are_pruned(pooling: Pooling) -> None:
    """With everything else; the latest stays."""
    house = pooling.house
    for _ in range(3):
        pooling.services.refreshing.refresh_chain(LOCAL_USER, force=True)
        pooling.work()
        house.clock.turn(house.settings.keep)
    latest = house.storage.chains.latest()
    house.clock.turn(timedelta(seconds=1))
    assert pooling.services.operations.prune(LOCAL_USER, dry_run=True).chains == 2
    assert pooling.services.operations.prune(LOCAL_USER).chains == 2
    assert pooling.services.operations.prune(LOCAL_USER).chains == 0
    assert house.storage.chains.latest() == latest


# -- on the command line -------------------------------------------------------------------------------


class OnTheCommandLine:
    """What ``python -m forecasting refresh --all`` works with."""

    def __init__(self, pooling: Pooling) -> None:
        self.services = pooling.services
        self.start_worker = pooling.work


@pytest.mark.parametrize("failure", ["", "not one series could be pooled"])
def test_the_command_line_waits_for_it_like_for_a_store(
    pooling: Pooling, failure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not counted among the stores; if it fails that is told, and the exit code is 1."""
    pooling.failure = failure
    storecast: Any = OnTheCommandLine(pooling)
    code = refresh(storecast, argparse.Namespace(all=True, force=False))
    told = capsys.readouterr()
    assert (code, told.out) == (int(bool(failure)), "2 retrain\n")
    assert (f"all stores: {failure}" in told.err.splitlines()) is bool(failure)
    assert "3/3" in told.err


def test_an_import_asks_for_what_is_pooled_where_there_is_none(pooling: Pooling, tmp_path: Path) -> None:
    """Once; not again while it is waited for, nor for a plan."""
    path = tmp_path / "more.csv"
    sales("1", "101", 120.0, LAST + DAY, LAST + DAY).to_csv(path, index=False)
    pooling.services.imports.import_file(LOCAL_USER, path, "sales")
    sales("2", "101", 90.0, LAST + DAY, LAST + DAY).to_csv(path, index=False)
    pooling.services.imports.import_file(LOCAL_USER, path, "sales")
    runs = [run for run in pooling.services.runs.recent(LOCAL_USER) if run.of_chain]
    assert [(run.state, run.batch_id) for run in runs] == [(RunState.QUEUED, None)]
    assert pooling.work() == [1]


@pytest.mark.parametrize(("days", "asked"), [(7, False), (8, True)])
def test_an_import_asks_again_once_it_is_a_week_of_sales_behind(
    pooling: Pooling,
    tmp_path: Path,
    days: int,
    asked: bool,  # noqa: FBT001 - a parameter
) -> None:
    """A day more than a week."""
    pooling.services.refreshing.refresh_chain(LOCAL_USER)
    pooling.work()
    path, last = tmp_path / "more.csv", LAST + days * DAY
    sales("1", "101", 120.0, LAST + DAY, last).to_csv(path, index=False)
    pooling.house.clock.turn(days * DAY)
    pooling.services.imports.import_file(LOCAL_USER, path, "sales")
    assert pooling.work() == [1] * asked


def test_the_command_line_can_ask_for_what_is_pooled_alone(pooling: Pooling) -> None:
    """Nothing is trained."""
    house = argparse.Namespace(services=pooling.services, start_worker=pooling.work)
    asked = argparse.Namespace(all=False, chain=True, store=None, force=False)
    assert refresh(house, asked) == 0  # type: ignore[arg-type] # as much of a Storecast as it needs
    (run,) = pooling.services.runs.recent(LOCAL_USER)
    assert (run.of_chain, run.state) == (True, RunState.SUCCEEDED)
