"""The effects of the functions in the embedded AWS, in a form that tests compare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from typing import Any

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.zones import normalised
from tests.harness import authority

Records = dict[tuple[str, str], tuple[str, ...]]

LOAD_BALANCER = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
)
#: Requested by the instance that the functions are by default.
OURS: Mapping[str, Any] = {"tags": {"ManagedBy": "certificate-lifecycle"}}
#: In use, so that ACM renews the certificate.
USED: Mapping[str, Any] = {"in_use_by": [LOAD_BALANCER]}


def listings(certificates: int, page: int = 1000) -> int:
    """Return the number of calls that list certificates: their pages, and one for Amazon N2."""
    return ceil(certificates / page) + 1


def wanted_records(cloud: Cloud, *arns: str) -> Records:
    """Name the validation records in the form of a zone."""
    return {
        (normalised(record.name), record.type): (record.value,)
        for arn in arns
        for record in cloud.certificates.records(arn)
    }


def put_records(cloud: Cloud, zone_id: str, *arns: str) -> None:
    """Write the validation records of certificates, as they were when those were issued."""
    for (name, kind), values in wanted_records(cloud, *arns).items():
        cloud.zones.put(zone_id, name, kind, *values)


def the_certificate(cloud: Cloud) -> Certificate:
    """Return the only certificate that there is."""
    (certificate,) = cloud.certificates.all()
    return certificate


def ending_in(cloud: Cloud, days: float, *, lifetime: float = 198) -> dict[str, Any]:
    """Date a certificate by how long it still lives."""
    not_after = cloud.now + timedelta(days=days)
    return {"not_before": not_after - timedelta(days=lifetime), "not_after": not_after}


def import_document(cloud: Cloud, document: authority.Issued) -> str:
    """Import a certificate without its chain, and return the ARN."""
    answer = cloud.client("acm").import_certificate(
        Certificate=document.certificate, PrivateKey=document.private_key
    )
    return str(answer["CertificateArn"])


def exists(cloud: Cloud, arn: str) -> bool:
    return any(certificate.arn == arn for certificate in cloud.certificates.all())


def texts_sent(cloud: Cloud, topic: str) -> str:
    """Return the text of all messages, for people and for programs."""
    messages = cloud.topics.messages(topic)
    return "".join(message.to(protocol) for message in messages for protocol in ("email", "sqs"))


def documents(cloud: Cloud, topic: str) -> list[dict[str, Any]]:
    """Read the messages in a queue that subscribes to the topic, oldest first."""
    return [json.loads(message.to("sqs")) for message in cloud.topics.messages(topic)]


def used_at_the_edge(cloud: Cloud, arn: str) -> None:
    """Let a consumer of each kind that CloudFront serves use a certificate of example.com."""
    distribution = cloud.consumers.distribution(arn)
    cloud.consumers.distribution_tenant(distribution, arn, "example.com")
    cloud.consumers.user_pool_domain("example.com", arn)
    cloud.consumers.amplify_domain("example.com", arn, region="us-east-1")
