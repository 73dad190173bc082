"""An imported certificate and the secret that renews it, in the embedded AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.secrets import write_secret
from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.harness import authority

LOAD_BALANCER = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
)
TAGS = [{"Key": "Team", "Value": "shop"}]


def issued(not_after: datetime, *names: str, **details: Any) -> authority.Issued:  # noqa: ANN401 - whatever the authority takes
    return authority.issue(
        *(names or ("shop.example.com",)), not_after=not_after, **{"key_number": 7, **details}
    )


@dataclass
class Imported:
    """A certificate that was imported and is used, with the secret that is its source."""

    cloud: Cloud
    arn: str
    secret_arn: str

    @property
    def certificate(self) -> Certificate:
        return self.cloud.certificates.get(self.arn)

    @property
    def sources(self) -> str:
        """The variable IMPORT_SOURCES."""
        return json.dumps({self.arn: {"secret_arn": self.secret_arn}})

    def replace(self, other: authority.Issued, chain: str | None = None) -> None:
        """Do what a person does: import another version under the ARN."""
        own = {} if chain is None else {"CertificateChain": chain}
        self.cloud.client("acm").import_certificate(
            CertificateArn=self.arn,
            Certificate=other.certificate,
            PrivateKey=other.private_key,
            **own,
        )

    def write(self, secret: str) -> None:
        """Do what a renewing tool does."""
        write_secret(self.secret_arn, secret)


def imported(
    cloud: Cloud,
    *,
    left: timedelta = timedelta(days=20),
    name: str = "shop.example.com",
    account: str = DEFAULT_ACCOUNT,
    old: authority.Issued | None = None,
    **secret: Any,  # noqa: ANN401 - whatever CreateSecret takes
) -> Imported:
    """Import a certificate that ends soon, and put a newer one into its secret.

    With `SecretString=None` the secret has no value.
    """
    old = old or issued(cloud.now + left, name)
    arn = cloud.client("acm", account=account).import_certificate(
        Certificate=old.certificate, PrivateKey=old.private_key, Tags=TAGS
    )["CertificateArn"]
    cloud.certificates.edit(arn, in_use_by=[LOAD_BALANCER])
    newer = issued(cloud.now + timedelta(days=300), name)
    settings = {"SecretString": newer.secret(), **secret}
    given = {key: value for key, value in settings.items() if value is not None}
    secret_arn = cloud.client("secretsmanager", account=account).create_secret(
        Name=f"tls/{name}", **given
    )["ARN"]
    return Imported(cloud, arn, secret_arn)
