"""Modules that the product never imports say so in their first line; entry points reach all others.

Imports are read from the source: those at the top of a module, those inside a function, and dotted names in
strings that are imported by name.
"""

import ast
from collections.abc import Mapping
from pathlib import Path

from tests.architecture.sources import ROOT, modules, tracked

NOT_USED = "Not used by the product yet: "

ENTRIES = (
    "forecasting.__main__",  # the command line
    "web.router",  # streamlit_app.py names it as a file
    "forecasting.storage.migrations",  # Alembic finds its environment and versions as files
)
SCRIPTS = ("streamlit_app.py", "pages/")


def imports_of(source: str, name: str, known: Mapping[str, Path]) -> set[str]:
    """Return the known modules that a module imports, the packages around them included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    around = {".".join(each.split(".")[:end]) for each in found for end in range(1, each.count(".") + 1)}
    return {each for each in found | around if each in known}


def reached(starts: set[str], imports: Mapping[str, set[str]]) -> set[str]:
    """Return every module that the start modules import, directly or through others, and these themselves."""
    seen: set[str] = set()
    waiting = set(starts)
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting |= imports[name] - seen
    return seen


def product() -> tuple[dict[str, Path], dict[str, set[str]], set[str]]:
    """Return the product's modules, what each imports, and the modules from which it is entered."""
    known = modules("forecasting", "web")
    imports = {
        name: imports_of((ROOT / file).read_text(encoding="utf-8"), name, known)
        for name, file in known.items()
    }
    starts = {name for name in known if f"{name}.".startswith(tuple(f"{each}." for each in ENTRIES))}
    for file in tracked(".py"):
        if file.as_posix().startswith(SCRIPTS):
            starts |= imports_of((ROOT / file).read_text(encoding="utf-8"), str(file), known)
    return known, imports, starts


def says_so(file: Path) -> bool:
    """Whether a module's docstring starts with `NOT_USED`."""
    return (ast.get_docstring(ast.parse((ROOT / file).read_text(encoding="utf-8"))) or "").startswith(
        NOT_USED
    )


def test_a_module_says_that_it_is_not_used_exactly_when_the_product_does_not_reach_it() -> None:
    """A new module that nothing imports is found, and so is a line that is no longer true."""
    known, imports, starts = product()
    unreached = known.keys() - reached(starts, imports)
    assert {name for name, file in known.items() if says_so(file)} == unreached


def test_the_solvers_of_plain_prophet_are_not_used_yet() -> None:
    """They are there for plain Prophet as an engine and for sums over days."""
    known, imports, starts = product()
    unreached = known.keys() - reached(starts, imports)
    prophet = "forecasting.engines.prophet"
    names = (
        "backend",
        "multiplicative",
        "objective",
        "plain_prophet",
        "plain_solver",
        "sample_paths",
        "valley",
    )
    assert {f"{prophet}.{name}" for name in names} <= unreached
    assert f"{prophet}.recipe" not in unreached


def test_imports_are_found_wherever_they_stand() -> None:
    """At the top, in a function, of a name in a package, and by a dotted name in a string."""
    known = {name: Path(name) for name in ("a", "a.b", "a.c", "d", "e.f", "e", "g")}
    source = "from a import b\nimport os\ndef late():\n    import d\nload('e.f')\n"
    assert imports_of(source, "probe", known) == {"a", "a.b", "d", "e", "e.f"}
    assert reached({"a"}, {"a": {"d"}, "d": {"a", "g"}, "g": set(), "e": {"a"}}) == {"a", "d", "g"}
