"""CloudFront: the viewer certificate of a distribution.

UpdateDistribution takes the whole configuration and the ETag that was read with it, so a concurrent
change is never overwritten (API reference, UpdateDistribution). `aws.whole_writes` holds that no
setting is left out.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from certificate_lifecycle.aws.consumers.base import (
    EDGE_KEY_ALGORITHMS,
    Consumer,
    Refusal,
    RefusalKind,
    ResourceConsumer,
)
from certificate_lifecycle.aws.permissions import Setting, for_rotations, for_scans
from certificate_lifecycle.aws.read_calls import ReadCall
from certificate_lifecycle.aws.responses import unless, validated_response
from certificate_lifecycle.aws.whole_writes import WholeWrite, require_complete
from certificate_lifecycle.model.errors import (
    ConsumerBusyError,
    ConsumerChangedError,
    ManualStepRequiredError,
)
from certificate_lifecycle.parsing.documents import xml_tree
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudfront.type_defs import GetDistributionResultTypeDef

_DISTRIBUTIONS = ("arn:{partition}:cloudfront::{account}:distribution/*",)
PERMISSIONS = (
    *for_scans(
        "cloudfront",
        _DISTRIBUTIONS,
        Setting.US_EAST_1,
        GetDistribution="aliases and configuration of distributions",
    ),
    *for_rotations(
        "cloudfront",
        _DISTRIBUTIONS,
        Setting.REBIND_CONSUMERS,
        Setting.US_EAST_1,
        UpdateDistribution="change the certificate of a distribution",
    ),
)
#: The viewer certificate of a distribution.
DISTRIBUTION = ConsumerKind("Distribution")
#: API reference, UpdateDistribution: "the update process replaces the existing configuration".
CONFIG_WRITE = WholeWrite(
    service="cloudfront",
    read="GetDistribution",
    write="UpdateDistribution",
    tree=xml_tree,
    at=("DistributionConfig",),
    # Deprecated members, and those that belong to another certificate (API reference,
    # ViewerCertificate).
    changed=frozenset(
        f"ViewerCertificate.{name}"
        for name in (
            "ACMCertificateArn",
            "Certificate",
            "CertificateSource",
            "CloudFrontDefaultCertificate",
            "IAMCertificateId",
        )
    ),
)
_GONE = "NoSuchDistribution"
_ATTEMPTS = 3
_CONTINUOUS_DEPLOYMENT = (
    "its certificate cannot change while it takes part in a continuous deployment; detach the "
    "policy first"
)
#: CloudFront has one code for several causes. Sources: hashicorp/terraform#13495 (one change at a
#: time), aws/aws-cli#10446 (continuous deployment).
_REFUSALS = (
    Refusal(
        "IllegalUpdate",
        RefusalKind.BUSY,
        "another change of its certificate is in progress",
        message="in progress",
    ),
    Refusal(
        "IllegalUpdate",
        RefusalKind.MANUAL_STEP,
        _CONTINUOUS_DEPLOYMENT,
        message="continuous deployment",
    ),
    Refusal("ContinuousDeploymentPolicyInUse", RefusalKind.MANUAL_STEP, _CONTINUOUS_DEPLOYMENT),
    # "A viewer certificate specified is not valid" (API reference, UpdateDistribution).
    Refusal("InvalidViewerCertificate", RefusalKind.CERTIFICATE),
    Refusal("StagingDistributionInUse", RefusalKind.MANUAL_STEP, _CONTINUOUS_DEPLOYMENT),
)


class VersionedResources(Consumer):
    """Resources that CloudFront updates as a whole, with the ETag that was read with them."""

    service = "cloudfront"
    key_algorithms = EDGE_KEY_ALGORITHMS
    _client: CloudFrontClient

    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificate, settled once it is deployed; None without the resource."""
        answer = self._get(binding.consumer)
        if answer is None:
            return None
        certificate = self._certificate(answer)
        settled = self._resource(answer)["Status"] == "Deployed"
        return BindingState((certificate,) if certificate else (), settled)

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set the certificate and keep the rest of the resource.

        Raises ConsumerChangedError if the resource has neither certificate or does not exist,
        ConsumerBusyError after several concurrent changes, ManualStepRequiredError if a person has
        to do something first, and UnknownSettingError if this SDK would lose a setting.
        """
        for _ in range(_ATTEMPTS):
            answer = self._get(binding.consumer)
            current = None if answer is None else self._certificate(answer)
            if answer is None or current not in (certificate_arn, instead_of):
                raise ConsumerChangedError(f"{binding.label} was changed")
            if current == certificate_arn or self._update(binding, answer, certificate_arn):
                return
        raise ConsumerBusyError("another client is changing it")

    @abstractmethod
    def _get(self, name: str) -> Mapping[str, Any] | None:
        """Return the response that describes a resource, or None if that does not exist."""

    @staticmethod
    @abstractmethod
    def _resource(answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the resource in such a response."""

    @classmethod
    @abstractmethod
    def _certificate(cls, answer: Mapping[str, Any]) -> str | None:
        """Return the certificate of the resource in such a response."""

    @abstractmethod
    def _update(self, binding: Binding, answer: Mapping[str, Any], certificate_arn: str) -> bool:
        """Write the resource with another certificate; false if it was changed since."""


