"""Reports in a bucket; `aws.s3` declares the permission."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.report_assets import read_assets
from certificate_lifecycle.aws.s3 import put_text
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.render.report.documents import documents

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class DatedReports:
    """The reports of an instance by day, and the latest one under a fixed name."""

    def __init__(self, client: Callable[[], S3Client], bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, run: Run) -> str:
        """Write the three documents of a run and return the address of the page.

        A dry run and a run over some certificates do not replace the latest report.
        """
        folder = f"reports/{run.instance}/"
        name = f"{folder}{run.started_at:%Y/%m/%d}/{run.run_id}"
        newest = run.full_scan and not run.dry_run
        for document in documents(run, read_assets()):
            for key, cache in (
                (f"{name}.{document.suffix}", "private"),
                *([(f"{folder}latest.{document.suffix}", "no-store")] if newest else []),
            ):
                put_text(
                    self._client(),
                    bucket=self._bucket,
                    key=key,
                    text=document.text,
                    content_type=document.content_type,
                    cache=cache,
                )
        return f"s3://{self._bucket}/{name}.html"


class RunReports:
    """The report of a run over an organization, beside the results of its steps."""

    def __init__(self, client: Callable[[], S3Client], bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._name = f"{prefix}report"

    def put(self, run: Run) -> str:
        """Write the three documents of the run and return the address of the page."""
        for document in documents(run, read_assets()):
            put_text(
                self._client(),
                bucket=self._bucket,
                key=f"{self._name}.{document.suffix}",
                text=document.text,
                content_type=document.content_type,
            )
        return f"s3://{self._bucket}/{self._name}.html"
