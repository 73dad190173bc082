"""The environment of both functions, read and checked in one go.

Names are the upper-case stems of the Terraform inputs; a test compares them with what Terraform
sets.
Every reader adds to `errors` instead of raising, so that one error can name everything.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from certificate_lifecycle.model.dns_names import InvalidNameError, is_wildcard, normalise
from certificate_lifecycle.model.sanitize import listed, quoted
from certificate_lifecycle.parsing.fields import account_id, parse_each, region
from certificate_lifecycle.policy.export import ExportTarget
from certificate_lifecycle.policy.issuance import REQUESTABLE_KEY_ALGORITHMS
from certificate_lifecycle.policy.settings import (
    Account,
    CreationSettings,
    OrganizationSettings,
    RotationMode,
    RotationSettings,
)
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import Zone

T = TypeVar("T")

_NONE: tuple[str, ...] = ()

# Patterns are text, which `re` compiles when it first needs one: a cold start has no use for most.
# With `(?a)` a digit is one of ASCII's: AWS takes no others, and they look the same to people.
_CERTIFICATE_ARN = r"(?a)arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+"
_ROLE_ARN = r"(?a)arn:aws[a-z-]*:iam::\d{12}:role/[!-~]+"
#: With the six characters that Secrets Manager adds to a name: IAM knows no secret without them.
_SECRET_ARN = (
    r"(?a)arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}"  # noqa: S105 - the pattern of an ARN
    r":secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}"
)
_TOPIC_ARN = r"(?a)arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}"
#: Children of a distributed map that Step Functions runs at once at the most (developer guide).
_MAX_CONCURRENCY = 10_000
#: A role's path and name, and the external id, as IAM and STS take them (API references, CreateRole
#: and AssumeRole).
_ROLE_NAME = r"(?a)([!-~]+/)?[\w+=,.@-]{1,64}"
_EXTERNAL_ID = r"(?a)[\w+=,.@:/-]{2,1224}"
_ZONE_ID = r"Z[A-Z0-9]{1,31}"
_BUCKET = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
_TABLE = r"[A-Za-z0-9_.-]{3,255}"
#: What ACM takes as the key of a tag (API reference, Tag).
_TAG_KEY = r"[\w .:/=+\-@]{1,128}"
_BUS = r"[A-Za-z0-9._-]{1,256}"
_NAME_PREFIX = r"[a-z][a-z0-9-]*[a-z0-9]"
#: Of keys that nobody knows, so many are named.
_SHOWN_KEYS = 6


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable; `default` is None where the variable is required."""

    name: str
    default: str | None
    meaning: str


