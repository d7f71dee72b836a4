"""A predictor as a JSON document that names its type and version."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from forecasting.domain import BacktestScore, Predictor, SeriesChoice
from forecasting.errors import StateTooNew, StorageError

TYPE = "storecast.predictor"
VERSION = 1


def write_predictor(predictor: Predictor) -> dict[str, Any]:
    """The document of a predictor: its fields, days and instants in ISO 8601."""
    fields = _plain(asdict(predictor))
    return {"type": TYPE, "version": VERSION, "predictor": fields}


def read_predictor(document: Mapping[str, Any]) -> Predictor:
    """The predictor of a document.

    Raises
    ------
    StateTooNew
        If the document has a version this code does not know.
    StorageError
        If it is the document of something else.
    """
    found = document.get("type")
    if found != TYPE:
        raise StorageError(f"stored predictor: expected type '{TYPE}', found '{found}'")
    version = document.get("version")
    if version != VERSION:
        raise StateTooNew(
            f"stored predictor: expected version {VERSION} of '{TYPE}', found version {version}"
        )
    fields = dict(document["predictor"])
    fields["trained_at"] = datetime.fromisoformat(fields["trained_at"])
    fields["cutoff"] = date.fromisoformat(fields["cutoff"])
    fields["choices"] = tuple(_choice(choice) for choice in fields["choices"])
    return Predictor(**fields)


def _choice(fields: Mapping[str, Any]) -> SeriesChoice:
    scores = tuple(
        BacktestScore(**{**score, "cutoff": date.fromisoformat(score["cutoff"])})
        for score in fields["scores"]
    )
    return SeriesChoice(**{**fields, "scores": scores})


def _plain(value: Any) -> Any:  # noqa: ANN401 – walks any nesting of JSON values
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
