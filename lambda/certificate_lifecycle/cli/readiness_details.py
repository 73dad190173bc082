"""What readiness needs beyond a scan: all descriptions, and the hosted zones."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.app.descriptions import Descriptions, read_memory
from certificate_lifecycle.app.ports import Clock, ScopeClients
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.handlers.config import rotation_settings
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import (
    NOT_DESCRIBED,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.model.run import Assessment, Run, ScopeStatus
from certificate_lifecycle.model.tags import owner
from certificate_lifecycle.policy.readiness.case import Setup
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.policy.thresholds import Thresholds

_IN_ACM = frozenset(
    {CertificateType.AMAZON_ISSUED, CertificateType.PRIVATE, CertificateType.IMPORTED}
)


@dataclass(frozen=True, slots=True)
class _Reading:
    clock: Clock
    thresholds: Thresholds
    now: datetime


@dataclass(slots=True)
class ReadinessDetails:
    """The assessments of a run with the descriptions of all certificates that ACM may renew.

    `zones` are the names of the hosted zones, None if they could not be listed.
    `problems` say what could not be read.
    """

    session: Session
    run: Run
    entries: list[Assessment] = field(default_factory=list)
    zones: set[str] | None = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def read(self) -> ReadinessDetails:
        """Read everything, with the descriptions that earlier runs remember, and return it."""
        clients_of = self.session.scope_clients(repair=False)
        waiting = list(self.run.assessments)
        scanned = {
            (scope.account_id, scope.region)
            for scope in self.run.scopes
            if scope.status is not ScopeStatus.FAILED
        }
        for scope in self.session.scopes:
            inside = [entry for entry in waiting if scope.contains(entry.certificate.arn)]
            waiting = [entry for entry in waiting if not scope.contains(entry.certificate.arn)]
            if (scope.account_id, scope.region) in scanned:
                clients = clients_of(scope)
                self._read_zones(clients)
                inside = self._described(clients, inside)
            self.entries += inside
        self.entries += waiting
        return self

    def setup(self) -> Setup:
        """Return what readiness depends on beside the certificates."""
        settings, function = self.session.settings, self.session.function
        unknown = self.session.unknown is not None
        deployed = None if function is None else rotation_settings(function.settings, [])
        return Setup(
            thresholds=settings.thresholds,
            zones=self.zones,
            sources=None if unknown else set(settings.import_sources),
            targets=None
            if unknown
            else {target.certificate_arn for target in settings.export_targets},
            repairs=None if unknown else settings.mode is not RotationMode.NOTIFY,
            deployed=None if unknown else function is not None,
            state_table=None if deployed is None else deployed.ledger_table is not None,
            # Those of the function, and not those of an option of this command.
            resolvers=None if deployed is None else bool(deployed.public_dns_resolvers),
            not_listed=self.run.inventory_message,
        )

    def _read_zones(self, clients: ScopeClients) -> None:
        if self.zones is None:
            return
        try:
            self.zones |= {zone.name for zone in clients.dns.public_zones()}
        except Exception as error:  # noqa: BLE001 - shown, and the command ends as incomplete
            logger.exception("zones could not be listed")
            self.zones = None
            self.problems.append(f"the hosted zones could not be listed: {error_summary(error)}")

    def _described(self, clients: ScopeClients, entries: Sequence[Assessment]) -> list[Assessment]:
        session = self.session
        descriptions = Descriptions(
            certificates=clients.certificates,
            context=_Reading(session.clock, session.settings.thresholds, session.now),
            memory=read_memory(clients.state_store),
        )
        missing = {e.certificate.arn: _listed(e) for e in entries if _lacks_detail(e)}
        descriptions.prefetch([entry.certificate for entry in missing.values()])
        found = (
            self._with_detail(descriptions, missing.get(entry.certificate.arn, entry))
            for entry in entries
        )
        return [entry for entry in found if entry is not None]

    def _with_detail(self, descriptions: Descriptions, entry: Assessment) -> Assessment | None:
        """Return an assessment with the description; None for a deleted certificate."""
        if not _lacks_detail(entry):
            return entry
        try:
            described = descriptions.with_tags(descriptions.describe(entry.certificate))
        except CertificateNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - shown, and the command ends as incomplete
            logger.log(logging.WARNING, "certificate unreadable", exc_info=True)
            self.problems.append(f"{entry.certificate.arn}: {error_summary(error)}")
            return entry
        return replace(
            entry,
            certificate=described,
            owner=owner(described, self.session.settings.owner_tag),
        )


def _lacks_detail(entry: Assessment) -> bool:
    """Whether a certificate that is issued was not described with its tags."""
    certificate = entry.certificate
    issued = certificate.type in _IN_ACM and certificate.status is CertificateStatus.ISSUED
    return issued and not certificate.detail.tags_read


def _listed(entry: Assessment) -> Assessment:
    """Return an assessment as it was listed: the detail of a scan may be a part."""
    return replace(entry, certificate=replace(entry.certificate, detail=NOT_DESCRIBED))
