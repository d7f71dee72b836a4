"""Engines by name."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from forecasting.core.errors import EngineUnavailable
from forecasting.core.pooled_priors import PooledPrior
from forecasting.core.ports import LocalEngine
from forecasting.engines.empirical import Empirical
from forecasting.engines.prophet.prophet_engine import ProphetEngine
from forecasting.engines.seasonal_naive import SeasonalNaive

_ENGINES: dict[str, Callable[[PooledPrior | None], LocalEngine]] = {
    "prophet": ProphetEngine,
    "seasonal_naive": lambda _prior: SeasonalNaive(),
    "empirical": lambda _prior: Empirical(),
}

NAMES = tuple(_ENGINES)
"""Names of the engines that come with the product."""


def engine(name: str, prior: PooledPrior | None = None) -> LocalEngine:
    """Return an engine.

    Parameters
    ----------
    name
        One of `NAMES`, or ``package.module:factory``: an operator's own, a callable without arguments that
        returns a `LocalEngine`. The module must be importable in the server and in its workers.
    prior
        What the coefficients of the series' product are over the chain; engines that have no use for it
        leave it.

    Raises
    ------
    EngineUnavailable
        If there is no such engine, or what the factory returns is not one.
    """
    if ":" in name:
        return _own(name)
    if name not in _ENGINES:
        raise EngineUnavailable(
            f"engine: expected one of {', '.join(NAMES)} or 'package.module:factory', found '{name}'"
        )
    return _ENGINES[name](prior)


def poolable(name: str) -> bool:
    """Whether an engine's fits are pooled over the chain: it says so itself, by an attribute ``poolable``.

    Parameters
    ----------
    name
        As for `engine`; one that is not to be had is not pooled, and fails the runs that ask for it.
    """
    try:
        return bool(getattr(engine(name, None), "poolable", False))
    except EngineUnavailable:
        return False


def _own(path: str) -> LocalEngine:
    module, _, factory = path.partition(":")
    try:
        make = getattr(import_module(module), factory)
    except (ImportError, AttributeError, ValueError) as error:  # ValueError: an empty module name
        raise EngineUnavailable(f"engine '{path}': expected an importable factory, found: {error}") from error
    if not callable(make):
        raise EngineUnavailable(f"engine '{path}': expected a callable, found {type(make).__name__}")
    made = make()
    if not (isinstance(getattr(made, "name", None), str) and callable(getattr(made, "fit", None))):
        raise EngineUnavailable(
            f"engine '{path}': expected an engine with 'name' and 'fit', found {type(made).__name__}"
        )
    return cast("LocalEngine", made)  # checked above as far as it can be without fitting