class Distributions(VersionedResources, ResourceConsumer):
    """The distributions of one account."""

    kinds = (DISTRIBUTION,)
    permissions = PERMISSIONS
    refusals = _REFUSALS
    whole_writes = (CONFIG_WRITE,)

    @classmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        """Return whether it is a distribution of the account."""
        return not arn.foreign and _is_distribution(arn)

    @classmethod
    def label(cls, arn: ConsumerArn) -> str | None:
        """Return the id of a distribution."""
        return f"CloudFront distribution {arn.name}" if _is_distribution(arn) else None

    @classmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> tuple[str, ...]:
        """Return the calls that read a configuration and write it with another certificate."""
        get = f"aws cloudfront get-distribution-config --id {arn.name}"
        update = f"aws cloudfront update-distribution --id {arn.name} --if-match ETAG"
        edit = f"set ACMCertificateArn to {successor_arn}, and drop Certificate and"
        return (
            f"{get} --query ETag --output text",
            f"{get} --query DistributionConfig --output json > distribution.json",
            f"# In distribution.json, ViewerCertificate: {edit} CertificateSource.",
            f"{update} --distribution-config file://distribution.json",
        )

    def read_calls(self) -> Iterator[ReadCall]:
        """Yield the call that reads a distribution."""
        client, scope = self._client, self._scope
        yield ReadCall(
            "cloudfront:GetDistribution",
            f"arn:{scope.partition}:cloudfront::{scope.account_id}:distribution/*",
            lambda: client.get_distribution(Id="E0000000000000"),
            frozenset({_GONE}),
        )

    @validated_response("GetDistribution")
    def settings_of(self, arn: ConsumerArn) -> list[tuple[Binding, str]]:
        """Return the distribution with its certificate."""
        found = self._get(arn.name)
        certificate = None if found is None else self._certificate(found)
        if found is None or certificate is None:
            return []
        config = self._resource(found)["DistributionConfig"]
        aliases = config.get("Aliases", {}).get("Items", [])
        names = f" ({', '.join(aliases)})" if aliases else ""
        label = f"CloudFront distribution {arn.name}{names}"
        return [(Binding(DISTRIBUTION, arn.name, label=label), certificate)]

    @validated_response("GetDistribution")
    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificate, see `VersionedResources`."""
        return super().current(binding)

    @validated_response("GetDistribution")
    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set the certificate, see `VersionedResources`.

        A distribution with a continuous deployment policy requires a manual step.
        """
        super().bind(binding, certificate_arn, instead_of=instead_of)

    def steps_before(self, binding: Binding) -> tuple[str, ...]:
        """Return the calls that detach a continuous deployment policy.

        A policy that the update leaves out stays attached (aws/aws-sdk-js-v3#7417).
        """
        get = f"aws cloudfront get-distribution-config --id {binding.consumer}"
        update = f"aws cloudfront update-distribution --id {binding.consumer} --if-match ETAG"
        return (
            f"{get} --query ETag --output text",
            f"{get} --query DistributionConfig --output json > distribution.json",
            '# In distribution.json, set ContinuousDeploymentPolicyId to ""; note the old value.',
            "# A staging distribution has no such value: use the id of its primary distribution.",
            f"{update} --distribution-config file://distribution.json",
            "# The next run changes the certificate; then attach the policy again.",
        )

    def arn_of(self, binding: Binding) -> ConsumerArn:
        """Return the ARN of the distribution."""
        account, partition = self._scope.account_id, self._scope.partition
        arn = f"arn:{partition}:cloudfront::{account}:distribution/{binding.consumer}"
        return ConsumerArn.parse(arn, account)

    def _update(self, binding: Binding, answer: Mapping[str, Any], certificate_arn: str) -> bool:
        config = self._resource(answer)["DistributionConfig"]
        if config.get("ContinuousDeploymentPolicyId"):
            steps = self.steps_before(binding)
            raise ManualStepRequiredError("\n".join((_CONTINUOUS_DEPLOYMENT, *steps)))
        viewer = {
            name: value
            for name, value in config["ViewerCertificate"].items()
            if f"ViewerCertificate.{name}" not in CONFIG_WRITE.changed
        }
        config = {**config, "ViewerCertificate": {**viewer, "ACMCertificateArn": certificate_arn}}
        request: Any = {
            "Id": binding.consumer,
            "IfMatch": answer["ETag"],
            "DistributionConfig": config,
        }
        require_complete(self._client, CONFIG_WRITE, answer, request)
        written = unless("PreconditionFailed", lambda: self._client.update_distribution(**request))
        return written is not None

    def _get(self, name: str) -> GetDistributionResultTypeDef | None:
        return unless(_GONE, lambda: self._client.get_distribution(Id=name))

    @staticmethod
    def _resource(answer: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = answer["Distribution"]
        return found

    @classmethod
    def _certificate(cls, answer: Mapping[str, Any]) -> str | None:
        viewer = cls._resource(answer)["DistributionConfig"].get("ViewerCertificate", {})
        found: str | None = viewer.get("ACMCertificateArn")
        return found


def _is_distribution(arn: ConsumerArn) -> bool:
    return (arn.service, arn.type) == ("cloudfront", "distribution")
