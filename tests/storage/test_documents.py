import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from forecasting.core.domain import Predictor, SeriesChoice
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import StateTooNew, StorageError
from forecasting.core.pooled_priors import CoefficientPrior
from forecasting.storage.documents import read_chain, read_predictor, write_chain, write_predictor
from tests.storage.examples import chain, predictor

STORED = Path(__file__).parent / "stored_documents"
"""Documents written by the code before msgspec; they never change."""

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


@pytest.mark.parametrize(
    ("name", "read", "write", "value"),
    [
        ("predictor_version_2", read_predictor, write_predictor, predictor()),
        ("chain_version_1", read_chain, write_chain, chain()),
    ],
)
def test_stored_documents_stay_as_they_are(
    name: str, read: Callable[[Any], object], write: Callable[[Any], object], value: object
) -> None:
    """An old document is read, and the same bytes are written, so that older code can read new ones."""
    stored = (STORED / f"{name}.json").read_text()
    assert read(json.loads(stored)) == value
    assert json.dumps(write(value)) == stored


def test_values_come_back_in_their_own_types() -> None:
    """Days, instants and tuples are not left as text and lists; a whole number of units is a float."""
    stored = json.loads((STORED / "predictor_version_2.json").read_text())
    stored["predictor"]["choices"][0]["scores"][0]["weeks"]["sold"][0] = 100
    (score, _) = read_predictor(stored).choices[0].scores
    assert isinstance(score.cutoffs, tuple)
    assert type(score.cutoffs[0]) is date
    assert type(score.weeks[0].sold) is float
    assert type(read_chain(write_chain(chain())).priors[0].coefficients["promo"]) is CoefficientPrior


def test_figures_of_numpy_are_stored_as_numbers() -> None:
    """Its floats are floats."""
    choice = replace(predictor().choices[0], widths=(np.float64(1.25),))
    document = json.loads(json.dumps(write_predictor(replace(predictor(), choices=(choice,)))))
    assert read_predictor(document).choices[0].widths == (1.25,)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ({"cutoff": "yesterday"}, r"Invalid RFC3339 encoded date - at `\$\.cutoff`"),
        ({"choices": [{"item": "all"}]}, "'scores'"),
        ({"choices": None}, "not iterable"),
    ],
)
def test_a_damaged_document_is_refused(damage: dict[str, object], found: str) -> None:
    """The error says what is wrong with it."""
    document = write_predictor(predictor())
    document["predictor"] |= damage
    with pytest.raises(
        StorageError, match=f"stored predictor: expected a complete document, found: .*{found}"
    ):
        read_predictor(document)


def test_a_newer_document_is_refused() -> None:
    """Content of an unknown version is never guessed at."""
    with pytest.raises(StateTooNew, match="expected version 2"):
        read_predictor(write_predictor(predictor()) | {"version": 3})


def test_a_document_of_version_1_is_read_without_its_scores() -> None:
    """Finished figures cannot be turned into sums; choices and reasons are kept."""
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
