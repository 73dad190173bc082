"""Estates of certificates in every state, drawn by lot, and what surrounds them in memory.

A seed stands for an estate: hypothesis draws those, and what a failing one holds can be looked at.

Whatever names something has a telling part (`LABELS`, `IDS`, `TEXTS`), so that a test can search
for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, TypeVar

from certificate_lifecycle.app.ports import ImportSecrets, Store, Surroundings, Users
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.config import Account, RotationMode, RotationSettings
from certificate_lifecycle.core.consumers import Binding, ConsumerKind, Move, MoveStatus
from certificate_lifecycle.core.export import ExportTarget, version_token
from certificate_lifecycle.core.memory import SCOPE, Memory, Note
from certificate_lifecycle.core.model import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Detail,
    DomainValidation,
    Renewal,
    RenewalStatus,
    ValidationMethod,
    ValidationRecord,
    Verdict,
)
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.replacement import Journal, ReplacementState
from certificate_lifecycle.core.sources import Material, UnusableSourceError
from certificate_lifecycle.core.timing import Thresholds
from certificate_lifecycle.core.validation import Zone
from certificate_lifecycle.core.x509 import Leaf, PublicKey
from certificate_lifecycle.errors import CertificateNotFoundError, SecretUnreadableError
from tests.unit.builders import NOW, days
from tests.unit.consumers import MemoryConsumers
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryDns,
    MemoryExportSecrets,
    MemoryLedger,
    MemoryServed,
    Outage,
)

T = TypeVar("T")

OWN, MEMBER, AWS = "314159265358", "271828182845", "577215664901"
PLACES = (Place(OWN, "eu-west-1"), Place(OWN, "us-east-1"), Place(MEMBER, "eu-west-1"))
LABELS = ("zebracorp", "kioskname", "otteraxle", "validname", "proofvalue", "awaytarget", "oddtop")
IDS = (OWN, MEMBER, AWS)
#: Every other text that could tell whose estate it is.
TEXTS = (
    *("certalpha", "certbravo", "certcharlie", "certdelta", "certecho", "certfoxtrot"),
    *("ZONEONE", "ZONETWO", "ZONETHREE", "ourbalancer", "OURDIST", "ourcasigning", "Ourrootauthor"),
    *("teamquokka", "costcentre", "quokkaowner", "stackquagga", "brokenquagga", "notequagga"),
    *("labelquagga", "runquagga", "secretquagga", "rolequagga", "useroktapi", "ourinstance"),
    *("5e:11:a1", "c0:ff:ee", "203.0.113.7", "mailname"),
)
NAMES = (
    "zebracorp.oddtop",
    "*.zebracorp.oddtop",
    "kioskname.zebracorp.oddtop",
    "*.kioskname.zebracorp.oddtop",
    "otteraxle.oddtop",
    "Our_otteraxle appliance",
)
ZONES = (
    Zone("ZONEONE", "zebracorp.oddtop."),
    Zone("ZONETWO", "kioskname.zebracorp.oddtop", f"arn:aws:iam::{OWN}:role/rolequagga"),
    Zone("ZONETHREE", "kioskname.zebracorp.oddtop"),
)
SERIALS = ("5e:11:a1", "c0:ff:ee", "no serial of labelquagga")
USERS = (
    f"arn:aws:elasticloadbalancing:eu-west-1:{OWN}:loadbalancer/app/ourbalancer/50dc6c495c0c9188",
    f"arn:aws:cloudfront::{OWN}:distribution/OURDIST",
    f"arn:aws:elasticloadbalancing:eu-west-1:{AWS}:loadbalancer/net/ourbalancer-b/60dc6c495c0c9188",
    "labelquagga is no ARN",
)
AUTHORITY = f"arn:aws:acm-pca:eu-west-1:{OWN}:certificate-authority/ourcasigning"
INSTANCE = "ourinstance"
OWNER_TAG = "quokkaowner"
FAILURES = (Outage("brokenquagga at zebracorp.oddtop"), CertificateNotFoundError("gone: certalpha"))


def secret(name: str, place: Place) -> str:
    where = f"{place.region}:{place.account_id}"
    return f"arn:aws:secretsmanager:{where}:secret:secretquagga/{name}-AbCdEf"


def certificate_arn(place: Place, name: str) -> str:
    return f"arn:aws:acm:{place.region}:{place.account_id}:certificate/{name}"


def validation_record(name: str) -> ValidationRecord:
    below = name.removeprefix("*.")
    return ValidationRecord(
        f"_validname.{below}.", "CNAME", "_proofvalue.abcdef.acm-validations.aws."
    )


class MemoryStore(Store):
    """What is kept outside ACM; `broken` is raised by the listing, or by ARN."""

    def __init__(self, name: str, *kept: Certificate) -> None:
        self._name = name
        self.kept = kept
        self.always = name != "private CAs"
        self.broken: dict[str, Exception] = {}

    @property
    def name(self) -> str:
        return self._name

    def concerns(self, certificates: Sequence[Certificate]) -> bool:
        """Concern those who have private certificates, as the real one for CAs does, or all."""
        return self.always or any(each.type is CertificateType.PRIVATE for each in certificates)

    def list_all(self) -> Any:  # noqa: ANN401 - an iterator of certificates
        if "list" in self.broken:
            raise self.broken["list"]
        return (replace(each, detail=None) for each in self.kept)

    def describe(self, listed: Certificate) -> Certificate:
        if listed.arn in self.broken:
            raise self.broken[listed.arn]
        return next(each for each in self.kept if each.arn == listed.arn)


class MemoryUsers(Users):
    """Names of users, or what asking for them raises."""

    def __init__(self, broken: Exception | None = None) -> None:
        self.broken = broken

    def names(self, certificate: Certificate) -> Sequence[str]:
        if self.broken is not None:
            raise self.broken
        users = certificate.detail.in_use_by if certificate.detail else ()
        return [f"useroktapi {each.rpartition('/')[2]}" for each in users]


class MemorySources(ImportSecrets):
    """What the secrets of import sources hold: certificates, or faults."""

    def __init__(self, held: Mapping[str, Leaf | Exception]) -> None:
        self.held = held

    def open(self, secret_arn: str) -> tuple[Leaf, Material]:
        found = self.held[secret_arn]
        if isinstance(found, Exception):
            raise found
        return found, Material(b"certificate", b"MARKER of a private key", b"")


@dataclass(frozen=True, slots=True)
class Estate:
    """Some accounts and regions, what surrounds each, and the settings of who looks at them."""

    around: Mapping[Place, Surroundings | Exception]
    settings: RotationSettings

    def at(self, place: Place) -> Surroundings:
        found = self.around[place]
        if isinstance(found, Exception):
            raise found
        return found


def order_of(settings: RotationSettings, places: Sequence[Place], **changes: Any) -> RunRequest:  # noqa: ANN401 - any field of a request
    """Return a dry run of what the settings say."""
    request = RunRequest(
        run_id="run-1",
        instance=settings.name_prefix,
        scopes=tuple(places),
        certificate_arns=(),
        import_sources=settings.import_sources,
        thresholds=settings.thresholds,
        mode=settings.mode,
        dry_run=True,
        now=NOW,
        export_targets=settings.export_targets,
        retire_after=settings.retire_after,
        owner_tag=settings.owner_tag,
        limits={each.account_id: each.mode for each in settings.accounts},
    )
    return replace(request, **changes)


# --- What is drawn ------------------------------------------------------------------------------

ENDS = (None, *map(days, (-40, -1, 0.5, 2, 5, 10, 25, 35, 44, 50, 100, 300)))
REASONS = (None, None, "CAA_ERROR", "PCA_ACCESS_DENIED", "PCA_INVALID_DURATION", "labelquagga")
TAGS = (
    ("ManagedBy", "certbot"),
    ("ManagedBy", INSTANCE),
    ("ManagedBy", "stackquagga"),
    ("QuokkaOwner", "teamquokka"),
    ("quokkaowner", " "),
    ("costcentre", "teamquokka"),
    ("aws:costcentre", "stackquagga"),
    ("certificate-lifecycle:mute-until", "2026-07-01"),
    ("certificate-lifecycle:mute-until", "teamquokka"),
    ("certificate-lifecycle:replaces", certificate_arn(PLACES[0], "certalpha")),
    ("services.k8s.aws/controller-version", "teamquokka"),
)
TYPES = (
    *(CertificateType.AMAZON_ISSUED, CertificateType.AMAZON_ISSUED, CertificateType.AMAZON_ISSUED),
    *(CertificateType.PRIVATE, CertificateType.IMPORTED, CertificateType.IMPORTED),
)
FINE = CertificateStatus.ISSUED
THRESHOLDS = tuple(
    Thresholds(expiration=days(expiration), critical=critical, fraction=fraction)
    for expiration in (10, 30, 60, 300)
    for critical in (timedelta(hours=1), days(7))
    for fraction in (0.1, 0.33, 1.0)
)


class Draw:
    """Draws by lot; the same seed draws the same."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def one(self, options: Sequence[T]) -> T:
        return self._random.choice(options)

    def some(self, options: Sequence[T], most: int) -> list[T]:
        return self._random.sample(options, self._random.randint(0, most))

    def rarely(self, one_in: int = 15) -> bool:
        return self._random.randrange(one_in) == 0

    def seldom(self, usual: T, others: Sequence[T], one_in: int = 10) -> T:
        return self.one(others) if self.rarely(one_in) else usual

    def yes(self) -> bool:
        return self.one((True, False))


