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


def test_the_rest_is_estimated_at_the_pace_so_far() -> None:
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
def test_there_is_no_estimate_without_progress(run: RefreshRun) -> None:
    """Nothing done yet, just started, all done, or clocks that differ."""
    assert remaining_time.of_run(run, NOW + seconds(10)) is None


def test_a_waiting_run_has_the_time_to_its_next_attempt() -> None:
    """It is 0 if the attempt is overdue."""
    waiting = replace(RUN, state=RunState.WAITING, next_attempt_at=NOW + seconds(12))
    assert remaining_time.of_run(waiting, NOW) == seconds(12)
    assert remaining_time.of_run(waiting, NOW + seconds(60)) == seconds(0)


@pytest.mark.parametrize(
    ("left", "words"),
    [(0, "about 5 s"), (1, "about 5 s"), (11, "about 15 s"), (60, "about 1 min"), (61, "about 2 min"),
     (3600, "about 1 h"), (3601, "about 2 h")],
)  # fmt: skip
def test_the_estimate_is_rounded_up(left: int, words: str) -> None:
    """In steps coarse enough not to flicker."""
    assert wording.about(seconds(left)) == words
