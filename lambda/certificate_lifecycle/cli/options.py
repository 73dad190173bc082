"""The options that commands share, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce, wraps
from ipaddress import ip_address
from typing import Any, TypeVar

import click

from certificate_lifecycle.parsing.fields import account_id, region

Command = TypeVar("Command", bound=Callable[..., Any])

ALL = "all"
#: Instead of the name of an instance: that there is none that could do the same at the same time.
NO_INSTANCE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOptions:
    """What shall be looked at, with whose credentials, and by which measure.

    Empty `regions` or `accounts` mean what a deployed instance looks at, or else the region of the
    profile and the account of the credentials.
    """

    profile: str | None = None
    region: str | None = None
    regions: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    role_name: str | None = None
    external_id: str | None = None
    threshold_days: int | None = None
    instance: str = "certificate-lifecycle"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """How a command talks: `output` is table, json or csv; `quiet` leaves out what is no result."""

    output: str = "table"
    quiet: bool = False
    verbose: bool = False


class _Listed(click.ParamType[tuple[str, ...]]):
    """Several values, with commas between them."""

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
        for fromkey in dict.fromkeys(part.strip() for part in value.split(",")):
            try:
                parsed.append(self._parse(fromkey))
            except ValueError as error:
                errors.append(str(error))
        if errors:
            self.fail("; ".join(errors), param, ctx)
        return tuple(parsed)


_CREDENTIALS = (
    click.option("--profile", help="Profile of the AWS configuration.", metavar="NAME"),
    click.option(
        "--region", metavar="REGION", help="Region of the module, and of what is looked at."
    ),
)
_INSTANCE = click.option(
    "--instance",
    default="certificate-lifecycle",
    show_default=True,
    metavar="NAME",
    help="`name_prefix` of the deployed module: its settings count, and its ledger is kept. "
    "`none`: there is none.",
)
_PLACES = (
    click.option(
        "--regions",
        type=_Listed("REGION,...|all", region),
        default=(),
        help="Regions to look at instead; `all`: those that the account has enabled.",
    ),
    click.option(
        "--accounts",
        type=_Listed("ID,...|all", account_id),
        default=(),
        help="Accounts to look at; `all`: those that the deployed instance looks after.",
    ),
    click.option(
        "--role-name", metavar="NAME", help="Role to assume in accounts that are not our own."
    ),
    click.option("--external-id", metavar="ID", help="What these roles ask for, if anything."),
    click.option(
        "--threshold-days",
        type=click.IntRange(1, 365),
        help="Attention starts so many days before expiry.",
    ),
)
_TALK = (
    click.option("-q", "--quiet", is_flag=True, help="Print nothing but the result."),
    click.option("-v", "--verbose", is_flag=True, help="Print what is done, call by call."),
)


def scope_options(command: Command) -> Command:
    """Add the options that make TargetOptions; the command takes it as `targets`."""
    options = (*_CREDENTIALS, *_PLACES, _INSTANCE)
    joined: Command = _joined(options, "targets", TargetOptions, command)
    return joined


def home_options(command: Command) -> Command:
    """Add those that make TargetOptions for a command that works in one account and region."""
    joined: Command = _joined((*_CREDENTIALS, _INSTANCE), "targets", TargetOptions, command)
    return joined


def output_options(*formats: str) -> Callable[[Command], Command]:
    """Add the options that make OutputOptions; the command takes it as `output_options`."""
    output = click.option(
        "-o",
        "--output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How the result is printed.",
    )
    return partial(_joined, (output, *_TALK), "output_options", OutputOptions)


def talk_options(command: Command) -> Command:
    """Add the options of OutputOptions to a command that prints its result in one way only."""
    joined: Command = _joined(_TALK, "output_options", OutputOptions, command)
    return joined


def resolver_option(command: Command) -> Command:
    """Add the resolvers to ask about public DNS; the command takes them as `resolvers`."""
    option = click.option(
        "--resolver",
        "resolvers",
        multiple=True,
        callback=_addresses,
        metavar="ADDRESS",
        help="Resolver to ask about public DNS; repeatable. Otherwise that of this machine.",
    )
    added: Command = option(command)
    return added


def _addresses(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    errors = []
    for value in values:
        try:
            ip_address(value)
        except ValueError:
            errors.append(f"{value!r} is no IP address")
    if errors:
        raise click.BadParameter("; ".join(errors))
    return values


def _joined(
    options: tuple[Callable[[Any], Any], ...],
    name: str,
    join: Callable[..., object],
    command: Any,  # noqa: ANN401 - any function that click makes a command of
) -> Any:  # noqa: ANN401 - the same
    """Let a command take the values of `options` as one argument."""
    fields: tuple[str, ...] = tuple(join.__dataclass_fields__)  # type: ignore[attr-defined] # both are dataclasses

    @wraps(command)
    def joined(**values: Any) -> Any:  # noqa: ANN401 - whatever the command takes
        taken = {key: values.pop(key) for key in fields if key in values}
        return command(**values, **{name: join(**taken)})

    return reduce(lambda wrapped, option: option(wrapped), reversed(options), joined)
