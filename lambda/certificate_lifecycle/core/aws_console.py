"""Links to the AWS console."""

from __future__ import annotations

from certificate_lifecycle.core.place import Place

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def console_url(arn: str) -> str:
    """Return the console page of a certificate, or its ARN where we know of no console."""
    place = Place.from_arn(arn)
    host = _CONSOLES.get(place.partition)
    if host is None or arn.split(":")[2] != "acm":
        return arn
    certificate_id = arn.rpartition("/")[2]
    return (
        f"https://{place.region}.{host}/acm/home?region={place.region}"
        f"#/certificates/{certificate_id}"
    )
