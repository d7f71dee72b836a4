"""Settings kept in the state folder."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.config import settings_file
from forecasting.config.settings import Settings
from forecasting.config.settings_file import FILE, OF_THE_MACHINE, PORTABLE
from forecasting.core.errors import InvalidSetting

VALUES = st.dictionaries(
    st.sampled_from(sorted(PORTABLE)), st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
)


class Watched(dict[str, str]):
    """An environment in which nothing is set, and that remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """Nothing."""
        self.asked.add(key)
        return default


def kept(home: Path, content: str) -> dict[str, str]:
    """The environment of a process on a state folder that has a file of settings."""
    (home / FILE).write_text(content, encoding="utf-8")
    return {"STORECAST_HOME": str(home)}


def keep(home: Path, values: Mapping[str, str]) -> None:
    """Keep settings."""
    with settings_file.kept(home, values):
        pass


def fail_before_the_end(home: Path) -> None:
    """Keep settings, had nothing gone wrong."""
    with settings_file.kept(home, {"STORECAST_HORIZON": "7"}):
        assert settings_file.read(home) == {}
        raise LookupError


def test_every_setting_says_how_or_belongs_to_the_machine() -> None:
    """A new one is decided on: whether it goes into backups."""
    watched = Watched()
    Settings._read(Path("home"), watched)
    assert watched.asked | {"STORECAST_HOME"} == PORTABLE | OF_THE_MACHINE
    assert not PORTABLE & OF_THE_MACHINE


def test_no_setting_of_a_backup_is_a_place_or_a_secret() -> None:
    """By their names."""
    assert [
        name for name in PORTABLE if re.search("HOME|URL|TOKEN|SECRET|PASSWORD|KEY$|SCHEDULER", name)
    ] == []


def test_the_file_of_the_state_folder_is_read(tmp_path: Path) -> None:
    """Empty lines and remarks say nothing; spaces around names and values don't count."""
    environ = kept(tmp_path, "# ours\n\n STORECAST_HORIZON = 14 \nSTORECAST_HOLIDAYS=DE, South=DE-BW\n")
    settings = Settings.from_env(environ)
    assert (settings.horizon, settings.holidays) == (14, {"": "DE", "South": "DE-BW"})
    assert settings.tolerance == timedelta(hours=48)


@pytest.mark.parametrize(("set_to", "horizon"), [("7", 7), ("", 28)])
def test_the_environment_goes_before_it(tmp_path: Path, set_to: str, horizon: int) -> None:
    """Also what is set to nothing: the default."""
    environ = kept(tmp_path, "STORECAST_HORIZON=14\nSTORECAST_KEEP_DAYS=30\n")
    settings = Settings.from_env({**environ, "STORECAST_HORIZON": set_to})
    assert (settings.horizon, settings.keep) == (horizon, timedelta(days=30))


@pytest.mark.parametrize(
    ("content", "line", "expected", "found"),
    [
        ("STORECAST_HORIZON=7\nSTORECAST_NIGHTLY 04:30\n", 2, "NAME=value", "STORECAST_NIGHTLY 04:30"),
        ("\nSTORECAST_HOME=/srv\n", 2, "one of STORECAST_AWS_GROUP, ", "STORECAST_HOME"),
        ("PATH=/bin", 1, "one of STORECAST_AWS_GROUP, ", "PATH"),
        (
            "STORECAST_HORIZON=7\n#\nSTORECAST_HORIZON=8\n",
            3,
            "a name that was not there",
            "STORECAST_HORIZON",
        ),
    ],
)
def test_a_malformed_file_is_refused(
    tmp_path: Path, content: str, line: int, expected: str, found: str
) -> None:
    """By its name and the line; a place can't be set there."""
    with pytest.raises(InvalidSetting) as refusal:
        Settings.from_env(kept(tmp_path, content))
    message = str(refusal.value)
    assert message.startswith(f"{tmp_path / FILE}, line {line}: expected {expected}")
    assert message.endswith(f"found '{found}'")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """By its name."""
    (tmp_path / FILE).write_bytes(b"STORECAST_HORIZON=\xff\n")
    with pytest.raises(InvalidSetting, match=f"{re.escape(str(tmp_path / FILE))}: expected UTF-8 text"):
        Settings.from_env({"STORECAST_HOME": str(tmp_path)})


def test_a_value_that_cannot_be_used_is_told_with_the_file(tmp_path: Path) -> None:
    """An operator would look for it in the environment."""
    with pytest.raises(InvalidSetting) as refusal:
        Settings.from_env(kept(tmp_path, "STORECAST_HORIZON=0\n"))
    assert str(refusal.value).startswith(f"{tmp_path / FILE}: STORECAST_HORIZON: expected a whole number")


@given(values=VALUES)
def test_what_is_kept_is_read(tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> None:
    """Whatever characters a value has; its line breaks become spaces."""
    home = tmp_path_factory.mktemp("home")
    keep(home, values)
    assert settings_file.read(home) == {name: settings_file.one_line(values[name]) for name in values}


def test_settings_are_kept_if_all_goes_well(tmp_path: Path) -> None:
    """Else the folder is as it was; nothing is there before the end."""
    home = tmp_path / "new"
    with pytest.raises(LookupError):
        fail_before_the_end(home)
    assert list(home.iterdir()) == []
    keep(home, {"STORECAST_HORIZON": "7"})
    assert [path.name for path in home.iterdir()] == [FILE]


def test_only_what_says_how_is_chosen(tmp_path: Path) -> None:
    """From environment and file, as the settings go; never a place, a password or somebody else's."""
    environ = kept(tmp_path, "STORECAST_HORIZON=14\nSTORECAST_KEEP_DAYS=30\n") | {
        "STORECAST_HORIZON": "7",
        "STORECAST_NIGHTLY": " ",
        "STORECAST_HOLIDAYS": "DE,\n South=DE-BW",
        "STORECAST_DATABASE_URL": "postgresql://ana:hunter2@db/storecast",
        "STORECAST_HISTORY_URL": "s3://bucket",
        "STORECAST_API_TOKEN": "hunter2",
        "PATH": "/bin",
    }
    assert settings_file.chosen(environ, tmp_path) == {
        "STORECAST_HOLIDAYS": "DE, South=DE-BW",
        "STORECAST_HORIZON": "7",
        "STORECAST_KEEP_DAYS": "30",
    }
