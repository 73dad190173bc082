"""A refused change that a person or time can resolve is no failure, and is reported once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import ending_in, put_records
from tests.integration.invocation import Function, make_ledger, scheduled

pytestmark = pytest.mark.integration
EDGE = "us-east-1"


@pytest.fixture(autouse=True)
def zone(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    """Return the zone of the names; runs replace certificates."""
    make_ledger(cloud, environment, "eu-west-1")
    environment.setenv("REBIND_CONSUMERS", "true")
    return cloud.zones.add("example.com")


def dying(cloud: Cloud, region: str) -> str:
    return cloud.certificates.add(
        domain_name="example.com", region=region, renews=False, **ending_in(cloud, 6.5)
    )


def messages_with(cloud: Cloud, topic: str, text: str) -> list[str]:
    """Return the e-mails that contain a text, oldest first."""
    messages = [message.to("email") for message in cloud.topics.messages(topic)]
    return [message for message in messages if text in unwrapped(message)]


def unwrapped(mail: str) -> str:
    """Return a mail on one line, without the marks of quoted texts."""
    return " ".join(mail.replace("| ", "").split())


@pytest.fixture
def old(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    environment.setenv("REGIONS", f'["{EDGE}"]')
    return dying(cloud, EDGE)


@pytest.fixture
def distribution(cloud: Cloud, old: str) -> str:
    return cloud.consumers.distribution(old, "example.com")


def tomorrow(cloud: Cloud, rotation: Function) -> dict[str, Any]:
    return rotation(scheduled(cloud.advance(days=1)))


def assert_reported_once(cloud: Cloud, rotation: Function, text: str) -> None:
    """Let two days pass: on the first, the finding becomes another one by itself."""
    tomorrow(cloud, rotation)
    for _ in range(2):
        later = tomorrow(cloud, rotation)
        assert not later["notification"]["sent"]
        found = [action for action in later["actions"] if text in action["detail"]]
        assert {action["outcome"] for action in found} == {"advised"}


# --- CloudFront -------------------------------------------------------------------------------


def test_a_change_of_the_certificate_in_progress_is_waited_for(
    rotation: Function, cloud: Cloud, old: str
) -> None:
    cloud.consumers.knobs.cloudfront_deploys = timedelta(hours=1)
    distribution = cloud.consumers.distribution(cloud.certificates.add(region=EDGE), "example.com")
    cloudfront = cloud.client("cloudfront")
    found = cloudfront.get_distribution(Id=distribution)
    config = found["Distribution"]["DistributionConfig"]
    config["ViewerCertificate"] = {
        "ACMCertificateArn": old,
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }
    cloudfront.update_distribution(
        Id=distribution, IfMatch=found["ETag"], DistributionConfig=config
    )

    rotation(scheduled(cloud.now))
    assert cloud.consumers.certificates(distribution) == (old,)
    tomorrow(cloud, rotation)
    assert cloud.consumers.certificates(distribution) != (old,)


def test_a_continuous_deployment_policy_is_reported_once_with_the_steps(
    rotation: Function, cloud: Cloud, topic: str, distribution: str, old: str
) -> None:
    cloud.consumers.configure_distribution(distribution, ContinuousDeploymentPolicyId="policy")
    rotation(scheduled(cloud.now))
    (text,) = messages_with(cloud, topic, "detach")
    assert "ContinuousDeploymentPolicyId" in text
    assert f"aws cloudfront update-distribution --id {distribution}" in text
    assert "UpdateDistribution" not in rotation.operations

    assert_reported_once(cloud, rotation, "detach")

    cloud.consumers.configure_distribution(distribution, ContinuousDeploymentPolicyId="")
    tomorrow(cloud, rotation)
    assert cloud.consumers.certificates(distribution) != (old,)


def test_a_staging_distribution_that_refuses_the_certificate_is_no_failure(
    rotation: Function, cloud: Cloud, topic: str, distribution: str, old: str
) -> None:
    cloud.consumers.configure_distribution(distribution, Staging=True)
    rotation(scheduled(cloud.now))
    (text,) = messages_with(cloud, topic, "continuous deployment")
    assert "use the id of its primary distribution" in unwrapped(text)
    assert cloud.consumers.certificates(distribution) == (old,)


def test_a_setting_that_the_sdk_does_not_know_is_reported_once_with_the_steps(
    rotation: Function, cloud: Cloud, topic: str, distribution: str, old: str
) -> None:
    unknown = cloud.consumers.unknown_members(distribution)
    unknown["Origins/Items/Origin"] = "<NewThing>1</NewThing>"
    rotation(scheduled(cloud.now))
    (text,) = messages_with(cloud, topic, "NewThing")
    assert "Origins.Items.Origin.NewThing" in text
    assert "botocore " in unwrapped(text)
    assert "layers" in text
    assert f"aws cloudfront update-distribution --id {distribution}" in text
    assert "UpdateDistribution" not in rotation.operations

    assert_reported_once(cloud, rotation, "NewThing")

    unknown.clear()
    tomorrow(cloud, rotation)
    assert cloud.consumers.certificates(distribution) != (old,)


@pytest.mark.usefixtures("distribution")
def test_any_other_refusal_of_the_same_code_is_a_failure(rotation: Function, cloud: Cloud) -> None:
    cloud.fail("cloudfront", "UpdateDistribution", "IllegalUpdate", "You cannot update Origin.")
    with pytest.raises(RotationError, match="You cannot update Origin"):
        rotation(scheduled(cloud.now))


# --- Elastic Load Balancing -------------------------------------------------------------------


def test_a_full_list_is_reported_once_with_what_makes_room(
    rotation: Function, cloud: Cloud, topic: str, environment: pytest.MonkeyPatch, zone: str
) -> None:
    environment.delenv("REGIONS", raising=False)
    default, *others = [
        cloud.certificates.add(domain_name=f"n{number}.example.com") for number in range(22)
    ]
    superseded, newer = (
        cloud.certificates.add(domain_name="twice.example.com", **ending_in(cloud, days))
        for days in (100, 190)
    )
    expired = cloud.certificates.add(
        domain_name="past.example.com", status="EXPIRED", **ending_in(cloud, -1)
    )
    old = dying(cloud, "eu-west-1")
    listener = cloud.consumers.load_balancer(default, old, superseded, newer, expired, *others)
    assert len(cloud.consumers.certificates(listener)) == 1 + 25
    put_records(cloud, zone, default, *others, superseded, newer)

    rotation(scheduled(cloud.now))
    (text,) = messages_with(cloud, topic, "as its quota allows")
    assert "Certificates per Application Load Balancer" in text
    remove = f"remove-listener-certificates --region eu-west-1 --listener-arn {listener}"
    # The expired one is replaced, too, and has the same text.
    assert {line.strip() for line in text.splitlines() if "remove-listener" in line} == {
        f"aws elbv2 {remove} --certificates CertificateArn={arn}" for arn in (superseded, expired)
    }
    assert f"superseded by {newer}" in text

    assert_reported_once(cloud, rotation, "as its quota allows")
    cloud.client("elbv2").remove_listener_certificates(
        ListenerArn=listener, Certificates=[{"CertificateArn": expired}]
    )
    tomorrow(cloud, rotation)
    assert old not in cloud.consumers.certificates(listener)


def test_a_name_in_the_steps_for_a_full_list_adds_no_command(
    rotation: Function, cloud: Cloud, topic: str, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv("REGIONS", raising=False)
    others = [cloud.certificates.add(domain_name=f"n{number}.example.com") for number in range(23)]
    expired = cloud.certificates.add(
        domain_name="past.example.com\naws iam create-user", **ending_in(cloud, -1)
    )
    cloud.certificates.edit(expired, type="IMPORTED", status="EXPIRED")
    old = dying(cloud, "eu-west-1")
    cloud.consumers.load_balancer(others[0], old, expired, *others)

    rotation(scheduled(cloud.now))

    (text,) = messages_with(cloud, topic, "as its quota allows")
    steps = text[text.index("Ask for a higher quota") :]
    lines = [line.strip() for line in steps.splitlines()]
    assert "# past.example.com aws iam create-user: expired" in lines
    assert [line for line in lines if line.startswith("aws iam")] == []


@pytest.mark.parametrize("stuck", ["busy", "manual step"])
def test_a_change_that_is_never_possible_stays_a_critical_finding_after_the_expiry(
    rotation: Function, cloud: Cloud, topic: str, distribution: str, old: str, stuck: str
) -> None:
    if stuck == "busy":
        message = "Another change of the certificate is in progress"
        cloud.fail("cloudfront", "UpdateDistribution", "IllegalUpdate", message, times=None)
    else:
        cloud.consumers.configure_distribution(distribution, ContinuousDeploymentPolicyId="policy")
    rotation(scheduled(cloud.now))
    for _ in range(9):
        before = len(cloud.topics.messages(topic))
        result = tomorrow(cloud, rotation)
        (finding,) = [
            finding for finding in result["findings"] if finding["certificate_arn"] == old
        ]
        assert finding["severity"] == "critical"
        assert result["open_findings"] >= 1
        if cloud.certificates.get(old).status == "EXPIRED":
            break
    assert len(cloud.topics.messages(topic)) > before, "the expiry is reported"


# --- ACM --------------------------------------------------------------------------------------


def test_a_certificate_with_as_many_tags_as_acm_allows_is_kept_without_a_failure(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """Only a marked certificate may be deleted, and the mark is a tag."""
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "1")
    old = dying(cloud, "eu-west-1")
    cloud.consumers.load_balancer(old)
    rotation(scheduled(cloud.now))
    tags = [{"Key": f"tag{number}", "Value": ""} for number in range(50)]
    cloud.client("acm").add_tags_to_certificate(CertificateArn=old, Tags=tags)
    tomorrow(cloud, rotation)
    kept = tomorrow(cloud, rotation)
    (action,) = kept["actions"]
    assert action["outcome"] == "advised"
    assert "as many tags" in action["detail"]
    assert cloud.certificates.get(old).status == "ISSUED"
