import json

import pytest

from forecasting.errors import StateTooNew, StorageError
from forecasting.storage.documents import read_predictor, write_predictor
from tests.storage.examples import predictor


def test_a_predictor_survives_json() -> None:
    """Choices, scores, missing scores, days and instants come back equal."""
    document = json.loads(json.dumps(write_predictor(predictor())))
    assert read_predictor(document) == predictor()
    assert (document["type"], document["version"]) == ("storecast.predictor", 1)


def test_a_newer_document_is_refused() -> None:
    """What a newer version wrote is not guessed at."""
    with pytest.raises(StateTooNew, match="expected version 1"):
        read_predictor(write_predictor(predictor()) | {"version": 2})


def test_another_document_is_refused() -> None:
    """JSON of something else is not read as a predictor."""
    with pytest.raises(StorageError, match=r"expected type 'storecast.predictor', found 'None'"):
        read_predictor({})
