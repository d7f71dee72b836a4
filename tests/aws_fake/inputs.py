"""The data of a predictor or forecast: the newest import of each dataset of its group."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from tests.aws_fake.errors import invalid
from tests.aws_fake.frames import Inputs, filled

if TYPE_CHECKING:
    from tests.aws_fake.account import Account
    from tests.aws_fake.resources import Resource

TARGET, RELATED = "TARGET_TIME_SERIES", "RELATED_TIME_SERIES"


def target_of(domain: str) -> str:
    """Return the name of the attribute to forecast."""
    return "demand" if domain == "RETAIL" else "target_value"


def datasets(account: "Account", group: "Resource") -> Iterator["Resource"]:
    """Return the existing datasets of a group."""
    return (account.resources[arn] for arn in group.attributes["DatasetArns"] if arn in account.resources)


def dimensions_of(account: "Account", group: "Resource") -> list[str]:
    """Return the dimensions of the group's target besides the item."""
    schemas = [
        each.attributes for each in datasets(account, group) if each.attributes["DatasetType"] == TARGET
    ]
    attributes = schemas[0]["Schema"]["Attributes"] if schemas else []
    texts = [each["AttributeName"] for each in attributes if each["AttributeType"] == "string"]
    return [name for name in texts if name != "item_id"]


def inputs_of(account: "Account", group: "Resource", config: Mapping[str, Any]) -> Inputs:
    """Return the current data of the group's datasets."""
    by_type = {each.attributes["DatasetType"]: each for each in datasets(account, group)}
    found = {name: account.newest_import(each.arn) for name, each in by_type.items()}
    target = found.get(TARGET)
    if target is None:
        raise invalid(f"The dataset group {group.arn} has no imported data for the target time series")
    keys = ("item_id", *config.get("ForecastDimensions", ()))
    fills = fills_of(config).get(target_of(group.attributes["Domain"]), {})
    demand = _demand(target.data, keys, target_of(group.attributes["Domain"]), fills)
    related = found.get(RELATED)
    attributes = _related(related.data, keys) if related else {}
    imports = tuple(each.arn for each in found.values() if each)
    return Inputs(keys, demand, attributes, imports, _with("futurefill", config), _with("middlefill", config))


def _with(method: str, config: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name, fills in fills_of(config).items() if method in fills)


def fills_of(config: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Return how gaps are filled, by attribute."""
    return {each["AttributeName"]: each["Transformations"] for each in config.get("AttributeConfigs", ())}


def _demand(frame: pd.DataFrame, keys: tuple[str, ...], name: str, fills: Mapping[str, str]) -> pd.DataFrame:
    aggregated = frame.groupby(["timestamp", *keys])[name].agg(_aggregation(fills))
    wide = _wide(aggregated, keys)
    return filled(wide, fills.get("middlefill", "zero"), fills.get("backfill", "zero"))


def _aggregation(fills: Mapping[str, str]) -> Any:
    method = fills.get("aggregation", "sum")
    return (
        (lambda column: column.sum(min_count=1)) if method == "sum" else {"avg": "mean"}.get(method, method)
    )


def _related(frame: pd.DataFrame, keys: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    known = [key for key in keys if key in frame.columns]
    numbers = frame.drop(columns=known).select_dtypes("number").columns
    grouped = frame.groupby(["timestamp", *known])[list(numbers)].mean()
    return {name: _wide(grouped[name], tuple(known)) for name in numbers}


def _wide(column: pd.Series, keys: tuple[str, ...]) -> pd.DataFrame:
    wide = column.unstack(list(keys))  # noqa: PD010 - a pivot of what is grouped already
    wide.columns = pd.Index(
        [each if isinstance(each, tuple) else (each,) for each in wide.columns], tupleize_cols=False
    )
    return wide.reindex(pd.date_range(wide.index[0], wide.index[-1], freq="D")).astype(float)