def estate_of(seed: int) -> Estate:
    """Return the estate that a seed stands for."""
    draw = Draw(seed)
    places = PLACES[: draw.one((1, 2, 3))]
    sources: dict[str, str] = {}
    targets: list[ExportTarget] = []
    for place in places:
        for name in draw.some(TEXTS[:3], 2):
            sources[certificate_arn(place, name)] = secret(f"from-{name}", place)
        targets += [
            ExportTarget(
                certificate_arn=certificate_arn(place, name),
                secret_arn=secret(f"to-{name}", place),
                passphrase_secret_arn=secret("passphrase", place),
                renew_public=draw.yes(),
            )
            for name in draw.some(TEXTS[2:5], 2)
        ]
    settings = RotationSettings(
        topic_arn=f"arn:aws:sns:eu-west-1:{OWN}:labelquagga",
        thresholds=draw.one(THRESHOLDS),
        mode=draw.one(list(RotationMode)),
        import_sources=sources,
        zones=ZONES[:1],
        name_prefix=INSTANCE,
        owner_tag=OWNER_TAG,
        accounts=(Account(MEMBER, "rolequagga", "labelquagga", draw.one(list(RotationMode))),),
        export_targets=tuple(targets),
        retire_after=draw.one((None, days(30))),
    )
    around: dict[Place, Surroundings | Exception] = {}
    for place in places:
        mine = [secret for arn, secret in sources.items() if place.holds(arn)]
        here = [target for target in targets if place.holds(target.certificate_arn)]
        around[place] = FAILURES[0] if draw.rarely() else _surroundings(draw, place, mine, here)
    return Estate(around, settings)


