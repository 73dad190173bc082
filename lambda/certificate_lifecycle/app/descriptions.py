"""Descriptions and tags of certificates: remembered, read side by side, and in bulk.

A remembered description, and tags that were read in bulk, only serve to judge a certificate; before
an action, both are read again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from certificate_lifecycle.app.deadline import has_time, require_time
from certificate_lifecycle.app.ports import Certificates, Clock, StateStore
from certificate_lifecycle.concurrency import attempt_all, both
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate, RenewalStatus
from certificate_lifecycle.policy.remembered import (
    UNKNOWN_SINCE,
    Remembered,
    RememberedCertificates,
    fingerprint,
    is_settled,
    shows_renewal,
)
from certificate_lifecycle.policy.thresholds import Thresholds

#: One certificate needs no threads and no call in bulk.
_SEVERAL = 2

Tags = tuple[tuple[str, str], ...]


class ReadingContext(Protocol):
    """What descriptions need of a run, or of a command that only reads."""

    @property
    def clock(self) -> Clock:
        """The clock with the time that is left."""

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds before expiry."""

    @property
    def now(self) -> datetime:
        """The time of the run."""


@dataclass(slots=True, kw_only=True)
class Descriptions:
    """The descriptions of the certificates of one account and region in one run.

    `memory` are those that earlier runs remembered. `fresh` are certificates that are always read
    by calls of their own. `renewals` has the renewal status by ARN as a search shows it.
    """

    certificates: Certificates
    context: ReadingContext
    memory: RememberedCertificates = field(default_factory=RememberedCertificates)
    fresh: Collection[str] = ()
    renewals: Mapping[str, RenewalStatus | None] = field(default_factory=dict)
    entries: dict[str, Remembered] = field(default_factory=dict)
    listed: dict[str, Certificate] = field(default_factory=dict)
    _read: dict[str, Certificate | Exception] = field(default_factory=dict)
    _tags: dict[str, Tags] = field(default_factory=dict)
    _unconfirmed: set[str] = field(default_factory=set)

    def missing(self, listed: Iterable[Certificate]) -> list[Certificate]:
        """Return the certificates that were neither read nor remembered."""
        return [c for c in listed if c.arn not in self._read and self.current(c) is None]

    def prefetch(self, listed: Sequence[Certificate]) -> None:
        """Describe certificates side by side, and read their tags in bulk meanwhile.

        An error is raised when a description is needed.
        """
        wanted = self.missing(listed)
        if len(wanted) < _SEVERAL:
            self.prefetch_tags(certificate.arn for certificate in listed)
            return
        found, _ = both(
            lambda: attempt_all([partial(self._described, c.arn) for c in wanted], "describe"),
            lambda: self.prefetch_tags(certificate.arn for certificate in listed),
        )
        self._read |= dict(zip([c.arn for c in wanted], found, strict=True))

    def prefetch_tags(self, arns: Iterable[str]) -> None:
        """Read the tags of certificates in bulk; those that are missing are read one by one."""
        known = self._tags.keys() | set(self.fresh)
        wanted = list(dict.fromkeys(arn for arn in arns if arn not in known))
        if len(wanted) < _SEVERAL:
            return
        try:
            require_time(self.context.clock)
            found = self.certificates.tags_of(wanted)
        except Exception:  # noqa: BLE001 - they are read one by one
            logger.warning("tags not read in bulk", exc_info=True)
            return
        self._tags |= found
        self._unconfirmed |= found.keys()

    def current(self, listed: Certificate) -> Certificate | None:
        """Return what was remembered or read before, None if the certificate has to be read."""
        arn = listed.arn
        if arn not in self.entries:
            entry = self.memory.entries.get(arn)
            if entry is None or arn in self.fresh or not self._shows_renewal(listed):
                return None
            thresholds, now = self.context.thresholds, self.context.now
            if not entry.is_current(self._fingerprint(listed), listed, thresholds, now):
                return None
            self.entries[arn], self.listed[arn] = entry, listed
            self._unconfirmed.add(arn)
        return listed.described_as(self.entries[arn].certificate)

    def at_hand(self, listed: Certificate) -> Certificate:
        """Return a listed certificate with its detail if that was read or remembered."""
        found = self._read.get(listed.arn)
        if isinstance(found, Certificate):
            return listed.described_as(found)
        return self.current(listed) or listed

    def describe(self, listed: Certificate) -> Certificate:
        """Return a listed certificate with its detail, but without tags.

        Raises CertificateNotFoundError for a deleted certificate.
        """
        if listed.described:
            return listed
        known = self.current(listed)
        if known is not None:
            return known
        found = self._read.get(listed.arn)
        if found is None:
            found = self._read[listed.arn] = self._described(listed.arn)
        if isinstance(found, Exception):
            raise found
        described = listed.described_as(found)
        self._remember(listed, described)
        return described

    def with_tags(self, certificate: Certificate) -> Certificate:
        """Return a certificate with its tags, which may have been read in bulk.

        Raises CertificateNotFoundError for a deleted certificate.
        """
        if certificate.detail.tags_read:
            return certificate
        arn = certificate.arn
        if arn not in self._tags:
            self._tags[arn] = self.certificates.tags(arn)
        return certificate.with_tags(self._tags[arn])

    def drop_tags(self, arn: str) -> bool:
        """Have the tags of a certificate read again, if they were read in bulk; else false."""
        return arn in self._unconfirmed and self._tags.pop(arn, None) is not None

    def confirmed(self) -> Descriptions:
        """Return the descriptions that this run read; all else is read by calls for each."""
        found: dict[str, Certificate | Exception] = {
            arn: read for arn, read in self._read.items() if isinstance(read, Certificate)
        }
        return Descriptions(
            certificates=self.certificates,
            context=self.context,
            memory=self.memory,
            fresh=self.memory.entries.keys(),
            renewals=self.renewals,
            _read=found,
        )

    def is_confirmed(self, arn: str | None = None) -> bool:
        """Whether this run read a certificate, or all, and the tags by calls for each of them."""
        return not self._unconfirmed if arn is None else arn not in self._unconfirmed

    def before(self, arn: str) -> Remembered | None:
        """Return what earlier runs remember of a certificate, which may have changed since."""
        return self.memory.entries.get(arn)

    def consumers(self, certificate: Certificate) -> tuple[str, ...] | None:
        """Return the remembered names of the consumers, None if they have to be read."""
        entry = self.entries.get(certificate.arn)
        if entry is None or entry.certificate.detail.in_use_by != certificate.detail.in_use_by:
            return None
        return entry.consumers

    def note(self, arn: str, change: Callable[[Remembered], Remembered]) -> None:
        """Change the entry of a certificate that is described or remembered by this run."""
        if arn in self.entries:
            self.entries[arn] = change(self.entries[arn])

    def take(self, confirmed: Descriptions) -> None:
        """Remember what was read again, too."""
        for arn, entry in confirmed.entries.items():
            before = self.entries.get(arn, entry)
            self.entries[arn] = replace(
                entry,
                checked_at=before.checked_at,
                tried_at=before.tried_at,
                change=before.change,
            )
        self.listed |= confirmed.listed
        self._unconfirmed -= confirmed.entries.keys()

    def to_store(self, gone: Collection[str], changed: Collection[str]) -> RememberedCertificates:
        """Return what the next run may use.

        Certificates that are `gone` are left out; those that this run `changed` are described.
        """
        present = {arn: self._with_fingerprint(arn) for arn in self.entries}
        together = {
            arn: replace(entry, fingerprint="") if arn in changed else entry
            for arn, entry in {**self.memory.entries, **present}.items()
            if arn not in gone
        }
        # The clock of an earlier run may have been ahead.
        since = min(self.memory.since or self.context.now, self.context.now)
        return RememberedCertificates(entries=together, since=since)

    def _with_fingerprint(self, arn: str) -> Remembered:
        """Return an entry with its fingerprint, which needs the result of the search."""
        entry, listed = self.entries[arn], self.listed[arn]
        usable = self._shows_renewal(listed) and is_settled(entry.certificate)
        return replace(entry, fingerprint=self._fingerprint(listed) if usable else "")

    def _remember(self, listed: Certificate, described: Certificate) -> None:
        before = self.memory.entries.get(listed.arn)
        self.listed[listed.arn] = listed
        self.entries[listed.arn] = Remembered(
            fingerprint="",
            described_at=self.context.now,
            certificate=described,
            checked_at=before.checked_at if before else None,
            tried_at=before.tried_at if before else None,
            change=before.change if before else None,
        )

    def _shows_renewal(self, listed: Certificate) -> bool:
        searched = listed.arn in self.renewals
        thresholds, now = self.context.thresholds, self.context.now
        return shows_renewal(listed, thresholds, now, searched=searched)

    def _fingerprint(self, listed: Certificate) -> str:
        return fingerprint(listed, self.renewals.get(listed.arn))

    def _described(self, arn: str) -> Certificate:
        require_time(self.context.clock)
        return self.certificates.describe(arn)


def read_memory(state_store: StateStore | None) -> RememberedCertificates:
    """Return what earlier runs remember; nothing if that cannot be read."""
    if state_store is None:
        return RememberedCertificates()
    try:
        return state_store.memory()
    except Exception:  # noqa: BLE001 - the certificates are described again
        logger.warning("remembered descriptions unreadable", exc_info=True)
        return RememberedCertificates(since=UNKNOWN_SINCE)


def save_memory(
    state_store: StateStore | None, memory: RememberedCertificates, clock: Clock
) -> None:
    """Store what this run found out; what is not stored is described again by the next run."""
    if state_store is None or not has_time(clock):
        return
    try:
        state_store.save_memory(memory)
    except Exception:  # noqa: BLE001 - costs calls of the next run
        logger.warning("descriptions not remembered", exc_info=True)
