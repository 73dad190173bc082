"""Route 53's record operations, over the zones that moto keeps.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53.html
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.utils import utcnow
from moto.route53.models import FakeZone, RecordSet

from tests.embedded_aws.actions import record_name
from tests.embedded_aws.protocol import AwsError, Request
from tests.embedded_aws.zones import Zones, backend, holds, normalised, reversed_labels

Result = dict[str, Any]
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
MAX_ELEMENTS = 1000
MAX_CHARACTERS = 32_000
MAX_RECORDS = 300
MAX_ZONES = 100


class Route53:
    """The operations on zones and records that moto answers differently from AWS."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    def handlers(self) -> Mapping[str, Callable[[Request], Result]]:
        return {
            "ChangeResourceRecordSets": self.change_records,
            "ListHostedZones": self.list_zones,
            "ListHostedZonesByName": self.list_zones_by_name,
            "ListResourceRecordSets": self.list_records,
        }

    def list_zones(self, request: Request) -> Result:
        wanted = request.parameters
        zones = sorted(_zones(request), key=lambda zone: str(zone.resource_id))
        if wanted.get("HostedZoneType") == "PrivateHostedZone":
            zones = [zone for zone in zones if zone.private_zone]
        marker = wanted.get("Marker")
        if marker:
            if marker not in {zone.resource_id for zone in zones}:
                raise AwsError("InvalidInput", f"Marker {marker} names no hosted zone.")
            zones = [zone for zone in zones if str(zone.resource_id) >= marker]
        size = min(int(wanted.get("MaxItems") or MAX_ZONES), self._zones.page_size)
        result: Result = {
            "HostedZones": [_zone_row(zone) for zone in zones[:size]],
            "IsTruncated": len(zones) > size,
            "MaxItems": str(size),
            "Marker": marker or "",
        }
        if len(zones) > size:
            result["NextMarker"] = zones[size].resource_id
        return result

    def list_zones_by_name(self, request: Request) -> Result:
        """List the zones *from* the name on, private ones too; an exact match is not needed."""
        wanted = request.parameters
        name, zone_id = wanted.get("DNSName"), wanted.get("HostedZoneId")
        if zone_id and not name:
            raise AwsError("InvalidInput", "HostedZoneId needs DNSName.")
        zones = sorted(_zones(request), key=_zone_order)
        if name:
            start = (reversed_labels(name), (zone_id or "").rpartition("/")[2])
            zones = [zone for zone in zones if _zone_order(zone) >= start]
        size = min(int(wanted.get("MaxItems") or MAX_ZONES), MAX_ZONES)
        result: Result = {
            "HostedZones": [_zone_row(zone) for zone in zones[:size]],
            "IsTruncated": len(zones) > size,
            "MaxItems": str(size),
        }
        if name:
            result["DNSName"] = name
        if len(zones) > size:
            result["NextDNSName"] = shown(zones[size].name)
            result["NextHostedZoneId"] = zones[size].resource_id
        return result

    def list_records(self, request: Request) -> Result:
        wanted = request.parameters
        zone = _zone(request, wanted["HostedZoneId"])
        name, kind = wanted.get("StartRecordName"), wanted.get("StartRecordType")
        if kind and not name:
            raise AwsError("InvalidInput", "StartRecordType needs StartRecordName.")
        rows = sorted(zone.rrsets, key=_record_order)
        if name:
            start = (
                reversed_labels(name),
                kind or "",
                wanted.get("StartRecordIdentifier") or "",
            )
            rows = [row for row in rows if _record_order(row) >= start]
        size = min(int(wanted.get("MaxItems") or MAX_RECORDS), MAX_RECORDS)
        result: Result = {
            "ResourceRecordSets": [_record_row(row) for row in rows[:size]],
            "IsTruncated": len(rows) > size,
            "MaxItems": str(size),
        }
        if len(rows) > size:
            following = rows[size]
            result["NextRecordName"] = shown(following.name)
            result["NextRecordType"] = following.type
            result["NextRecordIdentifier"] = following.set_identifier
        return {key: value for key, value in result.items() if value is not None}

    def change_records(self, request: Request) -> Result:
        """Apply a batch as a whole, or not at all."""
        wanted = request.parameters
        zone = _zone(request, wanted["HostedZoneId"])
        changes = [_canonical(change) for change in wanted["ChangeBatch"]["Changes"]]
        _check_size(changes)
        _check_duplicates(changes)
        records = {_key(row): row for row in copy.copy(zone.rrsets)}
        faults: list[str] = []
        for change in changes:
            fault = _apply(records, change, zone)
            if fault:
                faults.append(fault)
        faults = faults or _conflicts(records, zone)
        if faults:
            raise AwsError("InvalidChangeBatch", f"[{', '.join(faults)}]")
        zone.rrsets = list(records.values())
        return {
            "ChangeInfo": {
                "Id": f"/change/C{uuid.uuid4().hex[:20].upper()}",
                "Status": "PENDING",
                "SubmittedAt": utcnow(),
            },
        }


