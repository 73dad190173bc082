"""The adapters alone: their requests, their errors and their reading of responses."""

from __future__ import annotations

import string
from datetime import UTC
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificate_lifecycle.aws.acm import KEY_TYPES, AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns
from certificate_lifecycle.aws.sns import SnsTopic
from certificate_lifecycle.model.certificate import (
    ValidationRecord,
)
from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    CertificateRequestError,
    MigrationNotPossibleError,
)
from certificate_lifecycle.model.hidden_classes import HIDDEN_CLASSES, HiddenClass
from certificate_lifecycle.policy.issuance import (
    CERTIFICATE_USAGES,
    REQUESTABLE_KEY_ALGORITHMS,
    ROOT_HIERARCHIES,
    CertificateRequest,
)
from certificate_lifecycle.policy.validation import Zone
from certificate_lifecycle.render.notification.limits import MAX_SUBJECT
from certificate_lifecycle.render.notification.message import Message
from tests.embedded_aws.cloud import Cloud
from tests.harness.older_sdk import use_sdk_without
from tests.integration.effects import USED, ending_in

pytestmark = pytest.mark.integration

AUTHORITY = (
    "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority"
    "/12345678-1234-1234-1234-123456789012"
)


@pytest.fixture
def clients() -> Clients:
    """Make clients as the handlers do."""
    return Clients("eu-west-1")


@pytest.fixture
def certificates(clients: Clients) -> AcmCertificates:
    return AcmCertificates(clients.any("acm", "eu-west-1"))


# --- ACM --------------------------------------------------------------------------------------


def test_every_key_that_can_be_requested_is_listed() -> None:
    assert set(REQUESTABLE_KEY_ALGORITHMS) < set(KEY_TYPES)


def enumeration(clients: Clients, shape: str) -> set[str]:
    model = clients.any("acm", "eu-west-1").meta.service_model
    return set(model.shape_for(shape).metadata["enum"])


def test_every_root_hierarchy_and_usage_that_acm_knows_can_be_requested(clients: Clients) -> None:
    assert set(ROOT_HIERARCHIES) == enumeration(clients, "RootHierarchyType")
    assert set(CERTIFICATE_USAGES) == enumeration(clients, "CertificateUsage")


@pytest.mark.parametrize("hidden", HIDDEN_CLASSES, ids=lambda hidden: hidden.name)
def test_a_filter_for_a_hidden_class_has_every_value_that_acm_knows(
    clients: Clients, hidden: HiddenClass
) -> None:
    values = enumeration(clients, hidden.shown_as)
    assert {*hidden.values, *hidden.listed_with} == values


def test_a_listed_and_a_described_certificate_agree(
    certificates: AcmCertificates, cloud: Cloud
) -> None:
    arn = cloud.certificates.add(
        alternative_names=["www.example.com"],
        export_option="ENABLED",
        exported=True,
        key_algorithm="EC_prime256v1",
        **USED,
    )
    (listed,) = certificates.list_all()
    described = listed.described_as(certificates.describe(arn))
    assert (listed.described, described.described) == (False, True)
    for name in ("arn", "names", "status", "type", "key_algorithm", "in_use", "exported"):
        assert getattr(listed, name) == getattr(described, name)
    assert (listed.exportable, described.exportable) == (True, True)
    assert listed.not_after == described.not_after == cloud.certificates.get(arn).not_after


class Newer:
    """A client of an SDK that knows more members than the one of the tests."""

    def __init__(self, certificate: dict[str, Any]) -> None:
        self._certificate = certificate

    def describe_certificate(self, **_: str) -> dict[str, Any]:
        return {"Certificate": self._certificate}


