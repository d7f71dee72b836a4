"""A predictor, and what is pooled over the chain, as JSON documents that name their type and version.

Version 1 of a predictor had one backtest window and its finished figures; they can't be turned into the sums
of version 2, so such a predictor is read without scores. Choices and reasons are kept.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from forecasting.core.domain import BacktestScore, Predictor, SeriesChoice
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import StateTooNew, StorageError
from forecasting.core.pooled_priors import ChainPriors, CoefficientPrior, PooledPrior, PooledSpread

TYPE = "storecast.predictor"
VERSION = 2
_WITHOUT_SUMS = 1

CHAIN_TYPE = "storecast.chain"
CHAIN_VERSION = 1


def write_predictor(predictor: Predictor) -> dict[str, Any]:
    """The document of a predictor: its fields, days and instants in ISO 8601, sums of weeks by name."""
    return {"type": TYPE, "version": VERSION, "predictor": _plain(asdict(predictor, dict_factory=_fields))}


def read_predictor(document: Mapping[str, Any]) -> Predictor:
    """The predictor of a document.

    Raises
    ------
    StateTooNew
        If the document has a version this code does not know.
    StorageError
        If it is the document of something else.
    """
    version = _version(document, "predictor", TYPE, (_WITHOUT_SUMS, VERSION))
    stored = dict(document["predictor"])
    stored["trained_at"] = datetime.fromisoformat(stored["trained_at"])
    stored["cutoff"] = date.fromisoformat(stored["cutoff"])
    stored["choices"] = tuple(_choice(choice, version) for choice in stored["choices"])
    return Predictor(**stored)


def write_chain(chain: ChainPriors) -> dict[str, Any]:
    """The document of a chain: its fields, days and instants in ISO 8601, each coefficient a list."""
    pooled = {"priors": map(_flat, chain.priors), "spreads": map(_flat, chain.spreads)}
    return {"type": CHAIN_TYPE, "version": CHAIN_VERSION, "chain": _plain(_flat(chain) | pooled)}


def read_chain(document: Mapping[str, Any]) -> ChainPriors:
    """The chain of a document.

    Raises
    ------
    StateTooNew, StorageError
        As for `read_predictor`.
    """
    _version(document, "chain", CHAIN_TYPE, (CHAIN_VERSION,))
    stored = dict(document["chain"])
    stored["computed_at"] = datetime.fromisoformat(stored["computed_at"])
    stored["cutoff"] = date.fromisoformat(stored["cutoff"])
    stored["priors"] = tuple(_prior(prior) for prior in stored["priors"])
    stored["spreads"] = tuple(_spread(spread) for spread in stored["spreads"])
    return ChainPriors(**stored)


def _version(document: Mapping[str, Any], what: str, expected: str, known: tuple[int, ...]) -> int:
    """The version of a document of the expected type, if it is a known one."""
    found = document.get("type")
    if found != expected:
        raise StorageError(f"stored {what}: expected type '{expected}', found '{found}'")
    version: int = document["version"]
    if version not in known:
        raise StateTooNew(
            f"stored {what}: expected version {known[-1]} of '{expected}', found version {version}"
        )
    return version


def _prior(stored: Mapping[str, Any]) -> PooledPrior:
    coefficients = {name: CoefficientPrior(*figures) for name, figures in stored["coefficients"].items()}
    return PooledPrior(
        **{**stored, "cutoff": date.fromisoformat(stored["cutoff"]), "coefficients": coefficients}
    )


def _spread(stored: Mapping[str, Any]) -> PooledSpread:
    cutoff, factors = date.fromisoformat(stored["cutoff"]), tuple(stored["factors"])
    return PooledSpread(**{**stored, "cutoff": cutoff, "factors": factors})


def _choice(stored: Mapping[str, Any], version: int) -> SeriesChoice:
    scores = tuple(_score(score) for score in stored["scores"]) if version > _WITHOUT_SUMS else ()
    return SeriesChoice(**{**stored, "scores": scores, "widths": tuple(stored.get("widths", ()))})


def _score(stored: Mapping[str, Any]) -> BacktestScore:
    cutoffs = tuple(date.fromisoformat(cutoff) for cutoff in stored["cutoffs"])
    columns = [stored["weeks"][each.name] for each in fields(ErrorSums)]
    weeks = tuple(ErrorSums(*week) for week in zip(*columns, strict=True))
    return BacktestScore(**{**stored, "cutoffs": cutoffs, "weeks": weeks})


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of a dataclass; weeks as one list for each sum, which spares their names."""
    made = dict(pairs)
    if "weeks" in made:
        made["weeks"] = {each.name: [week[each.name] for week in made["weeks"]] for each in fields(ErrorSums)}
    return made


def _flat(value: ChainPriors | PooledPrior | PooledSpread) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _plain(value: Any) -> Any:  # noqa: ANN401 – walks any nesting of JSON values
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | map):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
