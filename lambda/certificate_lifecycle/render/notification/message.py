"""The one message of a run, with a text for each protocol.

Names, tags and errors are untrusted: they are never markup or a link, and every text is cleaned of
control characters, see `model.sanitize`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from certificate_lifecycle.model.certificate import Verdict
from certificate_lifecycle.model.run import Assessment, Run
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.render.notification.chat import chat_body
from certificate_lifecycle.render.notification.document import document_body, size
from certificate_lifecycle.render.notification.email import email_body
from certificate_lifecycle.render.notification.grouping import groups_of
from certificate_lifecycle.render.notification.limits import (
    MAX_MESSAGE_BYTES,
    MAX_VALUE,
    MAX_VALUES,
)
from certificate_lifecycle.render.notification.subject import subject_of, worst_of
from certificate_lifecycle.render.notification.wording import counts_text, severity_of


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
    attributes, groups = _attributes(run, findings), groups_of(findings, run.started_at)
    subject = subject_of(run)
    texts = {
        "default": f"{subject}: {counts_text(run)}",
        "email": email_body(run, groups),
        "https": json.dumps(chat_body(run, groups)),
    }
    left = MAX_MESSAGE_BYTES - size(texts) - size(attributes)
    # Queues and functions get the same text.
    document = json.dumps(document_body(run, findings, left // 2))
    return Message(subject, {**texts, "sqs": document, "lambda": document}, attributes)


def _attributes(run: Run, findings: Sequence[Assessment]) -> dict[str, str | list[str]]:
    """Return the attributes for filter policies.

    They are the accounts and regions in the message, and verdict, owner and domain of the worst
    finding, which is that of the subject. SNS rejects an empty value.
    """
    scopes = {(entry.certificate.account_id, entry.certificate.region) for entry in findings}
    scopes |= {(scope.account_id, scope.region) for scope in run.scopes if scope.error is not None}
    arns = [record.certificate_arn for record in (*run.done, *run.failed_actions)]
    arns += [change.certificate_arn for change in run.changes]
    scopes |= {(scope.account_id, scope.region or "global") for scope in map(Scope.from_arn, arns)}
    if not scopes:
        # A summary or a recovered scan is for all subscribers.
        scopes = {(scope.account_id, scope.region) for scope in run.scopes}
    worst = _of_worst(run)
    return {
        "severity": severity_of(run).label,
        "account": _one_or_many({account for account, _ in scopes}),
        "region": _one_or_many({region for _, region in scopes}),
        **{name: text for name, text in worst.items() if text},
    }


def _of_worst(run: Run) -> dict[str, str]:
    """Return verdict, owner and domain of the worst finding; empty if unknown."""
    worst = worst_of(run)
    if worst is None:
        lost = Verdict.SCAN_FAILED.value * bool(run.failed_scopes)
        return {"verdict": lost or Verdict.INVENTORY_INCOMPLETE.value * bool(run.not_listed)}
    return {
        "verdict": worst.decision.verdict.value,
        "owner": clean(worst.owner or "", MAX_VALUE),
        "domain": clean(worst.certificate.domain_name, MAX_VALUE),
    }


def _one_or_many(values: Collection[str]) -> str | list[str]:
    return next(iter(values)) if len(values) == 1 else sorted(values)[:MAX_VALUES]
