"""Pointers: the SSM parameters with the ARNs of the declared certificates.

Terraform creates `/<name_prefix>/certificates/<key>/arn` with the value `pending`; the functions
overwrite the value and never create a parameter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from certificate_lifecycle.model.scope import Scope

#: The value of a pointer whose certificate was never issued.
PENDING = "pending"
#: The tag of a certificate with the name of its pointer; the tag informs and gives no right.
PARAMETER_TAG = "certificate-lifecycle:parameter"
#: A name is the value of a tag (ACM API reference, Tag).
_MAX_NAME = 256
# With `(?a)` a digit is an ASCII digit.
_CERTIFICATE_ARN = re.compile(r"(?a)arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+")


class PointerState(StrEnum):
    """What the value of a pointer stands for."""

    ISSUED = "issued"
    PENDING = "pending"
    DELETED = "deleted"
    FOREIGN = "foreign"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer: its name, the key of its certificate, and its value."""

    name: str
    key: str
    value: str
    state: PointerState


def pointer_path(name_prefix: str) -> str:
    """Return the path of all pointers of an instance, without a slash at its end."""
    return f"/{name_prefix}/certificates"


def pointer_key(name_prefix: str, name: str) -> str | None:
    """Return the key of a certificate in the name of its pointer; None for any other name.

    Names have letters, digits and `_.-` (Systems Manager API reference, PutParameter).
    """
    path = re.escape(pointer_path(name_prefix))
    match = re.fullmatch(rf"{path}/(?P<key>[A-Za-z0-9_.-]+)/arn", name)
    return match["key"] if match and len(name) <= _MAX_NAME else None


def region_named(value: str, home: Scope) -> str | None:
    """Return the region of the certificate that a pointer names; `home` is that of the functions.

    None if the value is not the ARN of a certificate of that account in ACM.
    """
    if not _CERTIFICATE_ARN.fullmatch(value):
        return None
    named = Scope.from_arn(value)
    return named.region if replace(named, region=home.region) == home else None
