"""The one message of a run, for people and for machines.

Names, tags and errors come from AWS and from whoever made the certificate: they are text, never
markup, and lose their control characters before they get out, see `core.text`.
"""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from certificate_lifecycle.core.model import Action, Severity
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.run import (
    ActionRecord,
    Assessed,
    Change,
    ChangeKind,
    Outcome,
    Run,
    finding_entries,
)
from certificate_lifecycle.core.text import clean

#: SNS: fewer than 100 characters, printable ASCII to be safe with every protocol (API, Publish).
MAX_SUBJECT = 99
#: SNS: 262,144 bytes for the whole message; some are kept back.
MAX_MESSAGE_BYTES = 250_000
#: What a finding takes at the least in all bodies together: more than fit are not even formatted.
_LEAST_FINDING_BYTES = 1000
#: Amazon Q Developer in chat applications, custom notifications. Titles may have 250 and next steps
#: 350 characters, which a subject and the meaning of an action stay below.
_MAX_DESCRIPTION = 8000
_CHAT_FINDINGS = 15
_CHAT_ERRORS = 5
#: Values of one attribute; a longer list would crowd out the findings.
_MAX_VALUES = 500
_SHOWN_NAMES = 2
#: Of what uses a certificate, and of what is served under its names.
_SHOWN_TEXTS = 5
_SHOWN_OTHERS = 20
_SHOWN_SCOPES = 50
_SHOWN_CHANGES = 50
_MAX_ERROR = 500
_LEAST_ERROR = 100
#: Of what a certificate is called, and of what was done for it, in the document for machines.
_MAX_NAME = 500
_MAX_DETAIL = 1000
_WIDTH = 88

#: How an outcome is told to people.
OUTCOMES = {
    Outcome.ADVISED: "Next",
    Outcome.DONE: "Done in this run",
    Outcome.STARTED: "Begun in this run",
    Outcome.PLANNED: "Would be done",
    Outcome.FAILED: "Could not be done",
}

#: Changes that say what was told before.
_DIFFERENT = frozenset({ChangeKind.WORSE, ChangeKind.BETTER, ChangeKind.CHANGED})

