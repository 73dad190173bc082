"""Lambda: the settings that moto forgets, and the code of what was deployed.

moto 5.2.5 drops LoggingConfig and DeadLetterConfig, and on an update Architectures, KMSKeyArn,
TracingConfig and EphemeralStorage too, so that Terraform's second plan would never be empty.
Of all asynchronous settings that a function was given, it keeps showing the first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from tests.embedded_aws.protocol import AwsError, Request

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

KEPT = (
    "Architectures",
    "DeadLetterConfig",
    "EphemeralStorage",
    "KMSKeyArn",
    "LoggingConfig",
    "TracingConfig",
)
WRITES = frozenset({"CreateFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"})
# The operations whose answer is a function's configuration, or holds one.
ANSWERS = WRITES | {
    "GetFunction",
    "GetFunctionConfiguration",
    "ListFunctions",
    "ListVersionsByFunction",
    "PublishVersion",
}


@dataclass(frozen=True)
class Function:
    """A deployed function: its configuration as in the API, and the bytes of its zip."""

    configuration: Mapping[str, Any]
    code: bytes

    @property
    def name(self) -> str:
        return str(self.configuration["FunctionName"])

    @property
    def role(self) -> str:
        return str(self.configuration["Role"])

    @property
    def handler(self) -> str:
        return str(self.configuration["Handler"])

    @property
    def environment(self) -> dict[str, str]:
        return dict(self.configuration.get("Environment", {}).get("Variables", {}))


class Functions:
    """Keeps what moto drops, and puts it back into moto's answers."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], dict[str, Any]] = {}

    def reset(self) -> None:
        self._kept.clear()

    def find(self, name: str, *, account: str, region: str) -> Function:
        """Find a deployed function by its name; raises AwsError."""
        try:
            found = lambda_backends[account][region].get_function(name)
        except UnknownFunctionException:
            arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
            message = f"Function not found: {arn}"
            raise AwsError("ResourceNotFoundException", message, status=404) from None
        configuration = found.get_configuration()
        self._complete(configuration, account, region)
        return Function(configuration, found.code_bytes)

    def amend(self, request: Request, response: Response) -> Response:
        if response.status_code >= 300:
            return response
        if request.operation == "PutFunctionEventInvokeConfig":
            _show_the_last(request)
        if request.operation not in ANSWERS:
            return response
        if request.operation in WRITES:
            self._keep(request)
        answer = json.loads(response.get_data())
        self._walk(answer, request)
        response.set_data(json.dumps(answer))
        return response

    def _keep(self, request: Request) -> None:
        name = _plain(request.parameters["FunctionName"])
        kept = self._kept.setdefault((request.account, request.region, name), {})
        if request.operation == "CreateFunction":
            kept.clear()
        for setting in KEPT:
            if setting in request.parameters:
                kept[setting] = request.parameters[setting]

    def _walk(self, answer: Any, request: Request) -> None:  # noqa: ANN401 - any JSON
        """Complete every configuration in an answer, wherever it stands."""
        if isinstance(answer, list):
            for row in answer:
                self._walk(row, request)
        elif isinstance(answer, dict):
            if "FunctionArn" in answer and "FunctionName" in answer:
                self._complete(answer, request.account, request.region)
            for value in answer.values():
                self._walk(value, request)

    def _complete(self, configuration: dict[str, Any], account: str, region: str) -> None:
        name = configuration["FunctionName"]
        configuration["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
        for setting, value in self._kept.get((account, region, name), {}).items():
            if setting == "LoggingConfig":
                # AWS fills in the log group, and the levels of a JSON log.
                defaults = configuration["LoggingConfig"]
                if value.get("LogFormat") == "JSON":
                    defaults |= {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
                configuration[setting] = {**defaults, **value}
            elif setting == "DeadLetterConfig" and not value.get("TargetArn"):
                configuration.pop(setting, None)
            else:
                configuration[setting] = value or None
        for setting in [key for key, value in configuration.items() if value is None]:
            del configuration[setting]


def _show_the_last(request: Request) -> None:
    """Let what was put last replace what was there.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """
    backend = lambda_backends[request.account][request.region]
    settings = backend.get_function(_plain(request.parameters["FunctionName"])).event_invoke_config
    del settings[:-1]


def _plain(name: str) -> str:
    """Take a function's own name out of a name, a partial ARN or an ARN."""
    if ":function:" in name:
        name = name.split(":function:")[1]
    return name.partition(":")[0]
