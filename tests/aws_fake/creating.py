"""The Create calls."""

from collections.abc import Mapping
from typing import Any

from tests.aws_fake.account import Account
from tests.aws_fake.errors import in_use, invalid
from tests.aws_fake.importing import FORMATS
from tests.aws_fake.inputs import RELATED, TARGET, datasets, inputs_of, target_of
from tests.aws_fake.resources import (
    BACKTEST,
    DATASET,
    EXPORT,
    FORECAST,
    GROUP,
    IMPORT,
    PREDICTOR,
    RUNNING,
    Resource,
)
from tests.aws_fake.training import configured, legacy_config, require_attributes, retrained

Values = Mapping[str, Any]

RESERVED = frozenset(
    [
        "all",
        "and",
        "any",
        "as",
        "asc",
        "avg",
        "begin",
        "between",
        "by",
        "case",
        "close",
        "count",
        "current",
        "date",
        "day",
        "desc",
        "end",
        "false",
        "first",
        "group",
        "hour",
        "in",
        "index",
        "key",
        "last",
        "level",
        "limit",
        "max",
        "min",
        "minute",
        "month",
        "name",
        "null",
        "number",
        "of",
        "on",
        "open",
        "option",
        "or",
        "order",
        "partition",
        "percent",
        "position",
        "range",
        "row",
        "second",
        "select",
        "set",
        "start",
        "sum",
        "table",
        "time",
        "to",
        "true",
        "type",
        "union",
        "unique",
        "update",
        "user",
        "value",
        "values",
        "when",
        "where",
        "window",
        "year",
    ]
)
"""Some of the reserved field names, whatever their case (Developer Guide, "Reserved Field Names")."""

TIMED = (TARGET, RELATED)


def create_dataset_group(account: Account, asked: Values) -> Values:
    """Create an empty group, or one with datasets of its domain."""
    arns = list(asked.get("DatasetArns", ()))
    _require_domain(account, asked["Domain"], arns)
    attributes = {"Domain": asked["Domain"], "DatasetArns": arns}
    return {"DatasetGroupArn": account.begin(GROUP, asked["DatasetGroupName"], attributes).arn}


def update_dataset_group(account: Account, asked: Values) -> Values:
    """Replace a group's datasets."""
    group = account.ready(asked["DatasetGroupArn"], GROUP)
    arns = list(asked["DatasetArns"])
    _require_domain(account, group.attributes["Domain"], arns)
    group.attributes["DatasetArns"] = arns
    group.ended = account.clock.now()
    return {}


def _require_domain(account: Account, domain: str, arns: list[str]) -> None:
    found = [account.find(arn, DATASET).attributes for arn in arns]
    if any(each["Domain"] != domain for each in found):
        raise invalid(f"The domain of a dataset is not that of the dataset group, {domain}")
    types = [each["DatasetType"] for each in found]
    if len(set(types)) < len(types):
        raise invalid("A dataset group can have one dataset of each type")


def create_dataset(account: Account, asked: Values) -> Values:
    """Create a dataset without data if its schema suits its domain and type."""
    _require_schema(asked)
    kept = ("Domain", "DatasetType", "DataFrequency", "Schema")
    attributes = {name: asked[name] for name in kept if name in asked}
    return {"DatasetArn": account.begin(DATASET, asked["DatasetName"], attributes).arn}


def _require_schema(asked: Values) -> None:
    kind, types = asked["DatasetType"], {}
    for each in asked["Schema"].get("Attributes", ()):
        types[each["AttributeName"]] = each["AttributeType"]
    needed = {"item_id": "string"} | ({"timestamp": "timestamp"} if kind in TIMED else {})
    reserved = sorted(name for name in types if name.lower() in RESERVED)
    if reserved:
        raise invalid(f"The attribute name {reserved[0]} is reserved")
    if any(types.get(name) != type_ for name, type_ in needed.items()):
        raise invalid(f"The schema of {kind} must have {needed}, found {types}")
    target = target_of(asked["Domain"])
    if kind == TARGET and types.get(target) not in ("float", "integer"):
        raise invalid(f"The schema of {kind} must have the numeric attribute {target}, found {types}")
    if kind == RELATED and "DataFrequency" not in asked:
        raise invalid("DataFrequency is required for a related time series")


