"""A drill proves what a renewal needs, and leaves everything as it was, whatever happens to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from certificate_lifecycle.app.imports import Sources
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.acmpca import Authorities
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.dynamodb import DynamoLedger
from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns
from certificate_lifecycle.aws.secretsmanager import SecretsManagerImports
from certificate_lifecycle.cli.drill import Drill, Plan, Rehearsal, rehearsal_entry
from certificate_lifecycle.core.drill import DRILL_TAG, Answer, Outcome
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.replacement import DAILY_REQUESTS, Journal, ReplacementState
from certificate_lifecycle.core.timing import Thresholds
from tests.integration.effects import USED, ending_in, put_records
from tests.integration.invocation import (
    Function,
    KilledError,
    Wire,
    kill,
    recorded,
    scheduled,
    writes,
)
from tests.integration.public_dns import EmbeddedDns
from tests.support.cloud import Cloud
from tests.support.imports import imported, issued

pytestmark = pytest.mark.integration

PLACE = Place("123456789012", "eu-west-1")
NAMES = ["*.example.com", "www.example.com"]


@dataclass
class SimulatedClock:
    """A terminal's clock, which moves the embedded AWS's on by sleeping."""

    cloud: Cloud
    ends: datetime

    def remaining(self) -> float:
        return (self.ends - self.cloud.now).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.cloud.advance(seconds=seconds)


@dataclass
class Drilling:
    """Carries out drills as the command does, without asking."""

    cloud: Cloud
    public: EmbeddedDns
    clients: Clients
    limit: timedelta = timedelta(minutes=15)
    table: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def ledger(self) -> DynamoLedger | None:
        """Return the ledger as a command reads it: once, and never again."""
        if self.table is None:
            return None
        return DynamoLedger(self.clients.dynamodb("eu-west-1"), self.table, PLACE)

    def drill(self) -> Drill:
        clock = SimulatedClock(self.cloud, self.cloud.now + timedelta(days=30))
        return Drill(
            certificates=AcmCertificates(self.clients.acm("eu-west-1")),
            dns=Route53Dns(HostedZones(self.clients.route53), ()),
            public=lambda: self.public,
            clock=clock,
            ledger=self.ledger(),
            stores=[Authorities(lambda: self.clients.acm_pca("eu-west-1"))],
            sources=Sources(
                secrets=SecretsManagerImports(self.clients.secretsmanager),
                secret_arns=self.secrets,
            ),
            thresholds=Thresholds(),
            limit=self.limit,
            current_time=lambda: self.cloud.now,
            tell=self.said.append,
        )

    def plan(self, arn: str) -> Plan:
        drill = self.drill()
        everything = list(drill.certificates.list_all())
        return drill.plan(next(each for each in everything if each.arn == arn), everything)

    def __call__(self, arn: str) -> Rehearsal:
        rehearsal = Rehearsal(plan=self.plan(arn))
        self.drill().carry_out(rehearsal)
        return rehearsal


@pytest.fixture(scope="session")
def one_set_of_clients() -> dict[str, Clients]:
    return {}


@pytest.fixture
def drilling(
    cloud: Cloud,
    environment: pytest.MonkeyPatch,  # noqa: ARG001 - clients are made in it
    one_set_of_clients: dict[str, Clients],
) -> Drilling:
    if cloud.url not in one_set_of_clients:
        one_set_of_clients[cloud.url] = Clients("eu-west-1")
    return Drilling(cloud, EmbeddedDns(cloud), one_set_of_clients[cloud.url])


@pytest.fixture
def zone(cloud: Cloud) -> str:
    return cloud.zones.add("example.com")


@pytest.fixture
def shop(cloud: Cloud, zone: str) -> str:
    """Put a certificate that ACM renews, with its records in place."""
    arn = cloud.certificates.add(
        domain_name="shop.example.com", alternative_names=NAMES, **USED, **ending_in(cloud, 100)
    )
    put_records(cloud, zone, arn)
    return arn


@pytest.fixture
def ledger(drilling: Drilling, ledger_table: str) -> DynamoLedger:
    """Let there be the ledger of a deployed instance."""
    drilling.table = ledger_table
    made = drilling.ledger()
    assert made is not None
    return made


def outcomes(rehearsal: Rehearsal) -> dict[str, str]:
    steps = [*rehearsal.plan.steps, *rehearsal.steps]
    return {step.name: step.outcome.value for step in steps}


def text(rehearsal: Rehearsal, name: str) -> str:
    steps = [*rehearsal.plan.steps, *rehearsal.steps]
    return next(step.text for step in steps if step.name == name)


def arns(cloud: Cloud) -> set[str]:
    return {each.arn for each in cloud.certificates.all()}


# --- What it proves -------------------------------------------------------------------------------


def test_a_renewal_that_would_work_is_rehearsed_end_to_end(
    drilling: Drilling, cloud: Cloud, shop: str, zone: str
) -> None:
    before = cloud.zones.records(zone)
    cloud.certificates.issuance_delay = timedelta(minutes=4)
    cloud.forget_calls()

    rehearsal = drilling(shop)

    assert rehearsal.answer is Answer.YES
    assert outcomes(rehearsal) == dict.fromkeys(
        (
            *("eligibility", "validation records", "delegation", "public DNS", "CAA"),
            *("request", "issuance", "comparison"),
        ),
        "passed",
    )
    assert writes(cloud.calls) == ["RequestCertificate", "DeleteCertificate"]
    assert arns(cloud) == {shop}
    assert cloud.zones.records(zone) == before
    seconds = {step.name: step.seconds for step in rehearsal.steps}
    assert 240 <= seconds["issuance"] < 260
    assert len(rehearsal.deleted) == 1


def test_a_twin_has_the_same_names_another_key_and_a_tag_that_says_what_it_is_for(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    drilling(shop)
    (request,) = [call for call in cloud.calls if call.operation == "RequestCertificate"]
    wanted = request.parameters
    assert [wanted["DomainName"], *wanted["SubjectAlternativeNames"]] == [
        "shop.example.com",
        *NAMES,
    ]
    assert wanted["KeyAlgorithm"] == "EC_prime256v1"
    assert wanted["Tags"] == [{"Key": DRILL_TAG, "Value": shop}]
    assert "Options" not in wanted


def test_a_record_that_is_missing_is_a_no_without_a_twin(
    drilling: Drilling, cloud: Cloud, shop: str, zone: str
) -> None:
    (name, kind), *_ = cloud.zones.records(zone).keys() & {
        (record.name.removesuffix("."), record.type) for record in cloud.certificates.records(shop)
    }
    cloud.zones.remove(zone, name, kind)

    rehearsal = drilling(shop)

    assert rehearsal.answer is Answer.NO
    assert outcomes(rehearsal)["validation records"] == "failed"
    assert outcomes(rehearsal)["public DNS"] == "failed"
    assert rehearsal.plan.request is None
    assert "a renewal would fail already (validation records" in (rehearsal.plan.refusal or "")
    assert writes(cloud.calls) == []


def test_a_caa_record_that_forbids_amazon_is_a_no_without_a_twin(
    drilling: Drilling, cloud: Cloud, shop: str, zone: str
) -> None:
    cloud.zones.put(zone, "example.com", "CAA", '0 issue "other.example"')
    rehearsal = drilling(shop)
    assert rehearsal.answer is Answer.NO
    assert "do not let Amazon issue for shop.example.com" in text(rehearsal, "CAA")
    assert arns(cloud) == {shop}


def test_what_public_dns_does_not_say_the_twin_finds_out(
    drilling: Drilling, cloud: Cloud, shop: str, zone: str
) -> None:
    cloud.zones.put(zone, "example.com", "CAA", '0 issue "other.example"')
    drilling.public.silent = True

    rehearsal = drilling(shop)

    assert outcomes(rehearsal)["public DNS"] == "unknown"
    assert outcomes(rehearsal)["CAA"] == "unknown"
    assert text(rehearsal, "issuance") == "ACM ended the request with FAILED (CAA_ERROR)."
    assert rehearsal.answer is Answer.NO
    assert arns(cloud) == {shop}


def test_public_dns_that_does_not_answer_leaves_the_answer_partly_known(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    drilling.public.silent = True
    rehearsal = drilling(shop)
    assert outcomes(rehearsal)["issuance"] == "passed"
    assert rehearsal.answer is Answer.PARTLY
    assert arns(cloud) == {shop}


def test_a_zone_that_nobody_is_led_to_keeps_a_renewal_from_working(
    drilling: Drilling, cloud: Cloud, shop: str, zone: str
) -> None:
    """Two zones of one name: the one that is delegated to has no records."""
    other = cloud.zones.add("shop.example.com", account="222222222222")
    assert other != zone
    rehearsal = drilling(shop)
    assert rehearsal.answer is Answer.NO
    assert "leads nowhere" in text(rehearsal, "public DNS")


def test_records_in_a_zone_that_cannot_be_seen_are_fine_if_public_dns_answers(
    drilling: Drilling, cloud: Cloud
) -> None:
    elsewhere = cloud.zones.add("example.net", account="222222222222")
    arn = cloud.certificates.add(domain_name="example.net", **USED, **ending_in(cloud, 100))
    put_records(cloud, elsewhere, arn)
    rehearsal = drilling(arn)
    assert "Public DNS answers all the same." in text(rehearsal, "validation records")
    assert rehearsal.answer is Answer.YES


def test_issuance_that_takes_longer_than_the_limit_is_partly_known_and_the_twin_goes(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    cloud.certificates.issuance_delay = timedelta(hours=1)
    rehearsal = drilling(shop)
    assert text(rehearsal, "issuance") == (
        "ACM has not issued the twin in the 15 minutes that it was given."
    )
    assert rehearsal.answer is Answer.PARTLY
    assert arns(cloud) == {shop}


def test_what_nothing_uses_is_rehearsed_and_told_not_to_be_renewed(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    cloud.certificates.edit(shop, in_use_by=[])
    rehearsal = drilling(shop)
    assert outcomes(rehearsal)["issuance"] == "passed"
    assert outcomes(rehearsal)["eligibility"] == "unknown"
    assert rehearsal.answer is Answer.PARTLY


def test_a_refused_request_says_nothing_sure_about_a_renewal(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    cloud.fail("acm", "RequestCertificate", "LimitExceededException", "too many", times=None)
    rehearsal = drilling(shop)
    assert rehearsal.answer is Answer.PARTLY
    assert "a quota is reached" in text(rehearsal, "request")
    assert rehearsal.left == []


def test_a_twin_that_is_not_what_was_asked_for_is_a_no(
    drilling: Drilling, cloud: Cloud, wire: Wire, shop: str
) -> None:
    def tamper(operation: str) -> None:
        for twin in arns(cloud) - {shop}:
            if operation == "RequestCertificate":
                cloud.certificates.edit(twin, alternative_names=["other.example.com"])

    wire.after = tamper
    rehearsal = drilling(shop)
    assert "it lacks *.example.com, www.example.com" in text(rehearsal, "comparison")
    assert rehearsal.answer is Answer.NO


def test_a_record_that_leads_on_through_other_names_is_followed(
    drilling: Drilling, cloud: Cloud, zone: str
) -> None:
    arn = cloud.certificates.add(domain_name="api.example.com", **USED, **ending_in(cloud, 100))
    (record,) = cloud.certificates.records(arn)
    cloud.zones.put(zone, record.name, "CNAME", "acme.example.net.")
    elsewhere = cloud.zones.add("example.net")
    cloud.zones.put(elsewhere, "acme.example.net", "CNAME", record.value)
    step = next(each for each in drilling.plan(arn).steps if each.name == "public DNS")
    assert step.outcome is Outcome.PASSED


# --- What it must not confuse ---------------------------------------------------------------------


def test_no_twin_is_requested_that_a_run_could_take_for_a_successor(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    failing = cloud.certificates.add(
        domain_name="www.example.com",
        key_algorithm="EC_prime256v1",
        renews=False,
        **USED,
        **ending_in(cloud, 9),
    )
    rehearsal = drilling(shop)
    assert rehearsal.plan.refusal == (f"a run could take the twin for the successor of {failing}")
    assert rehearsal.answer is Answer.PARTLY
    assert writes(cloud.calls) == []


def test_a_twin_that_became_a_successor_on_record_is_never_deleted(
    drilling: Drilling, cloud: Cloud, shop: str, ledger: DynamoLedger
) -> None:
    twin = leave_behind(drilling, cloud, shop)
    journal = Journal(
        certificate_arn="arn:aws:acm:eu-west-1:123456789012:certificate/old",
        state=ReplacementState.ISSUED,
        started_at=cloud.now,
        successor_arn=twin,
    )
    ledger.claim(journal, "run", cloud.now, cloud.now)
    rehearsal = drilling(shop)
    assert [left.arn for left in rehearsal.left] == [twin]
    assert "it is the successor of" in rehearsal.left[0].why
    assert twin in arns(cloud)


def test_a_twin_that_something_uses_is_left_and_told(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    cloud.fail("acm", "DeleteCertificate", "ResourceInUseException", "in use")
    rehearsal = drilling(shop)
    (left,) = rehearsal.left
    assert left.why == "something uses it"
    assert arns(cloud) == {shop, left.arn}
    assert rehearsal.answer is Answer.YES

    assert drilling(shop).left == []
    assert arns(cloud) == {shop}


def test_twins_that_cannot_be_looked_for_are_told_as_left(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    rehearsal = Rehearsal(plan=drilling.plan(shop))
    cloud.fail("acm", "ListCertificates", "AccessDeniedException", "not today")
    drilling.drill().carry_out(rehearsal)
    (left,) = rehearsal.left
    assert "AccessDeniedException" in left.why
    assert arns(cloud) == {shop, left.arn}


def test_a_certificate_that_looks_like_a_twin_and_is_none_stays(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    alike: dict[str, Any] = {"domain_name": "shop.example.com", "alternative_names": NAMES}
    other = cloud.certificates.add(
        **alike, key_algorithm="EC_prime256v1", tags={DRILL_TAG: "arn:of-another"}, **USED
    )
    cloud.certificates.edit(other, in_use_by=[])
    plain = cloud.certificates.add(**alike, key_algorithm="EC_prime256v1", tags={}, **USED)
    assert drilling(shop).answer is not Answer.NO
    assert arns(cloud) == {shop, other, plain}


def test_a_twin_that_was_left_behind_is_no_successor_to_any_run(
    drilling: Drilling,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    ledger_table: str,
    rotation: Function,
    shop: str,
    zone: str,
) -> None:
    """Neither by its names nor by its events, even when the certificate itself fails."""
    assert ledger_table
    environment.setenv("REBIND_CONSUMERS", "true")
    cloud.certificates.managed_renewal = False
    twin = leave_behind(drilling, cloud, shop)
    records = cloud.zones.records(zone)
    cloud.certificates.edit(shop, **ending_in(cloud, 5), in_use_by=[])
    cloud.consumers.load_balancer(shop)

    rotation({**recorded("acm_issued"), "resources": [twin]})
    for _ in range(3):
        rotation(scheduled(cloud.now))
        cloud.advance(hours=1)

    (successor,) = arns(cloud) - {shop, twin}
    assert cloud.certificates.get(successor).key_algorithm == "RSA_2048"
    assert cloud.certificates.get(successor).in_use_by or cloud.certificates.users(
        cloud.certificates.get(successor)
    )
    assert cloud.certificates.users(cloud.certificates.get(twin)) == []
    assert cloud.zones.records(zone) == records


# --- The budget -----------------------------------------------------------------------------------


def test_a_twin_counts_towards_the_requests_of_the_day(
    drilling: Drilling, cloud: Cloud, shop: str, ledger: DynamoLedger
) -> None:
    today = cloud.now.date()
    for number in range(DAILY_REQUESTS - 1):
        ledger.take_request(today, f"arn:{number}", DAILY_REQUESTS)
    assert drilling(shop).answer is Answer.YES

    cloud.advance(seconds=1)
    cloud.forget_calls()
    rehearsal = drilling(shop)
    assert "No twin is requested today: 20 other" in text(rehearsal, "request")
    assert rehearsal.answer is Answer.PARTLY
    assert "RequestCertificate" not in [call.operation for call in cloud.calls]


# --- What no twin can rehearse --------------------------------------------------------------------


def test_a_private_certificate_is_rehearsed_with_its_own_ca(
    drilling: Drilling, cloud: Cloud
) -> None:
    cloud.authorities.add(not_after=cloud.now + timedelta(days=900))
    authority = cloud.authorities.add(not_after=cloud.now + timedelta(days=3000))
    arn = cloud.certificates.add(
        domain_name="intern.example",
        type="PRIVATE",
        **USED,
        **ending_in(cloud, 200, lifetime=395),
    )
    cloud.certificates.edit(arn, certificate_authority_arn=authority)
    rehearsal = drilling(arn)
    assert rehearsal.answer is Answer.YES
    assert outcomes(rehearsal) == dict.fromkeys(
        ("eligibility", "private CA", "request", "issuance", "comparison"), "passed"
    )
    (request,) = [call for call in cloud.calls if call.operation == "RequestCertificate"]
    assert request.parameters["CertificateAuthorityArn"] == authority
    assert arns(cloud) == {arn}


def test_a_private_certificate_near_its_end_is_not_given_a_twin(
    drilling: Drilling, cloud: Cloud
) -> None:
    """Its run would take the twin for its successor: the CA issues for one key family only."""
    arn = cloud.certificates.add(
        domain_name="intern.example", type="PRIVATE", renews=False, **USED, **ending_in(cloud, 5)
    )
    rehearsal = drilling(arn)
    assert rehearsal.plan.refusal == f"a run could take the twin for the successor of {arn}"
    assert outcomes(rehearsal)["private CA"] == "unknown"
    assert writes(cloud.calls) == []


UNREHEARSED: dict[str, tuple[dict[str, Any], Answer, str]] = {
    "by e-mail": ({"validation_method": "EMAIL"}, Answer.PARTLY, "only a person can rehearse"),
    "CloudFront's": ({"managed_by": "CLOUDFRONT"}, Answer.PARTLY, "looks after it"),
    "expired": ({"status": "EXPIRED"}, Answer.NO, "its status is expired"),
    "another tool's": ({"tags": {"ManagedBy": "certbot"}}, Answer.PARTLY, "looks after it"),
}


@pytest.mark.parametrize(("facts", "answer", "told"), UNREHEARSED.values(), ids=UNREHEARSED)
def test_what_no_twin_can_rehearse_is_said(
    drilling: Drilling, cloud: Cloud, facts: dict[str, Any], answer: Answer, told: str
) -> None:
    arn = cloud.certificates.add(**facts, **USED, **ending_in(cloud, 100))
    rehearsal = drilling(arn)
    assert rehearsal.answer is answer
    assert told in text(rehearsal, "renewal").lower()
    assert writes(cloud.calls) == []


def test_the_import_source_is_read_and_checked_and_nothing_is_imported(
    drilling: Drilling, cloud: Cloud
) -> None:
    shop = imported(cloud)
    drilling.secrets = {shop.arn: shop.secret_arn}
    shop.write(issued(cloud.now + timedelta(days=90), "shop.example.com").secret())
    before = shop.certificate.serial
    cloud.forget_calls()
    rehearsal = drilling(shop.arn)
    assert rehearsal.answer is Answer.YES
    assert "holds a newer one" in text(rehearsal, "import source")
    assert shop.certificate.serial == before
    assert writes(cloud.calls) == []


def test_a_broken_import_source_is_a_no_and_a_missing_one_for_a_person(
    drilling: Drilling, cloud: Cloud
) -> None:
    shop = imported(cloud)
    assert drilling(shop.arn).answer is Answer.PARTLY
    drilling.secrets = {shop.arn: shop.secret_arn}
    shop.write("no certificate")
    assert drilling(shop.arn).answer is Answer.NO


# --- Killed, overlapped, repeated -----------------------------------------------------------------

#: Calls of an undisturbed drill, see the first test.
CALLS = 14
LATER = [timedelta(0), timedelta(hours=2)]
LATER_IDS = ["at once", "when ACM has forgotten the token"]


def leave_behind(drilling: Drilling, cloud: Cloud, shop: str) -> str:
    """Let a drill end without deleting its twin."""
    cloud.fail("acm", "DeleteCertificate", "ThrottlingException", times=None)
    drilling(shop)
    cloud.mend()
    (twin,) = arns(cloud) - {shop}
    return twin


def test_an_undisturbed_drill_makes_as_many_calls_as_are_disturbed_below(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    drilling(shop)
    assert len(cloud.calls) == CALLS


@pytest.mark.parametrize("later", LATER, ids=LATER_IDS)
@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_a_drill_that_is_killed_leaves_nothing_that_the_next_one_does_not_clear_away(
    drilling: Drilling,
    cloud: Cloud,
    wire: Wire,
    shop: str,
    zone: str,
    number: int,
    later: timedelta,
) -> None:
    before = cloud.zones.records(zone)

    def die() -> None:
        wire.before = lambda _: kill()
        kill()

    wire.strike_after(number, die)
    with pytest.raises(KilledError):
        drilling(shop)
    wire.reset()
    assert len(arns(cloud)) <= 2

    cloud.advance(seconds=later.total_seconds())
    rehearsal = drilling(shop)

    assert rehearsal.answer is Answer.YES
    assert arns(cloud) == {shop}
    assert cloud.zones.records(zone) == before


@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_a_drill_that_runs_whole_inside_another_shares_its_twin_or_deletes_it(
    drilling: Drilling, cloud: Cloud, wire: Wire, shop: str, number: int
) -> None:
    inner: list[Rehearsal] = []
    wire.strike_before(number, lambda: inner.append(drilling(shop)))
    outer = drilling(shop)
    assert [each.answer for each in inner] == [Answer.YES]
    assert outer.answer in (Answer.YES, Answer.PARTLY)
    assert arns(cloud) == {shop}
    assert outer.left == []


@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_a_call_that_aws_refuses_leaves_no_twin_that_is_not_told(
    drilling: Drilling, cloud: Cloud, shop: str, number: int
) -> None:
    counted = 0

    def strikes(_: Mapping[str, Any]) -> bool:
        nonlocal counted
        counted += 1
        return counted == number

    for service in ("acm", "route53"):
        cloud.fail(service, "*", "AccessDenied", "not today", times=None, when=strikes)
    rehearsals: list[Rehearsal] = []
    try:
        rehearsals.append(Rehearsal(plan=drilling.plan(shop)))
        drilling.drill().carry_out(rehearsals[0])
    except ClientError:
        pass
    left = {each.arn for rehearsal in rehearsals for each in rehearsal.left}
    assert arns(cloud) - {shop} == left

    cloud.mend()
    assert drilling(shop).answer is Answer.YES
    assert arns(cloud) == {shop}


def test_a_drill_can_be_repeated_at_once(drilling: Drilling, cloud: Cloud, shop: str) -> None:
    for _ in range(3):
        assert drilling(shop).answer is Answer.YES
        assert arns(cloud) == {shop}


def test_a_twin_that_was_deleted_elsewhere_is_not_waited_for(
    drilling: Drilling, cloud: Cloud, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACM may answer an hour long with a twin that another drill has deleted."""
    rehearsal = Rehearsal(plan=drilling.plan(shop))
    drill = drilling.drill()
    gone = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    answers = [gone, gone]
    request = drill.certificates.request
    # The embedded ACM forgets the token of what was deleted; whether ACM does is not known.
    monkeypatch.setattr(
        drill.certificates,
        "request",
        lambda wanted: answers.pop() if answers else request(wanted),
    )
    drill.carry_out(rehearsal)
    assert rehearsal.answer is Answer.YES
    assert arns(cloud) == {shop}


