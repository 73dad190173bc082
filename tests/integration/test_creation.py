"""Creation from the event to the certificate: requested once, validated, reported correctly."""

from __future__ import annotations

import copy
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from certificate_lifecycle.aws.clients import SDK_VERSION
from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    CertificateRequestError,
    ConfigurationError,
    ValidationRecordsNotReadyError,
    ZoneNotFoundError,
)
from tests.embedded_aws.calls import Call
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import OURS, ending_in, the_certificate, wanted_records
from tests.integration.invocation import NOW, Function, Wire, recorded, scheduled

pytestmark = pytest.mark.integration

AUTHORITY = (
    "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority"
    "/12345678-1234-1234-1234-123456789012"
)


@pytest.fixture
def zone(cloud: Cloud) -> str:
    """Host example.com in public."""
    return cloud.zones.add("example.com")


@pytest.fixture
def names(environment: pytest.MonkeyPatch) -> None:
    """Allow the function every name that these tests ask for."""
    environment.setenv("ALLOWED_DOMAINS", '["example.com", "example.net", "xn--bcher-kva.example"]')


def request_of(function: Function) -> Call:
    (request,) = [call for call in function.calls if call.operation == "RequestCertificate"]
    return request


# --- The usual way ----------------------------------------------------------------------------


@pytest.mark.parametrize("event", [{}, scheduled(NOW)], ids=["by hand", "scheduled"])
def test_the_default_event_leaves_every_validation_record_in_the_zone(
    creation: Function, cloud: Cloud, zone: str, event: dict[str, Any]
) -> None:
    """Bugs 1 and 25: no waiter blocks, and the result is a plain dict."""
    result = creation(event)

    certificate = the_certificate(cloud)
    assert certificate.names == ("example.com", "www.example.com")
    assert cloud.zones.records(zone) == wanted_records(cloud, certificate.arn)
    assert result == {
        "certificate_arn": certificate.arn,
        "domain_name": "example.com",
        "alternative_names": ["www.example.com"],
        "region": "eu-west-1",
        "account_id": "123456789012",
        "status": "PENDING_VALIDATION",
        "created": True,
        "validation_records": [
            {"name": record.name, "type": record.type, "value": record.value}
            | {"zone_id": zone, "zone_name": "example.com", "change": "created"}
            for record in certificate.records
        ],
        "public_dns": None,
        "parameter": None,
        "dry_run": False,
        "sdk": SDK_VERSION,
    }


def test_waiting_ends_with_an_issued_certificate(
    creation: Function, cloud: Cloud, zone: str
) -> None:
    cloud.certificates.issuance_delay = timedelta(seconds=90)

    result = creation({"wait_seconds": 300})

    assert result["status"] == the_certificate(cloud).status == "ISSUED"
    assert cloud.zones.records(zone) != {}


def test_a_second_invocation_finds_the_certificate_and_changes_nothing(
    creation: Function, cloud: Cloud, zone: str
) -> None:
    first = creation({})
    records = cloud.zones.records(zone)

    cloud.certificates.issuance_delay = timedelta(days=1)
    second = creation({})

    assert (second["certificate_arn"], second["created"]) == (first["certificate_arn"], False)
    assert (creation.writes, cloud.zones.records(zone)) == ([], records)


@pytest.mark.usefixtures("zone")
def test_the_same_request_a_day_later_is_the_same_request(creation: Function, cloud: Cloud) -> None:
    """Bug 23: nothing in a request depends on the day, so nothing makes it a new one."""
    first = creation({"wait_seconds": 60})
    tags = the_certificate(cloud).tags

    cloud.advance(days=1)

    assert creation({})["certificate_arn"] == first["certificate_arn"]
    assert tags == {"ManagedBy": "certificate-lifecycle"}


@pytest.mark.usefixtures("zone", "names")
def test_every_key_of_the_event_is_obeyed(creation: Function, cloud: Cloud) -> None:
    """Bug 19: a certificate for CloudFront is made in us-east-1, wherever the function runs."""
    event = recorded("creation")

    result = creation(event)

    certificate = the_certificate(cloud)
    assert certificate.names == ("app.example.com", "*.app.example.com", "shop.example.com")
    assert certificate.tags == {"ManagedBy": "certificate-lifecycle", "Team": "web"}
    assert certificate.key_algorithm == event["key_algorithm"]
    assert (certificate.region, certificate.arn.split(":")[3]) == ("us-east-1", "us-east-1")
    assert (result["region"], result["status"]) == ("us-east-1", "ISSUED")


