"""Runs commands in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from certificate_lifecycle.aws.permissions import Command
from certificate_lifecycle.cli.main import main
from certificate_lifecycle.cli.required_permissions import declared
from certificate_lifecycle.log import logger
from tests.embedded_aws.calls import Call
from tests.embedded_aws.cloud import Cloud
from tests.integration.invocation import make_ledger, writes

if TYPE_CHECKING:
    import pytest

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Ended:
    """The exit code, output and calls of a command."""

    code: int
    out: str
    err: str
    calls: list[Call]

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def words(self) -> str:
        """Standard output on one line."""
        return " ".join(self.out.split())

    @property
    def complaint(self) -> str:
        """Standard error on one line."""
        return " ".join(self.err.split())

    @property
    def writes(self) -> list[str]:
        return writes(self.calls)


class Certificates:
    """Runs `certificates` with the credentials of the environment, and checks its permissions."""

    def __init__(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        self._cloud = cloud
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        self._capsys.readouterr()
        before = len(self._cloud.calls)
        with _own_log():
            code = main(arguments)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        calls = self._cloud.calls[before:]
        made = {action for call in calls for action in call.actions}
        writes_too = {"--issue", "--clean"}.intersection(arguments)
        name = "drill --issue" if writes_too else arguments[0]
        assert made <= NEEDS.get(name, set())
        return Ended(code, out, err, calls)


@contextmanager
def _own_log() -> Iterator[None]:
    """Restore the log after a command has changed it."""
    handlers, propagates, level = [*logger.handlers], logger.propagate, logger.level
    try:
        yield
    finally:
        logger.handlers[:] = handlers
        logger.propagate = propagates
        logger.setLevel(level)


def deploy(
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    name: str = "rotation",
    *,
    region: str = "eu-west-1",
    **settings: str,
) -> None:
    """Deploy a function with a state table and these settings, but without its code.

    An existing function gets the new settings.
    """
    client = cloud.client("lambda", region=region)
    function_name = f"certificate-lifecycle-{name}"
    deployed = {function["FunctionName"] for function in client.list_functions()["Functions"]}
    needed = {"SNS_TOPIC_ARN": f"arn:aws:sns:{region}:123456789012:certificate-lifecycle"}
    if name == "rotation":
        needed["LEDGER_TABLE"] = "certificate-lifecycle-ledger"
        needed["UNMANAGED_ROTATION_MODE"] = "replace"
    variables = {"Variables": {**needed, **settings}}
    if function_name in deployed:
        client.update_function_configuration(FunctionName=function_name, Environment=variables)
        return
    if name == "rotation":
        make_ledger(cloud, environment, region)
    client.create_function(
        FunctionName=function_name,
        Role=_role(cloud, f"{function_name}-{region}"),
        Runtime="python3.13",
        Handler=f"certificate_lifecycle.handlers.{name}.lambda_handler",
        Code={"ZipFile": b"none"},
        Environment=variables,
    )


def _role(cloud: Cloud, name: str) -> str:
    role: str = cloud.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    return role


#: The IAM actions of each command.
NEEDS = {
    name: {permission.action for permission in declared() if command in permission.callers}
    for command in Command
    for name in command.split(", ")
}
