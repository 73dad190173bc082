"""Find a certificate by its ARN, its id or a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.app.ports import ScopeClients
from certificate_lifecycle.cli.output import places
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.dns_names import InvalidNameError, is_wildcard, normalise
from certificate_lifecycle.model.errors import (
    CertificateLifecycleError,
    CertificateNotFoundError,
    ConfigurationError,
)
from certificate_lifecycle.model.run import ScopeResult
from certificate_lifecycle.model.sanitize import clean, quoted
from certificate_lifecycle.model.scope import Scope

#: The last part of the ARN of a certificate in ACM.
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)

_SUGGESTIONS = 3


class Match(StrEnum):
    """How a certificate matches, best first."""

    ARN = "arn"
    COMMON_NAME = "common name"
    ALTERNATIVE_NAME = "alternative name"
    WILDCARD = "wildcard"


@dataclass(frozen=True, slots=True)
class Matches:
    """The best matching certificates, which all match in the same way."""

    match: Match
    certificates: tuple[Certificate, ...]


def find(certificates: Iterable[Certificate], wanted: str) -> Matches | None:
    """Return the certificates that best match an ARN, its last part, or a normalized name.

    Weaker matches are ignored if there is a better one.
    """
    known = tuple(certificates)
    for match in Match:
        matching = tuple(entry for entry in known if _matches(entry, wanted, match))
        if matching:
            return Matches(match, matching)
    return None


def _matches(certificate: Certificate, wanted: str, match: Match) -> bool:
    match match:
        case Match.ARN:
            return wanted == certificate.arn or certificate.arn.endswith(f"/{wanted}")
        case Match.COMMON_NAME:
            return certificate.domain_name == wanted
        case Match.ALTERNATIVE_NAME:
            return wanted in certificate.names[1:]
        case _:
            return any(_covers(name, wanted) for name in certificate.names)


def _covers(wildcard: str, name: str) -> bool:
    """Whether a wildcard matches a name: it stands for one label (RFC 6125, 6.4.3)."""
    return is_wildcard(wildcard) and name.partition(".")[2] == wildcard[2:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A listed certificate, its account and region, and their clients."""

    certificate: Certificate
    scope: Scope
    clients: ScopeClients


def locate(session: Session, wanted: str) -> Located:
    """Return the certificate that `wanted` names in the session's accounts and regions.

    Raises ConfigurationError if `wanted` names no or several certificates, and
    CertificateLifecycleError if it names none but not everything could be listed.
    """
    scopes = _scopes(session, wanted)
    clients_of = session.scope_clients(repair=session.request().repair)
    first_of_account = {scope.account_id: scope for scope in reversed(scopes)}.values()
    listed: list[Located] = []
    problems = []
    for scope in scopes:
        clients = clients_of(scope)
        try:
            listed += [
                Located(certificate=certificate, scope=scope, clients=clients)
                for certificate in _everything(
                    clients, _arn(wanted, scope), account_wide=scope in first_of_account
                )
            ]
        except Exception as error:  # noqa: BLE001 - one failure must not stop the others; reported below
            problems.append(f"account {scope.account_id}, {scope.region}: {error_summary(error)}")
    found = _find(listed, normalized(wanted))
    if found is None and problems:
        raise CertificateLifecycleError(f"{clean(wanted)} was not found; {'; '.join(problems)}")
    if found is None:
        known = (entry.certificate for entry in listed)
        raise ConfigurationError([not_found(wanted, known, scopes)])
    if len(found.certificates) > 1:
        raise ConfigurationError([_several(wanted, found)])
    (certificate,) = found.certificates
    located = next(entry for entry in listed if entry.certificate.arn == certificate.arn)
    return replace(located, certificate=certificate)


def _scopes(session: Session, wanted: str) -> Sequence[Scope]:
    """Return the scopes to search: that of an ARN, if its account is in the session."""
    parts = wanted.split(":")
    accounts = {scope.account_id for scope in session.scopes}
    if len(parts) > 5 and parts[0] == "arn" and parts[3] and parts[4] in accounts:  # noqa: PLR2004 - arn:partition:service:region:account:resource
        return (Scope.from_arn(wanted),)
    return session.scopes


def _arn(wanted: str, scope: Scope) -> str | None:
    """Return the ARN that `wanted` stands for in ACM in an account and region, if it is one."""
    if _ID.fullmatch(wanted):
        return scope.arn("acm", f"certificate/{wanted}")
    return wanted if wanted.startswith(scope.arn("acm", "certificate/")) else None


def _everything(
    clients: ScopeClients, arn: str | None, *, account_wide: bool
) -> Iterator[Certificate]:
    """Yield the certificates that a run lists in an account and region.

    One with the given `arn` is described if the listing lacks it.
    """
    in_acm = list(clients.certificates.list_all())
    if arn is not None and all(certificate.arn != arn for certificate in in_acm):
        with suppress(CertificateNotFoundError):
            in_acm.append(clients.certificates.describe(arn).as_unlisted())
    yield from in_acm
    for store in (*clients.stores, *(clients.account_stores if account_wide else ())):
        if store.concerns(in_acm):
            yield from store.list_all()


def _find(listed: Sequence[Located], wanted: str) -> Matches | None:
    """Return the certificates that match `wanted`; None if there are none.

    A listing contains the first 100 names of a certificate only: certificates with more names are
    described if nothing else matches.
    """
    found = find((entry.certificate for entry in listed), wanted)
    if found is not None:
        return found
    described = []
    for entry in listed:
        certificate = entry.certificate
        if certificate.names_complete or certificate.arn.split(":")[2] != "acm":
            continue
        with suppress(CertificateNotFoundError):
            described.append(entry.clients.certificates.describe(certificate.arn))
    return find(described, wanted)


def normalized(wanted: str) -> str:
    """Return a domain name in ACM's form; anything else unchanged, such as an ARN."""
    try:
        return normalise(wanted)
    except InvalidNameError:
        return wanted


def not_found(
    wanted: str, known: Iterable[Certificate], scopes: Sequence[Scope] | Sequence[ScopeResult]
) -> str:
    """Return a sentence: where no certificate has that name, and which ones have a similar name."""
    text = f"{quoted(wanted)} is not the ARN, id or name of a certificate in {places(scopes)}"
    names = {name for certificate in known for name in certificate.names}
    similar = get_close_matches(normalized(wanted), sorted(names), n=_SUGGESTIONS)
    return f"{text}; did you mean {' or '.join(map(clean, similar))}?" if similar else f"{text}."


def _several(wanted: str, found: Matches) -> str:
    lines = [
        f"{clean(wanted)!r} is the {found.match} of several certificates; give the ARN of one:"
    ]
    for certificate in found.certificates:
        expiry = certificate.not_after
        facts = (
            certificate.type.value,
            certificate.status.value,
            certificate.key_algorithm,
            f"expires on {expiry:%Y-%m-%d}" if expiry else "has no expiry date",
            "used" if certificate.used else "not used",
        )
        lines += [f"  {clean(certificate.arn)}", f"    {', '.join(filter(None, facts))}"]
    return "\n".join(lines)
