from datetime import date

import pytest

from forecasting.core.errors import EngineUnavailable
from forecasting.core.pooled_priors import PooledPrior
from forecasting.engines import registry
from forecasting.engines.prophet.prophet_engine import ProphetEngine
from forecasting.engines.seasonal_naive import SeasonalNaive


@pytest.mark.parametrize("name", registry.NAMES)
def test_an_engine_has_the_name_under_which_it_is_registered(name: str) -> None:
    """So a stored name leads back to its engine."""
    assert registry.engine(name).name == name


def test_an_operators_own_engine_is_imported_and_made() -> None:
    """``module:factory`` is called without arguments."""
    made = registry.engine("forecasting.engines.seasonal_naive:SeasonalNaive")
    assert isinstance(made, SeasonalNaive)


def test_an_unknown_name_is_refused_with_the_known_names() -> None:
    """The message says what to write instead."""
    with pytest.raises(
        EngineUnavailable, match=r"expected one of prophet, seasonal_naive, empirical or .* found 'arima'"
    ):
        registry.engine("arima")


def test_a_prior_reaches_the_engine_that_uses_one() -> None:
    """By default there is none."""
    prior = PooledPrior("all", date(2026, 3, 1), 3, {})
    made, plain = registry.engine("prophet", prior), registry.engine("prophet")
    assert isinstance(made, ProphetEngine)
    assert isinstance(plain, ProphetEngine)
    assert (made.prior, plain.prior) == (prior, None)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("no_such_module:make", "No module named 'no_such_module'"),
        ("forecasting.core.errors:no_such_name", "no_such_name"),
        (":make", "Empty module name"),
        ("forecasting.core.errors:", "has no attribute"),
        ("forecasting.engines.registry:NAMES", "found tuple"),
        ("builtins:dict", "found dict"),
    ],
)
def test_a_factory_that_makes_no_engine_is_refused(path: str, found: str) -> None:
    """The message says why."""
    with pytest.raises(EngineUnavailable, match=f"engine '{path}': expected .*{found}"):
        registry.engine(path)
