"""A small estate with certificates in all states, drawn from a seed, and expected results."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends
from moto.ssm.models import ssm_backends

from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.model import scope as core_place
from certificate_lifecycle.policy.export import CURRENT_STAGE, version_token
from tests.embedded_aws.calls import Call
from tests.embedded_aws.certificates import Certificate, validation_record
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.estates.decoys import Decoy, put_decoy, put_import, subject_of
from tests.estates.imports import imported, issued
from tests.harness import authority
from tests.integration.declarations import declare
from tests.integration.exports import PASSPHRASE, put_exported
from tests.integration.invocation import make_ledger
from tests.integration.terminal import deploy
from tests.stress.faults.records import Baseline, Version, settings_of, version_of
from tests.stress.faults.stage import ELSEWHERE, EXTERNAL_ID, HOME, MEMBER, Stage

if TYPE_CHECKING:
    from cryptography import x509

DAY = timedelta(days=1)
INSTANCE = "certificate-lifecycle"
MARKER = "MARKER-OF-A-SECRET"
TABLE = "certificate-lifecycle-ledger"
BUCKET = "certificate-lifecycle-reports"
#: A foreign record at the name of a validation record, which must not be changed.
FOREIGN_VALUE = '"foreign"'
Scope = tuple[str, str]
_ZONES = {DEFAULT_ACCOUNT: "example.com", MEMBER: "example.net"}
_PLACES: Sequence[Sequence[Scope]] = (
    [(DEFAULT_ACCOUNT, HOME)],
    [(DEFAULT_ACCOUNT, HOME)],
    [(DEFAULT_ACCOUNT, HOME), (DEFAULT_ACCOUNT, ELSEWHERE)],
    [(DEFAULT_ACCOUNT, HOME), (MEMBER, HOME)],
    [(account, region) for account in (DEFAULT_ACCOUNT, MEMBER) for region in (HOME, ELSEWHERE)],
)
#: Members of a later API: the name, the path of the parent or the own path, and the value.
_UNKNOWN_IN_DISTRIBUTIONS: Sequence[tuple[str, str, object]] = (
    ("ViewerQuantum", "", "<ViewerQuantum><Mode>required</Mode></ViewerQuantum>"),
    ("MaximumProtocol", "ViewerCertificate", "<MaximumProtocol>TLSv1.4</MaximumProtocol>"),
    ("OriginProof", "Origins/Items/Origin", "<OriginProof>on</OriginProof>"),
)
_UNKNOWN_IN_DOMAINS: Sequence[tuple[str, str, object]] = (
    ("LoginPages", "LoginPages", {"Theme": "dark"}),
    ("Proof", "CustomDomainConfig/Proof", ["on"]),
)
_DELAYS = (timedelta(), timedelta(), timedelta(minutes=5), timedelta(hours=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One certificate of the estate, with its expected results.

    `replaceable` is whether only a successor helps, `proposal` a certificate that only a person may
    choose instead. A message must contain one of `expected_verdicts`, unless the problem is fixed
    first, and the proposal.
    """

    kind: str
    arn: str
    names: tuple[str, ...]
    place: Scope
    consumers: tuple[str, ...] = ()
    secret_arn: str = ""
    replaceable: bool = False
    proposal: str = ""
    expected_verdicts: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class World:
    """The estate and its settings.

    `secrets` are texts that must not appear anywhere, `stubborn` consumers that cannot be changed;
    `deployed` is whether the command line finds the function and its table.
    `guarded` has the name of a setting that no SDK knows, by its consumer.
    `decoys` are the ARNs of certificates that must never take over, `spoiled` those of certificates
    whose import source does not contain a usable newer version any more.
    `declared` are the certificates with a pointer, by its name.
    `baselines` are the consumers as other actors left them, `versions` everything that was ever
    imported, and `imported` the imported certificates, each by ARN.
    """

    stage: Stage
    rng: Random
    scopes: Sequence[Scope]
    topic: str
    mode: str
    zones: Mapping[str, str]
    planted: list[Planted] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    stubborn: set[str] = field(default_factory=set)
    exported: Any = None
    deployed: bool = False
    guarded: dict[str, str] = field(default_factory=dict)
    decoys: set[str] = field(default_factory=set)
    spoiled: set[str] = field(default_factory=set)
    declared: dict[str, Planted] = field(default_factory=dict)
    baselines: dict[str, Baseline] = field(default_factory=dict)
    versions: dict[str, list[Version]] = field(default_factory=dict)
    imported: set[str] = field(default_factory=set)

    @property
    def cloud(self) -> Cloud:
        return self.stage.cloud

    @property
    def arns(self) -> set[str]:
        return {entry.arn for entry in self.planted}

    def certificate(self, arn: str) -> Certificate | None:
        return next((entry for entry in self.cloud.certificates.all() if entry.arn == arn), None)

    def pointer(self, name: str) -> str:
        """Return the value of a pointer."""
        found = ssm_backends[DEFAULT_ACCOUNT][HOME].get_parameter(name)
        return found.value if found is not None else ""

    def successors(self, arn: str) -> list[Certificate]:
        """All successors that were ever requested and still exist, without tagged decoys."""
        tag = "certificate-lifecycle:replaces"
        return [
            entry
            for entry in self.cloud.certificates.all()
            if entry.tags.get(tag) == arn and entry.arn not in self.decoys
        ]

    def put_decoy(self, decoy: Decoy, original: Certificate) -> str:
        """Put a decoy beside a certificate and return its ARN."""
        arn = put_decoy(self.cloud, decoy, original)
        self.decoys.add(arn)
        return arn

    def add_unknown_setting(self, name: str, number: int) -> None:
        """Add a member that no SDK knows to a distribution or to the domain of a user pool."""
        unknown, choices = self.cloud.consumers.unknown_members(name), _UNKNOWN_IN_DOMAINS
        if name.startswith("E0"):
            choices = _UNKNOWN_IN_DISTRIBUTIONS
        member, path, value = choices[number % len(choices)]
        unknown[path] = value
        self.guarded[name] = member

    def observe(self) -> None:
        """Record new consumers and imported certificates."""
        certificates = {entry.arn: entry for entry in self.cloud.certificates.all()}
        for arn, certificate in certificates.items():
            if certificate.type == "IMPORTED" and arn not in self.imported:
                self.imported.add(arn)
                self.versions[arn] = [version_of(certificate)]
        for name, settings in settings_of(self.cloud).items():
            if name not in self.baselines:
                held = self.cloud.consumers.certificates(name)
                served = tuple(copy.copy(certificates[arn]) for arn in held)
                self.baselines[name] = Baseline(settings, served)

    def record_import(self, call: Call) -> None:
        """Record a version that a function or command has imported."""
        if call.operation == "ImportCertificate" and call.error is None:
            arn = call.parameters["CertificateArn"]
            self.versions[arn].append(version_of(self.cloud.certificates.get(arn), ours=True))

    def validates(self, planted: Planted) -> bool:
        """Whether public DNS has the validation records of a certificate."""
        certificate = self.certificate(planted.arn)
        return certificate is not None and all(
            self.cloud.certificates.resolvable(certificate, name) for name in planted.names
        )

    def state_store(self, place: Scope) -> StateTable:
        """Return the items of an account and region as the function reads them."""
        rows: list[Any] = dynamodb_backends[DEFAULT_ACCOUNT][HOME].get_table(TABLE).all_items()
        items = [row.to_json()["Attributes"] for row in rows]

        def paginate(**query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as the SDK has it
            values = query["ExpressionAttributeValues"]
            prefix = values.get(":prefix", {"S": ""})["S"]
            found = [item for item in items if item["scope"] == values[":scope"]]
            return [{"Items": [i for i in found if i["entry"]["S"].startswith(prefix)]}]

        pages = SimpleNamespace(paginate=paginate)
        client: Any = SimpleNamespace(get_paginator=lambda _: pages)
        return StateTable(client, TABLE, core_place.Scope(*place))

    def target_is_current(self, planted: Planted) -> bool:
        """Whether an export target contains the current version."""
        certificate = self.certificate(planted.arn)
        token = version_token(planted.arn, certificate.serial if certificate else "")
        return CURRENT_STAGE in self.exported.versions.get(token, ())


# --- Planting -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a certificate is created."""

    world: World
    kind: str
    place: Scope
    number: int

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.number}.{_ZONES[self.place[0]]}"

    def add(self, name: str = "", **details: Any) -> str:  # noqa: ANN401 - any attribute of a certificate
        account, region = self.place
        return self.world.cloud.certificates.add(
            domain_name=name or self.name, account=account, region=region, **details
        )

    def add_imports(self, name: str, issuer: x509.Name) -> tuple[str, str]:
        """Import a certificate that expires soon and a newer one; return their ARNs."""
        cloud, now = self.world.cloud, self.world.cloud.now
        dates = (now - 359 * DAY, now + 6 * DAY), (now - DAY, now + 300 * DAY)
        old, newer = (
            put_import(cloud, self.place, name, not_before=begins, not_after=ends, issuer=issuer)
            for begins, ends in dates
        )
        return old, newer

    def dates(self, days: float, lifetime: float = 198) -> dict[str, Any]:
        ends = self.world.cloud.now + timedelta(days=days)
        return {"not_after": ends, "not_before": ends - timedelta(days=lifetime)}

    def put_record(self, arn: str) -> None:
        """Create the validation record, as when the certificate was issued."""
        for record in self.world.cloud.certificates.records(arn):
            zone = self.world.zones[self.place[0]]
            self.world.cloud.zones.put(zone, record.name, record.type, record.value)

    def serve(self, arn: str) -> tuple[str, ...]:
        """Create a consumer of a certificate and return it."""
        consumers, rng = self.world.cloud.consumers, self.world.rng
        kinds = ["default", "SNI", "both", "classic", "network", "domain"]
        if self.place[1] == ELSEWHERE:
            kinds += [*["distribution"] * 4, *["pool"] * 3, "edge"]
        kind, name = rng.choice(kinds), f"{self.kind}-{self.number}"
        match kind:
            case "default" | "network":
                return (consumers.load_balancer(arn, name=name, network=kind == "network"),)
            case "SNI":
                other = self.add(f"default.{self.name}", **self.dates(150))
                return (consumers.load_balancer(other, arn, name=name),)
            case "both":
                return (consumers.load_balancer(arn, arn, name=name),)
            case "classic":
                return (consumers.classic_load_balancer(arn, name=name),)
            case "distribution":
                return (self._distribution(arn),)
            case "pool":
                return (self._user_pool_domain(arn),)
            case _:
                edge = kind == "edge"
                endpoint, region = (
                    ("EDGE", self._any_region) if edge else ("REGIONAL", self.place[1])
                )
                return (consumers.domain_name(self.name, arn, endpoint=endpoint, region=region),)

    @property
    def _any_region(self) -> str:
        """A region of the runs: consumers that CloudFront serves can be in any."""
        regions = sorted({region for _, region in self.world.scopes})
        return regions[self.number % len(regions)]

    def _distribution(self, arn: str) -> str:
        """Create a distribution with settings that an update has to repeat."""
        name = self.world.cloud.consumers.distribution(arn, self.name)
        store = {"TrustStoreId": "store", "AdvertiseTrustStoreCaNames": True}
        mtls = {"Mode": "required", "TrustStoreConfig": store}
        self.world.cloud.consumers.configure_distribution(name, ViewerMtlsConfig=mtls)
        return self._with_unknown_setting(name)

    def _user_pool_domain(self, arn: str) -> str:
        """Create a domain of a user pool with settings that an update has to repeat."""
        self.world.cloud.consumers.user_pool_domain(self.name, arn, region=self._any_region)
        failover = {"SecondaryRegion": "us-west-2", "PrimaryRoute53HealthCheckId": "check"}
        self.world.cloud.consumers.configure_user_pool_domain(self.name, {"Failover": failover})
        return self._with_unknown_setting(self.name)

    def _with_unknown_setting(self, name: str) -> str:
        if self.world.rng.random() < 0.5:
            self.world.add_unknown_setting(name, self.world.rng.randrange(10))
        return name

    def planted(self, arn: str, **truth: Any) -> Planted:  # noqa: ANN401 - any field of Planted
        names = self.world.cloud.certificates.get(arn).names
        return Planted(kind=self.kind, arn=arn, names=names, place=self.place, **truth)


