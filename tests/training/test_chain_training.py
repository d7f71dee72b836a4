import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, HistoryFile, RefreshRun, RunState, Verdict
from forecasting.core.errors import ComputeLost, EngineUnavailable, StateUnavailable, UnknownSeries
from forecasting.core.pooled_priors import CHAIN, ChainPriors, PooledPrior
from forecasting.core.ports import LocalEngine, StoreAttributes
from forecasting.engines import registry
from forecasting.evaluation.candidate_engines import EngineNamed
from forecasting.refresh.run_outcome import RunOutcome
from forecasting.training import chain_training
from forecasting.training.chain_training import ChainTraining, even_sample
from forecasting.training.pooling_tasks import PoolTask, SpreadTask
from tests.fakes import FlatEngine, InlineCompute, TurnedClock, engines
from tests.house import House
from tests.pooling import PoolableEngine
from tests.series import START, daily_series
from tests.stores import HistoryShelf

HORIZON = 28
DAYS = 200
LAST = (START + timedelta(days=DAYS - 1)).date()
CUTOFFS = tuple(LAST - timedelta(days=28 * back) for back in (4, 3, 2, 1))
RUN = RefreshRun(
    "r", CHAIN, "", Verdict.RETRAIN, "", RunState.RUNNING, "Pia", datetime(2018, 1, 1, tzinfo=UTC), "pooling"
)


@dataclass
class Manifest:
    """Heads and attributes in memory, as `ports.Manifest` returns them."""

    sales: dict[str, HistoryFile] = field(default_factory=dict)
    known: dict[str, StoreAttributes] = field(default_factory=dict)

    def heads(self, kind: str) -> dict[str, HistoryFile]:
        """No store has a plan."""
        return self.sales if kind == "sales" else {}

    def attributes(self) -> dict[str, StoreAttributes]:
        """The attributes of each store that has any."""
        return self.known


@dataclass
class Checkpoints:
    """Checkpoints in memory, as `ports.Checkpoints` stores them."""

    saved: dict[str, bytes] = field(default_factory=dict)

    def read(self, _run: RefreshRun) -> dict[str, bytes]:
        """Return all of them."""
        return dict(self.saved)

    def save(self, _run: RefreshRun, results: Mapping[str, bytes]) -> None:
        """Add some."""
        self.saved.update(results)


@dataclass
class Stores:
    """A chain of stores in memory, and what pools over it, which looks at `manifest` and `checkpoints`."""

    engine_named: EngineNamed = field(default_factory=lambda: PoolableEngine().named)
    settings: Settings = field(default_factory=lambda: Settings(engine="pooling"))
    shelf: HistoryShelf = field(default_factory=HistoryShelf)
    manifest: Manifest = field(default_factory=Manifest)
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    told: list[tuple[str, int, int]] = field(default_factory=list)
    from_checked_frame: bool = False

    def __post_init__(self) -> None:
        self.compute = InlineCompute(self.engine_named, self.shelf)

    def open(self, count: int, of: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame) -> "Stores":
        """Add stores with one product each, open every day."""
        for number in range(count):
            frame = daily_series(DAYS, seed=number, level=100.0 + number, closed=(), noise=0.3)
            files = self.shelf.put(str(number), {"101": of(frame)})
            self.manifest.sales[files.store] = files.sales
        return self

    def outcome(self) -> RunOutcome:
        """Run the training and return its outcome."""
        storage: Any = self
        pooling = ChainTraining(storage, self.compute, TurnedClock(), self.settings)
        mine = replace(RUN, fence=2) if self.from_checked_frame else RUN
        (made,) = pooling(mine, lambda run, *how_far: self.told.append(how_far) if run is mine else None)
        assert made.run is mine
        return made

    def pooled(self) -> ChainPriors:
        """Run the training and return its chain."""
        made = self.outcome().publication
        assert isinstance(made, ChainPriors)
        return made


def test_priors_are_pooled_at_every_cutoff_of_a_backtest() -> None:
    """The cutoffs of the windows and the newest day; for the product and for the stores' totals."""
    chain = Stores().open(8).pooled()
    assert [(prior.item, prior.cutoff) for prior in chain.priors] == [
        (item, cutoff) for item in ("101", "all") for cutoff in (*CUTOFFS, LAST)
    ]
    assert {prior.series for prior in chain.priors} == {8}
    assert [prior.coefficients["days"].mean for prior in chain.priors] == [88, 116, 144, 172, 200] * 2


def test_the_chain_records_what_it_was_computed_from() -> None:
    """Each has its own id."""
    stores = Stores().open(8)
    chain, again = stores.pooled(), stores.pooled()
    assert (chain.engine, chain.cutoff, chain.horizon, chain.stores) == ("pooling", LAST, HORIZON, 8)
    assert chain.computed_at == TurnedClock().now()
    assert (chain.input_hash, chain.priors, chain.spreads) == (again.input_hash, again.priors, again.spreads)
    assert chain.chain_id != again.chain_id