RecordKey = tuple[str, str, str]


def _zones(request: Request) -> list[FakeZone]:
    return list(backend(request.account, request.partition).zones.values())


def _zone(request: Request, zone_id: str) -> FakeZone:
    wanted = zone_id.rpartition("/")[2]
    for zone in _zones(request):
        if zone.resource_id == wanted:
            return zone
    raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {wanted}", status=404)


def _zone_order(zone: FakeZone) -> tuple[tuple[str, ...], str]:
    return reversed_labels(zone.name), str(zone.resource_id)


def _record_order(row: RecordSet) -> tuple[tuple[str, ...], str, str]:
    return reversed_labels(row.name), str(row.type), str(row.set_identifier or "")


def shown(name: str) -> str:
    r"""Write a name as Route 53 lists it: lower case, `*` as `\052`, with its trailing dot."""
    return f"{record_name(name)}."


def _zone_row(zone: FakeZone) -> Result:
    config: Result = {"PrivateZone": bool(zone.private_zone)}
    if zone.comment:
        config["Comment"] = zone.comment
    return {
        "Id": f"/hostedzone/{zone.resource_id}",
        "Name": shown(zone.name),
        "CallerReference": zone.caller_reference,
        "Config": config,
        "ResourceRecordSetCount": len(zone.rrsets),
    }


def _record_row(row: RecordSet) -> Result:
    listed: Result = {
        "Name": shown(row.name),
        "Type": row.type,
        "TTL": int(row.ttl) if row.ttl is not None else None,
        "ResourceRecords": [{"Value": value} for value in row.records or []] or None,
        "AliasTarget": row.alias_target,
        "SetIdentifier": row.set_identifier,
        "Weight": row.weight,
        "Region": row.region,
        "Failover": row.failover,
        "GeoLocation": row.geo_location,
        "HealthCheckId": row.health_check_id,
        "MultiValueAnswer": row.multi_value_answer,
    }
    return {key: value for key, value in listed.items() if value is not None}


def _canonical(change: Mapping[str, Any]) -> Result:
    """Rewrite a change's name as the zone stores it: lower case, decoded, trailing dot."""
    row = dict(change["ResourceRecordSet"])
    row["Name"] = f"{normalised(row['Name'])}."
    if "ResourceRecords" in row:
        row["ResourceRecords"] = [record["Value"] for record in row["ResourceRecords"]]
    return {"Action": change["Action"], "ResourceRecordSet": row}


def _check_size(changes: list[Result]) -> None:
    """Hold the batch to its limits; an UPSERT counts twice, in elements and in characters."""
    elements = characters = 0
    for change in changes:
        weight = 2 if change["Action"] == "UPSERT" else 1
        values = change["ResourceRecordSet"].get("ResourceRecords", [])
        elements += weight * len(values)
        characters += weight * sum(map(len, values))
    if elements > MAX_ELEMENTS:
        raise AwsError(
            "InvalidChangeBatch", f"[Number of records limit of {MAX_ELEMENTS} exceeded.]"
        )
    if characters > MAX_CHARACTERS:
        raise AwsError(
            "InvalidChangeBatch", f"[Number of characters limit of {MAX_CHARACTERS} exceeded.]"
        )


