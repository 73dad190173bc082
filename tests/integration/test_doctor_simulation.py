"""`doctor` simulates every call with IAM, and reports each one that is denied."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from certificate_lifecycle.aws.permissions import Command, Function, Permission, Setting
from certificate_lifecycle.cli.aws.simulation import simulate
from certificate_lifecycle.cli.doctor.access_checks import of_commands, write_permissions
from certificate_lifecycle.cli.doctor.diagnosis import Diagnosis, State
from certificate_lifecycle.cli.required_permissions import (
    needed,
    resources_of,
    settings_on,
    values_of,
)
from certificate_lifecycle.handlers.config import rotation_settings
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.settings import RotationSettings
from tests.embedded_aws import calls
from tests.embedded_aws.policy import judge

pytestmark = pytest.mark.integration

HOME = Scope("123456789012", "eu-west-1")
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/one"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{}-AbCdEf"
#: Everything that a call depends on.
VARIABLES = {
    "ACCOUNTS": [{"account_id": "222222222222", "role_name": "member", "external_id": "member"}],
    "ALLOWED_DOMAINS": ["example.com"],
    "EVENT_BUS_NAME": "default",
    "EXPORT_TARGETS": {
        CERTIFICATE: {
            "secret_arn": SECRET.format("export"),
            "passphrase_secret_arn": SECRET.format("passphrase"),
        }
    },
    "HOSTED_ZONES": {
        "example.com": {"zone_id": "Z1"},
        "example.net": {"zone_id": "Z2", "role_arn": "arn:aws:iam::222222222222:role/zone"},
    },
    "IMPORT_SOURCES": {CERTIFICATE: {"secret_arn": SECRET.format("import")}},
    "LEDGER_TABLE": "ledger",
    "ORGANIZATION": {
        "bucket": "runs-of-an-organization",
        "role_name": "organization",
        "external_id": "organization",
        "max_concurrency": 2,
    },
    "REBIND_CONSUMERS": True,
    "REGIONS": ["eu-west-1", "us-east-1"],
    "REPORT_BUCKET": "reports-of-runs",
    "RETIRE_SUPERSEDED_AFTER_DAYS": 7,
    "SECURITY_HUB": True,
    "SNS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:topic",
}


def settings(**variables: object) -> RotationSettings:
    errors: list[str] = []
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in (VARIABLES | variables).items()
    }
    read = rotation_settings(texts, errors)
    assert errors == []
    return read


ALL = settings()
#: Settings that need a higher mode than `notify`.
BEYOND_NOTIFY = {
    Setting.REPAIR,
    Setting.REPLACE,
    Setting.REBIND_CONSUMERS,
    Setting.IMPORT_SOURCES,
    Setting.EXPORT_TARGETS,
}
CALLS = {
    "the commands": of_commands(set(Setting)),
    **{str(function): needed((function,), set(Setting)) for function in Function},
}


@dataclass
class Iam:
    """IAM's policy simulator for a role with one policy."""

    statements: Sequence[Mapping[str, object]]

    def get_paginator(self, _: str) -> Iam:
        return self

    def paginate(
        self,
        *,
        ActionNames: Sequence[str],  # noqa: N803 - AWS's names
        ResourceArns: Sequence[str],  # noqa: N803
        **_: object,
    ) -> Iterator[Mapping[str, object]]:
        document = {"Version": "2012-10-17", "Statement": self.statements}
        (resource,) = ResourceArns
        for action in ActionNames:
            allowed = judge([document], calls.Permission(action, resource)).allowed
            decision = "allowed" if allowed else "implicitDeny"
            yield {"EvaluationResults": [{"EvalActionName": action, "EvalDecision": decision}]}


