"""Filters: which of the scanned certificates a command shows or acts on.

Different filters are combined by AND, repeated values of one filter by OR.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from certificate_lifecycle.model.certificate import Certificate, Severity, Verdict
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.model.sanitize import clean, listed, quoted
from certificate_lifecycle.policy.coverage import ANY_VALUE, has_tags

SEVERITIES = tuple(severity.label for severity in reversed(Severity))
#: The other verdicts are about accounts and regions, which no filter hides.
VERDICTS = tuple(
    verdict.value
    for verdict in Verdict
    if verdict not in (Verdict.SCAN_FAILED, Verdict.INVENTORY_INCOMPLETE)
)
#: How many owners an error names.
_SHOWN_OWNERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The accepted values of each filter; without any, every certificate matches.

    `tags` are pairs of a key and a value, which is `*` for any value. `names` are glob patterns.
    """

    severities: frozenset[Severity] = frozenset()
    verdicts: frozenset[Verdict] = frozenset()
    owners: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls,
        *,
        severities: Sequence[str] = (),
        verdicts: Sequence[str] = (),
        owners: Sequence[str] = (),
        tags: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> Filters:
        """Return the filters of a command; raises ConfigurationError with every wrong value."""
        errors: list[str] = []
        labels = _known("severity", severities, SEVERITIES, errors)
        members = _known("verdict", verdicts, VERDICTS, errors)
        pairs = [_tag(text, errors) for text in tags]
        for option, texts in (("owner", owners), ("name", names)):
            errors += [f"--{option} must not be empty" for text in texts if not text.strip()]
        if errors:
            raise ConfigurationError(errors)
        return cls(
            severities=frozenset(Severity[label.upper()] for label in labels),
            verdicts=frozenset(map(Verdict.of, members)),
            owners=tuple(owner.strip().lower() for owner in owners),
            tags=tuple(pairs),
            names=tuple(name.strip().lower().rstrip(".") for name in names),
        )

    def __bool__(self) -> bool:
        """Whether a filter was given."""
        return any((self.severities, self.verdicts, self.owners, self.tags, self.names))

    @property
    def by_tags(self) -> bool:
        """Whether the tags of every certificate decide."""
        return bool(self.owners or self.tags)

    def match(self, entry: Assessment) -> bool | None:
        """Whether a certificate matches; None while its tags or some of its names are unknown."""
        answers = (
            not self.severities or entry.decision.severity in self.severities,
            not self.verdicts or entry.decision.verdict in self.verdicts,
            self._match_tags(entry),
            self._match_names(entry.certificate),
        )
        if False in answers:
            return False
        return None if None in answers else True

    def _match_tags(self, entry: Assessment) -> bool | None:
        if not self.by_tags:
            return True
        certificate = entry.certificate
        if has_tags(certificate) and not certificate.detail.tags_read:
            return None
        tags = dict(certificate.detail.tags)
        owned = not self.owners or (entry.owner or "").lower() in self.owners
        return owned and (not self.tags or any(_is_in(tags, *tag) for tag in self.tags))

    def _match_names(self, certificate: Certificate) -> bool | None:
        if not self.names:
            return True
        names = [name.lower() for name in certificate.names]
        if any(fnmatchcase(name, pattern) for name in names for pattern in self.names):
            return True
        # Outside ACM, the names are those that the tables show.
        complete = certificate.names_complete or not has_tags(certificate)
        return False if complete else None


def no_match(filters: Filters, entries: Sequence[Assessment]) -> str:
    """Return a sentence for filters that no certificate matches, with similar owners if any."""
    owners = sorted({entry.owner for entry in entries if entry.owner})
    number = "is 1 certificate" if len(entries) == 1 else f"are {len(entries):,} certificates"
    text = f"No certificate matches the filters; without them, there {number}."
    present = {owner.lower() for owner in owners}
    if filters.owners and present.isdisjoint(filters.owners):
        text += (
            f" Owners: {listed([*map(clean, owners)], _SHOWN_OWNERS)}."
            if owners
            else " None has an owner."
        )
    return text


def _is_in(tags: Mapping[str, str], key: str, value: str) -> bool:
    return key in tags and value in (ANY_VALUE, tags[key])


def _known(name: str, words: Sequence[str], members: Sequence[str], errors: list[str]) -> list[str]:
    """Return the members that words name in any letter case, and add an error for each other."""
    by_word = {member.lower(): member for member in members}
    found = []
    for word in words:
        if member := by_word.get(word.strip().lower()):
            found.append(member)
            continue
        close = get_close_matches(word.strip().lower(), by_word, 1)
        hint = f"did you mean {by_word[close[0]]}?" if close else f"one of {', '.join(members)}"
        errors.append(f"--{name} {quoted(word)} is unknown; {hint}")
    return found


def _tag(text: str, errors: list[str]) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not key or not separator:
        errors.append(f"--tag must be KEY=VALUE, got {quoted(text)}")
    return key, value
