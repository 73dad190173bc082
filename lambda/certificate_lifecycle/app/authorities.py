"""Compare the names of private certificates with the name constraints of their CAs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import Clock, PrivateAuthorities
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.parsing.x509 import NameConstraints
from certificate_lifecycle.policy.name_constraints import (
    AUTHORITY_NOT_READ,
    AuthorityFinding,
    judge_authority,
)
from certificate_lifecycle.policy.notification_state import AlertRecord


@dataclass(slots=True, kw_only=True)
class AuthorityConstraints:
    """The private CAs of the certificates of one account and region; each is read once.

    `alert_records` are those of open findings by ARN, which stay open while a CA is unreadable.
    """

    authorities: PrivateAuthorities | None
    clock: Clock
    alert_records: Mapping[str, AlertRecord] = field(default_factory=dict)
    _read: dict[str, Sequence[NameConstraints] | None] = field(default_factory=dict)
    _unread: dict[str, str] = field(default_factory=dict)

    def finding(self, certificate: Certificate, problems: list[str]) -> AuthorityFinding:
        """Return what the CA of a described private certificate means for its next renewal.

        A CA that cannot be read is named in `problems` once.
        """
        arn = certificate.detail.certificate_authority_arn
        if arn is None or self.authorities is None:
            return AUTHORITY_NOT_READ
        if arn not in self._read and arn not in self._unread:
            self._read_once(self.authorities, arn, problems)
        if arn in self._unread:
            unread = AuthorityFinding(unread=self._unread[arn])
            return unread.reopened(self.alert_records.get(certificate.arn))
        return judge_authority(certificate.names, arn, self._read[arn])

    def _read_once(self, authorities: PrivateAuthorities, arn: str, problems: list[str]) -> None:
        try:
            require_time(self.clock)
            self._read[arn] = authorities.name_constraints(arn)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("certificate of a private CA unreadable", extra={"authority_arn": arn})
            self._unread[arn] = error_summary(error)
            problems.append(f"{arn}: {self._unread[arn]}")
