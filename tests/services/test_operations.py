"""The status, the checks and the figures that operators ask for."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from forecasting import __version__
from forecasting.core.domain import Principal
from forecasting.core.errors import NotPermitted
from forecasting.services.readiness import Need
from tests.house import House

PLANNER = Principal("p", "Planner", frozenset({"planner"}))


def test_only_an_operator_is_told(house: House) -> None:
    """The figures are of all stores."""
    with pytest.raises(NotPermitted):
        house.services.operations.vital_signs(PLANNER)
    with pytest.raises(NotPermitted):
        house.services.operations.check(PLANNER, Need.DATABASE)
    operator = replace(PLANNER, roles=frozenset({"operator"}))
    assert house.services.operations.check(operator, Need.DATABASE).ok


def test_the_version_that_is_told_is_the_projects() -> None:
    """One of the two is easily forgotten at a release."""
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == __version__
