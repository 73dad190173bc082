"""The secrets to export to, compared with the certificates in ACM."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from certificate_lifecycle.app.ports import ExportSecrets
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import ExportError, SecretMissingError
from certificate_lifecycle.policy.export import (
    ExportTarget,
    TargetFinding,
    TargetState,
    blocked_reason,
    is_exportable_now,
    target_state,
    version_token,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTargets:
    """The configured targets; not read without `secrets`."""

    by_arn: Mapping[str, ExportTarget] = field(default_factory=dict)
    secrets: ExportSecrets | None = None

    @classmethod
    def of(cls, targets: Iterable[ExportTarget], secrets: ExportSecrets | None) -> Self:
        """Return `targets` by certificate."""
        return cls(by_arn={target.certificate_arn: target for target in targets}, secrets=secrets)

    def concern(self, certificate: Certificate) -> bool:
        """Whether `certificate` has a target."""
        return certificate.arn in self.by_arn

    def misplaced(self, existing: Collection[str]) -> list[str]:
        """Return an error for each target without a certificate.

        `existing` are the ARNs of the certificates that exist, or may exist.
        """
        return [
            f"{arn} has an export target, but does not exist"
            for arn in self.by_arn
            if arn not in existing
        ]

    def inspect(self, certificate: Certificate, now: datetime) -> TargetFinding | None:
        """Return the state of the target; None if there is nothing to export."""
        target = self.by_arn.get(certificate.arn)
        if target is None or not is_exportable_now(certificate, now):
            return None
        reason = blocked_reason(certificate)
        if reason is not None:
            return TargetFinding(target, TargetState.NOT_POSSIBLE, reason)
        if self.secrets is None or not certificate.described:
            return TargetFinding(target, TargetState.UNREAD)
        token = version_token(certificate.arn, serial_of(certificate))
        try:
            stages = self.secrets.stages(target.secret_arn)
        except SecretMissingError as error:
            return TargetFinding(target, TargetState.MISSING, str(error))
        return TargetFinding(target, target_state(token, stages))

    def unreadable(self, certificate: Certificate, why: str) -> TargetFinding:
        """Return the finding for a target that could not be read or compared; `why` is a clause."""
        return TargetFinding(self.by_arn[certificate.arn], TargetState.UNREADABLE, why)


def serial_of(certificate: Certificate) -> str:
    """Return the serial number of the current issue; raises ExportError without one."""
    serial = certificate.detail.serial
    if serial is None:
        raise ExportError(f"ACM returned no serial number for {certificate.arn}")
    return serial
