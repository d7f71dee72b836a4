import boto3
import pytest

from tests.aws_fake import AwsFake
from tests.aws_fake.gateway import s3_operation
from tests.aws_fake.world import ONCE, World, code_of


@pytest.mark.parametrize(
    ("method", "bucket", "key", "given", "operation"),
    [
        ("GET", False, False, set(), "ListBuckets"),
        ("PUT", True, False, set(), "CreateBucket"),
        ("HEAD", True, False, set(), "HeadBucket"),
        ("GET", True, False, {"list-type", "prefix"}, "ListObjectsV2"),
        ("GET", True, False, {"location"}, "GetBucketLocation"),
        ("PUT", True, False, {"publicAccessBlock"}, "PutPublicAccessBlock"),
        ("PUT", True, False, {"lifecycle"}, "PutBucketLifecycleConfiguration"),
        ("PUT", True, False, {"encryption"}, "PutBucketEncryption"),
        ("POST", True, False, {"delete"}, "DeleteObjects"),
        ("PUT", True, True, set(), "PutObject"),
        ("PUT", True, True, {"x-amz-copy-source"}, "CopyObject"),
        ("PUT", True, True, {"partNumber", "uploadId"}, "UploadPart"),
        ("POST", True, True, {"uploads"}, "CreateMultipartUpload"),
        ("POST", True, True, {"uploadId"}, "CompleteMultipartUpload"),
        ("GET", True, True, set(), "GetObject"),
        ("HEAD", True, True, set(), "HeadObject"),
        ("DELETE", True, True, set(), "DeleteObject"),
    ],
)
def test_an_operation_of_s3_follows_from_its_request(
    method: str,
    bucket: bool,  # noqa: FBT001 - parametrized
    key: bool,  # noqa: FBT001 - parametrized
    given: set[str],
    operation: str,
) -> None:
    """From method, path, query and headers, as in its model."""
    assert s3_operation(method, bucket, key, given) == operation


def test_calls_are_logged_in_order(world: World) -> None:
    """Those of AWS Forecast with parameters and virtual time; others in a list of their own."""
    s3, sts = boto3.client("s3"), boto3.client("sts")
    s3.put_object(Bucket=world.aws.bucket, Key="in/a", Body=b"x")
    sts.get_caller_identity()
    created = [each.operation for each in world.aws.calls]
    assert created == ["CreateDataset", "CreateDataset", "CreateDatasetGroup"]
    call = world.aws.named("CreateDatasetGroup")[0]
    assert (call.parameters["DatasetGroupName"], call.at) == ("storecast", world.aws.clock.now())
    others = [(each.service, each.operation) for each in world.aws.other_calls]
    assert others == [("s3", "PutObject"), ("sts", "GetCallerIdentity")]
    assert world.aws.named("PutObject")[0].parameters == {"Bucket": world.aws.bucket, "Key": "in/a"}


def test_an_upload_in_parts_is_one_object(aws: AwsFake) -> None:
    """Each part needs the permission to put objects."""
    aws.policy = {
        "Statement": {
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{aws.bucket}/big",
        }
    }
    s3, at = boto3.client("s3"), {"Bucket": aws.bucket, "Key": "big"}
    upload = s3.create_multipart_upload(**at)["UploadId"]
    tag = s3.upload_part(**at, UploadId=upload, PartNumber=1, Body=b"x" * 100)["ETag"]
    s3.complete_multipart_upload(
        **at, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}
    )
    assert aws.s3.get_object(**at)["Body"].read() == b"x" * 100


def test_requests_are_recorded(world: World) -> None:
    """With headers and bodies, which do not contain the secret."""
    boto3.client("s3").put_object(Bucket=world.aws.bucket, Key="in/a", Body=b"x")
    boto3.client("iam").list_roles()
    wire = world.aws.wire
    assert [each.method for each in wire[-2:]] == ["PUT", "POST"]
    assert b"Action=ListRoles" in wire[-1].body
    assert b"storecast_target" in wire[0].body
    secret = world.aws.environment["AWS_SECRET_ACCESS_KEY"]
    assert not any(secret in f"{each.path} {each.headers} {each.body!r}" for each in wire)


def test_calls_of_tests_are_not_logged(aws: AwsFake) -> None:
    """Such as adding resources."""
    aws.add_predictor("p", group="theirs")
    aws.s3.put_object(Bucket=aws.bucket, Key="k", Body=b"x")
    assert (aws.calls, aws.other_calls, aws.wire) == ([], [], [])


def test_deleting_objects_needs_permission_for_each(aws: AwsFake) -> None:
    """If one key is outside the policy, none is deleted."""
    for key in ("in/a", "in/b", "out/c"):
        aws.s3.put_object(Bucket=aws.bucket, Key=key, Body=b"x")
    below = f"arn:aws:s3:::{aws.bucket}/in/*"
    aws.policy = {"Statement": [{"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": below}]}
    s3 = boto3.client("s3", config=ONCE)

    def delete(*keys: str) -> None:
        s3.delete_objects(Bucket=aws.bucket, Delete={"Objects": [{"Key": key} for key in keys]})

    assert code_of(lambda: delete("in/a", "out/c")) == "AccessDenied"
    delete("in/a", "in/b")
    left = aws.s3.list_objects_v2(Bucket=aws.bucket)["Contents"]
    assert [each["Key"] for each in left] == ["out/c"]
