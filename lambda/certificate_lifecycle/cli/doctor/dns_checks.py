"""What public DNS says: delegations, DNSSEC and CAA.

ACM looks there and nowhere else: a zone that nobody is led to validates nothing, and a CAA record
can forbid what everything else allows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, TypeVar

from certificate_lifecycle.cli.dns_health import (
    CaaReason,
    CaaVerdict,
    Delegation,
    DelegationState,
    judge_caa,
)
from certificate_lifecycle.cli.doctor.diagnosis import Check, Diagnosis, State, listed, unknown
from certificate_lifecycle.model.certificate import Certificate, CertificateStatus, CertificateType
from certificate_lifecycle.model.errors import CertificateLifecycleError
from certificate_lifecycle.policy.validation import Zone

if TYPE_CHECKING:
    from certificate_lifecycle.cli.aws.public_dns import Delegations, PublicDns

Item = TypeVar("Item", bound=Hashable)
Answer = TypeVar("Answer")

_WORKERS = 16
_SHOWN = 3
#: What has a certificate, or will have one.
_LIVING = frozenset({CertificateStatus.ISSUED, CertificateStatus.PENDING_VALIDATION})


class DelegationSets(Protocol):
    """What Route 53 knows of hosted zones."""

    def name_servers(self, zone: Zone) -> frozenset[str]:
        """Return the name servers that Route 53 gave to a public zone."""
        ...


def delegations(
    zones: Sequence[Zone], sets: DelegationSets, public: Delegations
) -> Iterator[Diagnosis]:
    """Say which hosted zones public DNS does not lead to, or not only."""
    if not zones:
        yield Diagnosis(
            Check.DELEGATION,
            State.WARNING,
            "",
            "There is no public hosted zone here: nothing can validate itself by DNS.",
            "Let hosted_zones name those of other accounts, or write validation records by hand.",
        )
        return
    own, lost = _answers(Check.DELEGATION, zones, sets.name_servers)
    named, silent = _answers(Check.DELEGATION, own, lambda zone: public.ns(zone.name))
    yield from (*lost, *silent)
    sound = 0
    for zone, servers in named.items():
        delegation = Delegation(own[zone], servers)
        if delegation.state is DelegationState.WHOLE:
            sound += 1
        else:
            yield _misled(zone, delegation, own, public)
    if sound:
        yield Diagnosis(
            Check.DELEGATION,
            State.OK,
            "",
            f"Public DNS leads to {sound} of {len(zones)} hosted zones, by the name servers that "
            "Route 53 gave them and no others.",
        )


def _misled(
    zone: Zone, delegation: Delegation, own: Mapping[Zone, frozenset[str]], public: Delegations
) -> Diagnosis:
    """Return what is wrong with a delegation."""
    about, right = _about(zone), f"its name servers are {listed(delegation.own)}"
    match delegation.state:
        case DelegationState.NOWHERE:
            return Diagnosis(
                Check.DELEGATION,
                State.FAILED,
                about,
                "Nobody delegates the zone: what is written into it validates nothing.",
                f"Write NS records for {zone.name} into the zone above, or enter them at the "
                f"registrar; {right}.",
            )
        case DelegationState.ELSEWHERE:
            return _led_elsewhere(zone, delegation, own, public)
        case DelegationState.SOME_FOREIGN:
            return Diagnosis(
                Check.DELEGATION,
                State.WARNING,
                about,
                f"Public DNS also leads to {_described(delegation.foreign, zone, public)}: "
                "sometimes it says what the zone does not.",
                f"Take that out of the zone above, or of the registrar; {right}.",
            )
        case _:
            return Diagnosis(
                Check.DELEGATION,
                State.WARNING,
                about,
                f"Public DNS does not name {listed(delegation.missing)} for the zone.",
                f"Add what is missing in the zone above, or at the registrar; {right}.",
            )


def _led_elsewhere(
    zone: Zone, delegation: Delegation, own: Mapping[Zone, frozenset[str]], public: Delegations
) -> Diagnosis:
    """Return what is wrong if public DNS leads past the zone: a second one is the usual reason."""
    for other, servers in own.items():
        if other.name == zone.name and delegation.leads_to(servers):
            return Diagnosis(
                Check.DELEGATION,
                State.WARNING,
                _about(zone),
                f"Public DNS leads to another zone of this name, {other.zone_id}.",
                f"Let hosted_zones name {other.zone_id}, or delete the zone that nobody sees.",
            )
    return Diagnosis(
        Check.DELEGATION,
        State.FAILED,
        _about(zone),
        f"Public DNS leads to {_described(delegation.named, zone, public)} instead: what is "
        "written into the zone validates nothing.",
        "Correct the NS records in the zone above, or at the registrar; its name servers are "
        f"{listed(delegation.own)}.",
    )


def _described(servers: Iterable[str], zone: Zone, public: Delegations) -> str:
    """Return name servers, and which of them do not answer for the zone at all."""
    return ", ".join(f"{server}{_lameness(server, zone, public)}" for server in sorted(servers))


def _lameness(server: str, zone: Zone, public: Delegations) -> str:
    try:
        return "" if public.serves(server, zone.name) else " (which does not hold the zone)"
    except CertificateLifecycleError:
        return " (which does not answer)"


def dnssec(zones: Sequence[Zone], public: Delegations) -> Iterator[Diagnosis]:
    """Say which hosted zones a resolver that validates refuses."""
    bogus, lost = _answers(Check.DNSSEC, zones, lambda zone: public.bogus(zone.name))
    yield from lost
    for zone in (zone for zone, is_bogus in bogus.items() if is_bogus):
        yield Diagnosis(
            Check.DNSSEC,
            State.FAILED,
            _about(zone),
            "A resolver that validates DNSSEC refuses the zone.",
            f"Compare the DS record of {zone.name} in the zone above with the zone's "
            "key-signing key, and take it out if the zone is not signed.",
        )
    sound = sum(not is_bogus for is_bogus in bogus.values())
    if sound or not zones:
        sentence = f"The resolver takes what {sound} of {len(zones)} zones say."
        yield Diagnosis(Check.DNSSEC, State.OK, "", sentence)


def names_to_judge(certificates: Iterable[Certificate], zones: Iterable[Zone]) -> tuple[str, ...]:
    """Return the names that ACM has to be allowed to issue for.

    Those are the names of what it issued or is about to; a zone without any stands for itself.
    """
    names = {
        name
        for certificate in certificates
        if certificate.type is CertificateType.AMAZON_ISSUED
        and certificate.status in _LIVING
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
    """Say which names CAA records keep Amazon from; names under one set of records together."""
    verdicts, lost = _answers(Check.CAA, names, lambda name: judge_caa(name, public.caa))
    yield from lost
    errors: dict[tuple[object, ...], list[CaaVerdict]] = defaultdict(list)
    for verdict in verdicts.values():
        if not verdict.allowed or verdict.parameters:
            errors[verdict.at, verdict.reason, verdict.tag].append(verdict)
    yield from (_restricted(alike) for alike in errors.values())
    sound = sum(verdict.allowed for verdict in verdicts.values())
    if sound or not names:
        sentence = f"CAA lets Amazon issue for {sound} of {len(names)} names."
        yield Diagnosis(Check.CAA, State.OK, "", sentence)


def _restricted(alike: Sequence[CaaVerdict]) -> Diagnosis:
    """Return what some names have in common: the records, and what follows from them."""
    first, about = alike[0], listed(verdict.name for verdict in alike)
    if first.allowed:
        return Diagnosis(
            Check.CAA,
            State.WARNING,
            about,
            f"The CAA records at {first.at} let Amazon issue on conditions: "
            f"{' or '.join(first.parameters)}.",
            "AWS documents no conditions that ACM reads: a record without any is safe.",
        )
    if first.reason is CaaReason.CRITICAL_UNKNOWN:
        return Diagnosis(
            Check.CAA,
            State.FAILED,
            about,
            f"A CAA record at {first.at} is marked critical and has a tag that is not understood: "
            "nobody may issue.",
            f"Take the mark or the record away at {first.at}.",
        )
    who = f"only {listed(first.issuers)}" if first.issuers else "nobody"
    return Diagnosis(
        Check.CAA,
        State.FAILED,
        about,
        f"The CAA records at {first.at} let {who} issue: ACM neither issues nor renews.",
        f'Add the record 0 {first.tag} "amazon.com" at {first.at}.',
    )


def _answers(
    check: Check, items: Iterable[Item], ask: Callable[[Item], Answer]
) -> tuple[dict[Item, Answer], list[Diagnosis]]:
    """Return the answers about some items, asked side by side, and what there was none about."""
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="dns")
    try:
        futures = [(item, pool.submit(ask, item)) for item in items]
        answers: dict[Item, Answer] = {}
        lost: list[Diagnosis] = []
        for item, future in futures:
            try:
                answers[item] = future.result()
            except Exception as error:  # noqa: BLE001 - it is told, and hides no other answer
                lost.append(unknown(check, _about(item), error))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return answers, _in_short(check, lost)


def _in_short(check: Check, lost: Sequence[Diagnosis]) -> list[Diagnosis]:
    """Return as many as fit on the page: where one thing gets no answer, nothing else may."""
    more = len(lost) - _SHOWN
    if more <= 1:
        return list(lost)
    about, sentence = f"{more} more", "Neither could this be found out."
    return [*lost[:_SHOWN], Diagnosis(check, State.UNKNOWN, about, sentence)]


def _about(item: object) -> str:
    return f"{item.name} {item.zone_id}" if isinstance(item, Zone) else str(item)
