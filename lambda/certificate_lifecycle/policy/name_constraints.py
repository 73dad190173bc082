"""Whether the private CA of a certificate may issue for its names again.

AWS Private CA enforces the name constraints of the CA's certificate and of those above it when it
issues (AWS Private CA user guide, "RFC compliance"), so that ACM's renewal fails with
PCA_NAME_CONSTRAINTS_VALIDATION.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from certificate_lifecycle.model.certificate import Reason, Verdict
from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.model.sanitize import clean, listed
from certificate_lifecycle.parsing.x509 import NameConstraints
from certificate_lifecycle.policy.notification_state import AlertRecord

#: Names, and constraints, that a message contains.
_SHOWN = 3
#: Characters of a constraint in a message: the certificate of a CA may contain any text.
_LONGEST = 100
_REASONS = (Reason.AUTHORITY_NAME_CONSTRAINTS, Reason.AUTHORITY_INVALID_STATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityFinding:
    """What the private CA of a certificate means for its next renewal.

    `reason` and the clause `text` name an obstacle, None and "" without one. `unread` says why the
    certificate of the CA could not be read.
    """

    reason: Reason | None = None
    text: str = ""
    unread: str | None = None

    def reopened(self, alert: AlertRecord | None) -> AuthorityFinding:
        """Return the finding of the open `alert` if the CA could not be read, else this one."""
        if self.unread is None or alert is None or alert.verdict != Verdict.RENEWAL_AT_RISK.value:
            return self
        reported = next((reason for reason in _REASONS if reason.value == alert.reason), None)
        if reported is None:
            return self
        before = f"{reported.meaning[0].lower()}{reported.meaning[1:].removesuffix('.')}"
        text = f"{before}, as reported before; its certificate cannot be read now: {self.unread}"
        return AuthorityFinding(reason=reported, text=text, unread=self.unread)


#: The finding of a certificate whose CA was not read, because nothing depends on the CA now.
AUTHORITY_NOT_READ = AuthorityFinding()


def judge_authority(
    names: Iterable[str], authority: str, constraints: Sequence[NameConstraints] | None
) -> AuthorityFinding:
    """Judge the names of a certificate by all constraints of its CA and of the CAs above.

    `constraints` is None if the CA does not exist or has no certificate.
    """
    if constraints is None:
        text = f"the private CA {authority} does not exist any more, or has no certificate"
        return AuthorityFinding(reason=Reason.AUTHORITY_INVALID_STATE, text=text)
    forbidden = [
        f"{name} ({why})"
        for name in names
        if (why := next(filter(None, (_why(dns_form(name), each) for each in constraints)), None))
    ]
    if not forbidden:
        return AUTHORITY_NOT_READ
    text = (
        f"the name constraints of the private CA {authority}, or of a CA above it, forbid "
        f"{listed(forbidden, _SHOWN)}"
    )
    return AuthorityFinding(reason=Reason.AUTHORITY_NAME_CONSTRAINTS, text=text)


def _why(name: str, constraints: NameConstraints) -> str | None:
    """Return why constraints certainly forbid a name, None otherwise."""
    excluded = [base for base in constraints.excluded if _is_excluded(name, base)]
    if excluded:
        return f"excluded is {_shown(excluded)}"
    permitted = constraints.permitted
    if permitted and not any(_is_within(name, _plain(base)) for base in permitted):
        return f"permitted is {_shown(permitted)}"
    return None


def _is_excluded(name: str, base: str) -> bool:
    """Whether a name is in an excluded subtree.

    A base with a leading period excludes only the names below it.
    """
    return _is_within(name, _plain(base)) and (base == _plain(base) or name != _plain(base))


def _is_within(name: str, base: str) -> bool:
    """Whether a name is `base` with zero or more labels before it; all names are below ""."""
    return not base or name == base or name.endswith(f".{base}")


def _plain(base: str) -> str:
    """Return a base without the leading period or wildcard that RFC 5280 does not know.

    Readers of certificates disagree about such a base: names are permitted in doubt.
    """
    return base.removeprefix("*").removeprefix(".")


def _shown(bases: Sequence[str]) -> str:
    return listed([clean(base, _LONGEST) or '""' for base in bases], _SHOWN)
