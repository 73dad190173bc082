"""The secrets that shall hold certificates: whether they hold what ACM has now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from certificate_lifecycle.app.ports import ExportSecrets
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import ExportError
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
    """The configured targets; without `secrets` they are known, and not looked at."""

    by_arn: Mapping[str, ExportTarget] = field(default_factory=dict)
    secrets: ExportSecrets | None = None

    @classmethod
    def of(cls, targets: Iterable[ExportTarget], secrets: ExportSecrets | None) -> Self:
        """Return the targets by certificate."""
        return cls(by_arn={target.certificate_arn: target for target in targets}, secrets=secrets)

    def concern(self, certificate: Certificate) -> bool:
        """Whether `certificate` has a target, so that its serial number is needed."""
        return certificate.arn in self.by_arn

    def unlisted(self, listed: Iterable[Certificate]) -> list[str]:
        """Say which targets belong to no certificate: nobody would ever write them."""
        known = {certificate.arn for certificate in listed}
        return [
            f"{arn} has an export target, and ACM does not list it: it was deleted, is in another "
            "account or region, or belongs to an ACME client"
            for arn in self.by_arn
            if arn not in known
        ]

    def inspect(self, certificate: Certificate, now: datetime) -> TargetFinding | None:
        """Say how the target of `certificate` stands; None where there is nothing to export."""
        target = self.by_arn.get(certificate.arn)
        if target is None or not is_exportable_now(certificate, now):
            return None
        why = blocked_reason(certificate)
        if why is not None:
            return TargetFinding(target, TargetState.NOT_POSSIBLE, why)
        if self.secrets is None or not certificate.described:
            return TargetFinding(target, TargetState.UNREAD)
        token = version_token(certificate.arn, serial_of(certificate))
        return TargetFinding(target, target_state(token, self.secrets.stages(target.secret_arn)))

    def unread(self, certificate: Certificate) -> TargetFinding:
        """Say that the target could not be looked at, though it should have been."""
        return TargetFinding(self.by_arn[certificate.arn], TargetState.UNREAD)


def serial_of(certificate: Certificate) -> str:
    """Return the serial number, which tells the issues of one certificate apart."""
    serial = certificate.detail.serial
    if serial is None:
        raise ExportError(f"ACM does not say the serial number of {certificate.arn}")
    return serial
