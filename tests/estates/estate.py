"""Every certificate of every account, and the tests' way to seed and change them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from moto.acm.models import acm_backends

from tests.embedded_aws.certificates import (
    N2_USAGES,
    PRIVATE_EXPORT,
    Bundle,
    Certificate,
    Lifecycle,
    Renewal,
    Timing,
    ValidationRecord,
    distinct,
    new_arn,
    new_serial,
)
from tests.embedded_aws.protocol import Request
from tests.embedded_aws.zones import DEFAULT_ACCOUNT, Zones

DEFAULT_REGION = "eu-west-1"
ATTRIBUTES = frozenset(field.name for field in fields(Certificate))
UNDATED = frozenset({"PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED"})


class Estate(Timing):
    """The certificates behind `cloud.certificates`.

    `page_size` bounds every page, small by default so that a program that forgets paging fails.
    `settle_after` is how many DescribeCertificate answers stay incomplete after a request.
    `name_quota` is the quota of names of a certificate.
    `filters_unknown` are the members of ListCertificates that a region lacks, and whether it
    refuses them; it ignores the others.
    `search_filters_unknown` are the same of SearchCertificates' metadata filter.
    `emails` are the (certificate, domain, validation domain) of resent validation e-mails.
    """

    def __init__(self, clock: Callable[[], datetime], zones: Zones) -> None:
        super().__init__()
        self._clock = clock
        self._lifecycle = Lifecycle(self, zones)
        #: The consumers of a certificate, besides those that a test adds.
        self.consumers: Callable[[Certificate], Iterable[str]] = lambda _: ()
        self.reset()

    def reset(self) -> None:
        self.page_size = 3
        self.settle_after = 2
        self.name_quota = 10
        self.issuance_delay = Timing.issuance_delay
        self.renewal_delay = Timing.renewal_delay
        self.managed_renewal = Timing.managed_renewal
        self.lifetimes = Timing.lifetimes
        self.emails: list[tuple[str, str, str]] = []
        self.filters_unknown: dict[str, dict[str, bool]] = {}
        self.search_filters_unknown: dict[str, dict[str, bool]] = {}
        self._stores: dict[tuple[str, str], dict[str, Certificate]] = {}
        self._tokens: dict[tuple[str, str, str], tuple[str, datetime]] = {}

    @property
    def now(self) -> datetime:
        return self._clock()

    # --- for the tests ------------------------------------------------------------------------

    def add(  # noqa: PLR0913 - what a certificate cannot be without
        self,
        *,
        domain_name: str = "example.com",
        alternative_names: Iterable[str] = (),
        status: str = "ISSUED",
        type: str = "AMAZON_ISSUED",  # noqa: A002 - the API's own name
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        created_at: datetime | None = None,
        region: str = DEFAULT_REGION,
        account: str = DEFAULT_ACCOUNT,
        partition: str = "aws",
        arn: str | None = None,
        **details: Any,  # noqa: ANN401 - whatever `edit` takes
    ) -> str:
        """Put a certificate in any state into the estate and return its ARN.

        `details` are what `edit` takes: any attribute of `Certificate`, and the renewal.
        `renews=False` keeps managed renewal from starting for this certificate.
        """
        certificate = Certificate(
            arn=arn or new_arn(partition, region, account),
            account=account,
            region=region,
            domain_name=distinct([domain_name])[0],
            names=distinct([domain_name, *alternative_names]),
            created_at=created_at or self.now,
            type=type,
            status=status,
            serial=new_serial(),
        )
        certificate.root_hierarchy = details.pop("root_hierarchy", None)
        self._date(certificate, not_before, not_after, created_at)
        self._default(certificate, partition)
        self._register(certificate)
        self.edit(certificate.arn, **details)
        return certificate.arn

    def edit(
        self,
        arn: str,
        *,
        renewal_status: str | None = None,
        renewal_reason: str | None = None,
        renewal_updated_at: datetime | None = None,
        validation_states: Mapping[str, str] | None = None,
        **changes: Any,  # noqa: ANN401 - any attribute of Certificate
    ) -> None:
        """Change any attribute of a certificate, or its renewal.

        A seeded `renewal_status` stays as it is until its validation records resolve.
        """
        certificate = self._raw(arn)
        if "alternative_names" in changes:
            names = [certificate.domain_name, *changes.pop("alternative_names")]
            certificate.names = distinct(names)
        for name, value in _listed(changes).items():
            if name not in ATTRIBUTES:
                raise TypeError(f"a certificate has no {name!r}")
            setattr(certificate, name, value)
        if renewal_status is not None:
            self._seed_renewal(
                certificate, renewal_status, renewal_reason, renewal_updated_at, validation_states
            )

    def approve(self, arn: str) -> None:
        """Do what ACM waits for outside DNS: click the link of the validation e-mail."""
        self._raw(arn).approved = True

    def get(self, arn: str) -> Certificate:
        """Show a certificate as it is now."""
        return self._current(self._raw(arn))

    def all(self) -> list[Certificate]:
        """Every certificate of every account and region, as they are now."""
        stores = list(self._stores.values())
        return [self._current(c) for store in stores for c in list(store.values())]

    def records(self, arn: str) -> tuple[ValidationRecord, ...]:
        """Name the validation records of a certificate, each once."""
        return self._raw(arn).records

    # --- for the operations -------------------------------------------------------------------

    def of(self, request: Request) -> Iterator[Certificate]:
        """Bring the certificates of the request's account and region up to date."""
        for certificate in list(self._store(request.account, request.region).values()):
            yield self._current(certificate)

    def find(self, request: Request, arn: str) -> Certificate | None:
        found = self._store(request.account, request.region).get(arn)
        return self._current(found) if found else None

    def create(self, request: Request, **attributes: Any) -> Certificate:  # noqa: ANN401
        certificate = Certificate(
            arn=new_arn(request.partition, request.region, request.account),
            account=request.account,
            region=request.region,
            created_at=self.now,
            serial=new_serial(),
            **attributes,
        )
        self._register(certificate)
        return certificate

    def remove(self, certificate: Certificate) -> None:
        self._store(certificate.account, certificate.region).pop(certificate.arn, None)
        backend = acm_backends[certificate.account][certificate.region]
        backend._certificates.pop(certificate.arn, None)  # noqa: SLF001

    def remembered(self, request: Request, token: str, window: timedelta) -> str | None:
        """Find the certificate that the same token asked for less than `window` ago."""
        arn, asked = self._tokens.get((request.account, request.region, token), ("", self.now))
        exists = arn in self._store(request.account, request.region)
        return arn if exists and self.now < asked + window else None

    def remember(self, request: Request, token: str, arn: str) -> None:
        self._tokens[request.account, request.region, token] = (arn, self.now)

    def users(self, certificate: Certificate) -> list[str]:
        """Who uses the certificate: what was seeded, and whatever serves it."""
        used_by = [
            *certificate.in_use_by,
            *self.consumers(certificate),
        ]
        return list(dict.fromkeys(used_by))

    def tags_of(self, arn: str) -> Mapping[str, str]:
        """Look up the tags of a certificate, none when there is no such certificate."""
        parts = arn.split(":", 5)
        if len(parts) != 6:
            return {}
        found = self._store(parts[4], parts[3]).get(arn)
        return dict(found.tags) if found else {}

    def names_of(self, arn: str) -> tuple[str, ...]:
        """Look up the names of a certificate, none when there is no such certificate."""
        parts = arn.split(":", 5)
        found = self._store(parts[4], parts[3]).get(arn) if len(parts) == 6 else None
        return found.names if found else ()

    def resolvable(self, certificate: Certificate, name: str) -> bool:
        return self._lifecycle.resolvable(certificate, name)

    def start_renewal(self, certificate: Certificate) -> None:
        certificate.renewal = Renewal(
            status="PENDING_AUTO_RENEWAL",
            updated_at=self.now,
            domain_states=self._lifecycle.states(certificate),
        )

    def _register(self, certificate: Certificate) -> None:
        """Keep a certificate, and let moto's other services know that it exists."""
        self._store(certificate.account, certificate.region)[certificate.arn] = certificate
        backend = acm_backends[certificate.account][certificate.region]
        bundle: Any = Bundle(certificate)
        backend._certificates[certificate.arn] = bundle  # noqa: SLF001 - moto's own store

    def _current(self, certificate: Certificate) -> Certificate:
        in_use = bool(self.users(certificate))
        self._lifecycle.refresh(certificate, self.now, in_use=in_use)
        return certificate

    def _raw(self, arn: str) -> Certificate:
        _, _, _, region, account, _ = arn.split(":", 5)
        return self._store(account, region)[arn]

    def _store(self, account: str, region: str) -> dict[str, Certificate]:
        return self._stores.setdefault((account, region), {})

    def _date(
        self,
        certificate: Certificate,
        not_before: datetime | None,
        not_after: datetime | None,
        created_at: datetime | None,
    ) -> None:
        """Fill in what was not given: 150 days left, a whole lifetime long."""
        if certificate.status in UNDATED:
            certificate.not_before, certificate.not_after = not_before, not_after
            return
        left = timedelta(days=-1) if certificate.status == "EXPIRED" else timedelta(days=150)
        if not_after is None:
            not_after = self.now + left if not_before is None else not_before + certificate.lifetime
        certificate.not_after = not_after
        certificate.not_before = not_before or not_after - certificate.lifetime
        certificate.created_at = created_at or certificate.not_before
        certificate.issued_at = certificate.not_before
        if certificate.status == "REVOKED":
            certificate.revoked_at, certificate.revocation_reason = self.now, "UNSPECIFIED"

    @staticmethod
    def _default(certificate: Certificate, partition: str) -> None:
        if certificate.root_hierarchy is not None:
            certificate.certificate_usage = "CLIENT_AND_SERVER_AUTH"
            certificate.extended_key_usages = N2_USAGES["CLIENT_AND_SERVER_AUTH"]
        if certificate.type != "AMAZON_ISSUED":
            certificate.validation_method = None
        if certificate.type == "PRIVATE":
            certificate.export_option = PRIVATE_EXPORT
            certificate.certificate_authority_arn = (
                f"arn:{partition}:acm-pca:{certificate.region}:{certificate.account}"
                f":certificate-authority/{uuid.uuid4()}"
            )

    def _seed_renewal(
        self,
        certificate: Certificate,
        status: str,
        reason: str | None,
        updated_at: datetime | None,
        states: Mapping[str, str] | None,
    ) -> None:
        state = "SUCCESS" if status == "SUCCESS" else "PENDING_VALIDATION"
        certificate.renewal = Renewal(
            status=status,
            reason=reason,
            updated_at=updated_at or self.now,
            domain_states={**dict.fromkeys(certificate.names, state), **(states or {})},
            seeded=True,
        )


def _listed(details: Mapping[str, Any]) -> dict[str, Any]:
    """Own copies of what a caller hands in, so that two certificates never share a list."""
    copies: dict[str, Any] = {}
    for name, value in details.items():
        if isinstance(value, Mapping):
            copies[name] = dict(value)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            copies[name] = list(value)
        else:
            copies[name] = value
    return copies
