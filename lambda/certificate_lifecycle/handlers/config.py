"""The environment of both functions.

Names are the upper-case stems of the Terraform inputs; a test compares them with what Terraform
sets.
Every reader adds to `errors` instead of raising, so that one error can name everything.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from certificate_lifecycle.model.dns_names import is_wildcard, normalise
from certificate_lifecycle.model.sanitize import quoted
from certificate_lifecycle.parsing.fields import (
    Fields,
    account_id,
    boolean,
    domain_name,
    list_of,
    matching,
    member_of,
    one_of,
    parse_each,
    region,
    whole_number,
)
from certificate_lifecycle.policy.coverage import EVERYTHING, Coverage, Others, TagFilter
from certificate_lifecycle.policy.export import ExportTarget
from certificate_lifecycle.policy.import_source import Allowance, ImportSource
from certificate_lifecycle.policy.issuance import REQUESTABLE_KEY_ALGORITHMS
from certificate_lifecycle.policy.settings import (
    DEFAULT_LIMITS,
    Account,
    CreationSettings,
    Limits,
    OrganizationSettings,
    RotationMode,
    RotationSettings,
)
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import Zone

T = TypeVar("T")

_NONE: tuple[str, ...] = ()

#: Child executions of a distributed map that Step Functions runs in parallel (developer guide).
_MAX_CONCURRENCY = 10_000
#: Above the quotas of an account: 5,000 requests a year and 2,500 certificates (ACM user guide,
#: Quotas), which AWS raises on request.
_MOST_REQUESTS = _MOST_CHANGES = 10_000

key_algorithm = one_of(REQUESTABLE_KEY_ALGORITHMS)
rotation_mode = member_of(RotationMode)
# With `(?a)` a digit is an ASCII digit: AWS accepts no other.
_certificate_arn = matching(
    r"(?a)arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+",
    "the ARN of an ACM certificate",
)
_role_arn = matching(r"(?a)arn:aws[a-z-]*:iam::\d{12}:role/[!-~]+", "the ARN of an IAM role")
#: With the six characters that Secrets Manager adds to a name: IAM policies need the whole ARN.
_secret_arn = matching(
    r"(?a)arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}"
    r":secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}",
    "the ARN of a secret",
)
_topic_arn = matching(
    r"(?a)arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}", "an SNS topic ARN"
)
#: Path and name of a role, and its external id (API references, CreateRole and AssumeRole).
_role_name = matching(r"(?a)([!-~]+/)?[\w+=,.@-]{1,64}", "the path and name of an IAM role")
_external_id = matching(r"(?a)[\w+=,.@:/-]{2,1224}", "an external id of 2 to 1224 characters")
_zone_id = matching(r"Z[A-Z0-9]{1,31}", "the id of a hosted zone")
_bucket = matching(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "the name of an S3 bucket without dots")
_table = matching(r"[A-Za-z0-9_.-]{3,255}", "the name of a DynamoDB table")
#: API reference, Tag.
_tag_key = matching(r"[\w .:/=+\-@]{1,128}", "the key of a tag")
_tag_value = matching(r"[\w .:/=+\-@]{0,256}|\*", "the value of a tag or *")
_event_bus = matching(r"[A-Za-z0-9._-]{1,256}", "the name of an event bus")
_label = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_https_url = matching(
    rf"https://(?:{_label}\.)*{_label}(?::[1-9][0-9]{{0,4}})?/[A-Za-z0-9._~/-]*",
    "an HTTPS URL without user, query and fragment",
)
_name_prefix = matching(r"[a-z][a-z0-9-]*[a-z0-9]", "a name prefix")


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable; `default` is None where the variable is required."""

    name: str
    default: str | None
    meaning: str


