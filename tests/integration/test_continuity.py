"""Clients that trusted what was served trust what is served: no name, tag or import changes that.

Each test has an old certificate that needs a successor, and a decoy with the same names that a
person or another tool could create. All runs may replace, move consumers and delete.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.estates.imports import imported
from tests.estates.imports import issued as issued_document
from tests.harness import authority
from tests.integration.effects import (
    USED,
    documents,
    ending_in,
    exists,
    import_document,
    texts_sent,
)
from tests.integration.invocation import (
    Function,
    KilledError,
    Wire,
    calls,
    kill,
    make_ledger,
    scheduled,
)
from tests.integration.terminal import Certificates, deploy
from tests.unit.render.message_samples import unwrapped

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients", "eager")]

HOME, EDGE = "eu-west-1", "us-east-1"
NAME = "shop.example.com"
PROD, TEST = (f"arn:aws:acm-pca:{HOME}:123456789012:certificate-authority/{n}" for n in ("a", "b"))
REPLACES = "certificate-lifecycle:replaces"


@pytest.fixture
def eager(cloud: Cloud, environment: pytest.MonkeyPatch, rotation: Function) -> None:
    """Let the function do all that its settings can allow."""
    environment.setenv("ROTATION_MODE", "replace")
    environment.setenv("REBIND_CONSUMERS", "true")
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "1")
    environment.setenv("REGIONS", json.dumps([HOME, EDGE]))
    make_ledger(cloud, environment, HOME)
    cloud.zones.add("example.com")
    del rotation


def run(rotation: Function, cloud: Cloud, days: int = 5) -> list[str]:
    """Run daily, and return the errors."""
    errors = []
    for _ in range(days):
        try:
            rotation(scheduled(cloud.now))
        except RotationError as error:
            errors.append(str(error))
        cloud.advance(days=1)
    return errors


def put_in(cloud: Cloud, days: float, name: str = NAME, **details: Any) -> str:  # noqa: ANN401 - whatever the authority takes
    """Import a certificate of the corporate CA, and return its ARN."""
    document = issued_document(cloud.now + timedelta(days=days), name, **details)
    return import_document(cloud, document)


def self_signed(cloud: Cloud, days: float, name: str = NAME) -> str:
    """Import a certificate that any tool can make."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return put_in(cloud, days, name, issuer=subject)


def requested_for(cloud: Cloud, arn: str) -> Certificate:
    (found,) = [
        certificate
        for certificate in cloud.certificates.all()
        if certificate.tags.get(REPLACES) == arn
    ]
    return found


# --- Imported certificates ------------------------------------------------------------------------


