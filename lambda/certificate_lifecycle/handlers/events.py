"""The events that both functions accept, checked before anything is done.

A scheduled or EventBridge envelope is understood: it carries no wishes, so it means "the usual".
One of ACM's own events narrows that down to the certificates that it is about.
Unknown keys are refused, because a misspelt `dry_run` must not become a real run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeGuard, TypeVar

from certificate_lifecycle.handlers.config import key_algorithm, rotation_mode
from certificate_lifecycle.model.dns_names import is_allowed, normalise
from certificate_lifecycle.model.sanitize import listed, quoted
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.model.timestamps import parse_timestamp
from certificate_lifecycle.parsing.fields import account_id, parse_each, region
from certificate_lifecycle.policy.issuance import CertificateRequest, name_errors, ordered_names
from certificate_lifecycle.policy.settings import CreationSettings, RotationMode, RotationSettings

T = TypeVar("T")

#: The tag by which a certificate of ours is known; its value is the name prefix.
OWNER_TAG = "ManagedBy"

_NONE: tuple[str, ...] = ()

_AUTHORITY_ARN = (
    r"(?a)arn:aws[a-z-]*:acm-pca:(?P<region>[a-z0-9-]+):\d{12}:certificate-authority/[0-9a-f-]{36}"
)
_CERTIFICATE_ARN = (
    r"(?a)arn:aws[a-z-]*:acm:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):certificate/[\w-]{1,64}"
)
#: The name of an execution (API reference, StartExecution), as far as it makes a plain key in S3.
_EXECUTION = r"[A-Za-z0-9_-]{1,80}"
#: Characters that ACM takes in tags (API reference, Tag): `*` is not among them, nor are those
#: among white space that control something, such as a line break.
_TAG = r"(?:[\w.:/=+\-@]|[^\S\t-\r\x1c-\x1f\x85])*"
_MAX_TAGS = 49
_MAX_TAG_KEY = 128
_MAX_TAG_VALUE = 256
_MAX_WAIT_SECONDS = 900
#: Of what would have been right, so many are named.
_SHOWN = 20

#: Keys that narrow down what is done, or say what the event is: null would widen it.
_NEVER_NULL = frozenset(
    {"accounts", "auto_validate", "certificate_arns", "dry_run", "regions", "rotation_mode"}
)
_ENVELOPE_KEYS = frozenset(
    {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationCommand:
    """A checked creation event."""

    request: CertificateRequest
    auto_validate: bool
    wait_seconds: int
    dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationCommand:
    """A checked rotation event; no `certificate_arns` means all certificates of `scopes`.

    `announced` says that an event of ACM's own names them: one may be gone by now. `scheduled` says
    that the schedule has started the run.
    """

    scopes: tuple[Scope, ...]
    certificate_arns: tuple[str, ...]
    mode: RotationMode
    dry_run: bool
    announced: bool = False
    scheduled: bool = False


class OrganizationStep(StrEnum):
    """A step of a run over an organization."""

    LIST = "list"
    LOOK = "look"
    TELL = "tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationCommand:
    """A checked event of the state machine; `rotation` is what to do in the accounts of the step.

    `given` accounts take the place of those that the organization has, `excluded` are left out, and
    `only` is what whoever started the run has narrowed it down to.
    """

    step: OrganizationStep
    run: str
    started_at: datetime
    rotation: RotationCommand
    given: tuple[str, ...]
    excluded: tuple[str, ...]
    only: tuple[str, ...]
    regions: tuple[str, ...]


class _Event:
    """Takes keys out of an event; what is left over at the end is unknown."""

    def __init__(self, event: object, errors: list[str]) -> None:
        self._errors = errors
        self._keys: dict[str, Any] = {}
        if not isinstance(event, Mapping):
            errors.append(f"the event must be a JSON object, got {type(event).__name__}")
        elif not _is_envelope(event):
            self._keys = {str(key): value for key, value in event.items()}

    def take(self, key: str, parse: Callable[[Any], T], default: T) -> T:
        """Return the parsed value of `key`; a missing key means `default`.

        So does a null one, except where an unset template variable would make the run do more.
        """
        if key in self._keys and self._keys[key] is None and key in _NEVER_NULL:
            self._errors.append(f"{key}: must not be null; leave it out for the default")
        raw = self._keys.pop(key, None)
        if raw is None:
            return default
        try:
            return parse(raw)
        except ValueError as error:
            self._errors.append(f"{key}: {error}")
            return default

    def refuse_the_rest(self) -> None:
        """Note every key that nobody took."""
        for key in sorted(self._keys):
            self._errors.append(f"{quoted(key)} is not a key of this event")


def _is_envelope(event: Mapping[str, object]) -> bool:
    """Whether `event` comes from EventBridge; only scheduled ones carry no wishes."""
    return event.get("source") == "aws.events" and set(event) <= _ENVELOPE_KEYS


def _is_from_acm(event: object) -> TypeGuard[Mapping[str, object]]:
    """Whether `event` is one of ACM's own, which says what happened to a certificate."""
    return (
        isinstance(event, Mapping)
        and event.get("source") == "aws.acm"
        and set(event) <= _ENVELOPE_KEYS
    )


