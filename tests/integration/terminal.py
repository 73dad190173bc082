"""The command line, called in this process as a shell would call it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from certificate_lifecycle.cli.main import main
from tests.integration.invocation import make_ledger, writes
from tests.support.calls import Call
from tests.support.cloud import Cloud

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
    """How a command ended, what it printed, and the calls that it made."""

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
        """What was printed as one line, wherever the terminal folded it."""
        return " ".join(self.out.split())

    @property
    def complaint(self) -> str:
        """The same for what went to standard error."""
        return " ".join(self.err.split())

    @property
    def writes(self) -> list[str]:
        return writes(self.calls)


class Certificates:
    """`certificates`, with the harness's own credentials unless the environment has others."""

    def __init__(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        self._cloud = cloud
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        self._capsys.readouterr()
        before = len(self._cloud.calls)
        code = main(arguments)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Ended(code, out, err, self._cloud.calls[before:])


def deploy(
    cloud: Cloud, environment: pytest.MonkeyPatch, name: str = "rotation", **settings: str
) -> None:
    """Let a function be deployed with a ledger and these settings; its code plays no part."""
    table = make_ledger(cloud, environment, "eu-west-1") if name == "rotation" else None
    needed = {"SNS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:certificate-lifecycle"}
    cloud.client("lambda").create_function(
        FunctionName=f"certificate-lifecycle-{name}",
        Role=_role(cloud, name),
        Runtime="python3.13",
        Handler=f"certificate_lifecycle.handlers.{name}.lambda_handler",
        Code={"ZipFile": b"none"},
        Environment={
            "Variables": {**needed, **({"LEDGER_TABLE": table} if table else {}), **settings}
        },
    )


def _role(cloud: Cloud, name: str) -> str:
    role: str = cloud.client("iam").create_role(
        RoleName=f"certificate-lifecycle-{name}", AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    return role
