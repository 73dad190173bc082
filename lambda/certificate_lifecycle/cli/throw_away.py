"""Request, validate and delete a throw-away certificate, and say where the chain broke.

Safe to kill after any call: the certificate is requested with its tags in one call, and is deleted
last. Until then it names its validation record, so that `ThrowAways.clean` finds both.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.app.dns_health import NameJudge, require_issuable
from certificate_lifecycle.app.ports import Certificates, Clock, Dns, PublicDns
from certificate_lifecycle.app.validation import inspect, require_writable, require_zones, write
from certificate_lifecycle.app.waiting import (
    await_records,
    describe_new,
    settled,
    wanted_records,
)
from certificate_lifecycle.cli.drill_checks import CheckOutcome, check_names
from certificate_lifecycle.cli.interrupts import InterruptedByUserError
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    ValidationRecord,
)
from certificate_lifecycle.model.dns_names import dns_form, without_wildcard
from certificate_lifecycle.model.errors import (
    CertificateLifecycleError,
    CertificateNotFoundError,
)
from certificate_lifecycle.policy.throw_away import (
    LeftoverState,
    is_throw_away,
    leftover_state,
    throw_away_request,
)
from certificate_lifecycle.policy.validation import RecordFinding, Zone, locate

_POLL_SECONDS = 5.0


class StepFailedError(CertificateLifecycleError):
    """A step of a drill failed; the message is a clause."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a drill, its outcome as a sentence, and the seconds that it took."""

    name: str
    outcome: CheckOutcome
    text: str
    seconds: float


