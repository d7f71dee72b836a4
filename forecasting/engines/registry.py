"""Create engines by name."""

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
"""Names of the built-in engines."""


def engine(name: str, prior: PooledPrior | None = None) -> LocalEngine:
    """Create an engine.

    Parameters
    ----------
    name
        One of `NAMES`, or ``package.module:factory`` for an operator's own engine: a callable without
        arguments that returns a `LocalEngine`. The server and its workers must be able to import the module.
    prior
        Pooled prior of the product's coefficients, or None. Engines without coefficients ignore it.

    Raises
    ------
    EngineUnavailable
        If there is no such engine, or the factory returns something else.
    """
    if ":" in name:
        return _own(name)
    if name not in _ENGINES:
        raise EngineUnavailable(
            f"engine: expected one of {', '.join(NAMES)} or 'package.module:factory', found '{name}'"
        )
    return _ENGINES[name](prior)


def poolable(name: str) -> bool:
    """Whether an engine's fits are pooled over the chain: its attribute ``poolable`` says so.

    Parameters
    ----------
    name
        As for `engine`. An engine that is not available is not pooled; runs that request it fail.
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
    return cast("LocalEngine", made)  # checked as far as possible without a fit
