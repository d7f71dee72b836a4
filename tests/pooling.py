"""An engine with quick fits that can be pooled over the chain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.errors import FitFailed
from forecasting.core.pooled_priors import PooledPrior
from forecasting.core.ports import LocalEngine
from tests.fakes import FlatFit


@dataclass
class LevelFit(FlatFit):
    """A level as the only coefficient."""

    seen: int

    @property
    def coefficients(self) -> Mapping[str, float]:
        """The level, and how many days it was fitted to."""
        return {"level": self.level, "days": float(self.seen)}


@dataclass
class PoolableEngine:
    """An engine whose coefficients can be pooled; can't fit series that end on `fails_at`."""

    fails_at: date | None = None
    band: float = 0.2
    seen: list[SeriesDays] = field(default_factory=list)
    priors: list[PooledPrior | None] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name it is configured by."""
        return "pooling"

    def fit(self, past: SeriesDays) -> LevelFit:
        """The mean of the open days."""
        self.seen.append(past)
        if past.last == self.fails_at:
            raise FitFailed("expected another day")
        return LevelFit(float(past.y[past.is_open].mean()), self.band, len(past))

    def named(self, name: str, prior: PooledPrior | None) -> LocalEngine:
        """Return this engine and record the prior."""
        assert name == self.name
        self.priors.append(prior)
        return self
