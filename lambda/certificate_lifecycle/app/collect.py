"""Read and assess every certificate of an account and region.

A certificate that cannot be read does not stop the others; its error is kept in `problems`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from certificate_lifecycle.app.authorities import AuthorityConstraints
from certificate_lifecycle.app.coverage import CoverageCheck
from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.descriptions import Descriptions
from certificate_lifecycle.app.dns_health import DnsHealth
from certificate_lifecycle.app.email_validation import EmailValidation
from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.app.foresight import Foresight
from certificate_lifecycle.app.ports import Catalog, Certificates, CertificateStore, Dns
from certificate_lifecycle.app.reimport import Sources
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.app.succession import SuccessorSearch
from certificate_lifecycle.app.validation import inspect
from certificate_lifecycle.concurrency import attempt_all, both
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    RenewalStatus,
    Verdict,
)
from certificate_lifecycle.model.dns_names import without_wildcard
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.model.hidden_classes import InventoryGap
from certificate_lifecycle.model.run import Assessment, ScopeStatus, urgency
from certificate_lifecycle.policy.chain import (
    as_renewing,
    assess,
    concerns_public_dns,
    needs_detail,
    renews_well,
    wants_records,
)
from certificate_lifecycle.policy.checks import waits_for_validation
from certificate_lifecycle.policy.continuity import Candidate, Continuity
from certificate_lifecycle.policy.coverage import Others
from certificate_lifecycle.policy.dns_health import NOT_CHECKED, RECORD_REASONS, DnsFinding
from certificate_lifecycle.policy.email_validation import changed_methods, names_by_email
from certificate_lifecycle.policy.export import TargetFinding
from certificate_lifecycle.policy.foresight import checked_at
from certificate_lifecycle.policy.name_constraints import AUTHORITY_NOT_READ, AuthorityFinding
from certificate_lifecycle.policy.notification_state import AlertRecord, reported_dns_reason
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.remembered import RememberedCertificates, RenewalChange
from certificate_lifecycle.policy.renewal_change import change_of, is_to_compare
from certificate_lifecycle.policy.repair_history import RepairHistory
from certificate_lifecycle.policy.succession import REPLACING_ACTIONS, ReplacementRecord
from certificate_lifecycle.policy.thresholds import ends_soon, lacks_future
from certificate_lifecycle.policy.validation import RecordFinding, RecordState, distinct

_UNCHECKED = RecordState.UNCHECKED
_NO_RECORDS: Mapping[str, ReplacementRecord] = {}
#: A search is one call, a description two: certificate and tags.
_WORTH_A_SEARCH = 2
#: The certificates of a store, or its error.
_Listing = Sequence[Certificate] | Exception


@dataclass(slots=True)
class ScanResult:
    """The certificates of an account and region, and the errors as `problems`.

    `everything` is the whole listing, also if only a part of it was assessed.
    `ignored` are the ARNs of certificates outside the coverage, which were not assessed;
    `undecided` of those whose names or tags could not be read.
    `not_listed` are the classes of certificates that could not be listed, `unread` the ARNs that
    the listing lacks and that could not be described. `known` is what was read for all of them.
    """

    certificates: int = 0
    ignored: frozenset[str] = frozenset()
    undecided: frozenset[str] = frozenset()
    not_listed: Sequence[InventoryGap] = ()
    unread: set[str] = field(default_factory=set)
    everything: Sequence[Certificate] = ()
    assessments: list[Assessment] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    listed: bool = True
    known: _Known | None = None

    @property
    def status(self) -> ScopeStatus:
        """Whether all, some or no certificates were scanned."""
        if not self.listed:
            return ScopeStatus.FAILED
        return ScopeStatus.PARTIAL if self.problems else ScopeStatus.OK

    def narrowed(self, agreed: Collection[tuple[str, Action]] | None) -> ScanResult:
        """Return the result for the `agreed` certificates and actions only."""
        if agreed is None:
            return self
        return self._only(lambda entry: (entry.certificate.arn, entry.decision.action) in agreed)

    def by_urgency(self) -> ScanResult:
        """Return the result with the most urgent first: time and budgets may not suffice for all.

        ACM lists certificates in an order that anyone can influence.
        """
        pairs = zip(self.observations, self.assessments, strict=True)
        ordered = sorted(pairs, key=lambda pair: urgency(pair[1]))
        return replace(
            self,
            observations=[observation for observation, _ in ordered],
            assessments=[entry for _, entry in ordered],
        )

    def without(self, arns: Collection[str]) -> ScanResult:
        """Return the result for the other certificates only."""
        return self._only(lambda entry: entry.certificate.arn not in arns) if arns else self

    def _only(self, chosen: Callable[[Assessment], bool]) -> ScanResult:
        pairs = [
            (observation, entry)
            for observation, entry in zip(self.observations, self.assessments, strict=True)
            if chosen(entry)
        ]
        return replace(
            self,
            observations=[observation for observation, _ in pairs],
            assessments=[entry for _, entry in pairs],
        )


@dataclass(slots=True)
class _Known:
    """What is read once, before the certificates are assessed.

    `confirmed` is the same without anything that was remembered or read in bulk, once it is needed.
    `described` are the ARNs to describe, `needy` those whose decision needs a description unless
    `renewals` shows that ACM is renewing them, `renewals` the renewal status by ARN, `stores` the
    stores of certificates outside ACM, `records` the replacement records.
    `outside` are the ARNs outside the coverage, `due` those of healthy certificates whose next
    renewal is checked.
    """

    described: Collection[str]
    needy: Collection[str]
    renewals: Mapping[str, RenewalStatus | None]
    successors: SuccessorSearch
    coverage: CoverageCheck
    descriptions: Descriptions
    due: Collection[str]
    stores: Mapping[str, CertificateStore]
    records: Mapping[str, ReplacementRecord]
    outside: Collection[str]
    confirmed: _Known | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Reads and assesses the certificates of one account and region."""

    context: RunContext
    certificates: Certificates
    dns: Dns
    sources: Sources
    catalog: Catalog
    dns_health: DnsHealth | None = None
    exports: ExportTargets = field(default_factory=ExportTargets)
    stores: Sequence[CertificateStore] = ()
    failure_reported: Callable[[Certificate], datetime | None] = lambda _: None
    repair_history: Callable[[Certificate], RepairHistory | None] = lambda _: None
    memory: RememberedCertificates = field(default_factory=RememberedCertificates)
    foresight: Foresight | None = None
    on_describe: Callable[[int], None] = lambda _: None
    authorities: AuthorityConstraints | None = None

    def scan(
        self,
        wanted: Sequence[str],
        *,
        may_be_deleted: Collection[str] = (),
        reported: Collection[str] = (),
        replacing: Mapping[str, ReplacementRecord] = _NO_RECORDS,
    ) -> ScanResult:
        """Assess every certificate, or only the `wanted` ARNs.

        Certificates in `replacing` are described with all detail. A certificate that an event, a
        person, a setting, a replacement or an alert (`reported`) names is described if the listing
        lacks it: the listing may lack a class that is still unknown.
        """
        result = ScanResult()
        stores = () if _all_in_acm(wanted) else self.stores
        try:
            everything, listings = both(
                lambda: list(self.certificates.list_all()),
                lambda: self._listings(store for store in stores if store.concerns(())),
            )
        except Exception as error:  # noqa: BLE001 - recorded here, raised at the end of the run
            logger.exception("certificates could not be listed")
            result.listed = False
            result.problems.append(f"the certificates could not be listed: {error_summary(error)}")
            return result
        result.not_listed = self.certificates.not_listed
        named = wanted or (*reported, *self.sources.by_arn, *self.exports.by_arn, *_open(replacing))
        everything += self._unlisted(named, everything, result)
        result.everything = tuple(everything)
        # Some stores concern only certain certificates.
        late = (each for each in stores if each.name not in listings and each.concerns(everything))
        stored = self._stored({**listings, **self._listings(late)}, result.problems)
        everything += [certificate for certificate, _ in stored.values()]
        by_arn = {certificate.arn: certificate for certificate in everything}
        unknown = {*may_be_deleted, *result.unread}
        missing = [arn for arn in wanted if arn not in by_arn and arn not in unknown]
        result.problems.extend(f"{arn} does not exist" for arn in missing)
        chosen = [by_arn[arn] for arn in wanted or by_arn if arn in by_arn]
        if not wanted:
            result.problems.extend(self.sources.misplaced(by_arn, result.unread))
            result.problems.extend(self.exports.misplaced({*by_arn, *result.unread}))
        origins = {arn: store for arn, (_, store) in stored.items()}
        self._assess_covered(chosen, everything, origins, replacing, result, wanted, reported)
        return result

    def _unlisted(
        self, named: Iterable[str], listed: Sequence[Certificate], result: ScanResult
    ) -> list[Certificate]:
        """Return the named certificates in ACM that exist although they are not listed."""
        known = {certificate.arn for certificate in listed}
        found = []
        for arn in dict.fromkeys(named):
            if arn in known or not _is_in_acm(arn):
                continue
            try:
                require_time(self.context.clock)
                found.append(self.certificates.describe(arn).as_unlisted())
            except CertificateNotFoundError:
                logger.info("certificate does not exist", extra={"certificate_arn": arn})
            except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
                logger.exception("certificate unreadable", extra={"certificate_arn": arn})
                result.unread.add(arn)
                result.problems.append(f"{arn}: {error_summary(error)}")
        return found

    def _assess_covered(
        self,
        chosen: Iterable[Certificate],
        everything: Sequence[Certificate],
        stores: Mapping[str, CertificateStore],
        replacing: Mapping[str, ReplacementRecord],
        result: ScanResult,
        wanted: Collection[str],
        reported: Collection[str],
    ) -> None:
        """Assess the certificates of `chosen` that are covered or reported nevertheless."""
        chosen = list(chosen)
        described = {certificate.arn for certificate in chosen if self._concerned(certificate)}
        described.update(replacing)
        descriptions = Descriptions(
            certificates=self.certificates,
            context=self.context,
            memory=self.memory,
            fresh={*described, *wanted},
        )
        coverage = replace(self._coverage(descriptions), reported=reported)
        under_way = set(_open(replacing))
        # The time may not suffice to describe all.
        ordered = sorted(chosen, key=self._expiring_first)
        selection = coverage.select(ordered, stores, under_way)
        needy = self._in_need(selection.chosen)
        result.certificates = len(selection.chosen)
        result.ignored, result.undecided = selection.ignored, selection.undecided
        if selection.ignored:
            ignored = {"certificates": len(selection.ignored)}
            logger.info("certificates outside the scope ignored", extra=ignored)
        renewals, by_email = both(
            lambda: self._renewals(
                [c for c in selection.chosen if c.arn in needy and c.arn not in described]
            ),
            # Foresight describes those with an open finding in any case, and all within days.
            lambda: self._email.search(
                selection.chosen, result.problems if self.foresight is None else []
            ),
        )
        descriptions.renewals = renewals
        descriptions.fresh = {*descriptions.fresh, *changed_methods(self.memory, by_email)}
        due = self.foresight.due(selection.chosen, self.memory) if self.foresight else ()
        known = _Known(
            described=described,
            needy=needy,
            renewals=renewals,
            descriptions=descriptions,
            due={*due, *by_email, *self._renewed(selection.chosen)},
            coverage=coverage,
            successors=self._successors(everything, coverage),
            stores=stores,
            records=replacing,
            outside=selection.outside,
        )
        result.known = known
        self._prefetch(selection.chosen, known)
        if self.dns_health is not None:
            shown = [descriptions.at_hand(c) for c in selection.chosen if c.arn in known.due]
            others = [c for c in selection.chosen if c.arn not in known.due]
            self.dns_health.prepare(others, shown)
        for certificate in selection.chosen:
            self._assess(certificate, result, known)
        result.problems.extend((*coverage.problems, *known.successors.problems))

    def observe_again(self, result: ScanResult, arns: Iterable[str]) -> None:
        """Read and assess certificates again, unless this run read them by calls of their own.

        Coverage and successors are decided again, too. A certificate that is gone or not covered
        any more is left out of the result; one that cannot be read needs no action.
        """
        known = result.known
        if known is None:
            return
        places = {entry.certificate.arn: i for i, entry in enumerate(result.assessments)}
        listed = {entry.arn: entry for entry in result.everything}
        unconfirmed = [
            arn for arn in arns if arn in listed and not _is_confirmed(result, known, places[arn])
        ]
        if not unconfirmed:
            return
        confirmed = known.confirmed = known.confirmed or self._confirmed(known, result.everything)
        gone = set()
        for arn in unconfirmed:
            again = replace(result, observations=[], assessments=[])
            if self._still_covered(listed[arn], result, confirmed):
                self._assess(listed[arn], again, confirmed)
            if again.assessments:
                [result.observations[places[arn]]] = again.observations
                [result.assessments[places[arn]]] = again.assessments
            else:
                gone.add(arn)
        kept = result.without(gone)
        result.observations, result.assessments = kept.observations, kept.assessments
        found = (*confirmed.coverage.problems, *confirmed.successors.problems)
        result.problems.extend(text for text in found if text not in result.problems)
        known.descriptions.take(confirmed.descriptions)

    def _confirmed(self, known: _Known, everything: Sequence[Certificate]) -> _Known:
        descriptions = known.descriptions.confirmed()
        coverage = self._coverage(descriptions)
        return replace(
            known,
            descriptions=descriptions,
            coverage=coverage,
            successors=self._successors(everything, coverage),
        )

    def _still_covered(self, listed: Certificate, result: ScanResult, confirmed: _Known) -> bool:
        """Decide again whether a certificate is assessed; without an answer it is undecided."""
        arn = listed.arn
        try:
            covered = confirmed.coverage.covers(listed)
        except CertificateNotFoundError:
            logger.info("certificate deleted meanwhile", extra={"certificate_arn": arn})
            return False
        if covered is None:
            result.undecided |= {arn}
        outside = {arn} if covered is False else set()
        confirmed.outside = {*confirmed.outside, *outside} - ({arn} - outside)
        if outside and self.context.coverage.others is not Others.REPORT:
            result.ignored |= outside
            result.certificates -= 1
            return False
        return True

    def _coverage(self, descriptions: Descriptions) -> CoverageCheck:
        return CoverageCheck(
            context=self.context,
            descriptions=descriptions,
            always={*self.sources.by_arn, *self.exports.by_arn},
        )

    def _successors(
        self, everything: Sequence[Certificate], coverage: CoverageCheck
    ) -> SuccessorSearch:
        return SuccessorSearch.among(
            everything, self.context, self.certificates, self.catalog, coverage
        )

    def _prefetch(self, chosen: Sequence[Certificate], known: _Known) -> None:
        """Describe side by side what the assessments need, and read tags in bulk."""
        wanted = [
            certificate
            for certificate in chosen
            if certificate.arn not in known.stores
            and (self._is_described(certificate, known) or certificate.arn in known.due)
        ]
        self.on_describe(len(known.descriptions.missing(wanted)))
        known.descriptions.prefetch(wanted)
        if known.due:
            now = self.context.now
            due = [c for c in wanted if c.arn in known.due and concerns_public_dns(c, now)]
            self._read_zones(due)

    def _read_zones(self, due: Sequence[Certificate]) -> None:
        """Read the zones of many certificates in a few calls."""
        try:
            require_time(self.context.clock)
            self.dns.read_ahead(without_wildcard(name) for entry in due for name in entry.names)
        except Exception:  # noqa: BLE001 - each name is read by itself
            logger.warning("zones not read ahead", exc_info=True)

    def _is_described(self, listed: Certificate, known: _Known) -> bool:
        """Whether the decision on a listed certificate needs its description."""
        if listed.arn in known.described:
            return True
        thresholds, now = self.context.thresholds, self.context.now
        if listed.arn in known.renewals and renews_well(
            listed, known.renewals[listed.arn], thresholds, now
        ):
            return False
        return listed.arn in known.needy

    def _in_need(self, chosen: Iterable[Certificate]) -> frozenset[str]:
        """Return the certificates whose listing is not enough for a decision."""
        thresholds, now = self.context.thresholds, self.context.now
        return frozenset(
            listed.arn
            for listed in chosen
            if needs_detail(listed, thresholds, now, self.failure_reported(listed))
        )

    def _listings(self, stores: Iterable[CertificateStore]) -> dict[str, _Listing]:
        """Return the certificates of each store by its name, or the error of a failing one."""
        stores = list(stores)
        found = attempt_all([partial(self._listed_by, store) for store in stores], "store")
        return {store.name: listing for store, listing in zip(stores, found, strict=True)}

    def _listed_by(self, store: CertificateStore) -> Sequence[Certificate]:
        require_time(self.context.clock)
        return list(store.list_all())

    def _stored(
        self, listings: Mapping[str, _Listing], problems: list[str]
    ) -> dict[str, tuple[Certificate, CertificateStore]]:
        """Return the certificates outside ACM with their stores."""
        found: dict[str, tuple[Certificate, CertificateStore]] = {}
        for store in self.stores:
            listing = listings.get(store.name, ())
            if isinstance(listing, Exception):
                extra = {"store": store.name}
                logger.error("store could not be listed", exc_info=listing, extra=extra)
                problems.append(f"the {store.name} could not be listed: {error_summary(listing)}")
            else:
                found |= {entry.arn: (entry, store) for entry in listing}
        return found

    def _expiring_first(self, listed: Certificate) -> tuple[bool, float]:
        ends = listed.not_after.timestamp() if listed.not_after else math.inf
        return not lacks_future(listed, self.context.thresholds, self.context.now), ends

    def _concerned(self, certificate: Certificate) -> bool:
        return self.sources.concern(certificate) or self.exports.concern(certificate)

    def _renewals(self, certificates: Iterable[Certificate]) -> Mapping[str, RenewalStatus | None]:
        """Return the renewal status of certificates that ACM may be renewing, if one can search."""
        renewing = [
            certificate
            for certificate in certificates
            if certificate.managed and certificate.status is CertificateStatus.ISSUED
        ]
        if len(renewing) < _WORTH_A_SEARCH:
            return {}
        ends = [entry.not_after for entry in renewing if entry.not_after is not None]
        try:
            return self.certificates.renewals(min(ends), max(ends)) or {}
        except Exception:  # noqa: BLE001 - they are described instead
            logger.warning("renewals could not be searched", exc_info=True)
            return {}

    def _assess(self, listed: Certificate, result: ScanResult, known: _Known) -> None:
        thresholds, now = self.context.thresholds, self.context.now
        try:
            observation = self._observe(listed, result.problems, known)
            decision = assess(observation, thresholds, now)
            if listed.arn in known.due:
                self._note_check(observation, decision, known)
            if decision.healthy and listed.arn in known.due:
                # A result does not depend on whose next renewal was checked.
                known.due = {arn for arn in known.due if arn != listed.arn}
                observation = self._observe(listed, result.problems, known)
                decision = assess(observation, thresholds, now)
        except CertificateNotFoundError:
            logger.info("certificate deleted meanwhile", extra={"certificate_arn": listed.arn})
            return
        result.observations.append(observation)
        outside = listed.arn in known.outside
        result.assessments.append(
            Assessment(observation.certificate, decision, outside_scope=outside)
        )
        logger.log(
            logging.DEBUG if decision.healthy else logging.INFO,
            "certificate assessed",
            extra={
                "certificate_arn": listed.arn,
                "domain_name": listed.domain_name,
                "verdict": decision.verdict.value,
                "severity": decision.severity.label,
                "reason": decision.reason.value,
            },
        )

    def _note_check(self, observation: Observation, decision: Decision, known: _Known) -> None:
        """Remember that this run checked the next renewal of a certificate."""
        certificate, now = observation.certificate, self.context.now
        arn, alert, at_risk = certificate.arn, self._alert(certificate.arn), Verdict.RENEWAL_AT_RISK
        # Certificates with an open finding are checked beyond the share of a day.
        if alert is None or alert.verdict != at_risk.value:
            known.descriptions.note(arn, partial(replace, tried_at=now))
        if decision.verdict is at_risk and decision.reportable:
            return  # each run checks it again, even if this one is stopped before it reports
        asks = self.dns_health is not None and concerns_public_dns(certificate, now)
        if observation.dns.checked or not asks:
            at = checked_at(now, observation)
            known.descriptions.note(arn, partial(replace, checked_at=at))

    def _observe(self, listed: Certificate, problems: list[str], known: _Known) -> Observation:
        thresholds, now = self.context.thresholds, self.context.now
        reported = self.failure_reported(listed)
        certificate, error, source = listed, None, None
        due = listed.arn in known.due
        if listed.arn in known.described or due:
            certificate, error = self._describe(listed, problems, known)
        elif listed.arn in known.renewals and renews_well(
            listed, known.renewals[listed.arn], thresholds, now
        ):
            certificate = as_renewing(listed, known.renewals[listed.arn])
        elif listed.arn in known.needy:
            certificate, error = self._describe(listed, problems, known, in_full=False)
        found = self._candidate(certificate, known) if error is None else None
        records = self._records(certificate, problems, due=due and error is None)
        dns = self._public_dns(certificate, records)
        if dns.reason is not None and not certificate.detail.validations and error is None:
            # Records that public DNS answers make a hosted zone irrelevant; a finding has tags.
            certificate, error = self._describe(listed, problems, known)
            records = self._records(certificate, problems, due=due)
            dns = self._public_dns(certificate, records)
        migration_obstacles = self._email.obstacles(certificate, problems) if error is None else ()
        if error is None and self.sources.concern(listed):
            source = self.sources.inspect(certificate, self.context.clock, now, problems)
        return Observation(
            certificate=certificate,
            consumers=tuple(map(self.catalog.label, certificate.detail.in_use_by)),
            records=records,
            successor=_if(found, Continuity.AUTOMATIC),
            proposal=_if(found, Continuity.PROPOSAL),
            renewed_as=self._renewed_as(certificate, known) if error is None else None,
            detail_error=error,
            source=source,
            export=self._export(certificate, problems),
            failure_reported=reported,
            repairs=self.repair_history(certificate),
            migration_obstacles=migration_obstacles,
            change=self._change(certificate, known) if error is None else None,
            dns=dns,
            authority=self._authority(certificate, problems, due=due and error is None),
        )

    def _renewed(self, chosen: Iterable[Certificate]) -> Iterable[str]:
        """Return the certificates that are compared with the version before their renewal."""
        entries, now = self.memory.entries, self.context.now
        return (
            each.arn
            for each in chosen
            if is_to_compare(entries.get(each.arn), self._alert(each.arn), each, now)
        )

    def _change(self, certificate: Certificate, known: _Known) -> RenewalChange | None:
        """Return the change of the last renewal of a described certificate, and remember it."""
        if not certificate.detail.serial:
            return None
        arn = certificate.arn
        before, now = known.descriptions.before(arn), self.context.now
        change = change_of(before, self._alert(arn), certificate, now)
        known.descriptions.note(arn, partial(replace, change=change))
        return change

    def _alert(self, arn: str) -> AlertRecord | None:
        """Return the alert record of a certificate; without a state table there is none."""
        return self.foresight.alert_records.get(arn) if self.foresight is not None else None

    @property
    def _email(self) -> EmailValidation:
        return EmailValidation(
            certificates=self.certificates, dns=self.dns, clock=self.context.clock
        )

    def _public_dns(self, certificate: Certificate, records: Sequence[RecordFinding]) -> DnsFinding:
        if self.dns_health is not None:
            return self.dns_health.finding(certificate, records)
        if self.foresight is None or all(entry.state is not _UNCHECKED for entry in records):
            return NOT_CHECKED
        # An open finding about records that cannot be read stays open.
        alert = self._alert(certificate.arn)
        reported = reported_dns_reason(alert, waiting=waits_for_validation(certificate))
        return replace(NOT_CHECKED, undecided=RECORD_REASONS).reopened(reported)

    def _authority(
        self, certificate: Certificate, problems: list[str], *, due: bool
    ) -> AuthorityFinding:
        """Return what its private CA means for the next renewal of a certificate, if `due`."""
        if self.authorities is None or not due:
            return AUTHORITY_NOT_READ
        return self.authorities.finding(certificate, problems)

    def _candidate(self, certificate: Certificate, known: _Known) -> Candidate | None:
        """Return what may take over from a certificate that needs a successor.

        Nothing is proposed for an imported certificate that nothing uses.
        """
        needed = certificate.used or certificate.type is not CertificateType.IMPORTED
        if not needed or not lacks_future(certificate, self.context.thresholds, self.context.now):
            return None
        return known.successors.best(certificate, known.records.get(certificate.arn))

    def _renewed_as(self, certificate: Certificate, known: _Known) -> Certificate | None:
        """Return the later certificate of an ACME client, if the verdict depends on it."""
        if not ends_soon(certificate, self.context.thresholds, self.context.now):
            return None
        return known.successors.acme_renewal(certificate)

    def _export(self, certificate: Certificate, problems: list[str]) -> TargetFinding | None:
        try:
            return self.exports.inspect(certificate, self.context.now)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("target unreadable", extra={"certificate_arn": certificate.arn})
            problems.append(f"{certificate.arn}: {error_summary(error)}")
            return self.exports.unreadable(certificate, error_summary(error))

    def _describe(
        self,
        listed: Certificate,
        problems: list[str],
        known: _Known,
        *,
        in_full: bool = True,
    ) -> tuple[Certificate, str | None]:
        """Return a certificate with its detail, or with the error.

        Unless `in_full`, a certificate that renews well is returned as a search shows it, so that
        the verdict does not depend on how it was read.
        """
        try:
            require_time(self.context.clock)
            if listed.arn in known.stores:
                return known.stores[listed.arn].describe(listed), None
            described = known.descriptions.describe(listed)
            renewal = described.detail.renewal
            status = renewal.status if renewal else None
            thresholds, now = self.context.thresholds, self.context.now
            if (
                not in_full
                and not names_by_email(described)
                and (renews_well(described, status, thresholds, now))
            ):
                return as_renewing(described, status), None
            return known.descriptions.with_tags(described), None
        except CertificateNotFoundError:
            raise
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("certificate unreadable", extra={"certificate_arn": listed.arn})
            problems.append(f"{listed.arn}: {error_summary(error)}")
            return listed, error_summary(error)

    def _records(
        self, certificate: Certificate, problems: list[str], *, due: bool = False
    ) -> tuple[RecordFinding, ...]:
        """Return the state of the records that ACM waits for, or needs for the next renewal."""
        waits = wants_records(certificate)
        if not (waits or due):
            return ()
        detail = certificate.detail
        wanted = distinct(
            validation.record
            for validation in (detail.pending_validations if waits else detail.validations)
            if validation.record is not None and not (waits and validation.validated)
        )
        try:
            require_time(self.context.clock)
            return inspect(self.dns, wanted, known=True)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("records unreadable", extra={"certificate_arn": certificate.arn})
            problems.append(f"{certificate.arn}: {error_summary(error)}")
            return tuple(
                RecordFinding(record, RecordState.UNCHECKED, found=error_summary(error))
                for record in wanted
            )


def _is_confirmed(result: ScanResult, known: _Known, place: int) -> bool:
    """Whether calls of this run alone led to an assessment.

    The tags of any certificate may decide which successor another one has.
    """
    entry = result.assessments[place]
    if entry.decision.action in REPLACING_ACTIONS:
        return known.descriptions.is_confirmed()
    return known.descriptions.is_confirmed(entry.certificate.arn)


def _if(candidate: Candidate | None, continuity: Continuity) -> Certificate | None:
    """Return the certificate of a candidate with that continuity."""
    if candidate is None or candidate.continuity is not continuity:
        return None
    return candidate.certificate


def _all_in_acm(wanted: Sequence[str]) -> bool:
    """Whether some certificates are wanted, all of them in ACM."""
    return bool(wanted) and all(map(_is_in_acm, wanted))


def _is_in_acm(arn: str) -> bool:
    """Whether an ARN is that of a certificate in ACM, and not of an ACME endpoint."""
    _, _, service, _, _, resource = arn.split(":", 5)
    return service == "acm" and resource.startswith("certificate/")


def _open(replacing: Mapping[str, ReplacementRecord]) -> Iterable[str]:
    """Return the certificates whose replacement is under way."""
    return (arn for arn, record in replacing.items() if not record.state.finished)
