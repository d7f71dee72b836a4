"""The run that pools over all stores: priors of the coefficients first, with them the spread of the bands."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import uuid4

from forecasting.calendar.inputs import all_facts, chain_hash
from forecasting.chain import Chain, PooledPrior, PooledSpread
from forecasting.domain import RefreshRun, natural_order
from forecasting.errors import UnknownSeries
from forecasting.evaluation.calibration import Scores, pooled_spread
from forecasting.evaluation.pooling import pool
from forecasting.evaluation.windows import Window, window_cutoffs
from forecasting.ports import Clock, Compute, Storage
from forecasting.refresh.chunk import Finished, Progress
from forecasting.settings import Settings
from forecasting.work import PooledFit, PoolTask, Result, SpreadTask, StoreFiles, Task, even_sample

log = logging.getLogger(__name__)

PRIOR_STORES = 200
"""Stores the priors are pooled over at most: their median is known to an eleventh of their spread."""

SPREAD_STORES = 100
"""Stores the spread is pooled over at most: a quantile of their days is known to a percent."""


@dataclass(frozen=True, slots=True)
class ChainPooling:
    """Computes a `Chain` from the newest sales of all stores."""

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
        priors = self._priors(run, files, (*cutoffs, cutoff), progress)
        chain = Chain(
            chain_id=uuid4().hex,
            computed_at=self.clock.now(),
            engine=run.engine,
            cutoff=cutoff,
            horizon=self.settings.horizon,
            input_hash=chain_hash(heads, facts, self.settings.horizon),
            stores=len(heads),
            priors=priors,
        )
        yield Finished(run, replace(chain, spreads=self._spreads(run, chain, files, cutoffs, progress)))

    def _priors(
        self, run: RefreshRun, files: Sequence[StoreFiles], cutoffs: tuple[date, ...], progress: Progress
    ) -> tuple[PooledPrior, ...]:
        """The first pass: a sample of the stores, without a prior, at every cutoff one is wanted for."""
        tasks = [PoolTask(each, run.engine, cutoffs) for each in even_sample(files, PRIOR_STORES)]
        fits: defaultdict[tuple[str, date], list[dict[str, float]]] = defaultdict(list)
        for result in self._results(run, "Pooling over all stores", tasks, progress):
            for fit in result:
                if isinstance(fit, PooledFit):
                    fits[fit.item, fit.cutoff].append(fit.coefficients)
        pooled = (pool(item, cutoff, found) for (item, cutoff), found in sorted(fits.items()))
        return tuple(prior for prior in pooled if prior is not None)

    def _spreads(
        self,
        run: RefreshRun,
        chain: Chain,
        files: Sequence[StoreFiles],
        cutoffs: Sequence[date],
        progress: Progress,
    ) -> tuple[PooledSpread, ...]:
        """The second pass, on a sample: how far the truth lay from forecasts with the priors."""
        if not chain.priors:
            return ()
        windows = tuple(Window(cutoff, chain.horizon) for cutoff in cutoffs)
        tasks = [SpreadTask(each, chain, windows) for each in even_sample(files, SPREAD_STORES)]
        scores: defaultdict[str, list[Scores]] = defaultdict(list)
        for result in self._results(run, "Calibrating over all stores", tasks, progress):
            for each in result:
                if not isinstance(each, PooledFit):
                    item, found = each
                    scores[item].append(found)
        known_at = (*cutoffs[1:], chain.cutoff)
        pooled = (
            pooled_spread(item, cutoff, found, chain.horizon)
            for item, found in sorted(scores.items())
            for cutoff in known_at
        )
        return tuple(spread for spread in pooled if spread is not None)

    def _results(
        self, run: RefreshRun, stage: str, tasks: Sequence[Task], progress: Progress
    ) -> Iterator[tuple[PooledFit | tuple[str, Scores], ...]]:
        """The results of tasks as they come; one that fails leaves its store out, all of them raise."""
        failed: list[Exception] = []
        progress(run, stage, 0, len(tasks))
        for number, done in enumerate(self.compute.run(tasks), start=1):
            if done.error is not None:
                log.warning("%s: a store is left out: %s", stage, done.error)
                failed.append(done.error)
            elif isinstance(done.result, tuple):
                yield done.result
            progress(run, stage, number, len(tasks))
        if tasks and len(failed) == len(tasks):  # a chain of nothing must not replace the one there is
            raise failed[0]