def test_a_self_signed_import_takes_nothing_over_and_no_message_suggests_it(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    old = put_in(cloud, 20)
    listener = cloud.consumers.load_balancer(old)
    decoy = self_signed(cloud, 300)

    run(rotation, cloud)

    assert cloud.consumers.listener_certificates(listener) == (old, [])
    assert decoy not in texts_sent(cloud, topic)
    assert [f["verdict"] for f in documents(cloud, topic)[-1]["findings"]] == ["ImportDue"]


def test_an_import_of_the_same_issuer_is_proposed_and_a_person_has_to_check_it(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    old = put_in(cloud, 20)
    listener = cloud.consumers.load_balancer(old)
    later = put_in(cloud, 300)

    run(rotation, cloud)

    assert cloud.consumers.listener_certificates(listener) == (old, [])
    (finding,) = documents(cloud, topic)[0]["findings"]
    assert finding["verdict"] == "ImportDue"
    mail = cloud.topics.messages(topic)[0].to("email")
    assert "a person has to check it before it takes over" in unwrapped(mail)
    assert f"CertificateArn={later}" in mail


def test_an_imported_certificate_is_never_deleted(rotation: Function, cloud: Cloud) -> None:
    """Nobody may have another copy of its key."""
    old = put_in(cloud, 20)
    listener = cloud.consumers.load_balancer(old)
    later = put_in(cloud, 300)
    run(rotation, cloud)
    assert exists(cloud, old)

    cloud.consumers.set_default(listener, later)  # a person agreed
    run(rotation, cloud)
    assert exists(cloud, old)


def test_two_unrelated_imports_for_one_meaningless_name_stay_apart(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    old, other = self_signed(cloud, 10, "localhost"), self_signed(cloud, 300, "localhost")
    listener = cloud.consumers.load_balancer(old)

    run(rotation, cloud)

    assert cloud.consumers.listener_certificates(listener) == (old, [])
    assert other not in texts_sent(cloud, topic)


def test_names_that_an_import_source_adds_move_no_other_listener(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    shop = imported(cloud, name="a.example.com")
    environment.setenv("IMPORT_SOURCES", shop.sources)
    www = put_in(cloud, 20, "www.example.com")
    listener = cloud.consumers.load_balancer(www)
    newer = authority.issue(
        *("a.example.com", "www.example.com"),
        not_after=cloud.now + timedelta(days=300),
        key_number=7,
    )
    shop.write(newer.secret())

    run(rotation, cloud)

    assert cloud.consumers.listener_certificates(listener) == (www, [])


def test_an_import_never_takes_over_from_what_acm_issued_whatever_its_tag_says(
    rotation: Function, cloud: Cloud
) -> None:
    old = cloud.certificates.add(domain_name=NAME, renews=False, **ending_in(cloud, 5))
    listener = cloud.consumers.load_balancer(old)
    decoy = put_in(cloud, 300)
    cloud.certificates.edit(decoy, tags={REPLACES: old, "ManagedBy": "certificate-lifecycle"})

    run(rotation, cloud)

    (bound, _) = cloud.consumers.listener_certificates(listener)
    assert cloud.certificates.get(bound).type == "AMAZON_ISSUED"
    assert bound not in (old, decoy)


# --- Certificates that ACM issued -----------------------------------------------------------------


def test_a_private_certificate_is_followed_by_one_of_its_own_ca(
    rotation: Function, cloud: Cloud
) -> None:
    facts: dict[str, Any] = {"domain_name": NAME, "type": "PRIVATE"}
    old = cloud.certificates.add(
        **facts, status="REVOKED", certificate_authority_arn=PROD, **ending_in(cloud, 100)
    )
    listener = cloud.consumers.load_balancer(old)
    decoy = cloud.certificates.add(
        **facts,
        certificate_authority_arn=TEST,
        tags={REPLACES: old},
        **ending_in(cloud, 390, lifetime=395),
    )

    run(rotation, cloud)

    (bound, _) = cloud.consumers.listener_certificates(listener)
    assert bound not in (old, decoy)
    assert cloud.certificates.get(bound).certificate_authority_arn == PROD


DECOYS: dict[str, dict[str, Any]] = {
    "for clients only": {"extended_key_usages": ["TLS_WEB_CLIENT_AUTHENTICATION"]},
    "of an ACME client": {"key_pair_origin": "ACME"},
    "of CloudFront": {"managed_by": "CLOUDFRONT"},
    "with a key usage less": {"key_usages": ["DIGITAL_SIGNATURE"]},
}


@pytest.mark.parametrize("details", DECOYS.values(), ids=DECOYS)
def test_a_decoy_is_passed_over_and_a_proper_successor_requested(
    rotation: Function, cloud: Cloud, details: dict[str, Any]
) -> None:
    old = cloud.certificates.add(domain_name=NAME, renews=False, **ending_in(cloud, 5))
    listener = cloud.consumers.load_balancer(old)
    decoy = cloud.certificates.add(domain_name=NAME, **details, **ending_in(cloud, 190))

    assert run(rotation, cloud) == []

    (bound, _) = cloud.consumers.listener_certificates(listener)
    assert bound != decoy
    assert bound == requested_for(cloud, old).arn


def _distribution(cloud: Cloud, arn: str) -> str:
    return cloud.consumers.distribution(arn, NAME)


def _edge(cloud: Cloud, arn: str) -> str:
    return cloud.consumers.domain_name(NAME, arn, endpoint="EDGE", region=EDGE)


def _user_pool(cloud: Cloud, arn: str) -> str:
    cloud.consumers.user_pool_domain(NAME, arn)
    return NAME


@pytest.mark.parametrize("consumer", [_distribution, _edge, _user_pool])
def test_what_cloudfront_serves_gets_no_certificate_with_a_key_that_it_refuses(
    rotation: Function,
    cloud: Cloud,
    consumer: Any,  # noqa: ANN401 - a function of this module
) -> None:
    facts: dict[str, Any] = {"domain_name": NAME, "region": EDGE}
    old = cloud.certificates.add(
        **facts, key_algorithm="EC_prime256v1", renews=False, **ending_in(cloud, 5)
    )
    name = consumer(cloud, old)
    decoy = cloud.certificates.add(**facts, key_algorithm="EC_secp384r1", **ending_in(cloud, 190))

    assert run(rotation, cloud) == []

    (held,) = cloud.consumers.certificates(name)
    assert held not in (old, decoy)
    assert held == requested_for(cloud, old).arn


def test_a_certificate_that_a_service_refuses_is_struck_off_and_a_successor_requested(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    old = cloud.certificates.add(domain_name=NAME, renews=False, **ending_in(cloud, 5))
    listener = cloud.consumers.load_balancer(old)
    refused = cloud.certificates.add(domain_name=NAME, **ending_in(cloud, 190))
    cloud.fail(
        *("elbv2", "ModifyListener", "UnsupportedCertificate", "another key"),
        times=None,
        when=lambda wanted: refused in json.dumps(wanted, default=str),
    )

    assert run(rotation, cloud) == []

    (bound, _) = cloud.consumers.listener_certificates(listener)
    assert bound == requested_for(cloud, old).arn
    assert f"{refused} does not take over: a service refused it" in texts_sent(cloud, topic)


@pytest.mark.parametrize("number", calls(69, 25, 28, 32, 37, 38, 57, 61))
def test_consumers_that_accept_what_another_one_refuses_keep_it_even_if_a_run_is_killed(
    rotation: Function, cloud: Cloud, wire: Wire, number: int
) -> None:
    old = cloud.certificates.add(domain_name=NAME, renews=False, **ending_in(cloud, 5))
    accepts = cloud.consumers.load_balancer(old, name="accepts")
    refuses = cloud.consumers.load_balancer(old, name="refuses")
    refused = cloud.certificates.add(domain_name=NAME, **ending_in(cloud, 190))
    cloud.fail(
        *("elbv2", "ModifyListener", "UnsupportedCertificate", "another key"),
        times=None,
        when=lambda wanted: wanted["ListenerArn"] == refuses and refused in json.dumps(wanted),
    )
    wire.strike_after(number, kill)
    with suppress(KilledError):
        rotation(scheduled(cloud.now))
    cloud.advance(days=1)

    assert run(rotation, cloud) == []

    assert cloud.consumers.listener_certificates(accepts) == (refused, [])
    assert cloud.consumers.listener_certificates(refuses) == (requested_for(cloud, old).arn, [])
    assert not {"ModifyListener", "RequestCertificate"} & set(rotation.operations)


def test_an_unrelated_public_certificate_of_the_same_names_takes_over_without_a_request(
    rotation: Function, cloud: Cloud
) -> None:
    old = cloud.certificates.add(domain_name=NAME, renews=False, **ending_in(cloud, 5))
    listener = cloud.consumers.load_balancer(old)
    later = cloud.certificates.add(domain_name=NAME, **ending_in(cloud, 190))

    run(rotation, cloud)

    assert cloud.consumers.listener_certificates(listener) == (later, [])
    assert not exists(cloud, old)


def test_a_candidate_that_cannot_be_described_is_reported_and_not_bound(
    rotation: Function, cloud: Cloud
) -> None:
    old = cloud.certificates.add(domain_name=NAME, renews=False, **ending_in(cloud, 5))
    listener = cloud.consumers.load_balancer(old)
    later = cloud.certificates.add(domain_name=NAME, **ending_in(cloud, 190))
    cloud.fail(
        *("acm", "DescribeCertificate", "AccessDeniedException", "not this one"),
        times=None,
        when=lambda wanted: wanted["CertificateArn"] == later,
    )

    errors = run(rotation, cloud, days=2)

    (bound, _) = cloud.consumers.listener_certificates(listener)
    assert bound == requested_for(cloud, old).arn
    assert errors
    assert all(later in error for error in errors)


# --- Tags -----------------------------------------------------------------------------------------


def test_a_tag_that_names_another_tool_does_not_stop_what_acm_renews(
    rotation: Function, cloud: Cloud
) -> None:
    old = cloud.certificates.add(
        domain_name=NAME, renews=False, tags={"ManagedBy": "certbot"}, **ending_in(cloud, 5)
    )
    listener = cloud.consumers.load_balancer(old)

    run(rotation, cloud)

    (bound, _) = cloud.consumers.listener_certificates(listener)
    assert bound == requested_for(cloud, old).arn


def test_fifty_tags_cost_the_successor_a_tag_and_not_the_replacement(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    tags = {f"key{number:02}": "" for number in range(50)}
    old = cloud.certificates.add(domain_name=NAME, status="REVOKED", tags=tags, **USED)

    run(rotation, cloud, days=2)

    successor = requested_for(cloud, old)
    assert set(successor.tags) == {REPLACES, *sorted(tags)[:49]}
    assert "no room for the tags key49" in texts_sent(cloud, topic)


# --- explain --------------------------------------------------------------------------------------


def test_explain_names_every_candidate_with_its_names_and_reasons(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    with suppress(Exception):  # the table exists already
        deploy(cloud, environment)
    old = put_in(cloud, 20)
    cloud.certificates.edit(old, **USED)
    decoy, later = self_signed(cloud, 300), put_in(cloud, 200)
    public = cloud.certificates.add(domain_name=NAME, **ending_in(cloud, 190))

    ended = certificates("explain", old, "--output", "json").document
    found = {
        entry["certificate_arn"]: (entry["names"], entry["continuity"], entry["reasons"])
        for entry in ended["candidates"]
    }

    assert found == {
        decoy: ([NAME], "none", ["OtherIssuer", "SelfSigned"]),
        later: ([NAME], "proposal", []),
        public: ([NAME], "none", ["OtherIssuer"]),
    }
    printed = certificates("explain", old).words
    assert f"none, for {NAME}: Another issuer issued it" in printed
    assert f"proposal, for {NAME}: A person has to check" in printed
