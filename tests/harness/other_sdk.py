"""Run a handler or a command with the SDK of the interpreter that runs this file.

`python other_sdk.py HANDLER TIME EVENT`, with the package on PYTHONPATH, prints the handler's
result, or its error, as JSON. `python other_sdk.py cli TIME ARGUMENTS`, with a list in JSON, runs
`certificates` and ends with its exit code. The environment of the interpreter has boto3, click and
rich, and nothing else.
"""

from __future__ import annotations

import importlib
import json
import sys
from datetime import datetime
from types import SimpleNamespace
from typing import NoReturn

from certificate_lifecycle.model.errors import CertificateLifecycleError


def main(name: str, time: str, given: str) -> None:
    """Invoke a handler with an event, or a command with arguments, at a fixed time."""
    now = datetime.fromisoformat(time)
    if name == "cli":
        _run(now, json.loads(given))
    handler = importlib.import_module(f"certificate_lifecycle.handlers.{name}")
    handler.current_time = lambda: now  # type: ignore[attr-defined] # a module
    context = SimpleNamespace(
        aws_request_id=f"other-sdk-{name}",
        invoked_function_arn=f"arn:aws:lambda:eu-west-1:123456789012:function:c-{name}",
        get_remaining_time_in_millis=lambda: 900_000,
    )
    try:
        result = handler.lambda_handler(json.loads(given), context)
    except CertificateLifecycleError as error:
        result = {"error": str(error)}
    sys.stdout.write(f"\n{json.dumps(result)}\n")


def _run(now: datetime, arguments: list[str]) -> NoReturn:
    from certificate_lifecycle.cli import main as cli
    from certificate_lifecycle.cli import session

    session.current_time = lambda: now
    sys.exit(cli.main(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
