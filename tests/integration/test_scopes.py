"""Several accounts and regions: all is found, nothing is invented, and no failure is silent."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.integration.breakage import WAYS, Breakage
from tests.integration.effects import USED, documents, ending_in
from tests.integration.invocation import NOW, Function, Wire, make_ledger, scheduled

pytestmark = pytest.mark.integration

REGIONS = ("ap-southeast-2", "eu-west-1", "sa-east-1", "us-east-1")
ACCOUNTS = (DEFAULT_ACCOUNT, "222222222222", "333333333333")
SCOPES = tuple(itertools.product(ACCOUNTS, REGIONS))
MEMBERS = [
    {
        "account_id": account,
        "role_name": "certificates",
        "external_id": "x-1",
        "rotation_mode": "replace",
        "unmanaged_rotation_mode": "replace",
    }
    for account in ACCOUNTS[1:]
]


@pytest.fixture
def everywhere(rotation: Function, environment: pytest.MonkeyPatch, cloud: Cloud) -> Function:
    """Configure three accounts and four regions."""
    environment.setenv("REGIONS", json.dumps(REGIONS))
    environment.setenv("ACCOUNTS", json.dumps(MEMBERS))
    cloud.certificates.managed_renewal = False
    cloud.certificates.page_size = 1000
    return rotation


# --- Recall and precision ---------------------------------------------------------------------

KEYS = (
    *("RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096"),
    *("EC_prime256v1", "EC_secp384r1", "EC_secp521r1"),
)
ENDED = ("EXPIRED", "REVOKED")
UNISSUED = ("PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED")
RENEWALS = (None, "PENDING_AUTO_RENEWAL", "PENDING_VALIDATION", "SUCCESS", "FAILED")
NEAR, FAR = 20, 150


@dataclass(frozen=True)
class Seed:
    """One combination and its expected verdict."""

    type: str
    status: str
    key: str
    usage: str
    renewal: str | None
    days: int

    @property
    def used(self) -> bool:
        return self.usage != "unused"

    @property
    def truth(self) -> str | None:
        """The verdict that a person would give who knew everything; None if all is well.

        What ACM issues is renewed while it is used, from 45 days before the end (60 for private
        certificates), and should be done 30 days before it; the rest is its owner's business.
        """
        if self.status != "ISSUED":
            return self._unissued()
        if self.type == "IMPORTED":
            return "ImportDue" if self.days == NEAR else None
        if not self.used:
            return "Unused"
        return self._renewed() if self.days == NEAR else None

    def _unissued(self) -> str:
        # None of them is in order; which of them is urgent is another question.
        return {
            "PENDING_VALIDATION": "PendingValidation",
            "VALIDATION_TIMED_OUT": "RequestFailed",
            "FAILED": "RequestFailed",
            "INACTIVE": "Unknown",
            "EXPIRED": "Expired",
            "REVOKED": "Revoked",
        }[self.status]

    def _renewed(self) -> str:
        if self.renewal == "FAILED":
            return "RenewalOverdue"
        if self.renewal == "PENDING_VALIDATION":
            return "RenewalBlocked"
        if self.usage == "exported":
            return "ExportDue"
        return "RenewalOverdue"

    def plant(self, cloud: Cloud, account: str, region: str, number: int) -> str:
        details: dict[str, Any] = {}
        if self.usage == "in use":
            details |= USED
        if self.usage == "exported":
            details |= {"exported": True}
            details |= {"export_option": "ENABLED"} if self.type == "AMAZON_ISSUED" else {}
        if self.renewal is not None:
            details["renewal_status"] = self.renewal
        if self.status in ENDED:
            details |= ending_in(cloud, -5)
        elif self.status not in UNISSUED:
            details |= ending_in(cloud, self.days)
        else:
            details["created_at"] = cloud.now - timedelta(hours=2)
        return cloud.certificates.add(
            account=account,
            region=region,
            domain_name=f"n{number}.example.com",
            type=self.type,
            status=self.status,
            key_algorithm=self.key,
            **details,
        )


def combinations() -> Iterator[Seed]:
    """Yield every possible combination: only issued certificates are renewed or exported."""
    for kind, key in itertools.product(("AMAZON_ISSUED", "PRIVATE", "IMPORTED"), KEYS):
        for status in (*UNISSUED, *ENDED, "INACTIVE"):
            for usage in ("unused", "in use"):
                yield Seed(kind, status, key, usage, None, FAR)
        usages = ("unused", "in use") if kind == "IMPORTED" else ("unused", "in use", "exported")
        renewals = (None,) if kind == "IMPORTED" else RENEWALS
        for usage, renewal, days in itertools.product(usages, renewals, (NEAR, FAR)):
            yield Seed(kind, "ISSUED", key, usage, renewal, days)


def test_every_problem_is_found_and_nothing_else(everywhere: Function, cloud: Cloud) -> None:
    """Bugs 29, 30, 35, 50 and 51."""
    seeds = list(combinations())
    truth: dict[str, str | None] = {}
    for number, (seed, scope) in enumerate(zip(seeds, itertools.cycle(SCOPES), strict=False)):
        truth[seed.plant(cloud, *scope, number)] = seed.truth
    found = everywhere({"rotation_mode": "notify"})
    verdicts = {f["certificate_arn"]: f["verdict"] for f in found["findings"]}
    expected = {arn: verdict for arn, verdict in truth.items() if verdict is not None}
    assert verdicts == expected
    assert sum(found["counts"].values()) == len(seeds)
    assert {scope["status"] for scope in found["scopes"]} == {"ok"}
    assert [(s["account_id"], s["region"]) for s in found["scopes"]] == list(SCOPES)


def test_no_account_or_region_is_left_out_of_an_estate_of_thousands(
    everywhere: Function, cloud: Cloud
) -> None:
    """Every scope has one that is due among hundreds that are well."""
    due = set()
    for (account, region), number in itertools.product(SCOPES, range(100)):
        ends = ending_in(cloud, NEAR if number == 57 else FAR)
        arn = cloud.certificates.add(
            account=account,
            region=region,
            type="IMPORTED",
            domain_name=f"n{number}.example.com",
            **USED,
            **ends,
        )
        due |= {arn} if number == 57 else set()
    found = everywhere(scheduled(NOW))
    assert {f["certificate_arn"] for f in found["findings"]} == due
    assert found["counts"] == {"Healthy": 99 * len(SCOPES), "ImportDue": len(SCOPES)}


# --- Failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_scope_that_fails_leaves_all_others_complete_and_is_seen_everywhere(
    way: str,
    everywhere: Function,
    cloud: Cloud,
    wire: Wire,
    topic: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    due = {
        scope: cloud.certificates.add(
            account=scope[0], region=scope[1], type="IMPORTED", **USED, **ending_in(cloud, NEAR)
        )
        for scope in SCOPES
    }
    lost = Breakage(cloud, wire, ACCOUNTS, REGIONS).happen(way)

    with pytest.raises(RotationError) as caught:
        everywhere(scheduled(NOW))

    assert all(f"account {account}, {region}" in str(caught.value) for account, region in lost)
    (document,) = documents(cloud, topic)
    statuses = {(s["account_id"], s["region"]): s["status"] for s in document["scopes"]}
    assert statuses == {scope: "failed" if scope in lost else "ok" for scope in SCOPES}
    told = [f["certificate_arn"] for f in document["findings"] if f["certificate_arn"]]
    assert set(told) == {arn for scope, arn in due.items() if scope not in lost}
    unseen = [f for f in document["findings"] if f["verdict"] == "ScanFailed"]
    assert {(f["account_id"], f["region"]) for f in unseen} == lost
    figures, _ = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert figures["FailedScopes"] == len(lost)
    assert figures["Certificates"] == len(SCOPES) - len(lost)


def test_figures_are_a_document_that_cloudwatch_takes(
    everywhere: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    everywhere(scheduled(NOW))
    figures, _ = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (definition,) = figures["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == "CertificateLifecycle"
    assert definition["Dimensions"] == [["Instance"]]
    assert figures["Instance"] == "certificate-lifecycle"
    assert {metric["Name"] for metric in definition["Metrics"]} <= set(figures)
    assert figures["_aws"]["Timestamp"] == int(NOW.timestamp() * 1000)
    assert figures["FailedScopes"] == 0


# --- Other accounts ---------------------------------------------------------------------------

MEMBER = ACCOUNTS[1]


def member(**changes: object) -> str:
    return json.dumps([{**MEMBERS[0], **changes}])


@pytest.fixture
def with_a_member(rotation: Function, environment: pytest.MonkeyPatch, cloud: Cloud) -> Function:
    """Configure one other account in the function's own region."""
    environment.setenv("ACCOUNTS", member())
    make_ledger(cloud, environment, "eu-west-1")
    return rotation


