"""Run a handler with the SDK of the interpreter that runs this file.

`python other_sdk.py HANDLER TIME EVENT`, with the package on PYTHONPATH, prints the handler's
result, or its error, as JSON. The environment of the interpreter has boto3 and nothing else.
"""

from __future__ import annotations

import importlib
import json
import sys
from datetime import datetime
from types import SimpleNamespace

from certificate_lifecycle.model.errors import CertificateLifecycleError


def main(name: str, time: str, event: str) -> None:
    """Invoke the handler at a fixed time."""
    handler = importlib.import_module(f"certificate_lifecycle.handlers.{name}")
    now = datetime.fromisoformat(time)
    handler.current_time = lambda: now  # type: ignore[attr-defined] # a module
    context = SimpleNamespace(
        aws_request_id=f"other-sdk-{name}",
        invoked_function_arn=f"arn:aws:lambda:eu-west-1:123456789012:function:c-{name}",
        get_remaining_time_in_millis=lambda: 900_000,
    )
    try:
        result = handler.lambda_handler(json.loads(event), context)
    except CertificateLifecycleError as error:
        result = {"error": str(error)}
    sys.stdout.write(f"\n{json.dumps(result)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