def _healthy(spot: _Spot) -> Planted:
    arn = spot.add(**spot.dates(150))
    spot.put_record(arn)
    return spot.planted(arn, consumers=spot.serve(arn))


def _renewing(spot: _Spot) -> Planted:
    """Create a renewal in progress with all of its records."""
    arn = spot.add(**spot.dates(44), renewal_status="PENDING_AUTO_RENEWAL")
    spot.put_record(arn)
    return spot.planted(arn, consumers=spot.serve(arn))


def _blocked(spot: _Spot) -> Planted:
    """Create a renewal that waits for a missing record."""
    days = spot.world.rng.choice((8.0, 25.0, 40.0))
    arn = spot.add(**spot.dates(days), renewal_status="PENDING_VALIDATION")
    return spot.planted(arn, consumers=spot.serve(arn))


def _homeless(spot: _Spot) -> Planted:
    """Create a renewal that waits for a record in a zone of another owner."""
    name = f"homeless-{spot.number}.example.org"
    arn = spot.add(name, **spot.dates(25), renewal_status="PENDING_VALIDATION")
    expected_verdicts = frozenset({"RenewalBlocked"})
    return spot.planted(arn, consumers=spot.serve(arn), expected_verdicts=expected_verdicts)


def _occupied(spot: _Spot) -> Planted:
    """Create a renewal with a foreign record at the name of its validation record."""
    arn = spot.add(**spot.dates(25), renewal_status="PENDING_VALIDATION")
    record = validation_record(spot.name, spot.place[0])
    spot.world.cloud.zones.put(spot.world.zones[spot.place[0]], record.name, "TXT", FOREIGN_VALUE)
    expected_verdicts = frozenset({"RenewalBlocked"})
    return spot.planted(arn, consumers=spot.serve(arn), expected_verdicts=expected_verdicts)


