"""The public DNS of the embedded AWS: which zone answers for a name, and with what."""

from __future__ import annotations

import functools
import itertools
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random
from moto.route53 import models
from moto.route53.models import FakeZone, RecordSet, Route53Backend, route53_backends

DEFAULT_ACCOUNT = "123456789012"
# The issuers that a CAA record may name to let ACM in.
AMAZON = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})
CAA = re.compile(r'\d+ (issue|issuewild) "([^";]*)')
ESCAPED = re.compile(r"\\([0-3][0-7]{2})")


ZONE_ID_CHARACTERS = string.ascii_uppercase + string.digits


def _new_zone_id(**_: object) -> str:
    """Start an id with `Z`, as every id of a hosted zone does, but not moto's.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
    """
    return "Z" + "".join(mock_random.choices(ZONE_ID_CHARACTERS, k=20))


models.create_route53_zone_id = _new_zone_id


@functools.lru_cache(maxsize=100_000)
def normalised(name: str) -> str:
    r"""Write a name as names are compared: `\052` decoded to `*`, lower case, no trailing dot.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
    """
    decoded = ESCAPED.sub(lambda found: chr(int(found.group(1), 8)), name)
    return decoded.lower().rstrip(".")


def reversed_labels(name: str) -> tuple[str, ...]:
    """Route 53's sort key: `com.example.www`."""
    return tuple(reversed(normalised(name).split(".")))


def holds(zone_name: str, name: str) -> bool:
    """Whether `name` is the zone's own name or lies below it, on a label boundary."""
    zone, given = normalised(zone_name), normalised(name)
    return given == zone or given.endswith(f".{zone}")


@dataclass(frozen=True)
class Zone:
    """A hosted zone."""

    zone_id: str
    name: str
    private: bool
    delegated: bool
    account: str


