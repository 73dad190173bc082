"""CloudFront: the distributions that tests make, and how they are updated.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdateDistribution.html
moto takes any If-Match, and calls the certificate CloudFront's own beside one of ACM's.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.protocol import AwsError, EditedResult, Request
from tests.estates.estate import Estate
from tests.harness.settings import EDGE_KEYS, EDGE_REGION, Elsewhere, Knobs, Uses, place, usable

Result = dict[str, Any]


@dataclass
class Distribution:
    """One distribution; `etag` changes with each update.

    `unknown` has XML elements that no model knows, by the path of their parent in the
    configuration.
    """

    id: str
    config: Result
    etag: int = 1
    updated_at: datetime | None = None
    certificate_changed_at: datetime | None = None
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        account = place(self.certificate).partition(":")[2]
        return f"arn:aws:cloudfront::{account}:distribution/{self.id}"

    @property
    def certificate(self) -> str:
        return str(self.config["ViewerCertificate"]["ACMCertificateArn"])


class Distributions:
    """The distributions that tests have made."""

    def __init__(self, estate: Estate, knobs: Callable[[], Knobs], uses: Uses) -> None:
        self._estate = estate
        self._knobs = knobs
        self._uses = uses
        self.all: dict[str, Distribution] = {}

    def reset(self) -> None:
        self.all.clear()

    def add(self, certificate: str, *aliases: str) -> str:
        found = f"E{len(self.all) + 1:013d}"
        self.all[found] = Distribution(found, _config(certificate, aliases))
        return found

    def users(self, certificate: Certificate) -> Iterator[str]:
        return (entry.arn for entry in self.all.values() if entry.certificate == certificate.arn)

    def certificates(self, name: str) -> list[str]:
        return [self.all[name].certificate] if name in self.all else []

    def remove(self, name: str) -> None:
        self.all.pop(name, None)

    def unknown(self, name: str) -> dict[str, Any] | None:
        return self.all[name].unknown if name in self.all else None

    def snapshot(self) -> dict[str, Any]:
        return {
            found: [self.shown(each)["Distribution"], each.unknown]
            for found, each in self.all.items()
        }

    def handlers(self) -> Mapping[tuple[str, str], Callable[[Request], Result]]:
        return {
            ("cloudfront", "GetDistribution"): self.get,
            ("cloudfront", "UpdateDistribution"): self.update,
        }

    def get(self, request: Request) -> Result:
        distribution = self._named(request)
        return EditedResult(
            self.shown(distribution),
            partial(with_unknown, distribution.unknown, inside="DistributionConfig"),
        )

    def shown(self, distribution: Distribution) -> Result:
        return {
            "Distribution": {
                "Id": distribution.id,
                "ARN": distribution.arn,
                "Status": self._status(distribution),
                "LastModifiedTime": datetime(2026, 1, 1, tzinfo=UTC),
                "InProgressInvalidationBatches": 0,
                "DomainName": f"{distribution.id.lower()}.cloudfront.net",
                "DistributionConfig": _complete(distribution.config),
            },
            "ETag": f"ETAG{distribution.etag}",
        }

    def update(self, request: Request) -> Result:
        """Replace the whole configuration, if it is the one that was read.

        https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdateDistribution.html
        """
        distribution, wanted = self._named(request), request.parameters
        if not wanted.get("IfMatch"):
            raise AwsError("InvalidIfMatchVersion", "The If-Match version is missing.", status=400)
        if wanted["IfMatch"] != f"ETAG{distribution.etag}":
            raise AwsError("PreconditionFailed", "The precondition failed.", status=412)
        config = copy.deepcopy(dict(wanted["DistributionConfig"]))
        viewer = config.get("ViewerCertificate") or {}
        arn = viewer.get("ACMCertificateArn")
        if not arn or not usable(self._estate, arn, EDGE_REGION, EDGE_KEYS):
            raise AwsError("InvalidViewerCertificate", f"{arn} cannot be used.", status=400)
        if viewer.get("CloudFrontDefaultCertificate"):
            raise AwsError("InvalidArgument", "Two certificates at once.", status=400)
        if arn != distribution.certificate:
            self._may_change_certificate(distribution)
        if not self._knobs().ignores(distribution.id):
            if arn != distribution.certificate:
                self._uses.let_go(distribution.certificate, distribution.arn)
                distribution.certificate_changed_at = self._estate.now
            distribution.config = config
            distribution.unknown = repeated(distribution.unknown, request.body)
            distribution.updated_at = self._estate.now
            distribution.etag += 1
        return self.shown(distribution)

    def _may_change_certificate(self, distribution: Distribution) -> None:
        """Refuse the change of a certificate while CloudFront allows none.

        Sources: https://github.com/hashicorp/terraform/issues/13495 (one change at a time),
        https://github.com/aws/aws-cli/issues/10446 (a continuous deployment policy),
        https://github.com/hashicorp/terraform-provider-aws/issues/28920 (a staging distribution).
        """
        since, deploys = distribution.certificate_changed_at, self._knobs().cloudfront_deploys
        if since is not None and self._estate.now < since + deploys:
            text = "Only one viewer certificate change may be in progress at a time."
            raise AwsError("IllegalUpdate", text, status=400)
        config = distribution.config
        if config.get("ContinuousDeploymentPolicyId") or config.get("Staging"):
            text = "One or more fields updated are not supported for continuous deployment."
            raise AwsError("IllegalUpdate", text, status=400)

    def _status(self, distribution: Distribution) -> str:
        deploys = self._knobs().cloudfront_deploys
        since = distribution.updated_at
        busy = since is not None and self._estate.now < since + deploys
        return "InProgress" if busy else "Deployed"

    def _named(self, request: Request) -> Distribution:
        found = self.all.get(request.parameters["Id"])
        if found is None:
            raise Elsewhere
        return found


def _complete(config: Result) -> Result:
    """Show the deprecated members as AWS does, which an update must leave out.

    https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ViewerCertificate.html
    """
    shown = copy.deepcopy(config)
    viewer = shown["ViewerCertificate"]
    viewer |= {"CloudFrontDefaultCertificate": False, "CertificateSource": "acm"}
    viewer["Certificate"] = viewer["ACMCertificateArn"]
    return shown


def with_unknown(unknown: Mapping[str, str], body: bytes, *, inside: str = "") -> bytes:
    """Add the elements of `unknown` to an XML response, as a newer API has them.

    Their paths begin at the element that is named `inside`, or at the root.
    """
    root = ET.fromstring(body)
    for path, element in unknown.items():
        _parent(_parent(root, inside), path).append(ET.fromstring(element))
    return ET.tostring(root)


def repeated(unknown: Mapping[str, str], body: bytes) -> dict[str, str]:
    """Return the elements of `unknown` that an update repeats: it removes all others.

    "the update process replaces the existing configuration" (API reference, UpdateDistribution).
    """
    config = ET.fromstring(body)
    kept = {}
    for path, element in unknown.items():
        names = [*filter(None, path.split("/")), ET.fromstring(element).tag]
        if config.find("/".join(f"{{*}}{name}" for name in names)) is not None:
            kept[path] = element
    return kept


def _parent(config: ET.Element, path: str) -> ET.Element:
    found = config.find("/".join(f"{{*}}{name}" for name in path.split("/"))) if path else config
    if found is None:
        raise AwsError("MalformedXML", f"there is no {path}", status=400)
    return found


def _config(certificate: str, aliases: tuple[str, ...]) -> Result:
    return {
        "CallerReference": "test",
        "Aliases": {"Quantity": len(aliases), "Items": list(aliases)},
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "origin",
                    "DomainName": "origin.example.com",
                    "CustomOriginConfig": {
                        "HTTPPort": 80,
                        "HTTPSPort": 443,
                        "OriginProtocolPolicy": "https-only",
                    },
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "origin",
            "ViewerProtocolPolicy": "redirect-to-https",
        },
        "Comment": "a comment that has to survive",
        "Enabled": True,
        "ViewerCertificate": {
            "ACMCertificateArn": certificate,
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        },
    }
