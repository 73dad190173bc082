"""Runs a deployed function like Lambda: its zip, environment, role and runtime client.

    invocation = invoke(cloud, "certificate-lifecycle-rotation", scheduled_event)
    assert invocation.error is None

The code is the deployed zip, unpacked to its own folder. The process has only the environment of
the function's configuration and of Lambda.

Unlike Lambda: the machine's own Python and processor, no memory limit, no signal before the
timeout, no retries and no failure destination; every invocation is a cold start; no public DNS
but that of `tests.embedded_aws.doh_gateway`.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.functions import Function
from tests.embedded_aws.protocol import AwsError, Request

API = "/2018-06-01/runtime"
POLL_SECONDS = 0.01
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_PAYLOAD = 6 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Failure:
    """The error of a failed invocation, as Lambda returns it."""

    type: str
    message: str
    stack: tuple[str, ...] = ()

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        trace = payload.get("stackTrace") or ()
        return cls(str(payload.get("errorType")), str(payload.get("errorMessage")), tuple(trace))


@dataclass(frozen=True, slots=True)
class Invocation:
    """The outcome of an invocation: its result or error, and its log."""

    request_id: str
    result: Any
    error: Failure | None
    logs: tuple[str, ...]
    seconds: float

    @property
    def records(self) -> list[dict[str, Any]]:
        """The log lines that are JSON objects."""
        records = []
        for line in self.logs:
            with suppress(json.JSONDecodeError):
                record = json.loads(line)
                if isinstance(record, dict):
                    records.append(record)
        return records


def invoke(
    cloud: Cloud,
    function_name: str,
    event: object,
    *,
    timeout: float = 300,
    region: str = "eu-west-1",
    account: str = "123456789012",
) -> Invocation:
    """Invoke a deployed function once and wait for the result.

    The function has `timeout` seconds, or its own timeout if that is less, and is then stopped.
    """
    function = cloud.function(function_name, region, account)
    allowed = min(timeout, float(function.configuration["Timeout"]))
    with (
        tempfile.TemporaryDirectory(prefix="lambda-") as directory,
        _RuntimeApi(json.dumps(event).encode(), function, allowed) as api,
    ):
        code = Path(directory, "task")
        with zipfile.ZipFile(io.BytesIO(function.code)) as package:
            package.extractall(code)
        environment = _environment(cloud, function, code, api.address)
        log = Path(directory, "log")
        started = time.monotonic()
        outcome = _run(function, code, environment, log, api, allowed)
        seconds = time.monotonic() - started
        lines = tuple(log.read_text(encoding="utf-8", errors="replace").splitlines())
    error = outcome if isinstance(outcome, Failure) else None
    result = outcome if error is None else None
    return Invocation(api.request_id, result, error, lines, seconds)


def invoke_directly(cloud: Cloud, request: Request) -> dict[str, Any]:
    """Answer Lambda's Invoke and return the result or the error to the caller.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """
    wanted = request.parameters
    if wanted.get("InvocationType", "RequestResponse") != "RequestResponse":
        raise AwsError("NotImplemented", "only RequestResponse is invoked here", status=501)
    payload = wanted.get("Payload") or b"{}"
    if len(payload) > MAX_PAYLOAD:
        message = (
            f"Request must be smaller than {MAX_PAYLOAD} bytes for the InvokeFunction operation"
        )
        raise AwsError("RequestTooLargeException", message, status=413)
    ended = invoke(
        cloud,
        wanted["FunctionName"].rpartition(":")[2],
        json.loads(payload),
        timeout=900,
        region=request.region,
        account=request.account,
    )
    answer = {"StatusCode": HTTPStatus.OK, "ExecutedVersion": "$LATEST"}
    if ended.error is None:
        return {**answer, "Payload": json.dumps(ended.result).encode()}
    error = {
        "errorType": ended.error.type,
        "errorMessage": ended.error.message,
        "stackTrace": list(ended.error.stack),
    }
    return {**answer, "FunctionError": "Unhandled", "Payload": json.dumps(error).encode()}


