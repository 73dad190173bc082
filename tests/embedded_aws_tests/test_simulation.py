"""IAM's policy simulator, as the embedded AWS answers for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"


def role(cloud: Cloud, *statements: dict[str, Any], boundary: str | None = None) -> str:
    iam = cloud.client("iam")
    limits = {"PermissionsBoundary": boundary} if boundary else {}
    made = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, **limits)
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(document))
    arn: str = made["Role"]["Arn"]
    return arn


def simulated(cloud: Cloud, arn: str, *actions: str, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - parameters of the call
    pages = cloud.client("iam").get_paginator("simulate_principal_policy")
    asked = {"PolicySourceArn": arn, "ActionNames": list(actions), "ResourceArns": [CERTIFICATE]}
    return [
        entry for page in pages.paginate(**asked, **more) for entry in page["EvaluationResults"]
    ]


def test_each_action_is_judged_as_a_call_would_be(cloud: Cloud) -> None:
    arn = role(
        cloud,
        {"Effect": "Allow", "Action": "acm:D*", "Resource": CERTIFICATE},
        {"Effect": "Deny", "Action": "acm:DeleteCertificate", "Resource": "*"},
    )
    found = simulated(
        cloud, arn, "acm:DescribeCertificate", "acm:DeleteCertificate", "acm:RenewCertificate"
    )
    assert [(entry["EvalActionName"], entry["EvalDecision"]) for entry in found] == [
        ("acm:DescribeCertificate", "allowed"),
        ("acm:DeleteCertificate", "explicitDeny"),
        ("acm:RenewCertificate", "implicitDeny"),
    ]


def test_missing_condition_keys_are_returned(cloud: Cloud) -> None:
    condition = {"StringEquals": {"acm:KeyAlgorithm": "RSA_2048", "acm:ValidationMethod": "DNS"}}
    statement = {"Action": ["acm:RequestCertificate"], "Resource": "*", "Condition": condition}
    arn = role(cloud, {"Effect": "Allow", **statement})
    given = {"ContextKeyValues": ["RSA_2048"], "ContextKeyType": "string"}
    context = [{"ContextKeyName": "acm:KeyAlgorithm", **given}]
    (found,) = simulated(cloud, arn, "acm:RequestCertificate", ContextEntries=context)
    assert found["EvalDecision"] == "implicitDeny"
    assert found["MissingContextValues"] == ["acm:ValidationMethod"]


def test_a_boundary_limits_what_policies_allow(cloud: Cloud) -> None:
    limit = {"Effect": "Allow", "Action": "acm:List*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [limit]})
    boundary = cloud.client("iam").create_policy(PolicyName="b", PolicyDocument=document)
    arn = role(
        cloud,
        {"Effect": "Allow", "Action": "acm:*", "Resource": "*"},
        boundary=boundary["Policy"]["Arn"],
    )
    found = simulated(cloud, arn, "acm:ListCertificates", "acm:DescribeCertificate")
    assert [entry["EvalDecision"] for entry in found] == ["allowed", "implicitDeny"]


def test_a_principal_that_does_not_exist_cannot_be_simulated(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="NoSuchEntity") as caught:
        simulated(cloud, "arn:aws:iam::123456789012:role/nobody", "acm:ListCertificates")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_role_without_its_path_cannot_be_simulated(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    iam.create_role(RoleName="r", Path="/staff/", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        simulated(cloud, "arn:aws:iam::123456789012:role/r", "acm:ListCertificates")
    assert simulated(cloud, "arn:aws:iam::123456789012:role/staff/r", "acm:ListCertificates")


@pytest.mark.parametrize("session", ["assumed-role/r/test", "federated-user/bob"])
def test_a_session_cannot_be_simulated(cloud: Cloud, session: str) -> None:
    with pytest.raises(ClientError, match="InvalidInput"):
        simulated(cloud, f"arn:aws:sts::123456789012:{session}", "acm:ListCertificates")
