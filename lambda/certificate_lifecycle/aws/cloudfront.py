"""CloudFront: the viewer certificate of a distribution.

UpdateDistribution takes the whole configuration and the ETag of the one that was read, so nobody
else's change is ever overwritten (API reference, UpdateDistribution).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.answers import understood
from certificate_lifecycle.aws.permissions import ROTATIONS, SCANS, Permission, Setting
from certificate_lifecycle.core.consumers import Binding, ConsumerKind, Held
from certificate_lifecycle.errors import ConsumerBusyError, ConsumerChangedError

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudfront.type_defs import GetDistributionResultTypeDef

_DISTRIBUTIONS = ("arn:{partition}:cloudfront::{account}:distribution/*",)
_REBIND = (Setting.REBIND_CONSUMERS, Setting.US_EAST_1)
PERMISSIONS = (
    Permission(
        "cloudfront:GetDistribution",
        SCANS,
        _DISTRIBUTIONS,
        "aliases and configuration of distributions",
        (Setting.US_EAST_1,),
    ),
    Permission(
        "cloudfront:UpdateDistribution",
        ROTATIONS,
        _DISTRIBUTIONS,
        "change the certificate of one",
        _REBIND,
    ),
)
#: Members of ViewerCertificate that belong to another certificate or are deprecated.
_DROPPED = ("Certificate", "CertificateSource", "CloudFrontDefaultCertificate", "IAMCertificateId")
_ATTEMPTS = 3


class Distributions:
    """The distributions of one account."""

    def __init__(self, client: CloudFrontClient) -> None:
        self._client = client

    @understood("GetDistribution")
    def find(self, certificate_arn: str, distribution_id: str) -> list[Binding]:
        """Return the distribution if it holds a certificate; none if it is gone."""
        found = self._get(distribution_id)
        if found is None or _certificate(found) != certificate_arn:
            return []
        aliases = found["Distribution"]["DistributionConfig"].get("Aliases", {}).get("Items", [])
        names = f" ({', '.join(aliases)})" if aliases else ""
        label = f"CloudFront distribution {distribution_id}{names}"
        return [Binding(ConsumerKind.DISTRIBUTION, distribution_id, label=label)]

    @understood("GetDistribution")
    def held(self, binding: Binding) -> Held | None:
        """Return what a distribution holds, settled once that is deployed; None if it is gone."""
        found = self._get(binding.consumer)
        if found is None:
            return None
        certificate = _certificate(found)
        settled = found["Distribution"]["Status"] == "Deployed"
        return Held((certificate,) if certificate else (), settled)

    @understood("GetDistribution")
    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Let a distribution hold another certificate, everything else as it is.

        Raises ConsumerChangedError if it holds neither or is gone, and ConsumerBusyError if others
        change it at the same time.
        """
        for _ in range(_ATTEMPTS):
            found = self._get(binding.consumer)
            held = None if found is None else _certificate(found)
            if found is None or held not in (certificate_arn, instead_of):
                raise ConsumerChangedError(f"{binding.label} was changed")
            if held == certificate_arn or self._update(binding.consumer, found, certificate_arn):
                return
        raise ConsumerBusyError("others are changing it")

    def _update(
        self, distribution_id: str, found: GetDistributionResultTypeDef, certificate_arn: str
    ) -> bool:
        """Write back what was read with another certificate; false if it was changed since."""
        config: Any = found["Distribution"]["DistributionConfig"]
        kept = {k: v for k, v in config["ViewerCertificate"].items() if k not in _DROPPED}
        config = {**config, "ViewerCertificate": {**kept, "ACMCertificateArn": certificate_arn}}
        try:
            self._client.update_distribution(
                Id=distribution_id,
                IfMatch=found["ETag"],
                DistributionConfig=config,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return False
        return True

    def _get(self, distribution_id: str) -> GetDistributionResultTypeDef | None:
        try:
            return self._client.get_distribution(Id=distribution_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchDistribution":
                raise
            return None


def _certificate(found: GetDistributionResultTypeDef) -> str | None:
    config = found["Distribution"]["DistributionConfig"]
    return config.get("ViewerCertificate", {}).get("ACMCertificateArn")
