"""Declared certificates that were never issued, were deleted, or are of another owner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.declarations import declare, pointer_arn
from tests.integration.effects import USED, documents, ending_in
from tests.integration.invocation import NOW, Function, scheduled
from tests.unit.render.message_samples import unwrapped

pytestmark = pytest.mark.integration

OURS: Mapping[str, Any] = {"tags": {"ManagedBy": "certificate-lifecycle"}}
MEMBER = "222222222222"


def add(cloud: Cloud, **details: Any) -> str:  # noqa: ANN401 - any attribute of a certificate
    """Put a certificate of this instance into ACM that is far from expiry."""
    return cloud.certificates.add(**{**ending_in(cloud, 150), **USED, **OURS, **details})


def verdicts(result: Mapping[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Return verdict, reason and severity of each finding, by its ARN."""
    return {
        entry["certificate_arn"]: (entry["verdict"], entry["reason"], entry["severity"])
        for entry in result["findings"]
    }


def test_a_pointer_that_names_a_certificate_of_this_instance_is_neither_finding_nor_counted(
    rotation: Function, cloud: Cloud
) -> None:
    declare(cloud, value=add(cloud))
    found = rotation(scheduled(NOW))
    assert (found["findings"], found["counts"]) == ([], {"Healthy": 1})


@pytest.mark.usefixtures("ledger_table")
def test_a_certificate_that_is_not_issued_within_an_hour_is_a_finding_until_it_is(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    rotation(scheduled(NOW))  # the first message of an instance
    declare(cloud)
    cloud.advance(minutes=59)
    assert rotation(scheduled(cloud.now))["findings"] == []
    cloud.advance(minutes=1)
    found = rotation(scheduled(cloud.now))
    assert verdicts(found) == {pointer_arn(): ("DeclaredMissing", "NeverIssued", "warning")}
    sent = len(documents(cloud, topic))
    rotation(scheduled(cloud.advance(hours=1)))
    assert len(documents(cloud, topic)) == sent

    declare(cloud, value=add(cloud))
    rotation(scheduled(cloud.advance(hours=1)))
    (change,) = documents(cloud, topic)[-1]["changes"]
    assert (change["kind"], change["certificate_arn"]) == ("resolved", pointer_arn())
    assert change["current_state"] == (
        "Its parameter names a certificate of this instance, or does not exist any more."
    )


def test_a_declared_certificate_that_was_deleted_is_critical_and_named_with_the_command(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    """ACM alone says that it is deleted, also in a region that is not scanned."""
    here, there = add(cloud), add(cloud, region="us-east-1")
    for key, arn in (("main", here), ("cdn", there), ("kept", add(cloud, region="us-east-1"))):
        declare(cloud, key, arn)
    for arn in (here, there):
        cloud.certificates.edit(arn, in_use_by=[])
        cloud.client("acm", arn.split(":")[3]).delete_certificate(CertificateArn=arn)
    assert verdicts(rotation(scheduled(NOW))) == {
        pointer_arn("main"): ("DeclaredMissing", "CertificateDeleted", "critical"),
        pointer_arn("cdn"): ("DeclaredMissing", "CertificateDeleted", "critical"),
    }
    (message,) = cloud.topics.messages(topic)
    text = unwrapped(message.to("email"))
    assert f"names {here}, which does not exist any more." in text
    assert "-replace='module.NAME.module.certificate[\"main\"].aws_ssm_parameter.arn'" in text


def test_a_pointer_to_a_certificate_of_another_owner_is_a_finding(
    rotation: Function, cloud: Cloud
) -> None:
    declare(cloud, "another-team", add(cloud, tags={"ManagedBy": "another-team"}))
    declare(cloud, "another-account", add(cloud, account=MEMBER))
    declare(cloud, "no-arn", "shop.example.com")
    found = verdicts(rotation(scheduled(NOW)))
    assert found == {
        pointer_arn(key): ("DeclaredMissing", "CertificateForeign", "warning")
        for key in ("another-team", "another-account", "no-arn")
    }


def test_a_certificate_that_cannot_be_read_is_a_problem_and_not_missing(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    declare(cloud, value=add(cloud))
    declare(cloud, "other")
    cloud.advance(hours=2)
    cloud.fail("acm", "ListTagsForCertificate", "AccessDeniedException", times=None, status=400)
    with pytest.raises(RotationError, match="AccessDenied"):
        rotation(scheduled(cloud.now))
    (document,) = documents(cloud, topic)
    assert document["scopes"][0]["status"] == "partial"
    assert verdicts(document) == {
        pointer_arn("main"): ("Unknown", "DetailsUnreadable", "warning"),
        pointer_arn("other"): ("DeclaredMissing", "NeverIssued", "warning"),
    }


def test_pointers_that_cannot_be_listed_are_a_problem_and_stop_nothing_else(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    due = cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, 20))
    cloud.fail("ssm", "GetParametersByPath", "AccessDeniedException", times=None, status=400)
    with pytest.raises(RotationError, match="the declared certificates could not be listed"):
        rotation(scheduled(NOW))
    (document,) = documents(cloud, topic)
    assert [entry["certificate_arn"] for entry in document["findings"]] == [due]


def test_pointers_are_read_once_in_the_account_and_region_of_the_function(
    rotation: Function, environment: pytest.MonkeyPatch
) -> None:
    member = {"account_id": MEMBER, "role_name": "certificates", "external_id": "x-1"}
    environment.setenv("REGIONS", '["us-east-1", "eu-west-1"]')
    environment.setenv("ACCOUNTS", json.dumps([member]))
    rotation(scheduled(NOW))
    read = [call for call in rotation.calls if call.service == "ssm"]
    assert [(call.account, call.region) for call in read] == [("123456789012", "eu-west-1")]


def test_pointers_are_read_although_the_region_of_the_function_is_not_scanned(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REGIONS", '["us-east-1", "sa-east-1"]')
    declare(cloud, value="shop.example.com")
    assert list(verdicts(rotation(scheduled(NOW)))) == [pointer_arn()]
