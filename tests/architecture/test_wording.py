"""Turns of phrase that readers had to read twice stay out of docstrings, comments, messages and documents."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, tracked

BANNED = {
    r"\b(?:is|are|was|were) told\b": "say who says what to whom: shows, reports, receives",
    r"\bof then\b": "previous",
    r"\bthat of now\b|\bthose of (?:now|then)\b": "the current …, the previous …",
    r"\b(?:is|are|was) not to be had\b|\bto be had\b": "is not available",
    r"\babreast\b": "concurrent",
    r"\bwho (?:has|have) none\b": "name who, and what is missing",
    r"\bwhat \w+ (?:is|are) made of\b": "name the parts",
    r"\bmended\b": "fixed",
    r"\btake away\b": "export",
    r"\bgoes before\b": "takes precedence over",
    r"\blook at it again\b": "read it again, check it again",
    r"\bwhat is known of\b": "name what is known",
    r"\bas a rule\b": "usually, or the rule itself",
    r"\bso to speak\b": "leave it out",
    r"\bnearer the truth\b": "more accurate",
    r"\bin vain\b": "without effect, or say what is missing",
}
"""Each turn, as a regular expression, with what to write in its place."""

QUOTING = {
    Path("tests/architecture/test_wording.py"): "quotes the turns",
    Path("CHANGELOG.md"): "quotes older wordings that it says were replaced",
}


def texts(file: Path, source: str) -> Iterator[tuple[int, str]]:
    """Yield what people read in a file, with its line: all of Markdown, strings and comments of Python."""
    if file.suffix != ".py":
        yield from enumerate(source.splitlines(), 1)
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, " ".join(node.value.split())
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def banned(file: Path, source: str) -> list[str]:
    """Return the banned turns in a file, each with its place and what to write instead."""
    return [
        f"{file}:{line}: {found[0]!r}; write: {instead}"
        for line, text in texts(file, source)
        for turn, instead in BANNED.items()
        if (found := re.search(turn, text, re.IGNORECASE))
    ]


def test_nobody_has_to_read_twice() -> None:
    """In the product, its pages, tests, benchmarks and documents."""
    files = [file for file in tracked(".py", ".md") if file not in QUOTING]
    assert [each for file in files for each in banned(file, (ROOT / file).read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.md", "One is told of it.\n"),
        ("a.py", '"""Runs that are\n   told nothing."""\n'),
        ("a.py", "x = 1  # as a rule\n"),
        ("a.py", 'raise ValueError(f"{x} is mended")\n'),
    ],
)
def test_a_banned_turn_is_found(name: str, source: str) -> None:
    """In prose, docstrings across lines, comments and messages."""
    assert len(banned(Path(name), source)) == 1
