"""Shared parts of the services that use certificates: settings and delayed updates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.protocol import AwsError
from tests.estates.estate import Estate

#: CloudFront and edge services accept only certificates of this region.
#: https://docs.aws.amazon.com/acm/latest/userguide/acm-regions.html
EDGE_REGION = "us-east-1"
#: The keys that CloudFront accepts: RSA up to 4096 bits, and of the curves only P-256.
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
EDGE_KEYS = frozenset({"RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1"})
#: The keys that ACM imports or issues, but for those that no service accepts.
#: https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html
ALL_KEYS = EDGE_KEYS | {"EC_secp384r1", "EC_secp521r1"}
#: AWS documents the accounts of its services per region; the exact number is irrelevant.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-edge-optimized-custom-domain-name.html
AWS_ACCOUNT = "392220576650"


class Elsewhere(Exception):  # noqa: N818 - no error: moto knows what we do not
    """The resource is not one of ours: moto answers."""


@dataclass
class Knobs:
    """Behaviour of the services; tests may change it.

    `ignore_updates` are names (ARN, id, domain) whose updates are accepted without effect,
    `failing` those whose updates fail. `notices_after` is the time until ACM removes a former
    consumer. `tenants_are_named` is whether ACM names the tenant of a distribution as a consumer,
    or the distribution.
    """

    cloudfront_deploys: timedelta = timedelta(0)
    domain_names_update: timedelta = timedelta(0)
    user_pool_domains_update: timedelta = timedelta(0)
    amplify_domains_update: timedelta = timedelta(0)
    notices_after: timedelta = timedelta(0)
    ignore_all_updates: bool = False
    ignore_updates: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    tenants_are_named: bool = True

    def ignores(self, name: str) -> bool:
        return self.ignore_all_updates or name in self.ignore_updates


class Uses:
    """The recent consumers of certificates: ACM is slow to remove a former consumer.

    https://github.com/hashicorp/terraform-provider-aws/issues/3866
    """

    def __init__(self, knobs: Callable[[], Knobs], estate: Estate) -> None:
        self._knobs = knobs
        self._estate = estate
        self._released: list[tuple[str, str, datetime]] = []

    def let_go(self, certificate_arn: str, consumer_arn: str) -> None:
        ends = self._estate.now + self._knobs().notices_after
        self._released.append((certificate_arn, consumer_arn, ends))

    def lately(self, certificate: Certificate) -> Iterator[str]:
        for arn, consumer, ends in self._released:
            if arn == certificate.arn and self._estate.now < ends:
                yield consumer

    def reset(self) -> None:
        self._released.clear()


def place(certificate_arn: str) -> str:
    """Return the region and account in a certificate's ARN, which its consumers share."""
    return ":".join(certificate_arn.split(":")[3:5])


def usable(estate: Estate, arn: str, region: str, keys: frozenset[str]) -> bool:
    """Whether a certificate exists, is issued, is in the region, and has one of the keys.

    Certificates of ACME clients and of CloudFront cannot be attached by a customer.
    """
    try:
        certificate = estate.get(arn)
    except (KeyError, ValueError):
        return False
    return (
        certificate.status == "ISSUED"
        and certificate.region == region
        and certificate.key_algorithm in keys
        and certificate.attachable
    )


def covers(names: Iterable[str], domains: Iterable[str]) -> bool:
    """Whether a certificate with `names` covers every domain; a wildcard stands for one label.

    https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html
    """
    covered = set(names)
    return all({domain, f"*.{domain.partition('.')[2]}"} & covered for domain in domains)


def page_of(
    rows: list[dict[str, object]], start: str | None, size: int
) -> tuple[list[dict[str, object]], str | None]:
    """Return a page of `rows`; the marker is the index of the next row."""
    first = _position(start)
    following = first + size
    return rows[first:following], str(following) if following < len(rows) else None


def _position(marker: str | None) -> int:
    if marker is None:
        return 0
    if not marker.isdigit():
        raise AwsError("ValidationError", f"{marker} is no marker.")
    return int(marker)
