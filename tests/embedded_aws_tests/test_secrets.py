"""Secrets Manager, as the embedded AWS answers: secrets without a value, and those that are gone.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud

MARKED = "You can't perform this operation on the secret because it was marked for deletion."
MISSING = "Secrets Manager can't find the specified secret."
NO_VALUE = "Secrets Manager can't find the specified secret value for staging label: "


@pytest.fixture
def secrets(cloud: Cloud) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    return cloud.client("secretsmanager")


def refusal(call: Callable[..., object], **parameters: str) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_secret_that_is_marked_for_deletion_is_described_and_neither_read_nor_written(
    secrets: Any,  # noqa: ANN401 - as above
) -> None:
    made = secrets.create_secret(Name="tls", SecretString="a")
    arn = made["ARN"]
    secrets.delete_secret(SecretId=arn)
    marked = ("InvalidRequestException", MARKED)
    assert refusal(secrets.get_secret_value, SecretId=arn) == marked
    assert refusal(secrets.put_secret_value, SecretId=arn, SecretString="b") == marked
    assert refusal(secrets.update_secret, SecretId=arn, SecretString="b") == marked
    moved = {"VersionStage": "x", "MoveToVersionId": made["VersionId"]}
    assert refusal(secrets.update_secret_version_stage, SecretId=arn, **moved) == marked
    assert secrets.describe_secret(SecretId=arn)["DeletedDate"]
    secrets.restore_secret(SecretId=arn)
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "a"
    assert "DeletedDate" not in secrets.describe_secret(SecretId=arn)


def test_a_secret_that_does_not_exist_is_not_found_by_any_call(
    secrets: Any,  # noqa: ANN401 - as above
) -> None:
    arn = secrets.create_secret(Name="tls", SecretString="a")["ARN"]
    secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    missing = ("ResourceNotFoundException", MISSING)
    assert refusal(secrets.get_secret_value, SecretId=arn) == missing
    assert refusal(secrets.describe_secret, SecretId=arn) == missing
    assert refusal(secrets.put_secret_value, SecretId=arn, SecretString="b") == missing


def test_a_secret_without_a_value_is_described_and_has_none_to_read(
    secrets: Any,  # noqa: ANN401 - as above
) -> None:
    arn = secrets.create_secret(Name="tls")["ARN"]
    for stage in ({}, {"VersionStage": "AWSPREVIOUS"}):
        label = stage.get("VersionStage", "AWSCURRENT")
        refused = refusal(secrets.get_secret_value, SecretId=arn, **stage)
        assert refused == ("ResourceNotFoundException", f"{NO_VALUE}{label}")
    assert "VersionIdsToStages" not in secrets.describe_secret(SecretId=arn)