def test_the_root_and_the_usage_of_an_n2_certificate_and_the_issuer_of_an_import_are_read() -> None:
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/n2"
    answer = {
        "CertificateArn": arn,
        "RootHierarchyType": "N2_AMAZON_MANAGED",
        "CertificateUsage": "CLIENT_AUTH_ONLY",
        "Issuer": "Example Trust",
        "Subject": "CN=example.com",
    }
    newer: Any = Newer(answer)
    found = AcmCertificates(newer).describe(arn)
    assert (found.root_hierarchy, found.certificate_usage) == (
        "N2_AMAZON_MANAGED",
        "CLIENT_AUTH_ONLY",
    )
    assert (found.detail.issuer, found.detail.subject) == ("Example Trust", "CN=example.com")


def test_a_private_certificate_is_reported_as_exportable_without_the_option(
    certificates: AcmCertificates, cloud: Cloud
) -> None:
    seeded = cloud.certificates.add(type="PRIVATE")
    requested = certificates.request(
        CertificateRequest(
            names=("db.example.com",),
            region="eu-west-1",
            certificate_authority_arn=AUTHORITY,
            tags=(("A", "b"),),
        )
    )
    assert {listed.arn: listed.exportable for listed in certificates.list_all()} == {
        seeded: True,
        requested: True,
    }
    assert certificates.describe(seeded).exportable
    assert certificates.describe(requested).exportable


def test_instants_are_aware_and_in_utc(certificates: AcmCertificates, cloud: Cloud) -> None:
    """Bug 26: the SDK returns times in the local zone."""
    cloud.certificates.add()
    (listed,) = certificates.list_all()
    for moment in (listed.not_before, listed.not_after, listed.created_at):
        assert moment is not None
        assert moment.tzinfo is UTC


def test_a_certificate_without_names_or_dates_is_read_as_such(
    certificates: AcmCertificates, cloud: Cloud
) -> None:
    """Many members of an answer are optional, NotAfter of a failed request among them."""
    arn = cloud.certificates.add(status="FAILED", failure_reason="CAA_ERROR")
    cloud.certificates.edit(arn, domain_name="", names=())
    described = certificates.describe(arn)
    assert (described.names, described.domain_name) == ((), "")
    assert (described.not_after, described.lifetime) == (None, None)
    assert described.detail.failure_reason == "CAA_ERROR"


def test_a_certificate_that_does_not_exist_has_an_error_of_its_own(
    certificates: AcmCertificates,
) -> None:
    """Bug 33."""
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    with pytest.raises(CertificateNotFoundError):
        certificates.describe(arn)
    with pytest.raises(CertificateNotFoundError):
        certificates.tags(arn)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"names": ("www.*.example.com",)}, "ValidationException"),
        ({"tags": (("Name", "cert-*.example.com"),)}, "ValidationException"),
        ({"key_algorithm": "RSA_4096"}, "ValidationException"),
        ({"names": ("a" * 63 + ".example.com",)}, "InvalidDomainValidationOptionsException"),
        ({"certificate_authority_arn": AUTHORITY, "exportable": True}, "ValidationException"),
    ],
    ids=["name", "tag", "key algorithm", "common name", "option of a private one"],
)
def test_a_refusal_of_acm_is_an_error_with_the_reason(
    certificates: AcmCertificates, cloud: Cloud, wrong: dict[str, Any], code: str
) -> None:
    """Bugs 9, 10 and 12: the embedded ACM checks every parameter by the service's model."""
    request = CertificateRequest(
        **{"names": ("example.com",), "region": "eu-west-1", "tags": (("A", "b"),), **wrong}
    )
    with pytest.raises(CertificateRequestError) as refused:
        certificates.request(request)
    assert isinstance(refused.value.__cause__, ClientError)
    assert refused.value.__cause__.response["Error"]["Code"] == code
    assert cloud.certificates.all() == []