class Zones:
    """Seeds hosted zones and answers as the public DNS would.

    The registrar delegates to the shortest delegated zone of a name; of several public zones with
    one name the first is the delegated one, unless a test says otherwise. From there on only NS
    records lead to another zone (RFC 1034 section 4.3.2), in any account, and a name below a
    delegation to unknown servers has no answer.
    """

    def __init__(self) -> None:
        self.page_size = 2
        self._delegated: dict[str, bool] = {}
        self._numbers = itertools.count(1)

    def reset(self) -> None:
        self.page_size = 2
        self._delegated.clear()

    def add(
        self,
        name: str,
        *,
        private: bool = False,
        delegated: bool = True,
        account: str = DEFAULT_ACCOUNT,
        partition: str = "aws",
    ) -> str:
        """Create a hosted zone and return its id."""
        zone = backend(account, partition).create_hosted_zone(
            f"{normalised(name)}.",
            private_zone=private,
            caller_reference=f"zone-{next(self._numbers)}-{utcnow().isoformat()}",
            vpcid="vpc-0123456789abcdef0" if private else None,
            vpcregion="eu-west-1" if private else None,
        )
        self._own_name_servers(zone)
        self._delegated[zone.resource_id] = delegated and not private
        if self._delegated[zone.resource_id]:
            self._delegate_from_parent(zone)
            self._delegate_to_children(zone)
        return str(zone.resource_id)

    def delete(self, zone_id: str) -> None:
        """Delete a zone with its records, from outside."""
        for account, partitions in list(route53_backends.items()):
            for partition in list(partitions):
                backend(account, partition).zones.pop(zone_id, None)

    def delegate(self, zone_id: str) -> None:
        """Let the parent zone delegate to a zone that was added without a delegation."""
        zone = self._zone(zone_id)
        self._delegated[zone.resource_id] = True
        self._delegate_from_parent(zone)

    def put(self, zone_id: str, name: str, kind: str, *values: str, ttl: int = 300) -> None:
        """Write a record set from outside, without a recorded call."""
        zone = self._zone(zone_id)
        zone.upsert_rrset(
            {
                "Name": f"{normalised(name)}.",
                "Type": kind,
                "TTL": ttl,
                "ResourceRecords": list(values),
            },
        )

    def put_weighted(self, zone_id: str, name: str, weights: Mapping[str, int]) -> None:
        """Write a CNAME with a weight for each of its values, from outside."""
        for number, (value, weight) in enumerate(weights.items()):
            row = {
                "Name": f"{normalised(name)}.",
                "Type": "CNAME",
                "TTL": 60,
                "ResourceRecords": [value],
                "SetIdentifier": str(number),
                "Weight": weight,
            }
            self._zone(zone_id).rrsets.append(RecordSet(row))  # type: ignore[abstract]  # moto makes them all the same

    def put_alias(self, zone_id: str, name: str, kind: str, target: str) -> None:
        """Write an alias of another record of the zone, from outside."""
        alias = {"HostedZoneId": zone_id, "DNSName": target, "EvaluateTargetHealth": False}
        row = {"Name": f"{normalised(name)}.", "Type": kind, "AliasTarget": alias}
        self._zone(zone_id).rrsets.append(RecordSet(row))  # type: ignore[abstract]  # moto makes them all the same

    def remove(self, zone_id: str, name: str, kind: str) -> None:
        self._zone(zone_id).delete_rrset({"Name": f"{normalised(name)}.", "Type": kind})

    def records(self, zone_id: str) -> dict[tuple[str, str], tuple[str, ...]]:
        """(name, type) -> values, without the zone's own NS and SOA."""
        zone = self._zone(zone_id)
        return {
            (normalised(rrset.name), str(rrset.type)): tuple(rrset.records or ())
            for rrset in zone.rrsets
            if not (normalised(rrset.name) == normalised(zone.name) and rrset.type in {"NS", "SOA"})
        }

    def all(self) -> Iterator[Zone]:
        """Every zone of every account."""
        for account, zone in everywhere():
            yield Zone(
                zone_id=zone.resource_id,
                name=normalised(zone.name),
                private=bool(zone.private_zone),
                delegated=self.delegated(zone),
                account=account,
            )

    def delegated(self, zone: FakeZone) -> bool:
        if zone.private_zone:
            return False
        if zone.resource_id not in self._delegated:
            twins = (z for _, z in everywhere() if z.name == zone.name and not z.private_zone)
            taken = any(self._delegated.get(twin.resource_id) for twin in twins)
            self._delegated[zone.resource_id] = not taken
        return self._delegated[zone.resource_id]

    def answers_for(self, name: str, account: str | None = None) -> FakeZone | None:
        """Find the zone that the public DNS asks about `name`, as a resolver does.

        Tests may delegate to zones of one name in several accounts, each with a stack of its own:
        then that of `account` answers.
        """
        return self._referred(name, account)[0]

    def _referred(self, name: str, account: str | None) -> tuple[FakeZone | None, RecordSet | None]:
        """Follow the delegations to the zone of `name`; None with the delegation that is lame."""
        candidates = [
            (-len(zone.name), owner == account, zone)
            for owner, zone in everywhere()
            if holds(zone.name, name) and self.delegated(zone)
        ]
        found = max(candidates, key=lambda candidate: candidate[:2], default=None)
        zone, cut = found[2] if found else None, None
        while zone is not None and (cut := first_cut(zone, name)) is not None:
            zone = _led_to(cut)
        return zone, cut

    def answers(
        self, name: str, kind: str = "CNAME", *, account: str | None = None, steps: int = 8
    ) -> tuple[tuple[str, ...], ...]:
        """Return every answer that the public DNS may give; none when nothing answers.

        A set with a routing policy may answer with each of its records, and with one of weight 0
        only if no other has a weight. A CNAME is followed for another type than CNAME.
        https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
        """
        zone, cut = self._referred(name, account)
        if zone is None:
            # The servers that the zone is delegated to name themselves.
            named = cut is not None and kind == "NS" and normalised(cut.name) == normalised(name)
            return (tuple(cut.records or ()),) if cut is not None and named else ()
        rows = matching_rows(zone, name)
        wanted = [row for row in rows if row.type == kind]
        followed = [] if wanted else [row for row in rows if row.type == "CNAME"]
        found: list[tuple[str, ...]] = []
        for row in _answering(wanted or followed):
            target = (row.alias_target or {}).get("DNSName")
            targets = [target] if target else [*row.records] if followed else []
            if not targets:
                found.append(tuple(row.records or ()))
            for target in targets if steps else ():
                found += self.answers(target, kind, account=account, steps=steps - 1)
        return tuple(found)

    def resolve(
        self, name: str, kind: str = "CNAME", *, account: str | None = None
    ) -> tuple[str, ...]:
        """Ask the public DNS for `name` once; empty when nothing answers."""
        return next(iter(self.answers(name, kind, account=account)), ())

    def forbids_amazon(self, name: str, account: str | None = None) -> bool:
        """Whether the closest CAA records above `name` leave Amazon out.

        https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html
        """
        wildcard, closest = name.startswith("*."), normalised(name).removeprefix("*.")
        while closest:
            found = [CAA.match(value) for value in self.resolve(closest, "CAA", account=account)]
            rules = [(match.group(1), match.group(2).strip()) for match in found if match]
            if found:
                wild = wildcard and any(tag == "issuewild" for tag, _ in rules)
                wanted = "issuewild" if wild else "issue"
                issuers = {issuer for tag, issuer in rules if tag == wanted}
                return bool(issuers) and not issuers & AMAZON
            closest = closest.partition(".")[2]
        return False

    def _own_name_servers(self, zone: FakeZone) -> None:
        """Give each zone four servers of its own; moto gives every zone the same."""
        number = next(self._numbers)
        suffixes = ("com", "net", "org", "co.uk")
        servers = [f"ns-{number}.awsdns-{i:02}.{tld}" for i, tld in enumerate(suffixes)]
        if zone.delegation_set is not None:
            zone.delegation_set.name_servers = servers
        own = record_set(zone, zone.name, "NS")
        if own is not None:
            own.records = [f"{server}." for server in servers]

    def _delegate_from_parent(self, zone: FakeZone) -> None:
        (account,) = (owner for owner, found in everywhere() if found is zone)
        parent = self.answers_for(normalised(zone.name).partition(".")[2], account)
        own = record_set(zone, zone.name, "NS")
        if parent is not None and own is not None:
            self.put(parent.resource_id, zone.name, "NS", *own.records)

    def _delegate_to_children(self, zone: FakeZone) -> None:
        """Delegate to the zones below a new zone that the registrar delegated to before."""
        for account, child in everywhere():
            below = holds(zone.name, child.name) and normalised(child.name) != normalised(zone.name)
            hidden = below and self.answers_for(child.name, account) is zone
            own = record_set(child, child.name, "NS")
            if hidden and self._delegated.get(child.resource_id) and own is not None:
                self.put(zone.resource_id, child.name, "NS", *own.records)

    @staticmethod
    def _zone(zone_id: str) -> FakeZone:
        for _, zone in everywhere():
            if zone.resource_id == zone_id.rpartition("/")[2]:
                return zone
        raise KeyError(zone_id)


