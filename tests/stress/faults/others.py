"""Other actors of the accounts: they change certificates, tags, secrets and consumers during runs.

No deed is one that AWS could only protect from with a conditional write that its API does not have:
nothing changes between the program's last read and its write to the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from certificate_lifecycle.policy.succession import REPLACES_TAG
from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.secrets import write_secret
from tests.estates.decoys import OTHER_ISSUER, Decoy
from tests.estates.imports import issued
from tests.stress.faults.records import Baseline, settings_of, version_of
from tests.stress.faults.world import INSTANCE, Planted, World

DAY = timedelta(days=1)
Deed = Callable[["Others"], None]


class Others:
    """Other actors; `choice` selects a deed and its subject."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._choice = 0

    def act(self, choice: int, operation: str) -> None:
        """Do one deed before the attempt of an operation."""
        deed = DEEDS[choice % len(DEEDS)]
        self._choice = choice // len(DEEDS)
        if operation not in _RACES.get(deed, ()):
            deed(self)
        self._world.observe()

    # --- Certificates -----------------------------------------------------------------------------

    def put_decoy(self) -> None:
        """Put a decoy beside a served certificate."""
        self._decoy()

    def _decoy(self) -> tuple[str, Certificate]:
        """Put a decoy beside a served certificate that still exists, and return both."""
        world, kinds = self._world, list(Decoy)
        found = [world.certificate(entry.arn) for entry in world.planted if entry.consumers]
        served = [certificate for certificate in found if certificate is not None]
        original = served[self._choice % len(served)]
        decoy = kinds[self._choice // len(served) % len(kinds)]
        return world.put_decoy(decoy, original), original

    def tag_decoy(self) -> None:
        """Tag a decoy as the successor that this instance has requested."""
        decoy, original = self._decoy()
        tags = {REPLACES_TAG: original.arn}
        if self._choice % 2:
            tags["ManagedBy"] = INSTANCE
        self._world.cloud.certificates.edit(decoy, tags=tags)

    def tag_original(self) -> None:
        """Tag a certificate that ACM has issued as one of another tool."""
        served = [entry for entry in self._world.planted if entry.consumers]
        found = [self._world.certificate(entry.arn) for entry in served]
        issued_here = [entry for entry in found if entry and entry.type == "AMAZON_ISSUED"]
        if issued_here:
            chosen = issued_here[self._choice % len(issued_here)]
            tags = {**chosen.tags, "ManagedBy": "certbot"}
            self._world.cloud.certificates.edit(chosen.arn, tags=tags)

    # --- Import sources ---------------------------------------------------------------------------

    def _source(self) -> tuple[Planted, Certificate] | None:
        """Return the certificate with an import source, if the world has one."""
        for planted in self._world.planted:
            certificate = self._world.certificate(planted.arn)
            if planted.kind == "reimported" and certificate is not None:
                return planted, certificate
        return None

    def _write(self, *, names: Sequence[str] = (), **details: object) -> None:
        found = self._source()
        if found is None:
            self.put_decoy()
            return
        planted, certificate = found
        ends = self._world.cloud.now + 500 * DAY
        details.setdefault("not_before", self._world.cloud.now)
        version = issued(ends, *(names or certificate.names), **details)
        own = {"chain": None} if "issuer" in details else {}
        write_secret(planted.secret_arn, version.secret(**own))
        self._world.spoiled.add(planted.arn)

    def write_older_version(self) -> None:
        """Put a version back that was issued earlier, although it expires later."""
        self._write(not_before=self._world.cloud.now - 400 * DAY)

    def write_fewer_names(self) -> None:
        """Write a version without one of the names."""
        found = self._source()
        self._write(names=found[1].names[:1] if found else ())

    def write_other_issuer(self) -> None:
        """Write a version of another CA without a chain."""
        self._write(issuer=OTHER_ISSUER)

    def import_by_hand(self) -> None:
        """Import a version that was issued today, and expires before that of the source."""
        found, now = self._source(), self._world.cloud.now
        if found is None:
            self.put_decoy()
            return
        planted, certificate = found
        made = issued(now + 100 * DAY, *certificate.names, not_before=now)
        self._world.cloud.client("acm", certificate.region, certificate.account).import_certificate(
            CertificateArn=planted.arn, Certificate=made.certificate, PrivateKey=made.private_key
        )
        self._world.versions[planted.arn].append(version_of(certificate))

    # --- Consumers --------------------------------------------------------------------------------

    def change_settings(self) -> None:
        """Change a setting of a consumer that has nothing to do with its certificate."""
        world = self._world
        names = [name for name in sorted(world.baselines) if name.startswith(("E0", "arn:"))]
        if not names:
            return
        name = names[self._choice % len(names)]
        if name.startswith("E0"):
            self._change_distribution(name)
        else:
            self._add_certificate(name)
        served = world.baselines[name].certificates
        world.baselines[name] = Baseline(settings_of(world.cloud)[name], served)

    def _change_distribution(self, name: str) -> None:
        """Change a distribution with an SDK that knows all of its settings."""
        consumers = self._world.cloud.consumers
        client = self._world.cloud.client("cloudfront", "us-east-1")
        unknown = dict(consumers.unknown_members(name))
        found = client.get_distribution(Id=name)
        config = found["Distribution"]["DistributionConfig"]
        for member in ("Certificate", "CertificateSource", "CloudFrontDefaultCertificate"):
            config["ViewerCertificate"].pop(member, None)
        config["Comment"] = f"a comment of {self._world.cloud.now:%H:%M:%S}"
        config["PriceClass"] = ("PriceClass_100", "PriceClass_200")[self._choice % 2]
        client.update_distribution(Id=name, IfMatch=found["ETag"], DistributionConfig=config)
        consumers.unknown_members(name).update(unknown)
        if self._choice % 4 == 0:
            self._world.add_unknown_setting(name, self._choice // 4)

    def _add_certificate(self, name: str) -> None:
        """Add an unrelated certificate to the list of a listener."""
        world = self._world
        _, _, _, region, account, _ = name.split(":", 5)
        other = world.cloud.certificates.add(
            domain_name=f"added-{self._choice}.example.com", region=region, account=account
        )
        client = world.cloud.client("elbv2", region, account)
        client.add_listener_certificates(ListenerArn=name, Certificates=[{"CertificateArn": other}])
        baseline = world.baselines[name]
        if other in world.cloud.consumers.certificates(name):
            served = (*baseline.certificates, world.cloud.certificates.get(other))
            world.baselines[name] = Baseline(baseline.settings, served)


DEEDS: Sequence[Deed] = (
    Others.put_decoy,
    Others.tag_decoy,
    Others.tag_original,
    Others.write_older_version,
    Others.write_fewer_names,
    Others.write_other_issuer,
    Others.import_by_hand,
    Others.change_settings,
)


def choice_of(deed: Deed) -> int:
    """Return a choice that selects a deed, unless a race prevents one."""
    return DEEDS.index(deed)


#: The writes right after a read of the same place: AWS has no conditional form of them. The state
#: table is written between the last read of a certificate and its import.
_RACES: Mapping[Deed, frozenset[str]] = {
    Others.import_by_hand: frozenset({"ImportCertificate", "PutItem"}),
}
