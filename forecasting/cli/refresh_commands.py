"""The commands that run refreshes: ``refresh`` and ``worker``."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from tqdm import tqdm

from forecasting.bootstrap import Storecast
from forecasting.cli.file_commands import Commands
from forecasting.config import logs
from forecasting.core.domain import LOCAL_USER, RefreshAnswer, RefreshRun, RunState

log = logs.get_logger("forecasting.worker")  # the operator reads what the program is, not its module

POLL_SECONDS = 0.2
POLLED_RUNS = 16
"""Runs are worked roughly in the order of their requests, so it is enough to poll the next few."""


def add_refresh(commands: Commands) -> None:
    """Add ``refresh``."""
    command = commands.add_parser("refresh", help="refresh forecasts that are out of date")
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--store", action="append", metavar="S", help="a store; may be repeated")
    which.add_argument("--all", action="store_true", help="every store")
    which.add_argument("--chain", action="store_true", help="only what is learnt from all stores together")
    command.add_argument("--force", action="store_true", help="train at any age of the predictor")
    command.set_defaults(run=refresh)


def add_worker(commands: Commands) -> None:
    """Add ``worker``."""
    command = commands.add_parser("worker", help="run refreshes without the dashboard until it is stopped")
    command.set_defaults(run=_work)


def refresh(storecast: Storecast, parsed: argparse.Namespace) -> int:
    """Request refreshes, run them, and print the verdicts and failures.

    Returns
    -------
    0, or 1 if a run failed.
    """
    services = storecast.services
    if parsed.all:
        answers = services.refreshing.refresh_all(LOCAL_USER, force=parsed.force)
    elif parsed.chain:
        answers = [services.refreshing.refresh_chain(LOCAL_USER, force=parsed.force)]
    else:
        answers = [
            services.refreshing.refresh(LOCAL_USER, store, force=parsed.force) for store in parsed.store
        ]
    verdicts = [str(answer.verdict) for answer in answers if not answer.is_chain_run]
    print(", ".join(f"{verdicts.count(name)} {name}" for name in dict.fromkeys(verdicts)) or "no stores")
    if len(answers) == 1:
        print(answers[0].message)
    failed = wait_for(storecast, answers)
    for run in failed:
        print(f"{run.target}: {run.error}", file=sys.stderr)
    return 1 if failed else 0


def wait_for(storecast: Storecast, answers: Sequence[RefreshAnswer]) -> list[RefreshRun]:
    """Work in this process until the runs of the answers have ended, whoever works them.

    Returns
    -------
    The runs that failed or were cancelled.
    """
    waiting = list(dict.fromkeys(answer.run.run_id for answer in answers if answer.run is not None))
    failed = []
    pause = threading.Event()
    if waiting:
        storecast.start_worker()
    with tqdm(total=len(waiting), unit="store", disable=not waiting) as bar:
        while waiting:
            runs = [storecast.services.runs.get(LOCAL_USER, run_id) for run_id in waiting[:POLLED_RUNS]]
            ended = [run for run in runs if not run.state.active]
            failed += [run for run in ended if run.state in (RunState.FAILED, RunState.CANCELLED)]
            for run in ended:
                waiting.remove(run.run_id)
                bar.update()
                if run.followed_by is not None:  # promised to a request that came with newer inputs
                    waiting.append(run.followed_by)
                    bar.total += 1
            if len(ended) < len(runs):
                pause.wait(POLL_SECONDS)
    return failed


def _work(storecast: Storecast, _parsed: argparse.Namespace) -> int:
    """Work runs until SIGTERM or Ctrl-C. Runs in progress then go back to the queue."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stopped.set())
    storecast.start_worker()
    log.info("running refreshes until stopped")
    stopped.wait()
    log.info("stopping")
    return 0
