"""``settings.env`` in the state folder: settings that are kept with the state, one ``NAME=value`` a line.

Only portable variables may stand there: those that say how forecasts are made, never an address or a secret.
The environment overrides the file.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from forecasting.core.errors import InvalidSetting, StateUnavailable

FILE = "settings.env"

_HEAD = "# Settings of a restored backup; environment variables override them.\n"


@dataclass(frozen=True, slots=True)
class SavedSetting:
    """The value of one variable in the file.

    Attributes
    ----------
    text
        The value as it is written there, stripped.
    origin
        File and line, for error messages.
    """

    text: str
    origin: str


def read(home: Path, allowed: Collection[str]) -> dict[str, SavedSetting]:
    """Return the settings kept in a state folder, by variable; none if there is no such file.

    Parameters
    ----------
    allowed
        The variables that may stand in the file.

    Raises
    ------
    InvalidSetting
        If a line is not ``NAME=value`` with an allowed name that no earlier line has; names the line.
    StateUnavailable
        If the file can't be read.
    """
    path = home / FILE
    try:
        content = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError as error:
        raise InvalidSetting(f"{path}: expected UTF-8 text, found: {error}") from error
    except OSError as error:
        raise StateUnavailable(f"{path} can't be read: {error.strerror}") from error
    return _parse(content, str(path), allowed)


def _parse(content: str, path: str, allowed: Collection[str]) -> dict[str, SavedSetting]:
    """Parse the text of the file. Blank lines and lines that begin with # are skipped."""
    settings: dict[str, SavedSetting] = {}
    for number, line in enumerate(content.split("\n"), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        origin = f"{path}, line {number}"
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise InvalidSetting(f"{origin}: expected NAME=value, found '{text}'")
        if name in settings:
            raise InvalidSetting(f"{origin}: expected a name that no earlier line has, found '{name}'")
        if name not in allowed:
            raise InvalidSetting(f"{origin}: expected one of {', '.join(sorted(allowed))}, found '{name}'")
        settings[name] = SavedSetting(value, origin)
    return settings


@contextmanager
def written_on_success(home: Path, values: Mapping[str, str]) -> Iterator[None]:
    """Write settings to a state folder if the block succeeds; otherwise leave the folder as it was.

    They are written beside the file before the block begins, and only renamed after it. So a full disk is
    noticed before the block has done anything.

    Parameters
    ----------
    values
        Text by variable. If there are none, no file is written.

    Raises
    ------
    StateUnavailable
        If the file can't be written.
    """
    if not values:
        yield
        return
    beside = home / f"{FILE}.part"
    try:
        with _translated_errors(home):
            _write(beside, "".join(f"{name}={one_line(values[name])}\n" for name in sorted(values)))
        yield
        with _translated_errors(home):
            beside.replace(home / FILE)
    finally:
        beside.unlink(missing_ok=True)


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEAD + content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _translated_errors(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateUnavailable(f"{home / FILE} can't be written: {error.strerror}") from error


def one_line(value: str) -> str:
    """Return a value as one line of text. Line breaks become spaces."""
    return " ".join(part.strip() for part in value.splitlines()).strip()