def _surroundings(
    draw: Draw, place: Place, sources: Sequence[str], targets: Sequence[ExportTarget]
) -> Surroundings:
    held = [_certificate(draw, place, name) for name in draw.some(TEXTS[:6], 6)]
    acm = MemoryCertificates(*held)
    acm.searches = draw.yes()
    acm.tagged = {each.arn: tuple(dict(draw.some(TAGS, 3)).items()) for each in held}
    operations = [f"{what} {each.arn}" for each in held for what in ("describe", "tags")]
    _break(draw, acm.broken, ["list_all", "renewals", *operations])
    exports = MemoryExportSecrets()
    for target in targets:
        for serial in draw.some(SERIALS, 2):
            exports.make_current(target.secret_arn, version_token(target.certificate_arn, serial))
        exports.labels[target.secret_arn]["version of labelquagga"] = ("labelquagga",)
        _break(draw, exports.broken, [f"stages {target.secret_arn}"])
    users = (None, MemoryUsers(), MemoryUsers(), MemoryUsers(FAILURES[0]))
    bindings = [(_listener(), [each.arn]) for each in held[:1]]
    return Surroundings(
        certificates=acm,
        dns=_dns(draw),
        import_secrets=MemorySources({arn: _source(draw) for arn in sources}),
        export_secrets=draw.one((None, exports)),
        ledger=_ledger(draw, [each.arn for each in held]),
        consumers=draw.one((None, MemoryConsumers(*bindings))),
        users=draw.one(users),
        served=_served(draw) if draw.yes() else None,
        stores=[_store(draw, place, CertificateType.PRIVATE_AUTHORITY)],
        account_stores=[_store(draw, place, CertificateType.SERVER_CERTIFICATE)],
    )


