"""Obtain the successor of a certificate: find one that may take over, or request it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from certificate_lifecycle.app.coverage import CoverageCheck
from certificate_lifecycle.app.deadline import require_time
from certificate_lifecycle.app.descriptions import Descriptions
from certificate_lifecycle.app.dns_health import require_issuable
from certificate_lifecycle.app.ports import Catalog, Certificates, Dns, PublicDns, StateStore
from certificate_lifecycle.app.repair_memory import RepairMemory
from certificate_lifecycle.app.replacement.replacement_context import ReplacementContext
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.app.succession import SuccessorSearch
from certificate_lifecycle.app.validation import inspect, require_writable, require_zones, write
from certificate_lifecycle.app.waiting import await_records, wanted_records
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    IssuanceForbiddenError,
    RecordConflictError,
    ValidationRecordsNotReadyError,
    ZoneError,
)
from certificate_lifecycle.policy.continuity import Continuity
from certificate_lifecycle.policy.issuance import (
    CertificateRequest,
    is_equal,
    may_be_equal,
    unavailable,
)
from certificate_lifecycle.policy.succession import (
    RequestBudget,
    blocked_reason,
    quota_warning,
    successor_request,
    tags_not_copied,
)
from certificate_lifecycle.policy.validation import RecordChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Obtaining:
    """Finds, requests and validates successors in one account and region.

    At most one is requested for each certificate: those that exist are read first, and the record
    is saved after each step. The reason for waiting is left as advice in the replacement.
    """

    context: RunContext
    certificates: Certificates
    dns: Dns
    state_store: StateStore
    catalog: Catalog
    public_dns: PublicDns | None = None

    def obtain(self, replacement: ReplacementContext, old: Certificate) -> bool:
        """Find a suitable certificate, or request the successor."""
        if replacement.record.successor_arn is not None:
            return True
        request = successor_request(old, replacement.record.attempt)
        listed = list(self.certificates.list_all())
        found = self._existing(replacement, old, listed)
        if found is not None:
            replacement.report(f"found the successor {found.arn}")
            replacement.save(successor_arn=found.arn)
            return True
        found = self._pending(request, listed)
        if found is not None:
            replacement.report(f"found the successor {found.arn}")
            replacement.save(successor_arn=found.arn, requested_at=self.context.now)
            return True
        # A replacement that began with an existing certificate has not been checked for a request.
        again = replacement.record.refused or replacement.record.lost
        reason = self.blocked_reason(old) if again else None
        reason = reason or unavailable(request, self.certificates.not_listed)
        if reason is not None:
            replacement.advice = f"no successor is requested: {reason}"
            return False
        # Without time, a suitable certificate may not have been described.
        require_time(self.context.clock)
        budget = RequestBudget.of(old)
        limit = budget.limit(self.context.requests_per_day)
        if not self.state_store.count_request(self.context.now.date(), old.arn, budget, limit):
            reached = f"daily limit of {limit} {budget.value} reached"
            replacement.advice = f"{reached}; continues tomorrow"
            return False
        arn = self.certificates.request(request)
        warning = quota_warning(listed, self.context.now)
        replacement.report(f"requested the successor {arn}{f' ({warning})' if warning else ''}")
        omitted = tags_not_copied(old)
        if omitted:
            replacement.report(f"it has no room for the tags {', '.join(omitted)}")
        replacement.save(successor_arn=arn, requested_at=self.context.now)
        return True

    def _existing(
        self, replacement: ReplacementContext, old: Certificate, listed: Sequence[Certificate]
    ) -> Certificate | None:
        """Return an issued certificate that may take over; errors of candidates are reported."""
        search = SuccessorSearch.among(listed, self.context, self.certificates, self.catalog)
        found = search.best(old, replacement.record)
        if search.problems:
            replacement.failure = "; ".join(search.problems)
        automatic = found is not None and found.continuity is Continuity.AUTOMATIC
        return found.certificate if found is not None and automatic else None

    def _pending(
        self, request: CertificateRequest, listed: Sequence[Certificate]
    ) -> Certificate | None:
        """Return an equal request that is pending and covered."""
        descriptions = Descriptions(certificates=self.certificates, context=self.context)
        coverage = CoverageCheck(context=self.context, descriptions=descriptions)
        for candidate in listed:
            pending = candidate.status is CertificateStatus.PENDING_VALIDATION
            if pending and may_be_equal(request, candidate, self.context.now):
                with suppress(CertificateNotFoundError):
                    described = self.certificates.describe(candidate.arn)
                    equal = is_equal(request, described, self.context.now)
                    if equal and coverage.covers(described) is True:
                        return described
        return None

    def validate(self, replacement: ReplacementContext, successor: Certificate) -> bool:
        """Write the validation records of the successor; if blocked, the reason is advice."""
        if successor.type is CertificateType.PRIVATE:
            return True
        try:
            known = await_records(successor, self.certificates, self.context.clock)
            findings = inspect(self.dns, wanted_records(known))
            require_writable(findings)
        except (
            RecordConflictError,
            ValidationRecordsNotReadyError,
            ZoneError,
        ) as error:
            replacement.advice = f"the successor {successor.arn} cannot be validated yet: {error}"
            return False
        changed = [finding for finding in findings if finding.change is not RecordChange.UNCHANGED]
        memory = RepairMemory.read(self.state_store, self.context.now)
        names = [finding.record.name for finding in changed]
        news = [name for name in names if memory.is_news(successor, name)]
        if changed:
            if news:
                text = f"write the validation record {', '.join(names)} of its successor"
                self.context.record_intent(
                    replacement.arn, replacement.action or Action.REPLACE, text
                )
            write(self.dns, findings)
            memory.record(successor, names)
        # A record that is removed after each run is in the finding about the successor.
        for finding in changed:
            if finding.record.name in news:
                replacement.report(f"{finding.change} {finding.record.name}")
        return True

    def blocked_reason(self, certificate: Certificate) -> str | None:
        """Return why no successor is requested, or None."""
        reason = blocked_reason(certificate, self.context.instance, self.context.allowed_domains)
        if reason is None and certificate.type is not CertificateType.PRIVATE:
            try:
                require_zones(self.dns, certificate.names)
                require_issuable(self.public_dns, self.dns, certificate.names)
            except (IssuanceForbiddenError, ZoneError) as error:
                reason = f"it could not be validated ({error})"
        return reason
