"""Processes that tests start by the dozen: each says when it is ready, waits for a go, acts and answers.

They are forked from a process of their own that holds nothing but imported modules (`multiprocessing`'s fork
server), so that the modules are imported once and not once a child.
"""

import os
import signal
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MODULES = ["forecasting.bootstrap", "tests.fakes", "tests.storage.examples"]
"""What the fork server imports: most of what children need. It must not import Alembic (a test looks)."""

SECONDS = 60.0

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(MODULES)

Wait = Callable[[], None]
"""What a child calls when it is ready; returns at the go."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """The traceback of a child's error."""

    text: str


class Child:
    """A child that is ready to act.

    Parameters
    ----------
    act
        What it does: a function of an importable module. It is called with a function `Wait` and the
        arguments; what it returns is the answer.
    environment
        The whole environment; by default that of this process.
    """

    def __init__(
        self, act: Callable[..., object], *arguments: object, environment: Mapping[str, str] | None = None
    ) -> None:
        self._pipe, theirs = CONTEXT.Pipe()
        env = dict(os.environ if environment is None else environment)
        self._process = CONTEXT.Process(target=_serve, args=(theirs, Path.cwd(), env, act, arguments))
        self._process.start()
        theirs.close()
        answer = self._receive()
        assert answer is None, f"expected the child to be ready, found {answer!r}"

    def go(self) -> None:
        """Let it act."""
        self._pipe.send(None)

    def answer(self) -> Any:
        """Wait until it has acted; return its answer, or None if it was killed."""
        try:
            return self._receive()
        except EOFError:
            return None
        finally:
            self._process.join(SECONDS)
            assert self._process.exitcode in {0, -signal.SIGKILL}, self._process

    def _receive(self) -> Any:
        assert self._pipe.poll(SECONDS), f"expected an answer within {SECONDS:g} s"
        received = self._pipe.recv()
        assert not isinstance(received, _Failure), received.text
        return received


def release(children: list[Child]) -> list[Any]:
    """Let children act at the same moment; return the answer of each, None of one that was killed."""
    for child in children:
        child.go()
    return [child.answer() for child in children]


def _serve(
    pipe: Connection,
    folder: Path,
    env: dict[str, str],
    act: Callable[..., object],
    arguments: tuple[object, ...],
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)

    def wait() -> None:
        pipe.send(None)
        pipe.recv()

    try:
        answer = act(wait, *arguments)
    except Exception:  # noqa: BLE001 – the test shows it
        answer = _Failure(traceback.format_exc())
    pipe.send(answer)
