"""The regions in which the consumers of a certificate are searched and changed.

CloudFront serves edge-optimised domain names of API Gateway and custom domains of Cognito and
Amplify. Such a consumer can be in any region, and its certificate is in one region of the partition
(ACM user guide, "Supported Regions"). All other consumers are in the region of their certificate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.bindings import ConsumerArn

#: The region of the certificates that CloudFront serves, by partition. The other partitions have no
#: edge-optimised domain names ("Getting Started with AWS services in China", "Amazon API Gateway").
_EDGE_REGIONS = {"aws": "us-east-1"}


@dataclass(frozen=True, slots=True)
class RunRegions:
    """The regions of a run.

    `monitored` regions are read and written. `others`, such as the region of the functions, are
    only read: a consumer there is found and named, and a person changes its certificate.
    """

    monitored: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def beside(self, scope: Scope) -> tuple[str, ...]:
        """Return the regions that may have edge consumers of the certificates of `scope`.

        The region of `scope` is not one of them. None, unless its certificates are those of
        CloudFront.
        """
        if scope.region != _EDGE_REGIONS.get(scope.partition):
            return ()
        return tuple(sorted({*self.monitored, *self.others} - {scope.region}))

    def all_of(self, scope: Scope) -> tuple[str, ...]:
        """Return every region in which edge consumers of the certificates of `scope` are searched.

        None, unless its certificates are those of CloudFront.
        """
        beside = self.beside(scope)
        return tuple(sorted({*beside, scope.region})) if beside else ()

    def are_read_only(self, region: str) -> bool:
        """Return whether consumers in a region of the run are not changed."""
        return region in self.others and region not in self.monitored


def may_be_anywhere(arns: Iterable[ConsumerArn]) -> bool:
    """Return whether an entry of `InUseBy` names no region, as those of CloudFront do."""
    return any(arn.service == "cloudfront" and not arn.region for arn in arns)
