"""Pointers: the SSM parameters with the ARNs of the declared certificates.

Terraform creates `/<name_prefix>/certificates/<key>/arn` with the value `pending`; the functions
overwrite the value and never create a parameter.
"""

from __future__ import annotations

import re

#: The value of a pointer whose certificate was never issued.
PENDING = "pending"
#: The tag of a certificate with the name of its pointer; the tag informs and gives no right.
PARAMETER_TAG = "certificate-lifecycle:parameter"
#: A name is the value of a tag (ACM API reference, Tag).
_MAX_NAME = 256


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
