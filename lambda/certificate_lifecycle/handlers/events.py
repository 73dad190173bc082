"""The events that both functions accept.

A scheduled event has no input of its own: the settings apply.
One of ACM's own events limits a run to the certificates that it names.
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
from certificate_lifecycle.model.dns_names import is_allowed
from certificate_lifecycle.model.pointers import PARAMETER_TAG, pointer_key, pointer_path
from certificate_lifecycle.model.sanitize import listed, quoted
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.model.tags import INSTANCE_TAG
from certificate_lifecycle.model.timestamps import parse_timestamp
from certificate_lifecycle.parsing.fields import (
    account_id,
    boolean,
    domain_name,
    instance_of,
    list_of,
    matching,
    member_of,
    one_of,
    parse_each,
    region,
    text,
    whole_number,
)
from certificate_lifecycle.policy.issuance import (
    CERTIFICATE_USAGES,
    ROOT_HIERARCHIES,
    CertificateRequest,
    hierarchy_errors,
    name_errors,
    ordered_names,
)
from certificate_lifecycle.policy.settings import CreationSettings, RotationMode, RotationSettings
from certificate_lifecycle.policy.succession import REPLACED_BY_TAG, REPLACES_TAG

T = TypeVar("T")

#: Tags by which the functions recognise their own certificates.
_RESERVED_TAGS = frozenset({INSTANCE_TAG, PARAMETER_TAG, REPLACED_BY_TAG, REPLACES_TAG})

_NONE: tuple[str, ...] = ()
_NO_KEYS: Mapping[str, object] = {}

_AUTHORITY_ARN = (
    r"(?a)arn:aws[a-z-]*:acm-pca:(?P<region>[a-z0-9-]+):\d{12}:certificate-authority/[0-9a-f-]{36}"
)
#: Characters that ACM accepts in tags (API reference, Tag): neither `*` nor white space that is a
#: control character, such as a line break.
_TAG = r"(?:[\w.:/=+\-@]|[^\S\t-\r\x1c-\x1f\x85])*"
#: API reference, RequestCertificate.
_MAX_TAGS = 50
_MAX_TAG_KEY = 128
_MAX_TAG_VALUE = 256
_MAX_WAIT_SECONDS = 900
#: The number of allowed values that an error names.
_SHOWN = 20

#: Keys that limit what a run does: null in place of a value would lift the limit.
_NEVER_NULL = frozenset(
    {
        *("accounts", "auto_validate", "certificate_arns", "delete", "dry_run", "regions"),
        *("require_issued", "rotation_mode", "tf"),
    }
)
#: The source of scheduled events.
_SCHEDULE = "aws.events"
_ENVELOPE_KEYS = frozenset(
    {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationCommand:
    """A checked creation event; `parameter` is the name of the pointer to the certificate."""

    request: CertificateRequest
    auto_validate: bool
    wait_seconds: int
    dry_run: bool
    parameter: str | None = None
    require_issued: bool = False


class TerraformAction(StrEnum):
    """What Terraform does to an `aws_lambda_invocation` with `lifecycle_scope = "CRUD"`."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionCommand:
    """A checked deletion event; only the action DELETE deletes anything."""

    parameter: str
    action: TerraformAction


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationCommand:
    """A checked rotation event; no `certificate_arns` means all certificates of `scopes`.

    `announced`: an event of ACM's own names them, and some may be deleted by now.
    `scheduled`: the schedule started the run.
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
    SCAN = "scan"
    AGGREGATE = "aggregate"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationCommand:
    """A checked event of the state machine; `rotation` is the run in the account of the step.

    `given` accounts replace those that AWS Organizations lists, `excluded` are left out.
    `only` are the accounts that the input of the execution limits the run to.
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
    """Takes keys out of an event; the keys that remain are unknown."""

    def __init__(self, event: object, errors: list[str]) -> None:
        self._errors = errors
        self._keys: dict[str, Any] = {}
        if not isinstance(event, Mapping):
            errors.append(f"the event must be a JSON object, got {quoted(event)}")
        elif not _is_from(event, _SCHEDULE):
            self._keys = {str(key): value for key, value in event.items()}

    def take(self, key: str, parse: Callable[[Any], T], default: T) -> T:
        """Return the parsed value of `key`; a missing key means `default`.

        So does null, except where it would lift a limit, as an unset template variable could.
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
        """Add an error for every key that was not taken."""
        for key in sorted(self._keys):
            self._errors.append(_unknown_key(key))


def _is_from(event: object, source: str) -> TypeGuard[Mapping[str, object]]:
    """Whether EventBridge delivered `event` from a source, such as a schedule."""
    return (
        isinstance(event, Mapping)
        and event.get("source") == source
        and set(event) <= _ENVELOPE_KEYS
    )


def _announced(event: Mapping[str, object], errors: list[str]) -> tuple[str, ...]:
    """Return the certificates that an event of ACM's own names."""
    try:
        return _certificate_arns(event.get("resources"))
    except ValueError as error:
        errors.append(f"resources: {error}")
        return ()