def test_a_request_that_the_sdk_cannot_send_is_an_error_with_the_remedy(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_sdk_without(["Export"], monkeypatch)
    older = AcmCertificates(Clients("eu-west-1").any("acm", "eu-west-1"))
    request = CertificateRequest(names=("example.com",), region="eu-west-1", exportable=True)
    with pytest.raises(CertificateRequestError, match=r'"Export".*with the input function\.layers'):
        older.request(request)
    assert cloud.certificates.all() == []


LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
DOMAINS = st.builds(
    lambda wild, label: f"{wild}{label}.example.com", st.sampled_from(["", "*."]), LABELS
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(DOMAINS, min_size=1, max_size=10, unique=True),
    algorithm=st.sampled_from(REQUESTABLE_KEY_ALGORITHMS),
)
def test_acm_takes_the_token_of_every_request_and_knows_it_again(
    certificates: AcmCertificates, names: list[str], algorithm: str
) -> None:
    """Bugs 10, 11, 41 and 42."""

    def ask(order: list[str]) -> str:
        request = CertificateRequest(
            names=tuple(order), region="eu-west-1", key_algorithm=algorithm, tags=(("A", "b"),)
        )
        return certificates.request(request)

    assert ask(names) == ask(names[::-1]) != ask([*names[:-1], "other.example.com"])


def test_this_sdk_can_migrate_from_email_to_dns(certificates: AcmCertificates) -> None:
    assert certificates.can_migrate_to_dns


def test_a_migration_that_acm_refuses_has_an_error_of_its_own(
    certificates: AcmCertificates, cloud: Cloud
) -> None:
    arn = cloud.certificates.add(validation_method="DNS")
    with pytest.raises(MigrationNotPossibleError):
        certificates.migrate_to_dns(arn)
    cloud.fail("acm", "UpdateCertificateOptions", "AccessDeniedException")
    with pytest.raises(ClientError):
        certificates.migrate_to_dns(arn)


def test_the_records_of_a_migration_are_read_from_every_page(
    certificates: AcmCertificates, cloud: Cloud
) -> None:
    names = [f"{number}.example.com" for number in range(7)]
    arn = cloud.certificates.add(
        alternative_names=names, validation_method="EMAIL", **ending_in(cloud, 20)
    )
    assert set(certificates.migration_records(arn)) == {None}
    certificates.migrate_to_dns(arn)
    records = certificates.migration_records(arn)
    assert [record.name for record in records if record] == [
        record.name for record in cloud.certificates.records(arn)
    ]


# --- Route 53 ---------------------------------------------------------------------------------


def test_the_zones_of_every_page_are_listed_once(clients: Clients, cloud: Cloud) -> None:
    """Bugs 4 and 5."""
    wanted = {
        cloud.zones.add(f"{number}.example.com"): f"{number}.example.com" for number in range(5)
    }
    cloud.zones.add("private.example.com", private=True)
    dns = Route53Dns(HostedZones(clients.route53), ())
    cloud.forget_calls()

    found = {zone.zone_id: zone.name for zone in dns.public_zones()}
    calls = len(cloud.calls)
    dns.public_zones()

    assert found == wanted
    assert (calls, len(cloud.calls)) == (3, 3)


def test_a_record_with_a_setting_that_an_update_would_remove_is_not_plain(
    clients: Clients, cloud: Cloud
) -> None:
    zone_id = cloud.zones.add("example.com")
    route53 = cloud.client("route53")
    record = {"Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": "a.example.net"}]}
    rows = [
        {**record, "Name": "plain.example.com"},
        {**record, "Name": "checked.example.com", "HealthCheckId": "health"},
        {**record, "Name": "weighted.example.com", "SetIdentifier": "a", "Weight": 1},
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": row} for row in rows]
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    dns = Route53Dns(HostedZones(clients.route53), ())
    (zone,) = dns.public_zones()
    found = [dns.records_at(zone, str(row["Name"])) for row in rows]
    assert [existing.plain for (existing,) in found] == [True, False, False]


def test_only_records_at_the_exact_name_are_reported(clients: Clients, cloud: Cloud) -> None:
    """The listing begins at a name and continues with later names."""
    zone_id = cloud.zones.add("example.com")
    cloud.zones.put(zone_id, "_b.example.com", "CNAME", "later.example.com.")
    cloud.zones.put(zone_id, "*.example.com", "TXT", '"wild"')
    dns = Route53Dns(HostedZones(clients.route53), ())
    zone = Zone(zone_id, "example.com")

    assert dns.records_at(zone, "_a.example.com") == ()
    (wild,) = dns.records_at(zone, "*.example.com")
    assert (wild.name, wild.type) == ("*.example.com", "TXT")
    (later,) = dns.records_at(zone, "_B.example.com.")
    assert later.values == ("later.example.com.",)


@pytest.mark.parametrize(("records", "names", "calls"), [(700, 600, 3), (700, 2, 3), (700, 3, 3)])
def test_a_zone_is_read_in_full_where_that_takes_no_more_calls_than_its_names(
    clients: Clients, cloud: Cloud, records: int, names: int, calls: int
) -> None:
    """A page has 300 record sets; two names cost one call each, after the one for the apex."""
    zone_id = cloud.zones.add("example.com")
    for number in range(records):
        cloud.zones.put(zone_id, f"n{number}.example.com", "CNAME", f"v{number}.example.net.")
    dns = Route53Dns(HostedZones(clients.route53), ())
    (zone,) = dns.public_zones()
    cloud.forget_calls()
    wanted = [f"n{number}.example.com" for number in range(records - names, records)]
    dns.read_ahead(wanted)
    found = [dns.records_at(zone, name, known=True) for name in wanted]
    assert [row.values for (row,) in found] == [
        (f"v{number}.example.net.",) for number in range(records - names, records)
    ]
    assert len(cloud.calls) == calls


def test_a_batch_is_written_whole_or_not_at_all(clients: Clients, cloud: Cloud) -> None:
    """Bug 16."""
    zone_id = cloud.zones.add("example.com")
    cloud.zones.put(zone_id, "_b.example.com", "TXT", '"in the way"')
    before = cloud.zones.records(zone_id)
    dns = Route53Dns(HostedZones(clients.route53), ())
    records = [
        ValidationRecord(f"_{letter}.example.com.", "CNAME", "_x.acm-validations.aws.")
        for letter in "ab"
    ]

    with pytest.raises(ClientError, match="InvalidChangeBatch"):
        dns.upsert(Zone(zone_id, "example.com"), records)
    assert cloud.zones.records(zone_id) == before


# --- SNS --------------------------------------------------------------------------------------


def test_a_message_goes_out_with_a_text_for_each_protocol(
    clients: Clients, cloud: Cloud, topic: str
) -> None:
    message = Message("x" * MAX_SUBJECT, {"default": "d", "email": "e"}, {"severity": "info"})

    message_id = SnsTopic(lambda: clients.any("sns", "eu-west-1"), topic).publish(message)

    (published,) = cloud.topics.messages(topic)
    assert (published.to("email"), published.to("sms")) == ("e", "d")
    assert (published.subject, published.attributes) == (message.subject, {"severity": "info"})
    assert message_id


@pytest.mark.parametrize("subject", ["x" * (MAX_SUBJECT + 1), "two\nlines", "é"])
def test_sns_refuses_a_subject_that_the_digest_would_never_write(
    clients: Clients, topic: str, subject: str
) -> None:
    """Bug 47."""
    with pytest.raises(ClientError, match="Subject"):
        SnsTopic(lambda: clients.any("sns", "eu-west-1"), topic).publish(
            Message(subject, {"default": "d"}, {})
        )


def test_a_certificate_in_use_is_not_deleted_and_a_missing_one_counts_as_deleted(
    cloud: Cloud,
) -> None:
    certificates = AcmCertificates(cloud.client("acm"))
    used, free = cloud.certificates.add(), cloud.certificates.add()
    cloud.consumers.load_balancer(used)
    assert not certificates.delete(used)
    assert certificates.delete(free)
    assert certificates.delete(free)
    assert [entry.arn for entry in cloud.certificates.all()] == [used]


def test_a_deletion_that_aws_refuses_for_another_reason_is_raised(cloud: Cloud) -> None:
    cloud.fail("acm", "DeleteCertificate", "AccessDeniedException", "not today")
    with pytest.raises(ClientError, match="not today"):
        AcmCertificates(cloud.client("acm")).delete(cloud.certificates.add())
