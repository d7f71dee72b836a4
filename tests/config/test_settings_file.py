"""Settings kept in the state folder."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.config import settings_file
from forecasting.config.settings import PORTABLE, Settings, portable_settings
from forecasting.config.settings_file import FILE
from forecasting.core.errors import InvalidSetting

VALUES = st.dictionaries(
    st.sampled_from(sorted(PORTABLE)), st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
)


def environ_with_file(home: Path, content: str) -> dict[str, str]:
    """Write a settings file, and return the environment of a process on that state folder."""
    (home / FILE).write_text(content, encoding="utf-8")
    return {"STORECAST_HOME": str(home)}


def write(home: Path, values: Mapping[str, str]) -> None:
    """Write settings."""
    with settings_file.written_on_success(home, values):
        pass


def fail_before_the_end(home: Path) -> None:
    """Write settings in a block that fails."""
    with settings_file.written_on_success(home, {"STORECAST_HORIZON": "7"}):
        assert settings_file.read(home, PORTABLE) == {}
        raise LookupError


def test_the_file_of_the_state_folder_is_read(tmp_path: Path) -> None:
    """Blank lines and remarks are skipped; spaces around names and values do not count."""
    content = "# ours\n\n STORECAST_HORIZON = 14 \nSTORECAST_HOLIDAYS=DE, South=DE-BW\n"
    settings = Settings.from_env(environ_with_file(tmp_path, content))
    assert (settings.horizon, settings.holidays) == (14, {"": "DE", "South": "DE-BW"})
    assert settings.tolerance == timedelta(hours=48)


@pytest.mark.parametrize(("set_to", "horizon"), [("7", 7), ("", 28)])
def test_the_environment_overrides_it(tmp_path: Path, set_to: str, horizon: int) -> None:
    """An empty variable does so as well: the default counts."""
    environ = environ_with_file(tmp_path, "STORECAST_HORIZON=14\nSTORECAST_KEEP_DAYS=30\n")
    settings = Settings.from_env({**environ, "STORECAST_HORIZON": set_to})
    assert (settings.horizon, settings.keep) == (horizon, timedelta(days=30))


def test_a_list_of_the_environment_replaces_that_of_the_file(tmp_path: Path) -> None:
    """The two are not merged."""
    environ = environ_with_file(
        tmp_path, "STORECAST_HOLIDAYS=DE\nSTORECAST_ENGINE=prophet, North=empirical\n"
    )
    more = {"STORECAST_HOLIDAYS": "South=DE-BW", "STORECAST_ENGINE": "South=empirical"}
    settings = Settings.from_env(environ | more)
    assert settings.holidays == {"South": "DE-BW"}
    assert (settings.engine, settings.engines) == ("prophet", {"South": "empirical"})


@pytest.mark.parametrize(
    ("content", "line", "expected", "found"),
    [
        ("STORECAST_HORIZON=7\nSTORECAST_NIGHTLY 04:30\n", 2, "NAME=value", "STORECAST_NIGHTLY 04:30"),
        ("\nSTORECAST_HOME=/srv\n", 2, "one of STORECAST_AWS_GROUP, ", "STORECAST_HOME"),
        ("PATH=/bin", 1, "one of STORECAST_AWS_GROUP, ", "PATH"),
        (
            "STORECAST_HORIZON=7\n#\nSTORECAST_HORIZON=8\n",
            3,
            "a name that no earlier line has",
            "STORECAST_HORIZON",
        ),
    ],
)
def test_a_malformed_file_is_refused(
    tmp_path: Path, content: str, line: int, expected: str, found: str
) -> None:
    """By its name and the line; an address can't be set there."""
    with pytest.raises(InvalidSetting) as refusal:
        Settings.from_env(environ_with_file(tmp_path, content))
    message = str(refusal.value)
    assert message.startswith(f"{tmp_path / FILE}, line {line}: expected {expected}")
    assert message.endswith(f"found '{found}'")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """By its name."""
    (tmp_path / FILE).write_bytes(b"STORECAST_HORIZON=\xff\n")
    with pytest.raises(InvalidSetting, match=f"{re.escape(str(tmp_path / FILE))}: expected UTF-8 text"):
        Settings.from_env({"STORECAST_HOME": str(tmp_path)})


