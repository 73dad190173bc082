"""Select the certificates of a scan, after reading the tags and names that decide."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.app.ports import ScopeClients
from certificate_lifecycle.cli.filters import Filters
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.model.run import Assessment, Run
from certificate_lifecycle.model.tags import owner
from certificate_lifecycle.policy.coverage import has_tags

Entries = Sequence[Assessment]
#: Returns the certificates that could be read, by ARN; a deleted one is None.
_Read = Callable[[ScopeClients, Entries], dict[str, Certificate | None]]


@dataclass(slots=True)
class Filtering:
    """Selects certificates by `filters`, and reads what a scan did not read.

    `problems` say which certificates could not be compared with the filters; these are left out.
    """

    session: Session
    filters: Filters
    problems: list[str] = field(default_factory=list)

    def completed(self, run: Run, *, owners: bool) -> Run:
        """Return a run with the tags and names that the filters need.

        `owners` adds those of all certificates, as far as one call reads many.
        """
        if owners or self.filters.by_tags:
            run = self._updated(run, _lacks_tags, _tagged_in_bulk)
        if self.filters.by_tags:
            run = self._updated(run, _lacks_tags, self._tagged)
        if self.filters.names:
            run = self._updated(run, self._lacks_names, self._described)
        return run

    def selected(self, run: Run) -> Run:
        """Return a run with the certificates that match, and with the actions on them."""
        if not self.filters:
            return run
        return only(run, [entry for entry in run.assessments if self.filters.match(entry)])

    def _updated(self, run: Run, lacks: Callable[[Assessment], bool], read: _Read) -> Run:
        """Return a run in which certificates that lack something were read again."""
        found: dict[str, Certificate | None] = {}
        clients_of = self.session.scope_clients(repair=False)
        for scope in self.session.scopes:
            lacking = [
                entry
                for entry in run.assessments
                if scope.contains(entry.certificate.arn) and lacks(entry)
            ]
            if lacking and not self.session.clock.interrupted:
                found |= read(clients_of(scope), lacking)
        entries = []
        for entry in run.assessments:
            certificate = found.get(entry.certificate.arn, entry.certificate)
            if certificate is not None:
                named = owner(certificate, self.session.settings.owner_tag)
                entries.append(replace(entry, certificate=certificate, owner=named))
        return replace(run, assessments=entries)

    def _tagged(self, clients: ScopeClients, entries: Entries) -> dict[str, Certificate | None]:
        return self._each(
            entries, lambda listed: listed.with_tags(clients.certificates.tags(listed.arn))
        )

    def _described(self, clients: ScopeClients, entries: Entries) -> dict[str, Certificate | None]:
        def named(listed: Certificate) -> Certificate:
            names = clients.certificates.describe(listed.arn).names
            return replace(listed, names=names, names_complete=True)

        return self._each(entries, named)

    def _each(
        self, entries: Entries, read: Callable[[Certificate], Certificate]
    ) -> dict[str, Certificate | None]:
        """Read certificates one by one; one that fails does not stop the others."""
        found: dict[str, Certificate | None] = {}
        for listed in (entry.certificate for entry in entries):
            if self.session.clock.interrupted:
                break
            try:
                found[listed.arn] = read(listed)
            except CertificateNotFoundError:
                found[listed.arn] = None
            except Exception as error:  # noqa: BLE001 - shown, and the command ends as incomplete
                logger.log(logging.WARNING, "certificate unreadable", exc_info=True)
                self.problems.append(
                    f"{listed.arn}: not compared with the filters: {error_summary(error)}"
                )
        return found

    def _lacks_names(self, entry: Assessment) -> bool:
        return self.filters.match(entry) is None and not entry.certificate.names_complete


def only(run: Run, entries: Entries) -> Run:
    """Return a run as if it had been asked for these certificates; failed scopes stay."""
    arns = {entry.certificate.arn for entry in entries}
    scopes = [replace(scope, certificates=0) for scope in run.scopes]
    numbers = Counter((entry.certificate.account_id, entry.certificate.region) for entry in entries)
    for index, scope in enumerate(scopes):
        # Global services belong to the first scope of their account.
        regions = (scope.region, "global")
        count = sum(numbers.pop((scope.account_id, region), 0) for region in regions)
        scopes[index] = replace(scope, certificates=count)
    return replace(
        run,
        assessments=list(entries),
        actions=[record for record in run.actions if record.certificate_arn in arns],
        scopes=scopes,
        full_scan=False,
    )


def _lacks_tags(entry: Assessment) -> bool:
    return has_tags(entry.certificate) and not entry.certificate.detail.tags_read


def _tagged_in_bulk(clients: ScopeClients, entries: Entries) -> dict[str, Certificate | None]:
    by_arn = {entry.certificate.arn: entry.certificate for entry in entries}
    found = clients.certificates.tags_of(list(by_arn))
    return {arn: by_arn[arn].with_tags(tags) for arn, tags in found.items()}