def creation_command(
    event: object, settings: CreationSettings, scope: Scope, errors: list[str]
) -> CreationCommand:
    """Check a creation event; errors are added to `errors`."""
    keys = _Event(event, errors)
    parameter = keys.take("parameter", _parameter(settings.name_prefix), None)
    request = _request(keys, settings, scope, errors, parameter)
    keys.take("validation_method", _dns_only, "DNS")
    command = CreationCommand(
        request=request,
        parameter=parameter,
        require_issued=keys.take("require_issued", boolean, default=False),
        auto_validate=keys.take("auto_validate", boolean, default=True),
        wait_seconds=keys.take("wait_seconds", whole_number(0, _MAX_WAIT_SECONDS), 0),
        dry_run=keys.take("dry_run", boolean, default=False),
    )
    account = keys.take("account_id", account_id, scope.account_id)
    if account != scope.account_id:
        errors.append(
            f"account_id: must be the function's own account {scope.account_id}, "
            f"got {quoted(account)}"
        )
    keys.refuse_the_rest()
    return command


def is_deletion(event: object) -> TypeGuard[Mapping[str, object]]:
    """Whether an event asks the creation function to delete a certificate."""
    return isinstance(event, Mapping) and "delete" in event


def deletion_command(
    event: Mapping[str, object], settings: CreationSettings, errors: list[str]
) -> DeletionCommand:
    """Check a deletion event; errors are added to `errors`.

    Terraform adds the key `tf` with the action and the input before
    (documentation of `aws_lambda_invocation`, "CRUD Lifecycle Management").
    """
    keys = _Event(event, errors)
    keys.take("delete", _only_true, default=True)
    parameter = keys.take("parameter", _parameter(settings.name_prefix), None)
    if event.get("parameter") is None:
        errors.append("parameter: must be set for a deletion")
    action = keys.take("tf", _terraform_action, TerraformAction.DELETE)
    keys.refuse_the_rest()
    return DeletionCommand(parameter=parameter or "", action=action)


def _parameter(name_prefix: str) -> Callable[[object], str]:
    def parse(raw: object) -> str:
        name = text(raw)
        if pointer_key(name_prefix, name) is None:
            path = pointer_path(name_prefix)
            raise ValueError(f"must be a parameter such as {path}/main/arn, got {quoted(raw)}")
        return name

    return parse


def _only_true(raw: object) -> bool:
    if raw is not True:
        raise ValueError(f"must be true, got {quoted(raw)}; leave it out to create a certificate")
    return True


def _terraform_action(raw: object) -> TerraformAction:
    if not isinstance(raw, Mapping):
        raise ValueError(f"must be the object that Terraform adds, got {quoted(raw)}")  # noqa: TRY004 - collected as an error
    try:
        return member_of(TerraformAction)(raw.get("action"))
    except ValueError as error:
        raise ValueError(f"action {error}") from error


def _request(
    keys: _Event,
    settings: CreationSettings,
    scope: Scope,
    errors: list[str],
    parameter: str | None,
) -> CertificateRequest:
    before = len(errors)
    named = keys.take("domain_name", domain_name, "")
    # An invalid name is an error already, in the event or in the environment.
    if not named and settings.domain_name is None and len(errors) == before:
        errors.append("domain_name: must be set, because the function has no DOMAIN_NAME")
    # The configured alternative names belong to the configured domain name only.
    others = keys.take(
        "alt_names", _alternative_names, _NONE if named else settings.alternative_names
    )
    include_www = keys.take("include_www", boolean, settings.include_www)
    first = named or settings.domain_name
    names = ordered_names(first, others, include_www=include_www) if first else ()
    allowed = settings.allowed_domains
    if names:
        errors.extend(name_errors(names))
        errors.extend(
            f"{quoted(name)} is not equal to or below an allowed domain "
            f"({listed(allowed or (), _SHOWN)})"
            for name in names
            if allowed is not None and not is_allowed(name, allowed)
        )
    authority = keys.take("certificate_authority_arn", _authority, None)
    exportable = keys.take("exportable", boolean, default=False)
    before = len(errors)
    root = keys.take("root_hierarchy_type", one_of(ROOT_HIERARCHIES), None)
    usage = keys.take("certificate_usage", one_of(CERTIFICATE_USAGES), None)
    if len(errors) == before:
        errors.extend(hierarchy_errors(root, usage, private=authority is not None))
    request = CertificateRequest(
        names=names,
        region=keys.take("region", region, scope.region),
        key_algorithm=keys.take("key_algorithm", key_algorithm, settings.key_algorithm),
        certificate_authority_arn=authority,
        root_hierarchy=root,
        # ACM reports this usage of a certificate that was requested without one.
        certificate_usage=(usage or CERTIFICATE_USAGES[0]) if root else None,
        # ACM refuses the option for a private certificate, which can always be exported.
        exportable=exportable and authority is None,
        tags=keys.take("tags", _tags, ()),
        # ACM would return the certificate of another instance for the same token.
        purpose=settings.name_prefix,
    )
    _check_authority_region(request, errors)
    own = {INSTANCE_TAG: settings.name_prefix, PARAMETER_TAG: parameter}
    tags = (*((key, value) for key, value in own.items() if value), *request.tags)
    if len(tags) > _MAX_TAGS:
        errors.append(f"tags: must be at most {_MAX_TAGS - len(tags) + len(request.tags)} tags")
    return replace(request, tags=tags)


