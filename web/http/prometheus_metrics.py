"""Storecast's metrics in Prometheus' text format.

All of them are gauges. They are computed from the database at each scrape, so what retention has deleted is
no longer counted.
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
from forecasting.services.vital_signs import VitalSigns, quantile

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

LEVELS = (0.5, 0.9, 0.99, 1.0)
"""Quantiles of durations; 1 is the longest."""

ENDED = tuple(state.value for state in RunState if not state.active)
VERDICTS = (Verdict.REFORECAST.value, Verdict.RETRAIN.value)
"""The verdicts that lead to a run."""

Values = Iterable[tuple[tuple[str, ...], float]]
"""Pairs of label values and a figure."""


def exposition(signs: VitalSigns | None) -> bytes:
    """Write the metrics in Prometheus' text format.

    Parameters
    ----------
    signs
        None if the database could not be read; then only ``storecast_up`` and the version are written.
    """
    registry = CollectorRegistry()
    registry.register(_VitalSignsCollector(signs))
    return generate_latest(registry)


class _VitalSignsCollector(Collector):
    """The metrics of one scrape."""

    def __init__(self, signs: VitalSigns | None) -> None:
        self._signs = signs

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield _one("storecast_up", "Whether the database could be read.", self._signs is not None)
        version = ((__version__,), 1.0)
        yield _many("storecast_build_info", "The version of Storecast.", ("version",), [version])
        if self._signs is not None:
            yield from _runs(self._signs)
            yield from _durations(self._signs)
            yield from _workers(self._signs)
            yield from _forecasts(self._signs)
            yield from _room(self._signs)


def _runs(signs: VitalSigns) -> Iterator[GaugeMetricFamily]:
    yield _many(
        "storecast_refresh_runs",
        "Refresh runs in the ledger, by state.",
        ("state",),
        _by_state(signs.ledger.tallies),
    )
    yield _many(
        "storecast_refresh_runs_ended",
        "Ended refresh runs in the ledger, by outcome and verdict.",
        ("outcome", "verdict"),
        _by_outcome(signs.ledger.tallies),
    )
    retried = sum(tally.retried for tally in signs.ledger.tallies)
    yield _one(
        "storecast_refresh_runs_retried", "Runs in the ledger that needed more than one attempt.", retried
    )
    yield _one(
        "storecast_refresh_oldest_waiting_seconds",
        "Age of the oldest run that is queued or waiting; 0 if there is none.",
        _seconds(signs.ledger.waiting),
    )


def _durations(signs: VitalSigns) -> Iterator[GaugeMetricFamily]:
    yield _quantiles(
        "storecast_refresh_wait_seconds",
        "Time from request to start of the runs that ended in the last 24 h.",
        signs.ledger.waited,
    )
    yield _quantiles(
        "storecast_refresh_work_seconds", "Time from start to end of the same runs.", signs.ledger.worked
    )
    yield _one("storecast_refresh_runs_timed", "Number of runs in these quantiles.", len(signs.ledger.worked))


def _workers(signs: VitalSigns) -> Iterator[GaugeMetricFamily]:
    silent = len(signs.ledger.silences) - signs.alive
    yield _many(
        "storecast_workers",
        "Refresh workers of the last 7 days, by whether they sent a heartbeat in the last 30 s.",
        ("state",),
        [(("alive",), signs.alive), (("silent",), silent)],
    )
    if signs.ledger.silences:
        newest, oldest = min(signs.ledger.silences), max(signs.ledger.silences)
        yield _many(
            "storecast_worker_heartbeat_age_seconds",
            "Time since a worker's last heartbeat: the newest and the oldest of all workers.",
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
            "Age of the oldest training in use.",
            _seconds(signs.oldest),
        )
    yield _one("storecast_forecast_versions", "Forecast versions in the database.", signs.versions.count)


def _room(signs: VitalSigns) -> Iterator[GaugeMetricFamily]:
    yield _one("storecast_database_bytes", "Size of the database.", signs.versions.bytes)
    if signs.files is not None:
        yield _one("storecast_history_bytes", "Size of the history files.", signs.files.bytes)
        yield _one("storecast_history_files", "Number of history files.", signs.files.count)
    if signs.free is not None:
        yield _one("storecast_disk_free_bytes", "Free disk space in the state folder.", signs.free)


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


def _quantiles(name: str, help_text: str, durations: Sequence[timedelta]) -> GaugeMetricFamily:
    values = [((f"{level:g}",), quantile(durations, level)) for level in LEVELS]
    known = [(level, _seconds(value)) for level, value in values if value is not None]
    return _many(name, help_text, ("quantile",), known)


def _one(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def _many(name: str, help_text: str, labels: Sequence[str], values: Values) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _seconds(value: timedelta | None) -> float:
    """Seconds; negative durations, which clocks of two machines can give, count as 0."""
    return max(0.0, value.total_seconds()) if value else 0.0
