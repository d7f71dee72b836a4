"""Page runs take turns, and none waits for long."""

import threading
from collections.abc import Callable

import pytest

from web.runtime.turns import Turns

LONG = 30.0
SHORT = 0.01


def started(work: Callable[[], None]) -> threading.Thread:
    """A thread that does something."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_one_runs_at_a_time() -> None:
    """However many there are."""
    turns, at_once, most = Turns(LONG), [], [0]

    def run() -> None:
        for _ in range(50):
            with turns.hold():
                at_once.append(1)
                most[0] = max(most[0], len(at_once))
                at_once.pop()

    for thread in [started(run) for _ in range(8)]:
        thread.join(LONG)
    assert most == [1]


def test_a_run_goes_on_when_its_patience_is_over() -> None:
    """And gives back no turn that is another's."""
    turns, done, go = Turns(SHORT), threading.Event(), threading.Event()

    def hang() -> None:
        with turns.hold():
            done.set()
            assert go.wait(LONG)

    hanging = started(hang)
    assert done.wait(LONG)
    for _ in range(2):
        with turns.hold():
            assert not turns._lock.acquire(blocking=False), "it is still the one's that hangs"
    go.set()
    hanging.join(LONG)
    assert turns._lock.acquire(blocking=False)


def test_a_turn_is_given_back_whatever_happens() -> None:
    """An exception is how Streamlit ends a run early."""
    turns = Turns(LONG)
    with pytest.raises(ValueError, match="broken"), turns.hold():
        raise ValueError("broken")
    assert turns._lock.acquire(blocking=False)


def test_others_run_while_one_waits() -> None:
    """The turn is taken again after the block."""
    turns, seen = Turns(LONG), []

    def other() -> None:
        with turns.hold():
            seen.append("other")

    with turns.hold():
        with turns.release_during():
            started(other).join(LONG)
        seen.append("one")
        assert not turns.is_contended
        late = started(other)
        while late.is_alive() and not turns.is_contended:
            late.join(SHORT)
        assert seen == ["other", "one"]
    late.join(LONG)
    assert seen == ["other", "one", "other"]


def test_a_thread_without_the_turn_may_release_it() -> None:
    """Nothing is waited for, and nothing given back."""
    turns, seen = Turns(LONG), []

    def other() -> None:
        with turns.release_during():
            seen.append("other")

    with turns.hold():
        started(other).join(LONG)
    assert seen == ["other"]