CREATION_VARIABLES = (
    Variable("DOMAIN_NAME", None, "the certificate that is issued when the event names none"),
    Variable("SUBJECT_ALTERNATIVE_NAMES", "[]", "its other names (JSON list)"),
    Variable("INCLUDE_WWW", "true", "whether `www.` is added to a plain domain name"),
    Variable("KEY_ALGORITHM", "RSA_2048", "the key algorithm when the event names none"),
    Variable(
        "ALLOWED_DOMAINS",
        "[]",
        "what may be issued (JSON list); empty: the domain name and its other names",
    ),
    Variable("HOSTED_ZONES", "{}", "zone name to `zone_id` and `role_arn` (JSON object)"),
    Variable("NAME_PREFIX", "certificate-lifecycle", "value of the tag `ManagedBy`"),
)
ROTATION_VARIABLES = (
    Variable("SNS_TOPIC_ARN", None, "where the message goes"),
    Variable("EXPIRATION_THRESHOLD_DAYS", "30", "attention starts this long before expiry"),
    Variable("CRITICAL_THRESHOLD_DAYS", "7", "what is used becomes critical this long before"),
    Variable("THRESHOLD_FRACTION", "0.33", "the threshold never exceeds this share of a lifetime"),
    Variable(
        "ROTATION_MODE",
        "replace",
        "`notify` looks and tells, `repair` also mends and exports, `replace` also requests "
        "successors",
    ),
    Variable("HOSTED_ZONES", "{}", "zone name to `zone_id` and `role_arn` (JSON object)"),
    Variable("IMPORT_SOURCES", "{}", "certificate ARN to `secret_arn` (JSON object)"),
    Variable("NAME_PREFIX", "certificate-lifecycle", "names this instance in the message"),
    Variable("REGIONS", "[]", "where it looks (JSON list); empty: the function's own region"),
    Variable(
        "ACCOUNTS",
        "[]",
        "other accounts that it looks after: `account_id`, `role_name`, `external_id` (JSON list)",
    ),
    Variable(
        "ORGANIZATION",
        "{}",
        "where the steps of a run over an organization leave what they find, the role that each of "
        "its accounts offers, and how many are looked at side by side: `bucket`, `role_name`, "
        "`external_id`, `max_concurrency` (JSON object)",
    ),
    Variable("OWNER_TAG", "Owner", "the tag of a certificate that names whose it is"),
    Variable(
        "SUMMARY_AFTER_DAYS",
        "7",
        "days without a message after which one says that all is well; `0`: never",
    ),
    Variable("LEDGER_TABLE", "", "the table of the ledger; empty: no memory, nothing is replaced"),
    Variable("REPORT_BUCKET", "", "the bucket that each run writes its report to; empty: none"),
    Variable("REBIND_CONSUMERS", "false", "whether consumers are moved to a successor"),
    Variable(
        "RETIRE_SUPERSEDED_AFTER_DAYS",
        "",
        "soak after which what was replaced is deleted; empty: never",
    ),
    Variable("TLS_PROBE", "false", "whether it looks at what the names of certificates serve"),
    Variable(
        "TLS_PROBE_PRIVATE_ADDRESSES", "false", "whether names may lead it to private addresses"
    ),
    Variable(
        "EXPORT_TARGETS",
        "{}",
        "certificate ARN to `secret_arn`, `passphrase_secret_arn` and `renew_public` (JSON object)",
    ),
    Variable("EVENT_BUS_NAME", "", "the event bus that events go to; empty: none are sent"),
    Variable("SECURITY_HUB", "false", "whether findings are reported to Security Hub"),
)


class _Environment:
    """Reads variables with their defaults; an unset one and an empty one are the same."""

    def __init__(
        self, environ: Mapping[str, str], variables: tuple[Variable, ...], errors: list[str]
    ) -> None:
        self._values = {
            variable.name: environ.get(variable.name, "").strip() or variable.default
            for variable in variables
        }
        self._errors = errors

    def flag(self, name: str, *, fallback: bool = False) -> bool:
        """Return whether a switch is on."""
        return self.read(name, _boolean, fallback)

    def read(self, name: str, parse: Callable[[str], T], fallback: T) -> T:
        """Return the parsed value, or `fallback` after noting what is wrong."""
        raw = self._values[name]
        if raw is None:
            self._errors.append(f"{name} must be set")
            return fallback
        try:
            return parse(raw)
        except ValueError as error:
            self._errors.append(f"{name}: {error}")
            return fallback


def creation_settings(environ: Mapping[str, str], errors: list[str]) -> CreationSettings:
    """Read the environment of the creation function; what is wrong is added to `errors`."""
    environment = _Environment(environ, CREATION_VARIABLES, errors)
    domain_name = environment.read("DOMAIN_NAME", normalise, "")
    others = environment.read("SUBJECT_ALTERNATIVE_NAMES", _names, _NONE)
    allowed = environment.read("ALLOWED_DOMAINS", _names, _NONE)
    return CreationSettings(
        domain_name=domain_name,
        alternative_names=others,
        include_www=environment.flag("INCLUDE_WWW", fallback=True),
        key_algorithm=environment.read("KEY_ALGORITHM", key_algorithm, "RSA_2048"),
        allowed_domains=allowed or tuple(name for name in (domain_name, *others) if name),
        zones=environment.read("HOSTED_ZONES", _zones, ()),
        name_prefix=environment.read("NAME_PREFIX", _matching(_NAME_PREFIX, "a name prefix"), ""),
    )


