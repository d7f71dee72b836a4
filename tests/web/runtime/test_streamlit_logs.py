"""The private part of Streamlit that gives loggers their format."""

import importlib.util
from types import ModuleType

import pytest
import streamlit

from web.runtime.streamlit_logs import adopt_streamlit_loggers

NAME = "tests.a_logger_of_streamlits"


@pytest.fixture
def streamlit_logger(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A fresh copy of `streamlit.logger`, in its place."""
    spec = importlib.util.find_spec("streamlit.logger")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(streamlit, "logger", module)
    return module


def test_a_logger_that_streamlit_makes_later_writes_through_the_root(streamlit_logger: ModuleType) -> None:
    """No handler of its own. Fails if Streamlit no longer passes its loggers to `setup_formatter`."""
    adopt_streamlit_loggers()
    made = streamlit_logger.get_logger(f"{NAME}.adopted")
    assert made.propagate
    assert made.handlers == []


def test_by_itself_streamlit_gives_its_loggers_a_handler(streamlit_logger: ModuleType) -> None:
    """Fails if the module is no longer needed."""
    made = streamlit_logger.get_logger(f"{NAME}.own")
    assert not made.propagate
    assert made.handlers