def _by_email(spot: _Spot) -> Planted:
    arn = spot.add(**spot.dates(25), validation_method="EMAIL", renewal_status="PENDING_VALIDATION")
    return spot.planted(arn, consumers=spot.serve(arn))


def _given_up(spot: _Spot) -> Planted:
    """Create a certificate near expiry that ACM never renews."""
    arn = spot.add(**spot.dates(spot.world.rng.choice((2.0, 5.0))), renews=False)
    expected_verdicts = frozenset({"RenewalOverdue", "Expired"})
    return spot.planted(
        arn, consumers=spot.serve(arn), replaceable=True, expected_verdicts=expected_verdicts
    )


def _expired(spot: _Spot) -> Planted:
    arn = spot.add(**spot.dates(-2), status="EXPIRED")
    expected_verdicts = frozenset({"Expired"})
    return spot.planted(
        arn, consumers=spot.serve(arn), replaceable=True, expected_verdicts=expected_verdicts
    )


def _revoked(spot: _Spot) -> Planted:
    arn = spot.add(**spot.dates(90), status="REVOKED")
    expected_verdicts = frozenset({"Revoked"})
    return spot.planted(
        arn, consumers=spot.serve(arn), replaceable=True, expected_verdicts=expected_verdicts
    )


def _unused(spot: _Spot) -> Planted:
    return spot.planted(spot.add(**spot.dates(40)))