def denied(permissions: Sequence[Permission], *granted: str) -> list[Diagnosis]:
    """Return the warnings about a role that is granted some actions on everything."""
    statement = {"Effect": "Allow", "Action": granted, "Resource": "*"}
    role = "arn:aws:iam::123456789012:role/some"
    simulated = simulate(Iam([statement]), role, permissions, values_of(ALL, HOME, ALL.zones))
    found = write_permissions(simulated, "", "", "")
    return [entry for entry in found if entry.state is State.WARNING]


@pytest.mark.parametrize("permissions", CALLS.values(), ids=CALLS)
def test_a_policy_that_lacks_any_one_action_is_reported(permissions: Sequence[Permission]) -> None:
    actions = {permission.action for permission in permissions}
    assert denied(permissions, *actions) == []
    for action in actions:
        warnings = denied(permissions, *(actions - {action}))
        assert warnings, action
        assert all(warning.sentence.endswith(f": {action}.") for warning in warnings)


def test_every_write_of_a_command_is_simulated() -> None:
    """The calls of a scan are tried instead."""
    tried = {entry.action for entry in needed((Command.SCAN,), set(Setting))}
    writes = {item.action for item in needed((Command.APPLY, Command.CREATE), set(Setting))} - tried
    assert len(writes) >= 22
    assert writes <= {permission.action for permission in CALLS["the commands"]}


def test_every_known_resource_is_simulated() -> None:
    values = values_of(ALL, HOME, ALL.zones)
    known = {arn for call in CALLS["rotation"] for arn in resources_of(call, values)}
    assert {
        "arn:aws:acm:us-east-1:123456789012:certificate/*",
        "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger",
        "arn:aws:iam::*:role/organization",
        "arn:aws:iam::222222222222:role/member",
        "arn:aws:iam::222222222222:role/zone",
        "arn:aws:route53:::hostedzone/Z1",
        "arn:aws:s3:::reports-of-runs/reports/certificate-lifecycle/*",
        CERTIFICATE,
        SECRET.format("export"),
        SECRET.format("import"),
        SECRET.format("passphrase"),
    } <= known
    assert "arn:aws:route53:::hostedzone/Z2" not in known


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({"ROTATION_MODE": "repair"}, {Setting.REPLACE, Setting.REBIND_CONSUMERS}),
        ({"ROTATION_MODE": "notify"}, BEYOND_NOTIFY),
        ({"ALLOWED_DOMAINS": []}, {Setting.REPAIR, Setting.REPLACE, Setting.REBIND_CONSUMERS}),
        ({"ALLOWED_DOMAINS": [], "UNMANAGED_ROTATION_MODE": "replace"}, set()),
        ({"REBIND_CONSUMERS": False}, {Setting.REBIND_CONSUMERS}),
        ({"RETIRE_SUPERSEDED_AFTER_DAYS": ""}, {Setting.RETIRE_SUPERSEDED}),
        ({"IMPORT_SOURCES": {}}, {Setting.IMPORT_SOURCES}),
        ({"EXPORT_TARGETS": {}}, {Setting.EXPORT_TARGETS}),
        ({"ACCOUNTS": []}, {Setting.ACCOUNTS}),
        ({"ORGANIZATION": {}}, {Setting.ORGANIZATION}),
        ({"REPORT_BUCKET": ""}, {Setting.REPORTS}),
        ({"EVENT_BUS_NAME": ""}, {Setting.EVENT_BUS}),
        ({"SECURITY_HUB": False}, {Setting.SECURITY_HUB}),
        ({"REGIONS": []}, {Setting.US_EAST_1}),
        ({"HOSTED_ZONES": {"example.com": {"zone_id": "Z1"}}}, {Setting.ZONE_ROLES}),
    ],
)
def test_the_simulated_calls_depend_on_the_settings(
    variables: Mapping[str, object], missing: set[Setting]
) -> None:
    unset = {Setting.NO_HOSTED_ZONES, Setting.ON_DESTROY} | missing
    assert settings_on(settings(**variables), HOME) == set(Setting) - unset
    assert Setting.NO_HOSTED_ZONES in settings_on(settings(HOSTED_ZONES={}), HOME)
