"""Links to the AWS console."""

from __future__ import annotations

from certificate_lifecycle.model.scope import Scope

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def console_url(arn: str) -> str:
    """Return the console page of a certificate, or its ARN if it has none."""
    scope = Scope.from_arn(arn)
    host = _CONSOLES.get(scope.partition)
    if host is None or arn.split(":")[2] != "acm":
        return arn
    certificate_id = arn.rpartition("/")[2]
    return (
        f"https://{scope.region}.{host}/acm/home?region={scope.region}"
        f"#/certificates/{certificate_id}"
    )
