"""Route 53: the name servers that a hosted zone has to be delegated to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import Command, Permission
from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.policy.validation import Zone

PERMISSIONS = (
    Permission(
        "route53:GetHostedZone",
        (Command.DOCTOR,),
        ("arn:{partition}:route53:::hostedzone/{hosted_zone}",),
        "the name servers of a zone",
    ),
)


class DelegationSets:
    """The delegation sets of hosted zones; `client_for` returns the client for a zone's role."""

    def __init__(self, client_for: Callable[[str | None], Any]) -> None:
        self._client_for = client_for

    def name_servers(self, zone: Zone) -> frozenset[str]:
        """Return the name servers that Route 53 gave to a public zone.

        A role that is there to write validation records may not ask; for it the NS records of the
        zone itself have to do, which Route 53 made of the same and nobody has a reason to change.
        """
        client = self._client_for(zone.role_arn)
        try:
            answer = client.get_hosted_zone(Id=zone.zone_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            return self._of_the_zone_itself(client, zone)
        return frozenset(dns_form(name) for name in answer["DelegationSet"]["NameServers"])

    def _of_the_zone_itself(self, client: Any, zone: Zone) -> frozenset[str]:  # noqa: ANN401 - the stubs know no common type
        answer = client.list_resource_record_sets(
            HostedZoneId=zone.zone_id,
            StartRecordName=zone.name,
            StartRecordType="NS",
            MaxItems="1",
        )
        return frozenset(
            dns_form(entry["Value"])
            for record in answer["ResourceRecordSets"]
            if record["Type"] == "NS" and dns_form(record["Name"]) == zone.name
            for entry in record["ResourceRecords"]
        )
