"""No two modules and no two classes of the product have one name, or names that are easily confused."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import pytest

from tests.architecture.sources import ROOT, modules

VERSIONS = PurePosixPath("forecasting/storage/migrations/versions")
"""Migrations are named by their number."""


def last_names() -> dict[str, list[str]]:
    """Map the last part of a module's dotted name to the modules that end in it."""
    places = defaultdict(list)
    for name, file in modules("forecasting", "web").items():
        last = name.rpartition(".")[2]
        if not last.startswith("__") and VERSIONS not in file.parents:
            places[last].append(name)
    return places


def stem(name: str) -> str:
    """The parts of a name without their endings: ``scor`` for score, scores, scored and scoring."""
    return "_".join(re.sub(r"(?<=\w{3})(e?s|ed|ing|e)$", "", part) for part in name.split("_"))


def families(names: Iterable[str]) -> Mapping[str, list[str]]:
    """The names that share a stem with another one, by stem."""
    alike = defaultdict(list)
    for name in names:
        alike[stem(name)].append(name)
    return {key: found for key, found in alike.items() if len(found) > 1}


def test_no_two_modules_share_a_name() -> None:
    """Tracebacks, searches and editors' tabs show a module by its last name alone."""
    assert {last: names for last, names in last_names().items() if len(names) > 1} == {}


def test_no_two_modules_have_nearly_the_same_name() -> None:
    """Nobody remembers which of score, scores and scoring holds what. Packages may be named so."""
    packages = {file.parent.name for file in modules("forecasting", "web").values()}
    assert families(last_names().keys() - packages) == {}


@pytest.mark.parametrize(
    "names", [("score", "scores", "scoring"), ("chain", "chaining", "chains"), ("store_file", "store_files")]
)
def test_a_family_is_found(names: tuple[str, ...]) -> None:
    """Whatever the endings are."""
    assert list(families([*names, "other"]).values()) == [list(names)]


def test_no_two_classes_share_a_name() -> None:
    """A reader who meets a public class knows which one it is without following the import."""
    places = defaultdict(list)
    for name, file in modules("forecasting", "web").items():
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name)
    assert {each: names for each, names in places.items() if len(names) > 1} == {}
    assert "SeriesKey" in places
