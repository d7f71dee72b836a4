"""Refreshes that train the model shared by all stores first, in a wired house."""

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
from forecasting.core.domain import (
    LOCAL_USER,
    Principal,
    RefreshAnswer,
    RefreshRun,
    RunState,
    StoreState,
    Verdict,
)
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


class PooledHouse:
    """A house whose refreshes train the shared model first, and a worker for them."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.services = compose(house.history, house.storage, house.clock, house.settings, pooled=True)
        self.failure = ""
        self._worker = RefreshWorker(house.storage, self._train, house.clock, LeaseTerms(LEASE), "worker")

    def _train(self, runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        if not runs[0].is_chain_run:
            return self.house.training(runs, progress)
        progress(runs[0], "Training the shared model", 2, 2)
        error = FitFailed(self.failure) if self.failure else None
        return iter([RunOutcome(runs[0], None if error else self._pooled(runs[0]), error)])

    def _pooled(self, run: RefreshRun) -> ChainPriors:
        heads = self.house.storage.manifest.heads("sales")
        horizon, now = self.house.settings.horizon, self.house.clock.now()
        inputs = chain_hash(heads, all_facts(heads, {}, {}), horizon)
        return ChainPriors(uuid4().hex, now, run.engine, LAST, horizon, inputs, len(heads))

    def press(self, principal: Principal = LOCAL_USER, *, force: bool = False) -> list[RefreshAnswer]:
        """Press Refresh all."""
        return self.services.refreshing.refresh_all(principal, force=force)

    def work(self) -> list[int]:
        """Do all waiting runs; return how many were claimed together, in order."""
        return [*iter(self._worker.run_next, 0)]


@pytest.fixture
def pooled_house(house: House) -> PooledHouse:
    """A furnished house that trains the shared model."""
    return PooledHouse(house)


def test_a_refresh_of_all_stores_trains_the_shared_model_first(pooled_house: PooledHouse) -> None:
    """One run for it in the same batch, then the stores together."""
    chain, *stores = pooled_house.press()
    assert (chain.is_chain_run, chain.verdict) == (True, Verdict.RETRAIN)
    assert chain.message == "No shared model yet: training it for the first time"
    assert [answer.run and answer.run.store for answer in stores] == ["1", "2"]
    assert len({answer.run.batch_id for answer in [chain, *stores] if answer.run}) == 1
    assert pooled_house.work() == [1, 2]
    assert pooled_house.house.storage.chains.latest() is not None
    assert set(pooled_house.services.stores.states(LOCAL_USER).values()) == {StoreState.FRESH}


def test_the_shared_model_is_not_trained_twice_from_the_same_sales(pooled_house: PooledHouse) -> None:
    """Two days later the stores are trained again with the same chain; new sales make another."""
    pooled_house.press()
    pooled_house.work()
    first = pooled_house.house.storage.chains.latest()
    pooled_house.house.clock.turn(timedelta(hours=48))
    assert [answer.is_chain_run for answer in pooled_house.press()] == [False, False]
    assert pooled_house.work() == [2]
    assert pooled_house.house.storage.chains.latest() == first
    pooled_house.house.next_day()
    assert pooled_house.press()[0].message == "There are new sales: training the shared model again"
    pooled_house.work()
    assert pooled_house.house.storage.chains.latest() != first


def test_force_trains_the_shared_model_again(pooled_house: PooledHouse) -> None:
    """As it trains the stores again."""
    pooled_house.press()
    pooled_house.work()
    assert pooled_house.press(force=True)[0].message == "Training the shared model again as asked"


def test_first_forecasts_need_nothing_if_every_store_has_one(pooled_house: PooledHouse) -> None:
    """The shared model is not trained either."""
    pooled_house.press()
    pooled_house.work()
    pooled_house.house.next_day()
    assert pooled_house.services.refreshing.refresh_all(LOCAL_USER, only_new=True) == []
    assert pooled_house.house.storage.runs.backlog() == 0


def test_stores_are_trained_although_the_shared_model_failed(pooled_house: PooledHouse) -> None:
    """The list of runs has the failure; no store's state is affected."""
    pooled_house.failure = "not one series could be pooled"
    chain = pooled_house.press()[0].run
    pooled_house.work()
    assert chain is not None
    assert pooled_house.services.runs.get(LOCAL_USER, chain.run_id).error == "not one series could be pooled"
    assert set(pooled_house.services.stores.states(LOCAL_USER).values()) == {StoreState.FRESH}


