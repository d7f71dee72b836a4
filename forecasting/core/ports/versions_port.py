"""The ports for published forecasts and for chains."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import pandas as pd

from forecasting.core.domain import Predictor, SeriesSummary, VersionHeader
from forecasting.core.explanation import StoreReasons
from forecasting.core.pooled_priors import ChainPriors


@dataclass(frozen=True, slots=True)
class Publication:
    """The result of one run for one store, ready to be published.

    Attributes
    ----------
    predictor
        The predictor of the forecast. It is stored if it is new (after a `retrain`).
    assumptions
        What the forecast assumes where the plan is silent, one sentence each.
    forecast
        `schema.STORE_FORECAST`, one row per item and day.
    reasons
        The explanation of the forecast, and the causes of its change.
    """

    store: str
    predictor: Predictor
    cutoff: date
    horizon: int
    input_hash: str
    assumptions: tuple[str, ...]
    forecast: pd.DataFrame
    summaries: tuple[SeriesSummary, ...]
    reasons: StoreReasons = field(default_factory=StoreReasons)


class Versions(Protocol):
    """Published forecasts. A published version never changes."""

    def read(self, version: int) -> pd.DataFrame:
        """Read one version as `schema.STORE_FORECAST`.

        Raises
        ------
        InvalidRequest
            If there is no such version.
        """
        ...

    def reasons(self, version: int, item: str | None = None) -> StoreReasons:
        """Read the explanation of one version and the causes of its change.

        Parameters
        ----------
        item
            Only this item; None means all items.

        Raises
        ------
        InvalidRequest
            If there is no such version.
        """
        ...

    def line(self, store: str, first: int, last: int) -> list[VersionHeader]:
        """A store's versions numbered from `first` to `last` inclusive, oldest first."""
        ...

    def before(self, store: str, version: int) -> int | None:
        """The number of the store's previous version; None if there is none."""
        ...

    def header(self, version: int) -> VersionHeader:
        """The header of one version.

        Raises
        ------
        InvalidRequest
            If there is no such version.
        """
        ...

    def headers(self, store: str, limit: int) -> list[VersionHeader]:
        """The headers of the store's newest versions, newest first. No blob is read."""
        ...

    def predictor(self, predictor_id: str) -> Predictor:
        """A stored predictor.

        Raises
        ------
        InvalidRequest
            If there is no such predictor.
        """
        ...

    def head_predictors(self, stores: Collection[str] | None = None) -> dict[str, Predictor]:
        """The predictor of each store's head version, for stores that have one; None means every store."""
        ...

    def totals(self) -> dict[str, SeriesSummary]:
        """The summary row of each store's total in its head version."""
        ...

    def summaries(self, stores: Collection[str] | None = None) -> dict[str, tuple[SeriesSummary, ...]]:
        """The summary rows of the stores' head versions; None means every store."""
        ...


class Chains(Protocol):
    """Stored chains, each the result of pooling over all stores. A stored chain never changes."""

    def latest(self) -> ChainPriors | None:
        """The newest chain; None if there is none yet."""
        ...

    def get(self, chain_id: str) -> ChainPriors:
        """A stored chain.

        Raises
        ------
        InvalidRequest
            If there is no such chain.
        """
        ...
