"""Certificates that Terraform declares: the pointer, the required issuance, and the deletion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from certificate_lifecycle.model.errors import (
    CertificateInUseError,
    CertificateNotIssuedError,
    CertificateRequestError,
    DeletionRefusedError,
    IssuanceForbiddenError,
    PointerNotFoundError,
)
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws_tests.test_least_privilege import allow, document, role
from tests.integration.declarations import declare, pointed, pointer_name
from tests.integration.effects import LOAD_BALANCER, OURS, exists, the_certificate, wanted_records
from tests.integration.invocation import NOW, Function, KilledError, Wire, calls, kill

pytestmark = pytest.mark.integration

POINTER = pointer_name()
#: What the module sends.
EVENT: Mapping[str, Any] = {
    "domain_name": "example.com",
    "alt_names": ["*.example.com"],
    "include_www": False,
    "key_algorithm": "RSA_2048",
    "region": "eu-west-1",
    "certificate_authority_arn": None,
    "exportable": False,
    "tags": {"Team": "web"},
    "parameter": POINTER,
    "require_issued": True,
    "wait_seconds": 600,
}
DELETION: Mapping[str, Any] = {"delete": True, "parameter": POINTER}
DESTROY = {**DELETION, "tf": {"action": "delete", "prev_input": DELETION}}


@pytest.fixture
def zone(cloud: Cloud) -> str:
    return cloud.zones.add("example.com")


@pytest.fixture(autouse=True)
def pointer(cloud: Cloud) -> None:
    """Create the parameter as Terraform does."""
    declare(cloud)


# --- Issue ------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
@pytest.mark.usefixtures("zone")
def test_an_issued_certificate_is_in_the_parameter_and_a_repeated_call_changes_nothing(
    creation: Function, cloud: Cloud, region: str
) -> None:
    """The parameter is in the function's region, also for a certificate of another one."""
    cloud.certificates.issuance_delay = timedelta(minutes=5)
    result = creation({**EVENT, "region": region})

    certificate = the_certificate(cloud)
    assert pointed(cloud) == certificate.arn == result["certificate_arn"]
    assert (certificate.region, certificate.status) == (region, "ISSUED")
    assert result["parameter"] == POINTER
    assert certificate.tags == {
        "ManagedBy": "certificate-lifecycle",
        "certificate-lifecycle:parameter": POINTER,
        "Team": "web",
    }
    cloud.advance(hours=2)
    assert creation({**EVENT, "region": region})["certificate_arn"] == certificate.arn
    assert creation.writes == []


@pytest.mark.usefixtures("zone")
def test_another_set_of_names_moves_the_parameter_to_another_certificate(
    creation: Function, cloud: Cloud
) -> None:
    first = creation(EVENT)["certificate_arn"]
    second = creation({**EVENT, "alt_names": ["*.example.com", "api.example.com"]})
    assert pointed(cloud) == second["certificate_arn"] != first
    assert exists(cloud, first)


@pytest.mark.usefixtures("zone")
def test_without_the_parameter_nothing_is_requested(creation: Function, cloud: Cloud) -> None:
    cloud.client("ssm").delete_parameter(Name=POINTER)
    with pytest.raises(PointerNotFoundError, match=POINTER):
        creation(EVENT)
    assert cloud.certificates.all() == []


def test_a_certificate_that_is_not_issued_in_time_is_an_error_and_the_next_call_waits_on(
    creation: Function, cloud: Cloud, zone: str
) -> None:
    cloud.certificates.issuance_delay = timedelta(hours=1)
    with pytest.raises(CertificateNotIssuedError, match="Route 53 has every record"):
        creation(EVENT)
    assert pointed(cloud) == "pending"
    assert timedelta(minutes=9) < cloud.now - NOW <= timedelta(minutes=10)
    assert cloud.zones.records(zone) == wanted_records(cloud, the_certificate(cloud).arn)

    cloud.advance(hours=2)
    creation(EVENT)

    assert pointed(cloud) == the_certificate(cloud).arn
    assert creation.writes == ["PutParameter"]


def test_the_error_names_the_record_that_another_program_has_removed(
    creation: Function, cloud: Cloud, zone: str, wire: Wire
) -> None:
    def remove(operation: str) -> None:
        if operation == "ChangeResourceRecordSets":
            for name, kind in cloud.zones.records(zone):
                cloud.zones.remove(zone, name, kind)

    wire.after = remove
    with pytest.raises(CertificateNotIssuedError) as raised:
        creation(EVENT)
    (record,) = the_certificate(cloud).records
    assert f"{record.name.rstrip('.')} does not exist in zone example.com ({zone})" in str(
        raised.value
    )


