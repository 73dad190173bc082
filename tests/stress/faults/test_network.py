"""The effect of each fault on the SDK and on AWS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ReadTimeoutError,
)

from tests.estates.imports import issued
from tests.integration.invocation import KilledError
from tests.stress.faults.network import (
    CONNECT_SECONDS,
    READ_SECONDS,
    STALE_FOR,
    UNKNOWN_FOR,
    Traffic,
)
from tests.stress.faults.stage import HOME, Stage
from tests.stress.faults.weather import Aim, Fault, Kind, Session, Storm, Weather

pytestmark = pytest.mark.integration

ATTEMPTS = 8


class Disturbed:
    """The function's clients, on a network with these faults."""

    def __init__(self, stage: Stage, *faults: Fault) -> None:
        self.stage = stage
        self.traffic = Traffic(Storm(Weather(faults=faults)))
        stage.network.traffic = self.traffic
        self.acm = stage.clients.any("acm", HOME)

    def names(self) -> set[str]:
        found = self.acm.list_certificates()["CertificateSummaryList"]
        return {entry["DomainName"] for entry in found}


@pytest.fixture(autouse=True)
def fresh(where: Stage) -> Iterator[None]:
    where.reset(1)
    where.cloud.certificates.page_size = 1000
    where.cloud.certificates.add(domain_name="a.example.com")
    yield
    where.network.traffic = None


@pytest.mark.parametrize(
    "kind",
    [
        Kind.THROTTLED,
        Kind.BROKEN,
        Kind.UNREACHABLE,
        Kind.UNANSWERED,
        Kind.RESET,
        Kind.HALF_READ,
    ],
)
def test_what_strikes_one_attempt_is_made_up_for_by_the_next(where: Stage, kind: Kind) -> None:
    disturbed = Disturbed(where, Fault(kind=kind, choice=50))
    assert disturbed.names() == {"a.example.com"}
    assert disturbed.traffic.struck == {kind: 1}
    assert disturbed.traffic.lost == {}


@pytest.mark.parametrize(
    ("kind", "error", "seconds"),
    [
        (Kind.THROTTLED, ClientError, 0.0),
        (Kind.BROKEN, ClientError, 0.0),
        (Kind.UNREACHABLE, ConnectTimeoutError, CONNECT_SECONDS),
        (Kind.UNANSWERED, ReadTimeoutError, READ_SECONDS),
        (Kind.RESET, ConnectionClosedError, 0.0),
        (Kind.HALF_READ, ConnectionClosedError, 0.0),
    ],
)
def test_what_strikes_every_attempt_fails_the_call_and_takes_its_time(
    where: Stage, kind: Kind, error: type[Exception], seconds: float
) -> None:
    disturbed = Disturbed(where, Fault(kind=kind, reach=Session.CALL, choice=50))
    begun = where.cloud.now
    with pytest.raises(error):
        disturbed.names()
    ((attempt, lost),) = disturbed.traffic.lost.values()
    assert (attempt.operation, lost) == ("ListCertificates", kind)
    assert disturbed.traffic.struck == {kind: ATTEMPTS}
    assert where.cloud.now - begun >= timedelta(seconds=seconds * ATTEMPTS)


def test_a_page_that_aws_did_not_write_is_also_a_server_error(where: Stage) -> None:
    disturbed = Disturbed(where, Fault(kind=Kind.BROKEN, reach=Session.CALL, choice=5))
    with pytest.raises(ClientError, match="502"):
        disturbed.names()


@pytest.mark.parametrize("kind", [Kind.EXPIRED, Kind.DENIED])
def test_what_is_refused_is_not_asked_again(where: Stage, kind: Kind) -> None:
    disturbed = Disturbed(where, Fault(kind=kind))
    with pytest.raises(ClientError):
        disturbed.names()
    assert disturbed.traffic.struck == {kind: 1}
    assert disturbed.names() == {"a.example.com"}


@pytest.mark.parametrize("kind", [Kind.UNANSWERED, Kind.RESET, Kind.KILLED])
@pytest.mark.parametrize("late", [False, True])
def test_a_late_fault_strikes_when_aws_has_done_what_was_asked_for(
    where: Stage, kind: Kind, *, late: bool
) -> None:
    fault = Fault(kind=kind, aim=Aim.WRITES, reach=Session.CALL, late=late)
    disturbed = Disturbed(where, fault)
    with pytest.raises((ConnectionClosedError, ConnectTimeoutError, KilledError, ReadTimeoutError)):
        disturbed.acm.request_certificate(DomainName="b.example.com", IdempotencyToken="b")
    made = [entry for entry in where.cloud.certificates.all() if entry.names == ("b.example.com",)]
    assert len(made) == late


def test_a_stale_answer_is_what_was_true_a_moment_ago(where: Stage) -> None:
    disturbed = Disturbed(where, Fault(kind=Kind.STALE, at=2, reach=Session.SERVICE))
    disturbed.names()
    where.cloud.certificates.add(domain_name="b.example.com")
    assert disturbed.names() == {"a.example.com"}
    where.cloud.now += STALE_FOR
    assert disturbed.names() == {"a.example.com", "b.example.com"}
    assert disturbed.traffic.struck == {Kind.STALE: 1}


def test_a_new_certificate_may_be_unknown_for_some_seconds(where: Stage) -> None:
    disturbed = Disturbed(where, Fault(kind=Kind.STALE, reach=Session.SERVICE))
    arn = disturbed.acm.request_certificate(DomainName="b.example.com")["CertificateArn"]
    with pytest.raises(disturbed.acm.exceptions.ResourceNotFoundException):
        disturbed.acm.describe_certificate(CertificateArn=arn)
    where.cloud.now += UNKNOWN_FOR
    found = disturbed.acm.describe_certificate(CertificateArn=arn)
    assert found["Certificate"]["CertificateArn"] == arn


def test_a_refusal_may_quote_what_was_sent(where: Stage) -> None:
    bundle = issued(where.cloud.now + timedelta(days=90), "shop.example.com")
    disturbed = Disturbed(where, Fault(kind=Kind.BROKEN, reach=Session.CALL, choice=1))
    with pytest.raises(ClientError, match="PRIVATE KEY"):
        disturbed.acm.import_certificate(
            Certificate=bundle.certificate, PrivateKey=bundle.private_key
        )


def test_credentials_that_were_handed_out_are_known_as_secrets(where: Stage) -> None:
    Disturbed(where)
    role = "arn:aws:iam::222222222222:role/certificates"
    where.clients.any("acm", HOME, role).list_certificates()
    assert where.network.secrets