def _announced(event: Mapping[str, object], errors: list[str]) -> tuple[str, ...]:
    """Return the certificates that an event of ACM's own is about."""
    try:
        return _certificate_arns(event.get("resources"))
    except ValueError as error:
        errors.append(f"resources: {error}")
        return ()


def creation_command(
    event: object, settings: CreationSettings, scope: Scope, errors: list[str]
) -> CreationCommand:
    """Check a creation event; what is wrong is added to `errors`."""
    keys = _Event(event, errors)
    request = _request(keys, settings, scope, errors)
    keys.take("validation_method", _dns_only, "DNS")
    command = CreationCommand(
        request=request,
        auto_validate=keys.take("auto_validate", _boolean, default=True),
        wait_seconds=keys.take("wait_seconds", _seconds, 0),
        dry_run=keys.take("dry_run", _boolean, default=False),
    )
    account = keys.take("account_id", account_id, scope.account_id)
    if account != scope.account_id:
        errors.append(
            f"account_id: this function issues in its own account {scope.account_id}, "
            f"got {quoted(account)}"
        )
    keys.refuse_the_rest()
    return command


def _request(
    keys: _Event, settings: CreationSettings, scope: Scope, errors: list[str]
) -> CertificateRequest:
    named = keys.take("domain_name", _name, "")
    # The configured alternative names belong to the configured domain name only.
    others = keys.take("alt_names", _names, _NONE if named else settings.alternative_names)
    include_www = keys.take("include_www", _boolean, settings.include_www)
    domain_name = named or settings.domain_name
    names = ordered_names(domain_name, others, include_www=include_www) if domain_name else ()
    if names:
        errors.extend(name_errors(names))
        errors.extend(
            f"{quoted(name)} is not equal to or below an allowed domain "
            f"({listed(list(settings.allowed_domains), _SHOWN)})"
            for name in names
            if settings.allowed_domains and not is_allowed(name, settings.allowed_domains)
        )
    authority = keys.take("certificate_authority_arn", _authority, None)
    exportable = keys.take("exportable", _boolean, default=False)
    request = CertificateRequest(
        names=names,
        region=keys.take("region", region, scope.region),
        key_algorithm=keys.take("key_algorithm", _key_algorithm, settings.key_algorithm),
        certificate_authority_arn=authority,
        # A private certificate always can be exported, and ACM refuses the option for it.
        exportable=exportable and authority is None,
        tags=keys.take("tags", _tags, ()),
    )
    _check_authority_region(request, errors)
    return replace(request, tags=((OWNER_TAG, settings.name_prefix), *request.tags))


def _check_authority_region(request: CertificateRequest, errors: list[str]) -> None:
    """Note a CA of another region: ACM finds only those of its own."""
    authority = re.fullmatch(_AUTHORITY_ARN, request.certificate_authority_arn or "")
    if authority and authority["region"] != request.region:
        errors.append(
            f"certificate_authority_arn: the CA is in {authority['region']}, "
            f"the certificate would be in {request.region}"
        )


def rotation_command(
    event: object, settings: RotationSettings, scope: Scope, errors: list[str]
) -> RotationCommand:
    """Check a rotation event; what is wrong is added to `errors`."""
    announced = _NONE
    if _is_from_acm(event):
        announced, event = _announced(event, errors), {}
    keys = _Event(event, errors)
    arns = announced or keys.take("certificate_arns", _certificate_arns, _NONE)
    _check_settings(settings, scope, errors)
    scopes = _scopes(keys, settings, scope, errors)
    named = "resources" if announced else "certificate_arns"
    for arn in arns:
        if not any(scope.contains(arn) for scope in scopes):
            labels = [f"{scope.account_id} {scope.region}" for scope in scopes]
            where = listed(labels, _SHOWN)
            errors.append(
                f"{named}: {quoted(arn)} is in no account and region of this run ({where})"
            )
    command = RotationCommand(
        scopes=tuple(
            scope for scope in scopes if not arns or any(scope.contains(arn) for arn in arns)
        ),
        certificate_arns=arns,
        announced=bool(announced),
        mode=keys.take("rotation_mode", _mode, settings.mode),
        dry_run=keys.take("dry_run", _boolean, default=False),
        scheduled=isinstance(event, Mapping) and _is_envelope(event),
    )
    keys.refuse_the_rest()
    return command


