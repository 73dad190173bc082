"""Imported certificates with an import source: read the secret, and import a newer version.

Safe to repeat, to overlap and to be stopped after any call: an import is recorded in the import
history before it is done, and the next run sees in ACM whether it was.
ACM has no conditional import, so a run compares again right before the import, and records it on
condition that no other run has done so since: otherwise two runs that read different versions of a
secret could leave the older one.
Without the history nothing is imported, because a version that was replaced could come back.

`SecretStr` and `CertificateBundle` have representations without the value of the secret.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import Certificates, Clock, ImportHistories, ImportSecrets
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Action, Certificate, CertificateType
from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    SecretMissingError,
    StateConflictError,
)
from certificate_lifecycle.model.run import ActionRecord, Outcome
from certificate_lifecycle.policy.checks import is_externally_managed
from certificate_lifecycle.policy.import_history import ImportHistory
from certificate_lifecycle.policy.import_source import (
    ImportCandidate,
    ImportSource,
    SourceFinding,
    SourceState,
    UnusableSourceError,
    compare,
    secret_name,
)
from certificate_lifecycle.policy.observation import Observation

#: ACM accepts one ImportCertificate a second (user guide, quotas).
_PAUSE_SECONDS = 1.0
#: Time limit of a Lambda function (developer guide, quotas).
_LONGEST_RUN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The import sources by certificate ARN; not read without `secrets`.

    `histories` is None without a state table, and `problem` says why it could not be read.
    """

    by_arn: Mapping[str, ImportSource]
    secrets: ImportSecrets | None
    certificates: Certificates
    histories: ImportHistories | None
    problem: str | None = None

    def concern(self, certificate: Certificate) -> bool:
        """Whether `certificate` was imported and has a source."""
        return certificate.arn in self.by_arn and certificate.type is CertificateType.IMPORTED

    def misplaced(
        self, everything: Mapping[str, Certificate], unread: Collection[str]
    ) -> list[str]:
        """Return an error for each source without an imported certificate.

        `unread` are ARNs of certificates that may exist.
        """
        found = []
        for arn in self.by_arn:
            if arn in unread:
                continue
            if arn not in everything:
                found.append(f"{arn} has an import source, but does not exist")
            elif everything[arn].type is not CertificateType.IMPORTED:
                found.append(f"{arn} has an import source, but was not imported")
        return found

    def inspect(
        self, certificate: Certificate, clock: Clock, now: datetime, problems: list[str]
    ) -> SourceFinding:
        """Return the state of the source of a described certificate.

        Raises CertificateNotFoundError if the certificate was deleted.
        """
        source = self.by_arn[certificate.arn]
        name = f"Its import source {secret_name(source.secret_arn)}"
        finding = SourceFinding(source.secret_arn, SourceState.UNREAD, "")
        if self.secrets is None:
            return replace(finding, text=f"{name} is read only in mode repair or replace.")
        if is_externally_managed(certificate):
            return replace(finding, text=f"{name} is not used for that reason.")
        if self.histories is None:
            text = f"{name} is not used, because {self.problem or 'there is no state table'}."
            state = SourceState.UNREADABLE if self.problem else SourceState.UNREAD
            return replace(finding, state=state, text=text)
        try:
            require_time(clock)
            history = self.histories.import_history(certificate.arn)
            held = self.certificates.imported_version(certificate.arn)
            seen = history.observed(held.held, certificate.detail.imported_at, now)
            finding = replace(finding, history=seen, unsaved=seen != history)
            offered = self.secrets.open(source.secret_arn)
        except UnusableSourceError as error:
            text = f"{name} cannot be used: {error}."
            return replace(finding, state=SourceState.INVALID, text=text)
        except SecretMissingError as error:
            text = f"Its import source cannot be read: {error}."
            return replace(finding, state=SourceState.MISSING, text=text)
        except CertificateNotFoundError:
            raise
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("source unreadable", extra={"certificate_arn": certificate.arn})
            problems.append(f"{certificate.arn}: {error_summary(error)}")
            text = f"{name} cannot be read or compared: {error_summary(error)}."
            return replace(finding, state=SourceState.UNREADABLE, text=text)
        compared = compare(offered.version, held, seen, source, now)
        newer = replace(offered, loses=compared.loses)
        return replace(
            finding,
            state=compared.state,
            text=f"{name} {compared.text}.",
            newer=newer if compared.state is SourceState.NEWER else None,
            loses_client_auth=compared.loses_client_auth,
        )


@dataclass(slots=True, kw_only=True)
class Reimport:
    """Imports newer versions under the existing ARN, one a second."""

    context: RunContext
    certificates: Certificates
    histories: ImportHistories | None
    _saved: dict[str, ImportHistory] = field(default_factory=dict, init=False)
    _imports: int = field(default=0, init=False)

    def remember(self, observations: Iterable[Observation], problems: list[str]) -> None:
        """Record which versions ACM holds, before anything is imported."""
        for observation in observations:
            source, arn = observation.source, observation.certificate.arn
            if source is None or source.history is None or not source.unsaved:
                continue
            try:
                self._save(source.history)
            except StateConflictError:
                logger.info("recorded by another run", extra={"certificate_arn": arn})
            except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
                logger.exception("import history not written", extra={"certificate_arn": arn})
                problems.append(f"{arn}: its import history: {error_summary(error)}")

    def carry_out(self, arn: str, newer: ImportCandidate, history: ImportHistory) -> ActionRecord:
        """Import the newer version, unless another run has done so since the scan.

        `history` is that of the scan, whose last version is the one that was compared.
        """
        if self._imports:
            self.context.clock.sleep(_PAUSE_SECONDS)
        self._imports += 1
        require_time(self.context.clock)
        history = self._saved.get(arn, history)
        if history.is_locked(self.context.run_id, self.context.now):
            return _overtaken(arn, "it is importing now")
        try:
            self._save(
                history.attempting(
                    newer.version.held, self.context.run_id, self.context.now + _LONGEST_RUN
                )
            )
        except StateConflictError as error:
            return _overtaken(arn, str(error))
        logger.info("importing", extra={"certificate_arn": arn, "detail": newer.label})
        self.context.record_intent(arn, Action.REIMPORT, f"import {newer.label}")
        if self.certificates.imported_version(arn).held != history.versions[-1]:
            self._save(replace(self._saved[arn], attempt=None))
            return _overtaken(arn, "ACM has another version than at the scan")
        self.certificates.reimport(arn, newer.bundle)
        return ActionRecord(arn, Action.REIMPORT, Outcome.DONE, f"imported {newer.label}")

    def _save(self, history: ImportHistory) -> None:
        """Store a history; raises StateConflictError."""
        if self.histories is not None and not self.context.dry_run:
            self._saved[history.certificate_arn] = self.histories.save_import_history(history)


def _overtaken(arn: str, why: str) -> ActionRecord:
    text = f"not imported, another run was faster: {why}."
    return ActionRecord(arn, Action.REIMPORT, Outcome.ADVISED, text)