@pytest.mark.parametrize(
    ("partition", "region"), [("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1")]
)
def test_another_partition_works_alike(
    creation: Function,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    partition: str,
    region: str,
) -> None:
    """Bug 59."""
    zone = cloud.zones.add("example.com", partition=partition)
    creation.arn = f"arn:{partition}:lambda:{region}:123456789012:function:creation"
    environment.setenv("AWS_REGION", region)

    result = creation({"wait_seconds": 60})

    assert (result["region"], result["status"]) == (region, "ISSUED")
    assert result["certificate_arn"].startswith(f"arn:{partition}:acm:{region}:123456789012:")
    assert len(cloud.zones.records(zone)) == 2


@pytest.mark.usefixtures("zone", "names")
def test_the_event_of_the_caller_is_left_as_it_was(creation: Function) -> None:
    """Bug 13."""
    event = {"domain_name": "example.com", "alt_names": ["Shop.Example.com."], "include_www": True}
    before = copy.deepcopy(event)

    creation(event)

    assert event == before


# --- Parameters that ACM accepts --------------------------------------------------------------


@pytest.mark.usefixtures("zone", "names")
def test_names_are_asked_for_in_lower_case_ascii_without_dots_or_repetition(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 13."""
    cloud.zones.add("xn--bcher-kva.example")

    result = creation(
        {
            "domain_name": "Example.COM.",
            "alt_names": ["www.EXAMPLE.com", "example.com", "bücher.example", "*.Bücher.example"],
        }
    )

    assert result["alternative_names"] == [
        "www.example.com",
        "xn--bcher-kva.example",
        "*.xn--bcher-kva.example",
    ]
    assert the_certificate(cloud).names == ("example.com", *result["alternative_names"])


@pytest.mark.parametrize("nothing", [None, []], ids=["null", "empty"])
@pytest.mark.usefixtures("zone")
def test_no_alternative_names_are_no_list_at_all(creation: Function, nothing: object) -> None:
    """Bug 13: null has no length, and ACM refuses an empty list."""
    creation({"alt_names": nothing, "include_www": False})

    assert "SubjectAlternativeNames" not in request_of(creation).parameters


@pytest.mark.usefixtures("zone", "names")
def test_a_domain_name_too_long_to_be_a_common_name_gives_way_to_a_shorter_one(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 13: a common name has 64 octets at the most."""
    long = f"{'a' * 60}.example.com"

    creation({"domain_name": long, "alt_names": ["b.example.com"], "include_www": False})

    assert the_certificate(cloud).names == ("b.example.com", long)


@pytest.mark.parametrize(
    ("domain_name", "expected"),
    [
        ("example.com", ("example.com", "www.example.com")),
        ("*.example.com", ("*.example.com",)),
        ("www.example.com", ("www.example.com",)),
    ],
)
@pytest.mark.usefixtures("zone")
def test_www_is_never_put_before_a_wildcard_or_another_www(
    creation: Function, cloud: Cloud, domain_name: str, expected: tuple[str, ...]
) -> None:
    """Bugs 8 and 9."""
    creation({"domain_name": domain_name, "include_www": True})

    assert the_certificate(cloud).names == expected


@pytest.mark.parametrize("domain_name", ["example.com", "*.example.com", f"{'a' * 50}.example.com"])
@pytest.mark.usefixtures("zone")
def test_every_request_carries_a_token_that_acm_accepts(
    creation: Function, domain_name: str
) -> None:
    r"""Bugs 10 and 41: the token is `\w{1,32}`, whatever the name is."""
    creation({"domain_name": domain_name})

    token = request_of(creation).parameters["IdempotencyToken"]
    assert re.fullmatch(r"\w{1,32}", token, re.ASCII)


@pytest.mark.usefixtures("zone")
def test_a_wildcard_certificate_has_only_tags_that_acm_takes(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 12: `*` may not stand in a tag."""
    creation({"domain_name": "*.example.com", "tags": {"Purpose": "all subdomains"}})

    tags = the_certificate(cloud).tags
    assert tags == {"ManagedBy": "certificate-lifecycle", "Purpose": "all subdomains"}


@pytest.mark.usefixtures("zone")
def test_an_exportable_certificate_is_requested_with_the_option(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 40."""
    creation({"exportable": True})

    assert the_certificate(cloud).export_option == "ENABLED"


@pytest.mark.usefixtures("names")
def test_a_private_request_names_its_ca_and_needs_no_validation(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 39: without its CA, a private name would be asked for in public."""
    result = creation({"domain_name": "db.example.com", "certificate_authority_arn": AUTHORITY})

    certificate = the_certificate(cloud)
    assert (certificate.type, certificate.certificate_authority_arn) == ("PRIVATE", AUTHORITY)
    assert "ValidationMethod" not in request_of(creation).parameters
    assert (result["status"], result["validation_records"]) == ("ISSUED", [])
    assert {call.service for call in creation.calls} == {"acm"}


@pytest.mark.usefixtures("names")
def test_a_private_request_never_has_the_export_option(creation: Function, cloud: Cloud) -> None:
    """ACM refuses the option for a private certificate, which always can be exported."""
    event = {"domain_name": "db.example.com", "certificate_authority_arn": AUTHORITY}

    result = creation({**event, "exportable": True})

    assert "Options" not in request_of(creation).parameters
    assert (result["created"], the_certificate(cloud).export_option) == (True, "ENABLED")


def test_a_ca_of_another_region_is_refused_before_any_call(creation: Function) -> None:
    elsewhere = AUTHORITY.replace("eu-west-1", "us-west-2")
    with pytest.raises(ConfigurationError) as refused:
        creation({"certificate_authority_arn": elsewhere})
    assert len(refused.value.errors) == 1
    assert creation.calls == []


# --- An equal certificate ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "again",
    [
        {"alt_names": ["b.example.com", "a.example.com"]},
        {"alt_names": ["A.example.com", "b.example.com.", "b.EXAMPLE.com"]},
        {"domain_name": "a.example.com", "alt_names": ["b.example.com", "example.com"]},
    ],
    ids=["another order", "another spelling", "another first name"],
)
@pytest.mark.parametrize("hours", [0.5, 30], ids=["within the hour", "the next day"])
@pytest.mark.usefixtures("zone", "names")
def test_the_same_names_are_the_same_certificate(
    creation: Function,
    cloud: Cloud,
    again: dict[str, Any],
    hours: float,
) -> None:
    """Bug 11."""
    event = {"domain_name": "example.com", "include_www": False}
    creation({**event, "alt_names": ["a.example.com", "b.example.com"]})

    cloud.advance(hours=hours)
    result = creation({**event, **again})

    assert (result["created"], result["certificate_arn"]) == (False, the_certificate(cloud).arn)


@pytest.mark.parametrize(
    "other",
    [
        {"alt_names": ["a.example.com"]},
        {"alt_names": ["a.example.com", "b.example.com", "c.example.com"]},
        {"key_algorithm": "EC_prime256v1"},
        {"exportable": True},
        {"region": "us-east-1"},
        {"certificate_authority_arn": AUTHORITY},
    ],
    ids=["fewer names", "more names", "key algorithm", "exportable", "region", "private CA"],
)
@pytest.mark.usefixtures("zone", "names")
def test_two_different_requests_within_an_hour_make_two_certificates(
    creation: Function, cloud: Cloud, other: dict[str, Any]
) -> None:
    """Bugs 11 and 42: ACM answers a repeated token with its first certificate, whatever is asked.

    The common name is the same in each of them.
    """
    event = {"alt_names": ["a.example.com", "b.example.com"], "include_www": False}
    first = creation(event)

    second = creation({**event, **other})

    assert second["created"]
    assert first["certificate_arn"] != second["certificate_arn"]
    assert len(cloud.certificates.all()) == 2


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("other", "certificates"),
    [(AUTHORITY, 1), (AUTHORITY.replace("/1234", "/9999"), 2)],
    ids=["the same CA", "another CA"],
)
def test_only_a_certificate_of_the_same_ca_is_equal(
    creation: Function, cloud: Cloud, other: str, certificates: int
) -> None:
    """Bug 39: the listing does not say which CA it was."""
    event = {"domain_name": "db.example.com", "include_www": False}
    creation({**event, "certificate_authority_arn": AUTHORITY})
    creation({**event, "certificate_authority_arn": other})
    assert len(cloud.certificates.all()) == certificates


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("again", [{}, {"exportable": True}], ids=["as before", "exportable"])
def test_a_private_certificate_is_found_again_when_acm_has_forgotten_the_request(
    creation: Function, cloud: Cloud, again: dict[str, Any]
) -> None:
    """ACM reports it as exportable, whatever was asked."""
    event = {"domain_name": "db.example.com", "certificate_authority_arn": AUTHORITY}
    creation(event)

    cloud.advance(hours=2)
    result = creation({**event, **again})

    assert (result["created"], result["certificate_arn"]) == (False, the_certificate(cloud).arn)


def test_a_certificate_at_its_end_is_replaced_though_acm_still_calls_it_issued(
    creation: Function, cloud: Cloud, zone: str, environment: pytest.MonkeyPatch
) -> None:
    """ACM's status lags behind the clock, here by an hour."""
    same: dict[str, Any] = {"alternative_names": ["www.example.com"], **OURS}
    old = cloud.certificates.add(**same, **ending_in(cloud, 0.01))
    clock = "certificate_lifecycle.handlers.creation.current_time"
    environment.setattr(clock, lambda: cloud.now + timedelta(hours=1))

    result = creation({})

    assert result["created"]
    assert cloud.certificates.get(old).status == "ISSUED"
    assert cloud.zones.records(zone) == wanted_records(cloud, result["certificate_arn"])


@pytest.mark.parametrize("key_algorithm", ["RSA_2048", "EC_prime256v1", "EC_secp384r1"])
@pytest.mark.usefixtures("zone")
def test_an_equal_certificate_on_the_last_page_of_any_key_type_is_found(
    creation: Function, cloud: Cloud, key_algorithm: str
) -> None:
    """Bug 29: without a filter ACM hides all but two key types, and it may list in pages."""
    for number in range(7):
        cloud.certificates.add(domain_name=f"{number}.example.net", key_algorithm=key_algorithm)
    equal = cloud.certificates.add(
        alternative_names=["www.example.com"], key_algorithm=key_algorithm, **OURS
    )

    result = creation({"key_algorithm": key_algorithm})

    assert (result["certificate_arn"], result["created"]) == (equal, False)
    assert creation.operations == [
        *["ListCertificates"] * 4,
        *["DescribeCertificate", "ListTagsForCertificate"],
    ]


@pytest.mark.parametrize(
    "difference",
    [
        {"status": "EXPIRED"},
        {"status": "VALIDATION_TIMED_OUT"},
        {"status": "REVOKED"},
        {"status": "FAILED"},
        {"type": "IMPORTED"},
        {"managed_by": "CLOUDFRONT"},
        {"status": "PENDING_VALIDATION", "validation_method": "EMAIL"},
        {"alternative_names": ["www.example.com", "shop.example.com"]},
        {"alternative_names": [f"{number}.example.com" for number in range(120)]},
        {"tags": {}},
        {"tags": {"ManagedBy": "another-team"}},
    ],
    ids=lambda difference: " ".join(map(str, difference.values()))[:40],
)
@pytest.mark.usefixtures("zone")
def test_an_unusable_certificate_is_not_an_equal_one(
    creation: Function, cloud: Cloud, difference: dict[str, Any]
) -> None:
    """Bug 18: a request that timed out or failed is made again."""
    cloud.certificates.add(**{"alternative_names": ["www.example.com"], **OURS, **difference})

    assert creation({})["created"]


def test_of_equal_certificates_the_issued_and_used_one_is_taken(
    creation: Function, cloud: Cloud
) -> None:
    same: dict[str, Any] = {"alternative_names": ["www.example.com"], **OURS}
    cloud.certificates.add(status="PENDING_VALIDATION", **same)
    used = cloud.certificates.add(in_use_by=["arn:aws:cloudfront::123456789012:x/E1"], **same)
    cloud.certificates.add(**same)

    assert creation({})["certificate_arn"] == used
    assert creation.writes == []


@pytest.mark.usefixtures("zone")
def test_an_equal_certificate_that_is_deleted_during_the_scan_is_requested_again(
    creation: Function, cloud: Cloud, wire: Wire
) -> None:
    equal = cloud.certificates.add(alternative_names=["www.example.com"], **OURS)
    deleted = cloud.certificates.get(equal)

    def delete(operation: str) -> None:
        if operation == "DescribeCertificate" and deleted in cloud.certificates.all():
            cloud.certificates.remove(deleted)

    wire.before = delete

    result = creation({})

    assert result["created"]
    assert the_certificate(cloud).arn == result["certificate_arn"] != equal


# --- Time and eventual consistency ------------------------------------------------------------


@pytest.mark.parametrize("answers", [0, 1, 2, 5])
@pytest.mark.usefixtures("names")
def test_records_that_acm_names_late_or_in_parts_are_awaited(
    creation: Function, cloud: Cloud, zone: str, answers: int
) -> None:
    """Bug 3: no record may be skipped because ACM had not named it yet."""
    cloud.certificates.settle_after = answers

    creation({"alt_names": ["a.example.com", "b.example.com", "c.example.com"]})

    certificate = the_certificate(cloud)
    assert len(certificate.records) == 5
    assert cloud.zones.records(zone) == wanted_records(cloud, certificate.arn)


def test_records_that_never_come_are_an_error_and_the_next_invocation_goes_on(
    creation: Function, cloud: Cloud, zone: str
) -> None:
    """Bugs 3 and 14: a step that was not done is never reported as done."""
    cloud.certificates.settle_after = 1000
    with pytest.raises(ValidationRecordsNotReadyError):
        creation({})
    assert cloud.zones.records(zone) == {}

    cloud.certificates.edit(the_certificate(cloud).arn, describes_left=0)
    creation({})

    assert cloud.zones.records(zone) == wanted_records(cloud, the_certificate(cloud).arn)


def test_a_new_certificate_that_describe_does_not_know_yet_is_awaited(
    creation: Function, cloud: Cloud, zone: str
) -> None:
    gone = cloud.fail("acm", "DescribeCertificate", "ResourceNotFoundException", times=3)
    creation({})
    assert gone.count == 3
    assert cloud.zones.records(zone) == wanted_records(cloud, the_certificate(cloud).arn)


@pytest.mark.usefixtures("zone")
def test_a_new_certificate_that_describe_never_knows_is_found_by_the_next_invocation(
    creation: Function, cloud: Cloud
) -> None:
    """Bug 2."""
    fault = cloud.fail("acm", "DescribeCertificate", "ResourceNotFoundException", times=None)
    with pytest.raises(CertificateNotFoundError):
        creation({})
    assert creation.left > timedelta(minutes=14)

    fault.times = fault.count
    assert not creation({})["created"]
    assert the_certificate(cloud).status == "ISSUED"


def test_throttled_calls_are_made_again(creation: Function, cloud: Cloud, zone: str) -> None:
    faults = [
        cloud.fail("acm", "ListCertificates", times=2),
        cloud.fail("acm", "RequestCertificate", times=2),
        cloud.fail("acm", "DescribeCertificate", times=2),
        cloud.fail("route53", "ListHostedZones", "Throttling", times=2),
        cloud.fail("route53", "ChangeResourceRecordSets", "PriorRequestNotComplete", times=2),
    ]
    creation({})
    assert [fault.count for fault in faults] == [2] * 5
    assert cloud.zones.records(zone) == wanted_records(cloud, the_certificate(cloud).arn)


@pytest.mark.parametrize(("timeout", "least_left"), [(60, 10), (120, 10), (900, 275)])
@pytest.mark.usefixtures("zone")
def test_waiting_ends_before_the_function_would_be_stopped(
    creation: Function, cloud: Cloud, timeout: int, least_left: int
) -> None:
    """Bug 54: asked to wait for ten minutes, and the certificate is never issued."""
    cloud.certificates.issuance_delay = timedelta(days=1)
    creation.timeout = timedelta(seconds=timeout)

    result = creation({"wait_seconds": 600})

    assert result["status"] == "PENDING_VALIDATION"
    assert creation.left >= timedelta(seconds=least_left)


def test_a_zone_without_a_delegation_leaves_the_request_pending_and_the_result_says_so(
    creation: Function, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Bug 22: the public zone with the delegation counts, not the registrar of the name."""
    parent = cloud.zones.add("example.com")
    child = cloud.zones.add("api.example.com", delegated=False)

    result = creation({"domain_name": "api.example.com", "wait_seconds": 60})

    assert result["status"] == "PENDING_VALIDATION"
    assert cloud.zones.records(child) == wanted_records(cloud, the_certificate(cloud).arn)
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [vars(warning)["zone_id"] for warning in warnings] == [child]
    assert cloud.zones.records(parent) == {}


def test_a_delegated_zone_with_many_records_beside_its_delegation_is_no_reason_to_warn(
    creation: Function, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    """The NS record is among the last in the listing."""
    parent = cloud.zones.add("example.com")
    cloud.zones.add("api.example.com")
    cloud.zones.put(parent, "api.example.com", "A", "192.0.2.1")
    cloud.zones.put(parent, "api.example.com", "CAA", '0 issue "amazon.com"')
    cloud.zones.put(parent, "api.example.com", "MX", "10 mail.example.com.")

    creation({"domain_name": "api.example.com"})

    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


# --- Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason"), [("FAILED", "CAA_ERROR"), ("VALIDATION_TIMED_OUT", None)]
)
@pytest.mark.usefixtures("zone")
def test_a_request_that_acm_ends_without_a_certificate_is_raised(
    creation: Function, cloud: Cloud, wire: Wire, status: str, reason: str | None
) -> None:
    """Bugs 14 and 18."""

    def end(operation: str) -> None:
        if operation == "ChangeResourceRecordSets":
            arn = the_certificate(cloud).arn
            cloud.certificates.edit(arn, status=status, failure_reason=reason)

    wire.before = end
    with pytest.raises(CertificateRequestError, match=reason or status):
        creation({"wait_seconds": 60})


def test_a_failed_request_is_reported_until_acm_forgets_it_and_then_made_again(
    creation: Function, cloud: Cloud, zone: str
) -> None:
    """Bug 18: for an hour ACM answers the same request with its first certificate."""
    creation({})
    cloud.zones.put(zone, "example.com", "CAA", '0 issue "ca.example.org"')
    assert the_certificate(cloud).status == "FAILED"
    cloud.zones.remove(zone, "example.com", "CAA")
    for _ in range(2):
        with pytest.raises(CertificateRequestError, match="CAA_ERROR"):
            creation({"wait_seconds": 60})

    cloud.advance(hours=1)

    result = creation({"wait_seconds": 60})
    assert (result["created"], result["status"]) == (True, "ISSUED")


@pytest.mark.usefixtures("zone", "names")
def test_the_quota_of_names_is_named_in_the_error(creation: Function, cloud: Cloud) -> None:
    """Bug 13: an account starts with ten names, and only ACM knows its quota."""
    alt_names = [f"{number}.example.com" for number in range(11)]

    with pytest.raises(CertificateRequestError, match="quota"):
        creation({"alt_names": alt_names})
    assert cloud.certificates.all() == []

    cloud.certificates.name_quota = 100
    assert creation({"alt_names": alt_names})["created"]


@pytest.mark.usefixtures("zone")
def test_an_unexpected_refusal_reaches_lambda_with_its_cause(
    creation: Function, cloud: Cloud
) -> None:
    """Bugs 14 and 15: an error is raised as it came, so that Lambda logs where it came from."""
    cloud.fail("acm", "RequestCertificate", "AccessDeniedException", "not allowed")

    with pytest.raises(ClientError, match="not allowed") as refused:
        creation({})

    files = [Path(entry.path).name for entry in refused.traceback]
    assert ("creation.py" in files, files[-1]) == (True, "client.py")


def test_bad_input_is_one_error_that_names_every_mistake_before_any_call(
    creation: Function, environment: pytest.MonkeyPatch
) -> None:
    """Bugs 13, 14 and 24."""
    environment.setenv("KEY_ALGORITHM", "RSA_1024")
    environment.setenv("HOSTED_ZONES", "[]")

    with pytest.raises(ConfigurationError) as refused:
        creation(
            {
                "domain_name": "www.*.example.com",
                "alt_names": "example.com",
                "tags": {"Name": "cert-*.example.com"},
                "wait_seconds": 10_000,
                "validation_method": "EMAIL",
                "account_id": "222222222222",
                "dryrun": True,
            }
        )

    faulty = ["KEY_ALGORITHM", "HOSTED_ZONES", "domain_name", "alt_names", "tags"]
    faulty += ["wait_seconds", "validation_method", "account_id", "dryrun"]
    assert len(refused.value.errors) == len(faulty)
    assert all(any(name in fault for fault in refused.value.errors) for name in faulty)
    assert creation.calls == []


@pytest.mark.parametrize(
    ("allowed", "domain_name"),
    [
        (None, "example.net"),
        (None, "notexample.com"),
        ('["*.example.com"]', "example.com"),
        ('["example.net"]', "example.com"),
    ],
)
def test_a_name_outside_the_allowed_domains_is_refused_before_any_call(
    creation: Function,
    environment: pytest.MonkeyPatch,
    allowed: str | None,
    domain_name: str,
) -> None:
    """Bug 24."""
    if allowed:
        environment.setenv("ALLOWED_DOMAINS", allowed)
    with pytest.raises(ConfigurationError):
        creation({"domain_name": domain_name, "include_www": False})
    assert creation.calls == []


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "example.com",
        {"source": "aws.acm", "detail-type": "ACM Certificate Expired", "detail": {}},
        {**scheduled(NOW), "domain_name": "example.com"},
    ],
    ids=["null", "list", "string", "somebody else's event", "envelope with a wish"],
)
def test_an_event_that_is_not_understood_is_refused_before_any_call(
    creation: Function, event: object
) -> None:
    with pytest.raises(ConfigurationError):
        creation(event)
    assert creation.calls == []


# --- Dry runs ---------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing_and_says_what_it_found(
    creation: Function, cloud: Cloud, zone: str
) -> None:
    nothing = creation({"dry_run": True})
    assert (nothing["certificate_arn"], nothing["status"]) == (None, None)
    assert creation.writes == []

    made = creation({})
    for name, kind in list(cloud.zones.records(zone))[:1]:
        cloud.zones.remove(zone, name, kind)
    left = cloud.zones.records(zone)
    found = creation({"dry_run": True})

    assert found["certificate_arn"] == made["certificate_arn"]
    changes = sorted(record["change"] for record in found["validation_records"])
    assert changes == ["created", "unchanged"]
    assert (creation.writes, cloud.zones.records(zone)) == ([], left)


def test_a_dry_run_refuses_what_the_real_one_would_refuse(creation: Function, cloud: Cloud) -> None:
    cloud.zones.add("example.net")
    with pytest.raises(ZoneNotFoundError):
        creation({"dry_run": True})
    assert creation.writes == []


@pytest.mark.parametrize("event", [{}, {"dry_run": True}], ids=["anew", "looking only"])
def test_without_auto_validation_the_records_are_reported_and_no_zone_is_read(
    creation: Function, cloud: Cloud, zone: str, event: dict[str, Any]
) -> None:
    """A user with DNS elsewhere needs the records."""
    if event:
        creation({"auto_validate": False})

    result = creation({"auto_validate": False, **event})

    certificate = the_certificate(cloud)
    assert (result["certificate_arn"], result["created"]) == (certificate.arn, not event)
    assert result["validation_records"] == [
        {"name": record.name, "type": record.type, "value": record.value}
        | {"zone_id": None, "zone_name": None, "change": None}
        for record in certificate.records
    ]
    assert {call.service for call in creation.calls} == {"acm"}
    assert cloud.zones.records(zone) == {}


@pytest.mark.parametrize("key", ["auto_validate", "dry_run"])
def test_null_for_a_limiting_key_is_refused_before_any_call(creation: Function, key: str) -> None:
    """An unset template variable must not turn a dry run into a real one."""
    with pytest.raises(ConfigurationError, match=f"{key}: must not be null"):
        creation({key: None})
    assert creation.calls == []
