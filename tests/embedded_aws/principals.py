"""Who called: from an access key to the role behind it, and to that role's policies."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import ManagedPolicy, Role, iam_backends

from tests.embedded_aws.policy import Document
from tests.embedded_aws.zones import DEFAULT_ACCOUNT

ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True)
class Caller:
    """The account of a request and, if an existing role was assumed, that role."""

    account: str
    role: Role | None = None

    @property
    def principal(self) -> str | None:
        return str(self.role.arn) if self.role else None

    @property
    def documents(self) -> list[Document]:
        """The role's inline and attached policies."""
        if self.role is None:
            return []
        inline = [_parsed(text) for text in self.role.policies.values()]
        return inline + [_document(policy) for policy in self.role.managed_policies.values()]

    @property
    def boundary(self) -> Document | None:
        """The role's permissions boundary: what it may not exceed, whatever its policies say."""
        arn = self.role.permissions_boundary_arn if self.role else None
        if self.role is None or not arn:
            return None
        backend = iam_backends[self.role.account_id][self.role.partition]
        return _document(backend.managed_policies[arn])


def caller(access_key: str) -> Caller:
    """Find the caller behind an access key.

    A key of twelve digits is the harness in that account; any other unknown key is the harness in
    the default account.
    A nonexistent role, which moto allows to assume, is also the harness.
    """
    if ACCOUNT.fullmatch(access_key):
        return Caller(access_key)
    for account, partitions in list(iam_backends.items()):
        for backend in list(partitions.values()):
            key = backend.access_keys.get(access_key)
            if key is not None:
                return Caller(account, existing_role(key.role_arn))
    return Caller(DEFAULT_ACCOUNT)


def existing_role(arn: str | None) -> Role | None:
    if not arn:
        return None
    _, partition, _, _, account, _ = arn.split(":", 5)
    try:
        role: Role = iam_backends[account][partition].get_role_by_arn(arn)
    except (NotFoundException, KeyError):
        return None
    return role


def trust_policy(role: Role) -> Document:
    return _parsed(role.assume_role_policy_document)


def role_policy(arn: str) -> Document:
    """Return the one policy that a role has."""
    role = existing_role(arn)
    (document,) = Caller(arn.split(":")[4], role).documents
    return document


def _document(policy: ManagedPolicy) -> Document:
    """Read the version of a managed policy that is in force."""
    return _parsed(next(v.document for v in policy.versions if v.is_default))


def _parsed(document: Any) -> Document:  # noqa: ANN401 - moto stores text
    parsed: Document = json.loads(document) if isinstance(document, str) else document
    return parsed
