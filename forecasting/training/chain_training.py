"""The run that pools over all stores: priors of the coefficients first, with them the spread of the bands."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import uuid4

from forecasting.calendar.inputs import all_facts, chain_hash
from forecasting.config.logs import get_logger
from forecasting.config.settings import Settings
from forecasting.core.domain import RefreshRun, natural_order
from forecasting.core.errors import UnknownSeries
from forecasting.core.pooled_priors import ChainPriors, PooledPrior, PooledSpread
from forecasting.core.ports import Clock, Compute, Storage
from forecasting.evaluation.calibration import Scores, pooled_spread
from forecasting.evaluation.empirical_bayes import estimate_prior
from forecasting.evaluation.windows import Window, window_cutoffs
from forecasting.refresh.chunk import Finished, Progress
from forecasting.training.resuming import Kept, fingerprint, resumed, still_wanted
from forecasting.training.tasks import PooledFit, PoolTask, Result, SpreadTask, StoreFiles, Task, even_sample

log = get_logger(__name__)

PRIOR_STORES = 200
"""Stores the priors are pooled over at most: their median is known to an eleventh of their spread."""

SPREAD_STORES = 100
"""Stores the spread is pooled over at most: a quantile of their days is known to a percent."""


@dataclass(frozen=True, slots=True)
class ChainPooling:
    """Computes a `ChainPriors` from the newest sales of all stores."""

    storage: Storage
    compute: Compute[Task, Result]
    clock: Clock
    settings: Settings

    def __call__(self, run: RefreshRun, progress: Progress) -> Iterator[Finished]:
        """Do what the run asks for.

        Raises
        ------
        Stopping
            If it is to be given up.
        ComputeLost
            If worker processes died.
        StorecastError
            If it failed for every store.
        """
        manifest = self.storage.manifest
        heads = manifest.heads("sales")
        if not heads:
            yield Finished(run, error=UnknownSeries("all stores: expected sales history, found none"))
            return
        facts = all_facts(heads, manifest.attributes(), self.settings.holidays)
        files = [StoreFiles(heads[store], facts=facts[store]) for store in sorted(heads, key=natural_order)]
        cutoff = max(each.last_ds for each in heads.values())
        cutoffs = window_cutoffs(cutoff, self.settings.horizon)
        chain = ChainPriors(
            chain_id=uuid4().hex,
            computed_at=self.clock.now(),
            engine=run.engine,
            cutoff=cutoff,
            horizon=self.settings.horizon,
            input_hash=chain_hash(heads, facts, self.settings.horizon),
            stores=len(heads),
        )
        passes = _Passes(self.compute, Kept(self.storage.checkpoints, run), chain, files, cutoffs, progress)
        chain = replace(chain, priors=passes.priors())
        yield Finished(run, replace(chain, spreads=passes.spreads(chain)))


@dataclass(frozen=True, slots=True)
class _Passes:
    """The two passes over the stores.

    Attributes
    ----------
    kept
        What the run has done so far.
    chain
        What is computed, without priors and spreads.
    """

    compute: Compute[Task, Result]
    kept: Kept
    chain: ChainPriors
    files: Sequence[StoreFiles]
    cutoffs: tuple[date, ...]
    progress: Progress

    def priors(self) -> tuple[PooledPrior, ...]:
        """The first pass: a sample of the stores, without a prior, at every cutoff one is wanted for."""
        cutoffs = (*self.cutoffs, self.chain.cutoff)
        sample = even_sample(self.files, PRIOR_STORES)
        tasks = [PoolTask(each, self.chain.engine, cutoffs) for each in sample]
        fits: defaultdict[tuple[str, date], list[dict[str, float]]] = defaultdict(list)
        for result in self._results("Pooling over all stores", tasks, ()):
            for fit in result:
                if isinstance(fit, PooledFit):
                    fits[fit.item, fit.cutoff].append(fit.coefficients)
        pooled = (estimate_prior(item, cutoff, found) for (item, cutoff), found in sorted(fits.items()))
        return tuple(prior for prior in pooled if prior is not None)

    def spreads(self, chain: ChainPriors) -> tuple[PooledSpread, ...]:
        """The second pass, on a sample: how far the truth lay from forecasts with the priors."""
        if not chain.priors:
            return ()
        windows = tuple(Window(cutoff, chain.horizon) for cutoff in self.cutoffs)
        tasks = [SpreadTask(each, chain, windows) for each in even_sample(self.files, SPREAD_STORES)]
        scores: defaultdict[str, list[Scores]] = defaultdict(list)
        for result in self._results("Calibrating over all stores", tasks, chain.priors):
            for each in result:
                if not isinstance(each, PooledFit):
                    item, found = each
                    scores[item].append(found)
        known_at = (*self.cutoffs[1:], chain.cutoff)
        pooled = (
            pooled_spread(item, cutoff, found, chain.horizon)
            for item, found in sorted(scores.items())
            for cutoff in known_at
        )
        return tuple(spread for spread in pooled if spread is not None)

    def _results(
        self, stage: str, tasks: Sequence[Task], priors: tuple[PooledPrior, ...]
    ) -> Iterator[tuple[PooledFit | tuple[str, Scores], ...]]:
        """The results of tasks as they come; one that fails leaves its store out, all of them raise."""
        failed: list[Exception] = []
        number, run = 0, self.kept.run

        def tell() -> None:
            self.progress(run, stage, number, len(tasks))

        tell()
        for done in resumed(self.compute, self.kept, tasks, self._key(stage, priors), still_wanted(tell)):
            number += 1
            if done.error is not None:
                about = {"run_id": run.run_id, "scope": run.scope}
                log.warning("%s: a store is left out: %s", stage, done.error, **about)
                failed.append(done.error)
            elif isinstance(done.result, tuple):
                yield done.result
            tell()
        tell()
        if tasks and len(failed) == len(tasks):  # a chain of nothing must not replace the one there is
            raise failed[0]

    def _key(self, stage: str, priors: tuple[PooledPrior, ...]) -> Callable[[Task], str]:
        """What the result of each task depends on."""
        chain = self.chain
        known = fingerprint(stage, chain.input_hash, chain.engine, chain.horizon, self.cutoffs, priors)
        return lambda task: f"{known}/{task.files.store}"
