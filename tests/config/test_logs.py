"""Log records, as a log collector reads them."""

import io
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from forecasting.config import logs
from forecasting.config.settings import CONSOLE, JSON, LogSettings, Settings
from forecasting.core.errors import InvalidSetting

ROOT = Path(__file__).resolve().parents[2]
SECRET = "hunter2/+x"  # noqa: S105 - made up
URL = f"postgresql://planner:{SECRET}@db.example:5432/storecast"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[(\w+) *\] (.*)")

log = logs.get_logger("forecasting.tests")
foreign = logging.getLogger("some.package")


def written(form: str, act: Callable[[], object], level: str = "info") -> str:
    """The text that a configured process writes while `act` runs."""
    stream = io.StringIO()
    logs.configure(form, level, stream)
    act()
    return stream.getvalue()


def objects(act: Callable[[], object], level: str = "info") -> list[dict[str, Any]]:
    """The same as JSON. Every line has to be one object."""
    return [json.loads(line) for line in written(JSON, act, level).splitlines()]


def fail(message: str) -> NoReturn:
    """Raise an error, for its traceback."""
    raise ValueError(message)


def failed(message: str) -> ValueError:
    """An error with a traceback."""
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        fail(message)
    return caught.value


def test_an_event_is_one_object_with_its_values() -> None:
    """Instant in UTC, level and logger first; values keep their JSON types."""

    def act() -> None:
        log.info(
            "run published", run_id="r1", scope="store:1", version=7, share=0.5, kept=None, nan=float("nan")
        )

    (told,) = objects(act)
    assert list(told)[:4] == ["timestamp", "level", "logger", "event"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("timestamp"))
    assert told == {
        "level": "info",
        "logger": "forecasting.tests",
        "event": "run published",
        "run_id": "r1",
        "scope": "store:1",
        "version": 7,
        "share": 0.5,
        "kept": None,
        "nan": "nan",
    }


def test_a_value_cannot_replace_a_common_field() -> None:
    """Level, logger and timestamp are those of the record."""
    (told,) = objects(lambda: log.warning("odd", level="fine", logger="me", timestamp=0))
    assert (told["level"], told["logger"]) == ("warning", "forecasting.tests")
    assert told["timestamp"]


def test_records_of_other_packages_look_the_same() -> None:
    """From warnings on, with their arguments filled in. The configured level applies to our own records."""

    def act() -> None:
        foreign.info("connecting to %s", "db")
        foreign.warning("%d connections lost", 3)
        log.debug("a detail")

    (lost, detail) = objects(act, "debug")
    assert (lost["logger"], lost["level"], lost["event"]) == ("some.package", "warning", "3 connections lost")
    assert detail["event"] == "a detail"
    assert [each["event"] for each in objects(act)] == ["3 connections lost"]
    assert objects(act, "error") == []


def test_a_logger_with_a_handler_of_its_own_joins_the_others() -> None:
    """Its records are written once, in the same format."""
    own = io.StringIO()
    stray = logging.getLogger("stray")
    stray.addHandler(logging.StreamHandler(own))
    stray.setLevel(logging.DEBUG)
    stray.propagate = False

    def act() -> None:
        stray.info("chatter")
        stray.error("trouble")

    assert [each["event"] for each in objects(act)] == ["trouble"]
    assert own.getvalue() == ""


def test_a_failure_carries_its_traceback_as_text() -> None:
    """In records of our own and of other packages, still on one line."""

    def act() -> None:
        log.error("run failed", run_id="r1", exc_info=failed("no such column"))
        foreign.error("broken", exc_info=failed("no such table"))

    ours, theirs = objects(act)
    assert ours["exception"].startswith("Traceback (most recent call last):")
    assert ours["exception"].endswith("ValueError: no such column")
    assert theirs["exception"].endswith("ValueError: no such table")
    assert "exc_info" not in ours


def test_values_of_a_block_are_in_all_records_of_the_thread() -> None:
    """Also in those of other packages, but not after the block or in another thread."""

    def act() -> None:
        with logs.about(run_id="r1", scope="store:1"):
            log.info("training")
            foreign.warning("slow")
            other = threading.Thread(target=log.info, args=("elsewhere",))
            other.start()
            other.join()
        log.info("done")

    told = {each["event"]: each.get("run_id") for each in objects(act)}
    assert told == {"training": "r1", "slow": "r1", "elsewhere": None, "done": None}


