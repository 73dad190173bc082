"""The key by which a ticket system recognises a problem from its first report until it is resolved.

A certificate has at most one finding at a time, whose verdict may change while it is open. The key
is therefore made of the subject alone: every run, instance and sink gives a problem the same key.
"""

from __future__ import annotations

import hashlib

_PREFIX = "certificate-lifecycle-"
#: 96 bits. ServiceNow's correlation ids have 100 characters, the labels of Jira no spaces.
_DIGITS = 24
#: The subject of an incomplete inventory, which has no account and region.
INVENTORY = "inventory"


def problem_key(subject: str) -> str:
    """Return the key of a problem of a certificate, given by its ARN.

    The subject of a scan is its `scope_subject`, that of an incomplete inventory `INVENTORY`.
    """
    digest = hashlib.sha256(subject.encode()).hexdigest()
    return f"{_PREFIX}{digest[:_DIGITS]}"


def scope_subject(account_id: str, region: str) -> str:
    """Return the subject of a problem of a whole account and region."""
    return f"{account_id}/{region}"
