"""Keep the secrets of servers outside AWS at what ACM has now, and renew in time what they hold.

Safe to repeat, to overlap and to be killed after any call: an issue of a certificate has one
version of the secret, named after its serial number, which can be written only once; and a renewal
is asked for only while the certificate that ACM describes at that moment is near its end and not
being renewed, which neither a renewed one nor one under renewal is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from certificate_lifecycle.app.collect import ScanResult
from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.export_targets import serial_of
from certificate_lifecycle.app.ports import Certificates, ExportSecrets
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Action, Certificate, Verdict
from certificate_lifecycle.model.errors import ExportError
from certificate_lifecycle.model.run import ActionRecord, Assessment, Outcome
from certificate_lifecycle.policy.export import (
    ExportTarget,
    RenewalStep,
    TargetFinding,
    TargetState,
    passphrase_error,
    renewal_step,
    secret_document,
    target_state,
    version_token,
)

#: ACM may finish a renewal while we export; more often than this it does not.
_ATTEMPTS = 3
#: What is said when an end is near and the new issue is not there yet.
_WAITING = {
    RenewalStep.DUE: "have ACM renew it",
    RenewalStep.IN_PROGRESS: "ACM is renewing it, and a later run exports the new issue",
    RenewalStep.NOT_ALLOWED: (
        "ACM renews it by itself, and a later run exports the new issue; "
        "renew_public would renew it now, which costs money"
    ),
}


@dataclass(slots=True)
class _Progress:
    """What was done for one certificate so far, so that a failure does not hide it."""

    said: list[str] = field(default_factory=list)
    outcome: Outcome = Outcome.ADVISED
    renewed: bool = False
    left_alone: bool = False

    def record(self, arn: str) -> ActionRecord:
        return ActionRecord(arn, Action.EXPORT, self.outcome, "; ".join(self.said), self.renewed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Carries out the exports of one account and region."""

    context: RunContext
    certificates: Certificates
    secrets: ExportSecrets

    def act(self, scan: ScanResult) -> list[ActionRecord]:
        """Return what was done, one record for each certificate whose target needs something."""
        records = []
        for observation, entry in zip(scan.observations, scan.assessments, strict=True):
            if observation.export is None:
                continue
            record = self._act_on(entry, observation.export)
            if record is None:
                continue
            logger.info("action", extra=record.to_dict())
            records.append(record)
        return records

    def _act_on(self, entry: Assessment, finding: TargetFinding) -> ActionRecord | None:
        certificate, target = entry.certificate, finding.target
        step = RenewalStep.NOT_DUE
        if entry.decision.verdict is Verdict.EXPORT_DUE:
            step = renewal_step(certificate, target, self.context.thresholds, self.context.now)
        outdated = finding.state is TargetState.OUTDATED
        idle = step is RenewalStep.NOT_DUE or finding.state is not TargetState.CURRENT
        if idle and not outdated:
            return None
        if self.context.dry_run:
            return _plan(certificate, target, step, outdated=outdated)
        progress = _Progress()
        try:
            require_time(self.context.clock)
            if outdated:
                certificate = self._export(certificate, target, progress)
            if step in _WAITING and not progress.left_alone:
                self._renew(certificate, target, progress)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("export failed", extra={"certificate_arn": certificate.arn})
            progress.outcome = Outcome.FAILED
            progress.said.append(error_summary(error))
        return progress.record(certificate.arn)

    def _export(
        self, certificate: Certificate, target: ExportTarget, progress: _Progress
    ) -> Certificate:
        """Write what ACM has now to the target, and return the certificate as that is.

        ACM does not say which issue it hands out; the one that it describes before and after.
        """
        passphrase = self.secrets.passphrase(target.passphrase_secret_arn)
        fault = passphrase_error(passphrase)
        if fault is not None:
            raise ExportError(f"the passphrase in {target.passphrase_secret_arn} {fault}")
        for _ in range(_ATTEMPTS):
            exported = self.certificates.export(certificate.arn, passphrase)
            described = self.certificates.describe(certificate.arn)
            if serial_of(described) == serial_of(certificate):
                break
            certificate = described
        else:
            raise ExportError("ACM renewed it during each attempt to export it")
        serial = serial_of(described)
        token = version_token(certificate.arn, serial)
        document = secret_document(described, serial, exported)
        text = f"export the issue {serial} to {target.secret_arn}"
        self.context.record_intent(certificate.arn, Action.EXPORT, text)
        if self.secrets.put(target.secret_arn, token, document):
            progress.said.append(f"exported the issue {serial} to {target.secret_arn}")
            progress.outcome = Outcome.DONE
        else:
            self._explain_existing(token, target, serial, progress)
        return described

    def _explain_existing(
        self, token: str, target: ExportTarget, serial: str, progress: _Progress
    ) -> None:
        """Distinguish another run that was first from a version that was taken back by hand."""
        state = target_state(token, self.secrets.stages(target.secret_arn))
        if state is TargetState.CURRENT:
            progress.said.append(f"another run exported the issue {serial} to {target.secret_arn}")
            progress.outcome = Outcome.DONE
        else:
            progress.left_alone = True
            progress.said.append(
                f"{target.secret_arn} had the issue {serial}, and somebody made another version "
                "current; that is left alone"
            )

    def _renew(self, certificate: Certificate, target: ExportTarget, progress: _Progress) -> None:
        """Have ACM renew what ends soon, and export the new issue if it is there at once.

        The certificate is described anew: since it was judged, another run may have been here.
        """
        latest = self.certificates.describe(certificate.arn)
        step = renewal_step(latest, target, self.context.thresholds, self.context.now)
        if step is RenewalStep.DUE:
            step = RenewalStep.IN_PROGRESS
            text = "have ACM renew it, and export it"
            self.context.record_intent(certificate.arn, Action.EXPORT, text)
            if self.certificates.renew(certificate.arn):
                progress.renewed, progress.outcome = True, Outcome.STARTED
                progress.said.append("had ACM renew it")
            latest = self.certificates.describe(certificate.arn)
        if serial_of(latest) != serial_of(certificate):
            self._export(latest, target, progress)
        elif step is not RenewalStep.NOT_DUE:  # else another run was first, and all is done
            progress.said.append(_WAITING[step])


def _plan(
    certificate: Certificate, target: ExportTarget, step: RenewalStep, *, outdated: bool
) -> ActionRecord:
    """Return what a run that is no dry run would do."""
    steps = [f"export it to {target.secret_arn}"] if outdated else []
    steps += [_WAITING[step]] if step in _WAITING else []
    acts = outdated or step is RenewalStep.DUE
    outcome = Outcome.PLANNED if acts else Outcome.ADVISED
    return ActionRecord(certificate.arn, Action.EXPORT, outcome, "; ".join(steps))