def test_the_console_has_the_same_values_in_one_line() -> None:
    """Without colours if it is not a terminal. A traceback follows below the line."""

    def act() -> None:
        log.info("run published", run_id="r1", scope="store:1")
        log.error("run failed", exc_info=failed("no such column"))

    published, broken, *trace = written(CONSOLE, act).splitlines()
    found = LINE.fullmatch(published)
    assert found is not None
    assert found.group(1) == "info"
    assert found.group(2).startswith("run published")
    assert "run_id=r1 scope=store:1" in found.group(2)
    assert "\x1b" not in published
    assert "run failed" in broken
    assert (trace[0], trace[-1]) == ("Traceback (most recent call last):", "ValueError: no such column")


@pytest.mark.parametrize("form", [JSON, CONSOLE])
def test_no_secret_is_written(form: str) -> None:
    """Neither the password in a URL nor the value of a secret name, at any depth."""

    def act() -> None:
        log.info("opening %s", URL, url=URL, urls=[URL], options={"password": SECRET, "host": "db"})
        log.info("connected", aws_secret_access_key=SECRET, session_token=SECRET, Password=SECRET)
        log.error("refused", exc_info=failed(f"could not connect to {URL}"))
        foreign.warning("dsn host=db password=%s port=5432", SECRET)
        foreign.warning("got {'token': '%s', 'secret': \"%s\"} with Bearer %s", SECRET, SECRET, SECRET)
        with logs.about(api_key=SECRET):
            foreign.error("GET /x?sig=1&X-Amz-Signature=%s&y=2", SECRET, exc_info=failed(URL))

    text = written(form, act)
    assert SECRET not in text
    assert json.dumps(SECRET) not in text
    for kept in ("postgresql://planner:***@db.example:5432/storecast", "host=db", "port=5432", "y=2"):
        assert kept in text


def test_ordinary_words_and_addresses_are_left_alone() -> None:
    """A text that only resembles a secret is not changed."""
    for text in (
        "http://127.0.0.1:8501/store?store=1",
        "token: expected a name, found none",
        "STORECAST_NIGHTLY: expected a time of day such as 04:30, found '25:00'",
        "mail planner@example.org about s3://bucket/key",
    ):
        assert logs.redacted(text) == text


def test_a_process_that_configured_nothing_logs_sentences(caplog: pytest.LogCaptureFixture) -> None:
    """Records of the standard library: the event followed by the values, without secrets."""
    caplog.set_level(logging.INFO)
    log.info("run %s", "published", run_id="r1", url=URL)
    log.debug("unheard")
    (record,) = caplog.records
    assert record.getMessage() == (
        "run published run_id=r1 url=postgresql://planner:***@db.example:5432/storecast"
    )
    assert (record.name, record.levelno) == ("forecasting.tests", logging.INFO)


def test_a_process_that_configured_nothing_writes_to_standard_error_only() -> None:
    """Pool workers do so: they write warnings, and nothing on standard output."""
    code = (
        "from forecasting.config.logs import get_logger\n"
        "get_logger('forecasting.x').info('hello')\n"
        "get_logger('forecasting.x').warning('100 % gone', store='1')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "100 % gone store=1\n")


def test_configuring_again_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each record, in the newest form."""
    first = io.StringIO()
    logs.configure(JSON, "info", first)
    assert LINE.match(written(CONSOLE, lambda: log.info("hello")))
    assert first.getvalue() == ""
    monkeypatch.setenv("STORECAST_LOG_FORMAT", "json")
    monkeypatch.setattr("sys.stderr", io.StringIO())
    logs.configure_from_env("info")
    log.info("hello")
    assert json.loads(sys.stderr.getvalue())["event"] == "hello"  # type: ignore[attr-defined] # a StringIO


def test_unusable_log_settings_fall_back_to_the_defaults(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that the refusal can be logged."""
    monkeypatch.setenv("STORECAST_LOG_LEVEL", "loud")
    logs.configure_from_env("warning")
    log.info("unheard")
    log.warning("heard")
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("STORECAST_LOG_FORMAT", "one of console, json"),
        ("STORECAST_LOG_LEVEL", "one of debug, info, warning, error"),
    ],
)
def test_an_unusable_log_setting_is_named(name: str, expected: str) -> None:
    """With what was expected and what was found."""
    with pytest.raises(InvalidSetting, match=f"^{name}: expected {expected}, found 'loud'"):
        Settings.from_env({name: "loud"})


def test_log_settings_are_read_whatever_their_case() -> None:
    """The default is the console format and the usual level of the process."""
    assert Settings.from_env({}).log == LogSettings(form=CONSOLE, level=None)
    env = {"STORECAST_LOG_FORMAT": "JSON", "STORECAST_LOG_LEVEL": " Debug "}
    assert Settings.from_env(env).log == LogSettings(form=JSON, level="debug")
