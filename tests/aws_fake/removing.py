"""The Delete calls and StopResource."""

from collections.abc import Mapping
from typing import Any

from tests.aws_fake.account import Account
from tests.aws_fake.errors import in_use, invalid
from tests.aws_fake.resources import (
    ACTIVE,
    DATASET,
    FAILED,
    GROUP,
    RUNNING,
    STOPPED,
    STOPPING,
    Kind,
    Resource,
)

Values = Mapping[str, Any]
DELETABLE = frozenset({ACTIVE, FAILED, STOPPED})


def delete(account: Account, kind: Kind, asked: Values) -> Values:
    """Start deleting a resource without children."""
    found = account.find(asked[f"{kind.base}Arn"], kind)
    children = account.children(found.arn)
    if children:
        raise in_use(f"{found.arn} can't be deleted: {children[0].arn} was made from it")
    _delete(account, found)
    return {}


def _delete(account: Account, resource: Resource) -> None:
    status = resource.status(account.clock.now())
    if status not in DELETABLE:
        raise in_use(f"{resource.arn} can't be deleted in state {status}")
    resource.deleted = account.clock.now()


def delete_tree(account: Account, asked: Values) -> Values:
    """Start deleting a resource and everything made from it."""
    found = account.find(asked["ResourceArn"])
    whole = [found, *_below(account, found)]
    busy = [each for each in whole if each.status(account.clock.now()) in RUNNING]
    if busy:
        raise in_use(f"{busy[0].arn} is being created")
    for each in whole:
        if not each.deleted:
            _delete(account, each)
    return {}


def _below(account: Account, resource: Resource) -> list[Resource]:
    children = account.children(resource.arn)
    return [*children, *(each for child in children for each in _below(account, child))]


def stop(account: Account, asked: Values) -> Values:
    """Start stopping a job."""
    found = account.find(asked["ResourceArn"])
    status = found.status(account.clock.now())
    if found.kind in (GROUP, DATASET) or status not in RUNNING:
        raise invalid(f"{found.arn} can't be stopped in state {status}")
    if status != STOPPING:
        found.stopped = account.clock.now()
    return {}