_HOSTED_ZONES = Variable(
    "HOSTED_ZONES", "{}", "zone name to `zone_id` and `role_arn` (JSON object)"
)
_PUBLIC_DNS_RESOLVERS = Variable(
    "PUBLIC_DNS_RESOLVERS",
    "[]",
    "HTTPS URLs of two resolvers for queries to public DNS (JSON list); empty: no queries",
)
CREATION_VARIABLES = (
    Variable(
        "DOMAIN_NAME",
        "",
        "domain name of the certificate if the event has none; empty: each event names one",
    ),
    Variable("SUBJECT_ALTERNATIVE_NAMES", "[]", "other names of that certificate (JSON list)"),
    Variable("INCLUDE_WWW", "true", "add `www.` to a domain name without a subdomain"),
    Variable("KEY_ALGORITHM", "RSA_2048", "key algorithm if the event has none"),
    Variable(
        "ALLOWED_DOMAINS",
        "[]",
        "domains that certificates may be issued for (JSON list); empty: the domain name and its "
        "other names, or no domain",
    ),
    _HOSTED_ZONES,
    Variable("NAME_PREFIX", "certificate-lifecycle", "value of the tag `ManagedBy`"),
    _PUBLIC_DNS_RESOLVERS,
)
ROTATION_VARIABLES = (
    Variable("SNS_TOPIC_ARN", None, "topic that notifications are sent to"),
    Variable("EXPIRATION_THRESHOLD_DAYS", "30", "days before expiry when a finding is a warning"),
    Variable(
        "CRITICAL_THRESHOLD_DAYS",
        "7",
        "days before expiry when a finding about a certificate in use is critical",
    ),
    Variable(
        "THRESHOLD_FRACTION", "0.33", "upper limit of both thresholds, as a share of the lifetime"
    ),
    Variable(
        "HOURS_BETWEEN_RUNS",
        "24",
        "longest time between two scheduled runs; no threshold is shorter, as far as the lifetime "
        "allows",
    ),
    Variable(
        "ROTATION_MODE",
        "replace",
        "`notify` only reports, `repair` also fixes validation, imports and exports, `replace` "
        "also requests successors",
    ),
    Variable(
        "UNMANAGED_ROTATION_MODE",
        "notify",
        "`ROTATION_MODE` for certificates that this instance did not issue; never more than that",
    ),
    Variable(
        "SCOPE",
        "{}",
        "certificates that are reported and acted on: `include` and `exclude`, each with `domains` "
        "and `tags`, and `others`, `ignore` or `report` (JSON object); empty: all",
    ),
    Variable(
        "LIMITS",
        "{}",
        "limits in each account and region: `requests_per_day`, 20, and `changes_per_run`, 25 "
        "(JSON object)",
    ),
    _HOSTED_ZONES,
    Variable(
        "IMPORT_SOURCES",
        "{}",
        "certificate ARN to `secret_arn` and, optionally, `allow`, `require_client_auth` (JSON "
        "object)",
    ),
    Variable("NAME_PREFIX", "certificate-lifecycle", "name of this instance in notifications"),
    Variable("REGIONS", "[]", "regions to scan (JSON list); empty: the function's own region"),
    Variable(
        "ACCOUNTS",
        "[]",
        "other accounts to scan: `account_id`, `role_name`, `external_id` and, optionally, "
        "`rotation_mode`, `unmanaged_rotation_mode`, `rebind_consumers`, `scope` (JSON list)",
    ),
    Variable(
        "ORGANIZATION",
        "{}",
        "runs over an organization: `bucket` for the results of the steps, `role_name` and "
        "`external_id` of the role in every account, `max_concurrency` of the scans, and, "
        "optionally, `rotation_mode`, `unmanaged_rotation_mode`, `rebind_consumers`, `scope` (JSON "
        "object)",
    ),
    Variable(
        "ALLOWED_DOMAINS",
        "[]",
        "domains of the certificates that this instance requests (JSON list): a failed request "
        "for another name is not repeated, whatever its tags say; empty: any domain",
    ),
    Variable(
        "RUNBOOK_URL", "", "page of the runbook that messages link to (HTTPS); empty: only named"
    ),
    Variable("OWNER_TAG", "Owner", "key of the tag with the owner of a certificate"),
    Variable(
        "SUMMARY_AFTER_DAYS",
        "7",
        "days without a notification after which a summary is sent; `0`: never",
    ),
    Variable(
        "LEDGER_TABLE",
        "",
        "state table; empty: nothing is remembered between runs, and nothing is replaced or "
        "imported",
    ),
    Variable("REPORT_BUCKET", "", "bucket for the report of each run; empty: no reports"),
    Variable("REBIND_CONSUMERS", "false", "move consumers to a successor"),
    Variable(
        "RETIRE_SUPERSEDED_AFTER_DAYS",
        "",
        "days after which a replaced certificate is deleted; empty: never",
    ),
    Variable("TLS_PROBE", "false", "compare certificates with those that their domain names serve"),
    Variable(
        "TLS_PROBE_PRIVATE_ADDRESSES", "false", "probe names that resolve to private addresses too"
    ),
    Variable(
        "EXPORT_TARGETS",
        "{}",
        "certificate ARN to `secret_arn`, `passphrase_secret_arn` and `renew_public` (JSON object)",
    ),
    Variable("EVENT_BUS_NAME", "", "event bus for the events of a run; empty: no events"),
    Variable("SECURITY_HUB", "false", "send findings to Security Hub"),
    _PUBLIC_DNS_RESOLVERS,
)