def test_a_twin_is_given_up_if_acm_knows_deleted_ones_only(
    drilling: Drilling, cloud: Cloud, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    rehearsal = Rehearsal(plan=drilling.plan(shop))
    drill = drilling.drill()
    monkeypatch.setattr(drill.certificates, "request", lambda _: gone)
    drill.carry_out(rehearsal)
    assert "ACM answers with twins that were deleted" in text(rehearsal, "request")
    assert rehearsal.answer is Answer.PARTLY
    assert rehearsal.left == []
    assert arns(cloud) == {shop}


def test_a_twin_that_vanishes_while_it_is_waited_for_leaves_the_answer_open(
    drilling: Drilling, cloud: Cloud, wire: Wire, shop: str
) -> None:
    cloud.certificates.issuance_delay = timedelta(minutes=5)
    described: list[str] = []

    def delete(operation: str) -> None:
        (twin, *_) = [*(arns(cloud) - {shop}), None]
        if operation == "DescribeCertificate" and twin is not None:
            described.append(operation)
            if len(described) == 3:
                cloud.client("acm").delete_certificate(CertificateArn=twin)

    wire.before = delete
    rehearsal = drilling(shop)
    assert text(rehearsal, "issuance").startswith("Somebody deleted the twin")
    assert rehearsal.answer is Answer.PARTLY
    assert arns(cloud) == {shop}


def test_a_leftover_that_acm_has_ended_is_deleted_and_another_twin_requested(
    drilling: Drilling, cloud: Cloud, shop: str
) -> None:
    twin = leave_behind(drilling, cloud, shop)
    cloud.certificates.edit(twin, status="FAILED", failure_reason="CAA_ERROR")
    rehearsal = drilling(shop)
    assert rehearsal.answer is Answer.YES
    assert twin in rehearsal.deleted
    assert len(rehearsal.deleted) == 2
    assert arns(cloud) == {shop}


def test_a_drill_is_plain_data(drilling: Drilling, shop: str) -> None:
    entry = rehearsal_entry(drilling(shop), carried_out=True)
    assert entry["certificate_arn"] == shop
    assert entry["answer"] == "yes"
    assert {step["outcome"] for step in entry["steps"]} == {Outcome.PASSED.value}
