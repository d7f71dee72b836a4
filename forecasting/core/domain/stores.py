"""A store, its state as planners read it, and the snapshot that state is computed from."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from forecasting.core.domain.forecasts import VersionHeader
from forecasting.core.domain.history_files import HistoryFile
from forecasting.core.domain.runs import RefreshRun


@dataclass(frozen=True, slots=True)
class Store:
    """A store that has sales history."""

    store: str
    region: str
    items: tuple[str, ...]
    first_ds: date
    last_ds: date


class StoreState(StrEnum):
    """The state of a store as planners read it."""

    RUNNING = "Running"
    FAILED = "Failed"
    BEHIND = "Behind"
    STALE = "Stale"
    AGEING = "Ageing"
    FRESH = "Fresh"
    NONE = "No forecast"


@dataclass(frozen=True, slots=True)
class StoreSnapshot:
    """Everything needed to compute a store's state, read in one transaction.

    Attributes
    ----------
    plan_hash
        Content hash of the store's plan; None if it has none.
    head
        Header of the forecast being served; None before the first one.
    active
        The active run of the store; None if there is none.
    last
        The store's newest ended run; None if there is none.
    attributes
        The store's attributes from the file of stores (`ports.StoreAttributes`).
    """

    store: str
    region: str
    sales: HistoryFile | None
    plan_hash: str | None
    head: VersionHeader | None
    active: RefreshRun | None
    last: RefreshRun | None
    attributes: Mapping[str, str | float | None] = field(default_factory=dict)

    @property
    def inputs(self) -> str:
        """Fingerprint of the store's sales, plan and attributes; it changes when any of them does."""
        return inputs_of(self.sales.content_hash if self.sales else None, self.plan_hash, self.attributes)


def inputs_of(
    sales_hash: str | None, plan_hash: str | None, attributes: Mapping[str, str | float | None]
) -> str:
    """Compute `StoreSnapshot.inputs` from its parts, as a SHA-256 in hexadecimal."""
    known = json.dumps([sales_hash, plan_hash, dict(attributes)], sort_keys=True)
    return hashlib.sha256(known.encode()).hexdigest()
