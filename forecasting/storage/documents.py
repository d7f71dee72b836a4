"""Predictors and chains as JSON documents that name their type and version.

msgspec turns the values into JSON, and reads them back into the frozen dataclasses, checking every type. Two
things are written in their own way: an instant ends in ``+00:00`` rather than ``Z``, and the errors of a
backtest are one list for each sum, so that the names of the sums are not repeated for every week.

Version 1 of a predictor had one backtest window and its finished figures. They cannot be turned into the sums
of version 2, so such a predictor is read without scores. Its choices and reasons are kept.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import msgspec

from forecasting.core.domain import Predictor
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import StateTooNew, StorageError
from forecasting.core.pooled_priors import ChainPriors

TYPE = "storecast.predictor"
VERSION = 2
_WITHOUT_SUMS = 1

CHAIN_TYPE = "storecast.chain"
CHAIN_VERSION = 1

_SUMS = tuple(each.name for each in fields(ErrorSums))

Value = TypeVar("Value")


def write_predictor(predictor: Predictor) -> dict[str, Any]:
    """The document of a predictor, ready for JSON."""
    stored = _plain(predictor)
    stored["trained_at"] = predictor.trained_at.isoformat()
    for choice in stored["choices"]:
        for score in choice["scores"]:
            score["weeks"] = {name: [week[name] for week in score["weeks"]] for name in _SUMS}
    return {"type": TYPE, "version": VERSION, "predictor": stored}


def read_predictor(document: Mapping[str, Any]) -> Predictor:
    """The predictor of a document.

    Raises
    ------
    StateTooNew
        If the document has a version this code does not know.
    StorageError
        If it is the document of something else, or if it is damaged.
    """
    version = _version(document, "predictor", TYPE, (_WITHOUT_SUMS, VERSION))
    try:
        stored = document["predictor"]
        choices = [_choice(each, version) for each in stored["choices"]]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged("predictor", error) from error
    return _typed("predictor", {**stored, "choices": choices}, Predictor)


def write_chain(chain: ChainPriors) -> dict[str, Any]:
    """The document of a chain, ready for JSON; each coefficient is a list of its figures."""
    stored = _plain(chain)
    stored["computed_at"] = chain.computed_at.isoformat()
    return {"type": CHAIN_TYPE, "version": CHAIN_VERSION, "chain": stored}


def read_chain(document: Mapping[str, Any]) -> ChainPriors:
    """The chain of a document.

    Raises
    ------
    StateTooNew, StorageError
        As for `read_predictor`.
    """
    _version(document, "chain", CHAIN_TYPE, (CHAIN_VERSION,))
    return _typed("chain", document.get("chain"), ChainPriors)


def _version(document: Mapping[str, Any], what: str, expected: str, known: tuple[int, ...]) -> int:
    """The version of a document, checked to be of the expected type and a known version."""
    found = document.get("type")
    if found != expected:
        raise StorageError(f"stored {what}: expected type '{expected}', found '{found}'")
    version: int = document["version"]
    if version not in known:
        raise StateTooNew(
            f"stored {what}: expected version {known[-1]} of '{expected}', found version {version}"
        )
    return version


def _choice(stored: Mapping[str, Any], version: int) -> dict[str, Any]:
    """A stored choice with its scores as `BacktestScore` has them; without scores before version 2."""
    scores = [_score(score) for score in stored["scores"]] if version > _WITHOUT_SUMS else []
    return {**stored, "scores": scores}


def _score(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored score with one mapping of sums for each week, rather than one list for each sum."""
    columns = [stored["weeks"][name] for name in _SUMS]
    weeks = [dict(zip(_SUMS, week, strict=True)) for week in zip(*columns, strict=True)]
    return {**stored, "weeks": weeks}


def _plain(value: Predictor | ChainPriors) -> dict[str, Any]:
    """The fields of a value as JSON types."""
    plain: dict[str, Any] = msgspec.to_builtins(value, enc_hook=_as_builtin)
    return plain


def _as_builtin(value: object) -> object:
    """The built-in equivalent of a value of another class, such as a NumPy float or a read-only mapping."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, float):
        return float(value)
    raise NotImplementedError(f"expected a value that JSON can hold, found {type(value).__name__}")


def _typed(what: str, stored: object, kind: type[Value]) -> Value:
    try:
        return msgspec.convert(stored, kind)
    except msgspec.ValidationError as error:
        raise _damaged(what, error) from error


def _damaged(what: str, error: Exception) -> StorageError:
    return StorageError(f"stored {what}: expected a complete document, found: {error}")
