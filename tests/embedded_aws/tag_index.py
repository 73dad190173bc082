"""The Resource Groups Tagging API: the tags of many certificates in one call.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.embedded_aws.certificates import Certificate, tag_list
from tests.embedded_aws.protocol import AwsError, Request
from tests.estates.estate import Estate

Result = dict[str, Any]
Handlers = Mapping[tuple[str, str], Callable[[Request], Result]]
#: "You can't specify both this parameter and ..." (GetResources, ResourceARNList).
_NOT_BESIDE_ARNS = (
    "ResourceTypeFilters",
    "TagFilters",
    "ResourcesPerPage",
    "TagsPerPage",
    "PaginationToken",
)


class TagIndex:
    """The index of an account and region, which has tags some time after ACM has them."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._earlier: Mapping[str, Mapping[str, str] | None] | None = None

    def reset(self) -> None:
        self._earlier = None

    def stand_still(self) -> None:
        """Show the tags of this moment from now on, and no later certificate."""
        self._earlier = {entry.arn: _indexed(entry) for entry in self._estate.all()}

    def catch_up(self) -> None:
        """Show current tags again."""
        self._earlier = None

    def handlers(self) -> Handlers:
        return {("resourcegroupstaggingapi", "GetResources"): self.get}

    def get(self, request: Request) -> Result:
        """Answer for ARNs; a resource that never had a tag is left out, like a missing one.

        "Returns all the tagged or previously tagged resources", one without tags now "with an empty
        tag set", and "if a resource specified by this parameter doesn't exist, it doesn't generate
        an error; it simply isn't included".
        The documentation refuses an ARN of another partition; one of another region or account is
        refused here, too, because what AWS answers is not documented.
        """
        arns = request.parameters.get("ResourceARNList")
        if arns is None:
            raise NotImplementedError("GetResources without ResourceARNList")
        if beside := [name for name in _NOT_BESIDE_ARNS if name in request.parameters]:
            raise _invalid(f"ResourceARNList cannot be combined with {', '.join(beside)}.")
        found = {arn: self._shown(request, _checked(request, arn)) for arn in arns}
        return {
            "PaginationToken": "",
            "ResourceTagMappingList": [
                {"ResourceARN": arn, "Tags": tag_list(tags)}
                for arn, tags in found.items()
                if tags is not None
            ],
        }

    def _shown(self, request: Request, arn: str) -> Mapping[str, str] | None:
        if self._earlier is not None:
            return self._earlier.get(arn)
        certificate = self._estate.find(request, arn)
        return None if certificate is None else _indexed(certificate)


def _indexed(certificate: Certificate) -> Mapping[str, str] | None:
    """Return the tags; None for a certificate that never had one."""
    return dict(certificate.tags) if certificate.tags or certificate.had_tags else None


def _checked(request: Request, arn: str) -> str:
    where = (request.partition, "acm", request.region, request.account)
    parts = arn.split(":")
    if parts[0] != "arn" or len(parts) != 6:
        raise _invalid(f"{arn} is not an ARN.")
    if parts[2] != "acm":
        raise NotImplementedError(f"GetResources for {parts[2]}")
    if tuple(parts[1:5]) != where:
        raise _invalid(f"{arn} is not a resource of {':'.join(where)}.")
    return arn


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)
