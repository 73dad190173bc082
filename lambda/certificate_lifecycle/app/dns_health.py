"""Compare the names of certificates with public DNS, within the limits of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import Clock, Dns, PublicDns
from certificate_lifecycle.app.validation import caa_obstacles
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    DomainValidation,
    Reason,
    ValidationMethod,
)
from certificate_lifecycle.model.dns_names import dns_form, without_wildcard
from certificate_lifecycle.model.errors import IssuanceForbiddenError
from certificate_lifecycle.model.public_dns import DnsCounts, RecordType
from certificate_lifecycle.policy.chain import concerns_public_dns
from certificate_lifecycle.policy.checks import waits_for_validation
from certificate_lifecycle.policy.dns_health import (
    NOT_CHECKED,
    REQUEST_CHECKS,
    DnsFinding,
    DnsName,
    Question,
    judge_names,
    questions,
    with_records,
    without_answers,
)
from certificate_lifecycle.policy.notification_state import AlertRecord, reported_dns_reason
from certificate_lifecycle.policy.validation import RecordFinding, Zone, candidate_zones

_NS = RecordType.NS
#: Queries of one account and region about certificates that every run checks, and about those whose
#: next renewal is due to be checked; the adapter limits those of all to 6,000.
_MAX_QUERIES = 200
_MAX_DUE_QUERIES = 5_600
#: Queries of a run, of which each account and region has an equal share: at least for certificates
#: that are due, and at most for those that neither wait nor have an open finding.
_HALF = 3_000
#: Queries of a run without those that follow from answers, such as the target of a CNAME.
_PLANNED = 5_800
#: Queries of one name in a zone of its own.
_FEW_QUERIES = 3
#: Hosted zones of one account and region whose name servers are read: Route 53 permits ten calls
#: per second and account.
_MAX_ZONES = 500


@dataclass(slots=True, kw_only=True)
class NameJudge:
    """Judges the names of certificates by the answers of public DNS, with the zones of Route 53.

    `problem` says why the hosted zones could not be read.
    """

    public_dns: PublicDns
    dns: Dns
    clock: Clock
    problem: str | None = None
    _servers: dict[Zone, frozenset[str] | None] = field(default_factory=dict)
    _hosted: Sequence[Zone] | None = None

    def given(self, names: Iterable[str]) -> list[DnsName]:
        """Return names with their hosted zones."""
        ask = self.public_dns.ask
        return [DnsName(name=name, ask=ask, zone=self._zone(name)) for name in names]

    def names_of(self, certificate: Certificate) -> list[DnsName]:
        """Return the names to check: those that ACM waits for, else all."""
        validations: Sequence[DomainValidation] = certificate.detail.validations
        if waits_for_validation(certificate):
            validations = [
                entry for entry in certificate.detail.pending_validations if not entry.validated
            ]
        if not validations:
            return self.given(certificate.names)
        by_name = {entry.domain_name: entry for entry in validations}
        return [
            replace(
                name,
                record=by_name[name.name].record,
                by_dns=by_name[name.name].method is ValidationMethod.DNS,
            )
            for name in self.given(by_name)
        ]

    def judged(self, names: Sequence[DnsName], records: Iterable[RecordFinding]) -> DnsFinding:
        """Return the state of names, and of the records that ACM waits for."""
        self.public_dns.prefetch(question for name in names for question in questions(name))
        found = judge_names(replace(name, servers=self._servers_of(name.zone)) for name in names)
        found = with_records(found, records, self.public_dns.ask)
        if self.problem is None:
            return found
        return replace(
            found,
            unknown=(*found.unknown, self.problem),
            unknown_names=frozenset(name.name for name in names),
            undecided=found.undecided | {Reason.ZONE_NOT_DELEGATED},
        )

    def _zone(self, name: str) -> Zone | None:
        """Return the hosted zone for the records of a name, None without one.

        Of several zones with one name it is the one that public DNS delegates, else the first.
        """
        if self._hosted is None:
            try:
                require_time(self.clock)
                self._hosted = self.dns.public_zones()
            except Exception as error:  # noqa: BLE001 - the delegations are unknown
                logger.warning("hosted zones unreadable", exc_info=True)
                self.problem = f"the hosted zones could not be read: {error_summary(error)}"
                self._hosted = ()
        found = candidate_zones(without_wildcard(name), self._hosted)
        if len(found) > 1:
            named = set(map(dns_form, self.public_dns.ask(dns_form(found[0].name), _NS).values))
            found = (*(z for z in found if named & (self._servers_of(z) or set())), *found)
        return found[0] if found else None

    def _servers_of(self, zone: Zone | None) -> frozenset[str] | None:
        """Return the name servers of a hosted zone in Route 53, None if they are unknown."""
        if zone is None:
            return None
        if zone not in self._servers and len(self._servers) < _MAX_ZONES:
            self._servers[zone] = self._read_servers(zone)
        return self._servers.get(zone)

    def _read_servers(self, zone: Zone) -> frozenset[str] | None:
        try:
            require_time(self.clock)
            return self.dns.name_servers(zone) or None
        except Exception:  # noqa: BLE001 - the delegation is unknown
            extra = {"zone_name": zone.name, "zone_id": zone.zone_id}
            logger.warning("name servers unreadable", exc_info=True, extra=extra)
            return None


@dataclass(slots=True, kw_only=True)
class DnsHealth:
    """Public DNS for the certificates of one account and region in one run.

    `alert_records` are those of all certificates by ARN: open findings about public DNS are checked
    first, and stay open while an answer is unknown. `scopes` is the number of accounts and regions
    that share the queries of the run.
    """

    judge: NameJudge
    now: datetime
    scopes: int = 1
    alert_records: Mapping[str, AlertRecord] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)
    _names: dict[str, bool] = field(default_factory=dict)
    _not_asked: set[str] = field(default_factory=set)
    _reason: str = ""

    def prepare(self, certificates: Iterable[Certificate], due: Iterable[Certificate] = ()) -> None:
        """Choose the certificates whose names are checked, and send the queries.

        `due` are those whose next renewal is checked by this run, described as far as possible: the
        queries for their validation records count, too.
        """
        for_due = max(_HALF, _PLANNED - self.scopes * _MAX_QUERIES) // self.scopes
        sent = self._chosen(due, min(_MAX_DUE_QUERIES, for_due), {})
        before = len(sent)
        urgent: list[Certificate] = []
        others: list[Certificate] = []
        for certificate in certificates:
            (urgent if self._is_urgent(certificate) else others).append(certificate)
        sent = self._chosen(urgent, before + _MAX_QUERIES, sent)
        sent = self._chosen(others, before + min(_MAX_QUERIES, _HALF // self.scopes), sent)
        self.judge.public_dns.prefetch(sent)

    def _chosen(
        self, certificates: Iterable[Certificate], limit: int, sent: Mapping[Question, None]
    ) -> dict[Question, None]:
        """Choose certificates as far as the limit allows; return the queries with those before."""
        together = dict(sent)
        concerned = [entry for entry in certificates if concerns_public_dns(entry, self.now)]
        for certificate in sorted(concerned, key=self._order):
            wanted: dict[Question, None] = {}
            # A small certificate may fit where a large one did not.
            full = len(together) >= limit - _FEW_QUERIES
            if not full:
                names = self.judge.names_of(certificate)
                wanted = dict.fromkeys(entry for name in names for entry in questions(name))
            if full or len(together) + len(wanted.keys() - together.keys()) > limit:
                self._not_asked.update(certificate.names)
                continue
            together |= wanted
            self._asked.add(certificate.arn)
        return together

    def _is_urgent(self, certificate: Certificate) -> bool:
        return self._is_reported(certificate) or _is_pending(certificate)

    def _is_reported(self, certificate: Certificate) -> bool:
        alert = self.alert_records.get(certificate.arn)
        return reported_dns_reason(alert, waiting=True) is not None

    def _order(self, certificate: Certificate) -> tuple[bool, bool, float]:
        ends = certificate.not_after.timestamp() if certificate.not_after else 0.0
        return not self._is_reported(certificate), not _is_pending(certificate), ends

    def finding(self, certificate: Certificate, records: Sequence[RecordFinding]) -> DnsFinding:
        """Return the state of the names of a certificate, and of the records that ACM waits for."""
        if not concerns_public_dns(certificate, self.now):
            return NOT_CHECKED
        alert = self.alert_records.get(certificate.arn)
        reported = reported_dns_reason(alert, waiting=waits_for_validation(certificate))
        if certificate.arn not in self._asked:
            return without_answers(NOT_CHECKED, records).reopened(reported)
        names = self.judge.names_of(certificate)
        try:
            require_time(self.judge.clock)
            found = self.judge.judged(names, records)
        except Exception as error:  # noqa: BLE001 - unknown, which is no success
            logger.warning("public DNS not compared", exc_info=True)
            found = DnsFinding(
                unknown=(error_summary(error),),
                unknown_names=frozenset(name.name for name in names),
            )
            found = without_answers(found, records)
        self._count(names, found)
        self._log(certificate, found)
        return found.reopened(reported)

    def counts(self) -> DnsCounts:
        """Return how many names were checked."""
        return DnsCounts(
            checked=sum(self._names.values()),
            unknown=sum(not known for known in self._names.values()),
            not_asked=len(self._not_asked - self._names.keys()),
            reason=self._reason,
        )

    def _count(self, names: Iterable[DnsName], found: DnsFinding) -> None:
        for name in names:
            known = name.name not in found.unknown_names
            self._names[name.name] = self._names.get(name.name, True) and known
        self._reason = self._reason or next(iter(found.unknown), "")

    def _log(self, certificate: Certificate, found: DnsFinding) -> None:
        if found.problems or found.unknown:
            logger.info(
                "public DNS compared",
                extra={
                    "certificate_arn": certificate.arn,
                    "problems": [problem.with_names() for problem in found.problems],
                    "unknown": found.unknown,
                },
            )


def _is_pending(certificate: Certificate) -> bool:
    return certificate.status is CertificateStatus.PENDING_VALIDATION


def public_obstacles(
    public_dns: PublicDns | None, dns: Dns, clock: Clock, certificate: Certificate
) -> list[str]:
    """Return a clause for each problem in public DNS that prevents a validation.

    `certificate` is described and waits for validation.
    """
    if public_dns is None:
        return []
    judge = NameJudge(public_dns=public_dns, dns=dns, clock=clock)
    found = judge.judged(judge.names_of(certificate), ())
    return [problem.with_names() for problem in found.problems]


def require_issuable(
    public_dns: PublicDns | None, dns: Dns | None, names: Sequence[str]
) -> DnsCounts | None:
    """Check before a request that neither CAA records nor broken DNSSEC forbid to issue.

    CAA records that public DNS does not answer are read in Route 53, if `dns` is given. Returns how
    many names were checked in public DNS, None without public DNS.
    Raises IssuanceForbiddenError with every problem; an unknown answer is none.
    """
    found, undecided = NOT_CHECKED, frozenset(names)
    if public_dns is not None:
        given = [DnsName(name=name, ask=public_dns.ask) for name in names]
        public_dns.prefetch(entry for name in given for entry in questions(name, REQUEST_CHECKS))
        found = judge_names(given, REQUEST_CHECKS)
        undecided = found.unknown_names
    problems = [problem.with_names() for problem in found.problems]
    if dns is not None:
        problems += caa_obstacles(dns, [name for name in names if name in undecided])
    if found.unknown:
        logger.warning("public DNS unknown before a request", extra={"unknown": found.unknown})
    if problems:
        raise IssuanceForbiddenError(
            f"nothing was requested, because no CA could issue: {'; '.join(problems)}"
        )
    if public_dns is None:
        return None
    return DnsCounts(
        checked=len(names) - len(undecided),
        unknown=len(undecided),
        reason=next(iter(found.unknown), ""),
    )