def backend(account: str, partition: str) -> Route53Backend:
    found: Route53Backend = route53_backends[account][partition]
    return found


def everywhere() -> Iterator[tuple[str, FakeZone]]:
    """Every hosted zone with its account, oldest first within an account."""
    for account, partitions in list(route53_backends.items()):
        for _, one in list(partitions.items()):
            for zone in list(one.zones.values()):
                yield account, zone


def path_below(zone: FakeZone, name: str) -> Iterator[str]:
    """Every name from just below the top of the zone down to `name`."""
    labels = normalised(name).split(".")
    depth = len(normalised(zone.name).split("."))
    for length in range(depth + 1, len(labels) + 1):
        yield ".".join(labels[-length:])


def first_cut(zone: FakeZone, name: str) -> RecordSet | None:
    """Return the delegation that takes `name` out of the zone: the one closest to the zone's top.

    Records at and below it are not answered (RFC 1034 section 4.3.2, step 3b).
    """
    found = (record_set(zone, at, "NS") for at in path_below(zone, name))
    return next((rows for rows in found if rows is not None), None)


def _led_to(cut: RecordSet) -> FakeZone | None:
    """Return the hosted zone on the servers that a delegation names."""
    servers = {normalised(server) for server in cut.records or ()}
    for _, zone in everywhere():
        same = normalised(zone.name) == normalised(cut.name) and not zone.private_zone
        if same and servers & _servers(zone):
            return zone
    return None


def _servers(zone: FakeZone) -> set[str]:
    """Return the servers of a zone, without regard to the NS records at its top."""
    names = zone.delegation_set.name_servers if zone.delegation_set is not None else ()
    return {normalised(server) for server in names}


def matching_rows(zone: FakeZone, name: str) -> list[RecordSet]:
    """Return the records that answer for `name`: its own, or those of the wildcard beside it.

    A wildcard does not answer for a name that exists, also without records of its own, nor below
    one (RFC 4592 sections 2.2.2 and 3.3.1).
    """
    at = normalised(name)
    rows = [(normalised(row.name), row) for row in zone.rrsets]
    own = [row for owner, row in rows if owner == at]
    if own or _exists(rows, at):
        return own
    while not _exists(rows, at):
        at = at.partition(".")[2]
    return [row for owner, row in rows if owner == f"*.{at}"]


def _exists(rows: list[tuple[str, RecordSet]], name: str) -> bool:
    return any(owner == name or owner.endswith(f".{name}") for owner, _ in rows)


def _answering(rows: list[RecordSet]) -> list[RecordSet]:
    """Leave out records of weight 0 beside others."""
    weighing = [row for row in rows if row.weight is None or int(row.weight) > 0]
    return weighing or rows


def record_set(zone: FakeZone, name: str, kind: str) -> RecordSet | None:
    wanted = normalised(name)
    for rrset in zone.rrsets:
        if rrset.type == kind and normalised(rrset.name) == wanted:
            return rrset
    return None
