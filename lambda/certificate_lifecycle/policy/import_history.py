"""The import history of a certificate: the versions that its ARN has held.

A version that was replaced may be compromised, so it is never imported again.
A version that has expired cannot be imported (ACM API, ImportCertificate), so it is forgotten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from certificate_lifecycle.model import records
from certificate_lifecycle.model.scope import parse_arn
from certificate_lifecycle.parsing.x509 import CertificateLink, X509Certificate

#: Versions that a record keeps, which are about 35 KB. Everything that was issued before the first
#: forgotten one ends is refused by its time of issue.
KEPT = 200


@dataclass(frozen=True, slots=True)
class CertificateVersion:
    """A certificate with its chain, as ACM holds it or as a secret offers it."""

    leaf: X509Certificate
    link: CertificateLink
    chain: tuple[CertificateLink, ...]

    @property
    def chain_without_root(self) -> tuple[bytes, ...]:
        """The chain without a self-signed root, which no client needs and ACM may leave out."""
        return tuple(link.der for link in self.chain if not link.self_issued)

    @property
    def issuer_key(self) -> bytes | None:
        """The key that signed the certificate; None if the chain does not show it."""
        if self.link.self_issued:
            return self.link.public_key
        return self.chain[0].public_key if self.chain else None

    @property
    def held(self) -> HeldVersion:
        """The version as a history keeps it."""
        return HeldVersion(
            leaf=_digest([self.link.issuer, f"{self.leaf.serial:x}".encode()]),
            chain=_digest(self.chain_without_root),
            not_before=self.leaf.not_before,
            not_after=self.leaf.not_after,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldVersion:
    """One version, in a size that does not depend on it.

    `leaf` is a digest of issuer and serial number, which identify a certificate (RFC 5280 section
    4.1.2.2), and `chain` one of the chain.
    """

    leaf: str
    chain: str
    not_before: datetime
    not_after: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "leaf": self.leaf,
            "chain": self.chain,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        return cls(
            leaf=records.text(entry, "leaf"),
            chain=records.text(entry, "chain"),
            not_before=records.instant(entry, "not_before"),
            not_after=records.instant(entry, "not_after"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportAttempt:
    """An import that the run `run_id` is about to do, and has done or not at `until`."""

    version: HeldVersion
    run_id: str
    until: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "version": self.version.to_dict(),
            "run_id": self.run_id,
            "until": records.stamp(self.until),
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        return cls(
            version=HeldVersion.from_dict(records.table(entry, "version")),
            run_id=records.text(entry, "run_id"),
            until=records.timestamp(entry, "until"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportHistory:
    """The versions that an ARN has held, the latest last, and an import that may have been done.

    `imported_at` is the time when ACM received the latest version, if ACM says so.
    Versions that were issued until `forgotten_until` may be missing.
    `version` counts the writes; it is 0 for a history that is not stored.
    """

    certificate_arn: str
    versions: tuple[HeldVersion, ...] = ()
    imported_at: datetime | None = None
    attempt: ImportAttempt | None = None
    forgotten_until: datetime | None = None
    version: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        until = self.forgotten_until
        return {
            "certificate_arn": self.certificate_arn,
            "versions": [version.to_dict() for version in self.versions],
            "imported_at": records.optional_stamp(self.imported_at),
            "importing": None if self.attempt is None else self.attempt.to_dict(),
            "forgotten_until": None if until is None else until.isoformat(),
            "version": self.version,
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        attempt = entry.get("importing")
        return cls(
            certificate_arn=parse_arn(records.text(entry, "certificate_arn")),
            versions=tuple(map(HeldVersion.from_dict, records.items(entry, "versions"))),
            imported_at=records.optional_timestamp(entry, "imported_at"),
            attempt=None if attempt is None else ImportAttempt.from_dict(attempt),
            forgotten_until=records.optional_instant(entry, "forgotten_until"),
            version=records.number(entry, "version"),
        )

    def holds(self, version: HeldVersion) -> bool:
        """Whether the ARN has held the certificate of `version`, or may have."""
        until = self.forgotten_until
        if until is not None and version.not_before <= until:
            return True
        return any(known.leaf == version.leaf for known in self.versions)

    def holds_chain(self, version: HeldVersion) -> bool:
        """Whether the ARN has held the certificate of `version` with the same chain."""
        return any(
            (known.leaf, known.chain) == (version.leaf, version.chain) for known in self.versions
        )

    def observed(
        self, current: HeldVersion, imported_at: datetime | None, now: datetime
    ) -> ImportHistory:
        """Return the history with the version that ACM holds now, and when it was imported.

        An attempt that cannot be proved undone counts as held: it may have been imported and
        replaced by a person since.
        """
        versions, attempt = self.versions, self.attempt
        unchanged = versions[-1:] == (current,) and self.imported_at == imported_at
        if attempt is not None and not unchanged:
            versions, attempt = _with(versions, attempt.version), None
        seen = replace(
            self, versions=_with(versions, current), imported_at=imported_at, attempt=attempt
        )
        return seen.pruned(now)

    def is_locked(self, run_id: str, now: datetime) -> bool:
        """Whether another run may be importing at this moment."""
        attempt = self.attempt
        return attempt is not None and attempt.run_id != run_id and attempt.until > now

    def attempting(self, version: HeldVersion, run_id: str, until: datetime) -> ImportHistory:
        """Return the history to store before `version` is imported."""
        return replace(self, attempt=ImportAttempt(version=version, run_id=run_id, until=until))

    def pruned(self, now: datetime) -> ImportHistory:
        """Return the history without what cannot be imported any more, and of limited size."""
        *others, current = self.versions
        valid = [version for version in others if version.not_after > now]
        kept = valid[len(valid) - (KEPT - 1) :] if len(valid) >= KEPT else valid
        forgotten = [version.not_before for version in valid[: len(valid) - len(kept)]]
        until = [self.forgotten_until] if self.forgotten_until is not None else []
        return replace(
            self,
            versions=(*kept, current),
            forgotten_until=max([*until, *forgotten], default=None),
        )


def _with(versions: Iterable[HeldVersion], latest: HeldVersion) -> tuple[HeldVersion, ...]:
    return (*(version for version in versions if version != latest), latest)


def _digest(parts: Iterable[bytes]) -> str:
    """Return a short digest of a list of DER documents; empty for an empty list."""
    joined = b"".join(parts)
    return hashlib.sha256(joined).hexdigest()[:32] if joined else ""
