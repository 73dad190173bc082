"""From an HTTP request to the operation it means, and from a result back to a response.

The operations, their parameters and their wire formats come from botocore's service models, read
with moto's routers, parsers and serialisers, so that nothing here is a second reading of AWS.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as HttpRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from moto.core.model import OperationModel

# SigV4 credential scopes that differ from botocore's service names, for the services that the
# module, its tests or the Terraform provider call.
SIGNING_NAMES: Mapping[str, tuple[str, ...]] = {
    "monitoring": ("cloudwatch",),
    "servicequotas": ("service-quotas",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "apigateway": ("apigateway", "apigatewayv2"),
    "tagging": ("resourcegroupstaggingapi",),
    "states": ("stepfunctions",),
    "aws-marketplace": ("meteringmarketplace",),
    "email": ("sesv2", "ses"),
    "es": ("opensearch", "es"),
}

CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")

FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})


class AwsError(Exception):
    """A refusal, with the code and the HTTP status that the service would use."""

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Credential:
    """Who signed a request, and for which region and service."""

    access_key: str
    region: str
    service: str


@dataclass(frozen=True)
class Request:
    """A recognised request."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    region: str
    account: str
    access_key: str
    model: OperationModel
    protocol: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def partition(self) -> str:
        """The partition of the request's region.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
        """
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"


class EditedResult(dict[str, Any]):
    """A result whose serialised body is edited, to contain members that no model has."""

    def __init__(self, result: Mapping[str, Any], edit: Callable[[bytes], bytes]) -> None:
        super().__init__(result)
        self.edit = edit


def credential_of(authorization: str) -> Credential | None:
    """Read the SigV4 `Authorization` header; `None` when the request is not signed."""
    match = CREDENTIAL.search(authorization)
    return Credential(*match.groups()) if match else None


def recognise(http: HttpRequest, credential: Credential, account: str) -> Request | None:
    """Find the operation that `http` means; `None` when no model knows it."""
    for service in SIGNING_NAMES.get(credential.service, (credential.service,)):
        found = _match(http, service)
        if found is None:
            continue
        operation, uri_parameters, protocol = found
        return Request(
            service=service,
            operation=str(operation.name),
            parameters=_parse(http, operation, uri_parameters, protocol),
            region=credential.region,
            account=account,
            access_key=credential.access_key,
            model=operation,
            protocol=protocol,
            headers=dict(http.headers),
            body=http.get_data(cache=True),
        )
    return None


def _match(http: HttpRequest, service: str) -> tuple[OperationModel, dict[str, Any], str] | None:
    try:
        model = get_service_model(service)
    except Exception:  # noqa: BLE001 - botocore has a family of errors for "no such service"
        return None
    try:
        protocol = determine_request_protocol(model, http.content_type)
        operation, uri_parameters = get_service_router(service).match(http)
    except (NotFound, NotImplementedError):
        return None
    version = http.values.get("Version")
    if protocol == "query" and version and version != model.api_version:
        # elb and elbv2 share names and signature; only the API's version distinguishes them.
        return None
    return operation, uri_parameters, protocol


def _parse(
    http: HttpRequest,
    operation: OperationModel,
    uri_parameters: dict[str, Any],
    protocol: str,
) -> dict[str, Any]:
    parser = PROTOCOL_PARSERS[protocol](operation)
    parsed: dict[str, Any] = parser.parse(
        {
            "method": http.method,
            "values": http.values,
            "headers": http.headers,
            "body": http.get_data(cache=True),
            "url_path": http.path,
            "url_params": uri_parameters,
        },
    )
    return parsed


def success(request: Request, result: Mapping[str, Any]) -> Response:
    """Answer with `result`, in the service's own wire format."""
    serializer = get_serializer_class(request.service, request.protocol)(
        request.model,
        context=SerializationContext(request_id=str(uuid.uuid4())),
    )
    answer = serializer.serialize(dict(result))
    body = answer["body"]
    if isinstance(result, EditedResult):
        body = result.edit(body if isinstance(body, bytes) else body.encode())
    return Response(
        body,
        status=answer["status_code"],
        headers={**answer["headers"], "x-amzn-RequestId": str(uuid.uuid4())},
    )


def failure(request: Request, error: AwsError) -> Response:
    """Answer with `error`, in the service's own wire format."""
    status = error.status or _status(request, error.code)
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.code}
    if request.protocol in {"json", "rest-json"}:
        body = json.dumps({"__type": error.code, "message": error.message})
        headers["Content-Type"] = "application/x-amz-json-1.1"
        return Response(body, status=status, headers=headers)
    code, message = escape(error.code), escape(error.message)
    inner = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f"<ErrorResponse>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>"
    if request.protocol == "ec2":
        body = f"<Response><Errors>{inner}</Errors><RequestID>{request_id}</RequestID></Response>"
    elif request.service == "s3":
        body = inner
    headers["Content-Type"] = "text/xml"
    return Response(body, status=status, headers=headers)


def _status(request: Request, code: str) -> int:
    """Find the model's own HTTP status for `code`; 403 where access is refused over REST or XML."""
    for shape in request.model.service_model.error_shapes:
        details = shape.metadata.get("error", {})
        if code in {shape.name, details.get("code")}:
            return int(details.get("httpStatusCode", 400))
    return 403 if code in FORBIDDEN and request.protocol != "json" else 400


def error_code(response: Response) -> str | None:
    """Return the error code of a response; `None` for a success."""
    if response.status_code < 400:
        return None
    header = response.headers.get("x-amzn-ErrorType")
    if header:
        return header.partition(":")[0].rpartition("#")[2]
    text = response.get_data(as_text=True)
    found = re.search(r"<Code>([^<]*)</Code>", text) or re.search(r'"__type": *"([^"]*)"', text)
    return found.group(1).rpartition("#")[2] if found else str(response.status_code)


def access_denied_code(request: Request) -> str:
    """Name the code with which the service refuses a caller.

    SNS says `AuthorizationError`
    (https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html), the JSON services
    `AccessDeniedException`, the other XML services `AccessDenied`.
    """
    if request.service == "sns":
        return "AuthorizationError"
    return "AccessDeniedException" if "json" in request.protocol else "AccessDenied"


def validation_code(request: Request) -> str:
    """Name the code with which the service refuses a parameter that breaks its model."""
    codes = {
        "lambda": "InvalidParameterValueException",
        "resourcegroupstaggingapi": "InvalidParameterException",
        "route53": "InvalidInput",
        "sns": "InvalidParameter",
    }
    general = "ValidationException" if "json" in request.protocol else "ValidationError"
    return codes.get(request.service, general)