def test_a_planner_refreshes_stores_without_the_shared_model(pooled_house: PooledHouse) -> None:
    """Operators and the nightly refresh train it."""
    assert [answer.is_chain_run for answer in pooled_house.press(NORTHERNER)] == [False]
    assert pooled_house.work() == [1]


def test_a_press_does_not_wait_for_the_shared_model(pooled_house: PooledHouse) -> None:
    """It moves its store's run out of the batch."""
    pooled_house.press()
    assert pooled_house.services.refreshing.refresh(PLANNER, "2").verdict is Verdict.ATTACHED
    assert pooled_house.work() == [1, 1, 1]
    ended = sorted(pooled_house.services.runs.recent(LOCAL_USER), key=lambda run: run.version or 0)
    assert [run.store for run in ended] == ["", "2", "1"]


def test_an_operator_can_train_the_shared_model_alone(pooled_house: PooledHouse) -> None:
    """Once, however many press; nobody else may."""
    first, second = (pooled_house.services.refreshing.refresh_chain(LOCAL_USER) for _ in range(2))
    assert (first.verdict, second.verdict) == (Verdict.RETRAIN, Verdict.ATTACHED)
    assert pooled_house.work() == [1]
    assert pooled_house.services.refreshing.refresh_chain(LOCAL_USER).verdict is Verdict.FRESH
    assert pooled_house.services.refreshing.refresh_chain(LOCAL_USER, force=True).verdict is Verdict.RETRAIN
    with pytest.raises(NotPermitted, match="Only an operator may refresh what is pooled over all stores"):
        pooled_house.services.refreshing.refresh_chain(PLANNER)


def test_everyone_who_sees_all_stores_sees_runs_of_the_shared_model(pooled_house: PooledHouse) -> None:
    """In the list of runs: operators, and planners of all stores; not in the list of one store."""
    pooled_house.press()
    pooled_house.work()
    for principal, sees in [
        (LOCAL_USER, True),
        (PLANNER, True),
        (NORTHERN_OPERATOR, True),
        (NORTHERNER, False),
    ]:
        assert any(run.is_chain_run for run in pooled_house.services.runs.recent(principal)) is sees
        assert not any(run.is_chain_run for run in pooled_house.services.runs.recent(principal, store="1"))


def test_everybody_with_a_role_sees_its_progress(pooled_house: PooledHouse) -> None:
    """A planner who follows a batch needs it; users without a role may not read it."""
    chain = pooled_house.press()[0].run
    assert chain is not None
    pooled_house.work()
    for principal in (LOCAL_USER, PLANNER, NORTHERNER):
        run = pooled_house.services.runs.get(principal, chain.run_id)
        assert (run.state, run.stage, run.done, run.total) == (
            RunState.SUCCEEDED,
            "Training the shared model",
            2,
            2,
        )
    with pytest.raises(UnknownRun):
        pooled_house.services.runs.get(NOBODY, chain.run_id)


def test_the_queue_and_the_batch_count_only_stores(pooled_house: PooledHouse) -> None:
    """While the shared model is trained, no store is done."""
    pooled_house.press()
    pooled_house.house.storage.claims.claim("worker", LEASE, LIMIT, 9)
    batch = pooled_house.services.runs.batch(LOCAL_USER)
    assert batch is not None
    assert (batch.done, batch.total) == (0, 2)
    assert sorted(row.store for row in pooled_house.services.stores.queue(LOCAL_USER)) == ["1", "2"]
    assert list(pooled_house.services.stores.states(LOCAL_USER)) == ["1", "2"]