def _environment(cloud: Cloud, function: Function, code: Path, api: str) -> dict[str, str]:
    """Join the function's own variables and Lambda's.

    docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html lists the latter.
    """
    configuration = function.configuration
    logging = configuration["LoggingConfig"]
    region = str(configuration["FunctionArn"]).split(":")[3]
    credentials = cloud.assume(function.role, session_name=function.name)
    environment = {
        "AWS_ACCESS_KEY_ID": credentials["aws_access_key_id"],
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration['Runtime']}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": logging["LogFormat"],
        "AWS_LAMBDA_LOG_GROUP_NAME": logging["LogGroup"],
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{function.name}/[$LATEST]{uuid.uuid4().hex}",
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_REGION": region,
        "AWS_SECRET_ACCESS_KEY": credentials["aws_secret_access_key"],
        "AWS_SESSION_TOKEN": credentials["aws_session_token"],
        "LAMBDA_TASK_ROOT": str(code),
        "LANG": "en_US.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }
    if "ApplicationLogLevel" in logging:
        environment["AWS_LAMBDA_LOG_LEVEL"] = logging["ApplicationLogLevel"]
    # No test depends on the internet: only resolvers on loopback are queried.
    if "https://127.0.0.1" in function.environment.get("PUBLIC_DNS_RESOLVERS", ""):
        environment["SSL_CERT_FILE"] = os.environ["SSL_CERT_FILE"]
    else:
        environment["PUBLIC_DNS_RESOLVERS"] = "[]"
    return {**function.environment, **environment}


def _run(
    function: Function,
    code: Path,
    environment: Mapping[str, str],
    log: Path,
    api: _RuntimeApi,
    allowed: float,
) -> object:
    """Run the runtime client until it has answered, has ended, or reaches the timeout."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", function.handler],
            cwd=code,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            return _await(process, api, allowed)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _await(process: subprocess.Popen[bytes], api: _RuntimeApi, allowed: float) -> object:
    deadline = time.monotonic() + allowed
    while not api.answered.wait(POLL_SECONDS):
        if time.monotonic() > deadline:
            said = f"Task timed out after {allowed:.2f} seconds"
            return Failure("Sandbox.Timedout", f"RequestId: {api.request_id} Error: {said}")
        # Checked again: the answer may have arrived just before the process ended.
        if process.poll() is not None and not api.answered.is_set():
            said = f"Runtime exited with error: exit status {process.returncode}"
            return Failure("Runtime.ExitError", f"RequestId: {api.request_id} Error: {said}")
    return api.outcome


class _RuntimeApi(ThreadingHTTPServer):
    """The API from which a runtime gets its event, and to which it sends its result.

    docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    daemon_threads = True

    def __init__(self, event: bytes, function: Function, allowed: float) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeApiHandler)
        self.event = event
        self.request_id = str(uuid.uuid4())
        self.taken = False
        self.answered = threading.Event()
        self.closing = threading.Event()
        self.outcome: object = None
        self.headers = {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + allowed) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": str(function.configuration["FunctionArn"]),
        }
        self._thread = threading.Thread(target=self.serve_forever, args=(POLL_SECONDS,))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _RuntimeApiHandler(BaseHTTPRequestHandler):
    server: _RuntimeApi

    def do_GET(self) -> None:
        if self.server.taken:
            # There is no second event: the runtime waits here until it is stopped.
            self.server.closing.wait()
            return
        self.server.taken = True
        self.send_response(HTTPStatus.OK)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self._finish(self.server.event)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.loads(body)
        failed = self.path.endswith("/error")
        self.server.outcome = Failure.from_payload(answer) if failed else answer
        self.send_response(HTTPStatus.ACCEPTED)
        self._finish(b"{}")
        self.server.answered.set()

    def _finish(self, body: bytes) -> None:
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own
        """Log nothing: the log must contain only lines of the function."""
