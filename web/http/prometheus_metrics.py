"""The figures of the house as Prometheus reads them.

All of them are gauges: they are computed from the database when they are asked for, and what it no longer
keeps is no longer counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from forecasting import __version__
from forecasting.core.domain import RunState, StoreState, Verdict
from forecasting.core.ports import RunTally
from forecasting.services.operations import VitalSigns, quantile

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

LEVELS = (0.5, 0.9, 0.99, 1.0)
"""Quantiles of durations; the last is the longest."""

ENDED = tuple(state.value for state in RunState if not state.active)
VERDICTS = (Verdict.REFORECAST.value, Verdict.RETRAIN.value)
"""Those that run something."""

Values = Iterable[tuple[tuple[str, ...], float]]
"""Figures with the values of their labels before them."""


def exposition(signs: VitalSigns | None) -> bytes:
    """The text format.

    Parameters
    ----------
    signs
        None where they are not to be had: then only that is told.
    """
    registry = CollectorRegistry()
    registry.register(_Told(signs))
    return generate_latest(registry)


class _Told(Collector):
    """One look at the house, for one answer."""

    def __init__(self, signs: VitalSigns | None) -> None:
        self._signs = signs

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield _one("storecast_up", "Whether the database could be asked.", self._signs is not None)
        version = ((__version__,), 1.0)
        yield _many("storecast_build_info", "The version that answers.", ("version",), [version])
        if self._signs is not None:
            yield from _runs(self._signs)
            yield from _durations(self._signs)
            yield from _workers(self._signs)
            yield from _forecasts(self._signs)
            yield from _room(self._signs)


def _runs(signs: VitalSigns) -> Iterator[GaugeMetricFamily]:
    yield _many(
        "storecast_refresh_runs",
        "Refresh runs the ledger keeps, by state.",
        ("state",),
        _by_state(signs.ledger.tallies),
    )
    yield _many(
        "storecast_refresh_runs_ended",
        "Refresh runs the ledger keeps that have ended, by outcome and by what they did.",
        ("outcome", "verdict"),
        _by_outcome(signs.ledger.tallies),
    )
    retried = sum(tally.retried for tally in signs.ledger.tallies)
    yield _one("storecast_refresh_runs_retried", "Runs kept that needed more than one attempt.", retried)
    yield _one(
        "storecast_refresh_oldest_waiting_seconds",
        "How long the oldest run that is queued or waits has done so; 0 where none does.",
        _seconds(signs.ledger.waiting),
    )


def _durations(signs: VitalSigns) -> Iterator[GaugeMetricFamily]:
    yield _quantiles(
        "storecast_refresh_wait_seconds",
        "From the press to the start, of runs that were worked and have ended in the last 24 h.",
        signs.ledger.waited,
    )
    yield _quantiles(
        "storecast_refresh_work_seconds", "From the start to the end of the same runs.", signs.ledger.worked
    )
    yield _one("storecast_refresh_runs_timed", "How many runs these are.", len(signs.ledger.worked))


def _workers(signs: VitalSigns) -> Iterator[GaugeMetricFamily]:
    silent = len(signs.ledger.silences) - signs.alive
    yield _many(
        "storecast_workers",
        "Refresh workers of the last 7 days, by whether they gave a sign of life in the last 30 s.",
        ("state",),
        [(("alive",), signs.alive), (("silent",), silent)],
    )
    if signs.ledger.silences:
        newest, oldest = min(signs.ledger.silences), max(signs.ledger.silences)
        yield _many(
            "storecast_worker_heartbeat_age_seconds",
            "Time since a worker's last sign of life: of the one heard last and of the one silent longest.",
            ("which",),
            [(("newest",), _seconds(newest)), (("oldest",), _seconds(oldest))],
        )


def _forecasts(signs: VitalSigns) -> Iterator[GaugeMetricFamily]:
    yield _many(
        "storecast_stores",
        "Stores with sales, by the state of their forecast.",
        ("state",),
        [((state.name.lower(),), signs.stores.get(state, 0)) for state in StoreState],
    )
    if signs.oldest is not None:
        yield _one(
            "storecast_oldest_predictor_age_seconds",
            "Age of the oldest training that serves a store.",
            _seconds(signs.oldest),
        )
    yield _one("storecast_forecast_versions", "Forecast versions kept.", signs.versions.count)


def _room(signs: VitalSigns) -> Iterator[GaugeMetricFamily]:
    yield _one("storecast_database_bytes", "Size of the database.", signs.versions.bytes)
    if signs.files is not None:
        yield _one("storecast_history_bytes", "Size of the history files.", signs.files.bytes)
        yield _one("storecast_history_files", "Number of history files.", signs.files.count)
    if signs.free is not None:
        yield _one("storecast_disk_free_bytes", "Room left where the state folder is.", signs.free)


def _by_state(runs: Iterable[RunTally]) -> Values:
    counts = Counter({(state.value,): 0 for state in RunState})
    for tally in runs:
        counts[tally.state,] += tally.runs
    return counts.items()


def _by_outcome(runs: Iterable[RunTally]) -> Values:
    counts = Counter({(outcome, verdict): 0 for outcome in ENDED for verdict in VERDICTS})
    for tally in runs:
        if tally.state in ENDED:
            counts[tally.state, tally.verdict] += tally.runs
    return counts.items()


def _quantiles(name: str, says: str, durations: Sequence[timedelta]) -> GaugeMetricFamily:
    values = [((f"{level:g}",), quantile(durations, level)) for level in LEVELS]
    known = [(level, _seconds(value)) for level, value in values if value is not None]
    return _many(name, says, ("quantile",), known)


def _one(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)


def _many(name: str, says: str, labels: Sequence[str], values: Values) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _seconds(value: timedelta | None) -> float:
    """In seconds, and 0 rather than less: clocks of two machines never quite agree."""
    return max(0.0, value.total_seconds()) if value else 0.0