def test_the_spread_is_pooled_from_the_days_known_at_each_cutoff() -> None:
    """The oldest window is over when the next begins. There is a factor per week."""
    chain = Stores(lambda _name, _prior: PoolableEngine(band=0.05)).open(30).pooled()
    assert [(spread.item, spread.cutoff) for spread in chain.spreads] == [
        (item, cutoff) for item in ("101", "all") for cutoff in (*CUTOFFS[1:], LAST)
    ]
    assert all(len(spread.factors) == 4 for spread in chain.spreads)
    assert all(factor > 1 for spread in chain.spreads for factor in spread.factors)


def test_later_sales_change_neither_priors_nor_spreads_of_earlier_cutoffs() -> None:
    """They change only those at cutoffs that include them."""

    def grown(frame: pd.DataFrame) -> pd.DataFrame:
        later = frame["ds"] > pd.Timestamp(CUTOFFS[3])
        return frame.assign(y=frame["y"].where(~later, 3 * frame["y"] + 7))

    one, two = Stores().open(30).pooled(), Stores().open(30, grown).pooled()
    for mine, theirs in ((one.priors, two.priors), (one.spreads, two.spreads)):
        assert {each.cutoff for each in mine} >= {CUTOFFS[3], LAST}
        for first, second in zip(mine, theirs, strict=True):
            assert (first == second) is (first.cutoff <= CUTOFFS[3])


def test_the_spread_is_pooled_from_forecasts_with_the_priors() -> None:
    """The second pass gets the priors that were known at each cutoff."""
    given: list[PooledPrior | None] = []

    def engine_named(_name: str, prior: PooledPrior | None) -> LocalEngine:
        given.append(prior)
        return PoolableEngine()

    stores = Stores(engine_named).open(8)
    chain = stores.pooled()
    first, second = given[:8], given[8:]
    assert first == [None] * 8
    assert second == [chain.prior(item, at) for item in ("101", "all") for at in CUTOFFS] * 8


def test_the_spread_is_pooled_over_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly spaced over all stores, while the priors use all of them."""
    monkeypatch.setattr(chain_training, "SPREAD_STORES", 5)
    stores = Stores().open(20)
    chain = stores.pooled()
    assert sum(isinstance(task, PoolTask) for task in stores.compute.tasks) == 20
    sampled = [task.files.store for task in stores.compute.tasks if isinstance(task, SpreadTask)]
    assert sampled == ["0", "4", "8", "12", "16"]
    assert {prior.series for prior in chain.priors} == {20}


def test_the_priors_of_very_many_stores_are_pooled_over_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain still records the number of stores and the sales of all of them."""
    every = Stores().open(20).pooled()
    monkeypatch.setattr(chain_training, "PRIOR_STORES", 10)
    stores = Stores().open(20)
    chain = stores.pooled()
    sampled = [task.files.store for task in stores.compute.tasks if isinstance(task, PoolTask)]
    assert sampled == [str(number) for number in range(0, 20, 2)]
    assert sum(isinstance(task, SpreadTask) for task in stores.compute.tasks) == 20
    assert {prior.series for prior in chain.priors} == {10}
    assert (chain.stores, chain.input_hash) == (20, every.input_hash)


def test_too_few_stores_give_no_priors() -> None:
    """The chain has none, and there is no second pass."""
    stores = Stores().open(7)
    chain = stores.pooled()
    assert (chain.stores, chain.priors, chain.spreads) == (7, (), ())
    assert not any(isinstance(task, SpreadTask) for task in stores.compute.tasks)


def test_without_a_store_there_is_no_chain() -> None:
    """The error says what was missing."""
    made = Stores().outcome()
    assert made.publication is None
    assert isinstance(made.error, UnknownSeries)
    assert str(made.error) == "all stores: expected sales history, found none"


def test_a_store_that_fails_is_left_out_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """In both passes; the others are pooled."""
    caplog.set_level(logging.WARNING)
    stores = Stores().open(9)
    del stores.shelf.frames["sales-3"]
    chain = stores.pooled()
    assert {prior.series for prior in chain.priors} == {8}
    assert [record.getMessage() for record in caplog.records] == [
        f"{stage} the shared model: a store is left out: sales of store 3: expected a file, found none "
        "run_id=r scope=chain"
        for stage in ("Training", "Calibrating")
    ]


def test_a_run_fails_if_every_store_fails() -> None:
    """With the first reason; the existing chain stays the newest."""
    stores = Stores().open(9)
    stores.shelf.frames.clear()
    with pytest.raises(StateUnavailable, match="sales of store 0: expected a file, found none"):
        stores.outcome()
    with pytest.raises(EngineUnavailable):
        Stores(engines(FlatEngine())).open(9).outcome()


def test_the_progress_of_both_passes_is_reported() -> None:
    """As a number of stores."""
    stores = Stores().open(8)
    stores.pooled()
    assert list(dict.fromkeys(stores.told)) == [
        (f"{stage} the shared model", done, 8) for stage in ("Training", "Calibrating") for done in range(9)
    ]
    assert stores.told == sorted(stores.told, key=lambda told: (told[0].startswith("C"), told[1]))


