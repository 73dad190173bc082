"""Objects in a bucket: reports, and the results of the steps of an organization run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from certificate_lifecycle.aws.permissions import Setting, for_rotation_function
from certificate_lifecycle.aws.responses import validated_response
from certificate_lifecycle.model.errors import DocumentError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PERMISSIONS = (
    *for_rotation_function(
        "s3",
        ("arn:{partition}:s3:::{report_bucket}/reports/{instance}/*",),
        Setting.REPORTS,
        PutObject="write the report of a run",
    ),
    *for_rotation_function(
        "s3",
        ("arn:{partition}:s3:::{organization_bucket}/runs/*",),
        Setting.ORGANIZATION,
        PutObject="keep the results of a step",
        GetObject="read the results of other steps",
    ),
    *for_rotation_function(
        "s3",
        ("arn:{partition}:s3:::{organization_bucket}",),
        Setting.ORGANIZATION,
        ListBucket="find accounts without results",
    ),
)


def put_text(
    client: S3Client, *, bucket: str, key: str, text: str, content_type: str, cache: str = "private"
) -> None:
    """Write an object; `cache` is its Cache-Control header (RFC 9111)."""
    client.put_object(
        Bucket=bucket,
        Key=key,
        Body=text.encode(),
        ContentType=content_type,
        CacheControl=cache,
    )


class S3Documents:
    """The documents of one run, below its own prefix."""

    def __init__(self, client: Callable[[], S3Client], bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def put(self, name: str, content: object) -> None:
        """Store plain data as JSON."""
        put_text(
            self._client(),
            bucket=self._bucket,
            key=self._prefix + name,
            text=json.dumps(content),
            content_type="application/json",
        )

    @validated_response("ListObjectsV2")
    def names(self, folder: str) -> frozenset[str]:
        """Return the names of all documents in a folder."""
        pages = (
            self._client()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self._bucket, Prefix=self._prefix + folder)
        )
        return frozenset(
            found["Key"].removeprefix(self._prefix)
            for page in pages
            for found in page.get("Contents", ())
        )

    def get(self, name: str) -> Any:  # noqa: ANN401 - JSON has any type
        """Return the content of a document; raises DocumentError if it is not JSON."""
        answer = self._client().get_object(Bucket=self._bucket, Key=self._prefix + name)
        try:
            return json.loads(answer["Body"].read())
        except (RecursionError, ValueError) as error:
            raise DocumentError(f"{self.address(name)} is not JSON") from error

    def address(self, name: str) -> str:
        """Return the S3 URI of a document."""
        return f"s3://{self._bucket}/{self._prefix}{name}"
