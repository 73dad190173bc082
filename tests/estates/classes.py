"""One certificate of each class that ACM knows, so that a scan that overlooks one is noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.embedded_aws.cloud import Cloud
from tests.estates.estate import UNDATED
from tests.harness.api_table import table_of

#: The attributes of the embedded ACM that have the values of ACM's enums.
ENUMS = {
    "CertificateKeyPairOrigin": "key_pair_origin",
    "CertificateManagedBy": "managed_by",
    "CertificateStatus": "status",
    "CertificateType": "type",
    "KeyAlgorithm": "key_algorithm",
    "RootHierarchyType": "root_hierarchy",
}


def every_class() -> Iterator[tuple[str, str]]:
    """Yield each attribute with each of its values; the table of the API has all of them."""
    enums = table_of("acm").enums
    for enum, attribute in ENUMS.items():
        yield from ((attribute, value) for value in enums[enum].names)


def add_every_class(cloud: Cloud, dated: Callable[[], dict[str, Any]]) -> dict[str, str]:
    """Add a certificate of each class; return their classes, such as `status=ISSUED`, by ARN."""
    found: dict[str, str] = {}
    for attribute, value in every_class():
        name = f"{attribute}-{value}.example.com".replace("_", "-").lower()
        details = {} if value in UNDATED else dated()
        details[attribute] = value
        arn = cloud.certificates.add(domain_name=name, **details)
        found[arn] = f"{attribute}={value}"
    return found
