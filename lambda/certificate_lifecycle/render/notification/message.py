"""The one message of a run, with a text for each protocol.

Names, tags and errors are untrusted: they are never markup, and every text is cleaned of control
characters, see `model.sanitize`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from certificate_lifecycle.model.run import Assessment, Run
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.render.notification.chat import chat_body, chat_errors, chat_notification
from certificate_lifecycle.render.notification.document import document_body
from certificate_lifecycle.render.notification.email import (
    counts_text,
    email_body,
    signature,
    wrapped,
)
from certificate_lifecycle.render.notification.limits import (
    LEAST_ERROR,
    LEAST_FINDING_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_VALUES,
)
from certificate_lifecycle.render.notification.wording import (
    full_list,
    headline_of,
    severity_of,
    subject_of,
)


@dataclass(frozen=True, slots=True)
class Message:
    """A text for each protocol, and attributes for filter policies.

    A filter policy matches an attribute with several values if it matches one of them.
    """

    subject: str
    bodies: Mapping[str, str]
    attributes: Mapping[str, str | Sequence[str]]


def compose(run: Run, *, summary: bool = False) -> Message | None:
    """Return the message of `run`, or None if there is nothing to report.

    Reported are findings with their actions, other actions, failed scans and resolved findings.
    A `summary` is sent even if there is nothing to report; an incomplete inventory alone is no
    reason for a message, because it lasts until people change the SDK.
    """
    findings = [entry for entry in run.findings if entry.notifiable]
    something = findings or run.done or run.failed or run.changes or run.recovered_scopes
    if not something and not summary:
        return None
    attributes = _attributes(run, findings)
    limit = MAX_MESSAGE_BYTES - len(json.dumps(attributes).encode())
    shown = min(len(findings), limit // LEAST_FINDING_BYTES)
    bodies = _bodies(run, findings, shown)
    while _size(bodies) > limit and shown:
        shown = shown * limit // _size(bodies)
        bodies = _bodies(run, findings, shown)
    if _size(bodies) > limit:
        bodies = _in_short(run, findings)
    return Message(subject_of(run, findings), bodies, attributes)


def _bodies(run: Run, findings: Sequence[Assessment], shown: int) -> dict[str, str]:
    document = json.dumps(document_body(run, findings[:shown], len(findings) - shown))
    text = email_body(run, findings, shown)
    return {
        "default": headline_of(run, findings),
        "email": text,
        "https": json.dumps(chat_body(run, findings)),
        "sqs": document,
        "lambda": document,
    }


def _in_short(run: Run, findings: Sequence[Assessment]) -> dict[str, str]:
    """Return bodies with counts only, for a run whose texts are too long for a message.

    Owners of certificates choose some of the texts, which must not prevent the message.
    """
    scopes = [
        scope if scope.error is None else replace(scope, error=clean(scope.error, LEAST_ERROR))
        for scope in run.scopes
    ]
    bare = replace(run, scopes=scopes, actions=(), changes=(), recovered_scopes=())
    document = {
        **document_body(bare, (), len(findings)),
        "severity": severity_of(run).label,
        "changes_not_shown": len(run.changes),
    }
    headline = headline_of(run, findings)
    too_much = f"Too many findings for one message. {full_list(run)}"
    text = "\n\n".join([wrapped(headline, ""), too_much, counts_text(run), signature(run)])
    lines = [headline, *chat_errors(bare), too_much]
    return {
        "default": headline,
        "email": f"{text}\n",
        "https": json.dumps(chat_notification(run, findings, lines, ())),
        "sqs": json.dumps(document),
        "lambda": json.dumps(document),
    }


def _size(bodies: Mapping[str, str]) -> int:
    return len(json.dumps(dict(bodies)).encode())


def _attributes(run: Run, findings: Sequence[Assessment]) -> dict[str, str | list[str]]:
    """Return the attributes for filter policies, with the accounts and regions in the message."""
    scopes = {(entry.certificate.account_id, entry.certificate.region) for entry in findings}
    scopes |= {(scope.account_id, scope.region) for scope in run.scopes if scope.error is not None}
    arns = [record.certificate_arn for record in (*run.done, *run.failed_actions)]
    arns += [change.certificate_arn for change in run.changes]
    scopes |= {
        # SNS rejects an empty value.
        (scope.account_id, scope.region or "global")
        for scope in map(Scope.from_arn, arns)
    }
    if not scopes:
        # A summary or a recovered scan is for all subscribers.
        scopes = {(scope.account_id, scope.region) for scope in run.scopes}
    return {
        "severity": severity_of(run).label,
        "account": _one_or_many({account for account, _ in scopes}),
        "region": _one_or_many({region for _, region in scopes}),
    }


def _one_or_many(values: Collection[str]) -> str | list[str]:
    return next(iter(values)) if len(values) == 1 else sorted(values)[:MAX_VALUES]