def blocked(cloud: Cloud) -> str:
    """Make a certificate of the member whose renewal waits for a record."""
    return cloud.certificates.add(
        account=MEMBER, renewal_status="PENDING_VALIDATION", **USED, **ending_in(cloud, NEAR)
    )


def test_the_role_is_assumed_once_with_its_external_id(
    with_a_member: Function, cloud: Cloud
) -> None:
    cloud.certificates.add(account=MEMBER, type="IMPORTED", **USED, **ending_in(cloud, NEAR))
    with_a_member(scheduled(NOW))
    (assumed,) = [call for call in with_a_member.calls if call.operation == "AssumeRole"]
    assert assumed.parameters["RoleArn"] == f"arn:aws:iam::{MEMBER}:role/certificates"
    assert assumed.parameters["ExternalId"] == "x-1"


def test_a_validation_record_of_a_member_is_restored_in_its_own_zone(
    with_a_member: Function, cloud: Cloud
) -> None:
    zone = cloud.zones.add("example.com", account=MEMBER)
    arn = blocked(cloud)
    result = with_a_member(scheduled(NOW))
    (action,) = result["actions"]
    assert (action["certificate_arn"], action["outcome"]) == (arn, "done")
    (change,) = [c for c in with_a_member.calls if c.operation == "ChangeResourceRecordSets"]
    assert (change.account, change.parameters["HostedZoneId"]) == (MEMBER, zone)


