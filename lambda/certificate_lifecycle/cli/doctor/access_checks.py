"""Who asks, and what AWS lets them do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.permissions import Command, Permission, Setting
from certificate_lifecycle.cli.doctor.diagnosis import Check, Diagnosis, State, listed, unknown
from certificate_lifecycle.cli.required_permissions import needed
from certificate_lifecycle.model.scope import Scope

if TYPE_CHECKING:
    from certificate_lifecycle.cli.aws.attempts import Attempt
    from certificate_lifecycle.cli.aws.simulation import Simulated

#: Less than this is too little for what waits for ACM.
_SOON = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose credentials they are; `expires` is None for those that last."""

    arn: str
    source: str
    expires: datetime | None = None


def credentials(caller: Caller, now: datetime) -> Iterator[Diagnosis]:
    """Say who asks, and whether they still may in a quarter of an hour."""
    account = caller.arn.split(":")[4]
    who = f"You are {caller.arn}, by {caller.source}"
    if caller.expires is None:
        yield Diagnosis(Check.CREDENTIALS, State.OK, account, f"{who}.")
    else:
        until = f"until {caller.expires:%Y-%m-%d %H:%M} UTC"
        soon = caller.expires - now < _SOON
        state = State.WARNING if soon else State.OK
        advice = "Sign in again, unless they are renewed by themselves." if soon else ""
        yield Diagnosis(Check.CREDENTIALS, state, account, f"{who}, {until}.", advice)
    if is_root(caller.arn):
        yield Diagnosis(
            Check.CREDENTIALS,
            State.WARNING,
            account,
            "These are the root user's credentials, which nothing can be taken from.",
            "Use a role or user that has just what is needed.",
        )


def is_root(arn: str) -> bool:
    """Whether a caller is the root user of an account, whom nobody can simulate."""
    return arn.endswith(":root")


def read_permissions(attempts: Iterable[Attempt], scope: Scope) -> Iterator[Diagnosis]:
    """Say which calls of a scan AWS refuses, each by its action and resource."""
    about, allowed, tried = _label(scope), 0, 0
    for tried, attempt in enumerate(attempts, 1):  # noqa: B007 - the last number counts them all
        if attempt.failed is not None:
            yield unknown(Check.READ_PERMISSIONS, f"{about} {attempt.action}", attempt.failed)
        elif attempt.denied is not None:
            # "User: ... is not authorized to perform: ... because ..." (IAM user guide,
            # "Troubleshoot access denied error messages"); the rest is in the sentence already.
            why = attempt.denied.partition(" because ")[2] or attempt.denied
            yield Diagnosis(
                Check.READ_PERMISSIONS,
                State.WARNING if attempt.optional else State.FAILED,
                about,
                f"{attempt.action} on {attempt.resource} is denied: {why}",
                f"Let a policy allow {attempt.action}"
                f"{'; a scan takes longer without it' if attempt.optional else ''}.",
            )
        else:
            allowed += 1
    if allowed:
        yield Diagnosis(
            Check.READ_PERMISSIONS,
            State.OK,
            about,
            f"AWS allows {allowed} of {tried} calls that a scan makes.",
        )


def of_commands(settings: Collection[Setting]) -> list[Permission]:
    """Return what the commands need beside the calls of a scan that are tried, see `Attempts`."""
    return [
        entry for entry in needed(tuple(Command), settings) if Command.DOCTOR not in entry.callers
    ]


def write_permissions(
    simulated: Sequence[Simulated], about: str, callers: str, advice: str
) -> Iterator[Diagnosis]:
    """Report what IAM would deny of the calls that some `callers` make.

    Resources with the same denied actions share a line.
    """
    denied: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in simulated:
        if entry.denied_by is not None and not entry.missing:
            denied[entry.resource, entry.denied_by].append(entry.action)
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (resource, denied_by), actions in denied.items():
        alike[", ".join(actions), denied_by].append(resource)
    for (names, denied_by), resources in alike.items():
        how = "denied by a policy" if denied_by == "explicitDeny" else "allowed by no policy"
        yield Diagnosis(
            Check.WRITE_PERMISSIONS,
            State.WARNING,
            about,
            f"On {listed(resources)}, {how}: {names}.",
            advice,
        )
    allowed = sum(each.denied_by is None for each in simulated)
    depends = [item for item in simulated if item.denied_by is not None and item.missing]
    sentence = f"IAM would allow {allowed} of {len(simulated)} calls of {callers}"
    if depends:
        keys = sorted({key for depend in depends for key in depend.missing})
        sentence += f"; {len(depends)} depend on {', '.join(keys)}"
    if allowed or depends:
        yield Diagnosis(Check.WRITE_PERMISSIONS, State.OK, about, f"{sentence}.")


def _label(scope: Scope) -> str:
    return f"{scope.account_id}/{scope.region}"