def test_a_survivor_pools_only_what_has_no_checkpoint() -> None:
    """Both passes continue where they stopped; the chain is the same as without the fault."""
    whole, stores = Stores().open(30).pooled(), Stores().open(30)
    stores.compute.losses = 1
    with pytest.raises(ComputeLost):
        stores.outcome()
    assert len(stores.checkpoints.saved) == 20
    before = len(stores.compute.tasks)
    stores.from_checked_frame = True
    chain = stores.pooled()
    assert len(stores.compute.tasks) - before == (30 - 20) + 30
    assert (chain.priors, chain.spreads) == (whole.priors, whole.spreads)
    again = stores.pooled()
    assert len(stores.compute.tasks) - before == (30 - 20) + 30
    assert (again.priors, again.spreads) == (whole.priors, whole.spreads)


def test_each_store_is_pooled_with_its_own_facts() -> None:
    """Its attributes, and the place of its public holidays."""
    stores = Stores(settings=Settings(engine="pooling", holidays={"": "DE", "3": "DE-BW"})).open(8)
    stores.manifest.known["3"] = {"promo2": 1.0}
    stores.pooled()
    facts = {task.files.store: task.files.facts for task in stores.compute.tasks}  # type: ignore[union-attr]
    assert (dict(facts["3"].attributes), facts["3"].place) == ({"promo2": 1.0}, "DE-BW")
    assert (dict(facts["4"].attributes), facts["4"].place) == ({}, "DE")


def test_a_store_is_only_pooled_at_cutoffs_it_has_sales_for() -> None:
    """The cutoffs follow the newest sales of all stores; at the fourth, both stores have sales."""
    stores = Stores().open(10)
    frame = daily_series(DAYS, closed=())
    for store, part in {"ended": frame[:120], "begun": frame[100:]}.items():
        stores.manifest.sales[store] = stores.shelf.put(store, {"101": part}).sales
    chain = stores.pooled()
    assert [prior.series for prior in chain.priors if prior.item == "101"] == [11, 11, 11, 12, 11]
    assert chain.cutoff == LAST


@pytest.mark.parametrize("most", [1, 3, 7, 10, 99])
def test_a_sample_is_evenly_spaced(most: int) -> None:
    """The same every time, no store twice, and all of them if there are few."""
    shelf = HistoryShelf()
    files = [shelf.put(str(number), {"101": daily_series(60)}) for number in range(10)]
    taken = even_sample(files, most)
    assert taken == even_sample(files, most)
    numbers = [int(each.store) for each in taken]
    assert len(numbers) == min(most, 10)
    assert numbers == sorted(set(numbers))
    gaps = [later - earlier for earlier, later in pairwise(numbers)]
    assert max(gaps, default=0) - min(gaps, default=0) <= 1


# -- with the engine it is for -------------------------------------------------------------------------


def delivered(number: int) -> pd.DataFrame:
    """Canonical sales of one store, with eight promotions and five holidays."""
    frame = daily_series(DAYS, seed=number, level=100.0 + 10 * number, promo=1.5)
    flags = {name: frame[name].astype(int) for name in ("is_open", "promo", "school_holiday")}
    return frame.assign(
        store=str(number), item="101", date=frame["ds"].dt.strftime("%Y-%m-%d"), demand=frame["y"], **flags
    ).drop(columns=["ds", "y"])


def test_prophet_is_pooled_and_then_trained_with_the_priors(empty_house: House) -> None:
    """Through the real storage and history: stores are trained with the newest chain."""
    house = empty_house
    given: list[tuple[str, PooledPrior | None]] = []

    def engine_named(name: str, prior: PooledPrior | None) -> LocalEngine:
        given.append((name, prior))
        return registry.engine("prophet" if name == "flat" else name, prior)

    house.compute.engine_named = engine_named
    house.clock.turn(timedelta(days=-500))
    house.deliver("sales", [delivered(number) for number in range(8)])
    house.services.refreshing.refresh_chain(LOCAL_USER)
    assert house.work() == 1
    chain = house.storage.chains.latest()
    assert chain is not None
    assert (chain.stores, chain.engine, chain.cutoff) == (8, "flat", LAST)
    assert {prior.cutoff for prior in chain.priors} == {*CUTOFFS, LAST}
    promo = chain.prior("101", LAST)
    assert promo is not None
    assert 0.2 < promo.coefficients["promo"].mean < 0.5
    assert promo.coefficients["promo"].sd < 0.2
    given.clear()
    house.services.refreshing.refresh(LOCAL_USER, "3")
    assert house.work() == 1
    asked = [prior for name, prior in given if name == "flat"]
    for item in ("all", "101"):
        mine = [prior for prior in asked if prior and prior.item == item]
        assert mine[:4] == [chain.prior(item, cutoff) for cutoff in CUTOFFS]
    assert house.services.forecasts.predictor(LOCAL_USER, "3").chain_id == chain.chain_id
