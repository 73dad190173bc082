"""`certificates doctor` over the embedded AWS, and name servers on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import botocore
import jsonschema
import pytest

from certificate_lifecycle.aws.permissions import Command, Setting
from certificate_lifecycle.cli.aws import sdk_features
from certificate_lifecycle.cli.aws.identity import Caller
from certificate_lifecycle.cli.aws.sdk_features import SdkFeature
from certificate_lifecycle.cli.doctor import examinations
from certificate_lifecycle.cli.doctor.access_checks import of_commands
from certificate_lifecycle.cli.doctor.diagnosis import DoctorCheck, State
from certificate_lifecycle.cli.required_permissions import needed
from certificate_lifecycle.model.scope import Scope
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import SECOND, Gateway, HostedZones, Lie, failing, with_status
from tests.estates.imports import imported
from tests.integration.exports import put_exported
from tests.integration.invocation import DECLARED
from tests.integration.terminal import NEEDS, Certificates, Ended, deploy

pytestmark = pytest.mark.integration

ACCOUNT, REGION, INSTANCE = "123456789012", "eu-west-1", "certificate-lifecycle"
OTHER = "222222222222"
REGIONS = [REGION, "us-east-1"]
HOME = Scope(ACCOUNT, REGION)
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{INSTANCE}"
#: Calls of every command, and calls that depend on options and the deployed instance.
NOT_TRIED = {
    *("ec2:DescribeRegions", "lambda:GetFunctionConfiguration"),
    *("dynamodb:Query", "sts:AssumeRole", "sts:GetCallerIdentity"),
    # Without a deployed module there are no pointers.
    *("ssm:GetParameter", "ssm:GetParametersByPath"),
}
SCHEMA = json.loads(
    (
        Path(__file__).resolve().parents[2] / "docs" / "schemas" / "certificates-doctor.json"
    ).read_text(encoding="utf-8")
)
#: A read-only operation in spite of its name.
READ_ONLY = {"SimulatePrincipalPolicy"}

Doctor = Callable[..., Ended]


@pytest.fixture
def doctor(certificates: Certificates, gateway: Gateway) -> Doctor:
    """Call doctor with the resolvers of the gateway."""
    options = [part for url in gateway.urls for part in ("--resolver", url)]
    return partial(certificates, "doctor", *options)


def checks(result: Ended) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = result.document["checks"]
    return found


def of(result: Ended, check: DoctorCheck, state: str | None = None) -> list[str]:
    """Return subject and message of the results of a check, in one state or any."""
    return [
        f"{entry['about']}: {entry['message']}"
        for entry in checks(result)
        if entry["check"] == check.value and state in (None, entry["state"])
    ]


def public(gateway: Gateway) -> HostedZones:
    """Return the back end of both resolvers."""
    assert isinstance(gateway.backend, HostedZones)
    return gateway.backend


def install(cloud: Cloud, environment: pytest.MonkeyPatch, **settings: str) -> None:
    """Deploy the parts of the module that doctor checks."""
    deploy(cloud, environment, ALLOWED_DOMAINS='["example.com"]', **settings)
    deploy(cloud, environment, "creation")
    cloud.client("sns").create_topic(Name=INSTANCE)
    events = cloud.client("events")
    events.put_rule(Name=f"{INSTANCE}-rotation", ScheduleExpression="rate(1 day)")
    events.put_rule(Name=f"{INSTANCE}-acm-events", EventPattern='{"source": ["aws.acm"]}')
    for name, state in {
        "no-subscribers": "OK",
        "creation-errors": "INSUFFICIENT_DATA",
        "runs-missing": "ALARM",
        "other-runs-missing": "ALARM",
    }.items():
        alarm = f"{INSTANCE}-{name}"
        cloudwatch = cloud.client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName=alarm,
            Namespace="CertificateLifecycle",
            MetricName="RunsCompleted",
            Statistic="Sum",
            Period=3600,
            EvaluationPeriods=50,
            Threshold=1,
            ComparisonOperator="LessThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test")


def as_role(cloud: Cloud, environment: pytest.MonkeyPatch, *statements: Mapping[str, Any]) -> None:
    """Use the credentials of a role with a path and only these policies."""
    iam = cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="engineer", Path="/staff/", AssumeRolePolicyDocument=_policy(trust)
    )["Role"]["Arn"]
    if statements:
        iam.put_role_policy(
            RoleName="engineer", PolicyName="engineer", PolicyDocument=_policy(*statements)
        )
    for name, value in cloud.assume(role).items():
        environment.setenv(name.upper(), value)


def _policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of a statement
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


READ_ALL = allow(
    *("acm:List*", "acm:Describe*", "acm:SearchCertificates", "route53:List*", "route53:Get*"),
    *("iam:List*", "iam:Get*", "acm-pca:List*", "elasticloadbalancing:Describe*"),
    "acm-pca:GetCertificateAuthorityCertificate",
    *("cloudfront:Get*", "apigateway:GET", "cognito-idp:List*", "cognito-idp:Describe*"),
    *("iam:SimulatePrincipalPolicy", "lambda:Get*", "servicequotas:Get*", "dynamodb:Query"),
    *("cloudwatch:DescribeAlarms", "events:DescribeRule", "sns:GetTopicAttributes", "ssm:Get*"),
    "tag:GetResources",
)


# --- The page as a whole --------------------------------------------------------------------------


def test_doctor_prints_every_result_and_changes_nothing(doctor: Doctor, cloud: Cloud) -> None:
    cloud.zones.add("example.com")
    result = doctor("--instance", "none")
    assert (
        "certificate-quota\n  ok       123456789012/eu-west-1: Certificates that ACM issued:"
        in (result.out)
    )
    assert all(len(line) <= 80 for line in result.out.splitlines())
    assert set(result.writes) == READ_ONLY


def test_the_document_has_every_check_once_at_least(
    doctor: Doctor,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
) -> None:
    install(cloud, environment)
    cloud.zones.add("example.com")
    result = doctor("-o", "json")
    jsonschema.validate(result.document, SCHEMA)
    found = checks(result)
    assert list(dict.fromkeys(entry["check"] for entry in found)) == [
        check.value for check in DoctorCheck
    ]


def test_the_sdk_is_named_with_what_it_does_not_know(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = [entry for entry in checks(doctor("-o", "json")) if entry["check"] == "sdk"]
    versions = f"boto3 {boto3.__version__}, botocore {botocore.__version__}"
    assert (found["state"], found["about"]) == ("ok", versions)

    newer = (
        SdkFeature("acm", "Invented", "do something new"),
        SdkFeature("elb", "DescribeLoadBalancers", "do something new", "X"),
        SdkFeature("cloudfront", "UpdateDistribution", "do more", "DistributionConfig.New"),
        SdkFeature("acm", "RenewCertificate", "do even more", "CertificateArn.New"),
    )
    monkeypatch.setattr(sdk_features, "FEATURES", newer)
    lacking = [entry for entry in checks(doctor("-o", "json")) if entry["check"] == "sdk"]
    assert {entry["state"] for entry in lacking} == {"warning"}
    assert [entry["message"] for entry in lacking] == [
        "It cannot do something new: it does not know acm Invented, elb DescribeLoadBalancers X.",
        "It cannot do more: it does not know cloudfront UpdateDistribution DistributionConfig.New.",
        "It cannot do even more: it does not know acm RenewCertificate CertificateArn.New.",
    ]
    assert "layers" in lacking[0]["advice"]


def test_the_schema_knows_every_check_and_state() -> None:
    known = SCHEMA["properties"]["checks"]["items"]["properties"]
    assert known["check"]["enum"] == [check.value for check in DoctorCheck]
    assert known["state"]["enum"] == [state.value for state in State]


def test_a_failed_check_hides_no_other_and_ends_with_3(doctor: Doctor, cloud: Cloud) -> None:
    cloud.zones.add("example.com")
    cloud.fail("acm", "ListCertificates", "InternalFailure", "Broken", times=None)
    result = doctor("-o", "json", "--instance", "none", "--fail-on", "never")
    assert result.code == 3
    (quota,) = of(result, DoctorCheck.CERTIFICATE_QUOTA)
    assert quota.startswith(f"{ACCOUNT}/{REGION}: Could not be checked: ClientError")
    assert of(result, DoctorCheck.CAA, "unknown")
    assert of(result, DoctorCheck.CAA, "ok") == [": CAA allows Amazon to issue for 2 of 2 names."]


@pytest.mark.parametrize(
    "resolvers", [["1.1.1.1", "8.8.8.8"], ["https://dns.google/resolve"], ["off", "off"]]
)
def test_two_resolvers_are_given_by_their_urls(
    certificates: Certificates, resolvers: list[str]
) -> None:
    options = [part for resolver in resolvers for part in ("--resolver", resolver)]
    result = certificates("doctor", *options)
    assert result.code == 2
    assert "Invalid value for '--resolver': must be" in result.complaint
    assert result.calls == []


# --- Credentials and permissions ------------------------------------------------------------------


def test_the_caller_of_a_session_is_reported(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    as_role(cloud, environment, READ_ALL)
    environment.setenv("AWS_CREDENTIAL_EXPIRATION", "2099-01-01T00:00:00Z")
    result = doctor("-o", "json", "--instance", "none")
    (message,) = of(result, DoctorCheck.CREDENTIALS)
    assert message.startswith(
        f"{ACCOUNT}: You are arn:aws:sts::{ACCOUNT}:assumed-role/engineer/test"
    )
    assert message.endswith("by env, until 2099-01-01 00:00 UTC.")


def test_every_read_that_a_scan_makes_is_tried_and_allowed(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    install(cloud, environment)
    as_role(cloud, environment, READ_ALL)
    result = doctor("-o", "json")
    assert [entry.rpartition(": ")[2] for entry in of(result, DoctorCheck.READ_PERMISSIONS)] == [
        "AWS allows 26 of 26 calls that a scan makes."
    ]
    assert of(result, DoctorCheck.WRITE_PERMISSIONS, "unknown") == []


def test_the_calls_that_are_tried_are_those_that_the_simulation_leaves_out(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """A new read call of a scan has to be tried too."""
    as_role(cloud, environment)
    result = doctor("-o", "json", "--instance", "none")
    tried = {
        entry.split(" ")[1]
        for entry in of(result, DoctorCheck.READ_PERMISSIONS)
        if "denied" in entry
    }
    left_out = {
        permission.action
        for permission in needed((Command.APPLY,), set(Setting))
        if permission not in of_commands(set(Setting))
    }
    assert tried == left_out - NOT_TRIED


def test_a_denial_contains_action_resource_and_reason(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    forbidden = {
        "Effect": "Deny",
        "Action": ["acm:ListTagsForCertificate", "acm:SearchCertificates", "tag:GetResources"],
        "Resource": "*",
        "Sid": "NotThese",
    }
    as_role(cloud, environment, READ_ALL, forbidden)
    result = doctor("-o", "json", "--instance", "none")
    (needed,) = of(result, DoctorCheck.READ_PERMISSIONS, "failed")
    assert needed == (
        f"{ACCOUNT}/{REGION}: acm:ListTagsForCertificate on "
        f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/* is denied: "
        "explicitly denied by statement 'NotThese'"
    )
    searching, tagging = of(result, DoctorCheck.READ_PERMISSIONS, "warning")
    assert "acm:SearchCertificates on * is denied" in searching
    assert "tag:GetResources on * is denied" in tagging
    assert result.code == 1


def test_a_call_that_fails_otherwise_is_unknown_and_stops_no_other(
    doctor: Doctor, cloud: Cloud
) -> None:
    cloud.fail("acm-pca", "ListCertificateAuthorities", "InternalError", "Broken", times=None)
    result = doctor("-o", "json", "--instance", "none")
    (failed,) = of(result, DoctorCheck.READ_PERMISSIONS, "unknown")
    assert failed.startswith(
        f"{ACCOUNT}/{REGION} acm-pca:ListCertificateAuthorities: Could not be checked: ClientError"
    )
    (allowed,) = of(result, DoctorCheck.READ_PERMISSIONS, "ok")
    assert allowed.endswith("AWS allows 22 of 23 calls that a scan makes.")


def test_the_root_user_is_not_simulated(doctor: Doctor, environment: pytest.MonkeyPatch) -> None:
    root = Caller(arn=f"arn:aws:iam::{ACCOUNT}:root", source="env")
    environment.setattr(examinations, "caller_of", lambda *_: root)
    result = doctor("-o", "json", "--instance", "none")
    assert len(of(result, DoctorCheck.CREDENTIALS, "warning")) == 1
    (message,) = of(result, DoctorCheck.WRITE_PERMISSIONS)
    assert message.endswith("Policies of the account do not restrict its root user.")


def test_writes_are_simulated_for_the_role_behind_a_session(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    install(cloud, environment, REBIND_CONSUMERS="true", REGIONS=json.dumps(REGIONS))
    cloud.zones.add("example.com")
    as_role(
        cloud,
        environment,
        READ_ALL,
        allow("acm:RequestCertificate", Condition={"StringEquals": {"aws:PrincipalTag/a": "b"}}),
        allow(
            "route53:ChangeResourceRecordSets",
            Condition={
                "ForAllValues:StringEquals": {
                    "route53:ChangeResourceRecordSetsRecordTypes": ["CNAME"]
                }
            },
        ),
        {"Effect": "Deny", "Action": "cloudfront:*", "Resource": "arn:aws:cloudfront::*:dist*"},
    )
    result = doctor("-o", "json", "--fail-on", "never")
    denied = of(result, DoctorCheck.WRITE_PERMISSIONS, "warning")
    certificates = [f"arn:aws:acm:{region}:{ACCOUNT}:certificate/*" for region in REGIONS]
    assert denied[0].startswith(
        f"{ACCOUNT}/{REGION}: On {', '.join(certificates)}, allowed by no policy: "
        "acm:AddTagsToCertificate, acm:ResendValidationEmail, acm:UpdateCertificateOptions"
    )
    assert (
        f"{ACCOUNT}/{REGION}: On arn:aws:cloudfront::{ACCOUNT}:distribution/*, denied by a "
        "policy: cloudfront:UpdateDistribution."
    ) in denied
    own = [entry for entry in denied if entry.startswith(ACCOUNT)]
    assert not any("RequestCertificate" in item or "route53" in item for item in own)
    (allowed,) = of(result, DoctorCheck.WRITE_PERMISSIONS, "ok")
    assert "IAM would allow" in allowed
    assert allowed.endswith("calls of the commands beyond a scan; 2 depend on aws:PrincipalTag/a.")


def test_every_call_beyond_a_scan_is_simulated_for_the_caller_and_the_functions(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """Nothing is granted here; the unit tests grant everything but one action."""
    cloud.zones.add("example.com")
    install(
        cloud,
        environment,
        EXPORT_TARGETS=put_exported(cloud, 20).environment(),
        IMPORT_SOURCES=imported(cloud).sources,
        REBIND_CONSUMERS="true",
        REGIONS=json.dumps(REGIONS),
        RETIRE_SUPERSEDED_AFTER_DAYS="7",
    )
    as_role(cloud, environment, allow(*sorted(NEEDS["doctor"])))
    denied = of(doctor("-o", "json"), DoctorCheck.WRITE_PERMISSIONS, "warning")

    def actions(about: str) -> set[str]:
        message = [entry.rpartition(": ")[2] for entry in denied if entry.startswith(f"{about}: ")]
        return {action for item in message for action in item.rstrip(".").split(", ")}

    elsewhere = {"sts:AssumeRole"}
    writes = (NEEDS["apply"] | NEEDS["create"]) - NEEDS["doctor"]
    assert actions(f"{ACCOUNT}/{REGION}") >= writes
    # The environment of the functions does not have `on_destroy`.
    deletion = {"acm:DeleteCertificate", "ssm:GetParametersByPath"}
    assert actions(f"{INSTANCE}-creation") == DECLARED["creation"] - elsewhere - deletion
    assert actions(f"{INSTANCE}-rotation") == DECLARED["rotation"] - elsewhere - {
        *("events:PutEvents", "organizations:ListAccounts", "s3:GetObject", "s3:ListBucket"),
        *("s3:PutObject", "securityhub:BatchImportFindings", "securityhub:GetFindings"),
    }


def test_a_caller_who_may_not_simulate_gets_an_unknown_result(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    hidden = {"Effect": "Deny", "Action": ["iam:Simulate*", "iam:GetRole"], "Resource": "*"}
    as_role(cloud, environment, READ_ALL, hidden)
    result = doctor("-o", "json", "--instance", "none")
    (message,) = of(result, DoctorCheck.WRITE_PERMISSIONS)
    assert (
        "iam:SimulatePrincipalPolicy on resource: arn:aws:iam::123456789012:role/engineer"
        in message
    )
    assert result.code == 3


def test_a_caller_whom_iam_does_not_find_gets_an_unknown_result(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    install(cloud, environment)
    no_path = {"Effect": "Deny", "Action": "iam:GetRole", "Resource": "*"}
    as_role(cloud, environment, READ_ALL, no_path)
    arn = f"arn:aws:iam::{ACCOUNT}:role/engineer"
    assert_not_simulated(doctor("-o", "json"), f"{ACCOUNT}/{REGION}", arn, "allow iam:GetRole")


@pytest.mark.parametrize(
    ("session", "missing"),
    [
        ("assumed-role/gone/me", "iam::{}:role/gone"),
        ("federated-user/b", "sts::{}:federated-user/b"),
    ],
)
def test_a_session_without_a_role_or_user_gets_an_unknown_result(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch, session: str, missing: str
) -> None:
    caller = Caller(arn=f"arn:aws:sts::{ACCOUNT}:{session}", source="env")
    environment.setattr(examinations, "caller_of", lambda *_: caller)
    missing = f"arn:aws:{missing.format(ACCOUNT)}"
    result = doctor("-o", "json", "--instance", "none")
    assert_not_simulated(result, f"{ACCOUNT}/{REGION}", missing, "Sign in with")
    assert "SimulatePrincipalPolicy" not in {call.operation for call in cloud.calls}


def test_a_function_without_its_role_gets_an_unknown_result(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    install(cloud, environment)
    arn = cloud.client("lambda").get_function_configuration(FunctionName=f"{INSTANCE}-rotation")
    iam, name = cloud.client("iam"), arn["Role"].rpartition("/")[2]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)
    result = doctor("-o", "json")
    assert_not_simulated(result, f"{INSTANCE}-rotation", arn["Role"], "Apply the module again")


def assert_not_simulated(result: Ended, about: str, arn: str, advice: str) -> None:
    """Check that one principal could not be simulated, and that all other checks ended."""
    (found,) = [
        entry
        for entry in checks(result)
        if entry["check"] == DoctorCheck.WRITE_PERMISSIONS and entry["about"] == about
    ]
    assert found["state"] == "unknown"
    assert f"IAM finds no {arn}, so that its permissions cannot be simulated" in found["message"]
    assert advice in found["advice"]
    assert {entry["check"] for entry in checks(result)} >= {"credentials", "sdk"}
    assert result.code == 3


# --- Quotas ---------------------------------------------------------------------------------------


def test_quotas_are_the_accounts_own_and_near_ones_are_reported(
    doctor: Doctor, cloud: Cloud
) -> None:
    cloud.quotas.grant("L-F141DD1D", 5)
    cloud.quotas.grant("L-DA1D8B98", 2)
    for days in (400, 300, 200, 100):
        cloud.certificates.add(created_at=cloud.now - timedelta(days=days))
    cloud.certificates.add(type="IMPORTED")
    result = doctor("-o", "json", "--instance", "none")
    assert of(result, DoctorCheck.CERTIFICATE_QUOTA, "warning") == [
        f"{ACCOUNT}/{REGION}: Certificates that ACM issued: 4 of 5."
    ]
    assert of(result, DoctorCheck.YEARLY_QUOTA, "failed") == [
        (f"{ACCOUNT}/{REGION}: Certificates that ACM issued within 365 days: at least 3 of 2.")
    ]
    assert of(result, DoctorCheck.CERTIFICATE_QUOTA, "ok") == [
        f"{ACCOUNT}/{REGION}: Imported certificates: 1 of 2,500."
    ]


@pytest.mark.parametrize("code", ["AccessDeniedException", "NoSuchResourceException"])
def test_a_quota_that_cannot_be_read_is_aws_default(
    doctor: Doctor, cloud: Cloud, code: str
) -> None:
    cloud.fail("service-quotas", "GetServiceQuota", code, times=None)
    result = doctor("-o", "json", "--instance", "none")
    message = of(result, DoctorCheck.CERTIFICATE_QUOTA, "ok")
    assert len(message) == 2
    assert all(
        "(AWS's default; the account's own quota could not be read)" in entry for entry in message
    )


# --- Public DNS -----------------------------------------------------------------------------------


def test_a_correctly_delegated_zone_is_ok(doctor: Doctor, cloud: Cloud) -> None:
    cloud.zones.add("example.com")
    cloud.zones.add("private.test", private=True)
    result = doctor("-o", "json", "--instance", "none")
    assert of(result, DoctorCheck.DELEGATION) == [
        ": Public DNS delegates 1 of 1 hosted zones correctly."
    ]
    assert of(result, DoctorCheck.DNSSEC) == [": The resolvers accept 1 of 1 zones."]


def test_a_role_that_may_only_write_records_is_enough_to_know_the_name_servers(
    doctor: Doctor, cloud: Cloud
) -> None:
    cloud.zones.add("example.com")
    cloud.fail("route53", "GetHostedZone", "AccessDenied", times=None)
    (message,) = of(doctor("-o", "json", "--instance", "none"), DoctorCheck.DELEGATION)
    assert "Public DNS delegates 1 of 1 hosted zones" in message


def test_a_zone_without_delegation_is_reported_with_its_name_servers(
    doctor: Doctor, cloud: Cloud
) -> None:
    zone = cloud.zones.add("example.com", delegated=False)
    result = doctor("-o", "json", "--instance", "none")
    (message,) = of(result, DoctorCheck.DELEGATION, "failed")
    assert message.startswith(f"example.com {zone}: The zone is not delegated")
    (advice,) = (check["advice"] for check in checks(result) if check["state"] == "failed")
    own = cloud.client("route53").get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
    assert all(server in advice for server in own)


def test_a_zone_that_is_delegated_elsewhere_is_reported(
    doctor: Doctor, cloud: Cloud, gateway: Gateway
) -> None:
    zone = cloud.zones.add("example.com", delegated=False)
    public(gateway).records["example.com", "NS"] = ("b.dns.net.", "a.dns.net.")
    result = doctor("-o", "json", "--instance", "none")
    (message,) = of(result, DoctorCheck.DELEGATION, "failed")
    assert message == (
        f"example.com {zone}: Public DNS delegates to a.dns.net, b.dns.net instead, so ACM cannot "
        "validate with the zone's records."
    )


def test_of_two_zones_of_one_name_the_one_that_is_not_delegated_is_reported(
    doctor: Doctor, cloud: Cloud
) -> None:
    seen = cloud.zones.add("example.com")
    unseen = cloud.zones.add("example.com", delegated=False)
    result = doctor("-o", "json", "--instance", "none")
    assert of(result, DoctorCheck.DELEGATION, "warning") == [
        f"example.com {unseen}: Public DNS delegates to another zone of this name, {seen}."
    ]


def test_name_servers_that_are_missing_or_foreign_are_named(
    doctor: Doctor, cloud: Cloud, gateway: Gateway
) -> None:
    first, second = cloud.zones.add("example.com"), cloud.zones.add("example.net")
    for name, more in (("example.com", ()), ("example.net", ("foreign.example.org",))):
        own = cloud.zones.resolve(name, "NS")
        public(gateway).records[name, "NS"] = (own[0], *more)
    result = doctor("-o", "json", "--instance", "none")
    missing, foreign = of(result, DoctorCheck.DELEGATION, "warning")
    assert missing.startswith(f"example.com {first}: The delegation lacks ")
    assert foreign == (
        f"example.net {second}: Public DNS also delegates to foreign.example.org, so some answers "
        "do not come from the zone."
    )


def test_a_zone_whose_signatures_are_rejected_has_failed(
    doctor: Doctor, cloud: Cloud, gateway: Gateway
) -> None:
    zone = cloud.zones.add("example.com")
    public(gateway).bogus = {"example.com"}
    result = doctor("-o", "json", "--instance", "none")
    (message,) = of(result, DoctorCheck.DNSSEC)
    assert message.startswith(
        f"example.com {zone}: A CA must refuse: the DNSSEC of example.com is broken: "
    )
    assert "DNSKEY Missing" in message
    for check in (DoctorCheck.DELEGATION, DoctorCheck.CAA):
        assert of(result, check) == of(result, check, "failed")


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (failing, " gets no answer"),
        (with_status(500), "HTTP status 500"),
    ],
)
def test_an_answer_of_one_resolver_alone_is_unknown_and_not_ok(
    doctor: Doctor, cloud: Cloud, gateway: Gateway, lie: Lie, reason: str
) -> None:
    cloud.zones.add("example.com")
    gateway.lie(lie, SECOND)
    result = doctor("-o", "json", "--instance", "none")
    for check in (DoctorCheck.DELEGATION, DoctorCheck.DNSSEC, DoctorCheck.CAA):
        messages = of(result, check)
        assert of(result, check, "unknown") == messages
        assert all(f"{SECOND}:{gateway.port}" in message for message in messages)
    assert any(reason in message for message in of(result, DoctorCheck.DNSSEC))
    assert result.code == 3


def test_without_resolvers_public_dns_is_unknown(
    certificates: Certificates, cloud: Cloud, gateway: Gateway
) -> None:
    cloud.zones.add("example.com")
    result = certificates("doctor", "--resolver", "off", "-o", "json", "--instance", "none")
    (message,) = of(result, DoctorCheck.DELEGATION, "unknown")
    assert message.endswith("are unknown: the queries are switched off")
    assert gateway.queries == []
    assert result.code == 3


def test_the_resolvers_of_the_deployed_instance_are_queried(
    certificates: Certificates,
    cloud: Cloud,
    gateway: Gateway,
    environment: pytest.MonkeyPatch,
) -> None:
    cloud.zones.add("example.com")
    install(cloud, environment, PUBLIC_DNS_RESOLVERS=json.dumps(gateway.urls))
    assert of(certificates("doctor", "-o", "json"), DoctorCheck.DNSSEC, "ok")
    assert gateway.asked("example.com", "SOA") == 2
    deploy(cloud, environment, PUBLIC_DNS_RESOLVERS="[]")
    assert of(certificates("doctor", "-o", "json"), DoctorCheck.DNSSEC, "unknown")
    assert gateway.asked("example.com", "SOA") == 2


def test_caa_is_judged_for_names_of_acm_certificates_and_for_other_zones(
    doctor: Doctor, cloud: Cloud
) -> None:
    for name, record in (
        ("example.com", '0 issue "letsencrypt.org"'),
        ("example.net", '0 issuewild ";"'),
    ):
        cloud.zones.put(cloud.zones.add(name), name, "CAA", record)
    names = ["shop.example.com", "www.shop.example.com"]
    cloud.certificates.add(domain_name=names[0], names=names)
    cloud.certificates.add(domain_name="else.where", type="IMPORTED")
    cloud.certificates.add(domain_name="old.example.com", status="EXPIRED")
    result = doctor("-o", "json", "--instance", "none")
    assert of(result, DoctorCheck.CAA, "failed") == [
        (
            "*.example.net: The CAA records at example.net allow no CA to issue, so ACM neither "
            "issues nor renews."
        ),
        (
            "shop.example.com, www.shop.example.com: The CAA records at example.com allow only "
            "letsencrypt.org to issue, so ACM neither issues nor renews."
        ),
    ]
    assert of(result, DoctorCheck.CAA, "ok") == [": CAA allows Amazon to issue for 1 of 4 names."]


# --- The deployed module --------------------------------------------------------------------------


def test_a_module_that_is_not_deployed_is_reported(doctor: Doctor) -> None:
    result = doctor("-o", "json")
    assert of(result, DoctorCheck.FUNCTIONS) == [
        f"{INSTANCE}-rotation: This function does not exist in this region."
    ]
    assert of(result, DoctorCheck.RULES) == []


def test_every_part_of_the_deployed_module_is_checked(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    install(cloud, environment)
    sns = cloud.client("sns")
    sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="ops@example.com")
    cloud.client("events").disable_rule(Name=f"{INSTANCE}-acm-events")

    result = doctor("-o", "json")

    ready = "It can run, on python3.13, which AWS supports until 2029-06-30."
    assert of(result, DoctorCheck.FUNCTIONS) == [
        f"{INSTANCE}-rotation: {ready}",
        f"{INSTANCE}-creation: {ready}",
    ]
    assert of(result, DoctorCheck.ALARMS, "failed") == [f"{INSTANCE}-runs-missing: It is in alarm."]
    assert of(result, DoctorCheck.ALARMS, "warning") == [
        f"{INSTANCE}-creation-errors: It has no data yet."
    ]
    assert of(result, DoctorCheck.ALARMS, "ok") == [f"{INSTANCE}: 1 of 3 alarms are OK."]
    assert of(result, DoctorCheck.RULES, "failed") == [
        f"{INSTANCE}-acm-events: It is disabled, so it starts nothing."
    ]
    assert of(result, DoctorCheck.RULES, "ok") == [
        f"{INSTANCE}-rotation: It is enabled: rate(1 day)."
    ]
    assert of(result, DoctorCheck.SUBSCRIPTIONS, "failed") == [
        f"{TOPIC}: The topic has no confirmed subscription."
    ]
    assert of(result, DoctorCheck.SUBSCRIPTIONS, "warning") == [
        f"{TOPIC}: Unconfirmed subscriptions, which receive nothing: 1."
    ]
    assert set(result.writes) <= READ_ONLY


def test_a_missing_rule_is_reported(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    install(cloud, environment)
    cloud.client("events").delete_rule(Name=f"{INSTANCE}-acm-events")
    assert of(doctor("-o", "json"), DoctorCheck.RULES, "failed") == [
        f"{INSTANCE}-acm-events: It does not exist."
    ]


def test_a_topic_of_another_account_is_not_checked(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    other = TOPIC.replace(ACCOUNT, "222222222222")
    install(cloud, environment, SNS_TOPIC_ARN=other)
    result = doctor("-o", "json")
    (message,) = of(result, DoctorCheck.SUBSCRIPTIONS)
    assert "belongs to another account" in message
    assert "GetTopicAttributes" not in {call.operation for call in result.calls}


def test_the_doctor_needs_every_action_that_is_listed_for_it(
    doctor: Doctor, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """`terminal.Certificates` checks that it makes no other calls."""
    install(cloud, environment)
    cloud.zones.add("example.com")
    calls = list(doctor("--regions", "all", "--accounts", OTHER, "--role-name", "reader").calls)
    as_role(cloud, environment, READ_ALL)
    calls += doctor().calls
    assert {action for call in calls for action in call.actions} == NEEDS["doctor"]
