"""Priors and band factors pooled over all stores of the chain, as they were known at a cutoff."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple, TypeVar

CHAIN = "chain"
"""Ledger scope of the run that pools over all stores."""


class CoefficientPrior(NamedTuple):
    """The pooled prior of one coefficient, on the log scale of demand.

    Attributes
    ----------
    mean, sd
        Mean and standard deviation of its normal prior.
    share
        Share of the series that have the coefficient.
    """

    mean: float
    sd: float
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class PooledPrior:
    """Priors of the seasonal and regressor coefficients of one product, pooled over its stores.

    Attributes
    ----------
    item
        The product; ``"all"`` for the stores' totals.
    cutoff
        The last day that any of the pooled fits has seen.
    series
        Number of series pooled.
    coefficients
        Priors by the name of the design matrix column.
    """

    item: str
    cutoff: date
    series: int
    coefficients: Mapping[str, CoefficientPrior]


@dataclass(frozen=True, slots=True)
class PooledSpread:
    """Factors that widen the engine's band, by week ahead, pooled over the stores of a product.

    Attributes
    ----------
    cutoff
        The last day whose sales were used.
    factors
        One per week ahead, starting with the first; each multiplies the half-widths of the band on the log
        scale.
    """

    item: str
    cutoff: date
    series: int
    factors: tuple[float, ...]


Pooled = TypeVar("Pooled", PooledPrior, PooledSpread)


@dataclass(frozen=True, slots=True)
class ChainPriors:
    """The result of pooling over all stores of the chain; immutable, stored under its own id.

    Attributes
    ----------
    cutoff
        The newest day with sales in any store.
    input_hash
        Hash of the pooled sales and store settings.
    stores
        Number of stores.
    priors, spreads
        As known at several cutoffs, so that no backtest uses information from after its own cutoff.
    """

    chain_id: str
    computed_at: datetime
    engine: str
    cutoff: date
    horizon: int
    input_hash: str
    stores: int
    priors: tuple[PooledPrior, ...] = ()
    spreads: tuple[PooledSpread, ...] = ()

    def prior(self, item: str, at: date) -> PooledPrior | None:
        """The newest prior of a product that was known on a day, or None."""
        return _newest(self.priors, item, at)

    def spread(self, item: str, at: date) -> PooledSpread | None:
        """The newest spread of a product that was known on a day, or None."""
        return _newest(self.spreads, item, at)

    def of(self, items: Collection[str]) -> "ChainPriors":
        """Return a copy with the priors and spreads of some products only."""
        return replace(
            self,
            priors=tuple(prior for prior in self.priors if prior.item in items),
            spreads=tuple(spread for spread in self.spreads if spread.item in items),
        )


def _newest(pooled: Iterable[Pooled], item: str, at: date) -> Pooled | None:
    known = (each for each in pooled if each.item == item and each.cutoff <= at)
    return max(known, key=lambda each: each.cutoff, default=None)
