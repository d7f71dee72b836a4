"""The configuration of predictors, checked as the service does."""

from collections.abc import Container, Mapping
from typing import Any

from tests.aws_fake.errors import invalid
from tests.aws_fake.resources import Resource

Values = Mapping[str, Any]

ALGORITHMS = frozenset({"ARIMA", "CNN-QR", "Deep_AR_Plus", "ETS", "NPTS", "Prophet"})
FILLS = {
    "aggregation": {"sum", "avg", "first", "min", "max"},
    "frontfill": {"none"},
    "middlefill": {"zero", "nan", "value", "median", "mean", "min", "max"},
    "backfill": {"zero", "nan", "value", "median", "mean", "min", "max"},
    "futurefill": {"zero", "value", "median", "mean", "min", "max"},
}
"""The target allows all but futurefill; related attributes middlefill, backfill and futurefill."""

NEW, AGAIN = 4, 3
"""A new auto predictor forecasts at most a quarter of the history, others a third (API reference)."""

MOST_TYPES = 5


def configured(asked: Values) -> dict[str, Any]:
    """Return the configuration of a new auto predictor."""
    missing = {"DataConfig", "ForecastHorizon", "ForecastFrequency"} - asked.keys()
    if missing:
        raise invalid(f"A new predictor needs {', '.join(sorted(missing))}")
    if asked.get("ExplainPredictor") or "MonitorConfig" in asked:
        raise NotImplementedError("the fake neither explains nor monitors predictors")
    data = asked["DataConfig"]
    kept = ("ForecastHorizon", "ForecastFrequency", "ForecastDimensions", "OptimizationMetric", "DataConfig")
    config = {name: asked[name] for name in kept if name in asked}
    config["AttributeConfigs"] = data.get("AttributeConfigs", [])
    _require_fills(config["AttributeConfigs"])
    return {
        **config,
        "ForecastTypes": _types(asked.get("ForecastTypes")),
        "DatasetGroupArn": data["DatasetGroupArn"],
        "share": NEW,
    }


def retrained(asked: Values, reference: Resource) -> dict[str, Any]:
    """Return the configuration of another predictor, which may be a legacy one."""
    more = asked.keys() - {"PredictorName", "ReferencePredictorArn", "Tags"}
    if more:
        raise invalid(
            f"With ReferencePredictorArn expected only PredictorName, found {', '.join(sorted(more))}"
        )
    legacy = (
        "AlgorithmArn",
        "PerformAutoML",
        "PerformHPO",
        "InputDataConfig",
        "FeaturizationConfig",
        "windows",
    )
    config = {name: value for name, value in reference.attributes.items() if name not in legacy}
    config.setdefault("DataConfig", {"DatasetGroupArn": config["DatasetGroupArn"]})
    summary = {"Arn": reference.arn, "State": "Active"}
    return {**config, "ReferencePredictorSummary": summary, "share": AGAIN}


def legacy_config(asked: Values) -> dict[str, Any]:
    """Return the configuration of a predictor with a named algorithm."""
    algorithm = asked.get("AlgorithmArn", "")
    if not asked.get("PerformAutoML") and algorithm.rpartition("/")[2] not in ALGORITHMS:
        raise invalid(f"Unknown algorithm {algorithm or 'none'}")
    features = asked["FeaturizationConfig"]
    kept = ("AlgorithmArn", "ForecastHorizon", "PerformAutoML", "PerformHPO", "InputDataConfig")
    config = {name: asked[name] for name in kept if name in asked}
    return {
        **config,
        "FeaturizationConfig": features,
        "ForecastFrequency": features["ForecastFrequency"],
        "ForecastDimensions": features.get("ForecastDimensions", []),
        "AttributeConfigs": [_attribute(each) for each in features.get("Featurizations", ())],
        "ForecastTypes": _types(asked.get("ForecastTypes")),
        "DatasetGroupArn": asked["InputDataConfig"]["DatasetGroupArn"],
        "share": AGAIN,
    }


def _attribute(featurization: Values) -> dict[str, Any]:
    pipeline = featurization.get("FeaturizationPipeline", [{}])
    parameters = pipeline[0].get("FeaturizationMethodParameters", {})
    return {"AttributeName": featurization["AttributeName"], "Transformations": parameters}


def _types(asked: list[str] | None) -> list[str]:
    """Return the requested types; by default three quantiles without the mean."""
    types = list(asked or ("0.1", "0.5", "0.9"))
    if len(types) > MOST_TYPES:
        raise invalid(f"At most {MOST_TYPES} forecast types can be asked for, found {len(types)}")
    return types


def _require_fills(configs: list[Values]) -> None:
    for each in configs:
        for method, value in each["Transformations"].items():
            if value not in FILLS.get(method, ()) and not method.endswith("_value"):
                raise invalid(f"{each['AttributeName']}: {method} can't be {value}")


def require_attributes(configs: list[Values], target: str, related: Container[str]) -> None:
    """Refuse to fill an unknown attribute, or with a method its dataset does not support."""
    for each in configs:
        name, methods = each["AttributeName"], each["Transformations"].keys()
        if name != target and name not in related:
            raise invalid(f"There is no attribute {name} to fill")
        unknown = methods & ({"futurefill"} if name == target else {"aggregation", "frontfill"})
        if unknown:
            raise invalid(f"{name}: {min(unknown)} is not known for its dataset")
