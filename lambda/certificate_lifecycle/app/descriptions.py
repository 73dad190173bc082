"""Descriptions and tags of certificates: remembered, read side by side, and in bulk.

A remembered description, and tags that were read in bulk, only serve to judge a certificate; before
an action, both are read again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from certificate_lifecycle.app.deadline import has_time, require_time
from certificate_lifecycle.app.ports import Certificates, Clock, StateStore
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate, RenewalStatus
from certificate_lifecycle.policy.remembered import (
    Remembered,
    RememberedCertificates,
    fingerprint,
    is_memorable,
)
from certificate_lifecycle.policy.thresholds import Thresholds

#: Calls side by side; the pace of the client keeps them below the rates of AWS.
_WORKERS = 8

Tags = tuple[tuple[str, str], ...]


@dataclass(slots=True, kw_only=True)
class Descriptions:
    """The descriptions of the certificates of one account and region in one run.

    `memory` are those that earlier runs remembered. `fresh` are certificates that are read
    in any case. `renewals` has the renewal status by ARN as a search shows it, None without one.
    `tags` are those that were read before, by ARN.
    """

    certificates: Certificates
    clock: Clock
    thresholds: Thresholds
    now: datetime
    memory: RememberedCertificates = field(default_factory=RememberedCertificates)
    fresh: Collection[str] = ()
    renewals: Mapping[str, RenewalStatus | None] = field(default_factory=dict)
    tags: Mapping[str, Tags | None] = field(default_factory=dict)
    _entries: dict[str, Remembered] = field(default_factory=dict)
    _read: dict[str, Certificate | Exception] = field(default_factory=dict)
    _tags: dict[str, Tags] = field(default_factory=dict)
    _unconfirmed: set[str] = field(default_factory=set)

    def prefetch(self, listed: Iterable[Certificate]) -> None:
        """Describe certificates side by side; an error is raised when a description is needed."""
        wanted = [c for c in listed if c.arn not in self._read and self._remembered(c) is None]
        if len(wanted) < 2:  # noqa: PLR2004 - one certificate needs no threads
            return
        with ThreadPoolExecutor(min(_WORKERS, len(wanted)), thread_name_prefix="describe") as pool:
            for certificate, found in zip(wanted, pool.map(self._attempt, wanted), strict=True):
                self._read[certificate.arn] = found

    def prefetch_tags(self, arns: Iterable[str]) -> None:
        """Read the tags of certificates in bulk, or one by one if that is not possible."""
        wanted = [arn for arn in dict.fromkeys(arns) if self._tags_of(arn) is None]
        if len(wanted) < 2:  # noqa: PLR2004 - a bulk call for one certificate saves nothing
            return
        try:
            require_time(self.clock)
            found = self.certificates.tags_of(wanted)
        except Exception:  # noqa: BLE001 - they are read one by one
            logger.warning("tags not read in bulk", exc_info=True)
            return
        self._tags |= found
        self._unconfirmed |= found.keys()

    def describe(self, listed: Certificate) -> Certificate:
        """Return a listed certificate with its detail, but without tags.

        Raises CertificateNotFoundError for a deleted certificate.
        """
        if listed.described:
            return listed
        known = self._remembered(listed)
        if known is not None:
            return listed.described_as(known.certificate)
        found = self._read.get(listed.arn)
        if found is None:
            require_time(self.clock)
            found = self.certificates.describe(listed.arn)
            self._read[listed.arn] = found
        if isinstance(found, Exception):
            raise found
        described = listed.described_as(found)
        self._remember(listed, described)
        return described

    def with_tags(self, described: Certificate) -> Certificate:
        """Return a described certificate with its tags, which may have been read in bulk.

        Raises CertificateNotFoundError for a deleted certificate.
        """
        if described.detail.tags_read:
            return described
        arn = described.arn
        tags = self._tags_of(arn)
        if tags is None:
            tags = self.certificates.tags(arn)
            self._tags[arn] = tags
        return described.with_tags(tags)

    def forget(self, arn: str) -> None:
        """Have a certificate and its tags read again, whatever was read before."""
        for known in (self._entries, self._read, self._tags):
            known.pop(arn, None)
        self._unconfirmed.discard(arn)
        self.fresh = {*self.fresh, arn}

    def is_confirmed(self, arn: str) -> bool:
        """Whether this run read a certificate and its tags by calls for this certificate."""
        return arn not in self._unconfirmed

    def before(self, arn: str) -> Remembered | None:
        """Return what earlier runs remember of a certificate, which may have changed since."""
        return self.memory.entries.get(arn)

    def consumers(self, arn: str) -> tuple[str, ...] | None:
        """Return the remembered display names of consumers, None if they have to be read."""
        entry = self._entries.get(arn)
        return None if entry is None else entry.consumers

    def note(self, arn: str, change: Callable[[Remembered], Remembered]) -> None:
        """Change the entry of a certificate that is remembered."""
        if arn in self._entries:
            self._entries[arn] = change(self._entries[arn])

    def to_store(self, gone: Collection[str]) -> RememberedCertificates:
        """Return what the next run may use, without certificates that are gone or were changed."""
        together = {**self.memory.entries, **self._entries}
        kept = {arn: entry for arn, entry in together.items() if arn not in gone}
        return RememberedCertificates(entries=kept, since=self.memory.since or self.now)

    def _tags_of(self, arn: str) -> Tags | None:
        return self._tags[arn] if arn in self._tags else self.tags.get(arn)

    def _remembered(self, listed: Certificate) -> Remembered | None:
        arn = listed.arn
        if arn in self._entries:
            return self._entries[arn]
        entry = self.memory.entries.get(arn)
        if entry is None or arn in self.fresh or not self._memorable(listed):
            return None
        if not entry.is_current(self._fingerprint(listed), listed, self.thresholds, self.now):
            return None
        self._entries[arn] = entry
        self._unconfirmed.add(arn)
        return entry

    def _remember(self, listed: Certificate, described: Certificate) -> None:
        if not self._memorable(listed):
            return
        before = self.memory.entries.get(listed.arn)
        self._entries[listed.arn] = Remembered(
            fingerprint=self._fingerprint(listed),
            described_at=self.now,
            certificate=described,
            checked_at=before.checked_at if before else None,
            change=before.change if before else None,
        )

    def _memorable(self, listed: Certificate) -> bool:
        searched = listed.arn in self.renewals
        return is_memorable(listed, self.thresholds, self.now, searched=searched)

    def _fingerprint(self, listed: Certificate) -> str:
        return fingerprint(listed, self.renewals.get(listed.arn))

    def _attempt(self, listed: Certificate) -> Certificate | Exception:
        try:
            require_time(self.clock)
            return self.certificates.describe(listed.arn)
        except Exception as error:  # noqa: BLE001 - raised when the description is needed
            return error


def read_memory(state_store: StateStore | None) -> RememberedCertificates:
    """Return what earlier runs remember; nothing if that cannot be read."""
    if state_store is None:
        return RememberedCertificates()
    try:
        return state_store.memory()
    except Exception:  # noqa: BLE001 - the certificates are described again
        logger.warning("remembered descriptions unreadable", exc_info=True)
        return RememberedCertificates()


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
