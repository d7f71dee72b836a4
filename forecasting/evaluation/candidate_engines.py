"""The engines that compete for a store's series, each with the chain priors known at a cutoff."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from forecasting.core.domain import ENGINE_SEPARATOR
from forecasting.core.pooled_priors import ChainPriors, PooledPrior, PooledSpread
from forecasting.core.ports import LocalEngine
from forecasting.core.store_inputs import SeriesInputs
from forecasting.evaluation.remote_forecasts import RemoteStoreForecasts
from forecasting.evaluation.series_fit import SeriesFit

EngineNamed = Callable[[str, PooledPrior | None], LocalEngine]
"""Returns the engine of a name, with the prior pooled over the chain for the series, if there is one.

Raises `EngineUnavailable` if there is no such engine.
"""


@dataclass(frozen=True, slots=True)
class CandidateEngines:
    """The engines that may forecast the series of one store.

    Attributes
    ----------
    asked
        The configured engine, or several joined by `ENGINE_SEPARATOR`; challengers have to beat the first.
    engine_named
        Looks up an engine.
    chain
        Priors and spreads pooled over all stores, or None.
    remote
        Forecasts that a remote engine made for the store, or None if no remote engine is configured.
    """

    asked: str
    engine_named: EngineNamed
    chain: ChainPriors | None = None
    remote: RemoteStoreForecasts | None = None

    @property
    def configured(self) -> tuple[str, ...]:
        """The names of the configured engines."""
        return tuple(self.asked.split(ENGINE_SEPARATOR))

    def engine(self, name: str, item: str, cutoff: date) -> LocalEngine:
        """Return an engine for one item, with the prior that was known at a cutoff.

        Raises
        ------
        EngineUnavailable
            If there is no such engine.
        """
        if self.remote is not None and name == self.remote.engine:
            return self.remote.engine_of(item)
        return self.engine_named(name, self.prior(name, item, cutoff))

    def fit(self, name: str, inputs: SeriesInputs) -> SeriesFit:
        """Fit a series to its whole history with one engine.

        Raises
        ------
        EngineUnavailable
            If there is no such engine.
        FitFailed
            If the engine can't fit the series; the message names it.
        """
        engine = self.engine(name, inputs.key.item, inputs.past.last)
        return SeriesFit.of(engine, inputs.past, inputs.key)

    def prior(self, name: str, item: str, cutoff: date) -> PooledPrior | None:
        """The prior an engine gets for one item at a cutoff; None if nothing was pooled for this engine."""
        return self.chain.prior(item, cutoff) if self.chain and self.chain.engine == name else None

    def spread(self, name: str, item: str, cutoff: date) -> PooledSpread | None:
        """How far sales lay from an engine's forecasts of one item in all stores, as known at a cutoff.

        None if nothing was pooled for this engine.
        """
        return self.chain.spread(item, cutoff) if self.chain and self.chain.engine == name else None
