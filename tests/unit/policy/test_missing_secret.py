"""The commands that bring missing secrets back, by what is missing and what the secret is for."""

from __future__ import annotations

import pytest

from certificate_lifecycle.policy.missing_secret import Absence, SecretInput, missing
from tests.unit.builders import secret_arn

ARN = secret_arn("tls/shop-front")
SOURCE, TARGET = SecretInput
AT = "--region eu-west-1"
VALUE = "--secret-string file://secret.json"


@pytest.mark.parametrize(
    ("absence", "named_in", "text", "command"),
    [
        (
            Absence.NOT_FOUND,
            SOURCE,
            "does not exist; create it and name its new ARN in import_sources",
            f"create-secret {AT} --name tls/shop-front {VALUE}",
        ),
        (
            Absence.NOT_FOUND,
            TARGET,
            "does not exist; create it and name its new ARN in export_targets",
            f"create-secret {AT} --name tls/shop-front",
        ),
        *(
            (
                Absence.MARKED_FOR_DELETION,
                named_in,
                "is marked for deletion; restore it",
                f"restore-secret {AT} --secret-id {ARN}",
            )
            for named_in in SecretInput
        ),
        (
            Absence.NO_VALUE,
            SOURCE,
            "has no current version (AWSCURRENT); write one",
            f"put-secret-value {AT} --secret-id {ARN} {VALUE}",
        ),
    ],
)
def test_a_missing_secret_has_its_cause_and_the_command_against_it(
    absence: Absence, named_in: SecretInput, text: str, command: str
) -> None:
    found = str(missing(ARN, absence, named_in))
    assert found == f"the secret {ARN} {text}: `aws secretsmanager {command}`"
