"""Public DNS for commands whose user, or instance, has switched the queries off."""

from __future__ import annotations

from collections.abc import Iterable

from certificate_lifecycle.model.public_dns import DnsAnswer, RecordType
from certificate_lifecycle.policy.public_dns import unknown


class OffPublicDns:
    """Public DNS that is not queried: every answer is unknown."""

    def prefetch(self, questions: Iterable[tuple[str, RecordType]]) -> None:
        """Send no query."""

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        """Return that the answer is not known."""
        return unknown(name, record_type, "the queries are switched off")
