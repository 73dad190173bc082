"""Find the certificate that somebody means, by its ARN or by a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from certificate_lifecycle.app.ports import Surroundings
from certificate_lifecycle.core.lookup import Found, cut_short, find
from certificate_lifecycle.core.model import Certificate
from certificate_lifecycle.core.names import InvalidNameError, normalise
from certificate_lifecycle.errors import CertificateNotFoundError


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that an account and region has, in ACM and outside of it, without detail."""

    everything: Sequence[Certificate]

    @property
    def in_acm(self) -> Sequence[Certificate]:
        """What ACM holds."""
        return [each for each in self.everything if each.arn.split(":")[2] == "acm"]


def listing(around: Surroundings) -> Listing:
    """Return all that a run would look at in an account and region."""
    found = list(around.certificates.list_all())
    found += list(_kept(around, found))
    return Listing(found)


def look_up(around: Surroundings, listed: Listing, wanted: str) -> Found | None:
    """Return the certificates that `wanted` may mean, or None.

    The listing shows the first 100 names of a certificate: those that have more are described if
    nothing else matches.
    """
    wanted = _normal(wanted)
    found = find(listed.everything, wanted)
    if found is not None:
        return found
    whole = []
    for each in cut_short(listed.in_acm):
        try:
            whole.append(around.certificates.describe(each.arn))
        except CertificateNotFoundError:
            continue
    return find(whole, wanted)


def _normal(wanted: str) -> str:
    """Return a name as ACM has it; what is no domain name may be an ARN, or a name in IAM."""
    try:
        return normalise(wanted)
    except InvalidNameError:
        return wanted


def _kept(around: Surroundings, in_acm: Sequence[Certificate]) -> Iterator[Certificate]:
    for store in (*around.stores, *around.account_stores):
        if store.concerns(in_acm):
            yield from store.list_all()
