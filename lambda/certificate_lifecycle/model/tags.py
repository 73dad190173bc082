"""Tags of a certificate: its instance, its mode, its owner and its mute."""

from __future__ import annotations

from certificate_lifecycle.model.certificate import Certificate

#: The tag with the name prefix of the instance that requested a certificate.
INSTANCE_TAG = "ManagedBy"
#: The tag that limits the actions on a certificate, see `CertificateMode`.
MODE_TAG = "certificate-lifecycle:mode"
#: The tag that mutes a certificate; its value is the last day, in UTC, as YYYY-MM-DD.
MUTE_TAG = "certificate-lifecycle:mute-until"


def owner(certificate: Certificate, tag: str) -> str | None:
    """Return the value of the tag that names the owner, in any letter case."""
    for key, value in certificate.detail.tags:
        if key.lower() == tag.lower() and value.strip():
            return value.strip()
    return None


def mute_tag(certificate: Certificate) -> str | None:
    """Return the value of the mute tag; None without the tag."""
    return _value(certificate, MUTE_TAG)


def mode_tag(certificate: Certificate) -> str | None:
    """Return the value of the mode tag; None without the tag."""
    return _value(certificate, MODE_TAG)


def _value(certificate: Certificate, tag: str) -> str | None:
    value = dict(certificate.detail.tags).get(tag)
    return None if value is None else value.strip()
