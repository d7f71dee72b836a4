"""Runs that are worked together, through the whole house: what goes wrong with one is its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecasting.core.domain import LOCAL_USER, RefreshRun, RunState, SeriesChoice, StoreState, VersionHeader
from forecasting.core.errors import ComputeLost, FitFailed
from forecasting.core.ports import Done
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
    """Stores 1, 2 and 3, to be worked in one chunk."""
    house.deliver("sales", [sales("3", "101", 60.0, FIRST, LAST)])
    return house


def worked(house: House) -> dict[str, RefreshRun]:
    """Refresh all stores together, to the end of their last attempt; the run of each."""
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


def outcome(runs: dict[str, RefreshRun]) -> dict[str, RunState]:
    """How each run ended."""
    return {store: run.state for store, run in runs.items()}


DONE, FAILED = RunState.SUCCEEDED, RunState.FAILED


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_file_is_an_error_of_its_own_store(three: House, damage: str) -> None:
    """The others of its chunk are published; the run says which file, and the store has no forecast."""
    path = sales_file(three, "2")
    if damage == "cut":
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content[: len(content) // 2])
    else:
        path.unlink()
    runs = worked(three)
    assert outcome(runs) == {"1": DONE, "2": FAILED, "3": DONE}
    assert path.name in runs["2"].error
    assert three.services.stores.states(LOCAL_USER) == {
        "1": StoreState.FRESH, "2": StoreState.FAILED, "3": StoreState.FRESH,
    }  # fmt: skip


def test_a_store_none_of_whose_series_can_be_forecast_fails_alone(three: House) -> None:
    """It has never been open; those after it in its chunk are published."""
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
    """Its import was taken back while the run waited."""
    three.services.refreshing.refresh_all(LOCAL_USER)
    three.storage.manifest.roll_back(2, "Pia", three.clock.now())
    assert three.worker.run_next() == 3
    runs = {run.store: run for run in three.storage.runs.recent(9)}
    assert outcome(runs) == {"1": DONE, "2": DONE, "3": FAILED}
    assert runs["3"].error == "store:3: expected sales history, found none"


@dataclass
class Deadly(InlineCompute):
    """Workers that die of a store's tasks, every time."""

    store: str = ""

    def run(
        self, tasks: Sequence[Task], wanted: Callable[[], bool] = lambda: True
    ) -> Iterator[Done[Task, Result]]:
        """Do one task after another, up to that store's."""
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
def test_a_store_that_kills_its_workers_takes_no_other_with_it(three: House, deadly: str) -> None:
    """Wherever in the chunk it stands; each attempt tries it, the first of them twice, and then it fails."""
    compute = Deadly(three.compute.engine_named, three.compute.reader, store=deadly)
    runs = worked(with_compute(three, compute))
    assert outcome(runs) == {store: FAILED if store == deadly else DONE for store in "123"}
    assert runs[deadly].error == f"a worker process died of store {deadly} (gave up after 3 attempts)"
    tried = [task.files.store for task in compute.tasks if isinstance(task, ForecastTask)]
    assert {store: tried.count(store) for store in "123"} == {"1": 1, "2": 1, "3": 1} | {deadly: 6}


@pytest.mark.parametrize("losses", [1, 2])
def test_workers_that_die_once_cost_no_store(three: House, losses: int) -> None:
    """What was not done yet is done again and what was done is kept; dying twice costs it an attempt."""
    three.compute.losses = losses
    runs = worked(three)
    tried = [task.files.store for task in three.compute.tasks if isinstance(task, ForecastTask)]
    assert sorted(set(tried)) == ["1", "2", "3"]
    assert set(tried[2:]) == {tried[2]}
    assert outcome(runs) == {"1": DONE, "2": DONE, "3": DONE}
    assert runs[tried[2]].attempt == losses


def test_all_stores_of_a_chunk_share_the_workers(three: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their parts are handed over together; each store is published whole."""
    monkeypatch.setattr(assignment_executor, "SERIES_PER_TASK", 2)
    assert outcome(worked(three)) == {"1": DONE, "2": DONE, "3": DONE}
    tasks = [task for task in three.compute.tasks if isinstance(task, ForecastTask)]
    assert sorted((task.files.store, task.part, task.parts) for task in tasks) == [
        ("1", 0, 2), ("1", 1, 2), ("2", 0, 1), ("3", 0, 1),
    ]  # fmt: skip
    items = three.services.forecasts.predictor(LOCAL_USER, "1").choices
    assert [choice.item for choice in items] == ["all", "101", "102"]


def test_a_training_takes_the_newest_chain_and_a_forecast_the_one_it_was_trained_with(house: House) -> None:
    """So that a newer chain makes no forecast stale."""
    now = house.clock.now()
    publish_chain(house.storage, "c-1", now - timedelta(hours=2), engine="flat")
    publish_chain(house.storage, "c-2", now - timedelta(hours=1), engine="flat")
    worked(house)
    assert house.services.forecasts.predictor(LOCAL_USER, "1").chain_id == "c-2"
    publish_chain(house.storage, "c-3", now, engine="flat")
    assert house.services.stores.states(LOCAL_USER)["1"] is StoreState.FRESH
    house.next_day()
    worked(house)
    chains = [
        task.chain.chain_id for task in house.compute.tasks if isinstance(task, ForecastTask) and task.chain
    ]
    assert set(chains) == {"c-2"}
    assert house.services.forecasts.predictor(LOCAL_USER, "1").chain_id == "c-2"
    assert house.services.stores.states(LOCAL_USER)["1"] is StoreState.FRESH


def test_a_task_carries_what_is_known_of_its_own_products_alone(house: House) -> None:
    """A chain of thousands is not sent with every store."""
    publish_chain(house.storage, "c-1", house.clock.now(), engine="flat")
    worked(house)
    (task,) = (
        task for task in house.compute.tasks if isinstance(task, ForecastTask) and task.files.store == "2"
    )
    assert task.chain is not None
    assert (task.chain.chain_id, task.chain.priors, task.chain.spreads) == ("c-1", (), ())


def test_a_kept_predictor_stays_itself_unless_something_was_chosen_anew() -> None:
    """Then it is another of the same age, with what it knew of the other products."""
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
    """It was written by newer software; the others of its chunk are rolled forward."""
    worked(three)
    three.clock.turn(timedelta(minutes=1))
    day = LAST + timedelta(days=1)
    items = [("1", "101"), ("1", "102"), ("2", "101"), ("3", "101")]
    three.deliver("sales", [sales(*key, 90.0, day, day) for key in items])
    newer = {"type": "storecast.predictor", "version": 99, "predictor": {}}
    with three.storage.database.writing() as connection:
        mine = predictor_table.c.predictor_id == _head(three, "1").predictor_id
        connection.execute(sa.update(predictor_table).where(mine).values(document=newer))
    runs = worked(three)
    assert outcome(runs) == {"1": FAILED, "2": DONE, "3": DONE}
    assert "found version 99" in runs["1"].error


def _head(house: House, store: str) -> VersionHeader:
    head = house.storage.runs.snapshots([store])[store].head
    assert head is not None
    return head
