"""Calls that may hang."""

import asyncio
import threading

import pytest

from forecasting.core.errors import StateUnavailable
from web.runtime.shared_call import SharedCall

PATIENCE = 10.0


def test_a_result_is_passed_on() -> None:
    """A later call runs the function again."""
    answers = iter("ab")
    call = SharedCall(lambda: next(answers))
    assert [asyncio.run(call.result(PATIENCE)) for _ in range(2)] == ["a", "b"]


def test_an_error_is_passed_on() -> None:
    """As it was raised; the next call runs the function again."""
    outcomes = iter([StateUnavailable("is locked"), None])

    def ask() -> str:
        error = next(outcomes)
        if error is not None:
            raise error
        return "fine"

    call = SharedCall(ask)
    with pytest.raises(StateUnavailable, match="is locked"):
        asyncio.run(call.result(PATIENCE))
    assert asyncio.run(call.result(PATIENCE)) == "fine"


def test_a_call_that_hangs_runs_once_for_all_callers() -> None:
    """The call goes on after callers have given up, and later callers get its result."""
    asked: list[int] = []
    release = threading.Event()

    def ask() -> str:
        asked.append(1)
        assert release.wait(PATIENCE)
        return "late"

    call = SharedCall(ask)

    async def given_up() -> None:
        results = await asyncio.gather(*(call.result(0.01) for _ in range(5)), return_exceptions=True)
        assert [type(each) for each in results] == [TimeoutError] * 5

    async def waited_for() -> list[str]:
        waiting = [asyncio.create_task(call.result(PATIENCE)) for _ in range(2)]
        await asyncio.sleep(0)
        release.set()
        return await asyncio.gather(*waiting)

    asyncio.run(given_up())
    assert asyncio.run(waited_for()) == ["late", "late"]
    assert asked == [1]


def test_a_call_that_hangs_does_not_keep_the_process_alive() -> None:
    """Its thread is a daemon."""
    release = threading.Event()
    call = SharedCall(lambda: release.wait(PATIENCE))
    with pytest.raises(TimeoutError):
        asyncio.run(call.result(0.01))
    (thread,) = [each for each in threading.enumerate() if each.name == "shared call"]
    assert thread.daemon
    release.set()
    thread.join(PATIENCE)
