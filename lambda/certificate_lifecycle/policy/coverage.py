"""The coverage of an instance: which certificates it reports and acts on.

The Terraform input is called `scope`; in this package, a scope is an account and a region.
Each answer is true, false, or None while the tags or some names are unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from certificate_lifecycle.model.certificate import Certificate, CertificateType
from certificate_lifecycle.model.dns_names import (
    InvalidNameError,
    is_allowed,
    normalise,
    without_wildcard,
)

#: The value of a tag filter that matches every value of the tag.
ANY_VALUE = "*"

#: The accepted values of each tag key.
TagFilter = tuple[tuple[str, tuple[str, ...]], ...]


#: Types without a domain name, or with one that is known from elsewhere.
_NAMELESS = frozenset(
    {
        CertificateType.PRIVATE_AUTHORITY,
        CertificateType.ACME_ENDPOINT,
        CertificateType.ACME_ACCOUNT_BINDING,
    }
)
#: Types outside the certificates of ACM, whose tags do not decide.
_OUTSIDE_ACM = _NAMELESS | {
    CertificateType.SERVER_CERTIFICATE,
    CertificateType.ACME_DOMAIN_VALIDATION,
}


class Others(StrEnum):
    """What happens to certificates outside the coverage."""

    IGNORE = "ignore"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The certificates that an instance covers; without conditions, all.

    Domains match names that are equal or below, a wildcard by its base.
    To be included, a certificate needs all names in `include_domains`, and an accepted value for
    each key of `include_tags`; one name or tag in `exclude_domains` or `exclude_tags` excludes it.
    """

    include_domains: tuple[str, ...] = ()
    include_tags: TagFilter = ()
    exclude_domains: tuple[str, ...] = ()
    exclude_tags: TagFilter = ()
    others: Others = Others.IGNORE

    @property
    def limited(self) -> bool:
        """Whether it has conditions."""
        return any(
            (self.include_domains, self.include_tags, self.exclude_domains, self.exclude_tags)
        )

    def covers(
        self,
        certificate: Certificate,
        tags: Mapping[str, str] | None = None,
        *,
        issued_here: bool | None = False,
    ) -> bool | None:
        """Return whether a certificate is covered; `tags` replace unread tags of it.

        A certificate that this instance issued, which is `issued_here`, or that its configuration
        declares is always covered.
        """
        if issued_here or certificate.type is CertificateType.DECLARED or not self.limited:
            return True
        names, complete = _names(certificate)
        tags = _tags(certificate) if tags is None else tags
        selected = _all(
            _included_by_names(self.include_domains, names, complete=complete),
            _not(_excluded_by_names(self.exclude_domains, names, complete=complete)),
            _included_by_tags(self.include_tags, tags),
            _not(_excluded_by_tags(self.exclude_tags, tags)),
        )
        return None if selected is False and issued_here is None else selected

    def outside_reason(self, certificate: Certificate) -> str:
        """Return a clause about the first condition that a certificate outside does not meet."""
        names, tags = _names(certificate)[0], _tags(certificate) or {}
        for name in names:
            if _within(name, self.exclude_domains):
                return f"{name} is equal to or below an excluded domain"
        for key, values in self.exclude_tags:
            if _has(tags, key, values):
                return f"its tag {key} has an excluded value"
        for name in names:
            if self.include_domains and not _within(name, self.include_domains):
                return f"{name} is not equal to or below an included domain"
        for key, values in self.include_tags:
            if not _has(tags, key, values):
                return f"its tag {key} has no included value"
        return "it has no domain name"

    @property
    def sentence(self) -> str:
        """Sentences that say what is covered."""
        if not self.limited:
            return "All certificates are covered."
        conditions = [
            *_condition("all names are equal to or below {}", self.include_domains),
            *(f"the tag {key} is {_either(values)}" for key, values in self.include_tags),
            *_condition("no name is equal to or below {}", self.exclude_domains),
            *(f"the tag {key} is not {_either(values)}" for key, values in self.exclude_tags),
        ]
        others = "ignored" if self.others is Others.IGNORE else "reported, and never acted on"
        return f"Certificates are covered if {', and '.join(conditions)}. Others are {others}."


EVERYTHING = Coverage()


def _condition(text: str, domains: Sequence[str]) -> list[str]:
    return [text.format(_either(domains))] if domains else []


def _either(values: Sequence[str]) -> str:
    return " or ".join("set" if value == ANY_VALUE else value or "empty" for value in values)


def has_tags(certificate: Certificate) -> bool:
    """Whether the tags of a certificate can decide; those outside ACM have none."""
    return certificate.type not in _OUTSIDE_ACM


def _names(certificate: Certificate) -> tuple[tuple[str, ...], bool]:
    """Return the known domain names, and whether these are all.

    The listing of IAM has no domain names. The only name of a private CA is the common name of its
    subject, which may be a title.
    """
    match certificate.type:
        case CertificateType.SERVER_CERTIFICATE if not certificate.names_complete:
            return (), False
        case kind if kind in _NAMELESS:
            return tuple(_domain_names(certificate.names)), True
        case _:
            return certificate.names, certificate.names_complete


def _domain_names(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        with suppress(InvalidNameError):
            yield normalise(text)


def _tags(certificate: Certificate) -> Mapping[str, str] | None:
    if not has_tags(certificate):
        return {}
    return dict(certificate.detail.tags) if certificate.detail.tags_read else None


def _included_by_names(
    domains: Collection[str], names: Collection[str], *, complete: bool
) -> bool | None:
    if not domains:
        return True
    if not all(_within(name, domains) for name in names):
        return False
    return bool(names) if complete else None


def _excluded_by_names(
    domains: Collection[str], names: Iterable[str], *, complete: bool
) -> bool | None:
    if any(_within(name, domains) for name in names):
        return True
    return False if complete or not domains else None


def _within(name: str, domains: Iterable[str]) -> bool:
    return is_allowed(without_wildcard(name.lower()), domains)


def _included_by_tags(wanted: TagFilter, tags: Mapping[str, str] | None) -> bool | None:
    if not wanted:
        return True
    return None if tags is None else all(_has(tags, key, values) for key, values in wanted)


def _excluded_by_tags(unwanted: TagFilter, tags: Mapping[str, str] | None) -> bool | None:
    if not unwanted:
        return False
    return None if tags is None else any(_has(tags, key, values) for key, values in unwanted)


def _has(tags: Mapping[str, str], key: str, values: Iterable[str]) -> bool:
    return key in tags and (tags[key] in values or ANY_VALUE in values)


def _not(answer: bool | None) -> bool | None:  # noqa: FBT001 - an answer, not a switch
    return None if answer is None else not answer


def _all(*answers: bool | None) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True
