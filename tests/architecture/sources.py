"""The source tree as the architecture tests read it: files that Git tracks, modules by dotted name."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked(*endings: str) -> tuple[Path, ...]:
    """Return the tracked files with one of these endings, as paths relative to the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    files = (Path(name) for name in listed.stdout.split("\0") if name.endswith(endings))
    return tuple(file for file in files if (ROOT / file).exists())


def modules(*packages: str) -> dict[str, Path]:
    """Map the dotted name of each module in these packages to its file; a package counts as a module."""
    return {dotted(file): file for file in tracked(".py") if file.parts[0] in packages}


def dotted(file: Path) -> str:
    """Return the dotted name under which a file is imported."""
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
