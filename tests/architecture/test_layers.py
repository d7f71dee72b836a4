import tomllib
from typing import Any

import pytest

from tests.architecture.sources import ROOT, modules

MOST_LAYERS = 10
MODULES_AS_LAYERS = {"forecasting.__main__", "forecasting.bootstrap", "web.router"}


def layer_contracts() -> dict[str, dict[str, Any]]:
    """Map each container of layers to its contract."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layered = [each for each in contracts if each["type"] == "layers"]
    return {name: each for each in layered for name in each.get("containers", [])}


def layers_of(container: str) -> set[str]:
    """Return the dotted names of the layers of a container."""
    lines = layer_contracts()[container]["layers"]
    return {f"{container}.{name.strip()}" for line in lines for name in line.replace(":", "|").split("|")}


def uncovered(names: set[str]) -> set[str]:
    """Return the modules that belong to no layer of any contract."""
    containers = layer_contracts()
    layers = tuple(layer for container in containers for layer in layers_of(container))
    return {
        name
        for name in names
        if name not in containers and not any(f"{name}.".startswith(f"{layer}.") for layer in layers)
    }


@pytest.mark.parametrize("container", ["forecasting", "web"])
def test_there_are_at_most_ten_layers_and_each_is_a_package(container: str) -> None:
    """A layer that is a single module would grow into a list of modules."""
    contract = layer_contracts()[container]
    assert len(contract["layers"]) <= MOST_LAYERS
    assert contract["exhaustive"] is True
    for layer in layers_of(container) - MODULES_AS_LAYERS:
        assert (ROOT / layer.replace(".", "/") / "__init__.py").is_file(), layer


def test_every_module_is_covered_by_a_contract() -> None:
    """A new room has to find its layer before its first module can be merged."""
    assert uncovered(set(modules("forecasting", "web"))) == set()


def test_a_module_in_no_layer_is_found() -> None:
    """Names are compared part by part, so a longer name is not mistaken for a layer."""
    names = {"forecasting.core.schema", "forecasting.corelike", "web.shared.charts", "web.loose", "tools.new"}
    assert uncovered(names) == {"forecasting.corelike", "web.loose", "tools.new"}


def test_the_top_of_the_product_holds_packages_only() -> None:
    """Everything but the command line's entry and the wiring stands in a package."""
    top = {path.name for path in (ROOT / "forecasting").iterdir() if path.is_file()}
    assert top == {"__init__.py", "__main__.py", "bootstrap.py"}
