"""Find the certificate that may take over from another one, with as few calls as possible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from certificate_lifecycle.app.coverage import CoverageCheck
from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.descriptions import Descriptions
from certificate_lifecycle.app.ports import Catalog, Certificates
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.policy.continuity import (
    Candidate,
    Continuity,
    Discontinuity,
    Predecessor,
    is_acme_renewal,
    is_of_same_client,
    judge,
    related,
    ruled_out,
    unreadable,
)
from certificate_lifecycle.policy.succession import ReplacementRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessorSearch:
    """Judges the certificates of one account and region as successors of others.

    Only certificates that the listing does not rule out are described, each once.
    A certificate outside the coverage is no successor, unless this instance requested it.
    `problems` are the errors of those that could not be described.
    """

    context: RunContext
    catalog: Catalog
    coverage: CoverageCheck
    by_name: dict[str, list[Certificate]]
    described: dict[str, Certificate | None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def among(
        cls,
        listed: Iterable[Certificate],
        context: RunContext,
        certificates: Certificates,
        catalog: Catalog,
        coverage: CoverageCheck | None = None,
    ) -> SuccessorSearch:
        """Return a search among `listed` certificates.

        Without a `coverage` that is shared with others, `problems` include its errors.
        """
        problems: list[str] = []
        coverage = coverage or CoverageCheck(
            context=context,
            descriptions=Descriptions(certificates=certificates, context=context),
            problems=problems,
        )
        index: defaultdict[str, list[Certificate]] = defaultdict(list)
        for certificate in listed:
            for name in certificate.names:
                index[name].append(certificate)
        return cls(
            context=context,
            catalog=catalog,
            coverage=coverage,
            by_name=dict(index),
            problems=problems,
        )

    def best(self, old: Certificate, record: ReplacementRecord | None) -> Candidate | None:
        """Return the first of `candidates` that may take over or is a proposal, or None."""
        judged = self.candidates(old, record)
        return next((entry for entry in judged if entry.continuity is not Continuity.NONE), None)

    def candidates(self, old: Certificate, record: ReplacementRecord | None) -> Iterator[Candidate]:
        """Yield the result for every certificate with a name of `old`.

        The successor on record comes first, then the certificate that expires last.
        None has candidates of both kinds, automatic and proposed.
        """
        recorded = record.successor_arn if record is not None else None
        requested = record.requested_successor if record is not None else None
        thresholds, now = self.context.thresholds, self.context.now
        named = (other for name in old.names for other in self.by_name.get(name, ()))
        for other in sorted(related(old, named), key=lambda other: other.arn != recorded):
            listed = ruled_out(predecessor(old, record), other, thresholds, now)
            if listed is not None:
                yield listed
                continue
            if other.arn != requested and not self._covers(other):
                yield Candidate(other, Continuity.NONE, (Discontinuity.OUTSIDE_SCOPE,))
                continue
            described_old, described = self._described(old), self._described(other)
            if described_old is None or described is None:
                yield unreadable(other)
                continue
            keys = self.catalog.key_algorithms(described_old)
            yield judge(predecessor(described_old, record, keys), described, thresholds, now)

    def acme_renewal(self, old: Certificate) -> Certificate | None:
        """Return the certificate that the ACME client of `old` ordered in its place, or None."""
        named = (other for name in old.names for other in self.by_name.get(name, ()))
        for other in related(old, named):
            if not is_acme_renewal(old, other, self.context.now) or not self._covers(other):
                continue
            described_old, described = self._described(old), self._described(other)
            if described_old and described and is_of_same_client(described_old, described):
                return other
        return None

    def _covers(self, listed: Certificate) -> bool:
        try:
            return self.coverage.covers(listed) is True
        except CertificateNotFoundError:
            return False

    def _described(self, certificate: Certificate) -> Certificate | None:
        """Return a certificate with its detail, None if that cannot be read."""
        if certificate.described:
            return certificate
        arn = certificate.arn
        if arn not in self.described:
            self.described[arn] = None
            try:
                require_time(self.context.clock)
                self.described[arn] = self.coverage.descriptions.describe(certificate)
            except CertificateNotFoundError:
                logger.info("certificate deleted meanwhile", extra={"certificate_arn": arn})
            except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
                logger.exception("candidate unreadable", extra={"certificate_arn": arn})
                self.problems.append(f"{arn}: {error_summary(error)}")
        return self.described[arn]


def predecessor(
    old: Certificate,
    record: ReplacementRecord | None,
    key_algorithms: Iterable[str] | None = None,
) -> Predecessor:
    """Return a certificate with what its replacement record says about successors."""
    return Predecessor(
        certificate=old,
        key_algorithms=None if key_algorithms is None else frozenset(key_algorithms),
        requested=record.requested_successor if record is not None else None,
        refused=record.refused if record is not None else (),
    )
