"""The options that commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce, wraps
from typing import Any

import click

from certificate_lifecycle.cli.completing import profile_names, region_names
from certificate_lifecycle.cli.filters import SEVERITIES, VERDICTS, Filters
from certificate_lifecycle.handlers.config import parse_resolvers
from certificate_lifecycle.parsing.fields import account_id, region
from certificate_lifecycle.policy.settings import RotationMode

ALL = "all"
#: The value of --instance if the module is not deployed.
NO_INSTANCE = "none"
#: The value of --resolver if public DNS is not to be queried.
OFF = "off"
#: The parameters of a command that become `Filters`.
_FILTER_NAMES = ("severities", "verdicts", "owners", "tags", "names")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Credentials, accounts, regions, threshold, and how to print the result.

    Empty `regions` and `accounts` mean those of the deployed instance, or the region of the profile
    and the account of the credentials. `format` is one that the command offers; `quiet` prints the
    result only.
    `no_scope`, `include_domains`, `exclude_domains` and `include_tags` replace the scope of the
    deployed instance, `rotation_mode` and `unmanaged_mode` its modes, and `resolvers` its two
    resolvers for public DNS; without any, public DNS is not queried.
    `filters` select among the certificates of a scan.
    """

    profile: str | None = None
    region: str | None = None
    regions: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    role_name: str | None = None
    external_id: str | None = None
    threshold_days: int | None = None
    no_scope: bool = False
    include_domains: tuple[str, ...] = ()
    exclude_domains: tuple[str, ...] = ()
    include_tags: tuple[str, ...] = ()
    rotation_mode: str | None = None
    unmanaged_mode: str | None = None
    resolvers: tuple[str, ...] | None = None
    instance: str = "certificate-lifecycle"
    filters: Filters = field(default_factory=Filters)
    format: str = "table"
    quiet: bool = False
    verbose: bool = False

    @property
    def shows_no_progress(self) -> bool:
        """Whether standard error has nothing but a log, or nothing at all."""
        return self.quiet or self.verbose


class _CommaSeparated(click.ParamType[tuple[str, ...]]):
    """Several values separated by commas, or `all`."""

    def __init__(self, name: str, parse: Callable[[str], str]) -> None:
        self.name = name
        self._parse = parse

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        if value == ALL:
            return (ALL,)
        parsed, errors = [], []
        for part in dict.fromkeys(part.strip() for part in value.split(",")):
            try:
                parsed.append(self._parse(part))
            except ValueError as error:
                errors.append(str(error))
        if errors:
            self.fail("; ".join(errors), param, ctx)
        return tuple(parsed)