def _due(spot: _Spot) -> Planted:
    """Create an imported certificate near expiry, without a source."""
    arn = spot.add(**spot.dates(10, 365), type="IMPORTED")
    expected_verdicts = frozenset({"ImportDue"})
    return spot.planted(arn, consumers=spot.serve(arn), expected_verdicts=expected_verdicts)


def _foreign(spot: _Spot) -> Planted:
    """Create a certificate that another tool or CloudFront manages and that expires soon."""
    expected_verdicts = frozenset({"ExternallyManaged", "Expired"})
    if spot.world.rng.random() < 0.5:
        tags = {"ManagedBy": "cert-manager"}
        arn = spot.add(**spot.dates(5, 365), type="IMPORTED", tags=tags)
        return spot.planted(arn, consumers=spot.serve(arn), expected_verdicts=expected_verdicts)
    tenant = f"arn:aws:cloudfront::{spot.place[0]}:distribution-tenant/dt_{spot.number}"
    state = {"renewal_status": "PENDING_VALIDATION", "managed_by": "CLOUDFRONT"}
    arn = spot.add(**spot.dates(5), **state, in_use_by=[tenant])
    return spot.planted(arn, expected_verdicts=expected_verdicts)


def _stuck(spot: _Spot) -> Planted:
    """Create a request of yesterday that waits for its record."""
    arn = spot.add(
        status="PENDING_VALIDATION",
        created_at=spot.world.cloud.now - timedelta(hours=30),
    )
    return spot.planted(arn)


def _private(spot: _Spot) -> Planted:
    """Create a private certificate that its CA has revoked."""
    arn = spot.add(**spot.dates(90), type="PRIVATE", status="REVOKED")
    return spot.planted(
        arn,
        consumers=spot.serve(arn),
        replaceable=True,
        expected_verdicts=frozenset({"Revoked"}),
    )


