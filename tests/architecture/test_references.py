"""Every file, module and name that a docstring, a comment or a Markdown page refers to exists."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_type_hints

import pytest

from forecasting.services.composition import Services
from tests.architecture.sources import ROOT, modules, tracked

TOP = ("forecasting", "web", "pages", "tests", "benchmarks", "docs", "data")
ENDINGS = "py|md|toml|txt|css|js|html|json|env|parquet|csv|xz|png"

PATH = re.compile(
    rf"(?<![\w./:-])(?:(?:{'|'.join(TOP)})/[\w./-]*\w|(?:[\w-]+/)+[\w-]+\.(?:{ENDINGS}))(?![\w<*{{])"
)
"""A path that begins with one of the project's folders, or that ends in a file."""

LINK = re.compile(r"\]\(([^):#]+)(?:#[^)]*)?\)")
"""The target of a link in Markdown that is no address."""

NAME = re.compile(r"`([a-z_]\w*(?:\.\w+)+)(?:\(\))?`")
"""A dotted name in code font: a module of the project, or something that it defines."""

ELSEWHERE = {
    "data/var": "the default state folder, made when it is first used",
    "kind/store/hash.parquet": "the pattern of a history file's name",
}
"""Paths that are no tracked files, each with its reason."""

QUOTING = {
    Path("tests/architecture/test_references.py"): "its probes name what does not exist",
    Path("data/README.md"): "names files of the package that the sample comes from",
}
"""Files that are not checked, each with its reason."""


@cache
def listed() -> frozenset[Path]:
    """All tracked files and their folders, relative to the repository."""
    files = tracked("")
    return frozenset(files).union(*(file.parents for file in files))


def prose(file: Path) -> str:
    """The text of a Markdown file; the docstrings and comments of a Python file."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if file.suffix != ".py":
        return text
    strings = [
        node.value.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    comments = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    ]
    return "\n".join(strings + comments)


def stands(path: str, file: Path) -> bool:
    """Whether a path leads to a tracked file or folder: from the repository, a source folder, or the file."""
    if path in ELSEWHERE:
        return True
    starts = (ROOT, ROOT / "forecasting", ROOT / "web", ROOT / "tests", (ROOT / file).parent)
    found = ((start / name).resolve() for start in starts for name in (path, f"{path}.py"))
    return any(each.is_relative_to(ROOT) and each.relative_to(ROOT) in listed() for each in found)


@cache
def defined(module: str) -> frozenset[str]:
    """The names that a module defines or imports at its top, and the modules of a package."""
    known = modules(*TOP)
    names = {name.rpartition(".")[2] for name in known if name.rpartition(".")[0] == module}
    for node in ast.parse((ROOT / known[module]).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names.update(each.id for each in ast.walk(node) if isinstance(each, ast.Name))
    return frozenset(names)


@cache
def by_last_name() -> dict[str, str]:
    """Map the last part of a module's dotted name, which is unique (test_names.py), to the whole."""
    product = {name.rpartition(".")[2]: name for name in modules("forecasting", "web")}
    del product["prophet"]  # the vendor's package has the same name
    return product | {name: name for name in TOP}


def means_something(name: str) -> bool:
    """Whether a dotted name leads to a module or to a name it defines; names of other projects do."""
    first, *rest = name.split(".")
    if first not in by_last_name() or rest[0] in ENDINGS.split("|"):
        return True
    use_cases = get_type_hints(Services)
    if first == "services" and rest[0] in use_cases:  # the object that pages hold
        return all(hasattr(use_cases[rest[0]], each) for each in rest[1:])
    module = by_last_name()[first]
    known = modules(*TOP)
    for part in rest:
        if module not in known:
            return True
        if part not in defined(module):
            return False
        module = f"{module}.{part}"
    return True


def broken(text: str, file: Path) -> Iterator[str]:
    """Find the references in a text that lead nowhere."""
    yield from (path for path in PATH.findall(text) if not stands(path, file))
    yield from (name for name in NAME.findall(text) if not means_something(name))
    if file.suffix == ".md":
        yield from (path for path in LINK.findall(text) if not stands(path, file))


def test_every_reference_leads_somewhere() -> None:
    """A reader who follows a path or a name finds it, also after things were moved or renamed."""
    files = [file for file in tracked(".py", ".md") if file not in QUOTING]
    found = {str(file): sorted(set(broken(prose(file), file))) for file in files}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("as decided in docs/adr/0008-recipe.md", ["docs/adr/0008-recipe.md"]),
        ("as decided in docs/adr/0008-recipe-and-chain.md.", []),
        ("see training/forecast_task.py and web/http", []),
        ("see training/forecast_tasks.py", ["training/forecast_tasks.py"]),
        ("tests/faults and tests/nowhere", ["tests/nowhere"]),
        ("[the guide](docs/guide.md#start), [a page](https://example.com/a.md)", ["docs/guide.md"] * 2),
        ("`forecasting.core.domain.SeriesKey`, `domain.SeriesKey.store`", []),
        ("`forecasting.core.domain.Desk` and `domain.Look`", ["forecasting.core.domain.Desk", "domain.Look"]),
        ("`forecasting.work`, `numpy.work`", ["forecasting.work"]),
        ("`services.refreshing.refresh(user)`, `services.stores.look`", ["services.stores.look"]),
    ],
)
def test_a_reference_that_leads_nowhere_is_found(text: str, lost: list[str]) -> None:
    """Whether it is a path, a link, a module or a name in one."""
    assert list(broken(text, Path("README.md"))) == lost


def test_docstrings_and_comments_are_read() -> None:
    """Both can name a file; code can't, as other tests run it."""
    found = prose(Path("tests/architecture/test_layers.py"))
    assert "A layer that is a single module would grow" in found
    assert "layer_contracts()" not in found
