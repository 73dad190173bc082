"""S3: moto's buckets, without its reading of bucket policies.

moto 5.2.5 judges statements for everybody and leaves out their conditions, so that a policy which
refuses plain HTTP refuses everything.
"""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket


def _has_no_opinion(self: FakeBucket, action: str, resource: str) -> PermissionResult:  # noqa: ARG001 - moto's own signature
    return PermissionResult.NEUTRAL


def install() -> None:
    """Let bucket policies be stored, and decide nothing."""
    FakeBucket.get_permission = _has_no_opinion  # type: ignore[method-assign] # moto has no other way in
