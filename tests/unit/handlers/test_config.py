"""The environment of both functions: accepted values and error messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from certificate_lifecycle.handlers.config import (
    CREATION_VARIABLES,
    ROTATION_VARIABLES,
    Variable,
    creation_settings,
    rotation_settings,
)
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.policy.coverage import Coverage, Others
from certificate_lifecycle.policy.import_source import Allowance, ImportSource
from certificate_lifecycle.policy.settings import (
    Account,
    CreationSettings,
    Limits,
    OrganizationSettings,
    RotationMode,
    RotationSettings,
)
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import Zone
from tests.unit.builders import arn, days, export_target, secret_arn
from tests.unit.tables import accepted, refused

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/shop"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-tls-AbCdEf"
ROLE = "arn:aws:iam::210987654321:role/records"


SCOPE = {
    "include": {"domains": ["Shop.example.com."], "tags": {"Team": ["shop", "*"]}},
    "exclude": {"domains": ["old.shop.example.com"], "tags": {"Stage": ["dev"]}},
    "others": "report",
}
RESOLVERS = ("https://dns.google/resolve", "https://cloudflare-dns.com/dns-query")
COVERAGE = Coverage(
    include_domains=("shop.example.com",),
    include_tags=(("Team", ("shop", "*")),),
    exclude_domains=("old.shop.example.com",),
    exclude_tags=(("Stage", ("dev",)),),
    others=Others.REPORT,
)


def creation(**variables: str) -> tuple[CreationSettings, list[str]]:
    errors: list[str] = []
    settings = creation_settings({"DOMAIN_NAME": "example.com", **variables}, errors)
    return settings, errors


def rotation(**variables: str) -> tuple[RotationSettings, list[str]]:
    errors: list[str] = []
    settings = rotation_settings({"SNS_TOPIC_ARN": TOPIC, **variables}, errors)
    return settings, errors


def zones(name: str = "example.com", **entry: object) -> str:
    return json.dumps({name: {"zone_id": "Z1", **entry}})


def sources(arn: str = CERTIFICATE, **entry: object) -> str:
    return json.dumps({arn: {"secret_arn": SECRET, **entry}})


def test_creation_of_a_configured_certificate_needs_only_its_name() -> None:
    settings, errors = creation()
    assert errors == []
    assert settings == CreationSettings(
        domain_name="example.com",
        alternative_names=(),
        include_www=True,
        key_algorithm="RSA_2048",
        allowed_domains=("example.com",),
        zones=(),
        name_prefix="certificate-lifecycle",
    )


def test_rotation_runs_with_nothing_but_a_topic() -> None:
    settings, errors = rotation()
    assert errors == []
    assert settings == RotationSettings(
        topic_arn=TOPIC,
        thresholds=Thresholds(expiration=days(30), critical=days(7), fraction=0.33),
        mode=RotationMode.REPLACE,
        import_sources={},
        zones=(),
        name_prefix="certificate-lifecycle",
        summary_after=days(7),
    )


@pytest.mark.parametrize("variable", CREATION_VARIABLES, ids=lambda variable: variable.name)
def test_an_empty_creation_variable_means_its_default(variable: Variable) -> None:
    settings, errors = creation(**{variable.name: " "})
    assert errors == []
    assert (settings == creation()[0]) is (variable.name != "DOMAIN_NAME")


def test_without_a_domain_name_no_domain_is_allowed() -> None:
    settings, errors = creation(DOMAIN_NAME="")
    assert errors == []
    assert (settings.domain_name, settings.allowed_domains) == (None, ())


@pytest.mark.parametrize("variable", ROTATION_VARIABLES, ids=lambda variable: variable.name)
def test_an_empty_rotation_variable_means_its_default(variable: Variable) -> None:
    settings, errors = rotation(**{variable.name: ""})
    required = [] if variable.default is not None else [f"{variable.name} must be set"]
    assert errors == required
    assert required or settings == rotation()[0]


def test_creation_reads_every_variable() -> None:
    settings, errors = creation(
        DOMAIN_NAME="Example.com.",
        SUBJECT_ALTERNATIVE_NAMES='["b.example.com", "B.example.com", "bücher.example"]',
        INCLUDE_WWW="False",
        KEY_ALGORITHM="EC_prime256v1",
        ALLOWED_DOMAINS='["example.com", "*.example.net"]',
        HOSTED_ZONES=zones(role_arn=ROLE),
        NAME_PREFIX="shop-certs",
        PUBLIC_DNS_RESOLVERS=json.dumps(RESOLVERS),
    )
    assert errors == []
    assert settings == CreationSettings(
        domain_name="example.com",
        alternative_names=("b.example.com", "xn--bcher-kva.example"),
        include_www=False,
        key_algorithm="EC_prime256v1",
        allowed_domains=("example.com", "*.example.net"),
        zones=(Zone("Z1", "example.com", ROLE),),
        name_prefix="shop-certs",
        public_dns_resolvers=RESOLVERS,
    )


def test_without_allowed_domains_the_configured_names_are_allowed() -> None:
    settings, _ = creation(SUBJECT_ALTERNATIVE_NAMES='["b.example.net"]')
    assert settings.allowed_domains == ("example.com", "b.example.net")


def test_rotation_reads_every_variable() -> None:
    settings, errors = rotation(
        EXPIRATION_THRESHOLD_DAYS="60",
        CRITICAL_THRESHOLD_DAYS="14",
        THRESHOLD_FRACTION="0.5",
        HOURS_BETWEEN_RUNS="168",
        ROTATION_MODE="repair",
        UNMANAGED_ROTATION_MODE="repair",
        SCOPE=json.dumps(SCOPE),
        LIMITS='{"requests_per_day": 5, "changes_per_run": 10}',
        HOSTED_ZONES=zones(role_arn=None),
        IMPORT_SOURCES=sources(allow=["no_chain", "fewer_names"], require_client_auth=True),
        NAME_PREFIX="shop-certs",
        EXPORT_TARGETS=exports(
            arn(),
            secret_arn=secret_arn("edge"),
            passphrase_secret_arn=secret_arn("passphrase"),
            renew_public=True,
        ),
        ALLOWED_DOMAINS='["example.com", "*.example.net"]',
        OWNER_TAG="Team",
        RUNBOOK_URL="https://wiki.example.com/runbook.md",
        SUMMARY_AFTER_DAYS="0",
        LEDGER_TABLE="shop-certs-ledger",
        REPORT_BUCKET="shop-certs-reports",
        REBIND_CONSUMERS="true",
        RETIRE_SUPERSEDED_AFTER_DAYS="30",
        TLS_PROBE="true",
        TLS_PROBE_PRIVATE_ADDRESSES="true",
        EVENT_BUS_NAME="security",
        SECURITY_HUB="true",
        PUBLIC_DNS_RESOLVERS=json.dumps(RESOLVERS),
    )
    assert errors == []
    assert settings == RotationSettings(
        topic_arn=TOPIC,
        thresholds=Thresholds(
            expiration=days(60), critical=days(14), fraction=0.5, between_runs=days(7)
        ),
        mode=RotationMode.REPAIR,
        unmanaged_mode=RotationMode.REPAIR,
        coverage=COVERAGE,
        limits=Limits(requests_per_day=5, changes_per_run=10),
        import_sources={
            CERTIFICATE: ImportSource(
                secret_arn=SECRET,
                allow=frozenset({Allowance.FEWER_NAMES, Allowance.NO_CHAIN}),
                require_client_auth=True,
            )
        },
        zones=(Zone("Z1", "example.com"),),
        name_prefix="shop-certs",
        export_targets=(export_target(renew_public=True),),
        ledger_table="shop-certs-ledger",
        report_bucket="shop-certs-reports",
        rebind_consumers=True,
        retire_after=days(30),
        allowed_domains=("example.com", "*.example.net"),
        owner_tag="Team",
        runbook_url="https://wiki.example.com/runbook.md",
        summary_after=None,
        tls_probe=True,
        tls_probe_private_addresses=True,
        event_bus_name="security",
        security_hub=True,
        public_dns_resolvers=RESOLVERS,
    )


# Terraform and the functions agree about every value; Terraform's tests use the same tables.
TABLES: dict[str, tuple[str, Any]] = {
    "key_algorithms": ("KEY_ALGORITHM", creation),
    "name_prefixes": ("NAME_PREFIX", creation),
    "topic_arns": ("SNS_TOPIC_ARN", rotation),
    "expiration_thresholds": ("EXPIRATION_THRESHOLD_DAYS", rotation),
    "critical_thresholds": ("CRITICAL_THRESHOLD_DAYS", rotation),
    "threshold_fractions": ("THRESHOLD_FRACTION", rotation),
    "rotation_modes": ("ROTATION_MODE", rotation),
    "bucket_names": ("REPORT_BUCKET", rotation),
    "retirements": ("RETIRE_SUPERSEDED_AFTER_DAYS", rotation),
    "event_bus_names": ("EVENT_BUS_NAME", rotation),
}
EXPORTED = "arn:aws:acm:eu-west-1:123456789012:certificate/9f0d7bb1"

# A rule about the names of resources, which only Terraform makes; and a blank that does no harm.
ONLY_TERRAFORMS = {"a" * 54, "rate(1 day) "}


@pytest.mark.parametrize("table", TABLES)
def test_the_functions_accept_the_values_that_terraform_accepts(table: str) -> None:
    name, read = TABLES[table]
    for value in accepted(table).values():
        assert read(**{name: str(value)})[1] == []


@pytest.mark.parametrize("table", TABLES)
def test_the_functions_refuse_the_values_that_terraform_refuses(table: str) -> None:
    name, read = TABLES[table]
    for value in refused(table).values():
        if value != "" and value not in ONLY_TERRAFORMS:
            (error,) = read(**{name: str(value)})[1]
            assert error.startswith(name)
            assert str(value) in error


def test_both_functions_accept_the_resolvers_that_terraform_accepts() -> None:
    for value in accepted("public_dns_resolvers").values():
        for read in (creation, rotation):
            settings, errors = read(PUBLIC_DNS_RESOLVERS=json.dumps(value))
            assert errors == []
            assert settings.public_dns_resolvers == tuple(value)


@pytest.mark.parametrize("read", [creation, rotation])
def test_both_functions_refuse_the_resolvers_that_terraform_refuses(
    read: Callable[..., tuple[Any, list[str]]],
) -> None:
    for value in [*refused("public_dns_resolvers").values(), [7, None]]:
        settings, (error,) = read(PUBLIC_DNS_RESOLVERS=json.dumps(value))
        assert error.startswith("PUBLIC_DNS_RESOLVERS: ")
        assert settings.public_dns_resolvers == ()


def test_public_dns_is_not_queried_without_resolvers() -> None:
    for variables in ({}, {"PUBLIC_DNS_RESOLVERS": "[]"}):
        assert rotation(**variables)[0].public_dns_resolvers == ()
        assert creation(**variables)[0].public_dns_resolvers == ()


@pytest.mark.parametrize("value", accepted("domain_names").values(), ids=accepted("domain_names"))
def test_a_name_that_terraform_accepts_is_accepted_everywhere(value: str) -> None:
    variables = {"SUBJECT_ALTERNATIVE_NAMES": json.dumps([value]), "DOMAIN_NAME": value}
    assert creation(**variables, ALLOWED_DOMAINS=json.dumps([value]))[1] == []


def test_zones_that_terraform_accepts_are_accepted() -> None:
    found = [
        *(zones(name) for name in accepted("zone_names").values()),
        *(zones(zone_id=zone_id) for zone_id in accepted("zone_ids").values()),
        *(zones(role_arn=role_arn) for role_arn in accepted("role_arns").values()),
    ]
    assert [creation(HOSTED_ZONES=value)[1] for value in found] == [[]] * len(found)


# A zone's name is brought into one form, as other names are.
BROUGHT_INTO_FORM = {"example.com.", "Example.com"}
BAD_ZONES = [
    *(zones(name) for name in refused("zone_names").values() if name not in BROUGHT_INTO_FORM),
    *(zones(zone_id=zone_id) for zone_id in refused("zone_ids").values()),
    *(zones(role_arn=role_arn) for role_arn in refused("role_arns").values()),
    zones(role_arn=5),
    zones(zone_id=None),
    zones(private=True),
    '{"example.com": "Z1"}',
    '["example.com"]',
    "example.com",
]


def test_import_sources_that_terraform_accepts_are_accepted() -> None:
    found = [
        *(sources(arn) for arn in accepted("certificate_arns").values()),
        *(sources(secret_arn=arn) for arn in accepted("secret_arns").values()),
        *(sources(allow=allow) for allow in accepted("import_allowances").values()),
    ]
    assert [rotation(IMPORT_SOURCES=value)[1] for value in found] == [[]] * len(found)


@pytest.mark.parametrize(
    "value",
    [
        *(sources(arn) for arn in refused("certificate_arns").values()),
        *(sources(secret_arn=arn) for arn in refused("secret_arns").values()),
        *(sources(allow=allow) for allow in refused("import_allowances").values()),
        sources(secret_arn=None),
        sources(kms_key_arn="key"),
        sources(allow="no_chain"),
        sources(allow=None),
        sources(require_client_auth="true"),
        json.dumps({CERTIFICATE: SECRET}),
        json.dumps({CERTIFICATE: {}}),
        json.dumps([CERTIFICATE]),
        CERTIFICATE,
    ],
)
def test_a_bad_import_source_is_one_error(value: str) -> None:
    (error,) = rotation(IMPORT_SOURCES=value)[1]
    assert error.startswith("IMPORT_SOURCES: ")


def test_every_value_that_an_import_source_cannot_allow_is_named() -> None:
    value = json.dumps(
        {
            CERTIFICATE: {"secret_arn": SECRET, "allow": ["no_chain", "everything", 5]},
            f"{CERTIFICATE}-2": {"secret_arn": SECRET, "allow": ["fewer names"]},
        }
    )
    (error,) = rotation(IMPORT_SOURCES=value)[1]
    assert "must be one of fewer_names, other_issuer, no_chain, got 'everything'" in error
    assert all(wrong in error for wrong in ("got 5", "got 'fewer names'"))
    assert "no_chain'" not in error


@pytest.mark.parametrize("value", BAD_ZONES)
def test_a_bad_zone_is_one_error(value: str) -> None:
    (error,) = creation(HOSTED_ZONES=value)[1]
    assert error.startswith("HOSTED_ZONES: ")


def exports(arn: str = EXPORTED, **changes: object) -> str:
    return json.dumps({arn: {**TARGET, **changes}})


TARGET: dict[str, object] = {
    "secret_arn": secret_arn("of-its-own"),
    "passphrase_secret_arn": secret_arn("words"),
}
SECRETS = ("secret_arn", "passphrase_secret_arn")


def test_export_targets_that_terraform_accepts_are_accepted() -> None:
    found = [
        *(exports(arn) for arn in accepted("certificate_arns").values()),
        *(exports(**{k: v}) for k in SECRETS for v in accepted("secret_arns").values()),
        exports(renew_public=True),
    ]
    assert [rotation(EXPORT_TARGETS=value)[1] for value in found] == [[]] * len(found)


BAD_TARGETS = [
    *(exports(arn) for arn in refused("certificate_arns").values()),
    *(exports(**{k: v}) for k in SECRETS for v in refused("secret_arns").values()),
    exports(secret_arn=None),
    exports(passphrase_secret_arn=5),
    exports(renew_public="true"),
    exports(renew_private=True),
    json.dumps({EXPORTED: secret_arn("edge")}),
    json.dumps({EXPORTED: TARGET, f"{EXPORTED}0": TARGET}),
    exports(passphrase_secret_arn=TARGET["secret_arn"]),
    json.dumps([EXPORTED]),
    "edge",
]


@pytest.mark.parametrize("value", BAD_TARGETS)
def test_a_bad_export_target_is_one_error(value: str) -> None:
    (error,) = rotation(EXPORT_TARGETS=value)[1]
    assert error.startswith("EXPORT_TARGETS: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOMAIN_NAME", "localhost"),
        ("SUBJECT_ALTERNATIVE_NAMES", "b.example.com"),
        ("SUBJECT_ALTERNATIVE_NAMES", '{"b.example.com": 1}'),
        ("SUBJECT_ALTERNATIVE_NAMES", "[1]"),
        ("SUBJECT_ALTERNATIVE_NAMES", '["b"]'),
        ("ALLOWED_DOMAINS", "*"),
        ("ALLOWED_DOMAINS", '["*"]'),
        ("INCLUDE_WWW", "yes"),
        ("INCLUDE_WWW", "1"),
    ],
)
def test_a_bad_creation_variable_is_one_error(name: str, value: str) -> None:
    (error,) = creation(**{name: value})[1]
    assert error.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXPIRATION_THRESHOLD_DAYS", "30.5"),
        ("EXPIRATION_THRESHOLD_DAYS", "thirty"),
        ("EXPIRATION_THRESHOLD_DAYS", "1e2"),
        ("CRITICAL_THRESHOLD_DAYS", "0x7"),
        *(("HOURS_BETWEEN_RUNS", value) for value in ("0", "169", "1.5", "1 day", "-24")),
        ("THRESHOLD_FRACTION", "33%"),
        ("THRESHOLD_FRACTION", "nan"),
        ("THRESHOLD_FRACTION", "inf"),
        ("ROTATION_MODE", "rotate"),
        ("UNMANAGED_ROTATION_MODE", "off"),
        ("LIMITS", "25"),
        ("LEDGER_TABLE", "my ledger"),
        ("LEDGER_TABLE", "no"),
        ("REPORT_BUCKET", "dotted.name"),
        ("REBIND_CONSUMERS", "on"),
        ("RETIRE_SUPERSEDED_AFTER_DAYS", "a month"),
        ("TLS_PROBE", "yes"),
        ("TLS_PROBE_PRIVATE_ADDRESSES", "1"),
    ],
)
def test_a_bad_rotation_variable_is_one_error(name: str, value: str) -> None:
    (error,) = rotation(**{name: value})[1]
    assert error.startswith(f"{name}: ")
    assert repr(value) in error


def test_every_error_of_creation_is_named_at_once() -> None:
    _, errors = creation(
        DOMAIN_NAME="sh op",
        SUBJECT_ALTERNATIVE_NAMES='["a b", "fine.example.com", "c_d"]',
        INCLUDE_WWW="maybe",
        KEY_ALGORITHM="RSA_1024",
        ALLOWED_DOMAINS="example.com",
        HOSTED_ZONES='{"example.com": {"zone_id": "?"}, "b": {"zone_id": "Z1"}}',
        NAME_PREFIX="Shop",
        PUBLIC_DNS_RESOLVERS="https://dns.google/resolve",
    )
    named = {error.split(":")[0].split(" ")[0] for error in errors}
    assert named == {variable.name for variable in CREATION_VARIABLES}
    text = str(ConfigurationError(errors))
    assert all(value in text for value in ("'a b'", "'c_d'", "'?'", "zone name 'b'", "'Shop'"))
    assert "fine" not in text


def test_every_error_of_rotation_is_named_at_once() -> None:
    _, errors = rotation(
        SNS_TOPIC_ARN="alerts",
        EXPIRATION_THRESHOLD_DAYS="",
        CRITICAL_THRESHOLD_DAYS="0",
        THRESHOLD_FRACTION="2",
        HOURS_BETWEEN_RUNS="0",
        ROTATION_MODE="destroy",
        UNMANAGED_ROTATION_MODE="destroy",
        SCOPE="[]",
        LIMITS='{"requests_per_day": 0}',
        HOSTED_ZONES="[]",
        IMPORT_SOURCES="[]",
        NAME_PREFIX="-",
        EXPORT_TARGETS='{"*": {}}',
        REGIONS='["everywhere"]',
        ACCOUNTS='[{"account_id": "1"}]',
        ORGANIZATION='{"bucket": "runs"}',
        ALLOWED_DOMAINS="example.com",
        OWNER_TAG="a*",
        RUNBOOK_URL="http://wiki.example.com/runbook.md",
        SUMMARY_AFTER_DAYS="-1",
        LEDGER_TABLE="?",
        REPORT_BUCKET="My.Bucket",
        REBIND_CONSUMERS="perhaps",
        RETIRE_SUPERSEDED_AFTER_DAYS="0",
        TLS_PROBE="maybe",
        TLS_PROBE_PRIVATE_ADDRESSES="some",
        EVENT_BUS_NAME="aws.partner/shop",
        SECURITY_HUB="perhaps",
        PUBLIC_DNS_RESOLVERS='["dns.google"]',
    )
    named = {error.split(":")[0] for error in errors}
    fine = "EXPIRATION_THRESHOLD_DAYS"
    assert named == {variable.name for variable in ROTATION_VARIABLES} - {fine}


def test_a_critical_threshold_above_the_other_one_names_both() -> None:
    (error,) = rotation(EXPIRATION_THRESHOLD_DAYS="5")[1]
    assert error == (
        "CRITICAL_THRESHOLD_DAYS must be less than EXPIRATION_THRESHOLD_DAYS, got 7 and 5"
    )


def test_a_bad_threshold_is_not_compared_with_the_other_one() -> None:
    errors = rotation(EXPIRATION_THRESHOLD_DAYS="x", CRITICAL_THRESHOLD_DAYS="31")[1]
    assert errors == [
        "EXPIRATION_THRESHOLD_DAYS: must be a whole number of days from 1 to 365, got 'x'"
    ]


def test_the_errors_are_one_sentence_and_a_field_of_the_exception() -> None:
    error = ConfigurationError(["DOMAIN_NAME must be set", "NAME_PREFIX: bad"])
    assert str(error) == "DOMAIN_NAME must be set; NAME_PREFIX: bad"
    assert error.errors == ("DOMAIN_NAME must be set", "NAME_PREFIX: bad")


def test_an_export_target_is_never_an_import_source() -> None:
    targets = exports(secret_arn=SECRET)
    assert rotation(IMPORT_SOURCES=sources(), EXPORT_TARGETS=targets)[1] == [
        f"EXPORT_TARGETS and IMPORT_SOURCES must not share a secret, got {SECRET} twice"
    ]


# --- Scope, modes and limits --------------------------------------------------------------------


def test_scopes_that_terraform_accepts_are_accepted() -> None:
    found = [json.dumps(value) for value in accepted("scopes").values()]
    assert [rotation(SCOPE=value)[1] for value in found] == [[]] * len(found)


@pytest.mark.parametrize("value", refused("scopes").values(), ids=refused("scopes"))
def test_an_invalid_scope_is_one_error_in_each_setting(value: object) -> None:
    (error,) = rotation(SCOPE=json.dumps(value))[1]
    assert error.startswith("SCOPE: ")
    (error,) = accounts({**ACCOUNT, "scope": value})[1]
    assert error.startswith("ACCOUNTS: scope of account 222222222222 ")
    assert organization({**ORGANIZATION, "scope": value})[1] != []


def test_an_error_of_a_scope_names_its_part() -> None:
    (error,) = rotation(SCOPE='{"include": {"tags": ["Team"]}}')[1]
    assert error == (
        "SCOPE: tags of scope.include must be an object of tag keys and lists of values, "
        "got ['Team']"
    )
    (error,) = rotation(SCOPE='{"exclude": ["example.com"]}')[1]
    assert error == "SCOPE: scope.exclude must be an object"


@pytest.mark.parametrize("mode", RotationMode)
def test_other_certificates_are_never_treated_in_a_higher_mode_than_those_of_the_instance(
    mode: RotationMode,
) -> None:
    modes = {"rotation_mode": mode, "unmanaged_rotation_mode": "replace"}
    variables = {name.upper(): value for name, value in modes.items()}
    found = rotation(**variables)[0]
    (account,) = accounts({**ACCOUNT, **modes})[0].accounts
    of_all = organization({**ORGANIZATION, **modes})[0]
    assert of_all is not None
    assert {found.unmanaged_mode, account.unmanaged_mode, of_all.unmanaged_mode} == {mode}


def test_a_limit_that_is_not_set_has_its_default() -> None:
    assert rotation(LIMITS='{"changes_per_run": 3, "requests_per_day": null}')[0].limits == Limits(
        requests_per_day=20, changes_per_run=3
    )


def test_an_account_has_a_scope_and_a_mode_for_other_certificates() -> None:
    modes = {"rotation_mode": "replace", "unmanaged_rotation_mode": "repair", "scope": SCOPE}
    (account,) = accounts({**ACCOUNT, **modes})[0].accounts
    assert (account.unmanaged_mode, account.coverage) == (RotationMode.REPAIR, COVERAGE)
    found = organization({**ORGANIZATION, **modes})[0]
    assert found is not None
    assert found.account("222222222222") == account
    (plain,) = accounts({**ACCOUNT, "scope": None})[0].accounts
    assert (plain.unmanaged_mode, plain.coverage) == (RotationMode.NOTIFY, Coverage())


# --- Accounts and regions ---------------------------------------------------------------------

ACCOUNT = {"account_id": "222222222222", "role_name": "certificates", "external_id": "x-1"}


def accounts(*entries: object) -> tuple[RotationSettings, list[str]]:
    return rotation(ACCOUNTS=json.dumps(entries))


def test_an_account_is_reached_by_the_role_that_it_offers() -> None:
    settings, errors = accounts({**ACCOUNT, "role_name": "path/to/certificates"})
    assert errors == []
    (account,) = settings.accounts
    assert account.role_arn("aws-cn") == ("arn:aws-cn:iam::222222222222:role/path/to/certificates")


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ("222222222222", "an account must be an object"),
        ({}, "an object with account_id, external_id, role_name and, optionally, rebind"),
        ({**ACCOUNT, "more": 1}, "an account has unknown keys: 'more'"),
        ({**ACCOUNT, "account_id": 222222222222}, "must be an account id, got 222222222222"),
        (
            {**ACCOUNT, "role_name": "a b"},
            "role_name of account 222222222222 must be the path and name",
        ),
        (
            {**ACCOUNT, "external_id": "x"},
            "external_id of account 222222222222 must be an external id",
        ),
        ({**ACCOUNT, "external_id": None}, "characters, got None"),
    ],
)
def test_an_account_with_bad_settings_is_an_error(entry: object, named: str) -> None:
    (error,) = accounts(entry)[1]
    assert error.startswith("ACCOUNTS: ")
    assert named in error


def test_an_account_is_there_once() -> None:
    (error,) = accounts(ACCOUNT, {**ACCOUNT, "role_name": "other"})[1]
    assert error == "ACCOUNTS: each account must be listed once, repeated: 222222222222"


@pytest.mark.parametrize("raw", ['"eu-west-1"', "[5]", '["EU-WEST-1"]', '["eu-west"]', "{"])
def test_regions_are_a_list_of_regions(raw: str) -> None:
    (error,) = rotation(REGIONS=raw)[1]
    assert error.startswith("REGIONS: must be ")


ACCOUNT_KEYS = {
    "account_id": "account_ids",
    "external_id": "external_ids",
    "role_name": "role_names",
    "rotation_mode": "rotation_modes",
}


@pytest.mark.parametrize("key", ACCOUNT_KEYS)
def test_accounts_are_those_that_terraform_accepts(key: str) -> None:
    for value in accepted(ACCOUNT_KEYS[key]).values():
        assert accounts({**ACCOUNT, key: value})[1] == []
    for value in refused(ACCOUNT_KEYS[key]).values():
        assert len(accounts({**ACCOUNT, key: value})[1]) == 1, value


def test_regions_are_those_that_terraform_accepts() -> None:
    regions = list(accepted("regions").values())
    assert rotation(REGIONS=json.dumps(regions))[0].regions == tuple(regions)
    for value in refused("regions").values():
        assert len(rotation(REGIONS=json.dumps([value]))[1]) == 1, value


def test_an_account_allows_reading_only_by_default() -> None:
    (account,) = accounts(ACCOUNT)[0].accounts
    assert (account.mode, account.rebind_consumers) == (RotationMode.NOTIFY, False)
    (account,) = accounts({**ACCOUNT, "rotation_mode": "repair", "rebind_consumers": True})[
        0
    ].accounts
    assert (account.mode, account.rebind_consumers) == (RotationMode.REPAIR, True)


def test_whether_consumers_are_moved_in_an_account_is_true_or_false() -> None:
    (error,) = accounts({**ACCOUNT, "rebind_consumers": "yes"})[1]
    assert error.endswith(
        "rebind_consumers of account 222222222222 must be true or false, got 'yes'"
    )


# --- An organization --------------------------------------------------------------------------

ORGANIZATION = {
    "bucket": "certificate-lifecycle-runs-123456789012",
    "role_name": "certificates",
    "external_id": "x-1",
    "max_concurrency": 25,
}


def organization(entry: object) -> tuple[OrganizationSettings | None, list[str]]:
    settings, errors = rotation(ORGANIZATION=json.dumps(entry))
    return settings.organization, errors


def test_no_organization_is_configured_by_default() -> None:
    assert organization({}) == (None, [])


def test_an_account_of_an_organization_has_the_settings_of_the_organization() -> None:
    found, errors = organization({**ORGANIZATION, "rotation_mode": "repair"})
    assert (found is not None, errors) == (True, [])
    assert found is not None
    assert found.account("222222222222") == Account(
        "222222222222", "certificates", "x-1", RotationMode.REPAIR
    )


@pytest.mark.parametrize(
    "change",
    [
        {"bucket": "No_Bucket"},
        {"bucket": 5},
        {"role_name": "no role"},
        {"external_id": "?"},
        {"max_concurrency": 0},
        {"max_concurrency": 10_001},
        {"max_concurrency": True},
        {"max_concurrency": "25"},
        {"rotation_mode": "destroy"},
        {"rebind_consumers": "yes"},
        {"accounts": []},
    ],
    ids=str,
)
def test_an_organization_that_is_described_wrongly_is_refused(change: dict[str, object]) -> None:
    found, (error,) = organization({**ORGANIZATION, **change})
    assert found is None
    assert error.startswith("ORGANIZATION: ")


ORGANIZATION_KEYS = {
    "external_id": "external_ids",
    "max_concurrency": "concurrencies",
    "role_name": "role_names",
    "rotation_mode": "rotation_modes",
}


@pytest.mark.parametrize("key", ORGANIZATION_KEYS)
def test_an_organization_is_one_that_terraform_accepts(key: str) -> None:
    for value in accepted(ORGANIZATION_KEYS[key]).values():
        assert organization({**ORGANIZATION, key: value})[1] == []
    for value in refused(ORGANIZATION_KEYS[key]).values():
        assert len(organization({**ORGANIZATION, key: value})[1]) == 1, value


@pytest.mark.parametrize("missing", ORGANIZATION)
def test_an_organization_needs_all_that_its_accounts_are_reached_with(missing: str) -> None:
    entry = {key: value for key, value in ORGANIZATION.items() if key != missing}
    assert organization(entry)[1] != []


# --- Notifications ----------------------------------------------------------------------------


def test_a_summary_is_weekly_unless_it_is_switched_off() -> None:
    assert rotation()[0].summary_after == days(7)
    assert rotation(SUMMARY_AFTER_DAYS="1")[0].summary_after == days(1)
    assert rotation(SUMMARY_AFTER_DAYS="0") == (rotation(SUMMARY_AFTER_DAYS="0")[0], [])
    assert rotation(SUMMARY_AFTER_DAYS="0")[0].summary_after is None


def test_the_tag_of_owners_can_have_another_name() -> None:
    assert rotation()[0].owner_tag == "Owner"
    assert rotation(OWNER_TAG="Cost Center")[0].owner_tag == "Cost Center"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("OWNER_TAG", "owner_tags"),
        ("RUNBOOK_URL", "runbook_urls"),
        ("SUMMARY_AFTER_DAYS", "summary_days"),
    ],
)
def test_owner_tags_urls_and_summaries_are_those_that_terraform_accepts(
    name: str, table: str
) -> None:
    for value in accepted(table).values():
        assert rotation(**{name: str(value)})[1] == []
    for value in refused(table).values():
        assert len(rotation(**{name: str(value)})[1]) == 1, value


# --- Hostile values ---------------------------------------------------------------------------

DEEP = "[" * 50_000


@pytest.mark.parametrize(
    "name",
    ["ACCOUNTS", "EXPORT_TARGETS", "HOSTED_ZONES", "IMPORT_SOURCES", "ORGANIZATION", "REGIONS"],
)
def test_json_that_is_too_deep_to_read_is_an_error_like_any_other(name: str) -> None:
    (error,) = rotation(**{name: DEEP})[1]
    assert error.startswith(f"{name}: must be a JSON ")
    assert len(error) < 500


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRITICAL_THRESHOLD_DAYS", "１"),  # noqa: RUF001 - a full-width digit
        ("REGIONS", '["eu-west-١"]'),  # noqa: RUF001 - an Arabic digit
        ("SNS_TOPIC_ARN", TOPIC.replace("1234", "１234")),  # noqa: RUF001 - as above
        ("IMPORT_SOURCES", sources(CERTIFICATE.replace("1234", "１234"))),  # noqa: RUF001 - as above
        ("IMPORT_SOURCES", sources(secret_arn=SECRET.replace("1234", "１234"))),  # noqa: RUF001 - as above
        ("HOSTED_ZONES", zones(role_arn=ROLE.replace("2109", "２109"))),  # noqa: RUF001 - as above
        ("HOSTED_ZONES", zones(role_arn=f"{ROLE} of somebody")),
    ],
)
def test_a_digit_or_letter_that_aws_does_not_have_is_none(name: str, value: str) -> None:
    (error,) = rotation(**{name: value})[1]
    assert error.startswith(f"{name}: ")


def test_an_unknown_key_is_shown_with_its_invisible_characters() -> None:
    strange = json.dumps({"example.com": {"zone_id": "Z1", "a\x1b[2J": 1}})
    (error,) = rotation(HOSTED_ZONES=strange)[1]
    assert error == r"HOSTED_ZONES: the zone 'example.com' has unknown keys: 'a\x1b[2J'"
