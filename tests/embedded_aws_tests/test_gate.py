"""The gate records every call, fails on order, and says at once what it cannot do."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud


def test_every_call_is_recorded_with_what_it_meant(cloud: Cloud) -> None:
    arn = cloud.certificates.add(tags={"ManagedBy": "tool"})
    cloud.client("acm").describe_certificate(CertificateArn=arn)
    (call,) = cloud.calls
    assert (call.service, call.operation, call.action) == (
        "acm",
        "DescribeCertificate",
        "acm:DescribeCertificate",
    )
    assert call.resources == (arn,)
    assert call.parameters == {"CertificateArn": arn}
    assert (call.region, call.account) == ("eu-west-1", "123456789012")
    assert (call.principal, call.allowed, call.status, call.error) == (None, True, 200, None)
    assert call.context["aws:ResourceTag/ManagedBy"] == ("tool",)
    cloud.forget_calls()
    assert cloud.calls == []


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("sts", "get_caller_identity", {}, ("sts", "GetCallerIdentity")),
        ("logs", "describe_log_groups", {}, ("logs", "DescribeLogGroups")),
        ("route53", "list_hosted_zones", {}, ("route53", "ListHostedZones")),
        ("lambda", "list_functions", {}, ("lambda", "ListFunctions")),
        ("cloudwatch", "describe_alarms", {}, ("cloudwatch", "DescribeAlarms")),
        ("elbv2", "describe_load_balancers", {}, ("elbv2", "DescribeLoadBalancers")),
        ("elb", "describe_load_balancers", {}, ("elb", "DescribeLoadBalancers")),
        ("s3", "list_buckets", {}, ("s3", "ListBuckets")),
        ("ec2", "describe_vpcs", {}, ("ec2", "DescribeVpcs")),
        ("events", "list_rules", {}, ("events", "ListRules")),
    ],
)
def test_the_operation_is_recognised_in_every_protocol(
    cloud: Cloud,
    service: str,
    operation: str,
    parameters: dict[str, str],
    expected: tuple[str, str],
) -> None:
    """Models of botocore: json, query, rest-json, rest-xml and ec2."""
    getattr(cloud.client(service), operation)(**parameters)
    assert [(call.service, call.operation) for call in cloud.calls] == [expected]


def test_calls_of_many_threads_are_all_recorded(cloud: Cloud) -> None:
    acm = cloud.client("acm")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: acm.list_certificates(), range(40)))
    assert [call.operation for call in cloud.calls] == ["ListCertificates"] * 40


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        (
            "acm",
            "list_acme_accounts",
            {"AcmeEndpointArn": "arn:aws:acm:eu-west-1:123456789012:acme-endpoint/a"},
        ),
        (
            "cloudwatch",
            "put_composite_alarm",
            {"AlarmName": "a", "AlarmRule": "ALARM(b)"},
        ),
        ("lambda", "get_account_settings", {}),
        (
            "route53",
            "test_dns_answer",
            {"HostedZoneId": "Z1", "RecordName": "a", "RecordType": "A"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_moto_lacks_is_answered_at_once_and_never_retried(
    cloud: Cloud, service: str, operation: str, parameters: dict[str, str]
) -> None:
    """A plain 500 would be retried, by the Terraform provider for most of an hour."""
    with pytest.raises(ClientError) as error:
        getattr(cloud.client(service), operation)(**parameters)
    assert error.value.response["Error"]["Code"] == "NotImplemented"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert [call.status for call in cloud.calls] == [501]


@pytest.mark.parametrize("service", ["acm", "lambda", "route53", "sns", "ec2", "s3"])
def test_an_error_reaches_the_client_in_every_protocol(cloud: Cloud, service: str) -> None:
    operations = {
        "acm": "ListCertificates",
        "lambda": "ListFunctions",
        "route53": "ListHostedZones",
        "sns": "ListTopics",
        "ec2": "DescribeVpcs",
        "s3": "ListBuckets",
    }
    cloud.fail(service, operations[service], "Refused", "for <reasons> & more")
    client = cloud.client(service)
    with pytest.raises(ClientError) as error:
        client._make_api_call(operations[service], {})  # noqa: SLF001 - any operation by its name
    assert error.value.response["Error"]["Code"] == "Refused"
    assert error.value.response["Error"]["Message"] == "for <reasons> & more"
    assert [call.error for call in cloud.calls] == ["Refused"]


def test_a_service_that_no_model_knows_is_answered_at_once(cloud: Cloud) -> None:
    scope = "test/20260701/eu-west-1/nonsense/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0"}
    request = urllib.request.Request(cloud.url, headers=headers)
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    with error.value as answer:
        assert answer.status == 501


def test_an_unsigned_request_goes_straight_to_moto(cloud: Cloud) -> None:
    with urllib.request.urlopen(f"{cloud.url}/moto-api/data.json") as answer:
        assert answer.status == 200
    assert cloud.calls == []


def test_a_failure_can_be_ordered_and_counted(cloud: Cloud) -> None:
    fault = cloud.fail("acm", "ListCertificates")
    acm = cloud.client("acm", retries={"max_attempts": 4, "mode": "standard"})
    acm.list_certificates()
    assert fault.count == 1
    assert [call.error for call in cloud.calls] == ["ThrottlingException", None]


def test_a_failure_can_be_ordered_for_some_parameters_only(cloud: Cloud) -> None:
    bad, good = cloud.certificates.add(), cloud.certificates.add()
    cloud.fail(
        "acm",
        "DescribeCertificate",
        "AccessDeniedException",
        "not yours",
        times=None,
        when=lambda parameters: parameters["CertificateArn"] == bad,
    )
    acm = cloud.client("acm")
    acm.describe_certificate(CertificateArn=good)
    for _ in range(2):
        with pytest.raises(ClientError, match="not yours"):
            acm.describe_certificate(CertificateArn=bad)
    cloud.reset()
    cloud.client("acm").list_certificates()


def test_every_call_can_be_made_to_take_its_time(cloud: Cloud) -> None:
    acm = cloud.client("acm")
    cloud.latency = 0.1
    started = time.monotonic()
    acm.list_certificates()
    assert time.monotonic() - started >= 0.1


def test_the_clock_stands_where_the_test_put_it(cloud: Cloud) -> None:
    assert abs((cloud.now - datetime.now(UTC)).total_seconds()) < 1
    cloud.now = datetime(2026, 7, 1, tzinfo=UTC)
    cloud.advance(days=1, hours=2)
    assert cloud.now == datetime(2026, 7, 2, 2, tzinfo=UTC)
    with pytest.raises(ValueError, match="aware"):
        cloud.now = datetime(2026, 7, 1)  # noqa: DTZ001 - the fault under test


def test_a_reset_forgets_everything(cloud: Cloud) -> None:
    cloud.certificates.add()
    cloud.certificates.page_size = 1
    cloud.zones.add("example.com")
    topic = cloud.client("sns").create_topic(Name="alerts")["TopicArn"]
    cloud.client("sns").publish(TopicArn=topic, Message="hello")
    cloud.enforcing, cloud.latency = False, 1.0
    cloud.now = datetime(2026, 7, 1, tzinfo=UTC)
    cloud.reset()
    assert cloud.certificates.all() == []
    assert list(cloud.zones.all()) == []
    assert cloud.topics.messages(topic) == []
    assert cloud.calls == []
    assert (cloud.enforcing, cloud.latency, cloud.certificates.page_size) == (True, 0.0, 3)
    assert cloud.now.year != 2026 or cloud.now != datetime(2026, 7, 1, tzinfo=UTC)


def test_clouds_may_follow_one_another(cloud: Cloud) -> None:
    cloud.certificates.add()
    with Cloud.start() as second:
        assert second.url != cloud.url
        assert second.client("acm").list_certificates()["CertificateSummaryList"] == []


def test_the_environment_reaches_any_account_without_code(cloud: Cloud) -> None:
    environment = cloud.environment("us-east-1", account="222222222222")
    assert environment["AWS_ENDPOINT_URL"] == cloud.url
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-east-1"
    identity = cloud.client("sts", account="222222222222").get_caller_identity()
    assert identity["Account"] == "222222222222"


def send(client: Any, invocation_id: str, name: str) -> str:  # noqa: ANN401 - boto3 makes it
    """Create a role under an invocation id of one's own, as an SDK does that repeats itself."""

    def mark(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore has no public type
        request.headers["amz-sdk-invocation-id"] = invocation_id

    client.meta.events.register_last("before-send.iam.CreateRole", mark)
    try:
        answer = client.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    finally:
        client.meta.events.unregister("before-send.iam.CreateRole", mark)
    return str(answer["Role"]["RoleId"])


def test_a_request_that_is_repeated_because_its_answer_was_lost_is_done_once(cloud: Cloud) -> None:
    client = cloud.client("iam", retries={"max_attempts": 0})

    first = send(client, "lost-answer", "once")

    assert send(client, "lost-answer", "once") == first
    assert [call.operation for call in cloud.calls] == ["CreateRole"]


def test_a_request_of_its_own_is_never_taken_for_a_repeated_one(cloud: Cloud) -> None:
    client = cloud.client("iam", retries={"max_attempts": 0})
    send(client, "one", "once")

    with pytest.raises(ClientError, match="EntityAlreadyExists"):
        send(client, "another", "once")


def test_a_refused_request_is_heard_again_when_it_is_repeated(cloud: Cloud) -> None:
    client = cloud.client("iam", retries={"max_attempts": 0})
    cloud.fail("iam", "CreateRole", code="ServiceUnavailable")
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        send(client, "refused", "later")

    assert send(client, "refused", "later")
