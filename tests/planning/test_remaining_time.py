from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forecasting.core import wording
from forecasting.core.domain import BatchProgress, RefreshRun, RunState, Verdict
from forecasting.planning import remaining_time

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
RUN = RefreshRun(
    "r", "store:1", "1", Verdict.RETRAIN, "", RunState.RUNNING, "Ana", NOW, "prophet",
    claimed_at=NOW, done=2, total=8,
)  # fmt: skip
BATCH = BatchProgress("b", "Ana", 100, 2, 400, NOW)


def seconds(value: float) -> timedelta:
    """A duration."""
    return timedelta(seconds=value)


def test_the_rest_takes_as_long_as_what_is_done_took() -> None:
    """Two of eight series in ten seconds: thirty more; a hundred of 400 stores in a minute: three."""
    assert remaining_time.of_run(RUN, NOW + seconds(10)) == seconds(30)
    assert remaining_time.of_batch(BATCH, NOW + seconds(60)) == seconds(180)


@pytest.mark.parametrize(
    "run",
    [
        replace(RUN, done=0),
        replace(RUN, total=0, done=0),
        replace(RUN, done=8),
        replace(RUN, claimed_at=None),
        replace(RUN, claimed_at=NOW + seconds(9)),
        replace(RUN, state=RunState.QUEUED),
        replace(RUN, state=RunState.SUCCEEDED),
    ],
)
def test_what_cannot_be_said_is_not_said(run: RefreshRun) -> None:
    """Nothing is done yet, or it has only just begun, or the work is over, or a clock is ahead."""
    assert remaining_time.of_run(run, NOW + seconds(10)) is None


def test_a_run_that_waits_tells_how_long() -> None:
    """Until its next attempt, and nothing below zero where that is overdue."""
    waiting = replace(RUN, state=RunState.WAITING, next_attempt_at=NOW + seconds(12))
    assert remaining_time.of_run(waiting, NOW) == seconds(12)
    assert remaining_time.of_run(waiting, NOW + seconds(60)) == seconds(0)


@pytest.mark.parametrize(
    ("left", "words"),
    [(0, "about 5 s"), (1, "about 5 s"), (11, "about 15 s"), (60, "about 1 min"), (61, "about 2 min"),
     (3600, "about 1 h"), (3601, "about 2 h")],
)  # fmt: skip
def test_it_is_told_roughly_and_never_too_short(left: int, words: str) -> None:
    """In steps that do not flicker."""
    assert wording.about(seconds(left)) == words
