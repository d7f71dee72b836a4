"""The output of `benchmarks.load`: a table of each part, and the key figures."""

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.streamlit_client import FIRST_PAGE, POLL, REDRAWN, Record

NO_RERUNS = (FIRST_PAGE, POLL, REDRAWN)
"""Prefixes of the kinds of runs that no planner requested."""


def table(record: Record) -> str:
    """A table with one line per kind of run, in milliseconds."""
    lines = [f"{'':<36}{'n':>7}{'median':>9}{'p95':>9}{'p99':>9}{'max':>9}  ms"]
    for kind, seconds in {"all reruns": reruns(record), **dict(sorted(record.seconds.items()))}.items():
        figures = (statistics.median(seconds), at(seconds, 0.95), at(seconds, 0.99), max(seconds))
        lines.append(f"{kind:<36}{len(seconds):>7}" + "".join(f"{1e3 * each:>9.0f}" for each in figures))
    return "\n".join([*lines, f"{'exceptions':<36}{len(record.faults):>7}"])


def reruns(record: Record) -> list[float]:
    """Seconds of every rerun that a planner waited for."""
    return [
        each for kind, all_of in record.seconds.items() if not kind.startswith(NO_RERUNS) for each in all_of
    ]


def polls(record: Record) -> list[float]:
    """Seconds of every poll."""
    return [each for kind, all_of in record.seconds.items() if kind.startswith(POLL) for each in all_of]


def at(seconds: Sequence[float], share: float) -> float:
    """The smallest value that is at least as large as a share of all values."""
    return sorted(seconds)[min(int(share * len(seconds)), len(seconds) - 1)]


def crowd_figures(ours: Record, bare: Record) -> dict[str, float]:
    """Figures of the crowd in milliseconds, and ratios to the bare page."""
    mine, floor = reruns(ours), reruns(bare)
    return {
        "reruns": len(mine),
        "rerun, median": 1e3 * statistics.median(mine),
        "rerun, p95": 1e3 * at(mine, 0.95),
        "rerun, p99": 1e3 * at(mine, 0.99),
        "poll, p95": 1e3 * at(polls(ours), 0.95),
        "first page, p95": 1e3 * at(ours.seconds[FIRST_PAGE], 0.95),
        "bare page: rerun, median": 1e3 * statistics.median(floor),
        "bare page: rerun, p95": 1e3 * at(floor, 0.95),
        "rerun, p95, ratio to the bare page": at(mine, 0.95) / at(floor, 0.95),
    }


def alone_figures(quiet: Record, busy: Record, pages: Mapping[str, str]) -> dict[str, float]:
    """Figures of a lone planner in milliseconds, without and during trainings."""
    figures: dict[str, float] = {}
    for name in pages.values():
        before, meanwhile = (at(record.seconds[name], 0.99) for record in (quiet, busy))
        figures |= {
            f"{name}: p99": 1e3 * before,
            f"{name}: p99 while training": 1e3 * meanwhile,
            f"{name}: ratio": meanwhile / before,
        }
    return figures
