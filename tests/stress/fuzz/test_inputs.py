"""Events and environments: accepted, or rejected with all errors and without any action."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import strategies as st

from certificate_lifecycle.handlers.config import (
    CREATION_VARIABLES,
    ROTATION_VARIABLES,
    Variable,
    creation_settings,
    rotation_settings,
)
from certificate_lifecycle.handlers.events import (
    creation_command,
    is_of_an_organization,
    organization_command,
    rotation_command,
)
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.public_dns import DEFAULT_RESOLVERS
from certificate_lifecycle.policy.settings import CreationSettings, RotationMode, RotationSettings
from tests.stress.fuzz.effort import fuzzed
from tests.stress.fuzz.hostile import is_plain, json_values, names, nested, scalars, texts

HOME = Scope("123456789012", "eu-west-1")
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/shop"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-tls-AbCdEf"
AUTHORITY = (
    "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/"
    "11111111-2222-3333-4444-555555555555"
)
#: The limit of a failed invocation with its error: 256 KB (developer guide, "Lambda quotas").
LONGEST_ERROR = 40_000


def creation_of(environment: Mapping[str, str]) -> tuple[CreationSettings, list[str]]:
    faults: list[str] = []
    return creation_settings(environment, faults), faults


def rotation_of(environment: Mapping[str, str]) -> tuple[RotationSettings, list[str]]:
    faults: list[str] = []
    return rotation_settings(environment, faults), faults


CREATION, _ = creation_of({"DOMAIN_NAME": "example.com", "ALLOWED_DOMAINS": '["example.com"]'})
ROTATION, _ = rotation_of(
    {
        "SNS_TOPIC_ARN": TOPIC,
        "REGIONS": '["eu-west-1", "us-east-1"]',
        "ACCOUNTS": json.dumps(
            [{"account_id": "210987654321", "role_name": "look", "external_id": "secret"}]
        ),
        "ORGANIZATION": json.dumps(
            {"bucket": "runs", "role_name": "look", "external_id": "ab", "max_concurrency": 3}
        ),
    }
)


def faults_of_creation(event: object) -> list[str]:
    faults: list[str] = []
    creation_command(event, CREATION, HOME, faults)
    return faults


def faults_of_rotation(event: object) -> list[str]:
    """Return the errors of an event of any kind."""
    faults: list[str] = []
    if is_of_an_organization(event):
        organization_command(event, ROTATION, HOME, faults)
    else:
        rotation_command(event, ROTATION, HOME, faults)
    return faults


def require_readable(faults: list[str]) -> None:
    """Require errors that users, logs and queues accept."""
    for fault in faults:
        assert is_plain(fault), ascii(fault)
    assert len(str(ConfigurationError(faults))) <= LONGEST_ERROR


# --- Events ---------------------------------------------------------------------------------------

#: Valid and invalid values of each key, for `CREATION` and `ROTATION`.
GOOD_CREATION: dict[str, list[Any]] = {
    "domain_name": ["example.com", "Shop.EXAMPLE.com.", "*.example.com"],
    "alt_names": [[], ["b.example.com"]],
    "include_www": [True, False],
    "auto_validate": [True, False],
    "validation_method": ["DNS"],
    "key_algorithm": ["RSA_2048", "EC_prime256v1"],
    "certificate_authority_arn": [AUTHORITY],
    "exportable": [True, False],
    "region": ["eu-west-1"],
    "account_id": ["123456789012"],
    "tags": [{}, {"team": "shop"}],
    "wait_seconds": [0, 900],
    "parameter": ["/certificate-lifecycle/certificates/main/arn"],
    "require_issued": [True, False],
    "dry_run": [True, False],
}
BAD_CREATION: dict[str, list[Any]] = {
    "domain_name": ["*", "localhost", "evil.org", 5, ["example.com"], "example.com\x1b[2J", {}],
    "alt_names": ["a.example.com", [None], [["a.example.com"]], {"a": 1}, ["*.*.example.com"], 0],
    "include_www": ["true", 1, 0, [], {}],
    "auto_validate": ["false", 0, None, ""],
    "validation_method": ["EMAIL", "dns", 1, ["DNS"], {"DNS": 1}],
    "key_algorithm": ["RSA_1024", "rsa_2048", 2048, ["RSA_2048"]],
    "certificate_authority_arn": [
        AUTHORITY.upper(),
        7,
        AUTHORITY.replace("eu-west-1", "us-east-1"),
    ],
    "exportable": ["yes", 1, [True]],
    "region": ["", "EU", "eu-west-1\n", 1, ["eu-west-1"], "eu-west-١"],  # noqa: RUF001 - another digit is meant
    "account_id": ["210987654321", 123456789012, "１23456789012", ["123456789012"]],  # noqa: RUF001 - as above
    "tags": [[], "a=b", {"aws:a": "b"}, {"a": 1}, {"": "b"}, {"a\x1b": "b\u202e"}, {"a": "*"}],
    "wait_seconds": [-1, 901, 1.5, "10", True, 1e308, 10**400, []],
    "parameter": ["", "main", "/other/certificates/main/arn", 5, ["/a"], {"a": 1}],
    "require_issued": ["true", 1, None, []],
    "dry_run": ["true", 1, None, [], {}],
}
GOOD_ROTATION: dict[str, list[Any]] = {
    "certificate_arns": [[CERTIFICATE]],
    "regions": [["eu-west-1"], ["eu-west-1", "us-east-1"]],
    "accounts": [["123456789012"], ["123456789012", "210987654321"]],
    "rotation_mode": ["notify", "repair", "replace"],
    "dry_run": [True, False],
}
BAD_ROTATION: dict[str, list[Any]] = {
    "certificate_arns": [
        [],
        "arn",
        None,
        [5],
        [CERTIFICATE + "/x"],
        ["arn:aws:acm:::certificate/a"],
    ],
    "regions": [[], ["eu-west-2"], "eu-west-1", None, [None], [["eu-west-1"]], {}, ["\u202e"]],
    "accounts": [[], ["999999999999"], ["１23456789012"], [123456789012], None, {"a": "b"}],  # noqa: RUF001 - as above
    "rotation_mode": ["Notify", "", None, 1, ["notify"], {"notify": 1}, "\x1b[31mnotify"],
    "dry_run": BAD_CREATION["dry_run"],
}
ENVELOPE = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-06-01T06:00:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:events:eu-west-1:123456789012:rule/certificate-lifecycle-rotation"],
    "detail": {},
}
STEP = {
    "organization": {
        "step": "scan",
        "run": "run-1",
        "started_at": "2026-06-01T06:00:00.000Z",
        "account_id": "210987654321",
        "input": {},
    }
}


def near(key: str) -> list[str]:
    """Return misspelt variants of `key`."""
    return [key.upper(), key[:-1], f"{key} ", f"{key}s", key.replace("_", "-"), f"{key}\x00"]


def choices(
    good: Mapping[str, list[Any]], bad: Mapping[str, list[Any]]
) -> st.SearchStrategy[tuple[dict[str, Any], set[str], set[str]]]:
    """Draw an event, with its invalid and unknown keys."""
    misspelt = [entry for key in good for entry in near(key) if entry not in good]
    unknown = st.dictionaries(st.sampled_from(misspelt) | texts, json_values, max_size=3)
    kinds = st.fixed_dictionaries(
        {}, optional={key: st.sampled_from(["good", "bad"]) for key in good}
    )

    @st.composite
    def draw_one(draw: st.DrawFn) -> tuple[dict[str, Any], set[str], set[str]]:
        kind = draw(kinds)
        strange = {
            key: value
            for key, value in draw(unknown).items()
            if key not in good and key not in ("organization", "source")
        }
        event = {
            key: draw(st.sampled_from((good if each == "good" else bad)[key]))
            for key, each in kind.items()
        }
        return {**event, **strange}, {k for k, v in kind.items() if v == "bad"}, set(strange)

    return draw_one()


def require_named(faults: list[str], wrong: set[str], unknown: set[str]) -> None:
    """Require that an event is rejected exactly if it has errors, and that all are named."""
    for key in wrong:
        assert any(fault.startswith(f"{key}:") or key in fault for fault in faults), key
    assert sum("is not a key of this event" in fault for fault in faults) == len(unknown)
    require_readable(faults)


@fuzzed(150, drawn=choices(GOOD_CREATION, BAD_CREATION))
def test_errors_of_a_creation_event_name_exactly_the_invalid_keys(
    drawn: tuple[dict[str, Any], set[str], set[str]],
) -> None:
    event, wrong, unknown = drawn
    faults = faults_of_creation(event)
    # Errors of invalid names contain the name, not the key.
    told_by_value = {"domain_name", "alt_names"} if "evil.org" in str(event) else set()
    require_named(faults, wrong - told_by_value, unknown)
    assert bool(faults) == bool(wrong or unknown)


@fuzzed(150, drawn=choices(GOOD_ROTATION, BAD_ROTATION))
def test_errors_of_a_rotation_event_name_exactly_the_invalid_keys(
    drawn: tuple[dict[str, Any], set[str], set[str]],
) -> None:
    event, wrong, unknown = drawn
    faults = faults_of_rotation(event)
    require_named(faults, wrong, unknown)
    assert bool(faults) == bool(wrong or unknown)


@fuzzed(200, event=json_values)
def test_all_errors_of_an_event_are_reported(event: object) -> None:
    for faults in (faults_of_creation(event), faults_of_rotation(event)):
        require_readable(faults)
        assert faults or event == {}


@pytest.mark.parametrize("in_lists", [True, False])
@pytest.mark.parametrize(
    "key", ["", *GOOD_CREATION, *GOOD_ROTATION, "resources", "organization", "input"]
)
def test_json_that_is_too_deep_to_be_shown_is_refused_all_the_same(
    key: str, *, in_lists: bool
) -> None:
    deep = nested(5_000, in_lists=in_lists)
    event = {key: deep} if key else deep
    if key == "resources":
        event = {"source": "aws.acm", "resources": deep}
    if key == "input":
        event = {"organization": {**STEP["organization"], "input": deep}}
    for faults in (faults_of_creation(event), faults_of_rotation(event)):
        assert faults
        require_readable(faults)


@pytest.mark.parametrize("size", [1_000, 20_000])
def test_however_much_is_wrong_the_error_can_be_handed_on(size: int) -> None:
    huge = {
        **{f"key{number}": number for number in range(size)},
        "certificate_arns": ["x" * 100] * size,
        "alt_names": [f"{number}.evil.org" for number in range(size // 100)],
        "domain_name": "x" * size,
    }
    for faults in (faults_of_creation(huge), faults_of_rotation(huge)):
        assert len(faults) > size
        require_readable(faults)


@fuzzed(
    100,
    changed=st.dictionaries(st.sampled_from(sorted(ENVELOPE)) | texts, json_values, max_size=3),
    dropped=st.sets(st.sampled_from(sorted(ENVELOPE))),
    source=st.sampled_from(["aws.events", "aws.acm", "aws.health", "", "AWS.EVENTS"]),
)
def test_an_envelope_is_accepted_completely_or_rejected(
    changed: dict[str, Any], dropped: set[str], source: str
) -> None:
    """Other keys of an envelope are not input."""
    whole = {k: v for k, v in {**ENVELOPE, "source": source}.items() if k not in dropped}
    event = {**whole, **{k: v for k, v in changed.items() if k != "organization"}}
    faults = faults_of_rotation(event)
    require_readable(faults)
    if event.get("source") == "aws.events" and set(event) <= set(ENVELOPE):
        assert faults == []
    elif event.get("source") == "aws.acm" and set(event) <= set(ENVELOPE):
        good = event.get("resources") == [CERTIFICATE]
        assert good or faults
    elif event:
        assert faults


@fuzzed(
    200,
    changed=st.dictionaries(
        st.sampled_from([*STEP["organization"], "accounts", "excluded_accounts"]) | texts,
        json_values
        | st.sampled_from(
            ["list", "scan", "aggregate", "look", "tell", "0001-01-01T00:00:00+14:00"]
        ),
        max_size=3,
    ),
    beside=st.dictionaries(
        st.sampled_from(["dry_run", "regions"]) | texts, json_values, max_size=1
    ),
    inputs=json_values
    | st.fixed_dictionaries({}, optional={"dry_run": scalars, "regions": scalars}),
)
def test_a_step_of_an_organization_run_is_executed_or_rejected_with_all_errors(
    changed: dict[str, Any], beside: dict[str, Any], inputs: object
) -> None:
    event = {"organization": {**STEP["organization"], "input": inputs, **changed}, **beside}
    faults = faults_of_rotation(event)
    require_readable(faults)
    # A key beside the step would be ignored.
    assert not beside or "organization" in beside or faults


# --- Environments ---------------------------------------------------------------------------------

RIGHT: dict[str, str] = {
    "ACCOUNTS": '[{"account_id": "210987654321", "role_name": "r", "external_id": "ab"}]',
    "ALLOWED_DOMAINS": '["example.com"]',
    "CRITICAL_THRESHOLD_DAYS": "7",
    "DOMAIN_NAME": "example.com",
    "EVENT_BUS_NAME": "bus",
    "EXPIRATION_THRESHOLD_DAYS": "30",
    "EXPORT_TARGETS": json.dumps(
        {
            CERTIFICATE: {
                "secret_arn": SECRET.replace("tls", "copy"),
                "passphrase_secret_arn": SECRET.replace("tls", "pass"),
            }
        }
    ),
    "HOSTED_ZONES": '{"example.com": {"zone_id": "Z1"}}',
    "HOURS_BETWEEN_RUNS": "24",
    "IMPORT_SOURCES": json.dumps(
        {CERTIFICATE: {"secret_arn": SECRET, "allow": ["no_chain"], "require_client_auth": True}}
    ),
    "INCLUDE_WWW": "true",
    "KEY_ALGORITHM": "RSA_2048",
    "LEDGER_TABLE": "ledger",
    "LIMITS": '{"requests_per_day": 20, "changes_per_run": 25}',
    "NAME_PREFIX": "prefix",
    "ORGANIZATION": '{"bucket": "runs", "role_name": "r", "external_id": "ab", '
    '"max_concurrency": 1}',
    "OWNER_TAG": "Owner",
    "PUBLIC_DNS_RESOLVERS": json.dumps(DEFAULT_RESOLVERS),
    "REBIND_CONSUMERS": "true",
    "REGIONS": '["eu-west-1"]',
    "REPORT_BUCKET": "reports",
    "RETIRE_SUPERSEDED_AFTER_DAYS": "30",
    "ROTATION_MODE": "notify",
    "RUNBOOK_URL": "https://wiki.example.com/runbook.md",
    "SCOPE": '{"include": {"domains": ["example.com"], "tags": {"Team": ["shop"]}}}',
    "SECURITY_HUB": "false",
    "SNS_TOPIC_ARN": TOPIC,
    "SUBJECT_ALTERNATIVE_NAMES": '["www.example.com"]',
    "SUMMARY_AFTER_DAYS": "7",
    "THRESHOLD_FRACTION": "0.33",
    "TLS_PROBE": "true",
    "TLS_PROBE_PRIVATE_ADDRESSES": "false",
    "UNMANAGED_ROTATION_MODE": "notify",
}
#: Values that no variable accepts, and that may break a parser.
ODD = (
    *("[" * 50_000, '{"a":' * 50_000, "9" * 5000, "rate(99999999999999999999 days)", "[NaN]"),
    *("rate(9999999 days)", "cron(0 0 30 2 ? *)", "cron(0/0 0 1 1 ? *)", "cron(a\x1b b c d e f)"),
    *('["\\ud800"]', '{"\\u0000": {}}', '{"a\\u001b[2J": 1}', "[[]]", "[{}]", "[null]", "{}", "[]"),
    *("١", "３０", "1e2", "+7", "0x7", " 7 ", "7.0", "true\x00", "TRUE", "nan", "inf", "-0"),  # noqa: RUF001 - other digits are meant
    *('{"example.com": null}', '{"*.example.com": {"zone_id": "Z1"}}', '[{"account_id": []}]'),
    *('{"example.com": {"zone_id": "Z1", "a\\u001bb": 1}}', '[["eu-west-1"]]', '["eu-west-1", {}]'),
    *(json.dumps({CERTIFICATE: {"secret_arn": []}}), json.dumps({CERTIFICATE: {"a\x1b": 1}})),
    *('[{"account_id": "１23456789012", "role_name": "r", "external_id": "ab"}]',),  # noqa: RUF001 - as above
    *('{"bucket": [], "role_name": 1, "external_id": null, "max_concurrency": 1e9}',),
    *("arn:aws:sns:eu-west-1:１23456789012:alerts", TOPIC + "\n", TOPIC + ".fifo"),  # noqa: RUF001 - as above
)


@st.composite
def bent(draw: st.DrawFn, variable: str) -> str:
    """Draw a value of a variable: odd, hostile, or a changed valid one."""
    right = RIGHT[variable]
    at = draw(st.integers(0, len(right)))
    piece = draw(texts | st.sampled_from(['"', "[", "}", "\\", ",", "null", "1"]))
    changed = right[:at] + piece + right[at + draw(st.integers(0, 3)) :]
    others = st.sampled_from(ODD) | texts | names() | json_values.map(_json) | st.just(right)
    return draw(others | st.just(changed)).replace("\x00", "")


def _json(value: object) -> str:
    return json.dumps(value)


def environments(variables: tuple[Variable, ...]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(
        {}, optional={variable.name: bent(variable.name) for variable in variables}
    )


ASCII_ONLY = re.compile(r"[!-~]*")


def require_named_variable(faults: list[str], variables: tuple[Variable, ...]) -> None:
    """Require that each error starts with its variable."""
    known = {variable.name for variable in variables}
    for fault in faults:
        assert re.match(r"[A-Z_]+", fault)[0] in known  # type: ignore[index] # a name stands first
    require_readable(faults)


@fuzzed(80, environment=environments(CREATION_VARIABLES))
def test_the_environment_of_creation_is_read_or_all_errors_are_reported(
    environment: dict[str, str],
) -> None:
    settings, faults = creation_of(environment)
    require_named_variable(faults, CREATION_VARIABLES)
    if faults:
        return
    domains = (settings.domain_name or "", *settings.alternative_names)
    for text in (*domains, *(settings.allowed_domains or ())):
        assert ASCII_ONLY.fullmatch(text)
    assert all(ASCII_ONLY.fullmatch(zone.zone_id + zone.name) for zone in settings.zones)


@fuzzed(80, environment=environments(ROTATION_VARIABLES))
def test_the_environment_of_rotation_is_read_or_all_errors_are_reported(
    environment: dict[str, str],
) -> None:
    settings, faults = rotation_of(environment)
    require_named_variable(faults, ROTATION_VARIABLES)
    if faults:
        return
    thresholds = settings.thresholds
    assert 1 <= thresholds.critical.days < thresholds.expiration.days <= 365
    assert 0 < thresholds.fraction <= 1
    assert isinstance(settings.mode, RotationMode)
    sent = (
        *(settings.topic_arn, settings.name_prefix, *settings.regions),
        *(settings.ledger_table or "", settings.report_bucket or "", settings.event_bus_name or ""),
        *(account.role_arn("aws") + account.external_id for account in settings.accounts),
        *(arn + source.secret_arn for arn, source in settings.import_sources.items()),
        *(
            export_target.certificate_arn + export_target.secret_arn
            for export_target in settings.export_targets
        ),
    )
    for text in sent:
        assert ASCII_ONLY.fullmatch(text), ascii(text)


@pytest.mark.parametrize("variable", sorted(RIGHT))
def test_no_odd_value_breaks_the_reader_of_a_variable(variable: str) -> None:
    for value in ODD:
        environment = {**RIGHT, variable: value}
        for faults in (creation_of(environment)[1], rotation_of(environment)[1]):
            require_readable(faults)
            assert all(variable in fault for fault in faults), faults


def test_what_is_right_is_right() -> None:
    assert RIGHT.keys() == {entry.name for entry in (*CREATION_VARIABLES, *ROTATION_VARIABLES)}
    assert creation_of(RIGHT)[1] == rotation_of(RIGHT)[1] == []
