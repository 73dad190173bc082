"""Check whether a certificate could be renewed, by the checks of a run, and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from certificate_lifecycle.app.authorities import AuthorityConstraints
from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.dns_health import NameJudge
from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.app.ports import Certificates, CertificateStore, Clock, Dns, PublicDns
from certificate_lifecycle.app.reimport import Sources
from certificate_lifecycle.app.validation import inspect
from certificate_lifecycle.app.waiting import wanted_records
from certificate_lifecycle.cli import drill_checks
from certificate_lifecycle.cli.drill_checks import CheckOutcome, DrillCheck, RenewalAnswer
from certificate_lifecycle.cli.throw_away import Leftover, ThrowAway
from certificate_lifecycle.model.certificate import Certificate, CertificateType
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.import_source import SourceFinding
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import RecordFinding, RecordState, distinct

T = TypeVar("T")


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
    """Checks the renewal of certificates in one account and region.

    Everything that a check needs is read by the functions of a run, and `policy.chain` decides as
    in a run: a new check there needs no change here.
    """

    certificates: Certificates
    dns: Dns
    public: PublicDns
    clock: Clock
    stores: Sequence[CertificateStore]
    sources: Sources
    exports: ExportTargets
    authorities: AuthorityConstraints
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
        checks: list[DrillCheck] = []
        observation = self._observed(certificate, checks)
        decision = assess(observation, self.thresholds, self.now)
        checks.append(drill_checks.check_decision(observation, decision))
        return DrillResult(certificate=certificate, checks=tuple(checks))

    def _observed(self, certificate: Certificate, checks: list[DrillCheck]) -> Observation:
        """Return the certificate and all that its renewal depends on, and add the checks."""
        observed = Observation(certificate=certificate)
        if certificate.type is CertificateType.IMPORTED:
            return replace(observed, source=self._import_source(certificate, checks))
        if reason := drill_checks.no_managed_renewal(certificate):
            checks.append(reason)
            return observed
        checks.append(drill_checks.check_eligibility(certificate))
        if certificate.type is CertificateType.PRIVATE:
            authority = self._read("private CA", lambda: self._authority(certificate), checks)
            checks += [authority] if authority else []
            names = self.authorities.finding(certificate, [])
            checks.append(drill_checks.check_constraints(names))
            observed = replace(observed, authority=names)
        else:
            observed = self._with_names(observed, checks)
        target = self._read(
            "export target", lambda: self.exports.inspect(certificate, self.now), checks
        )
        checks += drill_checks.check_target(target)
        return replace(observed, export=target)

    def _import_source(
        self, certificate: Certificate, checks: list[DrillCheck]
    ) -> SourceFinding | None:
        def read() -> SourceFinding | None:
            if not self.sources.concern(certificate):
                return None
            # The finding contains the error, so the list of problems is not needed.
            return self.sources.inspect(certificate, self.clock, self.now, [])

        source = self._read("import source", read, checks)
        if source is not None or not checks:
            checks.append(drill_checks.check_source(source))
        return source

    def _authority(self, certificate: Certificate) -> DrillCheck:
        arn = certificate.detail.certificate_authority_arn
        for store in self.stores:
            for listed in store.list_all():
                if listed.arn == arn:
                    observation = Observation(certificate=store.describe(listed))
                    decision = assess(observation, self.thresholds, self.now)
                    return drill_checks.check_authority(decision)
        return drill_checks.check_authority(None)

    def _with_names(self, observed: Observation, checks: list[DrillCheck]) -> Observation:
        """Return the observation with validation records and names in public DNS."""
        certificate = observed.certificate
        wanted = distinct(wanted_records(certificate))
        judge = NameJudge(public_dns=self.public, dns=self.dns, clock=self.clock)
        found = self._read("validation records", lambda: inspect(self.dns, wanted), checks)
        records = found
        if records is None:
            records = tuple(RecordFinding(record, RecordState.UNCHECKED) for record in wanted)
        dns = self._read(
            "public DNS", lambda: judge.judged(judge.names_of(certificate), records), checks
        )
        if dns is None:
            return replace(observed, records=records)
        if found is not None:
            checks.append(drill_checks.check_records(found, dns))
        checks += drill_checks.check_names(dns)
        return replace(observed, records=records, dns=dns)

    def _read(self, name: str, read: Callable[[], T], checks: list[DrillCheck]) -> T | None:
        """Return the result of `read`; its failure is an UNKNOWN check."""
        require_time(self.clock)
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - one failure must not stop the other checks
            text = f"Could not be checked: {error_summary(error)}."
            checks.append(DrillCheck(name, CheckOutcome.UNKNOWN, text))
            return None


@dataclass(frozen=True, slots=True)
class Trial:
    """The throw-away certificates of a drill, and what was left by killed ones."""

    throw_aways: list[ThrowAway] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether a throw-away certificate was not issued and deleted, or a leftover stays."""
        failed = any(entry.outcome is CheckOutcome.FAILED for entry in self.leftovers)
        return failed or not all(entry.works for entry in self.throw_aways)


def drill_entry(result: DrillResult, trial: Trial) -> dict[str, Any]:
    """Return a drill as plain data, see docs/schemas/certificates-drill.json."""
    return {
        "certificate_arn": result.certificate.arn,
        "domain_name": result.certificate.domain_name,
        "answer": result.answer.value,
        "checks": [asdict(check) for check in result.checks],
        "throw_aways": [entry.to_dict() for entry in trial.throw_aways],
        "leftovers": [asdict(entry) for entry in trial.leftovers],
    }
