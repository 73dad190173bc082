"""Find the certificate that somebody means, by its ARN, its id or a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import click

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.app.ports import ScopeClients
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.dns_names import InvalidNameError, is_wildcard, normalise
from certificate_lifecycle.model.errors import CertificateLifecycleError, CertificateNotFoundError
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope


class Match(StrEnum):
    """How a certificate is the one that was meant, best first."""

    ARN = "arn"
    COMMON_NAME = "common name"
    ALTERNATIVE_NAME = "alternative name"
    WILDCARD = "wildcard"


@dataclass(frozen=True, slots=True)
class Found:
    """The certificates that may be meant: all of them match in the same way."""

    match: Match
    certificates: tuple[Certificate, ...]


def find(certificates: Iterable[Certificate], wanted: str) -> Found | None:
    """Return the certificates that best match an ARN, its last part, or a name in normal form.

    Whoever names a certificate by its common name does not mean another one that has the name
    as well; so a weaker match is none where there is a better one.
    """
    known = tuple(certificates)
    for match in Match:
        matching = tuple(entry for entry in known if _matches(entry, wanted, match))
        if matching:
            return Found(match, matching)
    return None


def cut_short(certificates: Iterable[Certificate]) -> Sequence[Certificate]:
    """Return those of which the listing does not tell every name, so that any may be meant."""
    return [certificate for certificate in certificates if not certificate.names_complete]


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
    """Whether a wildcard stands for a name, which it does for one label (RFC 6125, 6.4.3)."""
    return is_wildcard(wildcard) and name.partition(".")[2] == wildcard[2:]


# --- Wherever a command looks ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A certificate as it is listed, and where it is."""

    certificate: Certificate
    scope: Scope
    clients: ScopeClients


def locate(reached: Session, wanted: str) -> Located:
    """Return the one certificate that `wanted` names wherever a command looks.

    Raises UsageError if it names none or several, and CertificateLifecycleError if it names none
    and not everything could be listed.
    """
    scopes = _scopes(reached, wanted)
    at = reached.scope_clients(repair=reached.request().repair)
    clients = {scope: at(scope) for scope in scopes}
    listed: dict[Scope, Sequence[Certificate]] = {}
    problems = []
    for scope in scopes:
        try:
            listed[scope] = list(_everything(clients[scope], account_wide=_first(scope, scopes)))
        except Exception as error:  # noqa: BLE001 - the other places are looked at all the same
            problems.append(f"account {scope.account_id}, {scope.region}: {error_summary(error)}")
    found = _find(clients, listed, normal(wanted))
    if found is None and problems:
        raise CertificateLifecycleError(f"{clean(wanted)} is not found, and {'; '.join(problems)}")
    if found is None:
        raise click.UsageError(f"{clean(wanted)!r} is no ARN, id or name of a certificate here")
    if len(found.certificates) > 1:
        raise click.UsageError(_several(wanted, found))
    (certificate,) = found.certificates
    scope = next(
        each
        for each, certificates in listed.items()
        if any(other.arn == certificate.arn for other in certificates)
    )
    return Located(
        certificate=certificate,
        scope=scope,
        clients=clients[scope],
    )


def _scopes(reached: Session, wanted: str) -> Sequence[Scope]:
    """Return where to look: an ARN says that itself, if it is of an account that is looked at."""
    parts = wanted.split(":")
    accounts = {scope.account_id for scope in reached.scopes}
    if len(parts) > 5 and parts[0] == "arn" and parts[3] and parts[4] in accounts:  # noqa: PLR2004 - arn:partition:service:region:account:resource
        return (Scope.from_arn(wanted),)
    return reached.scopes


def _first(scope: Scope, scopes: Sequence[Scope]) -> bool:
    return scope == next(entry for entry in scopes if entry.account_id == scope.account_id)


def _everything(clients: ScopeClients, *, account_wide: bool) -> Iterator[Certificate]:
    """Yield all that a run would look at in an account and region, without detail."""
    in_acm = list(clients.certificates.list_all())
    yield from in_acm
    for store in (*clients.stores, *(clients.account_stores if account_wide else ())):
        if store.concerns(in_acm):
            yield from store.list_all()


def _find(
    clients: Mapping[Scope, ScopeClients],
    listed: Mapping[Scope, Sequence[Certificate]],
    wanted: str,
) -> Found | None:
    """Return the certificates that `wanted` may mean, or None.

    The listing shows the first 100 names of a certificate: those that have more are described if
    nothing else matches.
    """
    found = find(
        (certificate for everything in listed.values() for certificate in everything), wanted
    )
    if found is not None:
        return found
    whole = []
    for scope, everything in listed.items():
        for entry in cut_short(everything):
            if entry.arn.split(":")[2] == "acm":
                try:
                    whole.append(clients[scope].certificates.describe(entry.arn))
                except CertificateNotFoundError:
                    continue
    return find(whole, wanted)


def normal(wanted: str) -> str:
    """Return a name as ACM has it; what is no domain name may be an ARN, or a name in IAM."""
    try:
        return normalise(wanted)
    except InvalidNameError:
        return wanted


def _several(wanted: str, found: Found) -> str:
    """Return what tells the certificates apart that `wanted` may mean."""
    lines = [f"{clean(wanted)!r} is the {found.match} of several; name one by its ARN:"]
    for certificate in found.certificates:
        ends = (
            f"ends on {certificate.not_after:%Y-%m-%d}" if certificate.not_after else "has no end"
        )
        use = "used" if certificate.used else "not used"
        facts = (
            certificate.type.value,
            certificate.status.value,
            certificate.key_algorithm,
            ends,
            use,
        )
        lines += [f"  {clean(certificate.arn)}", f"    {', '.join(filter(None, facts))}"]
    return "\n".join(lines)
