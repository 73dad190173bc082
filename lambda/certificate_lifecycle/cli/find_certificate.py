"""Find the certificate that somebody means, by its ARN, its id or a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import click

from certificate_lifecycle.app.isolation import clause
from certificate_lifecycle.app.ports import Surroundings
from certificate_lifecycle.cli.session import Reach
from certificate_lifecycle.core.model import Certificate
from certificate_lifecycle.core.names import InvalidNameError, is_wildcard, normalise
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.text import clean
from certificate_lifecycle.errors import CertificateLifecycleError, CertificateNotFoundError


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
        matching = tuple(each for each in known if _matches(each, wanted, match))
        if matching:
            return Found(match, matching)
    return None


def cut_short(certificates: Iterable[Certificate]) -> Sequence[Certificate]:
    """Return those of which the listing does not tell every name, so that any may be meant."""
    return [each for each in certificates if not each.names_complete]


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
    place: Place
    around: Surroundings


def locate(reached: Reach, wanted: str) -> Located:
    """Return the one certificate that `wanted` names wherever a command looks.

    Raises UsageError if it names none or several, and CertificateLifecycleError if it names none
    and not everything could be listed.
    """
    places = _places(reached, wanted)
    at = reached.surroundings(repair=reached.order().repair)
    around = {place: at(place) for place in places}
    listed: dict[Place, Sequence[Certificate]] = {}
    problems = []
    for place in places:
        try:
            listed[place] = list(_everything(around[place], account_wide=_first(place, places)))
        except Exception as error:  # noqa: BLE001 - the other places are looked at all the same
            problems.append(f"account {place.account_id}, {place.region}: {clause(error)}")
    found = _find(around, listed, normal(wanted))
    if found is None and problems:
        raise CertificateLifecycleError(f"{clean(wanted)} is not found, and {'; '.join(problems)}")
    if found is None:
        raise click.UsageError(f"{clean(wanted)!r} is no ARN, id or name of a certificate here")
    if len(found.certificates) > 1:
        raise click.UsageError(_several(wanted, found))
    (certificate,) = found.certificates
    place = next(
        each
        for each, certificates in listed.items()
        if any(other.arn == certificate.arn for other in certificates)
    )
    return Located(
        certificate=certificate,
        place=place,
        around=around[place],
    )


def _places(reached: Reach, wanted: str) -> Sequence[Place]:
    """Return where to look: an ARN says that itself, if it is of an account that is looked at."""
    parts = wanted.split(":")
    accounts = {place.account_id for place in reached.scopes}
    if len(parts) > 5 and parts[0] == "arn" and parts[3] and parts[4] in accounts:  # noqa: PLR2004 - arn:partition:service:region:account:resource
        return (Place.from_arn(wanted),)
    return reached.scopes


def _first(place: Place, places: Sequence[Place]) -> bool:
    return place == next(each for each in places if each.account_id == place.account_id)


def _everything(around: Surroundings, *, account_wide: bool) -> Iterator[Certificate]:
    """Yield all that a run would look at in an account and region, without detail."""
    in_acm = list(around.certificates.list_all())
    yield from in_acm
    for store in (*around.stores, *(around.account_stores if account_wide else ())):
        if store.concerns(in_acm):
            yield from store.list_all()


def _find(
    around: Mapping[Place, Surroundings],
    listed: Mapping[Place, Sequence[Certificate]],
    wanted: str,
) -> Found | None:
    """Return the certificates that `wanted` may mean, or None.

    The listing shows the first 100 names of a certificate: those that have more are described if
    nothing else matches.
    """
    found = find((each for everything in listed.values() for each in everything), wanted)
    if found is not None:
        return found
    whole = []
    for place, everything in listed.items():
        for each in cut_short(everything):
            if each.arn.split(":")[2] == "acm":
                try:
                    whole.append(around[place].certificates.describe(each.arn))
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
    for each in found.certificates:
        ends = f"ends on {each.not_after:%Y-%m-%d}" if each.not_after else "has no end"
        use = "used" if each.used else "not used"
        facts = (each.type.value, each.status.value, each.key_algorithm, ends, use)
        lines += [f"  {clean(each.arn)}", f"    {', '.join(filter(None, facts))}"]
    return "\n".join(lines)
