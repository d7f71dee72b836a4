"""Stores trained together in a wired house: an error of one does not affect the others."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecasting.core.domain import LOCAL_USER, RefreshRun, RunState, SeriesChoice, StoreState, VersionHeader
from forecasting.core.errors import ComputeLost, FitFailed
from forecasting.core.ports import TaskOutcome
from forecasting.storage.tables import predictor as predictor_table
from forecasting.training import assignment_executor
from forecasting.training.assignment import with_new_choices
from forecasting.training.forecast_task import ForecastTask
from forecasting.training.tasks import Result, Task
from tests.fakes import InlineCompute
from tests.house import FIRST, LAST, House, sales
from tests.storage.examples import LEASE, LIMIT, predictor, publish_chain


@pytest.fixture
def three(house: House) -> House:
    """Stores 1, 2 and 3, whose runs are claimed together."""
    house.deliver("sales", [sales("3", "101", 60.0, FIRST, LAST)])
    return house


def refreshed(house: House) -> dict[str, RefreshRun]:
    """Refresh all stores together until their last attempts have ended; return the run of each."""
    house.services.refreshing.refresh_all(LOCAL_USER)
    waiting = house.storage.runs.backlog()
    assert house.worker.run_next() == waiting
    house.work()
    newest = {run.store: run for run in reversed(house.services.runs.recent(LOCAL_USER))}
    return {store: newest[store] for store in sorted(newest)}


def sales_file(house: House, store: str) -> Path:
    """The history file of a store's sales."""
    head = house.storage.manifest.heads("sales")[store]
    (found,) = (house.home / "history").rglob(f"*{head.content_hash}*")
    return found


def states(runs: dict[str, RefreshRun]) -> dict[str, RunState]:
    """How each run ended."""
    return {store: run.state for store, run in runs.items()}


