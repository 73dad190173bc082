"""The input of a decision on one certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.policy.dns_health import NOT_CHECKED, DnsFinding
from certificate_lifecycle.policy.export import TargetFinding
from certificate_lifecycle.policy.import_source import SourceFinding
from certificate_lifecycle.policy.name_constraints import AUTHORITY_NOT_READ, AuthorityFinding
from certificate_lifecycle.policy.remembered import RenewalChange
from certificate_lifecycle.policy.repair_history import RepairHistory
from certificate_lifecycle.policy.validation import RecordFinding


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A certificate, and the state of everything that its renewal depends on.

    `consumers` are the labels of the resources that use it. `successor` may take over from it;
    `proposal` may do so only if a person agrees. `renewed_as` is the certificate that its ACME
    client ordered in its place. `dns` is the state of its names in public DNS, `authority` what its
    private CA means for its next renewal.
    `repairs` are the records that were written for its next renewal.
    `migration_obstacles` are clauses about what prevents its migration from e-mail to DNS here.
    `change` is the change of its last renewal, if that changed more than the dates.
    `failure_reported` is when a message first named it as a failed request, None if none has.
    """

    certificate: Certificate
    consumers: tuple[str, ...] = ()
    records: tuple[RecordFinding, ...] = ()
    successor: Certificate | None = None
    proposal: Certificate | None = None
    renewed_as: Certificate | None = None
    detail_error: str | None = None
    export: TargetFinding | None = None
    source: SourceFinding | None = None
    failure_reported: datetime | None = None
    dns: DnsFinding = NOT_CHECKED
    authority: AuthorityFinding = AUTHORITY_NOT_READ
    repairs: RepairHistory | None = None
    migration_obstacles: tuple[str, ...] = ()
    change: RenewalChange | None = None

    @property
    def export_has_problem(self) -> bool:
        """Whether there is an export target with a problem."""
        return self.export is not None and self.export.has_problem

    @property
    def importable(self) -> bool:
        """Whether the import source contains a newer version that ACM accepts."""
        return self.source is not None and self.source.newer is not None
