"""Calls the rotation function step by step, as the state machine does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.integration.invocation import Function

if TYPE_CHECKING:
    import pytest

REGIONS = ("eu-west-1", "sa-east-1")
ACCOUNTS = (DEFAULT_ACCOUNT, "222222222222", "333333333333")
BUCKET = "certificate-lifecycle-runs-123456789012"
ORGANIZATION = {
    "bucket": BUCKET,
    "role_name": "certificates",
    "external_id": "x-1",
    "max_concurrency": 10,
    "rotation_mode": "replace",
    "unmanaged_rotation_mode": "replace",
}


@dataclass
class StateMachine:
    """Calls the function step by step and collects failed steps, as Step Functions does."""

    rotation: Function
    cloud: Cloud
    inputs: Mapping[str, object]
    run: str = "run-1"

    def step(self, name: str, **fields: object) -> dict[str, Any]:
        base = {"step": name, "run": self.run, "started_at": self.cloud.now.isoformat()}
        return self.rotation({"organization": {**base, "input": self.inputs, **fields}})

    def scan(self, account_id: str) -> dict[str, Any]:
        return self.step("scan", account_id=account_id)

    def scan_all(self) -> list[RotationError]:
        failures = []
        for item in self.document("accounts.json"):
            try:
                self.scan(item["account_id"])
            except RotationError as error:
                failures.append(error)
        return failures

    def all(self) -> dict[str, Any]:
        self.step("list")
        self.scan_all()
        return self.step("aggregate")

    def document(self, name: str) -> Any:  # noqa: ANN401 - JSON has any type
        client = self.cloud.client("s3")
        answer = client.get_object(Bucket=BUCKET, Key=f"runs/{self.run}/{name}")
        return json.loads(answer["Body"].read())


def make_state_machine(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> StateMachine:
    """Deploy everything that a run over an organization of three accounts needs."""
    environment.setenv("ORGANIZATION", json.dumps(ORGANIZATION))
    environment.setenv("REGIONS", json.dumps(REGIONS))
    where = {"LocationConstraint": "eu-west-1"}
    cloud.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    cloud.organization.add(*ACCOUNTS)
    cloud.organization.trusted.add(DEFAULT_ACCOUNT)
    cloud.certificates.managed_renewal = False
    return StateMachine(rotation, cloud, {})
