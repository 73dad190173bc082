"""Links to the AWS console."""

from __future__ import annotations

from certificate_lifecycle.model.scope import Scope

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def console_host(scope: Scope) -> str | None:
    """Return the host of the console of a region; None for a partition without a known one."""
    host = _CONSOLES.get(scope.partition)
    return None if host is None else f"{scope.region}.{host}"


def console_url(arn: str) -> str:
    """Return the console page of a certificate, or its ARN if it has none."""
    scope = Scope.from_arn(arn)
    host = console_host(scope)
    if host is None or arn.split(":")[2] != "acm":
        return arn
    certificate_id = arn.rpartition("/")[2]
    return f"https://{host}/acm/home?region={scope.region}#/certificates/{certificate_id}"
