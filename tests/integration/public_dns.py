"""Public DNS as the embedded AWS has it: the zones of Route 53 that are delegated to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from certificate_lifecycle.cli.aws.public_dns import DnsQueries, DnsUnknownError
from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.policy.caa import CaaRecord
from tests.embedded_aws.cloud import Cloud

_CAA = re.compile(r'(?P<flags>\d+) (?P<tag>\w+) "(?P<value>.*)"')


@dataclass
class EmbeddedDns(DnsQueries):
    """The responses of resolvers; a `silent` one does not respond."""

    cloud: Cloud
    silent: bool = False

    def ns(self, zone: str) -> frozenset[str]:
        return frozenset(map(dns_form, self._ask(zone, "NS")))

    def caa(self, name: str) -> Sequence[CaaRecord]:
        found = [_CAA.fullmatch(value) for value in self._ask(name, "CAA")]
        return [CaaRecord(entry["tag"], entry["value"]) for entry in found if entry]

    def cname(self, name: str) -> str | None:
        return next(iter(self._ask(name, "CNAME")), None)

    def _ask(self, name: str, kind: str) -> tuple[str, ...]:
        if self.silent:
            raise DnsUnknownError(f"public DNS does not answer {kind} queries for {name}")
        return self.cloud.zones.resolve(name, kind)