def _break(draw: Draw, broken: dict[str, Exception], operations: Sequence[str]) -> None:
    broken |= {each: draw.one(FAILURES) for each in operations if draw.rarely(20)}


def _certificate(draw: Draw, place: Place, name: str) -> Certificate:
    ends = draw.one(ENDS)
    not_after = None if ends is None else NOW + ends
    lives = draw.one((days(47), days(198), days(395)))
    names = tuple(draw.some(NAMES, 3)) or NAMES[:1]
    in_use = draw.one((True, True, False))
    return Certificate(
        arn=certificate_arn(place, name),
        names=names,
        names_complete=not draw.rarely(),
        status=draw.seldom(FINE, list(CertificateStatus), 3),
        type=draw.seldom(draw.one(TYPES), (CertificateType.NOT_UNDERSTOOD,)),
        key_algorithm=draw.seldom("RSA_2048", ("EC_prime256v1",), 4),
        in_use=in_use,
        exported=draw.rarely(4),
        exportable=draw.yes(),
        renewal_eligible=draw.seldom(None, (True, False), 3),
        not_before=None if not_after is None else not_after - lives,
        not_after=not_after,
        created_at=draw.one((None, NOW - days(0.5), NOW - days(3), NOW - days(20))),
        managed_by=draw.seldom(None, ("CLOUDFRONT", "labelquagga")),
        key_pair_origin=draw.seldom(None, ("AWS_MANAGED", "ACME")),
        detail=Detail(
            in_use_by=tuple(draw.some(USERS, 2)) if in_use else (),
            renewal=_renewal(draw, names) if draw.yes() else None,
            validations=_validations(draw, names),
            failure_reason=draw.one(REASONS),
            certificate_authority_arn=draw.one((None, AUTHORITY)),
            serial=draw.one((None, *SERIALS)),
            key_usages=frozenset({"DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"}),
        ),
    )


def _renewal(draw: Draw, names: Sequence[str]) -> Renewal:
    return Renewal(
        status=draw.seldom(RenewalStatus.PENDING_VALIDATION, list(RenewalStatus), 2),
        reason=draw.seldom(None, REASONS, 3),
        validations=_validations(draw, names),
    )


def _validations(draw: Draw, names: Sequence[str]) -> tuple[DomainValidation, ...]:
    method = draw.seldom(ValidationMethod.DNS, list(ValidationMethod), 4)
    return tuple(
        DomainValidation(
            domain_name=name,
            method=method,
            validated=draw.rarely(4),
            record=draw.seldom(validation_record(name), (None,)),
            validation_domain=draw.one((None, "mailname.oddtop")),
        )
        for name in names
    )


def _dns(draw: Draw) -> MemoryDns:
    found = MemoryDns(*ZONES[: draw.one((1, 1, 2, 3))])
    for zone in found.zones:
        for name in NAMES[::2]:
            wanted = validation_record(name)
            values = ("_awaytarget.acm-validations.aws", "awaytarget.oddtop")
            value = draw.one((None, *values, *[wanted.value] * 3))
            if value is not None:
                kind = draw.seldom("CNAME", ("TXT",))
                found.put(zone, wanted.name, kind, value, plain=not draw.rarely())
    _break(draw, found.broken, ["zones", f"records _validname.{NAMES[0]}", f"records {NAMES[2]}"])
    return found


