"""Daily runs while the lifetimes of certificates shrink to 47 days: who is alerted, and when."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.embedded_aws.certificates import new_serial
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import HostedZones, without_https
from tests.embedded_aws.secrets import write_secret
from tests.estates.imports import issued
from tests.integration.effects import (
    OURS,
    USED,
    documents,
    import_document,
    put_records,
    wanted_records,
)
from tests.integration.exports import PASSPHRASE, Exported
from tests.integration.invocation import Function, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients", "ledger_table")]

START = datetime(2026, 12, 1, 6, tzinfo=UTC)
OTHER_PROVIDER = "210987654321"
#: Two days less than the baseline requirements allow, as ACM has it.
LIFETIMES = (
    (START, timedelta(days=198)),
    (datetime(2027, 3, 1, tzinfo=UTC), timedelta(days=98)),
    (datetime(2029, 3, 1, tzinfo=UTC), timedelta(days=45)),
)
#: Days of the simulation on which records are lost, and those on which an owner imports too late.
LOST_ON, REPAIRED_AFTER = (100, 430, 760, 1_090), 9
#: Share of the life that is left when a pipeline or an ACME client renews, and the time that is
#: left when a late one does, at most an eighth of the life.
IN_TIME, BY_ACME, TOO_LATE = 0.4, 1 / 3, timedelta(days=5)
#: The lifetimes, in days, of the classes that ACM does not renew, or whose renewals it exports.
RENEWED_BY_OTHERS = {
    "imported for 6 days": 6,
    "imported for 47 days": 47,
    "imported for 90 days": 90,
    "imported for 365 days": 365,
    "imported late": 365,
    "imported late for 6 days": 6,
    "by an ACME client": 45,
    "by a late ACME client": 45,
    "from a source": 90,
    "from a late source": 90,
    "with an export target": 395,
}
#: Actions that are done by the run that finds them due; the message about them is no alert.
DELIVERIES = ("Export", "Reimport")
#: The warning and the critical thresholds: 26 hours are a day and the time that a run may take.
WARNING, CRITICAL, BETWEEN_RUNS = timedelta(days=30), timedelta(days=7), timedelta(hours=26)


@dataclass
class Life:
    """Certificates of every class, and the people and pipelines around them.

    `needed` has the first day of each trouble that needs attention, by ARN. `urgent` are the
    certificates that the trouble leaves a week or less to live, `near` these and those for which
    the trouble ended on that day.
    `members` are the present certificates of each class, `kinds` the classes of all that there
    were, `former` those that an ACME client has renewed. `secrets` are the import sources by ARN,
    `serials` those of the exported certificates. `renewed` counts renewals by class: of people,
    tools, ACME clients and, for exported certificates, of ACM.
    """

    cloud: Cloud
    environment: pytest.MonkeyPatch
    count: int = 1
    zone: str = ""
    elsewhere: str = ""
    members: dict[str, list[str]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    former: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    exported: list[Exported] = field(default_factory=list)
    serials: dict[str, str] = field(default_factory=dict)
    renewed: Counter[str] = field(default_factory=Counter)
    needed: dict[str, list[int]] = field(default_factory=dict)
    urgent: set[str] = field(default_factory=set)
    near: set[str] = field(default_factory=set)

    def fill(self) -> None:
        cloud = self.cloud
        cloud.certificates.lifetimes = LIFETIMES
        cloud.certificates.page_size = 1_000
        cloud.zones.page_size = 100
        self.zone = cloud.zones.add("example.com")
        self.elsewhere = cloud.zones.add("example.net", account=OTHER_PROVIDER)
        self._add("public", lifetime=198)
        self._add("of 395 days", lifetime=395)
        self._add("private", lifetime=395, type="PRIVATE")
        self._add("N2", lifetime=98, root_hierarchy="N2_SFG2_AMAZON_MANAGED")
        self._add("by e-mail", lifetime=198, validation_method="EMAIL")
        self._add("unused", lifetime=198, in_use_by=[])
        self._add("whose record is lost", lifetime=198)
        self._add("elsewhere", zone="example.net", lifetime=198)
        for lifetime in (6, 47, 90, 365):
            self._add(f"imported for {lifetime} days", lifetime=lifetime, type="IMPORTED")
        self._add("imported late", lifetime=365, age=240, type="IMPORTED")
        self._add_of_acme("by a late ACME client")
        self._add_sources("from a late source")
        self._add_exported()
        authority = cloud.authorities.add(not_after=cloud.now + timedelta(days=3650))
        for kind in ("private", "with an export target"):
            for arn in self.members[kind]:
                cloud.certificates.edit(arn, certificate_authority_arn=authority)

    def fill_up(self) -> None:
        """Add classes of which the others show the same in less time."""
        self._add_of_acme("by an ACME client")
        self._add_sources("from a source")
        # The last run before the expiry sees it with an hour left, the one before with 25 hours.
        late = self.cloud.now - timedelta(hours=23)
        self._add("imported late for 6 days", lifetime=6, not_before=late, type="IMPORTED")

    def _add_of_acme(self, kind: str) -> None:
        self._add(kind, lifetime=45, in_use_by=[], key_pair_origin="ACME")

    def _add_sources(self, kind: str) -> None:
        """Add imported certificates whose tool writes each version to a secret."""
        secrets = self.cloud.client("secretsmanager")
        arns = self.members[kind] = []
        for number in range(self.count):
            name = f"{kind.replace(' ', '-')}-{number}.example.com"
            ends = self.cloud.now + timedelta(days=90 - number)
            document = issued(ends, name, lifetime=timedelta(days=90))
            arns.append(import_document(self.cloud, document))
            self.cloud.certificates.edit(arns[-1], **USED)
            secret = secrets.create_secret(Name=name, SecretString=document.secret())
            self.secrets[arns[-1]] = secret["ARN"]
        self.kinds |= dict.fromkeys(arns, kind)
        sources = {arn: {"secret_arn": secret} for arn, secret in self.secrets.items()}
        self.environment.setenv("IMPORT_SOURCES", json.dumps(sources))

    def _add_exported(self) -> None:
        """Add private certificates whose copies on servers come from secrets."""
        kind = "with an export target"
        self._add(kind, lifetime=395, age=240, type="PRIVATE", key_algorithm="EC_prime256v1")
        secrets = self.cloud.client("secretsmanager")
        passphrase = secrets.create_secret(Name="passphrase", SecretString=PASSPHRASE)["ARN"]
        targets: dict[str, Any] = {}
        for number, arn in enumerate(self.members[kind]):
            target = secrets.create_secret(Name=f"edge-{number}")["ARN"]
            self.exported.append(Exported(self.cloud, arn, target, passphrase))
            targets |= json.loads(self.exported[-1].environment())
        self.environment.setenv("EXPORT_TARGETS", json.dumps(targets))

    def _add(
        self,
        kind: str,
        *,
        lifetime: int,
        zone: str = "example.com",
        age: int = 0,
        **fields: Any,  # noqa: ANN401 - the fields of a certificate
    ) -> None:
        arns = self.members[kind] = []
        for number in range(self.count):
            name = f"{kind.replace(' ', '-').lower()}-{number}.{zone}"
            # The ages differ, so that no day has all renewals; none is due at the start.
            spread = min(90, max(1, lifetime // 3))
            begins = self.cloud.now - timedelta(days=age + number * 7 % spread)
            begins = fields.get("not_before", begins)
            dates = {"not_before": begins, "not_after": begins + timedelta(days=lifetime)}
            if "key_pair_origin" in fields:
                fields["acme_account"] = f"account-{number}"
            arns.append(
                self.cloud.certificates.add(domain_name=name, **{**USED, **OURS, **dates, **fields})
            )
        self.kinds |= dict.fromkeys(arns, kind)
        if fields.get("type", "AMAZON_ISSUED") == "AMAZON_ISSUED" and not fields.keys() & {
            *("validation_method", "key_pair_origin")
        }:
            put_records(self.cloud, self.zone if zone == "example.com" else self.elsewhere, *arns)

    def note_renewals(self) -> None:
        """Count the renewals of ACM that have to be exported."""
        for exported in self.exported:
            kind, serial = self.kinds[exported.arn], exported.serial
            self.renewed[kind] += serial != self.serials.get(exported.arn, serial)
            self.serials[exported.arn] = serial

    def live(self, day: int) -> None:
        """Do what people and pipelines do on a day, before the run."""
        self.note_renewals()
        for kind in self.members:
            if kind.startswith(("imported", "by a", "from a")):
                for arn in tuple(self.members[kind]):
                    self._renew_if_due(kind, arn, day)
        self._tidy_up()
        self._lose(day)

    def _tidy_up(self) -> None:
        """Delete expired certificates that an ACME client has renewed: each order has an ARN."""
        for arn in tuple(self.former):
            if self.cloud.certificates.get(arn).status == "EXPIRED":
                self.cloud.client("acm").delete_certificate(CertificateArn=arn)
                self.former.remove(arn)

    def _lose(self, day: int) -> None:
        """Remove records on some days, and have a person write those elsewhere days later."""
        if day in LOST_ON:
            for kind, zone in (("whose record is lost", self.zone), ("elsewhere", self.elsewhere)):
                for arn in self.members[kind]:
                    ((name, record_type),) = wanted_records(self.cloud, arn)
                    self.cloud.zones.remove(zone, name, record_type)
                    self._need(arn, day)
        if day - REPAIRED_AFTER in LOST_ON:
            put_records(self.cloud, self.elsewhere, *self.members["elsewhere"])
        for lost in LOST_ON:
            if lost <= day <= lost + REPAIRED_AFTER:
                for arn in self.members["elsewhere"]:
                    self._watch(arn, ended=day == lost + REPAIRED_AFTER)

    def _watch(self, arn: str, *, ended: bool = False) -> None:
        """Note that trouble leaves a certificate a week or less."""
        certificate = self.cloud.certificates.get(arn)
        assert certificate.not_after is not None
        assert certificate.not_before is not None
        lifetime = certificate.not_after - certificate.not_before
        critical = min(CRITICAL, max(BETWEEN_RUNS, lifetime * 0.165))
        if certificate.not_after - self.cloud.now <= critical:
            self.near.add(arn)
            if not ended:
                self.urgent.add(arn)

    def _renew_if_due(self, kind: str, arn: str, day: int) -> None:
        certificate = self.cloud.certificates.get(arn)
        assert certificate.not_before is not None
        assert certificate.not_after is not None
        lifetime = certificate.not_after - certificate.not_before
        left = certificate.not_after - self.cloud.now
        due = lifetime * (BY_ACME if "ACME" in kind else IN_TIME)
        if "late" in kind:
            due = min(TOO_LATE, lifetime / 8)
            warning = min(WARNING, lifetime * 0.33)
            if left <= warning < left + timedelta(days=1):
                self._need(arn, day)
            if left > due:
                self._watch(arn)
        if left <= due:
            self.renewed[kind] += 1
            # At the time of the day at which the last one began.
            self._renew(kind, arn, self.cloud.now - (-left % timedelta(days=1)), lifetime)

    def _renew(self, kind: str, arn: str, begins: datetime, lifetime: timedelta) -> None:
        """Do what the owner, tool or ACME client of a certificate does."""
        now, certificates = self.cloud.now, self.cloud.certificates
        old = certificates.get(arn)
        dates: dict[str, Any] = {"not_before": begins, "not_after": begins + lifetime}
        if arn in self.secrets:
            document = issued(begins + lifetime, old.domain_name, lifetime=lifetime)
            write_secret(self.secrets[arn], document.secret())
        elif old.key_pair_origin == "ACME":
            fields = {"key_pair_origin": "ACME", "acme_account": old.acme_account, **OURS, **dates}
            order = certificates.add(domain_name=old.domain_name, **fields)
            self.kinds[order] = kind
            self.former.append(arn)
            self.members[kind] = [order if each == arn else each for each in self.members[kind]]
        else:
            certificates.edit(arn, **dates, imported_at=now, serial=new_serial())

    def _need(self, arn: str, day: int) -> None:
        self.needed.setdefault(arn, []).append(day)

    @property
    def expired_in_use(self) -> list[str]:
        return [
            certificate.domain_name
            for certificate in self.cloud.certificates.all()
            if certificate.status == "EXPIRED" and certificate.in_use_by
        ]


@dataclass
class Log:
    """The first days of the alerts of each certificate, and what the runs did."""

    alerts: dict[str, list[int]] = field(default_factory=dict)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    critical: set[str] = field(default_factory=set)


def simulate(life: Life, rotation: Function, topic: str, days: int) -> Log:
    cloud, log = life.cloud, Log()
    for day in range(days):
        life.live(day)
        rotation(scheduled(cloud.now))
        log.made.update(rotation.writes)
        cloud.forget_calls()
        for sent in _sent(cloud, topic):
            delivered = {
                action["certificate_arn"]
                for action in sent["actions"]
                if action["action"] in DELIVERIES and action["outcome"] == "done"
            }
            for change in sent["changes"]:
                if change["kind"] == "new" and change["certificate_arn"] not in delivered:
                    log.alerts.setdefault(change["certificate_arn"], []).append(day)
            for finding in sent["findings"]:
                log.verdicts[life.kinds[finding["certificate_arn"]], finding["verdict"]] += 1
                if finding["severity"] == "critical":
                    log.critical.add(finding["certificate_arn"])
        assert life.expired_in_use == [], day
        cloud.advance(days=1)
    return log


def _sent(cloud: Cloud, topic: str) -> Iterator[dict[str, Any]]:
    """Yield the documents of the last run, and forget them."""
    yield from documents(cloud, topic)
    cloud.topics.reset()


def check(life: Life, log: Log) -> None:
    """Compare the alerts with what the script made necessary."""
    kinds = life.kinds
    migrated = set(life.members["by e-mail"])
    unneeded = log.alerts.keys() - life.needed.keys() - migrated
    assert {kinds[arn] for arn in unneeded} == set()
    for arn, began in life.needed.items():
        alerts = log.alerts.get(arn, [])
        assert len(alerts) == len(began), kinds[arn]
        late = [alert - day for alert, day in zip(alerts, began, strict=True)]
        assert 0 <= min(late) <= max(late) <= 7, kinds[arn]
    assert all(len(log.alerts[arn]) == 1 for arn in migrated)
    assert {kinds[arn] for arn in life.urgent - log.critical} == set()
    assert {kinds[arn] for arn in log.critical - life.near} == set()
    for copy in life.exported:
        copy.assert_up_to_date()
    life.note_renewals()
    written = sum(count for kind, count in life.renewed.items() if "source" in kind)
    exported = len(life.exported) + life.renewed["with an export target"]
    assert (log.made["ImportCertificate"], log.made["PutSecretValue"]) == (written, exported)


@pytest.fixture
def life(cloud: Cloud, environment: pytest.MonkeyPatch) -> Iterator[Life]:
    environment.setenv("ROTATION_MODE", "repair")
    cloud.now = START
    with without_https(HostedZones(cloud.zones)) as gateway:
        environment.setenv("PUBLIC_DNS_RESOLVERS", json.dumps(gateway.urls))
        yield Life(cloud, environment)


def test_no_alert_is_missing_or_unneeded_when_lifetimes_change(
    rotation: Function, life: Life, topic: str
) -> None:
    life.fill()
    check(life, simulate(life, rotation, topic, 130))
    assert life.renewed == {
        "imported for 6 days": 32,
        "imported for 47 days": 4,
        "imported for 90 days": 2,
        "imported late": 1,
        "by a late ACME client": 3,
        "from a late source": 1,
        "with an export target": 1,
    }


@pytest.mark.nightly
@pytest.mark.parametrize("count", [1, 16])
def test_every_class_lives_for_1200_days(
    rotation: Function, life: Life, topic: str, count: int
) -> None:
    life.count = count
    # On the first day, all certificates with an export target and those by e-mail are changed.
    life.environment.setenv("LIMITS", '{"changes_per_run": 100}')
    life.fill()
    life.fill_up()
    log = simulate(life, rotation, topic, 1_200)
    check(life, log)
    for kind, lifetime in RENEWED_BY_OTHERS.items():
        assert life.renewed[kind] >= life.count * (1_200 // lifetime - 1), kind
    assert log.made["UpdateCertificateOptions"] == life.count
    assert log.made["RequestCertificate"] == 0
