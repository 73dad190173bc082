"""Systems Manager Parameter Store: what moto 5.2.5 accepts and AWS refuses.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.ssm import models
from moto.ssm.models import ssm_backends

from tests.embedded_aws.protocol import AwsError, Request

NAME = re.compile(r"[a-zA-Z0-9_.-]+|(/[a-zA-Z0-9_.-]+)+")
#: "The maximum length [...] for the fully qualified name is 1011 characters" with the ARN.
MAX_NAME = 1011
MAX_LEVELS = 15
#: "Standard parameters have a value limit of 4 KB. Advanced parameters have [...] 8 KB."
MAX_VALUE, MAX_ADVANCED_VALUE = 4096, 8192
#: "You can't include values wrapped in double brackets {{}}".
NESTED = re.compile(r"\{\{.*\}\}", re.DOTALL)
#: "The number of items returned, however, can be between zero and the value of MaxResults."
PAGES = (0, 3, 10)


def install(clock: Callable[[], datetime]) -> None:
    """Let moto date parameters by the clock of the cloud, in UTC without a zone as moto does."""

    def now() -> datetime:
        return clock().astimezone(UTC).replace(tzinfo=None)

    models.utcnow = now  # type: ignore[attr-defined] # moto has no other way in


def check_read(request: Request) -> None:
    """Refuse a name that no parameter can have; a version or label may follow it."""
    _check_name(str(request.parameters["Name"]).partition(":")[0])


def check_write(request: Request) -> None:
    """Refuse wrong names and values, a change of type, and a new parameter without a type."""
    name, value = str(request.parameters["Name"]), str(request.parameters["Value"])
    _check_name(name)
    if re.match(r"/?(aws|ssm)", name, re.IGNORECASE):
        raise _invalid('Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).')
    advanced = request.parameters.get("Tier") == "Advanced"
    if len(value.encode()) > (MAX_ADVANCED_VALUE if advanced else MAX_VALUE):
        raise _invalid(
            "Standard tier parameters support a maximum parameter value of 4096 characters."
        )
    if NESTED.search(value):
        raise _invalid(f"Parameter value '{value}' can't nest another parameter.")
    existing = ssm_backends[request.account][request.region].get_parameter(name)
    kind = request.parameters.get("Type")
    if existing is None and kind is None:
        raise _invalid("A parameter type is required when you create a parameter.")
    if existing is not None and kind not in {None, existing.parameter_type}:
        raise AwsError(
            "HierarchyTypeMismatchException",
            "Parameter Store doesn't support changing a parameter type in a hierarchy.",
        )


def check_path(request: Request) -> None:
    """Refuse a path that does not start with a slash."""
    path = str(request.parameters["Path"])
    if not path.startswith("/"):
        raise _invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must "
            'begin with a forward slash "/".'
        )
    if path != "/":
        _check_name(path.rstrip("/"))


def by_path(request: Request) -> dict[str, Any]:
    """Answer with pages that are not full, the first of them empty.

    "The number of items returned, however, can be between zero and the value of MaxResults."
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
    """
    wanted = request.parameters
    if wanted.get("ParameterFilters"):
        raise AwsError("NotImplemented", "no filters here", status=501)
    found = list(_below(request))
    page, _, start = str(wanted.get("NextToken") or "0-0").partition("-")
    size = min(PAGES[min(int(page), len(PAGES) - 1)], int(wanted.get("MaxResults") or 10))
    end = int(start) + size
    shown = [
        entry.response_object(bool(wanted.get("WithDecryption")), request.region)
        for entry in found[int(start) : end]
    ]
    return {
        "Parameters": shown,
        **({"NextToken": f"{int(page) + 1}-{end}"} if end < len(found) else {}),
    }


def _below(request: Request) -> Iterator[Any]:
    """Yield the parameters below a path, of all of moto's pages."""
    backend = ssm_backends[request.account][request.region]
    path, recursive = request.parameters["Path"], bool(request.parameters.get("Recursive"))
    token: str | None = "0"
    while token is not None:
        found, token = backend.get_parameters_by_path(path, recursive, next_token=token)
        yield from found


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise _invalid(
            "Parameter name must be a fully qualified name of letters, numbers and the symbols "
            ".-_/ (slash first in a path)."
        )
    if name.count("/") > MAX_LEVELS:
        raise AwsError(
            "HierarchyLevelLimitExceededException", "A hierarchy can have a maximum of 15 levels."
        )


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


RULES: Mapping[tuple[str, str], Callable[[Request], None]] = {
    ("ssm", "GetParameter"): check_read,
    ("ssm", "GetParametersByPath"): check_path,
    ("ssm", "PutParameter"): check_write,
}
HANDLERS: Mapping[tuple[str, str], Callable[[Request], dict[str, Any]]] = {
    ("ssm", "GetParametersByPath"): by_path,
}