def rotation_settings(environ: Mapping[str, str], errors: list[str]) -> RotationSettings:
    """Read the environment of the rotation function; what is wrong is added to `errors`."""
    environment = _Environment(environ, ROTATION_VARIABLES, errors)
    thresholds = _thresholds(environment, errors)
    no_sources: dict[str, str] = {}
    no_targets: tuple[ExportTarget, ...] = ()
    no_accounts: tuple[Account, ...] = ()
    sources = environment.read("IMPORT_SOURCES", _import_sources, no_sources)
    targets = environment.read("EXPORT_TARGETS", _export_targets, no_targets)
    errors.extend(
        f"EXPORT_TARGETS and IMPORT_SOURCES must not share a secret, got {target.secret_arn} twice"
        for target in targets
        if target.secret_arn in sources.values()
    )
    return RotationSettings(
        topic_arn=environment.read("SNS_TOPIC_ARN", _matching(_TOPIC_ARN, "an SNS topic ARN"), ""),
        thresholds=thresholds,
        mode=environment.read("ROTATION_MODE", rotation_mode, RotationMode.REPLACE),
        import_sources=sources,
        zones=environment.read("HOSTED_ZONES", _zones, ()),
        name_prefix=environment.read("NAME_PREFIX", _matching(_NAME_PREFIX, "a name prefix"), ""),
        regions=environment.read("REGIONS", _regions, _NONE),
        accounts=environment.read("ACCOUNTS", _accounts, no_accounts),
        organization=environment.read("ORGANIZATION", _organization, None),
        export_targets=targets,
        owner_tag=environment.read("OWNER_TAG", _matching(_TAG_KEY, "the key of a tag"), "Owner"),
        summary_after=environment.read("SUMMARY_AFTER_DAYS", _summary, None),
        ledger_table=environment.read("LEDGER_TABLE", _table, None),
        report_bucket=environment.read("REPORT_BUCKET", _bucket, None),
        rebind_consumers=environment.flag("REBIND_CONSUMERS"),
        retire_after=environment.read("RETIRE_SUPERSEDED_AFTER_DAYS", _retention, None),
        tls_probe=environment.flag("TLS_PROBE"),
        tls_probe_private_addresses=environment.flag("TLS_PROBE_PRIVATE_ADDRESSES"),
        event_bus_name=environment.read("EVENT_BUS_NAME", _bus, None),
        security_hub=environment.flag("SECURITY_HUB"),
    )


def _thresholds(environment: _Environment, errors: list[str]) -> Thresholds:
    expiration = environment.read("EXPIRATION_THRESHOLD_DAYS", _days, 0)
    critical = environment.read("CRITICAL_THRESHOLD_DAYS", _days, 0)
    if 0 < expiration <= critical:  # a fault has left 0, and is named already
        errors.append(
            f"CRITICAL_THRESHOLD_DAYS must be less than EXPIRATION_THRESHOLD_DAYS, "
            f"got {critical} and {expiration}"
        )
    return Thresholds(
        expiration=timedelta(days=expiration),
        critical=timedelta(days=critical),
        fraction=environment.read("THRESHOLD_FRACTION", _fraction, 0.33),
    )


def default_settings() -> RotationSettings:
    """Return what a function goes by whose environment sets nothing; it has no topic."""
    return rotation_settings({}, [])


def key_algorithm(raw: str) -> str:
    """Return `raw` if it can be requested; raises ValueError otherwise."""
    if raw not in REQUESTABLE_KEY_ALGORITHMS:
        raise ValueError(
            f"must be one of {', '.join(REQUESTABLE_KEY_ALGORITHMS)}, got {quoted(raw)}"
        )
    return raw


def rotation_mode(raw: str) -> RotationMode:
    """Return the mode called `raw`; raises ValueError otherwise."""
    try:
        return RotationMode(raw)
    except ValueError:
        modes = ", ".join(RotationMode)
        raise ValueError(f"must be one of {modes}, got {quoted(raw)}") from None


def _regions(raw: str) -> tuple[str, ...]:
    return parse_each(_json(raw, list, "a JSON list of regions"), region)


def _accounts(raw: str) -> tuple[Account, ...]:
    accounts = parse_each(_json(raw, list, "a JSON list of accounts"), _account)
    ids = [account.account_id for account in accounts]
    twice = sorted({each_id for each_id in ids if ids.count(each_id) > 1})
    if twice:
        raise ValueError(f"each account may be there once, got {', '.join(twice)} twice")
    return accounts


