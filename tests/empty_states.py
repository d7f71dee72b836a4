"""The state of a new installation, migrated once for all tests of a process."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from forecasting.storage.database import FILE, open_database


def lay_down(home: Path) -> Path:
    """Put a new, migrated database into a folder unless it has one; return the folder."""
    home.mkdir(parents=True, exist_ok=True)
    if not (home / FILE).exists():
        (home / FILE).write_bytes(_empty())
    return home


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        open_database(Path(folder)).close()
        return (Path(folder) / FILE).read_bytes()
