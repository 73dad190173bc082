"""Route 53: the name servers that a hosted zone has to be delegated to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from certificate_lifecycle.aws.permissions import COMMAND_LINE, Permission
from certificate_lifecycle.core.names import dns_form
from certificate_lifecycle.core.validation import Zone

PERMISSIONS = (
    Permission(
        "route53:GetHostedZone", COMMAND_LINE, "doctor: which name servers a zone was given"
    ),
)


class DelegationSets:
    """The delegation sets of hosted zones; `client_for` returns the client for a zone's role."""

    def __init__(self, client_for: Callable[[str | None], Any]) -> None:
        self._client_for = client_for

    def name_servers(self, zone: Zone) -> frozenset[str]:
        """Return the name servers that Route 53 gave to a public zone."""
        answer = self._client_for(zone.role_arn).get_hosted_zone(Id=zone.zone_id)
        return frozenset(dns_form(name) for name in answer["DelegationSet"]["NameServers"])
