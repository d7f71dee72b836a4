"""What the service role may do: the policies that `aws setup` gives it, or prints for those who may."""

import json
from typing import Any

SERVICE = "forecast.amazonaws.com"

Policy = dict[str, Any]
"""A policy document of IAM."""


def trust(account: str) -> Policy:
    """Who may take the role: AWS Forecast, and for this account alone."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def access(partition: str, bucket: str, prefix: str) -> Policy:
    """What the role may do: read, write and list what is below the prefix.

    Parameters
    ----------
    partition
        ``aws``, or of other clouds of AWS such as ``aws-cn``.
    """
    place = f"arn:{partition}:s3:::{bucket}"
    below = f"{prefix}/*" if prefix else "*"
    return _document(
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{place}/{below}"},
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": place,
            "Condition": {"StringLike": {"s3:prefix": below}},
        },
    )


def as_text(policy: Policy) -> str:
    """A policy for people to paste."""
    return json.dumps(policy, indent=2)


def _document(*statements: Policy) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}
