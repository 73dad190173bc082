"""Choose the certificates whose next renewal this run checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from certificate_lifecycle.app.ports import Clock
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate, Verdict
from certificate_lifecycle.policy import foresight
from certificate_lifecycle.policy.notification_state import AlertRecord
from certificate_lifecycle.policy.remembered import UNKNOWN_SINCE, RememberedCertificates

#: Seconds that a run needs for everything else. What is not checked stays due.
_RESERVE_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """The budget of one account and region; `alert_records` are those of open findings by ARN."""

    clock: Clock
    now: datetime
    alert_records: Mapping[str, AlertRecord] = field(default_factory=dict)

    def due(
        self, certificates: Iterable[Certificate], memory: RememberedCertificates
    ) -> Collection[str]:
        """Return the ARNs of the certificates to check, those with an open finding first.

        An alert record shows that this is not the first run, even if nothing else is remembered.
        """
        at_risk = {
            arn
            for arn, alert in self.alert_records.items()
            if alert.verdict == Verdict.RENEWAL_AT_RISK.value
        }
        if memory.since is None and self.alert_records:
            memory = replace(memory, since=UNKNOWN_SINCE)
        found = foresight.due(certificates, memory, at_risk, self.now)
        if self.clock.remaining() < _RESERVE_SECONDS:
            found = [arn for arn in found if arn in at_risk]
        logger.info("next renewals to check", extra={"certificates": len(found)})
        return set(found)
