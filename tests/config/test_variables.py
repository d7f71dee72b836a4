"""The variables of the settings: what they may hold, what is shown of them, and where they are documented."""

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from forecasting.config.settings import PORTABLE, Settings
from forecasting.config.value_parsers import whole_number
from forecasting.config.variables import InvalidVariable, Variable, variables_of
from forecasting.core.errors import InvalidSetting

ROOT = Path(__file__).parents[2]
ALL = {variable.name for variable in variables_of(Settings)}


def documented(page: str) -> set[str]:
    """The variables that have a row of their own in the tables of a page."""
    return set(
        re.findall(r"^\| `(STORECAST_\w+)` \|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    )


def test_the_tables_of_the_documentation_name_exactly_the_variables_there_are() -> None:
    """Those of AWS Forecast stand on its page, all others in the README."""
    of_aws = {name for name in ALL if name.startswith("STORECAST_AWS_")}
    assert documented("README.md") == ALL - of_aws
    assert documented("docs/aws.md") - {"STORECAST_ENGINE"} == of_aws


def test_no_portable_variable_is_an_address_or_a_secret() -> None:
    """By its name, and by what it says of itself."""
    assert PORTABLE < ALL
    assert [n for n in PORTABLE if re.search("HOME|URL|TOKEN|SECRET|PASSWORD|KEY$|SCHEDULER|BUCKET", n)] == []
    assert [each.name for each in variables_of(Settings) if each.portable and each.secret] == []


def test_fields_of_one_variable_agree_on_what_it_is() -> None:
    """`STORECAST_ENGINE`, for example, sets the engine of all stores and those of some."""
    said = {(each.name, each.portable, each.secret, each.parser.expected) for each in variables_of(Settings)}
    assert len(said) == len(ALL)


def test_a_refusal_does_not_show_a_secret() -> None:
    """The reader learns which variable it was and what was expected."""
    variable = Variable("STORECAST_PIN", whole_number(0, 9), portable=False, secret=True)
    with pytest.raises(InvalidVariable) as refusal:
        variable.read("hunter2")
    assert str(refusal.value).endswith("expected a whole number from 0 to 9, found a value that is not shown")
    assert refusal.value.__suppress_context__


def test_the_history_in_the_folder_of_an_unknown_user_is_refused_without_showing_it() -> None:
    """A URL may have a password in it, and nobody knows what this was meant to be."""
    with pytest.raises(
        InvalidSetting, match=r"^STORECAST_HISTORY_URL: expected a folder or a URL, found a value"
    ):
        Settings.from_env({"STORECAST_HISTORY_URL": "~nobody-of-that-name/hunter2"})


def test_settings_made_by_keyword_read_no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor a file."""
    monkeypatch.setenv("STORECAST_HORIZON", "7")
    monkeypatch.setenv("HORIZON", "7")
    assert Settings(engine="flat").horizon == 28


def test_a_wrong_type_is_refused_without_showing_the_value() -> None:
    """In code: pydantic's message would show what was given."""
    with pytest.raises(ValidationError) as refusal:
        Settings(database_url=["hunter2"])  # type: ignore[arg-type] # on purpose
    assert "hunter2" not in str(refusal.value)


def test_settings_can_be_sent_to_another_process_and_never_change() -> None:
    """A worker gets what the server was started with, whatever its own environment says."""
    settings = Settings.from_env({"STORECAST_TIMEZONE": "Europe/Berlin", "STORECAST_HOLIDAYS": "DE"})
    content = pickle.dumps(settings)
    assert pickle.loads(content) == settings  # noqa: S301 – made here
    assert len(content) < 4_000
    with pytest.raises(ValidationError):
        settings.horizon = 7  # type: ignore[misc] # on purpose


def test_a_worker_process_does_not_import_the_settings() -> None:
    """It gets plain values with its tasks; pydantic would delay its start."""
    code = "import sys, forecasting.engines.worker_entry; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
