"""ACM, Route 53, SNS and time, as small as the use cases see them, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from certificate_lifecycle.app.ports import Certificates, Clock, Dns, Topic
from certificate_lifecycle.core.digest import Message
from certificate_lifecycle.core.issuance import CertificateRequest
from certificate_lifecycle.core.model import (
    Certificate,
    Detail,
    DomainValidation,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.core.names import dns_form
from certificate_lifecycle.core.validation import ExistingRecord, Zone
from certificate_lifecycle.errors import CertificateNotFoundError
from tests.unit.builders import NOW, arn, record, request, validation


class Outage(Exception):  # noqa: N818 - it stands for what an SDK raises
    """What AWS answers when it does not answer."""


class MemoryClock(Clock):
    """Time that passes only by sleeping."""

    def __init__(self, seconds: float = 900.0) -> None:
        self.left = seconds
        self.slept: list[float] = []

    def remaining(self) -> float:
        return self.left

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.left -= seconds


class MemoryCertificates(Certificates):
    """The certificates of one region; what is listed has no detail, as in ACM.

    `later` holds what further descriptions of a certificate say, the last one for ever.
    """

    def __init__(self, *held: Certificate, migrates: bool = False) -> None:
        self.held = {certificate.arn: certificate for certificate in held}
        self.later: defaultdict[str, list[Certificate]] = defaultdict(list)
        self.tagged: dict[str, tuple[tuple[str, str], ...]] = {}
        self.migrates = migrates
        self.migration: list[tuple[ValidationRecord | None, ...]] = []
        self.broken: dict[str, Exception] = {}
        self.unknown_for = 0
        self.names_records_late = False
        self.asked: list[CertificateRequest] = []
        self.described: list[str] = []
        self.resent: list[str] = []
        self.migrated: list[str] = []

    def list_all(self) -> Iterator[Certificate]:
        self._raise_if_broken("list_all")
        for certificate in self.held.values():
            yield replace(certificate, detail=None)

    def describe(self, arn: str) -> Certificate:
        self.described.append(arn)
        self._raise_if_broken(f"describe {arn}")
        if self.unknown_for or arn not in self.held:
            self.unknown_for = max(0, self.unknown_for - 1)
            raise CertificateNotFoundError(f"{arn} does not exist")
        described = self.held[arn]
        if self.later[arn]:
            self.held[arn] = self.later[arn].pop(0)
        return replace(described, exported=False, detail=described.detail or Detail())

    def tags(self, arn: str) -> tuple[tuple[str, str], ...]:
        self._raise_if_broken(f"tags {arn}")
        return self.tagged.get(arn, ())

    def request(self, request: CertificateRequest) -> str:
        """Return the ARN that belongs to the token; ACM names records only some time later."""
        self._raise_if_broken("request")
        self.asked.append(request)
        found = arn(request.idempotency_token, request.region)
        if found not in self.held:
            states = _states(found, request, late=self.names_records_late)
            self.held[found], self.later[found] = states[0], states[1:]
        return found

    def resend_validation_email(self, arn: str, validation: DomainValidation) -> None:
        self._raise_if_broken(f"resend {arn}")
        self.resent.append(validation.domain_name)

    @property
    def can_migrate_to_dns(self) -> bool:
        return self.migrates

    def migrate_to_dns(self, arn: str) -> None:
        self._raise_if_broken(f"migrate {arn}")
        self.migrated.append(arn)

    def migration_records(self, arn: str) -> tuple[ValidationRecord | None, ...]:
        self._raise_if_broken(f"migration {arn}")
        return self.migration.pop(0) if len(self.migration) > 1 else self.migration[0]

    def _raise_if_broken(self, operation: str) -> None:
        if operation in self.broken:
            raise self.broken[operation]


def _states(found: str, wanted: CertificateRequest, *, late: bool) -> list[Certificate]:
    """Return what ACM says one after the other: nothing, then one record more each time."""
    private = wanted.certificate_authority_arn is not None
    counts = range(len(wanted.names) + 1) if late else [len(wanted.names)]
    return [
        request(
            arn=found,
            names=wanted.names,
            type=wanted.type,
            key_algorithm=wanted.key_algorithm,
            exportable=private or wanted.exportable,
            created_at=NOW,
            detail=Detail(
                certificate_authority_arn=wanted.certificate_authority_arn,
                validations=()
                if private
                else tuple(
                    validation(
                        name,
                        ValidationMethod.DNS,
                        record=record(name) if position < count else None,
                    )
                    for position, name in enumerate(wanted.names)
                ),
            ),
        )
        for count in counts
    ]


class MemoryDns(Dns):
    """Public hosted zones; every batch is kept, and done as a whole or not at all."""

    def __init__(self, *zones: Zone) -> None:
        self.zones = zones
        self.records: dict[tuple[str, str], tuple[ExistingRecord, ...]] = {}
        self.batches: list[tuple[Zone, tuple[ValidationRecord, ...]]] = []
        self.broken: dict[str, Exception] = {}

    def put(self, zone: Zone, name: str, type_: str, *values: str, plain: bool = True) -> None:
        entry = ExistingRecord(name, type_, values, plain)
        key = (zone.zone_id, dns_form(name))
        self.records[key] = (*self.records.get(key, ()), entry)

    def public_zones(self) -> Sequence[Zone]:
        self._raise_if_broken("zones")
        return self.zones

    def records_at(self, zone: Zone, name: str) -> tuple[ExistingRecord, ...]:
        self._raise_if_broken(f"records {dns_form(name)}")
        return self.records.get((zone.zone_id, dns_form(name)), ())

    def upsert(self, zone: Zone, records: Sequence[ValidationRecord]) -> None:
        self._raise_if_broken(f"upsert {zone.zone_id}")
        self.batches.append((zone, tuple(records)))
        for wanted in records:
            key = (zone.zone_id, dns_form(wanted.name))
            self.records[key] = (ExistingRecord(wanted.name, wanted.type, (wanted.value,)),)

    def _raise_if_broken(self, operation: str) -> None:
        if operation in self.broken:
            raise self.broken[operation]

    @property
    def written(self) -> dict[str, list[str]]:
        """The names that were written, by zone."""
        found: dict[str, list[str]] = defaultdict(list)
        for zone, records in self.batches:
            found[zone.zone_id] += [wanted.name for wanted in records]
        return dict(found)


class MemoryTopic(Topic):
    """A topic that keeps its messages."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.messages: list[Message] = []
        self.failure = failure

    def publish(self, message: Message) -> str:
        if self.failure is not None:
            raise self.failure
        self.messages.append(message)
        return f"message-{len(self.messages)}"