def _check_authority_region(request: CertificateRequest, errors: list[str]) -> None:
    """ACM finds only the private CAs of its own region."""
    authority = re.fullmatch(_AUTHORITY_ARN, request.certificate_authority_arn or "")
    if authority and authority["region"] != request.region:
        errors.append(
            f"certificate_authority_arn: the CA must be in the region of the certificate "
            f"{request.region}, got {authority['region']}"
        )


def rotation_command(
    event: object, settings: RotationSettings, scope: Scope, errors: list[str]
) -> RotationCommand:
    """Check a rotation event; errors are added to `errors`."""
    announced = _NONE
    if _is_from(event, "aws.acm"):
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
                f"{named}: {quoted(arn)} is not in an account and region of this run ({where})"
            )
    command = RotationCommand(
        scopes=tuple(
            scope for scope in scopes if not arns or any(scope.contains(arn) for arn in arns)
        ),
        certificate_arns=arns,
        announced=bool(announced),
        mode=_mode(keys, settings, errors),
        dry_run=keys.take("dry_run", boolean, default=False),
        scheduled=_is_from(event, _SCHEDULE),
    )
    keys.refuse_the_rest()
    return command


def is_of_an_organization(event: object) -> TypeGuard[Mapping[str, object]]:
    """Whether an event comes from the state machine of `modules/organization`."""
    return isinstance(event, Mapping) and "organization" in event


#: Names of steps that executions started before an upgrade of the module may still send.
_FORMER_STEPS = {"look": OrganizationStep.SCAN, "tell": OrganizationStep.AGGREGATE}


def _with_current_names(fields: object) -> object:
    """Rename the step and the key `wishes` of an execution that began before an upgrade."""
    if not isinstance(fields, Mapping):
        return fields
    current = dict(fields)
    if "wishes" in current and "input" not in current:
        current["input"] = current.pop("wishes")
    step = current.get("step")
    if isinstance(step, str):
        current["step"] = _FORMER_STEPS.get(step, step)
    return current


def organization_command(
    event: Mapping[str, object], settings: RotationSettings, scope: Scope, errors: list[str]
) -> OrganizationCommand:
    """Check an event of the state machine; errors are added to `errors`.

    Its key `input` is the input of the execution: the scheduled event, or the keys of a rotation
    event that apply to a whole organization.
    """
    if settings.organization is None:
        errors.append("organization: the function is not configured for one (ORGANIZATION)")
    errors.extend(_unknown_key(key) for key in sorted(map(str, event)) if key != "organization")
    keys = _Event(_with_current_names(event["organization"]), errors)
    step = keys.take("step", member_of(OrganizationStep), OrganizationStep.LIST)
    scanned = keys.take("account_id", account_id, None)
    if (scanned is not None) != (step is OrganizationStep.SCAN):
        errors.append("account_id: must be set for the step scan, and for no other")
    run = keys.take("run", _execution_name, "")
    started_at = keys.take("started_at", _timestamp, None)
    if not run or started_at is None:
        errors.append("organization: run and started_at must be set")
    given = keys.take("accounts", list_of(account_id, "account ids"), _NONE)
    excluded = keys.take("excluded_accounts", list_of(account_id, "account ids"), _NONE)
    execution_input = keys.take("input", _object, _NO_KEYS)
    keys.refuse_the_rest()
    _check_settings(settings, scope, errors)
    only, regions, rotation = _execution_input(execution_input, settings, scope, scanned, errors)
    return OrganizationCommand(
        step=step,
        run=run,
        started_at=started_at or datetime.min.replace(tzinfo=UTC),
        rotation=rotation,
        given=given,
        excluded=excluded,
        only=only,
        regions=regions,
    )


