"""The run that pools over all stores: first the priors of the coefficients, then the spreads of the bands."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar
from uuid import uuid4

from forecasting.calendar.inputs import all_facts, chain_hash
from forecasting.config.logs import get_logger
from forecasting.config.settings import Settings
from forecasting.core.domain import RefreshRun, natural_order
from forecasting.core.errors import UnknownSeries
from forecasting.core.pooled_priors import ChainPriors, PooledPrior, PooledSpread
from forecasting.core.ports import Clock, Compute, Storage
from forecasting.evaluation.calibration import ConformityScores, pooled_spread
from forecasting.evaluation.empirical_bayes import estimate_prior
from forecasting.evaluation.windows import Window, window_cutoffs
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome
from forecasting.training.pooling_tasks import PooledFit, PoolTask, SpreadTask
from forecasting.training.run_checkpoints import (
    RunCheckpoints,
    fingerprint,
    run_with_checkpoints,
    still_wanted,
)
from forecasting.training.store_files import StoreFiles
from forecasting.training.tasks import Result, Task

log = get_logger(__name__)

SampledT = TypeVar("SampledT")

PRIOR_STORES = 200
"""Most stores the priors are pooled over: the error of their median is then an eleventh of their spread."""

SPREAD_STORES = 100
"""Most stores the spread is pooled over: the error of a quantile of their days is then a percent."""


@dataclass(frozen=True, slots=True)
class ChainTraining:
    """Computes a `ChainPriors` from the newest sales of all stores."""

    storage: Storage
    compute: Compute[Task, Result]
    clock: Clock
    settings: Settings

    def __call__(self, run: RefreshRun, report_progress: ReportProgress) -> Iterator[RunOutcome]:
        """Do the work of the run and yield its outcome.

        Raises
        ------
        StopRequested
            If the run is to be abandoned.
        ComputeLost
            If worker processes died.
        StorecastError
            If the tasks of all stores failed.
        """
        manifest = self.storage.manifest
        heads = manifest.heads("sales")
        if not heads:
            yield RunOutcome(run, error=UnknownSeries("all stores: expected sales history, found none"))
            return
        facts = all_facts(heads, manifest.attributes(), self.settings.holidays)
        files = [StoreFiles(heads[store], facts=facts[store]) for store in sorted(heads, key=natural_order)]
        cutoff = max(each.last_ds for each in heads.values())
        chain = ChainPriors(
            chain_id=uuid4().hex,
            computed_at=self.clock.now(),
            engine=run.engine,
            cutoff=cutoff,
            horizon=self.settings.horizon,
            input_hash=chain_hash(heads, facts, self.settings.horizon),
            stores=len(heads),
        )
        passes = _Passes(
            self.compute,
            RunCheckpoints(self.storage.checkpoints, run),
            chain,
            files,
            window_cutoffs(cutoff, self.settings.horizon),
            report_progress,
        )
        chain = replace(chain, priors=passes.priors())
        yield RunOutcome(run, replace(chain, spreads=passes.spreads(chain)))


@dataclass(frozen=True, slots=True)
class _Passes:
    """The two passes over the stores.

    Attributes
    ----------
    chain
        The chain being computed, without priors and spreads.
    cutoffs
        The cutoffs of the backtest windows, the oldest first.
    """

    compute: Compute[Task, Result]
    checkpoints: RunCheckpoints
    chain: ChainPriors
    files: Sequence[StoreFiles]
    cutoffs: tuple[date, ...]
    report_progress: ReportProgress

    def priors(self) -> tuple[PooledPrior, ...]:
        """First pass: fit a sample of stores at every cutoff without a prior, and pool the coefficients."""
        cutoffs = (*self.cutoffs, self.chain.cutoff)
        sample = even_sample(self.files, PRIOR_STORES)
        tasks = [PoolTask(each, self.chain.engine, cutoffs) for each in sample]
        fits: defaultdict[tuple[str, date], list[dict[str, float]]] = defaultdict(list)
        for result in self._results("Training the shared model", tasks, ()):
            for fit in result:
                if isinstance(fit, PooledFit):
                    fits[fit.item, fit.cutoff].append(fit.coefficients)
        pooled = (estimate_prior(item, cutoff, found) for (item, cutoff), found in sorted(fits.items()))
        return tuple(prior for prior in pooled if prior is not None)

    def spreads(self, chain: ChainPriors) -> tuple[PooledSpread, ...]:
        """Second pass: backtest a sample with the priors, and pool how far sales lay from the forecasts."""
        if not chain.priors:
            return ()
        windows = tuple(Window(cutoff, chain.horizon) for cutoff in self.cutoffs)
        tasks = [SpreadTask(each, chain, windows) for each in even_sample(self.files, SPREAD_STORES)]
        scores: defaultdict[str, list[ConformityScores]] = defaultdict(list)
        for result in self._results("Calibrating the shared model", tasks, chain.priors):
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
    ) -> Iterator[tuple[PooledFit | tuple[str, ConformityScores], ...]]:
        """Yield results as they arrive; a failed task leaves its store out.

        Raises
        ------
        Exception
            The first task's error, if all tasks failed.
        """
        failed: list[Exception] = []
        number, run = 0, self.checkpoints.run

        def report() -> None:
            self.report_progress(run, stage, number, len(tasks))

        report()
        key, wanted = self._key(stage, priors), still_wanted(report)
        for done in run_with_checkpoints(self.compute, self.checkpoints, tasks, key, wanted):
            number += 1
            if done.error is not None:
                about = {"run_id": run.run_id, "scope": run.scope}
                log.warning("%s: a store is left out: %s", stage, done.error, **about)
                failed.append(done.error)
            elif isinstance(done.result, tuple):
                yield done.result
            report()
        report()
        if tasks and len(failed) == len(tasks):  # an empty chain must not replace an existing one
            raise failed[0]

    def _key(self, stage: str, priors: tuple[PooledPrior, ...]) -> Callable[[Task], str]:
        """Return a function that gives the checkpoint key of a task."""
        chain = self.chain
        known = fingerprint(stage, chain.input_hash, chain.engine, chain.horizon, self.cutoffs, priors)
        return lambda task: f"{known}/{task.files.store}"


def even_sample(sequence: Sequence[SampledT], most: int) -> tuple[SampledT, ...]:
    """Return at most `most` elements, evenly spaced; the same sequence always gives the same sample."""
    step = max(1.0, len(sequence) / most)
    return tuple(sequence[int(number * step)] for number in range(min(len(sequence), most)))