def is_of_an_organization(event: object) -> TypeGuard[Mapping[str, object]]:
    """Whether an event comes from the state machine of `modules/organization`."""
    return isinstance(event, Mapping) and "organization" in event


def organization_command(
    event: Mapping[str, object], settings: RotationSettings, scope: Scope, errors: list[str]
) -> OrganizationCommand:
    """Check an event of the state machine; what is wrong is added to `errors`.

    `inputs` is the input that the execution was started with: the keys of a rotation event by hand
    that make sense for a whole organization, or the scheduled event, which has none.
    """
    if settings.organization is None:
        errors.append("organization: ORGANIZATION is not set, so this function looks after none")
    _refuse_beside(event, errors)
    keys = _Event(event["organization"], errors)
    step = keys.take("step", _step, OrganizationStep.LIST)
    looked_at = keys.take("account_id", account_id, None)
    if (looked_at is not None) != (step is OrganizationStep.LOOK):
        errors.append("account_id: belongs to the step look, and to no other")
    run = keys.take("run", _matching(_EXECUTION, "the name of an execution"), "")
    started_at = keys.take("started_at", _moment, None)
    if not run or started_at is None:
        errors.append("organization: run and started_at must be set")
    given = keys.take("accounts", _accounts, _NONE)
    excluded = keys.take("excluded_accounts", _accounts, _NONE)
    nothing: Mapping[str, object] = {}
    requested = keys.take("wishes", _object, nothing)
    keys.refuse_the_rest()
    _check_settings(settings, scope, errors)
    only, wanted, command = _wishes(requested, settings, scope, looked_at, errors)
    return OrganizationCommand(
        step=step,
        run=run,
        started_at=started_at or datetime.min.replace(tzinfo=UTC),
        rotation=command,
        given=given,
        excluded=excluded,
        only=only,
        regions=wanted,
    )


def _wishes(
    requested: Mapping[str, object],
    settings: RotationSettings,
    scope: Scope,
    looked_at: str | None,
    errors: list[str],
) -> tuple[tuple[str, ...], tuple[str, ...], RotationCommand]:
    """Return which accounts and regions are wished for, and what is to be done in one of them."""
    inputs = _Event(requested, errors)
    only = inputs.take("accounts", _listed(account_id, "account ids"), _NONE)
    regions = settings.regions or (scope.region,)
    wanted = inputs.take("regions", _listed(region, "regions"), regions)
    errors.extend(_unknown("regions", wanted, regions))
    command = RotationCommand(
        scopes=tuple(Scope(looked_at, where, scope.partition) for where in wanted if looked_at),
        certificate_arns=_NONE,
        mode=inputs.take("rotation_mode", _mode, settings.mode),
        dry_run=inputs.take("dry_run", _boolean, default=False),
        scheduled=_is_envelope(requested),
    )
    inputs.refuse_the_rest()
    return only, wanted, command


def _refuse_beside(event: Mapping[str, object], errors: list[str]) -> None:
    """Note what stands beside the step: a wish there would be one that nobody heeds."""
    errors.extend(
        f"{quoted(key)} is not a key of this event"
        for key in sorted(str(key) for key in event)
        if key != "organization"
    )


def _scopes(
    keys: _Event, settings: RotationSettings, scope: Scope, errors: list[str]
) -> list[Scope]:
    """Return each account with each region, narrowed down by the event, never widened."""
    accounts = (scope.account_id, *(account.account_id for account in settings.accounts))
    regions = settings.regions or (scope.region,)
    wanted_accounts = keys.take("accounts", _listed(account_id, "account ids"), accounts)
    wanted_regions = keys.take("regions", _listed(region, "regions"), regions)
    for key, wanted, known in (
        ("accounts", wanted_accounts, accounts),
        ("regions", wanted_regions, regions),
    ):
        errors.extend(_unknown(key, wanted, known))
    return [
        Scope(account, where, scope.partition)
        for account in wanted_accounts
        for where in wanted_regions
    ]


def _unknown(key: str, wanted: Sequence[str], known: Sequence[str]) -> list[str]:
    return [
        f"{key}: {quoted(name)} is not looked after here ({listed(list(known), _SHOWN)})"
        for name in wanted
        if name not in known
    ]


