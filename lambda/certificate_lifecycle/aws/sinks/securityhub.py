"""Findings in Security Hub in the function's own account and region."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import Setting, at_home, for_rotation_function
from certificate_lifecycle.aws.responses import error_code, paginated, validated_response
from certificate_lifecycle.aws.sinks.base import RequireTime, Sink
from certificate_lifecycle.model.errors import FindingsRejectedError, SecurityHubNotEnabledError
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.render.asff import (
    ACTIVE,
    Finding,
    Source,
    batches,
    updates,
)

if TYPE_CHECKING:
    from certificate_lifecycle.aws.clients import Clients
    from certificate_lifecycle.model.scope import Scope
    from certificate_lifecycle.policy.settings import RotationSettings

PERMISSIONS = (
    *for_rotation_function(
        "securityhub",
        at_home("securityhub", "hub/default"),
        Setting.SECURITY_HUB,
        GetFindings="find active findings",
    ),
    *for_rotation_function(
        "securityhub",
        at_home("securityhub", "product/{account}/default"),
        Setting.SECURITY_HUB,
        BatchImportFindings="report and archive findings",
    ),
)
_SHOWN_REFUSALS = 3


class SecurityHub(Sink):
    """Security Hub with the findings of one instance."""

    name = "Security Hub"
    permissions = PERMISSIONS

    def __init__(self, client: Callable[[], Any], source: Source) -> None:
        self._client = client
        self._source = source

    @classmethod
    def from_settings(
        cls, settings: RotationSettings, home: Scope, clients: Clients
    ) -> SecurityHub | None:
        """Return Security Hub if it is configured."""
        if not settings.security_hub:
            return None
        source = Source(home, settings.name_prefix)
        return cls(lambda: clients.any("securityhub", home.region), source)

    def publish(self, run: Run, require_time: RequireTime) -> None:
        """Report open findings and archive resolved ones.

        Raises FindingsRejectedError after all batches if some findings were refused, and
        SecurityHubNotEnabledError.
        """
        refused: list[Mapping[str, Any]] = []
        with self._enabled(), validated_response("Security Hub"):
            findings = updates(run, self._source, self._known(require_time))
            for batch in batches(findings):
                require_time()
                answer = self._client().batch_import_findings(Findings=batch)
                if answer["FailedCount"]:
                    refused += answer["FailedFindings"]
        if refused:
            first = "; ".join(
                f"{entry.get('Id', 'a finding')}: {entry.get('ErrorCode', 'no reason given')}"
                for entry in refused[:_SHOWN_REFUSALS]
            )
            raise FindingsRejectedError(
                f"{len(refused)} of {len(findings)} findings were refused: {first}"
            )

    def _known(self, require_time: RequireTime) -> list[Finding]:
        """Return the active findings of this instance.

        The product is filtered because an administrator account also reads those of its members.
        """
        wanted = {
            "GeneratorId": self._source.instance,
            "ProductArn": self._source.product_arn,
            "RecordState": ACTIVE,
        }
        filters = {key: [{"Value": value, "Comparison": "EQUALS"}] for key, value in wanted.items()}
        known: list[Finding] = []
        require_time()
        for finding in paginated(
            self._client(), "get_findings", "Findings", required=True, Filters=filters
        ):
            known.append(finding)
            require_time()
        return known

    @contextmanager
    def _enabled(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if error_code(error) != "InvalidAccessException":
                raise
            home = self._source.home
            raise SecurityHubNotEnabledError(
                f"Security Hub is not enabled in account {home.account_id}, {home.region}"
            ) from error