def create_dataset_import_job(account: Account, asked: Values) -> Values:
    """Start an import, unless another one into the same dataset is running."""
    dataset = account.find(asked["DatasetArn"], DATASET)
    if importing(account, dataset):
        raise in_use(f"Data is being imported into {dataset.arn}")
    if asked.get("TimestampFormat", "yyyy-MM-dd") not in FORMATS:
        raise invalid(f"The timestamp format must be one of {', '.join(FORMATS)}")
    if asked.get("Format", "CSV") != "CSV":
        raise NotImplementedError("the fake imports only CSV")
    kept = ("DatasetArn", "TimestampFormat", "TimeZone", "DataSource", "Format", "ImportMode")
    attributes = {name: asked[name] for name in kept if name in asked}
    job = account.begin(IMPORT, asked["DatasetImportJobName"], attributes, dataset.arn)
    return {"DatasetImportJobArn": job.arn}


def importing(account: Account, dataset: Resource) -> bool:
    """Whether data is being imported into a dataset."""
    now = account.clock.now()
    return any(each.kind is IMPORT and each.status(now) in RUNNING for each in account.children(dataset.arn))


def create_auto_predictor(account: Account, asked: Values) -> Values:
    """Train a new predictor, or retrain another one."""
    if "ReferencePredictorArn" in asked:
        config = retrained(asked, account.ready(asked["ReferencePredictorArn"], PREDICTOR))
    else:
        config = configured(asked)
    return {"PredictorArn": _train(account, asked["PredictorName"], config, auto=True).arn}


def create_predictor(account: Account, asked: Values) -> Values:
    """Train a legacy predictor with a named algorithm."""
    config = legacy_config(asked)
    return {"PredictorArn": _train(account, asked["PredictorName"], config, auto=False).arn}


def _train(account: Account, name: str, config: Values, *, auto: bool) -> Resource:
    group = account.ready(config["DatasetGroupArn"], GROUP)
    account.require_free(PREDICTOR, name, ())
    _require_idle(account, group)
    inputs = inputs_of(account, group, config)
    require_attributes(config["AttributeConfigs"], target_of(group.attributes["Domain"]), inputs.related)
    longest = min(500, len(inputs.demand) // config["share"])
    if config["ForecastHorizon"] > longest:
        raise invalid(f"The forecast horizon can be {longest} at most for {len(inputs.demand)} days of data")
    attributes = {**config, "IsAutoPredictor": auto, "DatasetImportJobArns": list(inputs.imports)}
    made = account.begin(PREDICTOR, name, attributes, group.arn, unique=auto)
    made.data = inputs
    return made


def _require_idle(account: Account, group: Resource) -> None:
    busy = [each.arn for each in datasets(account, group) if importing(account, each)]
    if busy:
        raise in_use(f"Data is being imported into {busy[0]}")


def create_forecast(account: Account, asked: Values) -> Values:
    """Forecast with an active predictor and the current data of its group."""
    predictor = account.ready(asked["PredictorArn"], PREDICTOR)
    group = account.find(predictor.attributes["DatasetGroupArn"], GROUP)
    account.require_free(FORECAST, asked["ForecastName"], ())
    types = asked.get("ForecastTypes", predictor.attributes["ForecastTypes"])
    if "TimeSeriesSelector" in asked:
        raise NotImplementedError("the fake forecasts all series")
    _require_idle(account, group)
    auto = predictor.attributes["IsAutoPredictor"]
    attributes = {
        "PredictorArn": predictor.arn,
        "DatasetGroupArn": group.arn,
        "ForecastTypes": list(types),
        "CreatedUsingAutoPredictor": auto,
    }
    data = inputs_of(account, group, predictor.attributes)
    made = account.begin(FORECAST, asked["ForecastName"], attributes, predictor.arn, unique=auto)
    made.data = data
    return {"ForecastArn": made.arn}


def create_forecast_export_job(account: Account, asked: Values) -> Values:
    """Export a forecast to the bucket."""
    forecast = account.ready(asked["ForecastArn"], FORECAST)
    attributes = {"ForecastArn": forecast.arn, **_destination(asked)}
    made = account.begin(EXPORT, asked["ForecastExportJobName"], attributes, forecast.arn)
    return {"ForecastExportJobArn": made.arn}


def create_predictor_backtest_export_job(account: Account, asked: Values) -> Values:
    """Export a predictor's backtest to the bucket."""
    predictor = account.ready(asked["PredictorArn"], PREDICTOR)
    attributes = {"PredictorArn": predictor.arn, **_destination(asked)}
    made = account.begin(BACKTEST, asked["PredictorBacktestExportJobName"], attributes, predictor.arn)
    return {"PredictorBacktestExportJobArn": made.arn}


def _destination(asked: Values) -> dict[str, Any]:
    if asked.get("Format", "CSV") != "CSV":
        raise NotImplementedError("the fake exports only CSV")
    return {"Destination": asked["Destination"], "Format": "CSV"}