def _namesake(spot: _Spot) -> Planted:
    """Create two unrelated, self-signed certificates with the same meaningless name."""
    arn, other = spot.add_imports("localhost", subject_of("localhost"))
    spot.world.decoys.add(other)
    return spot.planted(
        arn, consumers=spot.serve(arn), expected_verdicts=frozenset({"ImportDue", "Expired"})
    )


def _timed_out(spot: _Spot) -> Planted:
    """Create a failed request of the module."""
    arn = spot.add(
        status="VALIDATION_TIMED_OUT",
        created_at=spot.world.cloud.now - timedelta(hours=75),
        tags={"ManagedBy": INSTANCE},
    )
    return spot.planted(arn, replaceable=True)


def _moved_on(spot: _Spot) -> Planted:
    """Create an imported certificate in use beside a newer one of the same CA.

    Only a person may choose the newer one.
    """
    arn, newer = spot.add_imports(spot.name, authority.ISSUER)
    spot.world.decoys.add(newer)
    return spot.planted(
        arn,
        consumers=spot.serve(arn),
        proposal=newer,
        expected_verdicts=frozenset({"ImportDue", "Expired"}),
    )


def _reimported(spot: _Spot) -> Planted:
    """Create an imported certificate of two names with a newer version in its secret."""
    cloud, names = spot.world.cloud, (spot.name, f"www.{spot.name}")
    shop = imported(cloud, name=spot.name)
    older = issued(cloud.now + timedelta(days=20), *names)
    cloud.client("acm").import_certificate(
        CertificateArn=shop.arn, Certificate=older.certificate, PrivateKey=older.private_key
    )
    newer = issued(cloud.now + timedelta(days=300), *names)
    shop.write(newer.secret(note=MARKER))
    spot.world.secrets += [line for line in newer.private_key.splitlines() if len(line) > 30]
    spot.world.stage.set_up(IMPORT_SOURCES=shop.sources)
    consumers = spot.serve(shop.arn)
    return spot.planted(shop.arn, consumers=consumers, secret_arn=shop.secret_arn)


def _exported(spot: _Spot) -> Planted:
    """Create an exported certificate for a server outside AWS."""
    days = spot.world.rng.choice((20.0, 200.0))
    exported = put_exported(
        spot.world.cloud, days, passphrase=f"{MARKER} {PASSPHRASE}", domain_name=spot.name
    )
    spot.world.exported = exported
    spot.world.stage.set_up(EXPORT_TARGETS=exported.environment())
    return spot.planted(exported.arn, secret_arn=exported.secret_arn)


#: The kinds of certificates with their relative frequency.
_ANYWHERE: Mapping[Callable[[_Spot], Planted], int] = {
    _healthy: 2,
    _renewing: 2,
    _blocked: 3,
    _homeless: 1,
    _occupied: 1,
    _by_email: 2,
    _given_up: 3,
    _expired: 3,
    _revoked: 2,
    _unused: 1,
    _due: 1,
    _private: 2,
    _foreign: 2,
    _stuck: 2,
    _timed_out: 2,
    _moved_on: 2,
}


#: The kinds that a decoy is put beside, if the world has them.
_REPLACED = frozenset({"given-up", "expired", "revoked", "blocked"})
_IMPORTED = frozenset({"due", "moved-on", "namesake"})
_TEMPTED: Mapping[Decoy, frozenset[str]] = {
    Decoy.SELF_SIGNED: _IMPORTED,
    Decoy.OTHER_ISSUER: _IMPORTED,
    Decoy.OTHER_AUTHORITY: frozenset({"private"}),
    Decoy.ACME: _REPLACED,
    Decoy.CLOUDFRONT: _REPLACED,
    Decoy.CLIENT_ONLY: _REPLACED,
}


#: The kinds that Terraform declares.
_DECLARED = frozenset(
    {*_REPLACED, "by-email", "healthy", "homeless", "private", "renewing", "unused"}
)


