"""Secrets of import sources and export targets that are missing, and the commands against that."""

from __future__ import annotations

import re
from enum import Enum, StrEnum, auto

from certificate_lifecycle.model.errors import SecretMissingError
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.import_source import secret_name

#: The six characters that Secrets Manager adds to the name of each new secret (API reference,
#: CreateSecret).
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}\Z")


class SecretInput(StrEnum):
    """The input of the module that names a secret."""

    IMPORT_SOURCES = "import_sources"
    EXPORT_TARGETS = "export_targets"


class Absence(Enum):
    """Why a secret cannot be used."""

    NOT_FOUND = auto()
    MARKED_FOR_DELETION = auto()
    NO_VALUE = auto()


def missing(secret_arn: str, absence: Absence, named_in: SecretInput) -> SecretMissingError:
    """Return the error for a missing secret, with the command that brings the secret back.

    A secret that is created again has another ARN.
    """
    # The first export writes the value of an export target.
    source = named_in is SecretInput.IMPORT_SOURCES
    value = " --secret-string file://secret.json" if source else ""
    name = _SUFFIX.sub("", secret_name(secret_arn))
    text, operation, options = {
        Absence.NOT_FOUND: (
            f"does not exist; create it and name its new ARN in {named_in}",
            "create-secret",
            f"--name {name}{value}",
        ),
        Absence.MARKED_FOR_DELETION: (
            "is marked for deletion; restore it",
            "restore-secret",
            f"--secret-id {secret_arn}",
        ),
        Absence.NO_VALUE: (
            "has no current version (AWSCURRENT); write one",
            "put-secret-value",
            f"--secret-id {secret_arn}{value}",
        ),
    }[absence]
    region = Scope.from_arn(secret_arn).region
    command = f"aws secretsmanager {operation} --region {region} {options}"
    return SecretMissingError(f"the secret {secret_arn} {text}: `{command}`")
