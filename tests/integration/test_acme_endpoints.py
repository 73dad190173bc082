"""ACM's ACME endpoints: whether their clients get certificates, and the repairs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.harness.older_sdk import use_sdk_without
from tests.integration.effects import documents
from tests.integration.invocation import NOW, Function, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("ledger_table")]

DAY = timedelta(days=1)
DOMAIN = "example.com"
OURS = {"ManagedBy": "certificate-lifecycle"}


@pytest.fixture
def zone(cloud: Cloud) -> str:
    return cloud.zones.add(DOMAIN)


def judged(result: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Return verdict, reason and action of each finding, by ARN."""
    return {
        entry["certificate_arn"]: (entry["verdict"], entry["reason"], entry["action"])
        for entry in result["findings"]
    }


def test_a_region_without_endpoints_costs_one_call(rotation: Function) -> None:
    rotation(scheduled(NOW))
    acme = [call.operation for call in rotation.calls if "Acme" in call.operation]
    assert acme == ["ListAcmeEndpoints"]


def test_endpoints_validations_and_bindings_that_work_are_no_findings(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    for number in range(3):
        endpoint = cloud.acme_endpoints.add()
        name = f"{number}.{DOMAIN}"
        validation = cloud.acme_endpoints.validate(endpoint, name, status="VALID")
        record = cloud.acme_endpoints.record(validation)
        cloud.zones.put(zone, record.name, record.type, record.value)
        cloud.acme_endpoints.bind(endpoint, used=True, ends_in=-DAY)
        cloud.acme_endpoints.bind(endpoint)
    cloud.acme_endpoints.validate(endpoint, "elsewhere.example.net", status="VALID")
    cloud.acme_endpoints.validate(endpoint, f"new.{DOMAIN}")
    cloud.acme_endpoints.validate(endpoint, f"old.{DOMAIN}", status="DELETING")
    cloud.acme_endpoints.add(status="DELETING")
    result = rotation(scheduled(NOW))
    assert result["findings"] == []
    assert result["scopes"][0]["certificates"] == 3 * 4 + 2


def test_a_lost_record_of_a_valid_domain_is_restored_before_an_order_fails(
    rotation: Function, cloud: Cloud, zone: str, topic: str
) -> None:
    endpoint = cloud.acme_endpoints.add()
    validation = cloud.acme_endpoints.validate(endpoint, DOMAIN, status="VALID", tags=OURS)
    result = rotation(scheduled(NOW))
    found = ("RenewalBlocked", "ValidationRecordMissing", "RestoreRecords")
    assert judged(result) == {validation: found}
    assert [action["outcome"] for action in result["actions"]] == ["done"]
    record = cloud.acme_endpoints.record(validation)
    assert cloud.zones.resolve(record.name) == (record.value,)
    assert len(documents(cloud, topic)) == 1
    cloud.advance(days=1)
    assert rotation(scheduled(cloud.now))["findings"] == []
    assert zone


def test_a_domain_validation_of_others_is_reported_and_not_repaired(
    rotation: Function, cloud: Cloud, zone: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("UNMANAGED_ROTATION_MODE", "notify")
    endpoint = cloud.acme_endpoints.add()
    cloud.acme_endpoints.validate(endpoint, DOMAIN, status="VALID")
    result = rotation(scheduled(NOW))
    (action,) = result["actions"]
    assert (action["action"], action["outcome"]) == ("RestoreRecords", "advised")
    assert cloud.zones.records(zone) == {}


def test_a_domain_that_waits_for_its_record_gets_the_record_before_acm_gives_up(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    endpoint = cloud.acme_endpoints.add()
    waiting = cloud.acme_endpoints.validate(endpoint, DOMAIN, age=DAY, tags=OURS)
    found = ("RenewalBlocked", "ValidationRecordMissing", "RestoreRecords")
    assert judged(rotation(scheduled(NOW))) == {waiting: found}
    cloud.advance(days=1)
    assert rotation(scheduled(cloud.now))["findings"] == []
    assert zone


def test_each_obstacle_for_acme_clients_is_reported_with_the_next_step(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    failed = cloud.acme_endpoints.add(status="FAILED", reason="no luck")
    endpoint, other = cloud.acme_endpoints.add(), cloud.acme_endpoints.add()
    refused = cloud.acme_endpoints.validate(
        endpoint, DOMAIN, status="INVALID", reason="ACCESS_DENIED", hosted_zone="Z1"
    )
    new = cloud.acme_endpoints.validate(endpoint, DOMAIN, status="INVALID", reason="NEW_REASON")
    ending = cloud.acme_endpoints.bind(endpoint, ends_in=timedelta(hours=5), age=DAY)
    cloud.acme_endpoints.bind(other, ends_in=-DAY)
    ended = cloud.acme_endpoints.bind(other, revoked=True)
    result = rotation(scheduled(NOW))
    blocked, action = "IssuanceBlocked", "Investigate"
    assert judged(result) == {
        failed: (blocked, "EndpointFailed", action),
        refused: ("RenewalBlocked", "HostedZoneInaccessible", action),
        new: ("RenewalBlocked", "FailureUnknown", action),
        ending: (blocked, "BindingExpiring", action),
        ended: (blocked, "BindingEnded", action),
    }
    (document,) = documents(cloud, topic)
    messages = {entry["certificate_arn"]: entry["message"] for entry in document["findings"]}
    assert "no luck" in messages[failed]
    assert f"--acme-endpoint-arn {endpoint} --domain-name {DOMAIN}" in messages[refused]
    assert '"HostedZoneId": "Z1"' in messages[refused]
    assert "--role-arn arn:aws:iam::123456789012:role/acme" in messages[ending]
    assert "expires in less than a day" in messages[ending]


@pytest.mark.parametrize(
    "operation", ["ListAcmeDomainValidations", "ListAcmeExternalAccountBindings"]
)
def test_an_endpoint_that_cannot_be_read_does_not_stop_the_others(
    rotation: Function, cloud: Cloud, topic: str, operation: str
) -> None:
    hidden, endpoint = cloud.acme_endpoints.add(), cloud.acme_endpoints.add()
    invalid = cloud.acme_endpoints.validate(endpoint, DOMAIN, status="INVALID")
    cloud.fail(
        *("acm", operation, "AccessDeniedException"),
        times=None,
        when=lambda asked: asked["AcmeEndpointArn"] == hidden,
    )
    with pytest.raises(RotationError, match=f"{hidden}: .*AccessDeniedException"):
        rotation(scheduled(NOW))
    (document,) = documents(cloud, topic)
    assert judged(document) == {
        hidden: ("Unknown", "DetailsUnreadable", "Investigate"),
        invalid: ("RenewalBlocked", "NoReasonGiven", "Investigate"),
    }


@pytest.mark.parametrize(
    "operation",
    ["ListAcmeDomainValidations", "DescribeAcmeDomainValidation", "ListTagsForResource"],
)
def test_a_resource_that_is_deleted_meanwhile_is_no_failure(
    rotation: Function, cloud: Cloud, operation: str
) -> None:
    cloud.acme_endpoints.validate(cloud.acme_endpoints.add(), DOMAIN, status="INVALID")
    cloud.fail("acm", operation, "ResourceNotFoundException", times=None)
    result = rotation(scheduled(NOW))
    assert (result["findings"], result["scopes"][0]["status"]) == ([], "ok")


def test_a_region_that_does_not_know_endpoints_has_none(rotation: Function, cloud: Cloud) -> None:
    cloud.acme_endpoints.unsupported.add("eu-west-1")
    assert rotation(scheduled(NOW))["scopes"][0]["status"] == "ok"


def test_findings_stay_open_while_an_older_sdk_lists_no_endpoints(
    rotation: Function, cloud: Cloud, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.acme_endpoints.add(status="FAILED")
    rotation(scheduled(NOW))
    with monkeypatch.context() as patch:
        use_sdk_without(["CertificateKeyPairOrigins"], patch)
        cloud.advance(days=1)
        result = rotation(scheduled(cloud.now))
    assert not any("Acme" in operation for operation in rotation.operations)
    (finding,) = result["findings"]
    assert finding["message"].startswith("ACME endpoints and certificates of ACME clients of 1 ")
    cloud.advance(days=1)
    rotation(scheduled(cloud.now))
    changes = [document["changes"] for document in documents(cloud, topic)]
    assert [[change["kind"] for change in each] for each in changes] == [["new"], []]
