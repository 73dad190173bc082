"""Select the certificates that an instance covers, and read names and tags only where they decide.

A certificate whose names or tags cannot be read is reported, and never acted on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.descriptions import Descriptions
from certificate_lifecycle.app.ports import CertificateStore
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.policy.coverage import Others, has_tags
from certificate_lifecycle.policy.ownership import is_issued_by


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageResult:
    """The certificates to assess, and the ARNs of the others.

    `outside` are those to assess that are outside the coverage, and reported with a mark;
    `undecided` those whose names or tags could not be read.
    """

    chosen: list[Certificate]
    outside: frozenset[str] = frozenset()
    undecided: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageCheck:
    """Decides whether certificates of one account and region are covered.

    `always` are covered whatever their names and tags are: the configuration names them.
    `reported` have an open alert, which would end without a notification: their tags are read by
    calls of their own before they are ignored.
    `unread` are those whose tags could not be read.
    `problems` are the errors of certificates whose names or tags could not be read.
    """

    context: RunContext
    descriptions: Descriptions
    always: Collection[str] = ()
    reported: Collection[str] = ()
    unread: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def select(
        self,
        listed: Iterable[Certificate],
        stores: Mapping[str, CertificateStore],
        replacing: Collection[str],
    ) -> CoverageResult:
        """Return which of the `listed` certificates to assess.

        `stores` are those of certificates outside ACM, by ARN. Certificates in `replacing` are
        assessed in any case, so that a replacement under way does not stop silently.
        """
        chosen: list[Certificate] = []
        outside, undecided, ignored = set(), set(), set()
        reporting = self.context.coverage.others is Others.REPORT
        listed = list(listed)
        self.descriptions.prefetch_tags(entry.arn for entry in listed if self._by_tags(entry))
        for certificate in listed:
            arn = certificate.arn
            store = stores.get(arn)
            try:
                covered = self.covers(certificate, store.describe if store is not None else None)
                if covered is False and arn in self.reported and self.descriptions.drop_tags(arn):
                    covered = self.covers(certificate)
            except CertificateNotFoundError:
                logger.info("certificate deleted meanwhile", extra={"certificate_arn": arn})
                continue
            if covered is False and not reporting and arn not in replacing:
                ignored.add(arn)
                continue
            chosen.append(certificate)
            if covered is False:
                outside.add(arn)
            elif covered is None:
                undecided.add(arn)
        return CoverageResult(
            chosen=chosen,
            outside=frozenset(outside),
            undecided=frozenset(undecided),
            ignored=frozenset(ignored),
        )

    def covers(
        self, listed: Certificate, describe: Callable[[Certificate], Certificate] | None = None
    ) -> bool | None:
        """Return whether a certificate is covered, None if that cannot be found out.

        `describe` is that of the store of a certificate outside ACM.
        Raises CertificateNotFoundError for a deleted certificate.
        """
        if listed.arn in self.always:
            return True
        answer = self._judged(listed)
        if answer is None and not listed.names_complete:
            listed = self._described(listed, describe or self._described_by_acm)
            answer = self._judged(listed)
        if answer is None and has_tags(listed) and not listed.detail.tags_read:
            answer = self._judged(self._tagged(listed))
        return answer

    def _by_tags(self, listed: Certificate) -> bool:
        """Whether the tags decide on a certificate, whose names are all known."""
        named = listed.names_complete and listed.arn not in self.always
        return named and has_tags(listed) and self._judged(listed) is None

    def _judged(self, certificate: Certificate) -> bool | None:
        context = self.context
        issued = has_tags(certificate) and is_issued_by(
            certificate, context.instance, context.allowed_domains
        )
        return context.coverage.covers(certificate, issued_here=issued)

    def _described_by_acm(self, listed: Certificate) -> Certificate:
        return self.descriptions.describe(listed)

    def _described(
        self, listed: Certificate, describe: Callable[[Certificate], Certificate]
    ) -> Certificate:
        """Return a certificate with all of its names, or as it was listed after an error."""
        try:
            require_time(self.context.clock)
            return describe(listed)
        except CertificateNotFoundError:
            raise
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            self._failed(listed, error)
            return listed

    def _tagged(self, listed: Certificate) -> Certificate:
        """Return a certificate with its tags, or without them after an error."""
        if listed.arn in self.unread:
            return listed
        try:
            require_time(self.context.clock)
            return self.descriptions.with_tags(listed)
        except CertificateNotFoundError:
            raise
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            self.unread.add(listed.arn)
            self._failed(listed, error)
            return listed

    def _failed(self, listed: Certificate, error: Exception) -> None:
        logger.exception("coverage unknown", extra={"certificate_arn": listed.arn})
        reason = error_summary(error)
        self.problems.append(f"{listed.arn} may be outside the scope of this instance: {reason}")
