"""What other actors left behind, by which the writes of the program are judged.

All functions decide on plain values, so that the invariants can be tested with histories.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud

#: Members of a consumer's description that a change of its certificate changes.
_OF_THE_CERTIFICATE = frozenset(
    {
        *("ACMCertificateArn", "Certificate", "CertificateArn", "CertificateSource"),
        *("CloudFrontDefaultCertificate", "IAMCertificateId", "SSLCertificateId"),
        *("Certificates", "certificateArn", "regionalCertificateArn"),
        *("Status", "domainNameStatus", "domainNameStatusMessage", "DomainNameStatus", "ETag"),
    }
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A consumer as another actor left it: its settings, and its certificates in order."""

    settings: Any
    certificates: Sequence[Certificate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A certificate that was imported under an ARN; `ours` if the program has imported it."""

    serial: str
    not_before: datetime
    names: frozenset[str] = frozenset()
    issuer: str = ""
    ours: bool = False


def version_of(certificate: Certificate, *, ours: bool = False) -> Version:
    """Return the current version of an imported certificate."""
    if certificate.not_before is None:
        raise ValueError(f"{certificate.arn} has no dates")
    return Version(
        serial=certificate.serial,
        not_before=certificate.not_before,
        names=frozenset(certificate.names),
        issuer=_issuer(certificate),
        ours=ours,
    )


def _issuer(certificate: Certificate) -> str:
    if certificate.certificate_pem is None:
        return ""
    document = x509.load_pem_x509_certificate(certificate.certificate_pem.encode())
    return document.issuer.rfc4514_string()


def settings_of(cloud: Cloud) -> Mapping[str, Any]:
    """Return all settings of each consumer but its certificates and their state."""
    found = cloud.consumers.snapshot()
    return {name: _without_certificate(_shown(name, value)) for name, value in found.items()}


def _shown(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    """Leave out the list of a listener, which is judged by its certificates."""
    return value[0] if ":listener/" in name else value


def _without_certificate(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {
            key: _without_certificate(entry)
            for key, entry in value.items()
            if key not in _OF_THE_CERTIFICATE
        }
    if isinstance(value, (list, tuple)):
        return [_without_certificate(entry) for entry in value]
    return value


# --- Judgement ------------------------------------------------------------------------------------


def distrust(before: Certificate, after: Certificate) -> str:
    """Return why clients of one certificate may not trust another; empty if they do.

    Clients trust a root.
    ACM's public certificates have the same roots, private ones those of their CA, and an imported
    certificate is chosen by a person.
    """
    if after.arn == before.arn:
        return ""
    if after.type != before.type:
        return f"it is {after.type} instead of {before.type}"
    if before.type == "IMPORTED":
        return "it was imported, and no person has chosen it"
    if after.certificate_authority_arn != before.certificate_authority_arn:
        return "another CA has issued it"
    if after.root_hierarchy != before.root_hierarchy:
        return f"its root is {after.root_hierarchy or 'the standard one'}"
    if after.origin != "AWS_MANAGED" or after.managed_by:
        return f"its key is {after.origin}, and it is managed by {after.managed_by}"
    missing = set(before.extended_key_usages) - set(after.extended_key_usages)
    missing |= set(before.key_usages) - set(after.key_usages)
    missing |= set(before.names) - set(after.names)
    return f"it lacks {', '.join(sorted(missing))}" if missing else ""


def untrusted(
    baseline: Baseline, held: Sequence[Certificate], *, is_list: bool
) -> Iterator[tuple[Certificate, str]]:
    """Yield each certificate that took over without being trusted, and why.

    Each certificate of a listener (`is_list`) but its first may have its successor anywhere in the
    list; all other consumers have one place for each certificate.
    """
    pairs = list(zip(baseline.certificates, held, strict=False))
    for before, after in pairs[:1] if is_list else pairs:
        if reason := distrust(before, after):
            yield after, reason
    if not is_list:
        return
    for after in held[1:]:
        reasons = [distrust(before, after) for before in baseline.certificates]
        if all(reasons):
            yield after, reasons[-1]


def dropped(baseline: Baseline, held: Sequence[Certificate]) -> Iterator[Certificate]:
    """Yield the certificates that a listener's list has lost without one for the same names.

    Whether clients trust the other one is judged by `untrusted`.
    """
    before = {certificate.arn for certificate in baseline.certificates}
    for lost in baseline.certificates[1:]:
        stays = lost.arn in {certificate.arn for certificate in held[1:]}
        new = (certificate for certificate in held[1:] if certificate.arn not in before)
        if not stays and not any(set(lost.names) <= set(each.names) for each in new):
            yield lost


def older(versions: Sequence[Version]) -> Iterator[str]:
    """Yield each import of the program that went back in the history of an ARN."""
    for index, version in enumerate(versions):
        if not version.ours:
            continue
        *earlier, current = versions[:index]
        if version.serial != current.serial and version.serial in {e.serial for e in earlier}:
            yield f"serial {version.serial} was imported again"
        if version.not_before < current.not_before:
            yield f"a version of {version.not_before} was imported over {current.not_before}"


def strange(versions: Sequence[Version]) -> Iterator[str]:
    """Yield each import of the program that clients of the version before may not trust."""
    for before, after in itertools.pairwise(versions):
        if after.ours and after.issuer != before.issuer:
            yield f"a version of {after.issuer} was imported over one of {before.issuer}"
        if after.ours and (missing := before.names - after.names):
            yield f"a version without {', '.join(sorted(missing))} was imported"


def lost_settings(
    baselines: Mapping[str, Baseline], settings: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield each consumer with settings that differ from those that another actor set."""
    for name, baseline in baselines.items():
        found = settings.get(name)
        for path, before, after in _differences(baseline.settings, found):
            yield name, f"{path} was {before!r} and is {after!r}"


def _differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _differences(before.get(key), after.get(key), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif before != after:
        yield path, before, after