def _resolvers(
    _: click.Context, __: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...] | None:
    if not values:
        return None
    if values == (OFF,):
        return ()
    try:
        return parse_resolvers(values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _completing(
    words: Sequence[str],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return the completion of an option with these values, in any letter case."""
    return lambda _, __, typed: [word for word in words if word.lower().startswith(typed.lower())]


_CREDENTIALS = (
    click.option(
        "--profile",
        help="Profile of the AWS configuration.",
        metavar="NAME",
        shell_complete=profile_names,
    ),
    click.option(
        "--region",
        metavar="REGION",
        help="Region of the module, and to scan.",
        shell_complete=region_names,
    ),
)
_INSTANCE = click.option(
    "--instance",
    default="certificate-lifecycle",
    show_default=True,
    metavar="NAME",
    help="`name_prefix` of the deployed module, whose settings and state table are used. "
    "`none`: not deployed.",
)
_SCOPES = (
    click.option(
        "--regions",
        type=_CommaSeparated("REGION,...|all", region),
        default=(),
        shell_complete=region_names,
        help="Regions to scan; `all`: every enabled region.",
    ),
    click.option(
        "--accounts",
        type=_CommaSeparated("ID,...|all", account_id),
        default=(),
        help="Accounts to scan; `all`: those of the deployed instance.",
    ),
    click.option("--role-name", metavar="NAME", help="Role to assume in other accounts."),
    click.option("--external-id", metavar="ID", help="External ID for that role."),
    click.option(
        "--threshold-days",
        type=click.IntRange(1, 365),
        help="Report certificates that expire within this many days.",
    ),
)
_MODE = click.Choice([mode.value for mode in RotationMode])
_COVERAGE = (
    click.option("--no-scope", is_flag=True, help="Cover every certificate."),
    click.option(
        "--include-domain",
        "include_domains",
        multiple=True,
        metavar="DOMAIN",
        help="Cover only certificates with all names equal to or below a domain; repeatable.",
    ),
    click.option(
        "--exclude-domain",
        "exclude_domains",
        multiple=True,
        metavar="DOMAIN",
        help="Exclude certificates with a name equal to or below it; repeatable.",
    ),
    click.option(
        "--include-tag",
        "include_tags",
        multiple=True,
        metavar="KEY=VALUE",
        help="Cover only certificates with this tag; repeatable. VALUE `*`: any value.",
    ),
    click.option("--rotation-mode", type=_MODE, help="Mode instead of that of the instance."),
    click.option(
        "--unmanaged-mode",
        type=_MODE,
        help="Mode for certificates that the instance did not issue.",
    ),
)
_RESOLVERS = click.option(
    "--resolver",
    "resolvers",
    multiple=True,
    callback=_resolvers,
    metavar="URL",
    help="One of two resolvers for public DNS, which answer in JSON over HTTPS; give two. "
    "`off`: no queries. Default: those of the instance.",
)
_FILTERS = (
    click.option(
        "--severity",
        "severities",
        multiple=True,
        metavar="SEVERITY",
        shell_complete=_completing(SEVERITIES),
        help=f"Select certificates by severity: {', '.join(SEVERITIES)}; repeatable.",
    ),
    click.option(
        "--verdict",
        "verdicts",
        multiple=True,
        metavar="VERDICT",
        shell_complete=_completing(VERDICTS),
        help="Select certificates by verdict, such as RenewalBlocked; repeatable.",
    ),
    click.option(
        "--owner",
        "owners",
        multiple=True,
        metavar="NAME",
        help="Select certificates by the value of their owner tag; repeatable.",
    ),
    click.option(
        "--tag",
        "tags",
        multiple=True,
        metavar="KEY=VALUE",
        help="Select certificates by a tag; repeatable. VALUE `*`: any value.",
    ),
    click.option(
        "--name",
        "names",
        multiple=True,
        metavar="GLOB",
        help="Select certificates with a matching domain name, such as '*.example.com'; "
        "repeatable.",
    ),
)
_VERBOSITY = (
    click.option("-q", "--quiet", is_flag=True, help="Print the result only."),
    click.option("-v", "--verbose", is_flag=True, help="Log every step and every call to AWS."),
)


def common_options(
    *formats: str, scopes: bool = True, coverage: bool = False, filters: bool = False
) -> Callable[[Any], Any]:
    """Add the options that become `Options`; the command takes them as `options`.

    Without formats there is no --output, and without `scopes` only one account and region.
    `coverage` adds the options that replace the scope and the modes of the instance, and `filters`
    those that select among the scanned certificates.
    """
    output = click.option(
        "-o",
        "--output",
        "format",
        type=click.Choice(formats),
        default=formats[0] if formats else None,
        show_default=True,
        help="Format of the result.",
    )
    added = (
        *_CREDENTIALS,
        *(_SCOPES if scopes else ()),
        *(_FILTERS if filters else ()),
        *(_COVERAGE if coverage else ()),
        _INSTANCE,
        _RESOLVERS,
        *((output,) if formats else ()),
        *_VERBOSITY,
    )

    def decorate(command: Any) -> Any:  # noqa: ANN401 - any function that click makes a command of
        @wraps(command)
        def wrapped(**values: Any) -> Any:  # noqa: ANN401 - any arguments of the command
            common = {key: values.pop(key) for key in Options.__dataclass_fields__ if key in values}
            if filters:
                given = {name: values.pop(name) for name in _FILTER_NAMES}
                common["filters"] = Filters.parse(**given)
            return command(options=Options(**common), **values)

        return reduce(lambda decorated, option: option(decorated), reversed(added), wrapped)

    return decorate
