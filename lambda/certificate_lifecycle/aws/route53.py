"""Route 53: the public hosted zones and the validation records in them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import (
    CREATIONS,
    DRILLS,
    EVERYTHING,
    SCANS,
    Command,
    Setting,
    declare,
    for_rotations,
)
from certificate_lifecycle.aws.responses import error_code, paginated, validated_response
from certificate_lifecycle.model.certificate import ValidationRecord
from certificate_lifecycle.model.dns_names import dns_form, names_below
from certificate_lifecycle.policy.validation import (
    Cut,
    ExistingRecord,
    Zone,
    accepted_values,
    candidate_zones,
)

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

_READERS = (*CREATIONS, *SCANS, *DRILLS)
_ZONES = ("arn:{partition}:route53:::hostedzone/{hosted_zone}",)
_CHANGE = {
    "route53:ChangeResourceRecordSetsActions": "UPSERT",
    "route53:ChangeResourceRecordSetsNormalizedRecordNames": f"_{'0' * 32}.{{domain}}",
    "route53:ChangeResourceRecordSetsRecordTypes": "CNAME",
}
_DRILL = {
    **_CHANGE,
    "route53:ChangeResourceRecordSetsNormalizedRecordNames": (
        f"_{'0' * 32}.acm-drill-{'0' * 16}.{{domain}}"
    ),
}
_DRILL_END = {**_DRILL, "route53:ChangeResourceRecordSetsActions": "DELETE"}
PERMISSIONS = (
    *declare(
        _READERS,
        "route53",
        EVERYTHING,
        Setting.NO_HOSTED_ZONES,
        ListHostedZones="find the zone of a name",
    ),
    *declare(_READERS, "route53", _ZONES, ListResourceRecordSets="read records before writing"),
    *declare(
        CREATIONS,
        "route53",
        _ZONES,
        context=_CHANGE,
        ChangeResourceRecordSets="write validation CNAMEs, nothing else",
    ),
    *for_rotations(
        "route53",
        _ZONES,
        Setting.REPAIR,
        context=_CHANGE,
        ChangeResourceRecordSets="restore validation CNAMEs, nothing else",
    ),
    *declare(
        (Command.DRILL_ISSUE,),
        "route53",
        _ZONES,
        context=_DRILL,
        ChangeResourceRecordSets="write the validation CNAME of a throw-away certificate",
    ),
    *declare(
        (Command.DRILL_ISSUE,),
        "route53",
        _ZONES,
        context=_DRILL_END,
        ChangeResourceRecordSets="delete that CNAME",
    ),
)

_TTL_SECONDS = 300
#: The record sets to read from a name on; a name seldom has more.
_PAGE = 10
#: The record sets of a page at most (API reference, ListResourceRecordSets).
_MAX_PAGE = 300
#: Members of a record set without a routing policy, health check, alias or newer setting, which an
#: UPSERT would remove (API reference, ResourceRecordSet).
_PLAIN = frozenset({"Name", "ResourceRecords", "TTL", "Type"})


class HostedZones:
    """The public hosted zones of several accounts, listed once per account.

    `client_for` returns the client of a role, or of the function's own account for None.
    """

    def __init__(self, client_for: Callable[[str | None], Route53Client]) -> None:
        self.client_for = client_for
        self._lock = threading.Lock()
        self._listed: dict[str | None, tuple[Zone, ...]] = {}
        self._sizes: dict[Zone, int] = {}
        self._read: dict[Zone, _ZoneRecords] = {}

    @validated_response("ListHostedZones")
    def listed(self, role_arn: str | None) -> tuple[Zone, ...]:
        """Return the public hosted zones of an account.

        Excluded are private zones, because ACM queries public DNS, and zones that another AWS
        service created, because they cannot be edited.
        """
        with self._lock:
            if role_arn not in self._listed:
                client = self.client_for(role_arn)
                found: dict[Zone, int | None] = {
                    Zone(
                        zone["Id"].removeprefix("/hostedzone/"), dns_form(zone["Name"]), role_arn
                    ): zone.get("ResourceRecordSetCount")
                    for zone in paginated(client, "list_hosted_zones", "HostedZones", required=True)
                    if not zone.get("Config", {}).get("PrivateZone")
                    and not zone.get("LinkedService")
                }
                self._listed[role_arn] = tuple(found)
                self._sizes |= {zone: size for zone, size in found.items() if size is not None}
            return self._listed[role_arn]

    def pages(self, zone: Zone) -> int:
        """Return the calls that read a whole zone, one if its size is unknown."""
        return ceil(self._sizes.get(zone, 1) / _MAX_PAGE)

    @contextmanager
    def records(self, zone: Zone) -> Iterator[_ZoneRecords]:
        """Return the record sets of a zone, to read by one thread at a time."""
        with self._lock:
            if zone not in self._read:
                self._read[zone] = _ZoneRecords(self.client_for(zone.role_arn), zone)
            yield self._read[zone]


class _ZoneRecords:
    """The record sets of a zone; each call of Route 53 is made once.

    Route 53 lists the records of the apex first (API reference, ListResourceRecordSets), and a page
    has at most 300: the first page answers for the whole zone if the zone has no more records. In a
    larger zone, a call for each name answers, which has all types.
    """

    def __init__(self, client: Route53Client, zone: Zone) -> None:
        self._client = client
        self._zone = zone
        self._whole: bool | None = None
        self._pages = 0
        self._known: dict[str, tuple[ExistingRecord, ...]] = {}

    def at(self, name: str) -> tuple[ExistingRecord, ...]:
        """Return the record sets at `name`."""
        if self._whole is None:
            self.read_ahead(1)
        if not self._whole and name not in self._known:
            self._known[name] = _records_at(self._client, self._zone, name)
        return self._known.get(name, ())

    def values_at(self, name: str, record_type: str) -> frozenset[str]:
        """Return the values at `name`, none without such a record set."""
        rows = (row for row in self.at(name) if row.type == record_type)
        return frozenset(value for row in rows for value in row.values)

    def read_ahead(self, most_pages: int) -> None:
        """Read the zone from its apex on, unless it has more pages."""
        if self._whole or most_pages <= self._pages:
            return
        rows: list[ExistingRecord] = []
        pages = self._client.get_paginator("list_resource_record_sets")
        self._pages, self._whole = most_pages, False
        for number, page in enumerate(pages.paginate(HostedZoneId=self._zone.zone_id), 1):
            rows += [_existing(row) for row in page["ResourceRecordSets"]]
            self._whole = not page["IsTruncated"]
            if number == most_pages:
                break
        for name, found in groupby(rows, lambda row: row.name):
            self._known[name] = tuple(found)
        if not self._whole:
            # The next page may have more types of the last name.
            del self._known[rows[-1].name]


def _records_at(client: Route53Client, zone: Zone, name: str) -> tuple[ExistingRecord, ...]:
    """Return the record sets at `name`.

    The listing starts at `name` and continues with later names, which are dropped. The first page
    usually has all. Sets with a routing policy may be many.
    """
    found: list[ExistingRecord] = []
    pages = client.get_paginator("list_resource_record_sets")
    for page in pages.paginate(  # type: ignore[call-arg] # the stub lacks where to start
        HostedZoneId=zone.zone_id,
        StartRecordName=name,
        PaginationConfig={"PageSize": _PAGE},
    ):
        rows = [_existing(row) for row in page["ResourceRecordSets"]]
        found += [row for row in rows if row.name == name]
        if not rows or rows[-1].name != name:
            break
    return tuple(found)


class Route53Dns:
    """The configured zones, or all public zones of some accounts.

    `roles` are the roles of these accounts, by default the function's own account.
    """

    def __init__(self, zones: HostedZones, configured: Sequence[Zone], *roles: str | None) -> None:
        self._zones = zones
        self._client_for = zones.client_for
        self._configured = configured
        self._roles = roles or (None,)

    def public_zones(self) -> Sequence[Zone]:
        """Return the public hosted zones that may be changed."""
        if self._configured:
            return self._configured
        return [zone for role in self._roles for zone in self._zones.listed(role)]

    @validated_response("ListResourceRecordSets")
    def cut(self, zone: Zone, name: str) -> Cut | None:
        """Return the delegation that takes `name` out of `zone`, the one closest to its apex."""
        with self._zones.records(zone) as records:
            for at in names_below(dns_form(zone.name), dns_form(name)):
                servers = records.values_at(at, "NS")
                if servers:
                    return Cut(zone, at, frozenset(map(dns_form, servers)))
        return None

    @validated_response("ListResourceRecordSets")
    def name_servers(self, zone: Zone) -> frozenset[str]:
        """Return the name servers that a zone names at its apex."""
        with self._zones.records(zone) as records:
            servers = records.values_at(dns_form(zone.name), "NS")
        return frozenset(map(dns_form, servers))

    @validated_response("ListResourceRecordSets")
    def caa_values(self, zone: Zone, name: str) -> frozenset[str]:
        """Return the CAA records at `name` in presentation form."""
        with self._zones.records(zone) as records:
            return records.values_at(dns_form(name), "CAA")

    @validated_response("ListResourceRecordSets")
    def read_ahead(self, names: Iterable[str]) -> None:
        """Read whole zones, where that takes no more calls than to read each name."""
        zones = self.public_zones()
        counts = Counter(zone for name in set(names) for zone in candidate_zones(name, zones))
        for zone, count in counts.items():
            if 1 < count >= self._zones.pages(zone):
                with self._zones.records(zone) as records:
                    records.read_ahead(count)

    @validated_response("ListResourceRecordSets")
    def records_at(
        self, zone: Zone, name: str, *, known: bool = False
    ) -> tuple[ExistingRecord, ...]:
        """Return the record sets at `name`, read again by each call unless `known` ones suffice."""
        if known:
            with self._zones.records(zone) as records:
                return records.at(dns_form(name))
        return _records_at(self._client_for(zone.role_arn), zone, dns_form(name))

    def upsert(self, zone: Zone, records: Sequence[ValidationRecord]) -> None:
        """Write all records in one atomic batch.

        A certificate has at most 100 names; Route 53 accepts 500 UPSERTs in a batch.
        """
        self._client_for(zone.role_arn).change_resource_record_sets(
            HostedZoneId=zone.zone_id,
            ChangeBatch={
                "Comment": "ACM validation",
                "Changes": [
                    {
                        "Action": "UPSERT",
                        "ResourceRecordSet": {
                            "Name": dns_form(record.name),
                            "Type": "CNAME",
                            "TTL": _TTL_SECONDS,
                            "ResourceRecords": [{"Value": record.value}],
                        },
                    }
                    for record in records
                ],
            },
        )

    def remove(self, zone: Zone, record: ValidationRecord) -> bool:
        """Delete a validation CNAME if it exists; false if another value is at its name.

        A DELETE has to name the record set with its TTL and all values, so that it is read first
        (API reference, ChangeResourceRecordSets).
        """
        client = self._client_for(zone.role_arn)
        held = _cname_at(client, zone, record.name)
        if held is None:
            return True
        existing = _existing(held)
        if not existing.plain or not existing.answered <= accepted_values(record):
            return False
        change: Any = {"Action": "DELETE", "ResourceRecordSet": held}
        try:
            client.change_resource_record_sets(
                HostedZoneId=zone.zone_id,
                ChangeBatch={"Comment": "ACM validation", "Changes": [change]},
            )
        except ClientError as error:
            # Deleted meanwhile by another drill.
            gone = error_code(error) == "InvalidChangeBatch"
            if not gone or _cname_at(client, zone, record.name) is not None:
                raise
        return True


@validated_response("ListResourceRecordSets")
def _cname_at(client: Route53Client, zone: Zone, name: str) -> Mapping[str, Any] | None:
    """Return the CNAME at `name` as Route 53 lists it, None without one."""
    answer = client.list_resource_record_sets(
        HostedZoneId=zone.zone_id,
        StartRecordName=dns_form(name),
        StartRecordType="CNAME",
        MaxItems="1",
    )
    for row in answer["ResourceRecordSets"]:
        if dns_form(row["Name"]) == dns_form(name) and row["Type"] == "CNAME":
            return row
    return None


def _existing(record: Any) -> ExistingRecord:  # noqa: ANN401 - the stub's type is not importable at run time
    return ExistingRecord(
        name=dns_form(record["Name"]),
        type=record["Type"],
        values=tuple(entry["Value"] for entry in record.get("ResourceRecords", ())),
        plain=record.keys() <= _PLAIN,
        alias=dns_form(record.get("AliasTarget", {}).get("DNSName", "")),
    )