@dataclass(slots=True, kw_only=True)
class ThrowAway:
    """A throw-away certificate below a zone, and the steps in their order.

    `written` is the record that may exist in Route 53, and its zone.
    """

    zone: str
    domain_name: str | None = None
    certificate_arn: str | None = None
    steps: list[Step] = field(default_factory=list)
    requested: bool = False
    written: tuple[Zone, ValidationRecord] | None = None

    @property
    def works(self) -> bool:
        """Whether every step passed."""
        return all(step.outcome is CheckOutcome.PASSED for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, see docs/schemas/certificates-drill.json."""
        return {
            "zone": self.zone,
            "domain_name": self.domain_name,
            "certificate_arn": self.certificate_arn,
            "steps": [asdict(step) for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Leftover:
    """A certificate that a killed drill left, whether it was deleted, and a sentence."""

    certificate_arn: str
    outcome: CheckOutcome
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrowAways:
    """Makes and deletes throw-away certificates in one account and region.

    `wait` is the time for ACM's validation. `public` is None where public DNS is switched off.
    """

    certificates: Certificates
    dns: Dns
    public: PublicDns | None
    clock: Clock
    current_time: Callable[[], datetime]
    region: str
    wait: timedelta

    def zones_of(self, certificate: Certificate) -> tuple[list[Zone], list[ThrowAway]]:
        """Return the hosted zones of all names once, and a failed drill for each name without."""
        zones, failed = [], []
        for name in dict.fromkeys(map(without_wildcard, certificate.names)):
            drill = ThrowAway(zone=name)
            zone = locate(name, self.dns.public_zones(), self.dns).zone
            if zone is None:
                self._did(drill, "hosted zone", partial(self._no_zone, name))
                failed.append(drill)
            else:
                zones.append(zone)
        return list(dict.fromkeys(zones)), failed

    def _no_zone(self, name: str) -> str:
        require_zones(self.dns, [name])
        raise StepFailedError(f"no hosted zone contains {name}")

    def issue(self, zone: Zone) -> ThrowAway:
        """Request, validate and delete a throw-away certificate below a zone.

        A failed step and Ctrl-C end the drill, and what was made is deleted.
        """
        drill = ThrowAway(zone=dns_form(zone.name))
        steps: Sequence[tuple[str, Callable[[ThrowAway], str]]] = (
            ("CAA and DNSSEC", self._require_issuable),
            ("request", self._request),
            ("validation record", self._write),
            ("validation by ACM", self._await),
        )
        for name, step in steps:
            if not self._did(drill, name, partial(step, drill)):
                break
        self._delete(drill)
        return drill

    def _did(self, drill: ThrowAway, name: str, step: Callable[[], str]) -> bool:
        """Do a step and record it; return whether the next one may follow."""
        began = time.monotonic()
        outcome = CheckOutcome.PASSED
        try:
            text = step()
        except InterruptedByUserError:
            outcome, text = CheckOutcome.UNKNOWN, "interrupted"
        except Exception as error:  # noqa: BLE001 - each failure is the result of a drill
            outcome, text = CheckOutcome.FAILED, error_summary(error)
        seconds = round(time.monotonic() - began, 1)
        drill.steps.append(Step(name, outcome, _sentence(text), seconds))
        return outcome is CheckOutcome.PASSED

    def _require_issuable(self, drill: ThrowAway) -> str:
        """Ask about the zone: a negative answer about the new name would be remembered."""
        self.clock.remaining()
        counts = require_issuable(self.public, self.dns, [drill.zone])
        if counts is None or counts.unknown:
            return "nothing forbids to issue, as far as public DNS answers"
        return "nothing forbids to issue"

    def _request(self, drill: ThrowAway) -> str:
        self.clock.remaining()
        request = throw_away_request(secrets.token_hex(8), drill.zone, self.region)
        drill.domain_name, drill.requested = request.domain_name, True
        drill.certificate_arn = self.certificates.request(request)
        return f"ACM accepted {drill.certificate_arn} for {drill.domain_name}"

    def _write(self, drill: ThrowAway) -> str:
        described = describe_new(self._arn(drill), self.certificates, self.clock)
        described = await_records(described, self.certificates, self.clock)
        findings = inspect(self.dns, wanted_records(described))
        require_writable(findings)
        for finding in findings:
            if finding.zone is not None:
                # Before the call, whose response may be lost.
                drill.written = (finding.zone, finding.record)
        write(self.dns, findings)
        return f"Route 53 has it in zone {drill.zone}"

    def _await(self, drill: ThrowAway) -> str:
        began = self.current_time()
        current = self.certificates.describe(self._arn(drill))
        while not settled(current) and self.current_time() - began < self.wait:
            self.clock.sleep(_POLL_SECONDS)
            current = self.certificates.describe(current.arn)
        if current.status is CertificateStatus.ISSUED:
            return "ACM issued the certificate"
        why = "; ".join(self._obstacles(current)) or "no cause was found"
        if settled(current):
            reason = current.detail.failure_reason or "no reason given"
            raise StepFailedError(f"ACM ended the request with {current.status} ({reason}): {why}")
        minutes = self.wait // timedelta(minutes=1)
        raise StepFailedError(f"ACM did not validate it in {minutes} minutes: {why}")

    def _obstacles(self, certificate: Certificate) -> list[str]:
        """Return a clause for each failed check of its name in public DNS."""
        if self.public is None:
            return ["public DNS was not queried"]
        judge = NameJudge(public_dns=self.public, dns=self.dns, clock=self.clock)
        records = inspect(self.dns, wanted_records(certificate))
        checks = check_names(judge.judged(judge.names_of(certificate), records))
        return [
            f"{check.name}: {check.text.removesuffix('.')}"
            for check in checks
            if check.outcome is not CheckOutcome.PASSED
        ]

    def _arn(self, drill: ThrowAway) -> str:
        """Return the ARN; a request whose response was lost is found by its name."""
        if drill.certificate_arn is None:
            for listed in self.certificates.list_all():
                if listed.names == (drill.domain_name,):
                    drill.certificate_arn = listed.arn
        if drill.certificate_arn is None:
            raise StepFailedError("ACM lists no certificate of this drill")
        return drill.certificate_arn

    def _delete(self, drill: ThrowAway) -> None:
        """Delete the record first and then the certificate, which names the record until then."""
        if drill.written is not None:
            zone, record = drill.written
            name = "deletion of the record"
            if not self._did(drill, name, partial(self._remove, zone, record)):
                return
        if drill.certificate_arn is not None or drill.requested:
            self._did(drill, "deletion of the certificate", partial(self._remove_arn, drill))

    def _remove(self, zone: Zone, record: ValidationRecord) -> str:
        if not self.dns.remove(zone, record):
            return f"{dns_form(record.name)} has the value of another tool now, and stays"
        return "Route 53 does not have it any more"

    def _remove_arn(self, drill: ThrowAway) -> str:
        try:
            arn = self._arn(drill)
        except StepFailedError:
            return "there is none"
        if not self.certificates.delete(arn):
            raise StepFailedError(f"{arn} is in use, and stays")
        return "ACM deleted it"

    def clean(self) -> list[Leftover]:
        """Delete the records and certificates of drills that ended long ago.

        One that cannot be deleted does not stop the others.
        """
        found = []
        for listed in filter(is_throw_away, list(self.certificates.list_all())):
            self.clock.remaining()
            found.append(self._cleaned(listed))
        return [leftover for leftover in found if leftover is not None]

    def _cleaned(self, listed: Certificate) -> Leftover | None:
        """Delete one leftover; None if it is gone already."""
        try:
            described = listed.described_as(self.certificates.describe(listed.arn))
            certificate = described.with_tags(self.certificates.tags(listed.arn))
            state = leftover_state(certificate, self.current_time())
            if state is not LeftoverState.REMOVABLE:
                return Leftover(listed.arn, CheckOutcome.UNKNOWN, state.meaning)
            for finding in inspect(self.dns, wanted_records(certificate)):
                self._remove_left(finding)
            if not self.certificates.delete(listed.arn):
                return Leftover(listed.arn, CheckOutcome.UNKNOWN, LeftoverState.IN_USE.meaning)
        except CertificateNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - one must not stop the others
            return Leftover(listed.arn, CheckOutcome.FAILED, _sentence(error_summary(error)))
        return Leftover(listed.arn, CheckOutcome.PASSED, "Its record and it were deleted.")

    def _remove_left(self, finding: RecordFinding) -> None:
        """Delete the record of a leftover; raises StepFailedError if its zone is not visible."""
        if finding.zone is None:
            name = dns_form(finding.record.name)
            raise StepFailedError(
                f"no visible hosted zone contains {name}, so that its record cannot be deleted; "
                "delete both by hand"
            )
        # Another value at this name is not the drill's, and stays.
        self.dns.remove(finding.zone, finding.record)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].removesuffix('.')}."
