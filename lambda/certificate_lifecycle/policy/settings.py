"""Settings of the functions; `handlers.config` reads them from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from certificate_lifecycle.policy.coverage import EVERYTHING, Coverage
from certificate_lifecycle.policy.export import ExportTarget
from certificate_lifecycle.policy.import_source import ImportSource
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import Zone


class RotationMode(StrEnum):
    """The actions that rotation may perform."""

    NOTIFY = "notify"
    REPAIR = "repair"
    REPLACE = "replace"

    def limited(self, *limits: RotationMode) -> RotationMode:
        """Return this mode, or the lowest of `limits` if that allows less."""
        modes = tuple(RotationMode)
        return modes[min(map(modes.index, (self, *limits)))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much an instance may do in each account and region.

    `requests_per_day` are requests of certificates, `changes_per_run` changed certificates.
    """

    requests_per_day: int = 20
    changes_per_run: int = 25


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Account:
    """Another account, its role, the highest modes and the coverage there.

    `unmanaged_mode` is the mode for certificates that this instance did not issue.
    """

    account_id: str
    role_name: str
    external_id: str
    mode: RotationMode = RotationMode.NOTIFY
    rebind_consumers: bool = False
    unmanaged_mode: RotationMode = RotationMode.NOTIFY
    coverage: Coverage = EVERYTHING

    def role_arn(self, partition: str) -> str:
        """Return the ARN of the role."""
        return f"arn:{partition}:iam::{self.account_id}:role/{self.role_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationSettings:
    """Settings for all accounts of an organization.

    `bucket` contains the documents of the runs; `max_concurrency` accounts are scanned at a time
    and share API rate quotas.
    """

    bucket: str
    role_name: str
    external_id: str
    max_concurrency: int
    mode: RotationMode = RotationMode.NOTIFY
    rebind_consumers: bool = False
    unmanaged_mode: RotationMode = RotationMode.NOTIFY
    coverage: Coverage = EVERYTHING

    def account(self, account_id: str) -> Account:
        """Return the settings of one account."""
        return Account(
            account_id,
            self.role_name,
            self.external_id,
            self.mode,
            self.rebind_consumers,
            self.unmanaged_mode,
            self.coverage,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationSettings:
    """Settings of the creation function.

    `domain_name` is None if each event has to name one, and empty if it is invalid.
    `allowed_domains` is None for a user of the command line, who may request any name.
    `public_dns_resolvers` are the URLs of two resolvers; none: public DNS is not queried.
    """

    domain_name: str | None
    alternative_names: tuple[str, ...]
    include_www: bool
    key_algorithm: str
    allowed_domains: tuple[str, ...] | None
    zones: tuple[Zone, ...]
    name_prefix: str
    public_dns_resolvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationSettings:
    """Settings of the rotation function.

    `unmanaged_mode` is the mode for certificates that this instance did not issue.
    `public_dns_resolvers` are the URLs of two resolvers; none: public DNS is not queried.
    """

    topic_arn: str
    thresholds: Thresholds
    mode: RotationMode
    import_sources: Mapping[str, ImportSource]
    zones: tuple[Zone, ...]
    name_prefix: str
    regions: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    organization: OrganizationSettings | None = None
    export_targets: tuple[ExportTarget, ...] = ()
    owner_tag: str = "Owner"
    runbook_url: str | None = None
    allowed_domains: tuple[str, ...] = ()
    summary_after: timedelta | None = None
    ledger_table: str | None = None
    report_bucket: str | None = None
    rebind_consumers: bool = False
    retire_after: timedelta | None = None
    tls_probe: bool = False
    tls_probe_private_addresses: bool = False
    event_bus_name: str | None = None
    security_hub: bool = False
    unmanaged_mode: RotationMode = RotationMode.NOTIFY
    coverage: Coverage = EVERYTHING
    limits: Limits = DEFAULT_LIMITS
    public_dns_resolvers: tuple[str, ...] = ()
