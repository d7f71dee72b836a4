"""The life of a refresh run as a state machine: pure rules, which the ledger carries out in SQL.

::

    queued ──claim──▶ running ──succeed──▶ succeeded
      ▲  ▲               │ │ │
      │  └───release─────┘ │ └──fail───▶ failed       (for good, or timed out, or past the last attempt)
      │                    wait
      │                    ▼
      └──(a press)──── waiting ──claim──▶ running     (from its `next_attempt_at` on)

    running ──await──▶ waiting                         (for what happens elsewhere: no attempt is counted)

    queued, running, waiting ──cancel──▶ cancelled

A run that is running is claimed again once its lease has run out.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from forecasting.core.domain import RunState
from forecasting.core.errors import StorecastError

ATTEMPTS = 3
"""How often a run may be claimed before it counts as one that can't be done."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
"""How long a run waits after its first broken attempt, and at the most; each time twice as long."""

GIVEN_UP = (
    f"Gave up after {ATTEMPTS} attempts: each time the worker stopped or lost the database; its log says why"
)


class Move(StrEnum):
    """What can happen to a run."""

    CLAIM = "claim"
    RELEASE = "release"
    WAIT = "wait"
    AWAIT = "await"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Rule:
    """From which states a move leads, and to which."""

    sources: frozenset[RunState]
    target: RunState


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a worker holds runs.

    Attributes
    ----------
    lease
        How long a run stays with it without a renewal.
    limit
        How long one attempt may take in all.
    first_wait
        How long a run waits after its first broken attempt.
    jitter
        Chance, from 0 to 1.
    """

    lease: timedelta
    limit: timedelta = timedelta(hours=1)
    first_wait: timedelta = FIRST_WAIT
    jitter: Callable[[], float] = random.random


_ACTIVE = frozenset(state for state in RunState if state.active)
_RUNNING = frozenset({RunState.RUNNING})

RULES: Mapping[Move, Rule] = {
    Move.CLAIM: Rule(_ACTIVE, RunState.RUNNING),
    Move.RELEASE: Rule(_RUNNING, RunState.QUEUED),
    Move.WAIT: Rule(_RUNNING, RunState.WAITING),
    Move.AWAIT: Rule(_RUNNING, RunState.WAITING),
    Move.SUCCEED: Rule(_RUNNING, RunState.SUCCEEDED),
    Move.FAIL: Rule(_RUNNING, RunState.FAILED),
    Move.CANCEL: Rule(_ACTIVE, RunState.CANCELLED),
}
"""The state machine; there is no move from a state in which a run has ended."""


def next_wait(attempt: int, error: BaseException, first: timedelta, jitter: float) -> timedelta | None:
    """How long a run waits after a broken attempt before it is tried again; None: it has failed.

    Exponential backoff with equal jitter: half of the wait is fixed, half is chance, so that many runs that
    one fault has broken don't come back together
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).

    Parameters
    ----------
    attempt
        The attempt that was broken, from 1.
    error
        What broke it; only what may pass (`StorecastError.passing`) is tried again.
    first
        The wait after the first attempt.
    jitter
        From 0 to 1.
    """
    if attempt >= ATTEMPTS or not (isinstance(error, StorecastError) and error.passing):
        return None
    longest: timedelta = min(LONGEST_WAIT, first * 2.0 ** (attempt - 1))
    return longest * (1 + jitter) / 2


def in_words(error: BaseException, attempt: int, run_id: str) -> str:
    """Why a run has failed, as planners read it.

    Parameters
    ----------
    attempt
        The attempt that was broken, from 1.
    run_id
        What the log has more under, where the error is a bug.
    """
    if not isinstance(error, StorecastError):
        return f"Unexpected {type(error).__name__}; the log has it under run {run_id}"
    tried = f" (gave up after {attempt} attempts)" if error.passing and attempt >= ATTEMPTS else ""
    return f"{error}{tried}"


def timed_out(limit: timedelta) -> str:
    """Why a run was ended that took longer than it may."""
    return (
        f"Timed out: expected it to be done within {limit.total_seconds() / 60:g} min, found it still running"
    )
