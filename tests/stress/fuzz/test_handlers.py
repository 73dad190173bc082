"""Both functions as Lambda calls them: a result, or an error of our own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import strategies as st

from certificate_lifecycle.handlers import creation, rotation
from certificate_lifecycle.handlers.config import CREATION_VARIABLES, ROTATION_VARIABLES
from certificate_lifecycle.model.errors import CertificateLifecycleError, ConfigurationError
from certificate_lifecycle.render.notification.message import Message
from tests.stress.fuzz.aws import CERTIFICATES, REGION, Answer, Aws, refuse
from tests.stress.fuzz.effort import fuzzed
from tests.stress.fuzz.hostile import json_values, require_own_words
from tests.stress.fuzz.lots import NOW, seeds
from tests.stress.fuzz.test_inputs import (
    BAD_CREATION,
    BAD_ROTATION,
    ENVELOPE,
    GOOD_CREATION,
    GOOD_ROTATION,
    RIGHT,
    STEP,
    choices,
    environments,
)
from tests.stress.fuzz.test_outputs import require_plain_strings, require_sendable

Handler = Callable[[object, Any], dict[str, Any]]

#: All features, so that a run covers everything.
EVERYTHING = {
    "SNS_TOPIC_ARN": RIGHT["SNS_TOPIC_ARN"],
    "DOMAIN_NAME": "example.com",
    "LEDGER_TABLE": "ledger",
    "REPORT_BUCKET": "reports",
    "REBIND_CONSUMERS": "true",
    "RETIRE_SUPERSEDED_AFTER_DAYS": "1",
    "EVENT_BUS_NAME": "bus",
    "SECURITY_HUB": "true",
    "IMPORT_SOURCES": json.dumps(
        {CERTIFICATES[0]: {"secret_arn": RIGHT["IMPORT_SOURCES"].split('"')[5]}}
    ),
}


@dataclass
class Context:
    """Lambda's context; time passes with sleeps."""

    aws_request_id: str = "run-1"
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:123456789012:function:f"
    left: float = 900.0

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left * 1000)


class Function:
    """Invokes a handler with its own environment and any AWS."""

    def __init__(self, aws: Aws, environment: pytest.MonkeyPatch) -> None:
        self.aws = aws
        self._environment = environment

    def __call__(
        self, handler: Handler, event: object, variables: Mapping[str, str]
    ) -> dict[str, Any] | Exception:
        """Return the result, or the error that ended the invocation."""
        context = Context()
        with self._environment.context() as patch:
            for variable in (*CREATION_VARIABLES, *ROTATION_VARIABLES):
                patch.delenv(variable.name, raising=False)
            for name, value in variables.items():
                # An environment cannot contain lone surrogates or zeros.
                patch.setitem(os.environ, name, value.encode(errors="ignore").decode())

            def sleep(seconds: float) -> None:
                context.left -= seconds

            clock = SimpleNamespace(sleep=sleep)
            patch.setattr("certificate_lifecycle.handlers.context.time", clock)
            for module in ("creation", "organization", "rotation"):
                patch.setattr(f"certificate_lifecycle.handlers.{module}.current_time", lambda: NOW)
            for module in ("handlers.creation", "handlers.wiring"):
                patch.setattr(
                    f"certificate_lifecycle.{module}.Clients", lambda *_, **__: self.aws.clients
                )
            try:
                return handler(event, context)
            except Exception as error:  # noqa: BLE001 - the caller checks it
                return error


@pytest.fixture
def invoke(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Function:
    # Handlers import the use cases at their first call.
    import certificate_lifecycle.handlers.organization  # noqa: F401 - patched below

    return Function(aws, monkeypatch)


def require_ended(outcome: dict[str, Any] | Exception, *, sdk: bool = False) -> None:
    """Require an end that Lambda, an alarm and a user can interpret."""
    if isinstance(outcome, dict):
        text = json.dumps(outcome, allow_nan=False)
        assert text.isascii()
        require_plain_strings(outcome)
        return
    known = (CertificateLifecycleError, *((BotoCoreError, ClientError) if sdk else ()))
    assert isinstance(outcome, known), repr(outcome)
    if isinstance(outcome, CertificateLifecycleError):
        require_own_words(outcome)


events = st.one_of(
    choices(GOOD_CREATION, BAD_CREATION).map(lambda drawn: drawn[0]),
    choices(GOOD_ROTATION, BAD_ROTATION).map(lambda drawn: drawn[0]),
    json_values,
    st.sampled_from([{}, ENVELOPE, STEP]),
)


@fuzzed(120, event=events)
def test_an_event_is_accepted_completely_or_rejected_before_any_call(
    invoke: Function, event: object
) -> None:
    for handler in (creation.lambda_handler, rotation.lambda_handler):
        invoke.aws.answers(refuse)
        outcome = invoke(handler, event, EVERYTHING)
        require_ended(outcome, sdk=True)
        if isinstance(outcome, ConfigurationError):
            assert invoke.aws.calls == []
            assert outcome.errors
        else:
            assert invoke.aws.calls


@fuzzed(50, variables=environments((*CREATION_VARIABLES, *ROTATION_VARIABLES)))
def test_an_environment_is_accepted_completely_or_rejected_before_any_call(
    invoke: Function, variables: dict[str, str]
) -> None:
    for handler in (creation.lambda_handler, rotation.lambda_handler):
        invoke.aws.answers(refuse)
        outcome = invoke(handler, {}, variables)
        require_ended(outcome, sdk=True)
        assert isinstance(outcome, ConfigurationError) == (invoke.aws.calls == [])


def published(aws: Aws) -> list[Message]:
    """Return the messages passed to SNS."""
    found = []
    for operation, params in aws.calls:
        if operation == "Publish":
            body = params["body"]
            fields = (
                body if isinstance(body, dict) else {k: v[0] for k, v in parse_qs(body).items()}
            )
            values = {
                fields[f"{key.removesuffix('.Name')}.Name"]: fields[
                    f"{key.removesuffix('.Name')}.Value.StringValue"
                ]
                for key in fields
                if key.startswith("MessageAttributes.entry.") and key.endswith(".Name")
            }
            found.append(Message(fields["Subject"], json.loads(fields["Message"]), values))
    return found


@fuzzed(30, seed=seeds)
def test_with_any_response_a_run_returns_a_result_or_reports_all_errors(
    invoke: Function, seed: int
) -> None:
    invoke.aws.answers(Answer(seed).to)
    outcome = invoke(rotation.lambda_handler, ENVELOPE, EVERYTHING)
    require_ended(outcome)
    messages = published(invoke.aws)
    assert len(messages) <= 1
    for message in messages:
        require_sendable(message)


@fuzzed(120, seed=seeds, inputs=st.sampled_from([{}, {"wait_seconds": 900}, {"dry_run": True}]))
def test_with_any_response_a_request_ends_with_a_certificate_or_one_error(
    invoke: Function, seed: int, inputs: dict[str, Any]
) -> None:
    invoke.aws.answers(Answer(seed).to)
    outcome = invoke(creation.lambda_handler, inputs, EVERYTHING)
    require_ended(outcome, sdk=True)
    if isinstance(outcome, dict) and not inputs.get("dry_run"):
        assert outcome["certificate_arn"]
    if inputs.get("dry_run"):
        asked = {operation for operation, _ in invoke.aws.calls}
        assert not asked & {"RequestCertificate", "ChangeResourceRecordSets"}