#: What an action is counted as; the others mend something.
_DEEDS = {
    Action.EXPORT: "export",
    Action.REIMPORT: "import",
    Action.REPLACE: "replacement step",
    Action.REQUEST_ANEW: "replacement step",
    Action.REBIND: "replacement step",
}

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


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
    told = [entry for entry in run.findings if entry.told]
    something = told or run.done or run.incomplete or run.changes or run.recovered_scopes
    if not something and not summary:
        return None
    attributes = _attributes(run, told)
    limit = MAX_MESSAGE_BYTES - len(json.dumps(attributes).encode())
    shown = min(len(told), limit // _LEAST_FINDING_BYTES)
    bodies = _bodies(run, told, shown)
    while _size(bodies) > limit and shown:
        shown = shown * limit // _size(bodies)
        bodies = _bodies(run, told, shown)
    if _size(bodies) > limit:
        bodies = _in_short(run, told)
    return Message(_subject(run, told), bodies, attributes)


def severity_of(run: Run) -> Severity:
    """Return the worst severity; what could not be looked at or done counts as a warning."""
    worst = max((entry.decision.severity for entry in run.findings), default=Severity.OK)
    return max(worst, Severity.WARNING) if run.incomplete else worst


def console_url(arn: str) -> str:
    """Return the console page of a certificate, or its ARN where we know of no console."""
    place = Place.from_arn(arn)
    host = _CONSOLES.get(place.partition)
    if host is None or arn.split(":")[2] != "acm":
        return arn
    certificate_id = arn.rpartition("/")[2]
    return (
        f"https://{place.region}.{host}/acm/home?region={place.region}"
        f"#/certificates/{certificate_id}"
    )


def _bodies(run: Run, told: Sequence[Assessed], shown: int) -> dict[str, str]:
    document = json.dumps(_document(run, told[:shown], len(told) - shown))
    text = _text(run, told, shown)
    return {
        "default": _headline(run, told),
        "email": text,
        "https": json.dumps(_chat(run, told)),
        "sqs": document,
        "lambda": document,
    }


def _in_short(run: Run, told: Sequence[Assessed]) -> dict[str, str]:
    """Return bodies that just count, for a run in which texts are as long as nobody reads.

    Whoever named a certificate chose them: they must not keep the message from going out.
    """
    scopes = [
        scope if scope.error is None else replace(scope, error=clean(scope.error, _LEAST_ERROR))
        for scope in run.scopes
    ]
    bare = replace(run, scopes=scopes, actions=(), changes=(), recovered_scopes=())
    document = {
        **_document(bare, (), len(told)),
        "severity": severity_of(run).label,
        "changes_not_shown": len(run.changes),
    }
    headline = _headline(run, told)
    too_much = f"There is too much to tell for a message; {_kept(run)}."
    text = "\n\n".join([_wrapped(headline, ""), too_much, _counts_text(run), _signature(run)])
    lines = [headline, *_chat_errors(bare), too_much]
    return {
        "default": headline,
        "email": f"{text}\n",
        "https": json.dumps(_notification(run, told, lines, ())),
        "sqs": json.dumps(document),
        "lambda": json.dumps(document),
    }


def _size(bodies: Mapping[str, str]) -> int:
    return len(json.dumps(dict(bodies)).encode())


def _attributes(run: Run, told: Sequence[Assessed]) -> dict[str, str | list[str]]:
    """Return what subscribers filter on: with several scopes, the ones that the message is about.

    Whoever asks for one account must hear of it; of the others there is nothing to be heard.
    """
    places = {(entry.certificate.account_id, entry.certificate.region) for entry in told}
    places |= {(scope.account_id, scope.region) for scope in run.scopes if scope.error is not None}
    arns = [record.certificate_arn for record in (*run.done, *run.failed_actions)]
    arns += [change.certificate_arn for change in run.changes]
    places |= {
        # What a service without regions has is named as certificates name it: SNS takes no empty
        # value.
        (place.account_id, place.region or "global")
        for place in map(Place.from_arn, arns)
    }
    if not places:
        # Of a summary, and of what can be looked at again, everybody hears.
        places = {(scope.account_id, scope.region) for scope in run.scopes}
    return {
        "severity": severity_of(run).label,
        "account": _one_or_many({account for account, _ in places}),
        "region": _one_or_many({region for _, region in places}),
    }


def _one_or_many(values: Collection[str]) -> str | list[str]:
    return next(iter(values)) if len(values) == 1 else sorted(values)[:_MAX_VALUES]


def _headline(run: Run, told: Sequence[Assessed]) -> str:
    where = _where(run, "account ")
    if _nothing_seen(run):
        return f"The certificates of {where} could not be looked at."
    all_of_them = f"{_many(run.certificates, 'certificate')} of {where}"
    if not told:
        state = "not everything could be looked at" if run.incomplete else "no open finding"
        return f"{all_of_them}: {state}{_mended(run)}{_ended(run)}."
    return f"{all_of_them}: {_attention(told)}{_mended(run)}{_ended(run)}."


def _nothing_seen(run: Run) -> bool:
    return len(run.lost) == len(run.scopes)


def _where(run: Run, before: str, between: str = ", ") -> str:
    """Return the account and region, or how many of them there are."""
    accounts = {scope.account_id for scope in run.scopes}
    regions = {scope.region for scope in run.scopes}
    account = before + accounts.copy().pop() if len(accounts) == 1 else f"{len(accounts)} accounts"
    region = regions.copy().pop() if len(regions) == 1 else f"{len(regions)} regions"
    return f"{account}{between}{region}"


def _mended(run: Run) -> str:
    return f"; {_deeds(run)} done in this run" if run.done else ""


def _ended(run: Run) -> str:
    count = len(_over(run)) + len(run.recovered_scopes)
    return f"; {count} {'is' if count == 1 else 'are'} over" if count else ""


def _over(run: Run) -> list[Change]:
    return [change for change in run.changes if change.kind is ChangeKind.RESOLVED]


def _attention(told: Sequence[Assessed]) -> str:
    """Count what is urgent, and apart from it what only could be helped."""
    urgent = sum(entry.decision.severity >= Severity.WARNING for entry in told)
    rest = len(told) - urgent
    parts = []
    if urgent:
        parts.append(f"{urgent} {'needs' if urgent == 1 else 'need'} attention")
    if rest:
        parts.append(f"{rest}{' more' if urgent else ''} can be helped")
    return ", ".join(parts)


def _subject(run: Run, told: Sequence[Assessed]) -> str:
    if _nothing_seen(run):
        what = "nothing could be looked at"
    else:
        what = _attention(told) if told else _quiet(run)
    before = f"[{severity_of(run).label}] "
    after = f": {what} - {_where(run, '', ' ')}"
    instance = run.instance[: MAX_SUBJECT - len(before) - len(after)]
    return f"{before}{instance}{after}".encode("ascii", "replace").decode()[:MAX_SUBJECT]


def _quiet(run: Run) -> str:
    """Say in a few words what a message without open findings is about."""
    if run.incomplete:
        return "run incomplete"
    if run.done:
        return f"{_deeds(run)} done"
    over = len(_over(run)) + len(run.recovered_scopes)
    if over:
        return f"{_many(over, 'finding')} over"
    return "findings muted" if run.changes else "all is well"


# --- E-mail -----------------------------------------------------------------------------------


def _text(run: Run, told: Sequence[Assessed], shown: int) -> str:
    done: defaultdict[str, list[ActionRecord]] = defaultdict(list)
    for record in run.actions:
        done[record.certificate_arn].append(record)
    hidden = len(told) - shown
    sections = [
        _wrapped(_headline(run, told), ""),
        _incomplete_text(run),
        *(
            _severity_text(run, severity, told[:shown], done)
            for severity in sorted(Severity, reverse=True)
        ),
        f"And {hidden} more; {_kept(run)}." if hidden else "",
        _others_text(run),
        _over_text(run),
        _muted_text(run),
        "" if _nothing_seen(run) else _counts_text(run),
        f"Report: {run.report}" if run.report else "",
        _signature(run),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _signature(run: Run) -> str:
    """Return which run of which instance says so."""
    when = f"{run.started_at:%Y-%m-%d %H:%M} UTC"
    return f"{run.instance}, run {run.run_id}, {when}, mode {run.mode}"


def _incomplete_text(run: Run) -> str:
    """Return what could not be looked at; a single account and region was named already."""
    errors = _errors(run)
    if not errors:
        return ""
    more = len(errors) - _SHOWN_OTHERS
    rest = [f"  And {more} more; {_kept(run)}."] if more > 0 else []
    return "\n".join(["INCOMPLETE", *(_wrapped(text) for text in errors[:_SHOWN_OTHERS]), *rest])


def _kept(run: Run) -> str:
    """Say where all of it is that a message has no room for."""
    return f"{run.report or 'the log of the run'} names them all"


def _errors(run: Run) -> list[str]:
    several = len(run.scopes) > 1
    lost = set(run.lost)
    worst_first = sorted(run.scopes, key=lambda scope: scope not in lost)
    return [
        f"{scope.label}: {scope.error}" if several else scope.error
        for scope in worst_first
        if scope.error is not None
    ]


def _severity_text(
    run: Run,
    severity: Severity,
    told: Sequence[Assessed],
    done: Mapping[str, Sequence[ActionRecord]],
) -> str:
    entries = [entry for entry in told if entry.decision.severity is severity]
    if not entries:
        return ""
    texts = [_entry_text(entry, done, run) for entry in entries]
    return "\n\n".join([severity.name, *texts])


def _entry_text(entry: Assessed, done: Mapping[str, Sequence[ActionRecord]], run: Run) -> str:
    """Return a finding; several scopes make it say where it is, a memory what is new about it."""
    decision, arn = entry.decision, entry.certificate.arn
    several = len(run.scopes) > 1
    where = f" - {entry.certificate.account_id} {entry.certificate.region}" if several else ""
    lines = [
        f"  {_name(entry)}{where}{_news(run, arn)}",
        _wrapped(f"{decision.verdict}: {decision.message}", "    "),
    ]
    if arn in run.since:
        lines.append(f"    Open since {run.since[arn]:%Y-%m-%d}.")
    if entry.owner:
        lines.append(_wrapped(f"Owner: {entry.owner}.", "    "))
    if entry.used_by:
        lines.append(_wrapped(f"Used by: {_first(entry.used_by)}.", "    "))
    if entry.probe_results:
        lines.append(_wrapped(f"Served: {_first(entry.probe_results)}.", "    "))
    records = done.get(arn, ())
    if decision.action is not Action.NONE and not records:
        lines.append(_wrapped(f"Next: {decision.action.meaning}", "    "))
    lines += [_step(record) for record in records]
    lines.append(f"    {console_url(arn)}")
    return "\n".join(lines)


def _news(run: Run, arn: str) -> str:
    """Return what is new about an open finding, for its first line."""
    change = next((each for each in run.changes if each.certificate_arn == arn), None)
    if change is None:
        return ""
    previous = change.previous_verdict
    was = f", was {clean(previous)}" if change.kind in _DIFFERENT and previous else ""
    return f" - {change.kind}{was}"


def _over_text(run: Run) -> str:
    """Return what was told before and is no trouble any more."""
    texts = [_over_entry(change) for change in _over(run)]
    texts += [
        f"  {label}\n    It can be looked at in full again." for label in run.recovered_scopes
    ]
    more = len(texts) - _SHOWN_OTHERS
    rest = [f"  And {more} more."] if more > 0 else []
    return "\n\n".join(["OVER", *texts[:_SHOWN_OTHERS], *rest]) if texts else ""


def _over_entry(change: Change) -> str:
    since = f" since {change.since:%Y-%m-%d}" if change.since else ""
    told = f"Was {change.previous_verdict}{since}. {change.current_state or ''}"
    return "\n".join(
        [
            f"  {clean(change.name, 200) or clean(change.certificate_arn)}",
            _wrapped(told, "    "),
            f"    {console_url(change.certificate_arn)}",
        ]
    )


def _muted_text(run: Run) -> str:
    """Return what somebody has muted, so that a mute is never forgotten."""
    entries = [entry for entry in run.findings if entry.muted]
    if not entries:
        return ""
    lines = [
        _wrapped(f"{_name(entry)}: {entry.decision.verdict}, until {entry.muted_until}.")
        for entry in entries[:_SHOWN_OTHERS]
    ]
    more = len(entries) - _SHOWN_OTHERS
    rest = [f"  And {more} more."] if more > 0 else []
    return "\n".join(["MUTED", *lines, *rest])


def _first(texts: Sequence[str]) -> str:
    more = len(texts) - _SHOWN_TEXTS
    shown = "; ".join(texts[:_SHOWN_TEXTS])
    return f"{shown}; and {more} more" if more > 0 else shown


def _step(record: ActionRecord) -> str:
    """Return what was done or is next; lines after the first are commands, to be copied whole."""
    text, *commands = record.detail.splitlines() or [""]
    said = _wrapped(f"{OUTCOMES[record.outcome]}: {text}", "    ")
    return "\n".join([said, *(f"      {clean(command)}" for command in commands)])


def _others_text(run: Run) -> str:
    """Return what was done for certificates that need no attention, such as an export."""
    records = _untold(run)
    if not records:
        return ""
    lines = [f"  {record.certificate_arn}\n{_step(record)}" for record in records]
    return "\n\n".join(["ALSO", *lines[:_SHOWN_OTHERS]])


def _untold(run: Run) -> list[ActionRecord]:
    """Return the records that stand beside no finding that is told, advice left out."""
    told = {entry.certificate.arn for entry in run.findings if entry.told}
    return [
        record
        for record in run.actions
        if record.outcome is not Outcome.ADVISED and record.certificate_arn not in told
    ]


def _counts_text(run: Run) -> str:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in run.counts.items())
    return _wrapped(f"All certificates: {counts or 'none'}.", "")


def _wrapped(text: str, indent: str = "  ") -> str:
    return textwrap.fill(
        clean(text, 2000),
        width=_WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _name(entry: Assessed) -> str:
    names = entry.certificate.names
    if not names:
        return clean(entry.certificate.arn)
    rest = len(names) - _SHOWN_NAMES
    more = f" (and {_many(rest, 'more name')})" if rest > 0 else ""
    return clean(", ".join(names[:_SHOWN_NAMES]), 200) + more


# --- Chat and machines ------------------------------------------------------------------------


def _chat(run: Run, told: Sequence[Assessed]) -> dict[str, Any]:
    lines = [_headline(run, told), *_chat_errors(run)]
    lines += [
        f"*{entry.decision.severity.label}* `{_plain(_name(entry))}`"
        f"{_tamed(_news(run, entry.certificate.arn))} "
        f"{entry.decision.verdict}: {_plain(entry.decision.message)}"
        for entry in told[:_CHAT_FINDINGS]
    ]
    if len(told) > _CHAT_FINDINGS:
        lines.append(f"... and {len(told) - _CHAT_FINDINGS} more.")
    lines += [f"*Done:* {_plain(record.detail)}" for record in run.done[:_CHAT_FINDINGS]]
    lines += [
        f"*Over:* `{_plain(change.name or change.certificate_arn)}` "
        f"was {_plain(change.previous_verdict or '')}."
        for change in _over(run)[:_CHAT_FINDINGS]
    ]
    recovered = run.recovered_scopes[:_CHAT_ERRORS]
    lines += [f"*Over:* {_plain(label)} can be looked at again." for label in recovered]
    done = {record.certificate_arn for record in run.done}
    steps = dict.fromkeys(
        entry.decision.action.meaning
        for entry in told
        if entry.decision.action is not Action.NONE and entry.certificate.arn not in done
    )
    return _notification(run, told, lines, list(steps))


def _chat_errors(run: Run) -> list[str]:
    return [f"*Incomplete:* {_plain(text)}" for text in _errors(run)[:_CHAT_ERRORS]]


def _notification(
    run: Run, told: Sequence[Assessed], lines: Sequence[str], steps: Sequence[str]
) -> dict[str, Any]:
    """Return the custom notification of Amazon Q Developer in chat applications.

    Source: its user guide, "Custom notifications"; anything else is silently not shown.
    """
    return {
        "version": "1.0",
        "source": "custom",
        "id": run.run_id,
        "content": {
            "textType": "client-markdown",
            "title": _subject(run, told),
            "description": "\n".join(lines)[:_MAX_DESCRIPTION],
            "nextSteps": steps,
            "keywords": ["certificates", severity_of(run).label],
        },
        "metadata": {
            "threadId": f"{run.instance}-{_where(run, '', '-')}".replace(" ", "-"),
            "summary": _headline(run, told),
            "eventType": "certificate-lifecycle",
            "relatedResources": [entry.certificate.arn for entry in told[:_CHAT_FINDINGS]],
        },
    }


def _plain(text: str) -> str:
    """Return `text` on one line, without what chat clients take for more than a text."""
    return _tamed(clean(text))


def _tamed(text: str) -> str:
    """Return `text` without what chat clients take for code, for a link or for a mention."""
    return text.translate(str.maketrans("`<>[]", "'()()"))


def _document(run: Run, told: Sequence[Assessed], hidden: int) -> dict[str, Any]:
    lost = set(run.lost)
    shown = {entry.certificate.arn for entry in told}
    done = [record for record in run.actions if record.certificate_arn in shown]
    done += _untold(run)[:_SHOWN_OTHERS]
    worst_first = sorted(run.scopes, key=lambda scope: (scope not in lost, scope.error is None))
    scopes = [
        scope if scope.error is None else replace(scope, error=clean(scope.error, _MAX_ERROR))
        for scope in worst_first[:_SHOWN_SCOPES]
    ]
    return {
        "schema_version": "1",
        "instance": run.instance,
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "severity": severity_of(run).label,
        "scopes": [scope.to_dict() for scope in scopes],
        "scopes_not_shown": len(run.scopes) - len(scopes),
        "counts": run.counts,
        "findings": finding_entries(replace(run, scopes=scopes), told),
        "findings_not_shown": hidden,
        "report": run.report,
        "changes": [_shortened(change).to_dict() for change in run.changes[:_SHOWN_CHANGES]],
        "changes_not_shown": max(0, len(run.changes) - _SHOWN_CHANGES),
        "recovered_scopes": list(run.recovered_scopes[:_SHOWN_OTHERS]),
        "actions": [
            replace(record, detail=clean(record.detail, _MAX_DETAIL)).to_dict()
            for record in done
            if record.outcome is not Outcome.ADVISED
        ],
    }


def _shortened(change: Change) -> Change:
    """Return a change without what is long about it: a certificate may have a hundred names."""
    return replace(
        change,
        previous_verdict=_cut(change.previous_verdict, _MAX_NAME),
        name=clean(change.name, _MAX_NAME),
        current_state=_cut(change.current_state, _MAX_DETAIL),
    )


def _cut(text: str | None, limit: int) -> str | None:
    return None if text is None else clean(text, limit)


def _deeds(run: Run) -> str:
    """Count what was done, in the word that fits all of it."""
    words = {_DEEDS.get(record.action, "repair") for record in run.done}
    return _many(len(run.done), words.pop() if len(words) == 1 else "action")


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
