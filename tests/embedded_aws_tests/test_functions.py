"""Lambda functions keep what Terraform wrote, and their code can be read."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud

JSON_LOGS = {
    "LogFormat": "JSON",
    "LogGroup": "/aws/lambda/checker",
    "ApplicationLogLevel": "INFO",
    "SystemLogLevel": "WARN",
}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:failures"


def archive(text: str = "handler = print") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        # With a date of its own: two archives of one text are equal.
        zipped.writestr(zipfile.ZipInfo("app.py"), text)
    return file.getvalue()


@pytest.fixture
def role(cloud: Cloud) -> str:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    created = cloud.client("iam").create_role(
        RoleName="f", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )
    return str(created["Role"]["Arn"])


def create(cloud: Cloud, role: str, **options: object) -> dict[str, Any]:
    created = cloud.client("lambda").create_function(
        FunctionName="checker",
        Runtime="python3.13",
        Architectures=["arm64"],
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive()},
        Environment={"Variables": {"DOMAIN_NAME": "example.com"}},
        **options,
    )
    return dict(created)


def read(cloud: Cloud) -> dict[str, Any]:
    return dict(cloud.client("lambda").get_function(FunctionName="checker")["Configuration"])


def test_what_was_written_is_read_back(cloud: Cloud, role: str) -> None:
    """API_FunctionConfiguration: moto drops these, and the second plan would show changes."""
    written = {
        "LoggingConfig": JSON_LOGS,
        "DeadLetterConfig": {"TargetArn": QUEUE},
        "KMSKeyArn": KEY,
    }
    answered = create(cloud, role, **written)
    listed = cloud.client("lambda").list_functions()["Functions"][0]
    for configuration in (answered, read(cloud), listed):
        assert {name: configuration[name] for name in written} == written


def test_new_code_may_be_for_another_architecture(cloud: Cloud, role: str) -> None:
    """API_UpdateFunctionCode."""
    create(cloud, role)
    cloud.client("lambda").update_function_code(
        FunctionName="checker", ZipFile=archive(), Architectures=["x86_64"]
    )
    assert read(cloud)["Architectures"] == ["x86_64"]


def test_a_function_without_settings_has_lambda_s_own(cloud: Cloud, role: str) -> None:
    """API_LoggingConfig: text, in the group /aws/lambda/<function name>."""
    create(cloud, role)
    assert read(cloud)["LoggingConfig"] == {
        "LogFormat": "Text",
        "LogGroup": "/aws/lambda/checker",
    }
    assert "DeadLetterConfig" not in read(cloud)


def test_an_update_changes_what_it_names_and_nothing_else(cloud: Cloud, role: str) -> None:
    create(cloud, role, LoggingConfig=JSON_LOGS, KMSKeyArn=KEY)
    cloud.client("lambda").update_function_configuration(
        FunctionName="checker", LoggingConfig={**JSON_LOGS, "ApplicationLogLevel": "DEBUG"}
    )
    assert read(cloud)["LoggingConfig"]["ApplicationLogLevel"] == "DEBUG"
    assert read(cloud)["KMSKeyArn"] == KEY
    cloud.client("lambda").update_function_configuration(FunctionName="checker", KMSKeyArn="")
    assert "KMSKeyArn" not in read(cloud)


def test_asynchronous_settings_are_those_that_were_put_last(cloud: Cloud, role: str) -> None:
    create(cloud, role)
    functions = cloud.client("lambda")

    for attempts in (2, 0):
        functions.put_function_event_invoke_config(
            FunctionName="checker", MaximumRetryAttempts=attempts
        )

    found = functions.get_function_event_invoke_config(FunctionName="checker")
    assert found["MaximumRetryAttempts"] == 0


def test_the_deployed_zip_can_be_read(cloud: Cloud, role: str) -> None:
    create(cloud, role, LoggingConfig=JSON_LOGS)
    function = cloud.function("checker")
    assert function.code == archive()
    assert (function.handler, function.role) == ("app.handler", role)
    assert function.environment == {"DOMAIN_NAME": "example.com"}
    assert function.configuration["LoggingConfig"] == JSON_LOGS
    cloud.client("lambda").update_function_code(FunctionName="checker", ZipFile=archive("x = 1"))
    assert cloud.function("checker").code == archive("x = 1")
