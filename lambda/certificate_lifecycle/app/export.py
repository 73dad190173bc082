"""Export certificates to secrets for servers outside AWS, and renew them in time.

Safe to repeat, to overlap and to be stopped after any call: the version of the secret is named
after the serial number and can be written only once, and a renewal is requested only if the
certificate, described right before, expires soon and is not being renewed.
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

#: ACM may complete a renewal during an export.
_ATTEMPTS = 3
#: The texts for an exported certificate that expires soon.
_WAITING = {
    RenewalStep.DUE: "have ACM renew it",
    RenewalStep.IN_PROGRESS: "ACM is renewing it; a later run exports the new issue",
    RenewalStep.NOT_ALLOWED: (
        "ACM renews it by itself; a later run exports the new issue. "
        "renew_public renews it now, at a cost"
    ),
}


@dataclass(slots=True)
class _Progress:
    """The actions on one certificate so far, to be reported also after a failure."""

    texts: list[str] = field(default_factory=list)
    outcome: Outcome = Outcome.ADVISED
    renewed: bool = False
    unchanged: bool = False

    def record(self, arn: str) -> ActionRecord:
        return ActionRecord(arn, Action.EXPORT, self.outcome, "; ".join(self.texts), self.renewed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Carries out the exports of one account and region."""

    context: RunContext
    certificates: Certificates
    secrets: ExportSecrets

    def act(self, scan: ScanResult) -> list[ActionRecord]:
        """Return what was done, one record for each certificate whose target needs an action."""
        records = []
        for observation, entry in zip(scan.observations, scan.assessments, strict=True):
            if observation.export is None:
                continue
            record = self._act_on(entry, observation.export)
            if record is not None:
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
        blocked = self.context.blocked_reason(certificate, Action.EXPORT)
        if blocked is not None:
            text = f"{Action.EXPORT.meaning} Not done here: {blocked}"
            return ActionRecord(certificate.arn, Action.EXPORT, Outcome.ADVISED, text)
        if self.context.dry_run:
            return _plan(certificate, target, step, outdated=outdated)
        progress = _Progress()
        try:
            require_time(self.context.clock)
            if outdated:
                certificate = self._export(certificate, target, progress)
            if step in _WAITING and not progress.unchanged:
                self._renew(certificate, target, progress)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("export failed", extra={"certificate_arn": certificate.arn})
            progress.outcome = Outcome.FAILED
            progress.texts.append(error_summary(error))
        return progress.record(certificate.arn)

    def _export(
        self, certificate: Certificate, target: ExportTarget, progress: _Progress
    ) -> Certificate:
        """Write the current issue to the target, and return its description.

        ACM does not name the exported issue: it is the one described before and after.
        """
        passphrase = self.secrets.passphrase(target.passphrase_secret_arn)
        error = passphrase_error(passphrase)
        if error is not None:
            raise ExportError(f"the passphrase in {target.passphrase_secret_arn} {error}")
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
            progress.texts.append(f"exported the issue {serial} to {target.secret_arn}")
            progress.outcome = Outcome.DONE
        else:
            self._explain_existing(token, target, serial, progress)
        return described

    def _explain_existing(
        self, token: str, target: ExportTarget, serial: str, progress: _Progress
    ) -> None:
        """Report whether another run was first, or the version was rolled back by hand."""
        state = target_state(token, self.secrets.stages(target.secret_arn))
        if state is TargetState.CURRENT:
            progress.texts.append(f"another run exported the issue {serial} to {target.secret_arn}")
            progress.outcome = Outcome.DONE
        else:
            progress.unchanged = True
            progress.texts.append(
                f"{target.secret_arn} had the issue {serial}, and another version was made current "
                "since; the secret is unchanged"
            )

    def _renew(self, certificate: Certificate, target: ExportTarget, progress: _Progress) -> None:
        """Renew the certificate, and export the new issue if it is there at once.

        It is described again, because another run may have renewed it since the scan.
        """
        latest = self.certificates.describe(certificate.arn)
        step = renewal_step(latest, target, self.context.thresholds, self.context.now)
        if step is RenewalStep.DUE:
            step = RenewalStep.IN_PROGRESS
            text = "have ACM renew it, and export it"
            self.context.record_intent(certificate.arn, Action.EXPORT, text)
            if self.certificates.renew(certificate.arn):
                progress.renewed, progress.outcome = True, Outcome.STARTED
                progress.texts.append("had ACM renew it")
            latest = self.certificates.describe(certificate.arn)
        if serial_of(latest) != serial_of(certificate):
            self._export(latest, target, progress)
        elif step is not RenewalStep.NOT_DUE:  # else another run has renewed and exported it
            progress.texts.append(_WAITING[step])


def _plan(
    certificate: Certificate, target: ExportTarget, step: RenewalStep, *, outdated: bool
) -> ActionRecord:
    steps = [f"export it to {target.secret_arn}"] if outdated else []
    steps += [_WAITING[step]] if step in _WAITING else []
    acts = outdated or step is RenewalStep.DUE
    outcome = Outcome.PLANNED if acts else Outcome.ADVISED
    return ActionRecord(certificate.arn, Action.EXPORT, outcome, "; ".join(steps))
