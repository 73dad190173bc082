"""Which certificate somebody means who says a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from certificate_lifecycle.core.model import Certificate
from certificate_lifecycle.core.names import is_wildcard


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
