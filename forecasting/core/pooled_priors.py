"""What all stores together tell about one: priors and spreads pooled over the chain, as known at a cutoff."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple, TypeVar

CHAIN = "chain"
"""The ledger's scope of the run that pools over all stores."""


class CoefficientPrior(NamedTuple):
    """What a coefficient is over the chain, on the log scale of demand.

    Attributes
    ----------
    mean, sd
        Its prior.
    share
        Share of the series it could be told of.
    """

    mean: float
    sd: float
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class PooledPrior:
    """What the seasonal and regressor coefficients of one product are, pooled over its stores.

    Attributes
    ----------
    item
        The product; ``"all"`` for the stores' totals.
    cutoff
        The last day any of the fits it is made of has seen.
    series
        How many series were pooled.
    coefficients
        By name of the column of the design matrix.
    """

    item: str
    cutoff: date
    series: int
    coefficients: Mapping[str, CoefficientPrior]


@dataclass(frozen=True, slots=True)
class PooledSpread:
    """How much wider than the engine says the truth lies, by week ahead, pooled over a product's stores.

    Attributes
    ----------
    cutoff
        The last day whose sales it is made of.
    factors
        One for each week ahead, the first first: what half-widths of the band on the log scale are
        multiplied by.
    """

    item: str
    cutoff: date
    series: int
    factors: tuple[float, ...]


Pooled = TypeVar("Pooled", PooledPrior, PooledSpread)


@dataclass(frozen=True, slots=True)
class Chain:
    """One computation over all stores; immutable, stored under its own id.

    Attributes
    ----------
    cutoff
        The newest sales day of any store.
    input_hash
        Of the values that went in.
    stores
        How many stores there were.
    priors, spreads
        As known at several cutoffs, so that a backtest never uses what came after its own.
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
        """The newest prior of a product that was known at a day, or None."""
        return _newest(self.priors, item, at)

    def spread(self, item: str, at: date) -> PooledSpread | None:
        """The newest spread of a product that was known at a day, or None."""
        return _newest(self.spreads, item, at)

    def of(self, items: Collection[str]) -> "Chain":
        """The same with what is known of some products alone."""
        return replace(
            self,
            priors=tuple(prior for prior in self.priors if prior.item in items),
            spreads=tuple(spread for spread in self.spreads if spread.item in items),
        )


def _newest(pooled: Iterable[Pooled], item: str, at: date) -> Pooled | None:
    known = (each for each in pooled if each.item == item and each.cutoff <= at)
    return max(known, key=lambda each: each.cutoff, default=None)
