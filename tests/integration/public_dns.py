"""Public DNS as the embedded AWS has it: the zones of Route 53 that are delegated to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from certificate_lifecycle.cli.dns_health import CaaRecord
from certificate_lifecycle.cli.outside.public_dns import DnsUnknownError, PublicDns
from certificate_lifecycle.core.names import dns_form
from tests.support.cloud import Cloud

_CAA = re.compile(r'(?P<flags>\d+) (?P<tag>\w+) "(?P<value>.*)"')


@dataclass
class EmbeddedDns(PublicDns):
    """What resolvers would answer; a `silent` one answers nothing."""

    cloud: Cloud
    silent: bool = False

    def ns(self, zone: str) -> frozenset[str]:
        return frozenset(map(dns_form, self._ask(zone, "NS")))

    def caa(self, name: str) -> Sequence[CaaRecord]:
        found = [_CAA.fullmatch(value) for value in self._ask(name, "CAA")]
        return [CaaRecord(each["tag"], each["value"]) for each in found if each]

    def cname(self, name: str) -> str | None:
        return next(iter(self._ask(name, "CNAME")), None)

    def _ask(self, name: str, kind: str) -> tuple[str, ...]:
        if self.silent:
            raise DnsUnknownError(f"public DNS gives no answer about {kind} of {name}")
        return self.cloud.zones.resolve(name, kind)