def _account(entry: object) -> Account:
    fields = _fields(entry, "an account", {"account_id", "role_name", "external_id"})
    found = account_id(fields["account_id"])
    where = f"account {found}"
    return Account(
        found,
        _spelt(fields, "role_name", _ROLE_NAME, where),
        _spelt(fields, "external_id", _EXTERNAL_ID, where),
        rotation_mode(fields.get("rotation_mode", RotationMode.NOTIFY)),
        _flag(fields, "rebind_consumers", where),
    )


def _organization(raw: str) -> OrganizationSettings | None:
    entry = _json(raw, dict, "a JSON object")
    if not entry:
        return None
    where = "the organization"
    fields = _fields(entry, where, {"bucket", "role_name", "external_id", "max_concurrency"})
    at_once = fields["max_concurrency"]
    if type(at_once) is not int or not 1 <= at_once <= _MAX_CONCURRENCY:
        raise ValueError(
            f"max_concurrency must be a whole number from 1 to {_MAX_CONCURRENCY}, "
            f"got {quoted(at_once)}"
        )
    return OrganizationSettings(
        bucket=_spelt(fields, "bucket", _BUCKET, where),
        role_name=_spelt(fields, "role_name", _ROLE_NAME, where),
        external_id=_spelt(fields, "external_id", _EXTERNAL_ID, where),
        max_concurrency=at_once,
        mode=rotation_mode(fields.get("rotation_mode", RotationMode.NOTIFY)),
        rebind_consumers=_flag(fields, "rebind_consumers", where),
    )


def _fields(entry: object, what: str, keys: set[str]) -> dict[str, Any]:
    """Return an object that has `keys` and, perhaps, what may be done there."""
    optional = {"rebind_consumers", "rotation_mode"}
    if not isinstance(entry, dict) or not keys <= set(entry) <= keys | optional:
        raise ValueError(
            f"{what} must be an object with {', '.join(sorted(keys))} and, optionally, "
            f"{', '.join(sorted(optional))}"
        )
    return entry


def _keys(unknown: Iterable[str]) -> str:
    return listed([quoted(key) for key in unknown], _SHOWN_KEYS)


def _spelt(fields: Mapping[str, Any], key: str, pattern: str, where: str) -> str:
    value = fields[key]
    if not (isinstance(value, str) and re.fullmatch(pattern, value)):
        raise ValueError(f"{where} has no valid {key}: {quoted(value)}")
    return value


def _flag(fields: Mapping[str, Any], key: str, where: str) -> bool:
    value = fields.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f"{key} of {where} must be true or false, got {quoted(value)}")  # noqa: TRY004 - collected as a fault
    return value


