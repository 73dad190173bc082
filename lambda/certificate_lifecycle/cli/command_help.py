"""The help of each command: grouped options, examples and exit codes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Self

import click

from certificate_lifecycle.cli.exit_codes import MEANINGS

_OWN = "Options"
_GROUPS = {
    "Credentials": ("profile", "region"),
    "Accounts and regions": ("regions", "accounts", "role_name", "external_id"),
    "Scope and modes": (
        *("no_scope", "include_domains", "exclude_domains", "include_tags"),
        *("rotation_mode", "unmanaged_mode"),
    ),
    "Filters": ("severities", "verdicts", "owners", "tags", "names"),
    "Settings": ("instance", "threshold_days", "resolvers"),
    "Output": ("format", "quiet", "verbose", "help"),
}
#: The group of an option by the name of its parameter; any other option is the command's own.
GROUP_OF: Mapping[str, str] = {name: title for title, names in _GROUPS.items() for name in names}

#: Lines to copy; a test parses each of them.
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "list": (
        "certificates list --owner payments",
        "certificates list --name '*.example.com' --regions all",
        "certificates list --verdict Unused -o ids",
    ),
    "scan": (
        "certificates scan --regions all --wide",
        "certificates scan --severity critical --owner payments",
        "certificates scan --accounts 111122223333 --role-name reader -o csv > findings.csv",
    ),
    "explain": (
        "certificates explain shop.example.com",
        "certificates explain shop.example.com --regions all --output json",
    ),
    "plan": (
        "certificates plan --regions all",
        "certificates plan shop.example.com --detailed-exitcode",
    ),
    "apply": (
        "certificates apply",
        "certificates apply shop.example.com --yes",
    ),
    "create": (
        "certificates create example.com --watch",
        "certificates create api.example.com --name login.example.com --tag Team=shop",
    ),
    "readiness": (
        "certificates readiness --regions all",
        "certificates readiness --at 2029-03-15 --output json",
    ),
    "report": (
        "certificates report certificates.html",
        "certificates report findings.csv findings.json --regions all --force",
    ),
    "drill": (
        "certificates drill shop.example.com",
        "certificates drill shop.example.com --issue",
    ),
    "doctor": (
        "certificates doctor",
        "certificates doctor --instance team-a --fail-on warning",
    ),
    "policy": (
        "certificates policy scan",
        "certificates policy apply --regions eu-west-1,us-east-1 > policy.json",
    ),
    "completion": (
        "certificates completion bash > ~/.bash_completion.d/certificates",
        "certificates completion fish > ~/.config/fish/completions/certificates.fish",
    ),
}


class CertificatesCommand(click.Command):
    """A command whose help has grouped options, examples and exit codes."""

    @classmethod
    def of(cls, command: click.Command) -> Self:
        """Return a command with the name, the parameters and the text of another one."""
        return cls(
            command.name,
            callback=command.callback,
            params=command.params,
            help=command.help,
        )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options first, then those that commands share, by group."""
        groups: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        parameters = self.get_params(ctx)
        # `create` has a --tag and a --name of its own.
        own = set() if any(p.name == "severities" for p in parameters) else {"tags", "names"}
        for parameter in parameters:
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                name = parameter.name or ""
                groups[_OWN if name in own else GROUP_OF.get(name, _OWN)].append(record)
        for title in (_OWN, *_GROUPS):
            if groups[title]:
                with formatter.section(title):
                    formatter.write_dl(groups[title])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples and the exit codes."""
        del ctx
        name = self.name or ""
        with formatter.section("Examples"):
            for line in EXAMPLES.get(name, ()):
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        with formatter.section("Exit codes"):
            codes = MEANINGS.get(name, {}).items()
            formatter.write_dl([(str(int(code)), text.replace("`", "")) for code, text in codes])
