"""Imported certificates with an import source: read the secret, and import a newer version.

Safe to repeat, to overlap and to be stopped after any call: after an import, the serial numbers are
equal, and an older version is never imported.
ACM has no conditional import, so a run compares again right before the import: otherwise two runs
that read different versions of a secret could leave the older one.

`SecretStr` and `CertificateBundle` have representations without the value of the secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import Certificates, Clock, ImportSecrets
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Action, Certificate, CertificateType
from certificate_lifecycle.model.run import ActionRecord, Outcome
from certificate_lifecycle.policy.checks import is_externally_managed
from certificate_lifecycle.policy.import_source import (
    ImportCandidate,
    SourceFinding,
    SourceState,
    UnusableSourceError,
    compare,
    secret_name,
)

#: ACM accepts one ImportCertificate a second (user guide, quotas).
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The import sources by certificate ARN; not read without `secrets`."""

    secrets: ImportSecrets | None
    secret_arns: Mapping[str, str]

    def concern(self, certificate: Certificate) -> bool:
        """Whether `certificate` was imported and has a source."""
        return certificate.arn in self.secret_arns and (
            certificate.type is CertificateType.IMPORTED
        )

    def misplaced(self, everything: Mapping[str, Certificate]) -> list[str]:
        """Return an error for each source without an imported certificate."""
        found = []
        for arn in self.secret_arns:
            if arn not in everything:
                found.append(f"{arn} has an import source, but does not exist")
            elif everything[arn].type is not CertificateType.IMPORTED:
                found.append(f"{arn} has an import source, but was not imported")
        return found

    def inspect(
        self, certificate: Certificate, clock: Clock, now: datetime, problems: list[str]
    ) -> SourceFinding:
        """Return the state of the source of a described certificate."""
        secret_arn = self.secret_arns[certificate.arn]
        name = f"Its import source {secret_name(secret_arn)}"
        if self.secrets is None:
            text = f"{name} is read only in mode repair or replace."
            return SourceFinding(secret_arn, SourceState.UNREAD, text)
        if is_externally_managed(certificate):
            text = f"{name} is not used for that reason."
            return SourceFinding(secret_arn, SourceState.UNREAD, text)
        try:
            require_time(clock)
            leaf, bundle = self.secrets.open(secret_arn)
        except UnusableSourceError as error:
            text = f"{name} cannot be used: {error}."
            return SourceFinding(secret_arn, SourceState.INVALID, text)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("secret unreadable", extra={"certificate_arn": certificate.arn})
            problems.append(f"{certificate.arn}: {error_summary(error)}")
            text = f"{name} cannot be read: {error_summary(error)}."
            return SourceFinding(secret_arn, SourceState.UNREADABLE, text)
        state, text = compare(leaf, certificate, now)
        newer = ImportCandidate(leaf, bundle) if state is SourceState.NEWER else None
        return SourceFinding(secret_arn, state, f"{name} {text}.", newer)


@dataclass(slots=True, kw_only=True)
class Reimport:
    """Imports newer versions under the existing ARN, one a second."""

    context: RunContext
    certificates: Certificates
    _imports: int = field(default=0, init=False)

    def carry_out(self, arn: str, newer: ImportCandidate) -> ActionRecord:
        """Import the newer version, unless another run has done so since the scan."""
        if self._imports:
            self.context.clock.sleep(_PAUSE_SECONDS)
        self._imports += 1
        require_time(self.context.clock)
        current = self.certificates.describe(arn)
        state, comparison = compare(newer.leaf, current, self.context.now)
        if state is not SourceState.NEWER:
            text = f"not imported, another run was faster: its import source {comparison}."
            return ActionRecord(arn, Action.REIMPORT, Outcome.ADVISED, text)
        logger.info("importing", extra={"certificate_arn": arn, "detail": newer.label})
        self.context.record_intent(arn, Action.REIMPORT, f"import {newer.label}")
        self.certificates.reimport(arn, newer.bundle)
        missing = sorted(set(current.names) - set(newer.leaf.names))
        without = f", without {', '.join(missing)}" if missing else ""
        text = f"imported {newer.label}{without}"
        return ActionRecord(arn, Action.REIMPORT, Outcome.DONE, text)