def _matching(pattern: str, what: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if not re.fullmatch(pattern, raw):
            raise ValueError(f"must be {what}, got {quoted(raw)}")
        return raw

    return parse


def _boolean(raw: str) -> bool:
    if raw.lower() not in ("true", "false"):
        raise ValueError(f"must be true or false, got {quoted(raw)}")
    return raw.lower() == "true"


def _days(raw: str) -> int:
    if not re.fullmatch(r"(?a)\d{1,4}", raw) or not 1 <= int(raw) <= 365:  # noqa: PLR2004 - a year
        raise ValueError(f"must be a whole number of days from 1 to 365, got {quoted(raw)}")
    return int(raw)


def _retention(raw: str) -> timedelta | None:
    return timedelta(days=_days(raw)) if raw else None


def _summary(raw: str) -> timedelta | None:
    return None if raw == "0" else timedelta(days=_days(raw))


def _table(raw: str) -> str | None:
    return _matching(_TABLE, "the name of a DynamoDB table")(raw) if raw else None


def _bucket(raw: str) -> str | None:
    return _matching(_BUCKET, "the name of an S3 bucket without dots")(raw) if raw else None


def _bus(raw: str) -> str | None:
    return _matching(_BUS, "the name of an event bus")(raw) if raw else None


def _fraction(raw: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise ValueError(f"must be a number above 0 and not above 1, got {quoted(raw)}")
    return value


def _names(raw: str) -> tuple[str, ...]:
    values = _json(raw, list, "a JSON list of domain names")
    if not all(isinstance(value, str) for value in values):
        raise ValueError("must be a JSON list of domain names")
    return parse_each(values, normalise)


def _zones(raw: str) -> tuple[Zone, ...]:
    entries = _json(raw, dict, "a JSON object of zones")
    return parse_each(entries.items(), lambda entry: _zone(*entry))


def _zone(name: str, entry: object) -> Zone:
    if not isinstance(entry, dict) or not isinstance(entry.get("zone_id"), str):
        raise ValueError(f"the zone {quoted(name)} must be an object with a zone_id")  # noqa: TRY004 - collected as a fault
    unknown = sorted(set(entry) - {"zone_id", "role_arn"})
    if unknown:
        raise ValueError(f"the zone {quoted(name)} has unknown keys: {_keys(unknown)}")
    zone_id, role_arn = entry["zone_id"], entry.get("role_arn")
    if not re.fullmatch(_ZONE_ID, zone_id):
        raise ValueError(f"the zone {quoted(name)} has no valid zone_id: {quoted(zone_id)}")
    if role_arn is not None and not (
        isinstance(role_arn, str) and re.fullmatch(_ROLE_ARN, role_arn)
    ):
        raise ValueError(f"the zone {quoted(name)} has no valid role_arn: {quoted(role_arn)}")
    try:
        zone_name = normalise(name)
    except InvalidNameError as error:
        raise ValueError(f"the zone name {error}") from error
    if is_wildcard(zone_name):
        raise ValueError(f"the zone name {quoted(name)} is a wildcard, and zones have none")
    return Zone(zone_id, zone_name, role_arn)


def _export_targets(raw: str) -> tuple[ExportTarget, ...]:
    entries = _json(raw, dict, "a JSON object of export targets")
    targets = parse_each(entries.items(), lambda entry: _export_target(*entry))
    secrets = [target.secret_arn for target in targets]
    taken = {arn for arn in secrets if secrets.count(arn) > 1}
    taken |= {target.passphrase_secret_arn for target in targets} & set(secrets)
    if taken:
        raise ValueError(f"each target needs a secret of its own, got {', '.join(sorted(taken))}")
    return targets


def _export_target(arn: str, entry: object) -> ExportTarget:
    if not re.fullmatch(_CERTIFICATE_ARN, arn):
        raise ValueError(f"{quoted(arn)} is no ARN of an ACM certificate")
    if not isinstance(entry, dict):
        raise ValueError(f"the export target of {arn} must be an object")  # noqa: TRY004 - collected as a fault
    unknown = sorted(set(entry) - {"secret_arn", "passphrase_secret_arn", "renew_public"})
    if unknown:
        raise ValueError(f"the export target of {arn} has unknown keys: {_keys(unknown)}")
    for key in ("secret_arn", "passphrase_secret_arn"):
        value = entry.get(key)
        if not (isinstance(value, str) and re.fullmatch(_SECRET_ARN, value)):
            raise ValueError(f"the export target of {arn} has no valid {key}: {quoted(value)}")
    renew_public = _flag(entry, "renew_public", arn)
    return ExportTarget(
        certificate_arn=arn,
        secret_arn=entry["secret_arn"],
        passphrase_secret_arn=entry["passphrase_secret_arn"],
        renew_public=renew_public,
    )


def _import_sources(raw: str) -> dict[str, str]:
    entries = _json(raw, dict, "a JSON object of import sources")
    return dict(parse_each(entries.items(), lambda entry: _import_source(*entry)))


def _import_source(arn: str, entry: object) -> tuple[str, str]:
    if not re.fullmatch(_CERTIFICATE_ARN, arn):
        raise ValueError(f"{quoted(arn)} is not the ARN of a certificate")
    if not isinstance(entry, dict) or set(entry) != {"secret_arn"}:
        raise ValueError(f"the source of {arn} must be an object with just a secret_arn")
    secret_arn = entry["secret_arn"]
    if not (isinstance(secret_arn, str) and re.fullmatch(_SECRET_ARN, secret_arn)):
        raise ValueError(f"the source of {arn} has no valid secret_arn: {quoted(secret_arn)}")
    return arn, secret_arn


def _json(raw: str, expected: type, what: str) -> Any:  # noqa: ANN401 - JSON has any type
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, expected):
        raise ValueError(f"must be {what}, got {quoted(raw)}")  # noqa: TRY004 - collected as a fault
    return value
