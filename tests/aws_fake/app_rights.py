"""Check the app's calls against its policy (Service Authorization Reference)."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.aws_fake.errors import ErrorResponse
from tests.aws_fake.policy_documents import Document, allows
from tests.aws_fake.service_roles import SERVICE

CREATED = {
    "CreateDatasetGroup": "dataset-group/{DatasetGroupName}",
    "CreateDataset": "dataset/{DatasetName}",
}
"""Create calls that need permission for the new resource; others need it for the parent."""

ABOUT = {
    "CreateForecast": ("PredictorArn",),
    "CreatePredictorBacktestExportJob": ("PredictorArn",),
    "CreateForecastExportJob": ("ForecastArn",),
    "QueryForecast": ("ForecastArn",),
    "UpdateDatasetGroup": ("DatasetGroupArn", "DatasetArns"),
}


def resources_of(operation: str, asked: Mapping[str, Any], prefix: str) -> list[str]:
    """Return the ARNs a call needs permission for; ``*`` if its action has no resources."""
    if operation in CREATED:
        return [prefix + CREATED[operation].format(**asked)]
    if operation == "CreateDatasetImportJob":
        dataset = asked["DatasetArn"].rpartition("/")[2]
        return [f"{prefix}dataset-import-job/{dataset}/{asked['DatasetImportJobName']}"]
    if operation == "CreatePredictor":
        return [asked["InputDataConfig"]["DatasetGroupArn"]]
    if operation.startswith("List") or operation == "CreateAutoPredictor":
        return ["*"]
    names = ABOUT.get(operation) or [name for name in asked if name.endswith("Arn")]
    return [arn for name in names for arn in ([asked[name]] if name.endswith("Arn") else asked[name])]


def roles_in(asked: Any) -> Iterator[str]:
    """Yield the roles a call passes to the service."""
    for name, value in asked.items() if isinstance(asked, Mapping) else ():
        if name == "RoleArn":
            yield value
        else:
            yield from roles_in(value)


def require(policy: Document | None, operation: str, asked: Mapping[str, Any], prefix: str) -> None:
    """Refuse a call of AWS Forecast that the policy does not allow."""
    if policy is None:
        return
    for arn in resources_of(operation, asked, prefix):
        require_action(policy, f"forecast:{operation}", arn, {})
    for arn in roles_in(asked):
        require_action(policy, "iam:PassRole", arn, {"iam:PassedToService": SERVICE})


def require_action(policy: Document, action: str, arn: str, context: Mapping[str, str]) -> None:
    """Refuse one action on one resource that the policy does not allow."""
    if not allows(policy, action, arn, context):
        raise ErrorResponse(
            "AccessDeniedException",
            f"User: arn:aws:iam::123456789012:user/storecast is not authorized to perform: {action} on "
            f"resource: {arn}",
        )