def test_the_error_names_the_caa_record_that_forbids_amazon_and_nothing_is_requested(
    creation: Function, cloud: Cloud, zone: str
) -> None:
    cloud.zones.put(zone, "example.com", "CAA", '0 issue "ca.example.org"')
    with pytest.raises(IssuanceForbiddenError, match=r"at example\.com allow only ca\.example"):
        creation(EVENT)
    assert (pointed(cloud), cloud.certificates.all()) == ("pending", [])


# --- A certificate that exists ----------------------------------------------------------------


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize("tags", [{}, {"ManagedBy": "another-team"}], ids=["nobody", "another"])
def test_another_teams_equal_certificate_is_neither_adopted_nor_changed(
    creation: Function, cloud: Cloud, tags: dict[str, str]
) -> None:
    theirs = cloud.certificates.add(alternative_names=["*.example.com"], tags=tags)
    result = creation(EVENT)
    assert result["created"]
    assert pointed(cloud) == result["certificate_arn"] != theirs
    assert cloud.certificates.get(theirs).tags == tags


@pytest.mark.usefixtures("zone")
def test_two_instances_that_request_the_same_names_at_once_get_a_certificate_each(
    creation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """For an hour ACM answers the same token with its first certificate."""
    first = creation({"wait_seconds": 60})
    environment.setenv("NAME_PREFIX", "another-team")
    second = creation({"wait_seconds": 60})
    assert second["created"]
    assert first["certificate_arn"] != second["certificate_arn"]
    assert cloud.certificates.get(second["certificate_arn"]).tags["ManagedBy"] == "another-team"


def test_an_adopted_certificate_gets_the_tags_of_the_event_whatever_its_others_are(
    creation: Function, cloud: Cloud
) -> None:
    hostile = {"Name": "\u202e{{ssm:x}} $(id) '; --", "Team": "old"}
    ours = cloud.certificates.add(
        alternative_names=["*.example.com"], tags={**OURS["tags"], **hostile}
    )
    assert not creation(EVENT)["created"]
    assert pointed(cloud) == ours
    assert cloud.certificates.get(ours).tags == {
        **OURS["tags"],
        **hostile,
        "Team": "web",
        "certificate-lifecycle:parameter": POINTER,
    }


def test_an_adopted_certificate_without_room_for_tags_is_an_error(
    creation: Function, cloud: Cloud
) -> None:
    tags = {**OURS["tags"], **{f"t{number}": "" for number in range(49)}}
    cloud.certificates.add(alternative_names=["*.example.com"], tags=tags)
    with pytest.raises(CertificateRequestError, match="too many tags"):
        creation(EVENT)
    assert pointed(cloud) == "pending"


# --- Permissions that arrive late ---------------------------------------------------------------


@pytest.fixture
def granted_after(
    cloud: Cloud, environment: pytest.MonkeyPatch, wire: Wire
) -> Callable[[float], None]:
    """Let the function run with a role whose policy is effective some seconds later."""
    arn = role(cloud, name="creation")
    for name, value in cloud.assume(arn).items():
        environment.setenv(name.upper(), value)

    def grant(seconds: float) -> None:
        def before(_: str) -> None:
            if cloud.now - NOW >= timedelta(seconds=seconds):
                policy = document(allow(["acm:*", "route53:*", "ssm:*"]))
                iam_backends["123456789012"]["aws"].put_role_policy("creation", "policy", policy)

        wire.before = before

    return grant


@pytest.mark.usefixtures("zone")
def test_a_policy_that_takes_effect_within_a_minute_is_waited_for(
    creation: Function, cloud: Cloud, granted_after: Callable[[float], None]
) -> None:
    granted_after(40)
    assert creation(EVENT)["certificate_arn"] == pointed(cloud)


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(("required", "seconds"), [(True, 60), (False, 0)])
def test_a_denial_for_good_names_its_action_after_a_minute_or_at_once(
    creation: Function,
    cloud: Cloud,
    granted_after: Callable[[float], None],
    *,
    required: bool,
    seconds: float,
) -> None:
    granted_after(3600)
    with pytest.raises(ClientError, match="is not authorized to perform: ssm:GetParameter"):
        creation({**EVENT, "require_issued": required})
    assert cloud.now - NOW == timedelta(seconds=seconds)


# --- Delete -----------------------------------------------------------------------------------


def declared(cloud: Cloud, **details: Any) -> str:  # noqa: ANN401 - any attribute of a certificate
    """Add a certificate of the instance, and let the parameter name it."""
    arn = cloud.certificates.add(**{**OURS, **details})
    declare(cloud, value=arn)
    return arn


@pytest.mark.parametrize("event", [DELETION, DESTROY], ids=["by hand", "by Terraform"])
@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_a_deletion_ends_the_certificate_and_says_so(
    creation: Function, cloud: Cloud, event: Mapping[str, Any], region: str
) -> None:
    arn = declared(cloud, region=region)
    result = creation(event)
    assert not exists(cloud, arn)
    assert (result["deleted"], result["outcome"]) == (True, "Deleted")
    assert (result["certificate_arn"], result["parameter"]) == (arn, POINTER)
    again = creation(event)
    assert (again["deleted"], again["outcome"], creation.writes) == (False, "AlreadyDeleted", [])


@pytest.mark.parametrize("action", ["create", "update"])
def test_terraform_creates_and_updates_the_deletion_without_any_call(
    creation: Function, cloud: Cloud, action: str
) -> None:
    arn = declared(cloud)
    result = creation({**DELETION, "tf": {"action": action, "prev_input": None}})
    assert (result["deleted"], result["outcome"]) == (False, "NotDestroyed")
    assert (creation.calls, exists(cloud, arn)) == ([], True)


def test_a_parameter_without_a_certificate_is_no_failure(creation: Function, cloud: Cloud) -> None:
    assert creation(DESTROY)["outcome"] == "NeverIssued"
    cloud.client("ssm").delete_parameter(Name=POINTER)
    assert creation(DESTROY)["outcome"] == "NoParameter"


def test_a_certificate_is_deleted_once_its_consumer_is_gone(
    creation: Function, cloud: Cloud, wire: Wire
) -> None:
    arn = declared(cloud, in_use_by=[LOAD_BALANCER])

    def release(_: str) -> None:
        if cloud.now - NOW >= timedelta(minutes=5) and exists(cloud, arn):
            cloud.certificates.edit(arn, in_use_by=[])

    wire.before = release
    assert creation(DESTROY)["deleted"]
    assert not exists(cloud, arn)


def test_a_certificate_that_stays_in_use_is_an_error_that_names_its_consumer(
    creation: Function, cloud: Cloud
) -> None:
    arn = declared(cloud, in_use_by=[LOAD_BALANCER])
    with pytest.raises(CertificateInUseError, match=LOAD_BALANCER):
        creation(DESTROY)
    assert exists(cloud, arn)
    assert creation.left > timedelta(minutes=4)


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"tags": {}}, "certificate-lifecycle did not issue it"),
        ({"tags": {"ManagedBy": "another-team"}}, "certificate-lifecycle did not issue it"),
        ({"domain_name": "example.net"}, "certificate-lifecycle did not issue it"),
        ({"type": "IMPORTED"}, "it was imported"),
        ({"export_option": "ENABLED", "exported": True}, "it was exported"),
    ],
    ids=["nobody's", "another team's", "another domain's", "imported", "exported"],
)
def test_a_certificate_that_may_not_be_deleted_is_an_error_and_stays(
    creation: Function, cloud: Cloud, details: dict[str, Any], reason: str
) -> None:
    arn = declared(cloud, **details)
    with pytest.raises(DeletionRefusedError, match=reason):
        creation(DESTROY)
    assert exists(cloud, arn)
    assert creation.writes == []


@pytest.mark.parametrize("number", calls(6))
def test_a_deletion_that_is_killed_after_any_call_is_completed_by_the_next(
    creation: Function, cloud: Cloud, wire: Wire, number: int
) -> None:
    arn = declared(cloud, export_option="ENABLED")
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        creation(DESTROY)
    creation(DESTROY)
    assert not exists(cloud, arn)


@pytest.mark.parametrize("number", calls(5))
def test_a_deletion_inside_another_is_no_failure_of_either(
    creation: Function, cloud: Cloud, wire: Wire, number: int
) -> None:
    arn = declared(cloud)
    results: list[dict[str, Any]] = []
    wire.strike_before(number, lambda: results.append(creation(DESTROY)))
    results.append(creation(DESTROY))
    assert not exists(cloud, arn)
    assert {result["outcome"] for result in results} <= {"Deleted", "AlreadyDeleted"}
    assert len(results) == 2