class _Environment:
    """Reads variables with their defaults; an empty variable counts as unset."""

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
        return self.read(name, _switch, fallback)

    def read(self, name: str, parse: Callable[[str], T], fallback: T) -> T:
        """Return the parsed value, or `fallback` after an error."""
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
    """Read the environment of the creation function; errors are added to `errors`."""
    environment = _Environment(environ, CREATION_VARIABLES, errors)
    invalid: str | None = ""
    default_name = environment.read("DOMAIN_NAME", _optional(normalise), invalid)
    others = environment.read("SUBJECT_ALTERNATIVE_NAMES", _domain_names, _NONE)
    allowed = environment.read("ALLOWED_DOMAINS", _domain_names, _NONE)
    return CreationSettings(
        domain_name=default_name,
        alternative_names=others,
        include_www=environment.flag("INCLUDE_WWW", fallback=True),
        key_algorithm=environment.read("KEY_ALGORITHM", key_algorithm, "RSA_2048"),
        allowed_domains=allowed or tuple(name for name in (default_name, *others) if name),
        zones=environment.read("HOSTED_ZONES", _zones, ()),
        name_prefix=environment.read("NAME_PREFIX", _name_prefix, ""),
        public_dns_resolvers=environment.read("PUBLIC_DNS_RESOLVERS", _resolvers, _NONE),
    )


def rotation_settings(environ: Mapping[str, str], errors: list[str]) -> RotationSettings:
    """Read the environment of the rotation function; errors are added to `errors`."""
    environment = _Environment(environ, ROTATION_VARIABLES, errors)
    thresholds = _thresholds(environment, errors)
    no_sources: Mapping[str, ImportSource] = {}
    no_targets: tuple[ExportTarget, ...] = ()
    sources = environment.read("IMPORT_SOURCES", _import_sources, no_sources)
    targets = environment.read("EXPORT_TARGETS", _export_targets, no_targets)
    mode = environment.read("ROTATION_MODE", rotation_mode, RotationMode.REPLACE)
    unmanaged = environment.read("UNMANAGED_ROTATION_MODE", rotation_mode, RotationMode.NOTIFY)
    imported = {source.secret_arn for source in sources.values()}
    errors.extend(
        f"EXPORT_TARGETS and IMPORT_SOURCES must not share a secret, got {target.secret_arn} twice"
        for target in targets
        if target.secret_arn in imported
    )
    return RotationSettings(
        topic_arn=environment.read("SNS_TOPIC_ARN", _topic_arn, ""),
        thresholds=thresholds,
        mode=mode,
        import_sources=sources,
        zones=environment.read("HOSTED_ZONES", _zones, ()),
        name_prefix=environment.read("NAME_PREFIX", _name_prefix, ""),
        regions=environment.read("REGIONS", _regions, _NONE),
        accounts=environment.read("ACCOUNTS", _accounts, ()),
        organization=environment.read("ORGANIZATION", _organization, None),
        export_targets=targets,
        allowed_domains=environment.read("ALLOWED_DOMAINS", _domain_names, _NONE),
        runbook_url=environment.read("RUNBOOK_URL", _optional(_https_url), None),
        owner_tag=environment.read("OWNER_TAG", _tag_key, "Owner"),
        summary_after=environment.read("SUMMARY_AFTER_DAYS", _days_or_never, None),
        ledger_table=environment.read("LEDGER_TABLE", _optional(_table), None),
        report_bucket=environment.read("REPORT_BUCKET", _optional(_bucket), None),
        rebind_consumers=environment.flag("REBIND_CONSUMERS"),
        retire_after=environment.read("RETIRE_SUPERSEDED_AFTER_DAYS", _optional(_days), None),
        tls_probe=environment.flag("TLS_PROBE"),
        tls_probe_private_addresses=environment.flag("TLS_PROBE_PRIVATE_ADDRESSES"),
        event_bus_name=environment.read("EVENT_BUS_NAME", _optional(_event_bus), None),
        security_hub=environment.flag("SECURITY_HUB"),
        unmanaged_mode=unmanaged.limited(mode),
        coverage=environment.read("SCOPE", _scope, EVERYTHING),
        limits=environment.read("LIMITS", _limits, DEFAULT_LIMITS),
        public_dns_resolvers=environment.read("PUBLIC_DNS_RESOLVERS", _resolvers, _NONE),
    )


