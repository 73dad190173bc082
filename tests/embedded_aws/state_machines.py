"""Step Functions: moto's interpreter, let loose on the deployed functions under the right roles.

moto 5.2.5 has an interpreter of the Amazon States Language.  Here it reaches what it calls through
the gate, as the role of the state machine; invokes Lambda functions by running their zip; and does
what AWS does where it does not:

* a percentage without a decimal point is a number
  (https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html)
* an execution without a name is given one, and the context object has it
  (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)
* ValidateStateMachineDefinition says what CreateStateMachine would refuse
* ListStateMachineVersions knows that none was published
"""

from __future__ import annotations

import json
import logging
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.parse.asl_parser import (
    AmazonStateLanguageParser,
    ASLParserException,
)

# Loaded before they are patched below: each has taken its own name of the function.
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from tests.embedded_aws.protocol import Request

PERCENTAGE = re.compile(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?=\s*[,}])')
START = ("stepfunctions", "StartExecution")
INTERPRETER = "moto.stepfunctions.parser"

#: What makes a client of a service in a region for a role: set by the running embedded AWS.
Client = Callable[[str, str, str], Any]
_parse = AmazonStateLanguageParser.parse


def _parse_as_aws_does(definition: str) -> Any:  # noqa: ANN401 - moto's own
    return _parse(PERCENTAGE.sub(r"\1.0", definition))


def install(client: Client) -> None:
    """Let moto's interpreter run what is started, and reach everything by `client`."""

    def boto_client_for(region: str, service: str, state_credentials: Any = None) -> Any:  # noqa: ANN401 - moto's own
        return client(service, region, state_credentials.role_arn)

    assert stepfunctions_parser_backends is not None
    default_user_config.setdefault("stepfunctions", {})["execute_state_machine"] = True
    AmazonStateLanguageParser.parse = staticmethod(_parse_as_aws_does)  # type: ignore[method-assign] # moto has no other way in
    for module in _reaching():
        module.boto_client_for = boto_client_for  # type: ignore[attr-defined] # as above
    # It prints every failure that a state machine may well expect.
    logging.getLogger(INTERPRETER).setLevel(logging.CRITICAL)


@cache
def _reaching() -> list[ModuleType]:
    """Return the modules of the interpreter that make clients."""
    modules = [module for name, module in sys.modules.items() if name.startswith(INTERPRETER)]
    return [module for module in modules if hasattr(module, "boto_client_for")]


def named(request: Request, body: bytes) -> bytes:
    """Return the body of a request to start an execution with a name in it."""
    name = request.parameters.get("name") or str(uuid.uuid4())
    return json.dumps({**json.loads(body), "name": name}).encode()


def validate(request: Request) -> Mapping[str, Any]:
    """Answer ValidateStateMachineDefinition."""
    try:
        _parse_as_aws_does(request.parameters["definition"])
    except ASLParserException as error:
        diagnostic = {
            "severity": "ERROR",
            "code": "SCHEMA_VALIDATION_FAILED",
            "message": repr(error),
        }
        return {"result": "FAIL", "diagnostics": [diagnostic], "truncated": False}
    return {"result": "OK", "diagnostics": [], "truncated": False}


def list_versions(_: Request) -> Mapping[str, Any]:
    """Answer ListStateMachineVersions: nothing here publishes any."""
    return {"stateMachineVersions": []}


HANDLERS: Mapping[tuple[str, str], Callable[[Request], Mapping[str, Any]]] = {
    ("stepfunctions", "ListStateMachineVersions"): list_versions,
    ("stepfunctions", "ValidateStateMachineDefinition"): validate,
}
