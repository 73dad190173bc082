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
from tests.integration.effects import OURS, USED, documents, put_records, wanted_records
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


@dataclass
class Life:
    """Certificates of every class, and the people and pipelines around them.

    `needed` has the first day of each trouble that needs attention, by ARN. `urgent` are the
    certificates that the trouble leaves a week or less to live, `near` these and those for which
    the trouble ended on that day.
    """

    cloud: Cloud
    count: int
    zone: str = ""
    elsewhere: str = ""
    members: dict[str, list[str]] = field(default_factory=dict)
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
        authority = cloud.authorities.add(not_after=cloud.now + timedelta(days=3650))
        for arn in self.members["private"]:
            cloud.certificates.edit(arn, certificate_authority_arn=authority)
        self._add("N2", lifetime=98, root_hierarchy="N2_SFG2_AMAZON_MANAGED")
        self._add("by e-mail", lifetime=198, validation_method="EMAIL")
        self._add("unused", lifetime=198, in_use_by=[])
        self._add("whose record is lost", lifetime=198)
        self._add("elsewhere", zone="example.net", lifetime=198)
        for lifetime in (6, 47, 90, 365):
            self._add(f"imported for {lifetime} days", lifetime=lifetime, type="IMPORTED")
        self._add("imported late", lifetime=365, age=240, type="IMPORTED")

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
            dates = {"not_before": begins, "not_after": begins + timedelta(days=lifetime)}
            arns.append(
                self.cloud.certificates.add(domain_name=name, **{**USED, **OURS, **dates, **fields})
            )
        if (
            fields.get("type", "AMAZON_ISSUED") == "AMAZON_ISSUED"
            and "validation_method" not in fields
        ):
            put_records(self.cloud, self.zone if zone == "example.com" else self.elsewhere, *arns)

    def live(self, day: int) -> None:
        """Do what people and pipelines do on a day, before the run."""
        for kind, arns in self.members.items():
            if kind.startswith("imported"):
                for arn in arns:
                    self._import_again(arn, late=kind == "imported late", day=day)
        self._lose(day)

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
        if certificate.not_after - self.cloud.now <= timedelta(days=7):
            self.near.add(arn)
            if not ended:
                self.urgent.add(arn)

    def _import_again(self, arn: str, *, late: bool, day: int) -> None:
        certificate = self.cloud.certificates.get(arn)
        assert certificate.not_before is not None
        assert certificate.not_after is not None
        lifetime = certificate.not_after - certificate.not_before
        left = certificate.not_after - self.cloud.now
        warning = min(timedelta(days=30), lifetime * 0.33)
        if late and left <= warning < left + timedelta(days=1):
            self._need(arn, day)
        if late and left > timedelta(days=5):
            self._watch(arn)
        due = timedelta(days=5) if late else lifetime * 0.4
        if left <= due:
            now = self.cloud.now
            self.cloud.certificates.edit(
                arn,
                not_before=now,
                not_after=now + lifetime,
                imported_at=now,
                serial=new_serial(),
            )

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
    kinds = {arn: kind for kind, arns in life.members.items() for arn in arns}
    for day in range(days):
        life.live(day)
        rotation(scheduled(cloud.now))
        log.made.update(rotation.writes)
        cloud.forget_calls()
        for sent in _sent(cloud, topic):
            for change in sent["changes"]:
                if change["kind"] == "new":
                    log.alerts.setdefault(change["certificate_arn"], []).append(day)
            for finding in sent["findings"]:
                log.verdicts[kinds[finding["certificate_arn"]], finding["verdict"]] += 1
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
    kinds = {arn: kind for kind, arns in life.members.items() for arn in arns}
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


@pytest.fixture
def life(cloud: Cloud, environment: pytest.MonkeyPatch) -> Iterator[Life]:
    environment.setenv("ROTATION_MODE", "repair")
    cloud.now = START
    with without_https(HostedZones(cloud.zones)) as gateway:
        environment.setenv("PUBLIC_DNS_RESOLVERS", json.dumps(gateway.urls))
        yield Life(cloud, 1)


def test_no_alert_is_missing_or_unneeded_when_lifetimes_change(
    rotation: Function, life: Life, topic: str
) -> None:
    life.fill()
    check(life, simulate(life, rotation, topic, 130))


@pytest.mark.nightly
@pytest.mark.parametrize("count", [1, 23])
def test_every_class_lives_for_1200_days(
    rotation: Function, life: Life, topic: str, count: int
) -> None:
    life.count = count
    life.fill()
    log = simulate(life, rotation, topic, 1_200)
    check(life, log)
    assert log.made["UpdateCertificateOptions"] == life.count
    assert log.made["RequestCertificate"] == 0
