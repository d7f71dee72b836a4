"""Third-party packages are imported in named places only; an import anywhere else breaks a contract.

A copy of the source tree gets one probe module in every package. Each probe imports every third-party package
that has a rule, and one run of lint-imports over the copy has to report each of these imports.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, modules, tracked
from tests.architecture.test_layers import layers_of

NOWHERE: frozenset[str] = frozenset()
SCREENS = frozenset(layers_of("web")) - {
    "web.router",
    "web.takeaway",
    "web.http",
    "web.runtime",
    "web.shared",
}

WHOLE_PACKAGES = {
    "prophet": frozenset({"forecasting.engines.prophet"}),
    "cmdstanpy": NOWHERE,
    "scipy": frozenset({"forecasting.engines.prophet"}),
    "boto3": NOWHERE,  # three modules by name
    "botocore": NOWHERE,  # the same
    "fsspec": frozenset({"forecasting.history"}),
    "s3fs": NOWHERE,
    "sqlalchemy": frozenset({"forecasting.storage"}),
    "alembic": frozenset({"forecasting.storage"}),
    "psycopg": NOWHERE,
    "sqlite3": NOWHERE,  # one module by name
    "dask": NOWHERE,
    "distributed": frozenset({"forecasting.compute"}),
    "loky": frozenset({"forecasting.compute"}),
    "structlog": NOWHERE,  # one module by name
    "holidays": NOWHERE,  # one module by name
    "dateutil": NOWHERE,  # one module by name
    "tqdm": frozenset({"forecasting.cli"}),
    "openpyxl": NOWHERE,  # one module by name
    "prometheus_client": NOWHERE,  # one module by name
    "fastapi": frozenset({"web.http"}),
    "starlette": frozenset({"web.http"}),
    "pydantic": frozenset({"forecasting.config", "web.http"}),
    "uvicorn": frozenset({"web.runtime"}),
    "psutil": frozenset({"web.runtime"}),
    "streamlit": SCREENS | {"web.shared", "pages"},
    "plotly": NOWHERE,  # three modules by name
    "pydantic_settings": frozenset({"forecasting.config"}),
    "msgspec": frozenset({"forecasting.backup", "forecasting.storage", "forecasting.training"}),
    "babel": NOWHERE,  # one module by name
    "jinja2": NOWHERE,  # one module by name
    "markupsafe": NOWHERE,  # the same
    "pyarrow": frozenset({"forecasting.history", "forecasting.storage"}),
}
"""For each third-party package, the packages that may import it, with all that is in them."""


EVERYWHERE = frozenset({"numpy", "pandas"})
"""Packages without a rule: arrays and frames pass through every room."""


def packages() -> set[str]:
    """Return the dotted names of all packages of the source tree."""
    return {name for name, file in modules("forecasting", "web").items() if file.name == "__init__.py"} | {
        "pages"
    }


def reported(folder: Path, settings: str) -> Counter[tuple[str, str]]:
    """Run lint-imports over the copy and count how often each import by a probe is reported.

    Parameters
    ----------
    folder
        The copied source tree with its probes.
    settings
        The text of pyproject.toml to check it with.
    """
    (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    wide = os.environ | {"COLUMNS": "1000"}  # one import a line
    done = subprocess.run(command, cwd=folder, env=wide, check=False, capture_output=True, text=True)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    found = re.findall(r"^-\s+(\S+)\.probe_of_vendors -> (\w+)", done.stdout, re.MULTILINE)
    return Counter(found)


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source tree with a probe in every package."""
    folder = tmp_path_factory.mktemp("probed")
    for file in tracked(".py"):
        if file.parts[0] in {"forecasting", "web", "pages"}:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, folder / file)
    for package in packages():
        probe = folder.joinpath(*package.split("."), "probe_of_vendors.py")
        probe.write_text("".join(f"import {vendor}\n" for vendor in WHOLE_PACKAGES), encoding="utf-8")
    return folder


def test_every_third_party_package_has_a_rule() -> None:
    """A new dependency finds its place before its first import can be merged."""
    own = {"forecasting", "web", "pages"}
    trees = [
        ast.parse((ROOT / file).read_text(encoding="utf-8"))
        for file in tracked(".py")
        if file.parts[0] in own
    ]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    foreign = {name.partition(".")[0] for name in names} - own - sys.stdlib_module_names
    assert foreign - EVERYWHERE <= WHOLE_PACKAGES.keys()
    assert "streamlit" in foreign


def test_a_third_party_package_is_refused_outside_its_places(probed: Path) -> None:
    """Each import is reported by exactly one contract, so without that contract this test fails."""
    expected = {
        (package, vendor): 1
        for vendor, allowed in WHOLE_PACKAGES.items()
        for package in packages()
        if not any(f"{package}.".startswith(f"{place}.") for place in allowed)
    }
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert dict(reported(probed, settings)) == expected


def test_without_contracts_nothing_is_refused(probed: Path) -> None:
    """The reports come from the contracts, not from the probes being unfit to import."""
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    without = re.sub(
        r'\[\[tool\.importlinter\.contracts\]\]\nname = [^\n]+\ntype = "forbidden".*?(?=\n\[|\Z)',
        "",
        settings,
        flags=re.DOTALL,
    )
    assert "forbidden" not in str(tomllib.loads(without)["tool"]["importlinter"])
    assert not reported(probed, without)
