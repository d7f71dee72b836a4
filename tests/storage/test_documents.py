import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from types import MappingProxyType

import pytest

from forecasting.core.domain import Predictor, SeriesChoice
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import StateTooNew, StorageError
from forecasting.storage.documents import read_chain, read_predictor, write_chain, write_predictor
from tests.storage.examples import chain, predictor

VERSION_1 = """
{
  "type": "storecast.predictor",
  "version": 1,
  "predictor": {
    "predictor_id": "p-1",
    "scope": "store:1",
    "asked_engine": "prophet",
    "trained_at": "2026-03-02T08:00:00+00:00",
    "cutoff": "2026-03-01",
    "choices": [
      {
        "item": "all",
        "engine": "prophet",
        "reason": "as good or better on the last 24 open days",
        "scores": [
          {"engine": "prophet", "cutoff": "2026-02-01", "horizon": 28, "days": 24,
           "wape": 0.21, "wql": 0.1, "coverage": 0.8, "failure": ""},
          {"engine": "seasonal_naive", "cutoff": "2026-02-01", "horizon": 28, "days": 24,
           "wape": 0.25, "wql": 0.12, "coverage": null, "failure": ""}
        ]
      },
      {
        "item": "bread",
        "engine": "seasonal_naive",
        "reason": "too short: 3 days",
        "scores": [
          {"engine": "prophet", "cutoff": "2026-02-01", "horizon": 28, "days": 0,
           "wape": null, "wql": null, "coverage": null, "failure": "too short: 3 days"}
        ]
      }
    ]
  }
}
"""


def test_a_predictor_survives_json() -> None:
    """Choices, scores, missing scores, days and instants come back equal."""
    document = json.loads(json.dumps(write_predictor(predictor())))
    assert read_predictor(document) == predictor()
    assert (document["type"], document["version"]) == ("storecast.predictor", 2)


def test_a_newer_document_is_refused() -> None:
    """What a newer version wrote is not guessed at."""
    with pytest.raises(StateTooNew, match="expected version 2"):
        read_predictor(write_predictor(predictor()) | {"version": 3})


def test_a_document_of_version_1_is_read_without_its_scores() -> None:
    """Finished figures can't be turned into sums; what was chosen and why is kept."""
    document = json.loads(VERSION_1)
    assert read_predictor(document) == Predictor(
        "p-1",
        "store:1",
        "prophet",
        datetime(2026, 3, 2, 8, tzinfo=UTC),
        date(2026, 3, 1),
        (
            SeriesChoice("all", "prophet", "as good or better on the last 24 open days"),
            SeriesChoice("bread", "seasonal_naive", "too short: 3 days"),
        ),
    )


def test_sums_are_stored_by_name() -> None:
    """One list for each, with a number for each week ahead."""
    document = write_predictor(predictor())["predictor"]
    weeks = document["choices"][0]["scores"][0]["weeks"]
    assert set(weeks) == {each.name for each in fields(ErrorSums)}
    assert weeks["missed"] == [21.0, 0.0, 21.0, 21.0]


def test_another_document_is_refused() -> None:
    """JSON of something else is not read as a predictor."""
    with pytest.raises(StorageError, match=r"expected type 'storecast.predictor', found 'None'"):
        read_predictor({})


def test_a_chain_survives_json() -> None:
    """Priors and spreads with their cutoffs, coefficients by name; from a mapping of any kind."""
    made = chain()
    view = replace(made.priors[0], coefficients=MappingProxyType(made.priors[0].coefficients))
    document = json.loads(json.dumps(write_chain(replace(made, priors=(view, *made.priors[1:])))))
    assert read_chain(document) == made
    assert (document["type"], document["version"]) == ("storecast.chain", 1)


def test_a_chain_is_told_from_other_documents() -> None:
    """By type and version."""
    with pytest.raises(
        StateTooNew, match=r"stored chain: expected version 1 of 'storecast\.chain', found version 2"
    ):
        read_chain(write_chain(chain()) | {"version": 2})
    with pytest.raises(StorageError, match=r"expected type 'storecast.chain', found 'storecast.predictor'"):
        read_chain(write_predictor(predictor()))