def _check_duplicates(changes: list[Result]) -> None:
    """Refuse two changes of one record, but not its deletion and creation in one batch."""
    seen: set[tuple[bool, RecordKey]] = set()
    for change in changes:
        row = change["ResourceRecordSet"]
        key = (change["Action"] == "DELETE", _row_key(row))
        if key in seen:
            raise AwsError(
                "InvalidChangeBatch",
                f"[The request contains an invalid set of changes for a resource record set "
                f"'{row['Type']} {row['Name']}']",
            )
        seen.add(key)


def _row_key(row: Mapping[str, Any]) -> RecordKey:
    return normalised(row["Name"]), row["Type"], row.get("SetIdentifier") or ""


def _key(row: RecordSet) -> RecordKey:
    return normalised(row.name), str(row.type), row.set_identifier or ""


def _apply(records: dict[RecordKey, RecordSet], change: Result, zone: FakeZone) -> str | None:
    """Make one change in `records`, or say why AWS refuses it."""
    row, key = change["ResourceRecordSet"], _row_key(change["ResourceRecordSet"])
    named = f"[name='{row['Name']}', type='{row['Type']}']"
    if not holds(zone.name, row["Name"]):
        return f"RRSet with DNS name {row['Name']} is not permitted in zone {zone.name}"
    if "AliasTarget" not in row and not ("TTL" in row and row.get("ResourceRecords")):
        return (
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and "
            f"ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with {named}"
        )
    held = records.get(key)
    if change["Action"] == "DELETE":
        if held is None:
            return f"Tried to delete resource record set {named} but it was not found"
        if not _same(held, row):
            return (
                f"Tried to delete resource record set {named} but the values provided do not "
                "match the current values"
            )
        del records[key]
        return None
    if change["Action"] == "CREATE" and held is not None:
        return f"Tried to create resource record set {named} but it already exists"
    records[key] = RecordSet(row)  # type: ignore[abstract]  # moto makes them all the same
    return None


def _same(held: RecordSet, row: Mapping[str, Any]) -> bool:
    """Whether a deletion names the whole record set; the order of the values does not count.

    Each member counts, also those of a routing policy or a health check (API reference,
    ChangeResourceRecordSets: "you must specify the same value for each element").
    """
    return _members(_record_row(held)) == _members(row)


def _members(row: Mapping[str, Any]) -> dict[str, object]:
    values = [value["Value"] if isinstance(value, dict) else value for value in _listed(row)]
    others = {
        name: value if isinstance(value, dict) else str(value)
        for name, value in row.items()
        if name not in ("Name", "ResourceRecords") and value is not None
    }
    return {**others, "ResourceRecords": sorted(map(str, values))}


def _listed(row: Mapping[str, Any]) -> list[Any]:
    return row.get("ResourceRecords") or []


def _conflicts(records: Mapping[RecordKey, RecordSet], zone: FakeZone) -> list[str]:
    """Find CNAMEs that do not stand alone at their name, or stand at the top of the zone.

    A set without an identifier stands alone, too, beside records with a routing policy.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#CNAMEFormat
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
    """
    kinds: dict[str, set[str]] = {}
    for name, kind, _ in records:
        kinds.setdefault(name, set()).add(kind)
    faults = [
        f"RRSet with DNS name {name}., type {kind} cannot be created as other RRSets exist with "
        "the same name and type"
        for name, kind, identifier in records
        if not identifier and sum(key[:2] == (name, kind) for key in records) > 1
    ]
    for name, held in kinds.items():
        cname = f"RRSet of type CNAME with DNS name {name}. is not permitted"
        if "CNAME" in held and name == normalised(zone.name):
            faults.append(f"{cname} at apex in zone {zone.name}")
        elif "CNAME" in held and len(held) > 1:
            other = min(held - {"CNAME"})
            faults.append(
                f"{cname} because a conflicting RRSet of type {other} with the same DNS name "
                f"already exists in zone {zone.name}"
            )
    return faults
