"""ACM's ACME endpoints, their domain validations and external account bindings.

An endpoint issues for the domains of its validations, to the clients that registered with one of
its bindings (ACM user guide, "ACME endpoints").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AcmeEndpointStatus(StrEnum):
    """`Status` of an endpoint; `NOT_UNDERSTOOD` stands for values newer than this version."""

    CREATING = "CREATING"
    ACTIVE = "ACTIVE"
    DELETING = "DELETING"
    FAILED = "FAILED"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


class AcmeValidationStatus(StrEnum):
    """`Status` of a domain validation."""

    VALIDATING = "VALIDATING"
    VALID = "VALID"
    INVALID = "INVALID"
    DELETING = "DELETING"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


class AcmeFailure(StrEnum):
    """`FailureDetails.Reason` of a domain validation (API reference, FailureDetails).

    CAA_ERROR is documented in the user guide only ("ACME domain validation").
    """

    ACCESS_DENIED = "ACCESS_DENIED"
    CAA_ERROR = "CAA_ERROR"
    DOMAIN_MISMATCH = "DOMAIN_MISMATCH"
    DOMAIN_NOT_ALLOWED = "DOMAIN_NOT_ALLOWED"
    ENDPOINT_NOT_ACTIVE = "ENDPOINT_NOT_ACTIVE"
    HOSTED_ZONE_NOT_FOUND = "HOSTED_ZONE_NOT_FOUND"
    INTERNAL_FAILURE = "INTERNAL_FAILURE"
    INVALID_CHANGE_BATCH = "INVALID_CHANGE_BATCH"
    INVALID_PUBLIC_DOMAIN = "INVALID_PUBLIC_DOMAIN"
    TIMED_OUT = "TIMED_OUT"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"


@dataclass(frozen=True, slots=True)
class AcmeEndpoint:
    """An endpoint; `failure` is ACM's text about it, or empty."""

    status: AcmeEndpointStatus
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeValidation:
    """A domain validation of an endpoint, which is valid while its record is in DNS.

    `failure` is None unless ACM reports one, and `text` ACM's words about the failure.
    `hosted_zone` is the zone in which ACM itself writes the record, None without one.
    `enabled` are the members of its scope for which clients get certificates.
    """

    status: AcmeValidationStatus
    failure: AcmeFailure | None = None
    text: str = ""
    hosted_zone: str | None = None
    enabled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BindingUse:
    """Whether clients can, or could, register with an external account binding.

    It ends at `ends_at`, by expiry or revocation; None: never. `used`: a client has registered,
    and is not affected by the end (ACM user guide, "EAB and ACME account lifecycle").
    """

    ends_at: datetime | None
    used: bool

    def is_live(self, now: datetime) -> bool:
        """Whether clients can still register with it."""
        return self.ends_at is None or now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeBinding:
    """An external account binding, and the `others` of its endpoint."""

    role_arn: str
    use: BindingUse
    others: tuple[BindingUse, ...] = ()