def test_without_a_shared_model_only_stores_are_refreshed(house: House) -> None:
    """As it is by default."""
    assert [answer.is_chain_run for answer in house.services.refreshing.refresh_all(LOCAL_USER)] == [
        False,
        False,
    ]


def test_outdated_chains_are_pruned(pooled_house: PooledHouse) -> None:
    """The newest stays."""
    house = pooled_house.house
    for _ in range(3):
        pooled_house.services.refreshing.refresh_chain(LOCAL_USER, force=True)
        pooled_house.work()
        house.clock.turn(house.settings.keep)
    latest = house.storage.chains.latest()
    house.clock.turn(timedelta(seconds=1))
    assert pooled_house.services.operations.prune(LOCAL_USER, dry_run=True).chains == 2
    assert pooled_house.services.operations.prune(LOCAL_USER).chains == 2
    assert pooled_house.services.operations.prune(LOCAL_USER).chains == 0
    assert house.storage.chains.latest() == latest


# -- on the command line -------------------------------------------------------------------------------


class CommandLineHouse:
    """The parts of the wired house that ``python -m forecasting refresh --all`` uses."""

    def __init__(self, pooled_house: PooledHouse) -> None:
        self.services = pooled_house.services
        self.start_worker = pooled_house.work


@pytest.mark.parametrize("failure", ["", "not one series could be pooled"])
def test_the_command_line_waits_for_the_shared_model(
    pooled_house: PooledHouse, failure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not counted as a store. If it fails, the output says so and the exit code is 1."""
    pooled_house.failure = failure
    storecast: Any = CommandLineHouse(pooled_house)
    code = refresh(storecast, argparse.Namespace(all=True, force=False))
    told = capsys.readouterr()
    assert (code, told.out) == (int(bool(failure)), "2 retrain\n")
    assert (f"all stores: {failure}" in told.err.splitlines()) is bool(failure)
    assert "3/3" in told.err


def test_a_first_import_requests_the_shared_model(pooled_house: PooledHouse, tmp_path: Path) -> None:
    """Once: not again while that waits."""
    path = tmp_path / "more.csv"
    sales("1", "101", 120.0, LAST + DAY, LAST + DAY).to_csv(path, index=False)
    pooled_house.services.imports.import_file(LOCAL_USER, path, "sales")
    sales("2", "101", 90.0, LAST + DAY, LAST + DAY).to_csv(path, index=False)
    pooled_house.services.imports.import_file(LOCAL_USER, path, "sales")
    runs = [run for run in pooled_house.services.runs.recent(LOCAL_USER) if run.is_chain_run]
    assert [(run.state, run.batch_id) for run in runs] == [(RunState.QUEUED, None)]
    assert pooled_house.work() == [1]


@pytest.mark.parametrize(("days", "asked"), [(7, False), (8, True)])
def test_an_import_requests_the_shared_model_once_it_is_a_week_behind(
    pooled_house: PooledHouse,
    tmp_path: Path,
    days: int,
    asked: bool,  # noqa: FBT001 - a parameter
) -> None:
    """From one day more than a week."""
    pooled_house.services.refreshing.refresh_chain(LOCAL_USER)
    pooled_house.work()
    path, last = tmp_path / "more.csv", LAST + days * DAY
    sales("1", "101", 120.0, LAST + DAY, last).to_csv(path, index=False)
    pooled_house.house.clock.turn(days * DAY)
    pooled_house.services.imports.import_file(LOCAL_USER, path, "sales")
    assert pooled_house.work() == [1] * asked


def test_the_command_line_can_train_the_shared_model_alone(pooled_house: PooledHouse) -> None:
    """No store is trained."""
    house = argparse.Namespace(services=pooled_house.services, start_worker=pooled_house.work)
    asked = argparse.Namespace(all=False, chain=True, store=None, force=False)
    assert refresh(house, asked) == 0  # type: ignore[arg-type] # as much of a Storecast as it needs
    (run,) = pooled_house.services.runs.recent(LOCAL_USER)
    assert (run.is_chain_run, run.state) == (True, RunState.SUCCEEDED)
