"""The steps of a message: what a person does, with exact commands, each of them once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from string import ascii_uppercase

from certificate_lifecycle.model.certificate import Action, CertificateType, Verdict
from certificate_lifecycle.model.run import ActionRecord, Assessment, Outcome, Run
from certificate_lifecycle.model.sanitize import break_links, clean, clean_lines
from certificate_lifecycle.render.manual_steps import import_command, permission_command
from certificate_lifecycle.render.notification.grouping import Group
from certificate_lifecycle.render.notification.limits import COMMANDS_BYTES, STEP_DETAILS
from certificate_lifecycle.render.notification.links import runbook_link
from certificate_lifecycle.render.notification.wording import OUTCOMES, first_line

_PROGRAMS = ("aws ", "terraform ")
_CHANGED = (Outcome.DONE, Outcome.STARTED)


@dataclass(frozen=True, slots=True)
class MessageStep:
    """A step, to which findings refer by its letter.

    `commands` are shell lines, `more` is the number of commands that are not shown.
    `details` are texts about single findings that no other part of the message has.
    """

    letter: str
    title: str
    link: str
    commands: tuple[str, ...]
    more: int
    details: tuple[str, ...]


def steps_of(run: Run, groups: Sequence[Group]) -> list[tuple[Group, MessageStep | None]]:
    """Return the groups with their steps; groups with one verdict and action share a step.

    None if no finding of a group needs a person.
    """
    records: defaultdict[str, list[ActionRecord]] = defaultdict(list)
    for record in run.actions:
        records[record.certificate_arn].append(record)
    waiting: defaultdict[tuple[Verdict, Action], list[Assessment]] = defaultdict(list)
    for group in groups:
        entries = [entry for entry in group.entries if _needs_step(entry, records)]
        if entries:
            waiting[group.verdict, group.action] += entries
    shown: set[str] = set()
    room, steps = COMMANDS_BYTES, {}
    for letter, (key, entries) in zip(_letters(), waiting.items(), strict=False):
        steps[key] = step = _step(letter, key, entries, run, records, shown, room)
        room -= sum(map(len, step.commands))
    return [
        (group, steps.get((group.verdict, group.action)) if _waits(group, records) else None)
        for group in groups
    ]


def _waits(group: Group, records: Mapping[str, Sequence[ActionRecord]]) -> bool:
    return any(_needs_step(entry, records) for entry in group.entries)


def _needs_step(entry: Assessment, records: Mapping[str, Sequence[ActionRecord]]) -> bool:
    """Whether a person has to do something: the action is not done, or names commands."""
    found = records.get(entry.certificate.arn, ())
    done = bool(found) and all(record.outcome in _CHANGED for record in found)
    rest = any(_lines(record) for record in found)
    return rest or (entry.decision.action is not Action.NONE and not done)


def _step(
    letter: str,
    key: tuple[Verdict, Action],
    entries: Sequence[Assessment],
    run: Run,
    records: Mapping[str, Sequence[ActionRecord]],
    shown: set[str],
    room: int,
) -> MessageStep:
    verdict, action = key
    blocks = [block for entry in entries for block in _blocks(entry, records)]
    commands = list(_once(blocks, shown))
    fitting = sum(total <= room for total in accumulate(map(len, commands)))
    more = sum(_is_command(line) for line in commands[fitting:])
    title = action.meaning if action is not Action.NONE else verdict.meaning
    details = [text for entry in entries for text in _details(entry, run, records)]
    return MessageStep(
        letter,
        title,
        runbook_link(run, verdict),
        tuple(commands[:fitting]),
        more,
        tuple(details[:STEP_DETAILS]),
    )


def _blocks(
    entry: Assessment, records: Mapping[str, Sequence[ActionRecord]]
) -> Iterator[Sequence[str]]:
    """Yield the shell lines of each action, or those of the next step of the certificate."""
    found = [_lines(record) for record in records.get(entry.certificate.arn, ())]
    if any(found):
        yield from found
    elif entry.certificate.type is CertificateType.PRIVATE_AUTHORITY:
        if entry.decision.verdict is Verdict.AUTHORITY_PERMISSION_MISSING:
            yield [permission_command(entry.certificate)]
    elif entry.decision.action is Action.REIMPORT:
        yield [import_command(entry.certificate)]


def _lines(record: ActionRecord) -> list[str]:
    """Return the shell lines of an action, which follow its sentence."""
    return [break_links(line) for line in clean_lines(record.detail).splitlines()[1:] if line]


def _once(blocks: Iterable[Sequence[str]], shown: set[str]) -> Iterator[str]:
    """Yield each command once, and each comment that begins a block once in the step."""
    beginnings: set[str] = set()
    for block in blocks:
        for number, line in enumerate(block):
            known = beginnings if number == 0 and not _is_command(line) else shown
            if line in known:
                continue
            if _is_command(line) or number == 0:
                known.add(line)
            yield line


def _is_command(line: str) -> bool:
    return line.startswith(_PROGRAMS)


def _details(
    entry: Assessment, run: Run, records: Mapping[str, Sequence[ActionRecord]]
) -> Iterator[str]:
    """Yield the details of a finding, which a report has; without one, only the message has them.

    A text with a command is always shown, and so is one that says what to investigate.
    """
    decision = entry.decision
    commands = any(program in decision.message for program in _PROGRAMS)
    needed = commands or decision.action is Action.INVESTIGATE
    if run.report is not None and not needed:
        return
    name = entry.certificate.domain_name or entry.certificate.arn
    texts = [decision.message]
    if run.report is None:
        texts += [f"Used by: {text}." for text in entry.used_by[:STEP_DETAILS]]
        texts += [f"Served: {text}." for text in entry.probe_results[:STEP_DETAILS]]
        texts += [
            f"{OUTCOMES[record.outcome]}: {first_line(record)}"
            for record in records.get(entry.certificate.arn, ())
            if record.outcome is not Outcome.DONE and record.detail != decision.action.meaning
        ]
    yield break_links(clean(f"{clean(name, 100)}: {' '.join(texts)}", 2000))


def _letters() -> Iterator[str]:
    """Yield A to Z, then A1 to Z1, and so on."""
    number = 0
    while True:
        yield from (f"{letter}{number or ''}" for letter in ascii_uppercase)
        number += 1
