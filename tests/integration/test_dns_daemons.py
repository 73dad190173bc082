"""Public DNS of real name servers and resolvers, and the conclusions of runs and requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from certificate_lifecycle.model.errors import CertificateLifecycleError
from certificate_lifecycle.model.public_dns import AnswerState, RecordType
from certificate_lifecycle.net.public_dns import HttpsDns
from tests.embedded_aws.certificates import validation_record
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import (
    RESOLVERS,
    Document,
    Forwarding,
    Gateway,
    Query,
    serving_https,
)
from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.harness.dns_daemons import (
    LOOPBACK,
    MISSING,
    SERVER,
    Resolver,
    Signatures,
    Zone,
    resolving,
)
from tests.integration.effects import USED, ending_in
from tests.integration.invocation import NOW, Function, scheduled
from tests.integration.terminal import Certificates

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
]

AMAZON, OTHER, NO_WILDCARD = '0 issue "amazon.com"', '0 issue "ca.example"', '0 issuewild ";"'
#: More than a response over UDP has room for.
LONG = tuple(f'0 issue "ca-{number}.example"' for number in range(99))


def caa(name: str, *values: str) -> tuple[str, ...]:
    return tuple(f"{name}. 60 CAA {value}" for value in values)


VALIDATED = validation_record("www.shop.example.com", DEFAULT_ACCOUNT)
#: The zones that public DNS has; names are those of the hosted zones, too.
ZONES = (
    *(Zone(name=name, signatures=Signatures.VALID) for name in (".", "com", "org")),
    Zone(name="example.com", signatures=Signatures.VALID, records=caa("example.com", AMAZON)),
    # The zone moved to servers that do not sign, and its DS record was left behind.
    Zone(name="moved.example.com", anchored=True),
    Zone(name="expired.example.com", signatures=Signatures.EXPIRED),
    Zone(name="lame.example.com", served=False),
    Zone(
        name="split.example.com",
        records=caa("split.example.com", AMAZON),
        others=caa("split.example.com", OTHER),
    ),
    Zone(
        name="lied.example.com",
        signatures=Signatures.VALID,
        records=caa("lied.example.com", OTHER),
        lies=caa("lied.example.com", AMAZON),
    ),
    # Its hosted zone has other servers.
    Zone(name="elsewhere.example.com"),
    # Another provider hosts it, with the validation record of one name.
    Zone(name="shop.example.com", records=(f"{VALIDATED.name} 60 CNAME {VALIDATED.value}",)),
    Zone(
        name="example.org",
        records=(
            *caa("example.org", OTHER),
            *caa("shop.example.org", AMAZON, NO_WILDCARD),
            *caa("long.example.org", AMAZON, *LONG),
            "www.example.org. 60 CNAME shop.example.org.",
            "dangling.example.org. 60 CNAME nothing.example.org.",
        ),
    ),
)
#: A hosted zone that public DNS does not delegate.
FORGOTTEN = "forgotten.example.com"

#: A name, and the reason for which its renewal is at risk; None: nothing is wrong, or known.
RISKS: dict[str, str | None] = {
    "www.example.com": None,
    "www.moved.example.com": "DnssecBroken",
    "www.expired.example.com": "DnssecBroken",
    "www.lame.example.com": None,
    "www.split.example.com": None,
    "www.lied.example.com": None,
    "www.elsewhere.example.com": "ZoneNotDelegated",
    f"www.{FORGOTTEN}": "ZoneNotDelegated",
    "api.example.org": "CaaForbids",
    "a.b.shop.example.org": None,
    "*.shop.example.org": "CaaForbids",
    "www.example.org": None,
    "dangling.example.org": "CaaForbids",
    "long.example.org": None,
}
#: The names about which the resolvers disagree, or do not know anything.
UNKNOWN = {"www.lame.example.com", "www.split.example.com", "www.lied.example.com"}


@pytest.fixture(scope="module")
def resolvers() -> Iterator[tuple[Resolver, Resolver]]:
    with resolving(ZONES) as found:
        yield found


@pytest.fixture(autouse=True)
def public(
    resolvers: tuple[Resolver, Resolver], environment: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    """Let functions query both resolvers."""
    behind = {
        name: Forwarding(LOOPBACK, resolver.port, seconds=0.5)
        for name, resolver in zip(RESOLVERS, resolvers, strict=True)
    }

    def forwarded(query: Query) -> Document:
        return behind[query.resolver](query)

    with serving_https(forwarded) as gateway:
        for name, value in gateway.environment.items():
            environment.setenv(name, value)
        environment.setattr("certificate_lifecycle.net.public_dns._IDLE_SECONDS", 0.05)
        yield gateway


@pytest.fixture
def hosted(cloud: Cloud) -> None:
    """Host the zones that Route 53 has; those above delegate to the servers of public DNS."""
    above = {name: cloud.zones.add(name) for name in ("example.com", "example.org")}
    for apex, zone in above.items():
        cloud.zones.put(zone, apex, "NS", SERVER)
    for name in (zone.name for zone in ZONES if zone.name.count(".") > 1):
        if name != "shop.example.com":
            zone = cloud.zones.add(name)
            servers = "ns-1.awsdns-00.com." if name == "elsewhere.example.com" else SERVER
            cloud.zones.put(zone, name, "NS", servers)
        cloud.zones.put(above["example.com"], name, "NS", SERVER)
    cloud.zones.add(FORGOTTEN, delegated=False)


@pytest.fixture
def used(cloud: Cloud, hosted: None) -> None:
    """Add a certificate of each name, far from its expiry."""
    del hosted
    for name in RISKS:
        cloud.certificates.add(domain_name=name, **USED, **ending_in(cloud, 150))


def reasons(result: dict[str, Any]) -> dict[str, str]:
    return {finding["domain_name"]: finding["reason"] for finding in result["findings"]}


@pytest.mark.usefixtures("used")
def test_a_run_finds_the_names_that_a_ca_would_refuse_and_no_other(rotation: Function) -> None:
    result = rotation(scheduled(NOW))
    assert reasons(result) == {name: reason for name, reason in RISKS.items() if reason}
    assert {finding["verdict"] for finding in result["findings"]} == {"RenewalAtRisk"}
    counts = result["scopes"][0]["public_dns"]
    assert (counts["checked"], counts["unknown"]) == (len(RISKS) - len(UNKNOWN), len(UNKNOWN))


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("hanging", [[1], [0, 1]], ids=["one", "both"])
def test_without_an_answer_of_both_resolvers_a_run_finds_nothing(
    rotation: Function, resolvers: tuple[Resolver, Resolver], hanging: list[int]
) -> None:
    with ExitStack() as stack:
        for number in hanging:
            stack.enter_context(resolvers[number].hanging())
        result = rotation(scheduled(NOW))
    assert result["findings"] == []
    counts = result["scopes"][0]["public_dns"]
    assert (counts["checked"], counts["unknown"]) == (0, len(RISKS))
    # It is not known whether a resolver that does not answer validates DNSSEC.
    assert "does not validate" not in counts["reason"]


@pytest.mark.usefixtures("hosted")
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("www.moved.example.com", "DS records"),
        ("*.shop.example.org", "allow no CA to issue wildcards"),
        ("api.shop.example.com", "delegates shop.example.com to"),
    ],
)
def test_nothing_is_requested_that_a_ca_would_refuse(
    creation: Function, cloud: Cloud, environment: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    environment.setenv("DOMAIN_NAME", name.removeprefix("*."))
    with pytest.raises(CertificateLifecycleError, match=problem):
        creation({"domain_name": name, "include_www": False})
    assert cloud.certificates.all() == []


@pytest.mark.usefixtures("hosted")
def test_a_name_below_a_cut_needs_its_record_in_the_zone_that_public_dns_queries(
    rotation: Function, cloud: Cloud
) -> None:
    for name in ("api.shop.example.com", "www.shop.example.com"):
        cloud.certificates.add(
            domain_name=name, renewal_status="PENDING_VALIDATION", **USED, **ending_in(cloud, 40)
        )
    result = rotation(scheduled(NOW))
    assert reasons(result) == {"api.shop.example.com": "NameDelegated"}
    assert f"to {SERVER.removesuffix('.')};" in result["findings"][0]["message"]
    assert result["counts"] == {"RenewalBlocked": 1, "Renewing": 1}
    assert "ChangeResourceRecordSets" not in rotation.writes


@pytest.mark.usefixtures("hosted")
def test_a_certificate_of_a_signed_zone_is_requested(creation: Function) -> None:
    result = creation({"domain_name": "www.example.com", "include_www": False})
    assert (result["created"], result["public_dns"]["checked"]) == (True, 1)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "record_type", "state"),
    [
        ("example.com", RecordType.NS, AnswerState.FOUND),
        ("example.com", RecordType.SOA, AnswerState.FOUND),
        ("www.example.com", RecordType.CNAME, AnswerState.NONE),
        ("www.example.org", RecordType.CNAME, AnswerState.FOUND),
        ("long.example.org", RecordType.CAA, AnswerState.FOUND),
        ("moved.example.com", RecordType.NS, AnswerState.DNSSEC_BROKEN),
        ("www.expired.example.com", RecordType.CNAME, AnswerState.DNSSEC_BROKEN),
        ("lame.example.com", RecordType.NS, AnswerState.UNKNOWN),
        ("split.example.com", RecordType.CAA, AnswerState.UNKNOWN),
        ("lied.example.com", RecordType.CAA, AnswerState.UNKNOWN),
        ("nothing.com", RecordType.NS, AnswerState.NONE),
    ],
)
def test_an_answer_is_common_to_both_resolvers(
    public: Gateway, name: str, record_type: RecordType, state: AnswerState
) -> None:
    found = HttpsDns(public.urls, lambda: 60.0).ask(name, record_type)
    assert found.state is state, found


@pytest.mark.nightly
@pytest.mark.usefixtures("used")
def test_doctor_reports_the_findings_of_a_run(public: Gateway, certificates: Certificates) -> None:
    given = [word for url in public.urls for word in ("--resolver", url)]
    document = certificates("doctor", "-o", "json", *given).document

    def shown(check: str, state: str) -> str:
        return "\n".join(
            f"{entry['about']}: {entry['message']}"
            for entry in document["checks"]
            if (entry["check"], entry["state"]) == (check, state)
        )

    assert "expired.example.com" in shown("dnssec", "failed")
    assert "moved.example.com" in shown("dnssec", "failed")
    assert "lame.example.com" in shown("dnssec", "unknown")
    assert "example.org allow only ca.example to issue" in shown("caa", "failed")
    assert "*.shop.example.org" in shown("caa", "failed")
    assert "the resolvers disagree" in shown("caa", "unknown")
    assert "6 of 14 names" in shown("caa", "ok")
