"""The key of a log group can be changed, as AWS lets one do."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_a_group_has_the_key_that_it_was_given_last(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="checker")

    logs.associate_kms_key(logGroupName="checker", kmsKeyId=KEY)
    (with_key,) = logs.describe_log_groups()["logGroups"]
    logs.disassociate_kms_key(logGroupName="checker")
    (without,) = logs.describe_log_groups()["logGroups"]

    assert with_key["kmsKeyId"] == KEY
    assert "kmsKeyId" not in without


def test_a_group_that_does_not_exist_has_no_key(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cloud.client("logs").associate_kms_key(logGroupName="checker", kmsKeyId=KEY)