def _execution_input(
    event: Mapping[str, object],
    settings: RotationSettings,
    scope: Scope,
    scanned: str | None,
    errors: list[str],
) -> tuple[tuple[str, ...], tuple[str, ...], RotationCommand]:
    """Return the accounts and regions of an execution, and the run in the account of the step."""
    keys = _Event(event, errors)
    only = keys.take("accounts", _account_ids, _NONE)
    regions = _regions(keys, settings, scope, errors)
    rotation = RotationCommand(
        scopes=tuple(Scope(scanned, name, scope.partition) for name in regions if scanned),
        certificate_arns=_NONE,
        mode=_mode(keys, settings, errors),
        dry_run=keys.take("dry_run", boolean, default=False),
        scheduled=_is_from(event, _SCHEDULE),
    )
    keys.refuse_the_rest()
    return only, regions, rotation


def _scopes(
    keys: _Event, settings: RotationSettings, scope: Scope, errors: list[str]
) -> list[Scope]:
    """Return each account with each region; an event limits them and never adds any."""
    configured = (scope.account_id, *(account.account_id for account in settings.accounts))
    accounts = keys.take("accounts", _account_ids, configured)
    errors.extend(_not_configured("accounts", accounts, configured))
    regions = _regions(keys, settings, scope, errors)
    return [Scope(account, name, scope.partition) for account in accounts for name in regions]


def _regions(
    keys: _Event, settings: RotationSettings, scope: Scope, errors: list[str]
) -> tuple[str, ...]:
    configured = settings.regions or (scope.region,)
    regions = keys.take("regions", list_of(region, "regions", least=1), configured)
    errors.extend(_not_configured("regions", regions, configured))
    return regions


def _mode(keys: _Event, settings: RotationSettings, errors: list[str]) -> RotationMode:
    """Return the mode of a run; an event limits the configured one and never exceeds it."""
    mode = keys.take("rotation_mode", rotation_mode, settings.mode)
    modes = tuple(RotationMode)
    if modes.index(mode) > modes.index(settings.mode):
        errors.append(f"rotation_mode: {mode} exceeds the mode of this function ({settings.mode})")
    return mode


def _not_configured(key: str, names: Sequence[str], configured: Sequence[str]) -> list[str]:
    shown = listed(list(configured), _SHOWN)
    return [
        f"{key}: {quoted(name)} is not configured for this function ({shown})"
        for name in names
        if name not in configured
    ]


def _unknown_key(key: str) -> str:
    return f"{quoted(key)} is not a key of this event"


def _check_settings(settings: RotationSettings, scope: Scope, errors: list[str]) -> None:
    """Check the settings that depend on the account and region of the function."""
    if scope.account_id in {account.account_id for account in settings.accounts}:
        errors.append(f"ACCOUNTS: {scope.account_id} must not be the function's own account")
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


# --- Values ---------------------------------------------------------------------------------------

_alternative_names = list_of(domain_name, "domain names")
_account_ids = list_of(account_id, "account ids", least=1)
_certificate_arns = list_of(
    matching(
        r"(?a)arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]{1,64}",
        "the ARN of an ACM certificate",
    ),
    "certificate ARNs",
    least=1,
)
#: API reference, StartExecution: those names that are plain keys in S3.
_execution_name = matching(r"[A-Za-z0-9_-]{1,80}", "the name of an execution")
_authority = matching(_AUTHORITY_ARN, "the ARN of a private CA")
_object = instance_of(Mapping, "an object")  # type: ignore[type-abstract] # isinstance knows it


def _timestamp(raw: object) -> datetime:
    try:
        return parse_timestamp(text(raw))
    except ValueError:
        raise ValueError(f"must be a time in ISO 8601 with its zone, got {quoted(raw)}") from None


def _dns_only(raw: object) -> str:
    if raw != "DNS":
        raise ValueError(
            f"must be DNS, got {quoted(raw)}: e-mail needs manual approval for every renewal, "
            "HTTP works for CloudFront only"
        )
    return "DNS"


def _tags(raw: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(raw, Mapping):
        raise ValueError("must be an object of tags")  # noqa: TRY004 - collected as an error
    return tuple(sorted(parse_each(raw.items(), _tag)))


def _tag(item: tuple[object, object]) -> tuple[str, str]:
    key, value = text(item[0]), text(item[1])
    if key in _RESERVED_TAGS or key.lower().startswith("aws:"):
        raise ValueError(f"the tag {quoted(key)} is reserved")
    if not 1 <= len(key) <= _MAX_TAG_KEY or len(value) > _MAX_TAG_VALUE:
        raise ValueError(
            f"the tag {quoted(key)} must have a key of 1 to {_MAX_TAG_KEY} characters and a value "
            f"of at most {_MAX_TAG_VALUE}"
        )
    if not (re.fullmatch(_TAG, key) and re.fullmatch(_TAG, value)):
        raise ValueError(
            f"the tag {quoted(key)}: {quoted(value)} has characters that ACM refuses, such as *"
        )
    return key, value
