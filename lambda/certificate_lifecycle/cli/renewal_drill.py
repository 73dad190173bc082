"""Check whether ACM could renew a certificate, without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import Certificates, CertificateStore, Clock, Dns, PublicDns
from certificate_lifecycle.app.reimport import Sources
from certificate_lifecycle.app.validation import inspect
from certificate_lifecycle.app.waiting import wanted_records
from certificate_lifecycle.cli import drill_checks
from certificate_lifecycle.cli.drill_checks import CheckOutcome, DrillCheck, RenewalAnswer
from certificate_lifecycle.model.certificate import Certificate, CertificateType, ValidationRecord
from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.model.errors import DnssecBrokenError
from certificate_lifecycle.model.public_dns import RecordType
from certificate_lifecycle.policy.caa import caa_questions, judge_public_caa
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.delegation import Delegation
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import RecordFinding, distinct

#: ACM follows that many CNAMEs from a validation name (user guide, "DNS validation").
_MAX_CNAMES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """A described certificate and the checks of its next renewal, at least one."""

    certificate: Certificate
    checks: tuple[DrillCheck, ...]

    @property
    def answer(self) -> RenewalAnswer:
        """Whether a renewal would work."""
        return drill_checks.answer(self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """Checks the renewal of certificates in one account and region."""

    certificates: Certificates
    dns: Dns
    public: PublicDns
    clock: Clock
    stores: Sequence[CertificateStore]
    sources: Sources
    thresholds: Thresholds
    now: datetime

    def check(self, listed: Certificate) -> DrillResult:
        """Check the renewal of a listed certificate.

        Raises CertificateNotFoundError if the certificate was deleted. A check that fails for
        another reason is UNKNOWN.
        """
        certificate = listed
        if listed.type not in drill_checks.NOT_RENEWED:
            described = listed.described_as(self.certificates.describe(listed.arn))
            certificate = described.with_tags(self.certificates.tags(listed.arn))
        return DrillResult(certificate=certificate, checks=tuple(self._checks(certificate)))

    def _checks(self, certificate: Certificate) -> Sequence[DrillCheck]:
        if certificate.type is CertificateType.IMPORTED:
            return [self._try("import source", lambda: self._import_source(certificate))]
        if reason := drill_checks.no_managed_renewal(certificate):
            return [reason]
        eligibility = drill_checks.check_eligibility(certificate)
        if certificate.type is CertificateType.PRIVATE:
            return [eligibility, self._try("private CA", lambda: self._authority(certificate))]
        return [eligibility, *drill_checks.accept_public_dns(self._validation(certificate))]

    def _import_source(self, certificate: Certificate) -> DrillCheck:
        finding = None
        if self.sources.concern(certificate):
            # The finding contains the error, so the list of problems is not needed.
            finding = self.sources.inspect(certificate, self.clock, self.now, [])
        return drill_checks.check_source(finding)

    def _authority(self, certificate: Certificate) -> DrillCheck:
        arn = certificate.detail.certificate_authority_arn
        for store in self.stores:
            for listed in store.list_all():
                if listed.arn == arn:
                    observation = Observation(certificate=store.describe(listed))
                    decision = assess(observation, self.thresholds, self.now)
                    return drill_checks.check_authority(decision)
        return drill_checks.check_authority(None)

    def _validation(self, certificate: Certificate) -> Sequence[DrillCheck]:
        wanted = distinct(wanted_records(certificate))
        findings: list[RecordFinding] = []

        def records() -> DrillCheck:
            findings.extend(inspect(self.dns, wanted))
            return drill_checks.check_records(findings)

        def public_dns() -> DrillCheck:
            chains = {record.name: _cname_targets(record, self.public) for record in wanted}
            return drill_checks.check_public(wanted, chains)

        def caa() -> DrillCheck:
            verdicts = [judge_public_caa(name, self.public.ask) for name in certificate.names]
            return drill_checks.check_caa(verdicts)

        self.public.prefetch((record.name, RecordType.CNAME) for record in wanted)
        for name in certificate.names:
            self.public.prefetch(caa_questions(name))
        return [
            self._try("validation records", records),
            self._try("delegation", lambda: self._delegation(findings)),
            self._try("public DNS", public_dns),
            self._try("CAA", caa),
        ]

    def _delegation(self, findings: Sequence[RecordFinding]) -> DrillCheck:
        zones = dict.fromkeys(finding.zone for finding in findings if finding.zone is not None)
        delegations = {}
        for zone in zones:
            own = frozenset(
                dns_form(value)
                for record in self.dns.records_at(zone, zone.name)
                if record.type == "NS"
                for value in record.values
            )
            named = self.public.ask(zone.name, RecordType.NS).known_values()
            delegations[dns_form(zone.name)] = Delegation(own, frozenset(named))
        return drill_checks.check_delegation(delegations)

    def _try(self, name: str, check: Callable[[], DrillCheck]) -> DrillCheck:
        require_time(self.clock)
        try:
            return check()
        except DnssecBrokenError as error:
            return DrillCheck(name, CheckOutcome.FAILED, f"A CA must refuse: {error}.")
        except Exception as error:  # noqa: BLE001 - one failure must not stop the other checks
            text = f"Could not be checked: {error_summary(error)}."
            return DrillCheck(name, CheckOutcome.UNKNOWN, text)


def _cname_targets(record: ValidationRecord, public: PublicDns) -> Sequence[str]:
    """Return the targets of successive CNAMEs of a validation name, as far as ACM follows them."""
    found: list[str] = []
    at: str | None = dns_form(record.name)
    while at is not None and len(found) < _MAX_CNAMES:
        at = next(iter(public.ask(at, RecordType.CNAME).known_values()), None)
        if at is not None:
            found.append(at)
        if at == dns_form(record.value):
            break
    return found


def drill_entry(result: DrillResult) -> dict[str, Any]:
    """Return a drill as plain data, see docs/schemas/certificates-drill.json."""
    return {
        "certificate_arn": result.certificate.arn,
        "domain_name": result.certificate.domain_name,
        "answer": result.answer.value,
        "checks": [asdict(check) for check in result.checks],
    }