@pytest.mark.parametrize("environ", [{}, {"STORECAST_HORIZON": "7"}])
def test_an_unusable_value_in_the_file_is_refused_with_its_line(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """An operator would look for it in the environment. Being overridden does not make it usable."""
    in_file = environ_with_file(tmp_path, "STORECAST_KEEP_DAYS=7\nSTORECAST_HORIZON=0\n")
    with pytest.raises(InvalidSetting) as refusal:
        Settings.from_env(in_file | environ)
    place = f"{tmp_path / FILE}, line 2"
    assert str(refusal.value) == (
        f"{place}: STORECAST_HORIZON: expected a whole number from 1 to 365, found '0'"
    )


def test_an_unusable_value_of_the_environment_does_not_name_the_file(tmp_path: Path) -> None:
    """Although a usable value stands there."""
    environ = environ_with_file(tmp_path, "STORECAST_HORIZON=14\n") | {"STORECAST_HORIZON": "0"}
    with pytest.raises(InvalidSetting, match=r"^STORECAST_HORIZON: expected a whole number"):
        Settings.from_env(environ)


def test_a_contradiction_names_the_line_in_the_file(tmp_path: Path) -> None:
    """Each of the two values could be used without the other."""
    environ = environ_with_file(tmp_path, "STORECAST_CURRENCY=€\n") | {"STORECAST_UNIT": "kg"}
    with pytest.raises(InvalidSetting, match=r"settings\.env, line 1: STORECAST_CURRENCY: expected nothing"):
        Settings.from_env(environ)


def test_aws_forecast_may_stand_in_the_file_if_the_environment_names_its_bucket(tmp_path: Path) -> None:
    """A bucket is never kept in the file, so the two come from different places."""
    environ = environ_with_file(tmp_path, "STORECAST_ENGINE=aws_forecast\n")
    assert Settings.from_env(environ | {"STORECAST_AWS_BUCKET": "s3://sales"}).engine == "aws_forecast"
    with pytest.raises(
        InvalidSetting, match=r"settings\.env, line 1: STORECAST_ENGINE: expected STORECAST_AWS"
    ):
        Settings.from_env(environ)


@given(values=VALUES)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> None:
    """Whatever characters a value has; its line breaks become spaces."""
    home = tmp_path_factory.mktemp("home")
    write(home, values)
    read = {name: setting.text for name, setting in settings_file.read(home, PORTABLE).items()}
    assert read == {name: settings_file.one_line(values[name]) for name in values}


def test_settings_are_written_if_the_block_succeeds(tmp_path: Path) -> None:
    """Otherwise the folder is as it was; there is no file before the end of the block."""
    home = tmp_path / "new"
    with pytest.raises(LookupError):
        fail_before_the_end(home)
    assert list(home.iterdir()) == []
    write(home, {"STORECAST_HORIZON": "7"})
    assert [path.name for path in home.iterdir()] == [FILE]


def test_portable_settings_come_from_environment_and_file(tmp_path: Path) -> None:
    """With the same precedence; never an address, a password or a variable of another program."""
    environ = environ_with_file(tmp_path, "STORECAST_HORIZON=14\nSTORECAST_KEEP_DAYS=30\n") | {
        "STORECAST_HORIZON": "7",
        "STORECAST_NIGHTLY": " ",
        "STORECAST_HOLIDAYS": "DE,\n South=DE-BW",
        "STORECAST_DATABASE_URL": "postgresql://ana:hunter2@db/storecast",
        "STORECAST_HISTORY_URL": "s3://bucket",
        "STORECAST_API_TOKEN": "hunter2",
        "PATH": "/bin",
    }
    assert portable_settings(environ, tmp_path) == {
        "STORECAST_HOLIDAYS": "DE, South=DE-BW",
        "STORECAST_HORIZON": "7",
        "STORECAST_KEEP_DAYS": "30",
    }