def plant(stage: Stage, rng: Random) -> World:
    """Create a world on a reset stage."""
    cloud = stage.cloud
    scopes = rng.choice(_PLACES)
    mode = rng.choice(("replace", "replace", "replace", "repair"))
    topic = cloud.client("sns").create_topic(Name=INSTANCE)["TopicArn"]
    zones = {account: cloud.zones.add(name, account=account) for account, name in _ZONES.items()}
    world = World(
        stage=stage,
        rng=rng,
        scopes=scopes,
        topic=topic,
        mode=mode,
        zones=zones,
        secrets=[MARKER, "PRIVATE KEY", PASSPHRASE],
    )
    cloud.certificates.page_size = rng.choice((3, 1000, 1000, 1000))
    cloud.certificates.issuance_delay = rng.choice(_DELAYS)
    _set_up(world)
    for number in range(rng.randint(4, 8)):
        (make,) = rng.choices(list(_ANYWHERE), list(_ANYWHERE.values()))
        _grow(world, make, rng.choice(scopes), number)
    if rng.random() < 0.4:
        _grow(world, _reimported, (DEFAULT_ACCOUNT, HOME), 90)
    if rng.random() < 0.4:
        _grow(world, _exported, (DEFAULT_ACCOUNT, HOME), 91)
    _grow(world, _namesake, rng.choice(scopes), 92)
    _tempt(world)
    _declare(world)
    _slow_down(world)
    world.deployed = rng.random() < 0.3
    if world.deployed:
        deploy(cloud, stage.patch, **stage.variables)
    else:
        make_ledger(cloud, stage.patch, HOME)
    world.observe()
    cloud.forget_calls()
    return world


def _tempt(world: World) -> None:
    """Put each decoy beside a certificate that it could replace by name, type and expiry."""
    served = [entry for entry in world.planted if entry.consumers]
    for decoy in Decoy:
        likely = [entry for entry in served if entry.kind in _TEMPTED[decoy]]
        original = world.rng.choice(likely or served)
        world.put_decoy(decoy, world.cloud.certificates.get(original.arn))


def _declare(world: World) -> None:
    """Create pointers for the certificates that ACM issued in the account of the functions."""
    estate = world.cloud.certificates
    for planted in world.planted:
        certificate = estate.get(planted.arn)
        if planted.place[0] != DEFAULT_ACCOUNT or planted.kind not in _DECLARED:
            continue
        estate.edit(planted.arn, tags={**certificate.tags, "ManagedBy": INSTANCE})
        world.declared[declare(world.cloud, f"c{len(world.declared)}", planted.arn)] = planted


def _grow(world: World, make: Callable[[_Spot], Planted], place: Scope, number: int) -> None:
    kind = make.__name__.removeprefix("_").replace("_", "-")
    world.planted.append(make(_Spot(world, kind, place, number)))


def _set_up(world: World) -> None:
    """Set the settings of both functions."""
    rng, stage = world.rng, world.stage
    stage.set_up(
        ALLOWED_DOMAINS='["example.com", "example.net"]',
        DOMAIN_NAME="new.example.com",
        SNS_TOPIC_ARN=world.topic,
        ROTATION_MODE=world.mode,
        UNMANAGED_ROTATION_MODE="replace",
        LIMITS='{"changes_per_run": 1000}',
        REBIND_CONSUMERS="true",
        RETIRE_SUPERSEDED_AFTER_DAYS=rng.choice(("", "1")),
        REGIONS=json.dumps(sorted({region for _, region in world.scopes})),
        ACCOUNTS=json.dumps(
            [
                {
                    "account_id": MEMBER,
                    "role_name": "certificates",
                    "external_id": EXTERNAL_ID,
                    "rotation_mode": "replace",
                    "unmanaged_rotation_mode": "replace",
                    "rebind_consumers": True,
                }
            ]
            if any(account == MEMBER for account, _ in world.scopes)
            else []
        ),
    )
    if rng.random() < 0.3:
        stage.set_up(EVENT_BUS_NAME="default")
    if rng.random() < 0.2:
        where = {"LocationConstraint": HOME}
        world.cloud.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        stage.set_up(REPORT_BUCKET=BUCKET)


def _slow_down(world: World) -> None:
    """Make services slow, or let their updates fail."""
    rng, knobs = world.rng, world.cloud.consumers.knobs
    knobs.notices_after = rng.choice(_DELAYS)
    knobs.cloudfront_deploys = rng.choice(_DELAYS)
    knobs.domain_names_update = rng.choice(_DELAYS)
    knobs.user_pool_domains_update = rng.choice(_DELAYS)
    served = [name for planted in world.planted for name in planted.consumers]
    if served and rng.random() < 0.15:
        world.stubborn = {rng.choice(served)}
        knobs.ignore_updates = set(world.stubborn)
