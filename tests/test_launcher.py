"""`streamlit_app.py`: Streamlit finds the app by parsing it, and import-linter does not check it."""

import ast
from pathlib import Path

import pytest
from streamlit.web.server.app_discovery import discover_asgi_app

LAUNCHER = Path(__file__).resolve().parents[1] / "streamlit_app.py"
ALLOWED = ("streamlit", "starlette.middleware", "web")


def discovered(folder: Path, source: str) -> str | None:
    """The app that Streamlit finds in a launcher with this source; None if it would run it as a script."""
    file = folder / LAUNCHER.name
    file.write_text(source, encoding="utf-8")
    return discover_asgi_app(file).import_string


def test_streamlit_finds_the_app(tmp_path: Path) -> None:
    """Otherwise there would be no lifespan, no API and no guard."""
    assert discovered(tmp_path, LAUNCHER.read_text(encoding="utf-8")) == "streamlit_app:app"


@pytest.mark.parametrize("mutation", ["app = build()", "app = make_app()", "application = build()"])
def test_streamlit_would_not_find_an_app_made_by_a_call(tmp_path: Path, mutation: str) -> None:
    """So the test above fails when the literal is moved into a function."""
    source = LAUNCHER.read_text(encoding="utf-8")
    function = mutation.partition("= ")[2].removesuffix("()")
    tidied = source.replace("app = st.App(", f"def {function}():\n    return st.App(") + f"\n\n{mutation}\n"
    ast.parse(tidied)
    assert discovered(tmp_path, tidied) is None


def test_the_launcher_is_imports_and_one_assignment() -> None:
    """The file has nothing else, because import-linter does not check it."""
    docstring, *body = ast.parse(LAUNCHER.read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
    *imports, assignment = body
    assert all(isinstance(node, ast.Import | ast.ImportFrom) for node in imports)
    assert isinstance(assignment, ast.Assign)
    assert [ast.unparse(target) for target in assignment.targets] == ["app"]
    assert isinstance(assignment.value, ast.Call)
    assert ast.unparse(assignment.value.func) == "st.App"


def test_the_launcher_imports_only_what_faces_the_browser() -> None:
    """Streamlit, Starlette's middleware and `web`; no other package."""
    for node in ast.walk(ast.parse(LAUNCHER.read_text(encoding="utf-8"))):
        names = [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert name in ALLOWED or name.startswith("web."), f"streamlit_app.py must not import {name}"
