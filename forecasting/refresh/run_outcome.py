"""What the training of a run reports: its progress, and its outcome."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from forecasting.core.domain import RefreshRun
from forecasting.core.errors import StorecastError
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Publication


@dataclass(frozen=True, slots=True)
class RemoteWait:
    """A run has to wait for a remote engine.

    Attributes
    ----------
    stage
        What the engine is doing, in planners' words.
    wait
        How long to wait before the next poll.
    remaining
        How long the stage will take, according to the engine; None if it gives no estimate.
    """

    stage: str
    wait: timedelta
    remaining: timedelta | None = None


@dataclass(frozen=True, slots=True)
class GroupPublication:
    """What the run of a group of stores publishes, and the message its run ends with."""

    publications: tuple[Publication, ...]
    message: str


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How the work on a run ended.

    Attributes
    ----------
    publication
        What it publishes. None if it failed, waits, or another run has already published the same.
    error
        Why it failed.
    waits_for
        The remote engine it waits for; None if the run is over.
    """

    run: RefreshRun
    publication: Publication | ChainPriors | GroupPublication | None = None
    error: Exception | None = None
    waits_for: RemoteWait | None = None


ReportProgress = Callable[[RefreshRun, str, int, int], None]
"""Takes a run, its stage in planners' words, the series done and their total.

Raises `StopRequested` if the work is to be abandoned.
"""

Train = Callable[[Sequence[RefreshRun], ReportProgress], Iterator[RunOutcome]]
"""Does the work of several runs and yields the outcome of each as soon as it is known, in any order."""


class StopRequested(StorecastError):
    """The work on claimed runs is abandoned: the worker is stopping, or has lost all of them."""