def test_a_validation_record_of_a_member_is_restored_in_a_zone_of_the_functions_account(
    with_a_member: Function, cloud: Cloud
) -> None:
    zone = cloud.zones.add("example.com")
    blocked(cloud)
    with_a_member(scheduled(NOW))
    (change,) = [c for c in with_a_member.calls if c.operation == "ChangeResourceRecordSets"]
    assert (change.account, change.parameters["HostedZoneId"]) == (DEFAULT_ACCOUNT, zone)


def test_a_validation_record_of_a_member_is_restored_through_the_role_of_a_zone(
    with_a_member: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    owner = ACCOUNTS[2]
    zone = cloud.zones.add("example.com", account=owner)
    role = f"arn:aws:iam::{owner}:role/acm-validation"
    zones = {"example.com": {"zone_id": zone, "role_arn": role}}
    environment.setenv("HOSTED_ZONES", json.dumps(zones))
    blocked(cloud)
    with_a_member(scheduled(NOW))
    (change,) = [c for c in with_a_member.calls if c.operation == "ChangeResourceRecordSets"]
    assert change.account == owner


def test_a_certificate_of_a_member_is_replaced_and_its_consumers_move(
    with_a_member: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REBIND_CONSUMERS", "true")
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "1")
    environment.setenv("ACCOUNTS", member(rebind_consumers=True))
    cloud.zones.add("example.com", account=MEMBER)
    old = cloud.certificates.add(account=MEMBER, renews=False, **ending_in(cloud, 5))
    listener = cloud.consumers.load_balancer(old)
    for _ in range(3):
        with_a_member(scheduled(cloud.now))
        cloud.advance(days=2)
    (new,) = [c for c in cloud.certificates.all() if c.arn != old]
    assert (new.account, new.status) == (MEMBER, "ISSUED")
    assert new.tags["certificate-lifecycle:replaces"] == old
    assert cloud.consumers.listener_certificates(listener) == (new.arn, [])
    # A replaced certificate in another account is deleted by its owner.
    assert old in {certificate.arn for certificate in cloud.certificates.all()}


def test_no_consumer_is_rebound_in_an_account_that_does_not_allow_it(
    with_a_member: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REBIND_CONSUMERS", "true")
    cloud.zones.add("example.com", account=MEMBER)
    old = cloud.certificates.add(account=MEMBER, renews=False, **ending_in(cloud, 5))
    cloud.consumers.load_balancer(old)
    for _ in range(2):
        with_a_member(scheduled(cloud.now))
        cloud.advance(days=1)
    assert "ModifyListener" not in with_a_member.operations
    assert "RequestCertificate" not in with_a_member.operations


@pytest.mark.parametrize(("mode", "written"), [("notify", 0), ("repair", 1), ("replace", 1)])
def test_a_member_is_changed_no_more_than_it_allows(
    mode: str,
    written: int,
    with_a_member: Function,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("ACCOUNTS", member(rotation_mode=mode))
    cloud.zones.add("example.com", account=MEMBER)
    cloud.zones.add("example.org", account=MEMBER)
    blocked(cloud)
    cloud.certificates.add(
        account=MEMBER, domain_name="example.org", renews=False, **USED, **ending_in(cloud, 5)
    )
    with_a_member(scheduled(NOW))
    made = Counter(with_a_member.operations)
    assert made["ChangeResourceRecordSets"] >= written
    assert (made["ChangeResourceRecordSets"] > 0) is (written > 0)
    assert made["RequestCertificate"] == (mode == "replace")


def test_the_records_of_a_member_are_separate(
    with_a_member: Function, cloud: Cloud, topic: str
) -> None:
    here, there = (
        cloud.certificates.add(account=account, type="IMPORTED", **USED, **ending_in(cloud, NEAR))
        for account in (DEFAULT_ACCOUNT, MEMBER)
    )
    with_a_member(scheduled(NOW))
    with_a_member(scheduled(NOW))
    assert len(cloud.topics.messages(topic)) == 1
    table = cloud.client("dynamodb").scan(TableName="certificate-lifecycle-ledger")["Items"]
    entries = {(item["scope"]["S"], item["entry"]["S"]) for item in table}
    remembered = {entry for entry in entries if entry[1].startswith("remembered#")}
    assert entries - remembered == {
        (f"{DEFAULT_ACCOUNT}/eu-west-1", f"told#{here}"),
        (f"{DEFAULT_ACCOUNT}/eu-west-1", "message#last"),
        (f"{MEMBER}/eu-west-1", f"told#{there}"),
    }
    places = {f"{account}/eu-west-1" for account in (DEFAULT_ACCOUNT, MEMBER)}
    assert {place for place, _ in remembered} == places


# --- Clients ----------------------------------------------------------------------------------


@pytest.fixture
def made(wire: Wire) -> Callable[[], list[str]]:
    """Count the clients that are made."""
    services: list[str] = []
    wire.making = services.append
    return lambda: sorted(services)


def test_a_run_that_finds_nothing_makes_clients_for_acm_iam_sns_and_ssm_and_none_else(
    rotation: Function, made: Callable[[], list[str]], cloud: Cloud
) -> None:
    cloud.certificates.add(**USED, **ending_in(cloud, FAR))
    rotation(scheduled(NOW))
    assert made() == ["acm", "iam", "sns", "ssm"]


def test_each_service_and_scope_has_one_client(
    everywhere: Function, made: Callable[[], list[str]], cloud: Cloud
) -> None:
    for account, region in SCOPES:
        cloud.certificates.add(
            account=account, region=region, type="IMPORTED", **USED, **ending_in(cloud, NEAR)
        )
    # Load balancers of another account than the certificate's are AWS's own.
    everywhere(scheduled(NOW))
    assert Counter(made()) == {
        "acm": len(SCOPES),
        "iam": len(ACCOUNTS),
        "elastic-load-balancing-v2": len(REGIONS),
        "api-gateway": len(SCOPES) - len(REGIONS),
        "sts": 1,
        "sns": 1,
        "ssm": 1,
    }
