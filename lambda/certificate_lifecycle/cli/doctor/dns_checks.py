"""Public DNS: delegations, DNSSEC and CAA.

ACM queries public DNS only: it cannot validate with a zone that is not delegated, and does not
issue if a CAA record forbids it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from certificate_lifecycle.app.ports import PublicDns
from certificate_lifecycle.cli.doctor.diagnosis import (
    Diagnosis,
    DoctorCheck,
    State,
    shortened,
    unknown,
)
from certificate_lifecycle.model.certificate import Certificate, CertificateStatus, CertificateType
from certificate_lifecycle.model.errors import DnssecBrokenError
from certificate_lifecycle.model.public_dns import RecordType
from certificate_lifecycle.policy.caa import (
    CaaReason,
    CaaVerdict,
    caa_questions,
    judge_public_caa,
)
from certificate_lifecycle.policy.delegation import Delegation, DelegationState
from certificate_lifecycle.policy.validation import Zone

Item = TypeVar("Item", bound=Hashable)
Result = TypeVar("Result")

_BROKEN = (
    "Make the DS record in the parent zone match the key-signing key of the zone, or remove the DS "
    "record if the zone is not signed."
)
_WORKERS = 16
_MAX_UNKNOWN = 3
_ISSUED_OR_PENDING = frozenset({CertificateStatus.ISSUED, CertificateStatus.PENDING_VALIDATION})


def delegations(
    zones: Sequence[Zone], assigned: Callable[[Zone], frozenset[str]], public: PublicDns
) -> Iterator[Diagnosis]:
    """Report the hosted zones that public DNS does not delegate to, or not only to them.

    `assigned` returns the name servers that Route 53 assigned to a zone.
    """
    check = DoctorCheck.DELEGATION
    if not zones:
        sentence = "No public hosted zone was found, so nothing can be validated by DNS."
        advice = (
            "List zones of other accounts in hosted_zones, or write validation records manually."
        )
        yield Diagnosis(check, State.WARNING, "", sentence, advice)
        return
    public.prefetch((zone.name, RecordType.NS) for zone in zones)
    own, unread = _query_all(check, zones, assigned)
    named, unanswered = _query_all(
        check, own, lambda zone: frozenset(public.ask(zone.name, RecordType.NS).known_values())
    )
    yield from (*unread, *unanswered)
    correct = 0
    for zone, servers in named.items():
        delegation = Delegation(own[zone], servers)
        if delegation.state is DelegationState.WHOLE:
            correct += 1
        else:
            yield _wrong_delegation(zone, delegation, own)
    if correct:
        sentence = f"Public DNS delegates {correct} of {len(zones)} hosted zones correctly."
        yield Diagnosis(check, State.OK, "", sentence)


def _wrong_delegation(
    zone: Zone, delegation: Delegation, own: Mapping[Zone, frozenset[str]]
) -> Diagnosis:
    state, servers = State.WARNING, f"its name servers are {shortened(delegation.own)}"
    registrar = "in the parent zone or at the registrar"
    twins = (
        other.zone_id
        for other, of_other in own.items()
        if other.name == zone.name and delegation.leads_to(of_other)
    )
    match delegation.state:
        case DelegationState.NOWHERE:
            state = State.FAILED
            sentence = "The zone is not delegated, so ACM cannot validate with its records."
            advice = f"Add NS records for {zone.name} {registrar}; {servers}."
        case DelegationState.ELSEWHERE if twin := next(twins, None):
            sentence = f"Public DNS delegates to another zone of this name, {twin}."
            advice = f"List {twin} in hosted_zones, or delete the other zone."
        case DelegationState.ELSEWHERE:
            state, named = State.FAILED, ", ".join(sorted(delegation.named))
            sentence = (
                f"Public DNS delegates to {named} instead, so ACM cannot validate with the zone's "
                "records."
            )
            advice = f"Correct the NS records {registrar}; {servers}."
        case DelegationState.SOME_FOREIGN:
            foreign = ", ".join(sorted(delegation.foreign))
            sentence = (
                f"Public DNS also delegates to {foreign}, so some answers do not come from the "
                "zone."
            )
            advice = f"Remove these NS records from the parent zone or at the registrar; {servers}."
        case _:
            sentence = f"The delegation lacks {shortened(delegation.missing)}."
            advice = f"Add the missing NS records {registrar}; {servers}."
    return Diagnosis(DoctorCheck.DELEGATION, state, _about(zone), sentence, advice)


def dnssec(zones: Sequence[Zone], public: PublicDns) -> Iterator[Diagnosis]:
    """Report the hosted zones whose signatures the resolvers reject."""
    check = DoctorCheck.DNSSEC
    public.prefetch((zone.name, RecordType.SOA) for zone in zones)
    accepted, others = _query_all(
        check, zones, lambda zone: public.ask(zone.name, RecordType.SOA).known_values()
    )
    yield from others
    if accepted or not zones:
        sentence = f"The resolvers accept {len(accepted)} of {len(zones)} zones."
        yield Diagnosis(check, State.OK, "", sentence)


def names_to_judge(certificates: Iterable[Certificate], zones: Iterable[Zone]) -> tuple[str, ...]:
    """Return the names that ACM issued or is about to issue for.

    A zone without such a name is represented by its own name and the wildcard below it.
    """
    names = {
        name
        for certificate in certificates
        if certificate.type is CertificateType.AMAZON_ISSUED
        and certificate.status in _ISSUED_OR_PENDING
        and certificate.key_pair_origin != "ACME"
        for name in certificate.names
    }
    bare = {
        zone.name
        for zone in zones
        if not any(name == zone.name or name.endswith(f".{zone.name}") for name in names)
    }
    return tuple(sorted(names | bare | {f"*.{name}" for name in bare}))


def caa(names: Sequence[str], public: PublicDns) -> Iterator[Diagnosis]:
    """Report the names that CAA records restrict; names under the same records share a line."""
    check = DoctorCheck.CAA
    public.prefetch(question for name in names for question in caa_questions(name))
    verdicts, unanswered = _query_all(check, names, lambda name: judge_public_caa(name, public.ask))
    yield from unanswered
    restricted: dict[tuple[object, ...], list[CaaVerdict]] = defaultdict(list)
    for verdict in verdicts.values():
        if not verdict.allowed or verdict.parameters:
            restricted[verdict.at, verdict.reason, verdict.tag].append(verdict)
    yield from (_restricted(alike) for alike in restricted.values())
    allowed = sum(verdict.allowed for verdict in verdicts.values())
    if allowed or not names:
        sentence = f"CAA allows Amazon to issue for {allowed} of {len(names)} names."
        yield Diagnosis(check, State.OK, "", sentence)


def _restricted(alike: Sequence[CaaVerdict]) -> Diagnosis:
    first, state = alike[0], State.FAILED
    if first.allowed:
        state, conditions = State.WARNING, " or ".join(first.parameters)
        sentence = (
            f"The CAA records at {first.at} allow Amazon to issue on conditions: {conditions}."
        )
        advice = "AWS documents no conditions for ACM: use a record without parameters."
    elif first.reason is CaaReason.CRITICAL_UNKNOWN:
        sentence = (
            f"A CAA record at {first.at} is critical and has an unknown tag, so no CA may issue."
        )
        advice = f"Remove the record at {first.at}, or its critical flag."
    else:
        issuers = f"only {shortened(first.issuers)}" if first.issuers else "no CA"
        sentence = (
            f"The CAA records at {first.at} allow {issuers} to issue, so ACM neither issues nor "
            "renews."
        )
        advice = f'Add the record 0 {first.tag} "amazon.com" at {first.at}.'
    about = shortened(verdict.name for verdict in alike)
    return Diagnosis(DoctorCheck.CAA, state, about, sentence, advice)


def _query_all(
    check: DoctorCheck, items: Iterable[Item], query: Callable[[Item], Result]
) -> tuple[dict[Item, Result], list[Diagnosis]]:
    """Query several items in parallel; return the results by item, and the other diagnoses.

    These are items whose DNSSEC is broken, and items whose query failed.
    """
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="dns")
    try:
        futures = [(item, pool.submit(query, item)) for item in items]
        results: dict[Item, Result] = {}
        broken: list[Diagnosis] = []
        failed: list[Diagnosis] = []
        for item, future in futures:
            try:
                results[item] = future.result()
            except DnssecBrokenError as error:
                sentence = f"A CA must refuse: {error}."
                broken.append(Diagnosis(check, State.FAILED, _about(item), sentence, _BROKEN))
            except Exception as error:  # noqa: BLE001 - one failure must not stop the others
                failed.append(unknown(check, _about(item), error))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    more = len(failed) - _MAX_UNKNOWN
    if more > 1:  # the failures usually have the same cause
        sentence = "These could not be checked either."
        failed[_MAX_UNKNOWN:] = [Diagnosis(check, State.UNKNOWN, f"{more} more", sentence)]
    return results, [*broken, *failed]


def _about(item: object) -> str:
    return f"{item.name} {item.zone_id}" if isinstance(item, Zone) else str(item)