def _thresholds(environment: _Environment, errors: list[str]) -> Thresholds:
    unreadable = timedelta(0)
    expiration = environment.read("EXPIRATION_THRESHOLD_DAYS", _days, unreadable)
    critical = environment.read("CRITICAL_THRESHOLD_DAYS", _days, unreadable)
    if unreadable < expiration <= critical:
        errors.append(
            f"CRITICAL_THRESHOLD_DAYS must be less than EXPIRATION_THRESHOLD_DAYS, "
            f"got {critical.days} and {expiration.days}"
        )
    return Thresholds(
        expiration=expiration,
        critical=critical,
        fraction=environment.read("THRESHOLD_FRACTION", _fraction, 0.33),
        between_runs=environment.read("HOURS_BETWEEN_RUNS", _hours, timedelta(days=1)),
    )


def default_settings() -> RotationSettings:
    """Return the settings of an empty environment; they have no topic."""
    return rotation_settings({}, [])


# --- Texts ----------------------------------------------------------------------------------------


def _optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    return lambda raw: parse(raw) if raw else None


def _switch(raw: str) -> bool:
    if raw.lower() not in ("true", "false"):
        raise ValueError(f"must be true or false, got {quoted(raw)}")
    return raw.lower() == "true"


def _days(raw: str) -> timedelta:
    if not re.fullmatch(r"(?a)\d{1,4}", raw) or not 1 <= int(raw) <= 365:  # noqa: PLR2004 - a year
        raise ValueError(f"must be a whole number of days from 1 to 365, got {quoted(raw)}")
    return timedelta(days=int(raw))


def _hours(raw: str) -> timedelta:
    if not re.fullmatch(r"(?a)\d{1,3}", raw) or not 1 <= int(raw) <= 168:  # noqa: PLR2004 - a week
        raise ValueError(f"must be a whole number of hours from 1 to 168, got {quoted(raw)}")
    return timedelta(hours=int(raw))


def _days_or_never(raw: str) -> timedelta | None:
    return None if raw == "0" else _days(raw)


