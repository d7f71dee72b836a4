"""The function that answers each call."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.aws_fake import creating, describing, querying, removing
from tests.aws_fake.account import Account
from tests.aws_fake.resources import KINDS, PREDICTOR

Operation = Callable[[Account, Mapping[str, Any]], Mapping[str, Any]]


def _operations() -> dict[str, Operation]:
    made: dict[str, Operation] = {
        "CreateDatasetGroup": creating.create_dataset_group,
        "UpdateDatasetGroup": creating.update_dataset_group,
        "CreateDataset": creating.create_dataset,
        "CreateDatasetImportJob": creating.create_dataset_import_job,
        "CreateAutoPredictor": creating.create_auto_predictor,
        "CreatePredictor": creating.create_predictor,
        "CreateForecast": creating.create_forecast,
        "CreateForecastExportJob": creating.create_forecast_export_job,
        "CreatePredictorBacktestExportJob": creating.create_predictor_backtest_export_job,
        "DeleteResourceTree": removing.delete_tree,
        "StopResource": removing.stop,
        "GetAccuracyMetrics": describing.accuracy_metrics,
        "QueryForecast": querying.query_forecast,
        "DescribeAutoPredictor": _about(describing.describe, PREDICTOR, "DescribeAutoPredictor"),
    }
    for kind in KINDS:
        made[f"Describe{kind.base}"] = _about(describing.describe, kind, f"Describe{kind.base}")
        made[f"List{kind.plural}"] = _about(describing.listed, kind, f"List{kind.plural}")
        made[f"Delete{kind.base}"] = _about(removing.delete, kind)
    return made


def _about(answer: Callable[..., Mapping[str, Any]], *what: Any) -> Operation:
    return lambda account, asked: answer(account, *what, asked)


OPERATIONS = _operations()
