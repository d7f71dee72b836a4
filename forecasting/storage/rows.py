"""Conversions between rows and domain values: for each value, the columns to select and the way back."""

from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from forecasting.core.domain import HistoryFile, RefreshRun, RunState, SeriesSummary, Verdict, VersionHeader
from forecasting.storage.tables import (
    forecast_head,
    forecast_summary,
    forecast_version,
    history_version,
    predictor,
    refresh_run,
)

_IN_PREDICTOR = ("asked_engine", "trained_at", "chain_id")
_RUN = tuple(field.name for field in fields(RefreshRun))
_FILE = tuple(field.name for field in fields(HistoryFile))
_HEADER = tuple(field.name for field in fields(VersionHeader))
_SUMMARY = tuple(field.name for field in fields(SeriesSummary))

RUN = tuple(refresh_run.c[name] for name in _RUN)
"""Columns of a run."""

FILE = tuple(history_version.c[name] for name in _FILE)
"""Columns of a history file."""

HEADER = tuple((predictor if name in _IN_PREDICTOR else forecast_version).c[name] for name in _HEADER)
"""Columns of a header. Select them from `forecast_version` joined with `predictor`."""

SUMMARY = tuple((forecast_head if name == "store" else forecast_summary).c[name] for name in _SUMMARY)
"""Columns of a summary. Select them from `forecast_summary` joined with `forecast_head`."""


def run_of(row: sa.Row[Any]) -> RefreshRun:
    """The run in a row of `RUN`."""
    values = dict(zip(_RUN, row, strict=True))
    values.update(verdict=Verdict(values["verdict"]), state=RunState(values["state"]))
    return RefreshRun(**values)


def row_of(run: RefreshRun) -> dict[str, Any]:
    """The columns of a run as values to insert."""
    return {**asdict(run), "verdict": run.verdict.value, "state": run.state.value}


def file_of(row: sa.Row[Any]) -> HistoryFile:
    """The history file in a row of `FILE`."""
    values = dict(zip(_FILE, row, strict=True))
    values["items"] = tuple(values["items"])
    return HistoryFile(**values)


def header_of(row: sa.Row[Any]) -> VersionHeader:
    """The header in a row of `HEADER`."""
    values = dict(zip(_HEADER, row, strict=True))
    values.update(assumptions=tuple(values["assumptions"]), chain_id=values["chain_id"] or "")
    return VersionHeader(**values)


def summary_of(row: sa.Row[Any]) -> SeriesSummary:
    """The summary in a row of `SUMMARY`."""
    values = dict(zip(_SUMMARY, row, strict=True))
    values["sparkline"] = tuple(values["sparkline"])
    return SeriesSummary(**values)
