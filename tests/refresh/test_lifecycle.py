"""The rules of a run's life, without a database."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core.domain import RunState
from forecasting.core.errors import ComputeLost, FitFailed, StateUnavailable, StorecastError
from forecasting.refresh.lifecycle import (
    ATTEMPTS,
    LONGEST_WAIT,
    TRANSITIONS,
    RunEvent,
    failure_message,
    next_wait,
)

FIRST = timedelta(seconds=5)
LOST = ComputeLost("a worker process died")


@pytest.mark.parametrize("move", list(RunEvent))
def test_nothing_happens_to_a_run_that_has_ended(move: RunEvent) -> None:
    """A move starts from an active state; those that end a run lead to one that is not."""
    rule = TRANSITIONS[move]
    assert rule.sources
    assert all(state.active for state in rule.sources)
    ends = move in (RunEvent.SUCCEED, RunEvent.FAIL, RunEvent.CANCEL)
    assert rule.target.active is not ends


def test_every_state_is_reached() -> None:
    """From a run that was asked for."""
    reached = {RunState.QUEUED}
    for _ in RunState:
        reached |= {rule.target for rule in TRANSITIONS.values() if rule.sources & reached}
    assert reached == set(RunState)


@pytest.mark.parametrize("error", [LOST, StateUnavailable("the disk is full")])
def test_what_may_pass_is_tried_again(error: StorecastError) -> None:
    """As often as a run may be claimed; the last attempt fails it."""
    waits = [next_wait(attempt, error, FIRST, 1.0) for attempt in range(1, ATTEMPTS + 1)]
    assert waits == [FIRST, 2 * FIRST, None]


@pytest.mark.parametrize("error", [FitFailed("store 1: too short"), ZeroDivisionError(), KeyError("x")])
def test_what_will_not_pass_fails_at_once(error: Exception) -> None:
    """Neither bad data nor a bug gets better by waiting."""
    assert next_wait(1, error, FIRST, 0.5) is None


@given(st.integers(1, ATTEMPTS - 1), st.floats(0, 1), st.floats(0.01, 3600))
def test_waits_are_bounded_whatever_chance_says(attempt: int, jitter: float, first: float) -> None:
    """Between half of the doubled wait and all of it, and never longer than the longest."""
    wait = next_wait(attempt, LOST, timedelta(seconds=first), jitter)
    assert wait is not None
    whole = min(LONGEST_WAIT, timedelta(seconds=first) * 2.0 ** (attempt - 1))
    assert whole / 2 <= wait <= whole


def test_a_failure_is_told_in_words() -> None:
    """What is known as it is, with how often it was tried where that matters; a bug by its name and run."""
    assert failure_message(FitFailed("store 1: too short"), 1, "r") == "store 1: too short"
    assert failure_message(LOST, 1, "r") == "a worker process died"
    assert failure_message(LOST, ATTEMPTS, "r") == "a worker process died (gave up after 3 attempts)"
    assert failure_message(KeyError("secret"), 1, "r") == "Unexpected KeyError; the log has it under run r"
