"""Repair certificates in place, and give advice on the others.

Every write is safe to repeat and to overlap, see `app.validation` and `app.reimport`; a migration
in progress is continued.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from certificate_lifecycle.app.collect import ScanResult
from certificate_lifecycle.app.deadline import RESERVE_SECONDS, error_summary, require_time
from certificate_lifecycle.app.ports import Certificates, Dns
from certificate_lifecycle.app.reimport import Reimport
from certificate_lifecycle.app.repair_memory import RepairMemory
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.app.validation import inspect, require_zones, write
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.model.errors import (
    MigrationNotPossibleError,
    ZoneError,
)
from certificate_lifecycle.model.run import ActionRecord, Outcome
from certificate_lifecycle.policy.dns_health import NOT_CHECKED, records_to_write
from certificate_lifecycle.policy.email_validation import may_migrate
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.validation import RecordChange, RecordFinding, explain

#: ACM needs several seconds to name the records of a migration.
_RECORDS_TIMEOUT_SECONDS = 30.0
_POLL_SECONDS = 3.0
_VERBS = {RecordChange.CREATED: "create", RecordChange.UPDATED: "update"}
_REPAIRS = (Action.RESTORE_RECORDS, Action.RENEW_BY_EMAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Carries out the repairs of one account and region, and advises on other actions.

    `settled` are certificates and actions that other use cases handled.
    """

    context: RunContext
    certificates: Certificates
    dns: Dns
    reimport: Reimport
    memory: RepairMemory
    settled: Collection[tuple[str, Action]] = ()

    def act(self, scan: ScanResult) -> list[ActionRecord]:
        """Return what was done or advised, one record for each certificate with an action."""
        records = []
        for observation, entry in zip(scan.observations, scan.assessments, strict=True):
            action = entry.decision.action
            if action is Action.NONE or (entry.certificate.arn, action) in self.settled:
                continue
            record = self._act_on(observation, action)
            permitted = record.outcome is not Outcome.ADVISED
            to_write = records_to_write(observation.records, observation.dns, permitted=permitted)
            records.append(replace(record, dns_records=(*record.dns_records, *to_write)))
        return records

    def _act_on(self, observation: Observation, action: Action) -> ActionRecord:
        arn = observation.certificate.arn
        source = observation.source
        newer = source.newer if source is not None and action is Action.REIMPORT else None
        blocked = self._blocked_reason(observation.certificate, action)
        if blocked is not None or (action not in _REPAIRS and newer is None):
            text = action.meaning if not blocked else f"{action.meaning} Not done here: {blocked}"
            return ActionRecord(arn, action, Outcome.ADVISED, text)
        if action is Action.RENEW_BY_EMAIL and observation.migration_obstacles:
            return _not_migrated(arn, "; ".join(observation.migration_obstacles))
        if self.context.dry_run:
            text = _planned(observation, action) if newer is None else f"import {newer.label}"
            return ActionRecord(arn, action, Outcome.PLANNED, text)
        try:
            require_time(self.context.clock)
            if source is not None and newer is not None and source.history is not None:
                return self.reimport.carry_out(arn, newer, source.history)
            if action is Action.RESTORE_RECORDS:
                # Of 100 names, mostly one record is lost.
                wanted = [
                    finding.record
                    for finding in observation.records
                    if finding.change is not RecordChange.UNCHANGED
                ]
                text = self._restore(observation.certificate, wanted)
                return ActionRecord(arn, action, Outcome.DONE, text)
            return self._renew_by_email(observation.certificate)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("action failed", extra={"certificate_arn": arn})
            return ActionRecord(arn, action, Outcome.FAILED, error_summary(error))

    def _blocked_reason(self, certificate: Certificate, action: Action) -> str | None:
        """Return why the mode of a certificate forbids an action that is not left to a person."""
        if action in _REPAIRS or self.context.modes.is_configured(certificate, action):
            return self.context.blocked_reason(certificate, action)
        return None

    def _restore(self, certificate: Certificate, wanted: Sequence[ValidationRecord]) -> str:
        """Read again, because the scan may be minutes old; write, and return what was done."""
        return self._write(certificate, inspect(self.dns, wanted), Action.RESTORE_RECORDS)

    def _write(
        self, certificate: Certificate, findings: Sequence[RecordFinding], action: Action
    ) -> str:
        """Write the records that can be written, and return what was done."""
        written = [f for f in findings if f.change in (RecordChange.CREATED, RecordChange.UPDATED)]
        names = [finding.record.name for finding in written]
        again = {name for name in names if self.memory.repaired(certificate, name)}
        if written:
            # A repeated repair is in no message, and its intent would stay until a message is sent.
            if any(self.memory.is_news(certificate, name) for name in names):
                text = f"write the validation record {', '.join(names)}"
                self.context.record_intent(certificate.arn, action, text)
            write(self.dns, findings)
            self.memory.record(certificate, names)
        blocked = [f for f in findings if f.change is None]
        parts = [
            f"{f.change} {f.record.name}{' again' if f.record.name in again else ''}"
            for f in written
        ]
        parts += [f"not written: {explain(finding)}" for finding in blocked]
        return "; ".join(parts) or "all records are in place"

    def _renew_by_email(self, certificate: Certificate) -> ActionRecord:
        """Migrate an issued certificate to DNS if its zones exist, else send the e-mail.

        No e-mail is sent for a certificate that is not being renewed.
        """
        if may_migrate(certificate):
            return self._migrate_at_any_time(certificate)
        issued = certificate.status is CertificateStatus.ISSUED
        if issued and self.certificates.can_migrate_to_dns:
            try:
                require_zones(self.dns, certificate.names)
                return self._migrate(certificate)
            except (MigrationNotPossibleError, ZoneError) as error:
                return self._resend(certificate, f" ({error})")
        return self._resend(certificate, "")

    def _migrate_at_any_time(self, certificate: Certificate) -> ActionRecord:
        """Start or continue the migration of a certificate that needs no validation now."""
        try:
            if not certificate.detail.migrating_to_dns:
                require_zones(self.dns, certificate.names)
            return self._migrate(certificate)
        except (MigrationNotPossibleError, ZoneError) as error:
            return _not_migrated(certificate.arn, str(error))

    def _migrate(self, certificate: Certificate) -> ActionRecord:
        under_way = certificate.detail.migrating_to_dns
        if not under_way:
            text = "migrate it from e-mail to DNS validation"
            self.context.record_intent(certificate.arn, Action.RENEW_BY_EMAIL, text)
            self.certificates.migrate_to_dns(certificate.arn)
        records = self._await_migration_records(certificate.arn)
        findings = inspect(self.dns, records)
        records_text = (
            self._write(certificate, findings, Action.RENEW_BY_EMAIL)
            if records
            else "ACM has not named all records yet"
        )
        # ACM completes the migration by itself once it finds the records.
        stage = "in progress" if under_way else "started"
        text = f"migration from e-mail to DNS validation {stage}; {records_text}"
        to_write = records_to_write(findings, NOT_CHECKED, permitted=True)
        return ActionRecord(
            certificate.arn,
            Action.RENEW_BY_EMAIL,
            Outcome.STARTED,
            text,
            dns_records=to_write,
        )

    def _await_migration_records(self, arn: str) -> list[ValidationRecord]:
        """Return the records of all names, or none if ACM does not name them all in time."""
        ends = self.context.clock.remaining() - _RECORDS_TIMEOUT_SECONDS
        while True:
            found = self.certificates.migration_records(arn)
            records = [record for record in found if record is not None]
            if records and len(records) == len(found):
                return records
            if self.context.clock.remaining() - _POLL_SECONDS < max(ends, RESERVE_SECONDS):
                return []
            self.context.clock.sleep(_POLL_SECONDS)

    def _resend(self, certificate: Certificate, reason: str) -> ActionRecord:
        validations = certificate.detail.pending_validations
        pending = [
            validation
            for validation in validations
            if validation.method is ValidationMethod.EMAIL and not validation.validated
        ]
        text = "have the approval e-mail sent again"
        self.context.record_intent(certificate.arn, Action.RENEW_BY_EMAIL, text)
        for validation in pending:
            self.certificates.resend_validation_email(certificate.arn, validation)
        names = ", ".join(validation.domain_name for validation in pending)
        text = f"approval e-mail sent again for {names}{reason}"
        return ActionRecord(certificate.arn, Action.RENEW_BY_EMAIL, Outcome.DONE, text)


def _not_migrated(arn: str, why: str) -> ActionRecord:
    """Return the advice on a certificate that a person has to migrate."""
    action = Action.RENEW_BY_EMAIL
    return ActionRecord(arn, action, Outcome.ADVISED, f"{action.meaning} Not done here: {why}.")


def _planned(observation: Observation, action: Action) -> str:
    """Return the planned action, record by record."""
    if action is Action.RENEW_BY_EMAIL and may_migrate(observation.certificate):
        under_way = observation.certificate.detail.migrating_to_dns
        return f"{'continue' if under_way else 'start'} its migration to DNS validation"
    if action is not Action.RESTORE_RECORDS:
        return action.meaning
    steps = [
        f"{_VERBS[finding.change]} the {finding.record.type} {finding.record.name} "
        f"with {finding.record.value} in the zone {finding.zone.name}"
        for finding in observation.records
        if finding.change in _VERBS and finding.zone is not None
    ]
    return "; ".join(steps)