def _source(draw: Draw) -> Leaf | Exception:
    if draw.rarely(8):
        return UnusableSourceError("the certificate of zebracorp is none")
    if draw.rarely(8):
        return SecretUnreadableError("the secret secretquagga cannot be read")
    return _leaf(draw)


def _leaf(draw: Draw) -> Leaf:
    return Leaf(
        serial=draw.one((0x5E11A1, 0xC0FFEE)),
        names=draw.one((NAMES[:1], NAMES[2:4])),
        key=PublicKey(draw.seldom("RSA_2048", ("EC_prime256v1",)), b"public numbers"),
        not_before=draw.seldom(NOW - days(30), (NOW + days(1),)),
        not_after=draw.one((NOW + days(2), NOW + days(60), NOW + days(350))),
        key_usages=draw.one((None, frozenset({"DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"}))),
        extended_key_usages=None,
    )


def _served(draw: Draw) -> MemoryServed:
    served = MemoryServed()
    served.shown[NAMES[0]] = _leaf(draw)
    served.broken.add(NAMES[4])
    return served


def _store(draw: Draw, place: Place, kind: CertificateType) -> MemoryStore:
    authority = kind is CertificateType.PRIVATE_AUTHORITY
    ends = draw.one(ENDS)
    kept = Certificate(
        arn=AUTHORITY.replace(OWN, place.account_id)
        if authority
        else f"arn:aws:iam::{place.account_id}:server-certificate/path/ourcasigning",
        names=("Ourrootauthor CA v1.2",),
        names_complete=False,
        status=draw.seldom(FINE, (CertificateStatus.INACTIVE,), 4),
        type=kind,
        key_algorithm="",
        in_use=True,
        not_after=None if ends is None else NOW + ends * 10,
        detail=Detail(issues_for_acm=draw.yes()),
    )
    name = "private CAs" if authority else "IAM server certificates"
    store = MemoryStore(name, *([kept] if draw.yes() else []))
    _break(draw, store.broken, ["list", kept.arn])
    return store


def _ledger(draw: Draw, arns: Sequence[str]) -> MemoryLedger | None:
    if draw.rarely(3):
        return None
    found = MemoryLedger()
    for arn in draw.some([*arns, SCOPE], len(arns)):
        found.told[arn] = Memory(
            certificate_arn=arn,
            verdict=draw.one((*Verdict, "partial")),
            reason="NotInUse",
            severity=draw.one(("info", "warning", "critical", "labelquagga")),
            band=draw.one(("far", "near, failing", "3 days", "labelquagga")),
            told_at=NOW - draw.one((days(1), days(9))),
            since=draw.one((None, NOW - days(20))),
            version=3,
        )
    for arn in draw.some(arns, len(arns)):
        found.stored[arn] = _journal(draw, arn, arns)
    for arn in draw.some(arns, min(2, len(arns))):
        action = draw.one((Action.EXPORT, Action.REIMPORT))
        found.noted[arn, action] = Note(
            certificate_arn=arn,
            action=action.value,
            text=draw.one(("notequagga one", "notequagga one; and to notequagga two")),
            run_id="runquagga",
            written_at=NOW - days(1),
        )
    _break(draw, found.broken, ["journals", "memories"])
    return found


def _listener() -> Binding:
    return Binding(
        ConsumerKind.LISTENER,
        f"arn:aws:elasticloadbalancing:eu-west-1:{OWN}:listener/app/ourbalancer/1/2",
        label="labelquagga listener",
    )


def _journal(draw: Draw, arn: str, arns: Sequence[str]) -> Journal:
    status = draw.one(list(MoveStatus))
    move = Move(binding=_listener(), before=(arn,), status=status, note="notequagga")
    return Journal(
        certificate_arn=arn,
        state=draw.one(list(ReplacementState)),
        started_at=NOW - days(10),
        attempt=draw.one((0, 1, 2)),
        successor_arn=draw.one((None, *arns)),
        moves=draw.one(((), (move,))),
        verified_at=draw.one((None, NOW - days(40))),
        note="notequagga of the journal",
        untold=draw.one(((), ("notequagga untold",))),
        version=draw.one((1, 4)),
        claimed_by=draw.one((None, "runquagga")),
    )