def _check_settings(settings: RotationSettings, scope: Scope, errors: list[str]) -> None:
    """Note what the environment alone cannot tell: whether it fits where the function runs."""
    if scope.account_id in {account.account_id for account in settings.accounts}:
        errors.append(f"ACCOUNTS: {scope.account_id} is the function's own account")
    regions = settings.regions or (scope.region,)
    here = [Scope(scope.account_id, entry, scope.partition) for entry in regions]
    for name, arns in (
        ("IMPORT_SOURCES", list(settings.import_sources)),
        ("EXPORT_TARGETS", [target.certificate_arn for target in settings.export_targets]),
    ):
        errors.extend(
            f"{name}: {arn} is not in account {scope.account_id}, {', '.join(regions)}"
            for arn in arns
            if not any(scope.contains(arn) for scope in here)
        )


def _listed(parse: Callable[[Any], str], what: str) -> Callable[[object], tuple[str, ...]]:
    def parse_all(raw: object) -> tuple[str, ...]:
        if not isinstance(raw, list) or not raw:
            raise ValueError(f"must be a list of {what}, got {quoted(raw)}")
        return parse_each(raw, parse)

    return parse_all


def _accounts(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise ValueError(f"must be a list of account ids, got {quoted(raw)}")  # noqa: TRY004 - collected as a fault
    return parse_each(raw, account_id)


def _object(raw: object) -> Mapping[str, object]:
    if not isinstance(raw, Mapping):
        raise ValueError(f"must be an object, got {quoted(raw)}")  # noqa: TRY004 - collected as a fault
    return raw


def _step(raw: object) -> OrganizationStep:
    try:
        return OrganizationStep(_text(raw))
    except ValueError:
        raise ValueError(
            f"must be one of {', '.join(OrganizationStep)}, got {quoted(raw)}"
        ) from None


def _moment(raw: object) -> datetime:
    try:
        return parse_timestamp(_text(raw))
    except ValueError:
        raise ValueError(f"must be a time in ISO 8601 with its zone, got {quoted(raw)}") from None


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError(f"must be a string, got {quoted(raw)}")  # noqa: TRY004 - collected as a fault
    return raw


def _name(raw: object) -> str:
    return normalise(_text(raw))


def _names(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise ValueError(f"must be a list of domain names, got {quoted(raw)}")  # noqa: TRY004 - collected as a fault
    return parse_each(raw, _name)


def _boolean(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(f"must be true or false, got {quoted(raw)}")  # noqa: TRY004 - collected as a fault
    return raw


def _seconds(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= _MAX_WAIT_SECONDS:
        raise ValueError(f"must be a whole number from 0 to {_MAX_WAIT_SECONDS}, got {quoted(raw)}")
    return raw


def _matching(pattern: str, what: str) -> Callable[[object], str]:
    def parse(raw: object) -> str:
        if not re.fullmatch(pattern, _text(raw)):
            raise ValueError(f"must be {what}, got {quoted(raw)}")
        return str(raw)

    return parse


def _key_algorithm(raw: object) -> str:
    return key_algorithm(_text(raw))


def _mode(raw: object) -> RotationMode:
    return rotation_mode(_text(raw))


def _authority(raw: object) -> str | None:
    return _matching(_AUTHORITY_ARN, "the ARN of a private CA")(raw)


def _dns_only(raw: object) -> str:
    if _text(raw) != "DNS":
        raise ValueError(
            f"must be DNS, got {quoted(raw)}: e-mail needs a person for every renewal, "
            "and HTTP belongs to CloudFront"
        )
    return "DNS"


def _certificate_arns(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise ValueError(f"must be a list of certificate ARNs, got {quoted(raw)}")
    return parse_each(raw, _matching(_CERTIFICATE_ARN, "the ARN of an ACM certificate"))


def _tags(raw: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(raw, Mapping) or len(raw) > _MAX_TAGS:
        raise ValueError(f"must be an object of at most {_MAX_TAGS} tags")
    return tuple(sorted(parse_each(raw.items(), lambda tag: _tag(*tag))))


def _tag(key: object, value: object) -> tuple[str, str]:
    key, value = _text(key), _text(value)
    if key == OWNER_TAG or key.lower().startswith("aws:"):
        raise ValueError(f"the tag {quoted(key)} is not yours to set")
    if not 1 <= len(key) <= _MAX_TAG_KEY or len(value) > _MAX_TAG_VALUE:
        raise ValueError(f"the tag {quoted(key)} is too long, or has no name")
    if not (re.fullmatch(_TAG, key) and re.fullmatch(_TAG, value)):
        raise ValueError(
            f"the tag {quoted(key)}: {quoted(value)} "
            "has characters that ACM does not take, such as *"
        )
    return key, value