DONE, FAILED = RunState.SUCCEEDED, RunState.FAILED


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_file_is_an_error_of_its_own_store(three: House, damage: str) -> None:
    """The others are published. The run names the file, and its store has no forecast."""
    path = sales_file(three, "2")
    if damage == "cut":
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content[: len(content) // 2])
    else:
        path.unlink()
    runs = refreshed(three)
    assert states(runs) == {"1": DONE, "2": FAILED, "3": DONE}
    assert path.name in runs["2"].error
    assert three.services.stores.states(LOCAL_USER) == {
        "1": StoreState.FRESH, "2": StoreState.FAILED, "3": StoreState.FRESH,
    }  # fmt: skip


def test_a_store_none_of_whose_series_can_be_forecast_fails_alone(three: House) -> None:
    """It has never been open; the stores after it are published."""
    three.deliver("sales", [sales("2", "101", 0.0, FIRST, LAST).assign(is_open=0, demand=0)])
    three.services.refreshing.refresh_all(LOCAL_USER)
    runs = three.storage.claims.claim("worker", LEASE, LIMIT, 9)
    runs.sort(key=lambda run: run.store != "2")
    done = {each.run.store: each for each in three.training(runs, lambda *_how_far: None)}
    assert {store: each.publication is not None for store, each in done.items()} == {
        "1": True, "2": False, "3": True,
    }  # fmt: skip
    assert isinstance(done["2"].error, FitFailed)
    assert "store 2: seasonal_naive: expected at least one open day" in str(done["2"].error)


def test_a_store_that_has_lost_its_sales_fails_alone(three: House) -> None:
    """Its import was rolled back while the run waited."""
    three.services.refreshing.refresh_all(LOCAL_USER)
    three.storage.manifest.roll_back(2, "Pia", three.clock.now())
    assert three.worker.run_next() == 3
    runs = {run.store: run for run in three.storage.runs.recent(9)}
    assert states(runs) == {"1": DONE, "2": DONE, "3": FAILED}
    assert runs["3"].error == "store:3: expected sales history, found none"


@dataclass
class DeadlyCompute(InlineCompute):
    """Workers that always die of one store's tasks."""

    store: str = ""

    def run(
        self, tasks: Sequence[Task], wanted: Callable[[], bool] = lambda: True
    ) -> Iterator[TaskOutcome[Task, Result]]:
        """Run the tasks up to that store's."""
        before = []
        for task in tasks:
            if isinstance(task, ForecastTask) and task.files.store == self.store:
                yield from super().run(before, wanted)
                self.tasks.append(task)
                raise ComputeLost(f"a worker process died of store {self.store}")
            before.append(task)
        yield from super().run(before, wanted)


def with_compute(house: House, compute: InlineCompute) -> House:
    """The same house with other workers."""
    house.compute = compute
    house.training = replace(house.training, compute=compute)
    house.worker._train = house.training
    return house


@pytest.mark.parametrize("deadly", ["1", "2", "3"])
def test_a_store_that_kills_its_workers_fails_alone(three: House, deadly: str) -> None:
    """Wherever it stands. Its first attempt tries it twice, together and alone; then it fails."""
    compute = DeadlyCompute(three.compute.engine_named, three.compute.reader, store=deadly)
    runs = refreshed(with_compute(three, compute))
    assert states(runs) == {store: FAILED if store == deadly else DONE for store in "123"}
    assert runs[deadly].error == f"a worker process died of store {deadly} (gave up after 3 attempts)"
    tried = [task.files.store for task in compute.tasks if isinstance(task, ForecastTask)]
    assert {store: tried.count(store) for store in "123"} == {"1": 1, "2": 1, "3": 1} | {deadly: 6}


@pytest.mark.parametrize("losses", [1, 2])
def test_workers_that_die_once_fail_no_store(three: House, losses: int) -> None:
    """Only unfinished work is repeated. Dying twice costs that store an attempt."""
    three.compute.losses = losses
    runs = refreshed(three)
    tried = [task.files.store for task in three.compute.tasks if isinstance(task, ForecastTask)]
    assert sorted(set(tried)) == ["1", "2", "3"]
    assert set(tried[2:]) == {tried[2]}
    assert states(runs) == {"1": DONE, "2": DONE, "3": DONE}
    assert runs[tried[2]].attempt == losses


def test_stores_claimed_together_share_the_workers(three: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their parts are run together; each store is published whole."""
    monkeypatch.setattr(assignment_executor, "SERIES_PER_TASK", 2)
    assert states(refreshed(three)) == {"1": DONE, "2": DONE, "3": DONE}
    tasks = [task for task in three.compute.tasks if isinstance(task, ForecastTask)]
    assert sorted((task.files.store, task.part, task.parts) for task in tasks) == [
        ("1", 0, 2), ("1", 1, 2), ("2", 0, 1), ("3", 0, 1),
    ]  # fmt: skip
    items = three.services.forecasts.predictor(LOCAL_USER, "1").choices
    assert [choice.item for choice in items] == ["all", "101", "102"]


def test_a_training_uses_the_newest_chain_and_an_update_the_chain_of_its_predictor(house: House) -> None:
    """So a newer chain makes no forecast stale."""
    now = house.clock.now()
    publish_chain(house.storage, "c-1", now - timedelta(hours=2), engine="flat")
    publish_chain(house.storage, "c-2", now - timedelta(hours=1), engine="flat")
    refreshed(house)
    assert house.services.forecasts.predictor(LOCAL_USER, "1").chain_id == "c-2"
    publish_chain(house.storage, "c-3", now, engine="flat")
    assert house.services.stores.states(LOCAL_USER)["1"] is StoreState.FRESH
    house.next_day()
    refreshed(house)
    chains = [
        task.chain.chain_id for task in house.compute.tasks if isinstance(task, ForecastTask) and task.chain
    ]
    assert set(chains) == {"c-2"}
    assert house.services.forecasts.predictor(LOCAL_USER, "1").chain_id == "c-2"
    assert house.services.stores.states(LOCAL_USER)["1"] is StoreState.FRESH


def test_a_task_has_the_priors_of_its_own_products_only(house: House) -> None:
    """The chain of thousands of products is not sent with every store."""
    publish_chain(house.storage, "c-1", house.clock.now(), engine="flat")
    refreshed(house)
    (task,) = (
        task for task in house.compute.tasks if isinstance(task, ForecastTask) and task.files.store == "2"
    )
    assert task.chain is not None
    assert (task.chain.chain_id, task.chain.priors, task.chain.spreads) == ("c-1", (), ())


def test_a_reused_predictor_changes_only_with_a_new_choice() -> None:
    """Then it is a new one of the same age, with the other choices unchanged."""
    kept = predictor()
    assert with_new_choices(kept, kept.choices) is kept
    assert with_new_choices(kept, kept.choices[:1]) is kept
    new = SeriesChoice("bread", "empirical", "could not be fitted")
    changed = with_new_choices(kept, [new])
    assert changed.predictor_id != kept.predictor_id
    assert changed.trained_at == kept.trained_at
    assert changed.choice_of("bread") == new
    assert [changed.choice_of(item) for item in ("all", "rolls")] == [
        kept.choice_of(item) for item in ("all", "rolls")
    ]


def test_a_store_whose_predictor_cannot_be_read_fails_alone(three: House) -> None:
    """It was written by newer software; the others are updated."""
    refreshed(three)
    three.clock.turn(timedelta(minutes=1))
    day = LAST + timedelta(days=1)
    items = [("1", "101"), ("1", "102"), ("2", "101"), ("3", "101")]
    three.deliver("sales", [sales(*key, 90.0, day, day) for key in items])
    newer = {"type": "storecast.predictor", "version": 99, "predictor": {}}
    with three.storage.database.writing() as connection:
        mine = predictor_table.c.predictor_id == _head(three, "1").predictor_id
        connection.execute(sa.update(predictor_table).where(mine).values(document=newer))
    runs = refreshed(three)
    assert states(runs) == {"1": FAILED, "2": DONE, "3": DONE}
    assert "found version 99" in runs["1"].error


def _head(house: House, store: str) -> VersionHeader:
    head = house.storage.runs.snapshots([store])[store].head
    assert head is not None
    return head
