"""The tags of many certificates in one call, by the Resource Groups Tagging API of a region."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from certificate_lifecycle.aws.permissions import EVERYTHING, ROTATIONS, Command, declare
from certificate_lifecycle.aws.responses import arn_in, validated_response
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.errors import UnexpectedResponseError

Tags = tuple[tuple[str, str], ...]

PERMISSIONS = declare(
    (*ROTATIONS, Command.SCAN, Command.DOCTOR),
    "tag",
    EVERYTHING,
    GetResources="read the tags of many certificates",
)
#: API reference, GetResources, ResourceARNList.
MOST_ARNS = 100


class TagIndex:
    """The index of the tags of all resources of one account and region.

    It has a change some time after ACM: a decision to write needs the tags that ACM returns.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client
        self._failed = False

    def tags_of(self, arns: Sequence[str]) -> Mapping[str, Tags]:
        """Return the tags of certificates by ARN; a missing ARN was not read.

        "GetResources does not return untagged resources" (API reference): one that a complete
        response leaves out has no tags. After a failure, all others are not read in this run.
        """
        found: dict[str, Tags] = {}
        for start in range(0, len(arns), MOST_ARNS):
            if self._failed:
                break
            try:
                found |= self._page(arns[start : start + MOST_ARNS])
            except (BotoCoreError, ClientError, UnexpectedResponseError):
                self._failed = True
                logger.warning("tags are read one by one", exc_info=True)
        return found

    @validated_response("GetResources")
    def _page(self, arns: Sequence[str]) -> Mapping[str, Tags]:
        answer = self._client().get_resources(ResourceARNList=list(arns))
        found: dict[str, Tags] = {}
        for entry in answer["ResourceTagMappingList"]:
            arn = arn_in(entry, "ResourceARN")
            if arn not in arns:
                raise ValueError(f"{arn} was not asked for")
            found[arn] = tuple((tag["Key"], tag["Value"]) for tag in entry["Tags"])
        # A request by ARN has no further page; a token means that the response is not complete.
        if answer.get("PaginationToken"):
            return found
        return {arn: found.get(arn, ()) for arn in arns}
