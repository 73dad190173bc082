"""Route 53: the name servers that a hosted zone has to be delegated to."""

from __future__ import annotations

from typing import Any

from certificate_lifecycle.aws.permissions import Command, declare
from certificate_lifecycle.aws.responses import unless
from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.policy.validation import Zone

PERMISSIONS = declare(
    (Command.DOCTOR,),
    "route53",
    ("arn:{partition}:route53:::hostedzone/{hosted_zone}",),
    GetHostedZone="the name servers of a zone",
)


def assigned_name_servers(client: Any, zone: Zone) -> frozenset[str]:  # noqa: ANN401 - the stubs know no common type
    """Return the name servers that Route 53 assigned to a public zone.

    A role that only writes validation records may not read them. The NS records of the zone itself
    are used then: Route 53 created them with the same names.
    """
    answer = unless("AccessDenied", lambda: client.get_hosted_zone(Id=zone.zone_id))
    if answer is not None:
        return frozenset(dns_form(name) for name in answer["DelegationSet"]["NameServers"])
    answer = client.list_resource_record_sets(
        HostedZoneId=zone.zone_id, StartRecordName=zone.name, StartRecordType="NS", MaxItems="1"
    )
    return frozenset(
        dns_form(entry["Value"])
        for record in answer["ResourceRecordSets"]
        if record["Type"] == "NS" and dns_form(record["Name"]) == zone.name
        for entry in record["ResourceRecords"]
    )
