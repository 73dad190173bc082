"""The exit codes of the commands; the values are public."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command."""

    HEALTHY = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERRUPTED = 130


class PlanExit(IntEnum):
    """The exit codes of `plan --detailed-exitcode`, which are those of `terraform plan`.

    Terraform documentation, "terraform plan", -detailed-exitcode.
    """

    NOTHING = 0
    ERROR = 1
    ACTIONS = 2


DETAILED = "--detailed-exitcode"
_INCOMPLETE_SCAN = "an account or region could not be scanned in full"
#: The meaning of 0, 1 and 3 by command. 2 and 130 mean the same everywhere.
MEANINGS: Mapping[str, Mapping[Exit, str]] = {
    "list": {
        Exit.HEALTHY: "the certificates are listed, whatever their verdicts",
        Exit.INCOMPLETE: _INCOMPLETE_SCAN,
    },
    "scan": {
        Exit.HEALTHY: "no finding of the severity `--fail-on` or higher matches the filters",
        Exit.FINDINGS: "such findings, which are not muted",
        Exit.INCOMPLETE: f"{_INCOMPLETE_SCAN}, or boto3 cannot list a class of certificates",
    },
    "explain": {
        Exit.HEALTHY: "the certificate is shown, whatever its verdict",
        Exit.INCOMPLETE: "part of it could not be read",
    },
    "plan": {
        Exit.HEALTHY: f"the plan is shown, with or without actions; see `{DETAILED}`",
        Exit.INCOMPLETE: _INCOMPLETE_SCAN,
    },
    "apply": {
        Exit.HEALTHY: "every planned action was taken, or there was none",
        Exit.FINDINGS: "declined, or a planned action turned out to need a person",
        Exit.INCOMPLETE: f"an action failed or was skipped, or {_INCOMPLETE_SCAN}",
    },
    "create": {
        Exit.HEALTHY: "ACM has issued the certificate",
        Exit.FINDINGS: "declined",
        Exit.INCOMPLETE: "not issued yet, or refused; the same command continues",
    },
    "readiness": {
        Exit.HEALTHY: "no blocker until the date",
        Exit.FINDINGS: "blockers",
        Exit.INCOMPLETE: "something could not be read",
    },
    "report": {
        Exit.HEALTHY: "the files are written, whatever the findings",
        Exit.INCOMPLETE: f"the files are written, and {_INCOMPLETE_SCAN}",
    },
    "drill": {
        Exit.HEALTHY: "a renewal would work",
        Exit.FINDINGS: "a renewal would not work, or a step of `--issue` or `--clean` failed",
        Exit.INCOMPLETE: "only part of it could be checked",
    },
    "doctor": {
        Exit.HEALTHY: "no check has the state `--fail-on` or a worse one",
        Exit.FINDINGS: "such checks",
        Exit.INCOMPLETE: "something could not be checked",
    },
    "policy": {Exit.HEALTHY: "the policy is printed"},
    "completion": {Exit.HEALTHY: "the script is printed"},
}
#: The meaning of the codes of `plan --detailed-exitcode`.
PLAN_MEANINGS = {
    PlanExit.NOTHING: "`apply` would take no action; work for people does not count",
    PlanExit.ERROR: "an error, wrong usage, or an incomplete scan",
    PlanExit.ACTIONS: "`apply` would take actions",
}
_ERRORS = frozenset({Exit.USAGE, Exit.INCOMPLETE})


def detailed(code: int) -> int:
    """Return the code of `plan --detailed-exitcode` for a result of the command or an error."""
    return PlanExit.ERROR if isinstance(code, Exit) and code in _ERRORS else code
