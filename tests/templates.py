"""State folders that are made once for all tests of a process and copied for each test."""

import atexit
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

_made: dict[str, Path] = {}


def copy_template(name: str, home: Path, make: Callable[[Path], None]) -> Path:
    """Copy the template of a name into a folder and return the folder.

    Parameters
    ----------
    make
        Fills an empty folder with the template, the first time it is wanted. Files keep their times.
    """
    if name not in _made:
        folder = TemporaryDirectory(prefix="storecast-template-", ignore_cleanup_errors=True)
        atexit.register(folder.cleanup)
        template = Path(folder.name) / "template"
        template.mkdir()
        make(template)
        _made[name] = template
    return Path(shutil.copytree(_made[name], home, dirs_exist_ok=True))
