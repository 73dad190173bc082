"""A certificate with an export target in the embedded AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certificate_lifecycle.policy.export import CURRENT_STAGE, version_token
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import ending_in

PASSPHRASE = "correct horse battery staple"


@dataclass(frozen=True)
class Exported:
    """One certificate, its target, and the passphrase of its key."""

    cloud: Cloud
    arn: str
    secret_arn: str
    passphrase_arn: str

    def environment(self, **more: object) -> str:
        """Return the value of EXPORT_TARGETS."""
        target = {"secret_arn": self.secret_arn, "passphrase_secret_arn": self.passphrase_arn}
        return json.dumps({self.arn: {**target, **more}})

    @property
    def serial(self) -> str:
        """The issue that ACM has now."""
        return self.cloud.certificates.get(self.arn).serial

    @property
    def held(self) -> dict[str, Any]:
        """The document in the target."""
        client = self.cloud.client("secretsmanager")
        document: dict[str, Any] = json.loads(
            client.get_secret_value(SecretId=self.secret_arn, VersionStage=CURRENT_STAGE)[
                "SecretString"
            ]
        )
        return document

    @property
    def versions(self) -> dict[str, list[str]]:
        client = self.cloud.client("secretsmanager")
        found: dict[str, list[str]] = client.describe_secret(SecretId=self.secret_arn).get(
            "VersionIdsToStages", {}
        )
        return found

    @property
    def renewals(self) -> int:
        """How often ACM has taken a request to renew."""
        return sum(
            call.operation == "RenewCertificate" and call.error is None for call in self.cloud.calls
        )

    def assert_up_to_date(self) -> None:
        """Require that the target has the certificate of ACM and its readable key."""
        held = self.held
        assert held["serial"] == self.serial
        assert held["certificate_arn"] == self.arn
        assert CURRENT_STAGE in self.versions[version_token(self.arn, self.serial)]
        document = x509.load_pem_x509_certificate(held["certificate"].encode())
        assert document.serial_number == int(self.serial.replace(":", ""), 16)
        key = serialization.load_pem_private_key(held["private_key"].encode(), PASSPHRASE.encode())
        assert key.public_key() == document.public_key()
        assert held["not_after"] == document.not_valid_after_utc.isoformat()


def put_exported(
    cloud: Cloud,
    days: float,
    passphrase: str = PASSPHRASE,
    **details: Any,  # noqa: ANN401 - any attribute of a certificate
) -> Exported:
    """Make a private certificate that nothing but its exported copy needs, and its secrets."""
    facts = {"type": "PRIVATE", "renews": True, **ending_in(cloud, days, lifetime=395), **details}
    client = cloud.client("secretsmanager")
    return Exported(
        cloud,
        cloud.certificates.add(key_algorithm="EC_prime256v1", **facts),
        client.create_secret(Name="edge")["ARN"],
        client.create_secret(Name="passphrase", SecretString=passphrase)["ARN"],
    )
