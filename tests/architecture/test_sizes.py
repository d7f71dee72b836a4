"""Modules, classes and functions stay small enough to be read at once."""

import ast
import math
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import ROOT, tracked

MODULE_LINES, PAGE_LINES, CLASS_LINES, FUNCTION_LINES = 400, 60, 250, 60
PUBLIC_METHODS = 15


def too_large(
    source: str, most_lines: int = MODULE_LINES, most_methods: float = PUBLIC_METHODS
) -> Iterator[str]:
    """Name what outgrows its size: the module, its classes and its functions."""
    lines = source.count("\n")
    if lines > most_lines:
        yield f"{lines} lines"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > FUNCTION_LINES:
            yield f"{node.name}: {length(node)} lines"
        elif isinstance(node, ast.ClassDef):
            public = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            count = sum(not each.name.startswith("_") for each in public)
            if length(node) > CLASS_LINES:
                yield f"{node.name}: {length(node)} lines"
            if count > most_methods:
                yield f"{node.name}: {count} public methods"


def length(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines a class or function takes, its docstring included and its decorators not."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def most_lines(file: Path) -> int:
    """How many lines a module may have."""
    return PAGE_LINES if file.parts[0] == "pages" else MODULE_LINES


def most_methods(file: Path) -> float:
    """How many public methods a class may have. A double in the tests has as many as its original."""
    return math.inf if file.parts[0] == "tests" else PUBLIC_METHODS


def test_nothing_outgrows_its_size() -> None:
    """In the product, its tests, the benchmarks and the documents' scripts."""
    found = {
        str(file): list(
            too_large((ROOT / file).read_text(encoding="utf-8"), most_lines(file), most_methods(file))
        )
        for file in tracked(".py")
    }
    assert {file: sizes for file, sizes in found.items() if sizes} == {}


def test_what_outgrows_its_size_is_found() -> None:
    """One line or method too many."""
    body = "        pass\n" * FUNCTION_LINES
    methods = "".join(f"    def f{number}(self): pass\n" for number in range(PUBLIC_METHODS + 1))
    source = (
        f"class Small:\n    def long(self):\n{body}\nclass Wide:\n{methods}    def _private(self): pass\n"
    )
    assert list(too_large(source, 20)) == ["81 lines", "Wide: 16 public methods", "long: 61 lines"]
    assert list(too_large("pass\n" * MODULE_LINES)) == []
    large = "class Large:\n" + "    x = 1\n" * CLASS_LINES
    assert list(too_large(large)) == ["Large: 251 lines"]
