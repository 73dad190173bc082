"""The one message of a run, with a text for each protocol.

Names, tags and errors come from AWS and from the owners of certificates: they are text, never
markup, and lose their control characters in every text, see `core.text`.
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
    full_list_of,
    headline_of,
    severity_of,
    subject_of,
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a text for each protocol and what subscribers filter on.

    An attribute has one value, or several of which a filter has to match any.
    """

    subject: str
    bodies: Mapping[str, str]
    attributes: Mapping[str, str | Sequence[str]]


def compose(run: Run, *, summary: bool = False) -> Message | None:
    """Return the message of `run`, or None if there is nothing that a person should hear.

    A person hears of what is urgent or can be helped, with what was done about it, of an export
    that stands beside no finding, of what could not be looked at, and of what is over. A `summary`
    is told even if all is well.
    """
    told = [entry for entry in run.findings if entry.notifiable]
    something = told or run.done or run.incomplete or run.changes or run.recovered_scopes
    if not something and not summary:
        return None
    attributes = _attributes(run, told)
    limit = MAX_MESSAGE_BYTES - len(json.dumps(attributes).encode())
    shown = min(len(told), limit // LEAST_FINDING_BYTES)
    bodies = _bodies(run, told, shown)
    while _size(bodies) > limit and shown:
        shown = shown * limit // _size(bodies)
        bodies = _bodies(run, told, shown)
    if _size(bodies) > limit:
        bodies = _in_short(run, told)
    return Message(subject_of(run, told), bodies, attributes)


def _bodies(run: Run, told: Sequence[Assessment], shown: int) -> dict[str, str]:
    document = json.dumps(document_body(run, told[:shown], len(told) - shown))
    text = email_body(run, told, shown)
    return {
        "default": headline_of(run, told),
        "email": text,
        "https": json.dumps(chat_body(run, told)),
        "sqs": document,
        "lambda": document,
    }


def _in_short(run: Run, told: Sequence[Assessment]) -> dict[str, str]:
    """Return bodies that just count, for a run in which texts are as long as nobody reads.

    Whoever named a certificate chose them: they must not keep the message from going out.
    """
    scopes = [
        scope if scope.error is None else replace(scope, error=clean(scope.error, LEAST_ERROR))
        for scope in run.scopes
    ]
    bare = replace(run, scopes=scopes, actions=(), changes=(), recovered_scopes=())
    document = {
        **document_body(bare, (), len(told)),
        "severity": severity_of(run).label,
        "changes_not_shown": len(run.changes),
    }
    headline = headline_of(run, told)
    too_much = f"There is too much to tell for a message; {full_list_of(run)}."
    text = "\n\n".join([wrapped(headline, ""), too_much, counts_text(run), signature(run)])
    lines = [headline, *chat_errors(bare), too_much]
    return {
        "default": headline,
        "email": f"{text}\n",
        "https": json.dumps(chat_notification(run, told, lines, ())),
        "sqs": json.dumps(document),
        "lambda": json.dumps(document),
    }


def _size(bodies: Mapping[str, str]) -> int:
    return len(json.dumps(dict(bodies)).encode())


def _attributes(run: Run, told: Sequence[Assessment]) -> dict[str, str | list[str]]:
    """Return what subscribers filter on: with several scopes, the ones that the message is about.

    Whoever asks for one account must hear of it; of the others there is nothing to be heard.
    """
    scopes = {(entry.certificate.account_id, entry.certificate.region) for entry in told}
    scopes |= {(scope.account_id, scope.region) for scope in run.scopes if scope.error is not None}
    arns = [record.certificate_arn for record in (*run.done, *run.failed_actions)]
    arns += [change.certificate_arn for change in run.changes]
    scopes |= {
        # What a service without regions has is named as certificates name it: SNS takes no empty
        # value.
        (scope.account_id, scope.region or "global")
        for scope in map(Scope.from_arn, arns)
    }
    if not scopes:
        # Of a summary, and of what can be looked at again, everybody hears.
        scopes = {(scope.account_id, scope.region) for scope in run.scopes}
    return {
        "severity": severity_of(run).label,
        "account": _one_or_many({account for account, _ in scopes}),
        "region": _one_or_many({region for _, region in scopes}),
    }


def _one_or_many(values: Collection[str]) -> str | list[str]:
    return next(iter(values)) if len(values) == 1 else sorted(values)[:MAX_VALUES]
