"""A renewal that would fail is found within a week, long before ACM tries it.

An estate of healthy certificates runs for two weeks. Trouble of many kinds begins on several days:
each has to be named in time, nothing else may be, and mode repair writes what it can.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import SECOND, Gateway, HostedZones, failing, without_https
from tests.embedded_aws.zones import holds
from tests.integration.effects import OURS, USED, documents, ending_in, put_records, wanted_records
from tests.integration.invocation import Function, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients", "ledger_table")]

OTHER_PROVIDER = "210987654321"
SERVERS = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")
FORBIDDING = '0 issue "letsencrypt.org"'
#: Days after which a finding has to be there, and on which trouble begins.
WEEK, BEGINNINGS = 7, (0, 1, 3)
N2: Mapping[str, Any] = {"root_hierarchy": "N2_AMAZON_MANAGED"}


@dataclass
class Estate:
    """Healthy certificates in use, each with a name in a zone of its kind.

    `members` are the ARNs by kind, `zones` the zones by kind.
    """

    cloud: Cloud
    gateway: Gateway
    public: HostedZones
    members: dict[str, list[str]] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        kind: str,
        count: int,
        *names: str,
        account: str = "123456789012",
        days: float = 150,
        lifetime: float = 198,
        **fields: Any,  # noqa: ANN401 - the fields of a certificate
    ) -> None:
        """Add certificates with their validation records; `{}` in a name is their number."""
        zone_name = self.zone_name(kind)
        zone = self.zones[kind] = self.cloud.zones.add(zone_name, account=account)
        self.members[kind] = []
        for number in range(count):
            first, *others = [
                f"{name.format(number)}.{zone_name}" for name in names or ("host-{}",)
            ]
            dates = ending_in(self.cloud, days, lifetime=lifetime)
            arn = self.cloud.certificates.add(
                domain_name=first,
                alternative_names=others,
                **{**USED, **OURS, **dates, **fields},
            )
            put_records(self.cloud, zone, arn)
            self.members[kind].append(arn)

    @staticmethod
    def zone_name(kind: str) -> str:
        return f"{kind.replace(' ', '-').lower()}.example.com"

    def names(self, kind: str) -> list[str]:
        return [self.cloud.certificates.get(arn).domain_name for arn in self.members[kind]]

    def remove_records(self, kind: str) -> None:
        for arn in self.members[kind]:
            name, record_type = max(wanted_records(self.cloud, arn))
            self.cloud.zones.remove(self.zones[kind], name, record_type)

    def point_records(self, kind: str, target: str) -> None:
        for name, record_type in wanted_records(self.cloud, *self.members[kind]):
            self.cloud.zones.put(self.zones[kind], name, record_type, target)

    def put_caa(self, kind: str, names: list[str]) -> None:
        for name in names:
            self.cloud.zones.put(self.zones[kind], name, "CAA", FORBIDDING)

    def move_delegation(self, kind: str, *, records: bool) -> None:
        self.public.records[self.zone_name(kind), "NS"] = SERVERS
        if records:
            return
        for name, record_type in wanted_records(self.cloud, *self.members[kind]):
            self.public.records[name, record_type] = ()

    def delete_zone(self, kind: str) -> None:
        self.cloud.zones.delete(self.zones[kind])

    def recreate_zone(self, kind: str) -> None:
        """Create a zone again, which has other name servers that nobody delegates to."""
        self.delete_zone(kind)
        self.zones[kind] = self.cloud.zones.add(self.zone_name(kind), delegated=False)

    def add_twin(self, kind: str) -> None:
        """Create an empty zone of the same name, without a delegation."""
        self.cloud.zones.add(self.zone_name(kind), delegated=False)

    def lose_with_twin(self, kind: str) -> None:
        self.add_twin(kind)
        self.remove_records(kind)

    def silence(self, kind: str) -> None:
        """Let a resolver fail for all names of a kind, whose records are gone, too."""
        self.remove_records(kind)
        self.gateway.lies[SECOND] = lambda query, response: (
            failing(query, response) if holds(self.zone_name(kind), query.name) else response
        )

    def cut(self, kind: str) -> None:
        for name in self.names(kind):
            self.cloud.zones.put(self.zones[kind], name, "NS", *SERVERS)

    def lead_to_caa(self, kind: str) -> None:
        for name in self.names(kind):
            self.cloud.zones.put(self.zones[kind], name, "CNAME", "front.cdn.example.net")
        self.public.records["front.cdn.example.net", "CAA"] = (FORBIDDING,)


Plant = Callable[[Estate, str], None]


@dataclass(frozen=True)
class Kind:
    """A kind of trouble: the certificates, how it begins, and the reason of the finding."""

    plant: Plant
    reason: str
    repaired: bool = False
    names: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    begins: int | None = None


def lost(*names: str, begins: int | None = None, **fields: Any) -> Kind:  # noqa: ANN401 - the fields of a certificate
    """Return the kind whose record is removed from our zone."""
    plant, reason = Estate.remove_records, "ValidationRecordMissing"
    return Kind(plant, reason, repaired=True, names=names, fields=fields, begins=begins)


KINDS: Mapping[str, Kind] = {
    "record removed": lost(),
    "record of a wildcard removed": lost("*.host-{}"),
    "record of one of five names removed": lost("a-{}", "b-{}", "c-{}", "d-{}", "e-{}"),
    "record of an N2 certificate removed": lost(**N2),
    "record of an exported certificate removed": lost(exported=True, export_option="ENABLED"),
    "record of 47 days removed": lost(days=40, lifetime=47),
    "record of 395 days removed": lost(days=300, lifetime=395),
    "record of an ECDSA key removed": lost(key_algorithm="EC_prime256v1"),
    "record of another owner removed": lost(tags={"Owner": "web"}),
    "record of an unmarked certificate removed": lost(tags={}),
    "record of one of 100 names removed": lost(*(f"host-{{}}-{n}" for n in range(100))),
    # ACM renews it on the second day.
    "record of a renewed certificate removed": lost(days=46, begins=3),
    "zone deleted": Kind(Estate.delete_zone, "ValidationRecordMissing"),
    "zone created again": Kind(Estate.recreate_zone, "ValidationRecordMissing"),
    "record removed and a second zone": Kind(Estate.lose_with_twin, "ZoneAmbiguous"),
    "record outdated": Kind(
        lambda estate, kind: estate.point_records(kind, "_0.old.acm-validations.aws."),
        "ValidationRecordWrong",
        repaired=True,
    ),
    "record replaced": Kind(
        lambda estate, kind: estate.point_records(kind, "parking.example.net."),
        "ValidationRecordWrong",
    ),
    "record elsewhere removed": Kind(
        Estate.remove_records, "ValidationRecordMissing", fields={"account": OTHER_PROVIDER}
    ),
    "record elsewhere replaced": Kind(
        lambda estate, kind: estate.point_records(kind, "parking.example.net."),
        "ValidationRecordWrong",
        fields={"account": OTHER_PROVIDER},
    ),
    "zone moved without records": Kind(
        lambda estate, kind: estate.move_delegation(kind, records=False), "ZoneNotDelegated"
    ),
    "name delegated": Kind(Estate.cut, "NameDelegated"),
    "CAA at the name": Kind(lambda e, kind: e.put_caa(kind, e.names(kind)), "CaaForbids"),
    "CAA at the zone": Kind(lambda e, kind: e.put_caa(kind, [e.zone_name(kind)]), "CaaForbids"),
    "CAA behind a CNAME": Kind(Estate.lead_to_caa, "CaaForbids"),
    "DNSSEC broken": Kind(lambda e, kind: e.public.bogus.add(e.zone_name(kind)), "DnssecBroken"),
}
#: Certificates that have the same trouble and whose renewal it does not endanger.
DECOYS: Mapping[str, tuple[Plant, Mapping[str, Any]]] = {
    "unused": (Estate.remove_records, {"in_use_by": []}),
    "imported": (lambda _, __: None, {"type": "IMPORTED"}),
    "expired": (Estate.remove_records, {"status": "EXPIRED", "in_use_by": [], "days": -3}),
    "managed by CloudFront": (Estate.remove_records, {"managed_by": "CLOUDFRONT"}),
    "zone moved with its records": (lambda e, kind: e.move_delegation(kind, records=True), {}),
    "unknown answers": (Estate.silence, {"account": OTHER_PROVIDER}),
    "a second zone": (Estate.add_twin, {}),
    "healthy": (lambda _, __: None, {}),
}


@pytest.fixture
def estate(cloud: Cloud, environment: pytest.MonkeyPatch) -> Iterator[Estate]:
    public = HostedZones(cloud.zones)
    cloud.certificates.page_size = 1000
    cloud.zones.page_size = 300
    with without_https(public) as gateway:
        environment.setenv("PUBLIC_DNS_RESOLVERS", json.dumps(gateway.urls))
        yield Estate(cloud, gateway, public)


def fill(estate: Estate, count: int, healthy: int) -> None:
    for name, kind in KINDS.items():
        estate.add(name, count, *kind.names, **kind.fields)
    for name, (_, fields) in DECOYS.items():
        estate.add(name, healthy if name == "healthy" else count, **fields)


def plant(estate: Estate, day: int) -> list[str]:
    """Let the trouble of a day begin, and return its kinds."""
    if day == 0:
        for name, (begin, _) in DECOYS.items():
            begin(estate, name)
    turns = zip(KINDS, itertools.cycle(BEGINNINGS), strict=False)
    begins = {
        name: turn if KINDS[name].begins is None else KINDS[name].begins for name, turn in turns
    }
    own = [name for name, begin in begins.items() if begin == day]
    for name in own:
        KINDS[name].plant(estate, name)
    return own


@dataclass
class Seen:
    """What two weeks of runs reported: the first day and the reason of each certificate."""

    began: dict[str, int] = field(default_factory=dict)
    first: dict[str, tuple[int, str]] = field(default_factory=dict)
    critical: int = 0
    counts: list[dict[str, int]] = field(default_factory=list)
    last: set[str] = field(default_factory=set)

    def most(self, operation: str) -> int:
        """Return the calls of an operation on the day with most of them."""
        return max(counts.get(operation, 0) for counts in self.counts)


def two_weeks(estate: Estate, rotation: Function) -> Seen:
    seen = Seen()
    for day in range(12):
        for kind in plant(estate, day):
            seen.began |= dict.fromkeys(estate.members[kind], day)
        result = rotation(scheduled(estate.cloud.now))
        at_risk = [each for each in result["findings"] if each["verdict"] == "RenewalAtRisk"]
        seen.last = {finding["certificate_arn"] for finding in at_risk}
        for finding in at_risk:
            seen.first.setdefault(finding["certificate_arn"], (day, finding["reason"]))
            seen.critical += finding["severity"] == "critical"
        operations = rotation.operations
        seen.counts.append({name: operations.count(name) for name in set(operations)})
        estate.cloud.advance(days=1)
    return seen


def check(estate: Estate, seen: Seen) -> None:
    kinds = {arn: kind for kind, arns in estate.members.items() for arn in arns}
    expected = {(kinds[arn], KINDS[kinds[arn]].reason) for arn in seen.began}
    assert {(kinds[arn], reason) for arn, (_, reason) in seen.first.items()} == expected
    assert seen.first.keys() == seen.began.keys()
    late = {kinds[arn]: day - seen.began[arn] for arn, (day, _) in seen.first.items()}
    assert {kind: days for kind, days in late.items() if days >= WEEK} == {}
    assert seen.critical == 0


@pytest.fixture
def few(environment: pytest.MonkeyPatch) -> None:
    """Spread a small estate over several days, too."""
    environment.setattr("certificate_lifecycle.policy.foresight._LEAST_SHARE", 4)


@pytest.mark.usefixtures("few")
def test_trouble_is_named_within_a_week_and_lost_records_are_written_at_once(
    rotation: Function, estate: Estate, topic: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("ROTATION_MODE", "repair")
    fill(estate, 1, 170)
    seen = two_weeks(estate, rotation)
    check(estate, seen)
    changes = changes_sent(estate.cloud, topic)
    for kind, trouble in KINDS.items():
        is_open = set(estate.members[kind]) & seen.last
        assert bool(is_open) != trouble.repaired, kind
        if trouble.repaired:
            assert [changes[arn] for arn in estate.members[kind]] == [["new", "resolved"]], kind
    # A fifth of all each day, and not on the first one; each zone once, and again before a write.
    assert seen.most("DescribeCertificate") <= 50
    assert seen.counts[0]["DescribeCertificate"] <= 5
    assert seen.most("ListResourceRecordSets") <= 60


def changes_sent(cloud: Cloud, topic: str) -> Mapping[str, list[str]]:
    """Return the kinds of changes in all messages, by certificate."""
    found: dict[str, list[str]] = defaultdict(list)
    for document in documents(cloud, topic):
        for change in document["changes"]:
            found[change["certificate_arn"]].append(change["kind"])
    return found


@pytest.mark.nightly
@pytest.mark.parametrize("mode", ["notify", "repair"])
def test_an_estate_of_two_thousand_is_checked_within_a_week(
    rotation: Function, estate: Estate, environment: pytest.MonkeyPatch, mode: str
) -> None:
    environment.setenv("ROTATION_MODE", mode)
    environment.setenv("LIMITS", json.dumps({"changes_per_run": 2_000}))
    fill(estate, 5, 1_875)
    seen = two_weeks(estate, rotation)
    check(estate, seen)
    # The first run describes nothing that is healthy, a later one at most a fifth of all.
    described = [counts.get("DescribeCertificate", 0) for counts in seen.counts]
    assert described[0] <= 60
    assert max(described) <= 500
    assert described[-1] <= 250
    # The pages of each zone, and before a write each lost record again.
    assert seen.most("ListResourceRecordSets") <= 160
