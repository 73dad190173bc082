"""CloudWatch Logs: the key of a log group can change, which moto 5.2.5 lacks.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DisassociateKmsKey.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.logs.models import LogGroup, logs_backends

from tests.embedded_aws.protocol import AwsError, Request


def _group(request: Request) -> LogGroup:
    backend = logs_backends[request.account][request.region]
    group = backend.groups.get(request.parameters["logGroupName"])
    if group is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def associate(request: Request) -> dict[str, Any]:
    """Let a key encrypt what is logged from now on."""
    _group(request).kms_key_id = request.parameters["kmsKeyId"]
    return {}


def disassociate(request: Request) -> dict[str, Any]:
    """Leave what is logged from now on to the key that AWS owns."""
    _group(request).kms_key_id = None
    return {}


HANDLERS: Mapping[tuple[str, str], Callable[[Request], dict[str, Any]]] = {
    ("logs", "AssociateKmsKey"): associate,
    ("logs", "DisassociateKmsKey"): disassociate,
}
