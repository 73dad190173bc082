"""The caller's credentials, and the calls that AWS allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.permissions import Command, Permission, Setting
from certificate_lifecycle.cli.doctor.diagnosis import (
    Diagnosis,
    DoctorCheck,
    State,
    scope_label,
    shortened,
    unknown,
)
from certificate_lifecycle.cli.required_permissions import needed
from certificate_lifecycle.model.scope import Scope

if TYPE_CHECKING:
    from certificate_lifecycle.cli.aws.attempts import Attempt
    from certificate_lifecycle.cli.aws.identity import Caller
    from certificate_lifecycle.cli.aws.simulation import Simulated

#: `create` may wait that long for ACM.
_EXPIRES_SOON = timedelta(minutes=15)


def credentials(caller: Caller, now: datetime) -> Iterator[Diagnosis]:
    """Report the caller, and a warning if the credentials expire within 15 minutes."""
    account = caller.arn.split(":")[4]
    report = partial(Diagnosis, DoctorCheck.CREDENTIALS)
    who = f"You are {caller.arn}, by {caller.source}"
    if caller.expires is None:
        yield report(State.OK, account, f"{who}.")
    else:
        until = f"until {caller.expires:%Y-%m-%d %H:%M} UTC"
        soon = caller.expires - now < _EXPIRES_SOON
        state = State.WARNING if soon else State.OK
        advice = "Sign in again, unless these credentials refresh automatically." if soon else ""
        yield report(state, account, f"{who}, {until}.", advice)
    if caller.is_root:
        yield report(
            State.WARNING,
            account,
            "These are the root user's credentials, which policies cannot restrict.",
            "Use a role or user with only the necessary permissions.",
        )


def read_permissions(attempts: Iterable[Attempt], scope: Scope) -> Iterator[Diagnosis]:
    """Report each call of a scan that AWS denies, with its action and resource."""
    check, about, allowed, tried = DoctorCheck.READ_PERMISSIONS, scope_label(scope), 0, 0
    for tried, attempt in enumerate(attempts, 1):  # noqa: B007 - the last number counts them all
        if attempt.failed is not None:
            yield unknown(check, f"{about} {attempt.action}", attempt.failed)
        elif attempt.denied is not None:
            # "User: ... is not authorized to perform: ... because ..." (IAM user guide,
            # "Troubleshoot access denied error messages"); the rest repeats action and resource.
            reason = attempt.denied.partition(" because ")[2] or attempt.denied
            slower = "; without it a scan takes longer" if attempt.optional else ""
            yield Diagnosis(
                check,
                State.WARNING if attempt.optional else State.FAILED,
                about,
                f"{attempt.action} on {attempt.resource} is denied: {reason}",
                f"Allow {attempt.action} in a policy{slower}.",
            )
        else:
            allowed += 1
    if allowed:
        sentence = f"AWS allows {allowed} of {tried} calls that a scan makes."
        yield Diagnosis(check, State.OK, about, sentence)


def of_commands(settings: Collection[Setting]) -> list[Permission]:
    """Return the permissions of all commands, except for the calls that `Attempts` tries."""
    return [
        permission
        for permission in needed(tuple(Command), settings)
        if Command.DOCTOR not in permission.callers
    ]


def write_permissions(
    simulated: Sequence[Simulated], about: str, callers: str, advice: str
) -> Iterator[Diagnosis]:
    """Report the calls of some `callers` that IAM would deny.

    Resources with the same denied actions share a line.
    """
    report = partial(Diagnosis, DoctorCheck.WRITE_PERMISSIONS)
    denied: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in simulated:
        if entry.denied_by is not None and not entry.missing:
            denied[entry.resource, entry.denied_by].append(entry.action)
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (resource, denied_by), actions in denied.items():
        alike[", ".join(actions), denied_by].append(resource)
    for (names, denied_by), resources in alike.items():
        how = "denied by a policy" if denied_by == "explicitDeny" else "allowed by no policy"
        yield report(State.WARNING, about, f"On {shortened(resources)}, {how}: {names}.", advice)
    allowed = sum(entry.denied_by is None for entry in simulated)
    depends = [entry for entry in simulated if entry.denied_by is not None and entry.missing]
    sentence = f"IAM would allow {allowed} of {len(simulated)} calls of {callers}"
    if depends:
        keys = sorted({key for entry in depends for key in entry.missing})
        sentence += f"; {len(depends)} depend on {', '.join(keys)}"
    if allowed or depends:
        yield report(State.OK, about, f"{sentence}.")