def _fraction(raw: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise ValueError(f"must be a number above 0 and not above 1, got {quoted(raw)}")
    return value


# --- JSON -----------------------------------------------------------------------------------------


def _json(raw: str, kind: type[T], what: str) -> T:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise ValueError(f"must be {what}, got {quoted(raw)}")  # noqa: TRY004 - collected as an error
    return value


def _domain_names(raw: str) -> tuple[str, ...]:
    return parse_each(_json(raw, list, "a JSON list of domain names"), domain_name)


def _regions(raw: str) -> tuple[str, ...]:
    return parse_each(_json(raw, list, "a JSON list of regions"), region)


def _accounts(raw: str) -> tuple[Account, ...]:
    accounts = parse_each(_json(raw, list, "a JSON list of accounts"), _account)
    ids = [account.account_id for account in accounts]
    repeated = sorted({entry for entry in ids if ids.count(entry) > 1})
    if repeated:
        raise ValueError(f"each account must be listed once, repeated: {', '.join(repeated)}")
    return accounts


#: What a role in another account allows.
_ALLOWED = ("rebind_consumers", "rotation_mode", "scope", "unmanaged_rotation_mode")


def _account(entry: object) -> Account:
    required = ("account_id", "external_id", "role_name")
    fields = Fields.parse(entry, "an account", required, _ALLOWED)
    found = fields.read("account_id", account_id)
    fields = replace(fields, where=f"account {found}")
    mode, unmanaged = _modes(fields)
    return Account(
        account_id=found,
        role_name=fields.read("role_name", _role_name),
        external_id=fields.read("external_id", _external_id),
        mode=mode,
        rebind_consumers=fields.read("rebind_consumers", boolean, default=False),
        unmanaged_mode=unmanaged,
        coverage=fields.read("scope", parse_coverage),
    )


def _modes(fields: Fields) -> tuple[RotationMode, RotationMode]:
    """Return the modes of an account, for certificates of this instance and for others."""
    mode = fields.read("rotation_mode", rotation_mode, RotationMode.NOTIFY)
    unmanaged = fields.read("unmanaged_rotation_mode", rotation_mode, RotationMode.NOTIFY)
    return mode, unmanaged.limited(mode)


def _organization(raw: str) -> OrganizationSettings | None:
    entry = _json(raw, dict, "a JSON object")
    if not entry:
        return None
    required = ("bucket", "external_id", "max_concurrency", "role_name")
    fields = Fields.parse(entry, "the organization", required, _ALLOWED)
    mode, unmanaged = _modes(fields)
    return OrganizationSettings(
        bucket=fields.read("bucket", _bucket),
        role_name=fields.read("role_name", _role_name),
        external_id=fields.read("external_id", _external_id),
        max_concurrency=fields.read("max_concurrency", whole_number(1, _MAX_CONCURRENCY)),
        mode=mode,
        rebind_consumers=fields.read("rebind_consumers", boolean, default=False),
        unmanaged_mode=unmanaged,
        coverage=fields.read("scope", parse_coverage),
    )


def _scope(raw: str) -> Coverage:
    return parse_coverage(_json(raw, dict, "a JSON object"))


def parse_coverage(entry: object) -> Coverage:
    """Return the coverage that the Terraform input `scope` describes; raises ValueError.

    Terraform writes null for an attribute that is not set.
    """
    entry = {} if entry is None else _set(entry)
    fields = Fields.parse(entry, "scope", (), ("exclude", "include", "others"))
    include, exclude = (
        Fields.parse(_set(fields.values.get(key, {})), f"scope.{key}", (), ("domains", "tags"))
        for key in ("include", "exclude")
    )
    return Coverage(
        include_domains=include.read("domains", _covered_domains, []),
        include_tags=include.read("tags", _tag_filter, {}),
        exclude_domains=exclude.read("domains", _covered_domains, []),
        exclude_tags=exclude.read("tags", _tag_filter, {}),
        others=fields.read("others", member_of(Others), Others.IGNORE),
    )


def _set(entry: object) -> object:
    """Return an object without the keys whose value is null."""
    if not isinstance(entry, Mapping):
        return entry
    return {key: value for key, value in entry.items() if value is not None}


def _covered_domain(raw: object) -> str:
    name = domain_name(raw)
    if is_wildcard(name):
        raise ValueError(f"must not be a wildcard, because names below it match, got {quoted(raw)}")
    return name


_covered_domains = list_of(_covered_domain, "domain names")


def _tag_filter(raw: object) -> TagFilter:
    if not isinstance(raw, Mapping):
        raise ValueError(f"must be an object of tag keys and lists of values, got {quoted(raw)}")  # noqa: TRY004 - collected as an error
    values = list_of(_tag_value, "values of a tag", least=1)
    return parse_each(raw.items(), lambda item: (_tag_key(item[0]), values(item[1])))


def _limits(raw: str) -> Limits:
    entry = _set(_json(raw, dict, "a JSON object"))
    fields = Fields.parse(entry, "limits", (), ("changes_per_run", "requests_per_day"))
    return Limits(
        requests_per_day=fields.read(
            "requests_per_day", whole_number(1, _MOST_REQUESTS), DEFAULT_LIMITS.requests_per_day
        ),
        changes_per_run=fields.read(
            "changes_per_run", whole_number(1, _MOST_CHANGES), DEFAULT_LIMITS.changes_per_run
        ),
    )


def _resolvers(raw: str) -> tuple[str, ...]:
    return parse_resolvers(_json(raw, list, "a JSON list of two HTTPS URLs"))


def parse_resolvers(entries: Sequence[object]) -> tuple[str, ...]:
    """Return the URLs of two resolvers with different hosts, or none; raises ValueError."""
    urls = parse_each(entries, _https_url)
    # Reading the port raises ValueError for one that is too large.
    hosts = {urlsplit(url).hostname for url in urls if urlsplit(url).port != 0}
    if len(entries) not in (0, 2) or len(hosts) != len(entries):
        raise ValueError(
            f"must be the URLs of two resolvers with different hosts, got {quoted(entries)}"
        )
    return urls


def _zones(raw: str) -> tuple[Zone, ...]:
    return parse_each(_json(raw, dict, "a JSON object of zones").items(), _zone)


def _zone(item: tuple[str, object]) -> Zone:
    name, entry = item
    fields = Fields.parse(entry, f"the zone {quoted(name)}", ("zone_id",), ("role_arn",))
    zone_id = fields.read("zone_id", _zone_id)
    # Terraform writes null for a zone of the function's own account.
    own = fields.values.get("role_arn") is None
    role_arn = None if own else fields.read("role_arn", _role_arn)
    try:
        zone_name = normalise(name)
    except ValueError as error:
        raise ValueError(f"the zone name {error}") from error
    if is_wildcard(zone_name):
        raise ValueError(f"the zone name {quoted(name)} must not be a wildcard")
    return Zone(zone_id, zone_name, role_arn)


def _export_targets(raw: str) -> tuple[ExportTarget, ...]:
    entries = _json(raw, dict, "a JSON object of export targets")
    targets = parse_each(entries.items(), _export_target)
    secrets = [target.secret_arn for target in targets]
    shared = {arn for arn in secrets if secrets.count(arn) > 1}
    shared |= {target.passphrase_secret_arn for target in targets} & set(secrets)
    if shared:
        raise ValueError(f"each target needs its own secret, shared: {', '.join(sorted(shared))}")
    return targets


def _export_target(item: tuple[str, object]) -> ExportTarget:
    arn, entry = item
    required = ("secret_arn", "passphrase_secret_arn")
    where = f"the export target of {_certificate_arn(arn)}"
    fields = Fields.parse(entry, where, required, ("renew_public",))
    return ExportTarget(
        certificate_arn=arn,
        secret_arn=fields.read("secret_arn", _secret_arn),
        passphrase_secret_arn=fields.read("passphrase_secret_arn", _secret_arn),
        renew_public=fields.read("renew_public", boolean, default=False),
    )


def _import_sources(raw: str) -> dict[str, ImportSource]:
    entries = _json(raw, dict, "a JSON object of import sources")
    return dict(parse_each(entries.items(), _import_source))


def _import_source(item: tuple[str, object]) -> tuple[str, ImportSource]:
    arn, entry = item
    where = f"the import source of {_certificate_arn(arn)}"
    fields = Fields.parse(entry, where, ("secret_arn",), ("allow", "require_client_auth"))
    allow = list_of(member_of(Allowance), ", ".join(Allowance))
    return arn, ImportSource(
        secret_arn=fields.read("secret_arn", _secret_arn),
        allow=frozenset(fields.read("allow", allow, [])),
        require_client_auth=fields.read("require_client_auth", boolean, default=False),
    )
