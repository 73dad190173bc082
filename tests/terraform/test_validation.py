"""Every row of tests/data, given to Terraform: what it accepts, what it refuses, and what it says.

`variables.tf` is planned on its own, which needs no provider and takes a moment.
The functions' own configuration is held to the same rows, so the two cannot drift apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.terraform import REPOSITORY, Terraform

pytestmark = [pytest.mark.terraform, pytest.mark.usefixtures("terraform")]

Inputs = Mapping[str, object]
DATA = REPOSITORY / "tests" / "data"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


@dataclass(frozen=True)
class Use:
    """An input that takes the values of a table, and how a value becomes inputs."""

    table: str
    variable: str
    inputs: Callable[[Any], Inputs]


def zone(**settings: object) -> dict[str, object]:
    return {"hosted_zones": {"example.com": {"zone_id": "Z1"} | settings}}


CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/shop"


def secret(name: str) -> str:
    return f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"


def target(**settings: object) -> dict[str, object]:
    words = {"secret_arn": secret("target"), "passphrase_secret_arn": secret("words")}
    return {**words, **settings}


def export(**settings: object) -> dict[str, object]:
    return {"export_targets": {CERTIFICATE: target(**settings)}}


def source(arn: str = CERTIFICATE, **settings: object) -> dict[str, object]:
    return {"import_sources": {arn: {"secret_arn": secret("shop-tls")} | settings}}


def account(**settings: object) -> dict[str, object]:
    entry = {"account_id": "222222222222", "external_id": "x-1", "role_name": "certificates"}
    return {"accounts": [entry | settings]}


def organization(**settings: object) -> Inputs:
    entry = {
        "external_id": "x-1",
        "organization_id": "o-a1b2c3d4e5",
        "role_name": "certificates",
    }
    return {"organization": entry | settings}


USES = (
    Use("account_ids", "accounts", lambda v: account(account_id=v)),
    Use("account_ids", "organization", lambda v: organization(account_ids=[v])),
    Use("account_ids", "organization", lambda v: organization(excluded_account_ids=[v])),
    Use("bucket_names", "report_bucket_name", lambda v: {"report_bucket_name": v}),
    Use("certificate_arns", "export_targets", lambda v: {"export_targets": {v: target()}}),
    Use("certificate_arns", "import_sources", source),
    Use("concurrencies", "organization", lambda v: organization(max_concurrency=v)),
    Use("critical_thresholds", "critical_threshold_days", lambda v: {"critical_threshold_days": v}),
    # A short alternative name keeps the rule about common names out of it.
    Use(
        "domain_names",
        "domain_name",
        lambda v: {"domain_name": v, "subject_alternative_names": ["short.example"]},
    ),
    Use(
        "domain_names",
        "subject_alternative_names",
        lambda v: {"domain_name": "short.example", "subject_alternative_names": [v]},
    ),
    Use(
        "domain_names",
        "allowed_domains",
        lambda v: {"allowed_domains": ["covering.example", v], "domain_name": "covering.example"},
    ),
    Use("email_addresses", "notifications", lambda v: {"notifications": {"email_addresses": [v]}}),
    Use("event_bus_names", "notifications", lambda v: {"notifications": {"event_bus_name": v}}),
    # The critical threshold stays below any expiration threshold that could be accepted.
    Use(
        "expiration_thresholds",
        "expiration_threshold_days",
        lambda v: {"expiration_threshold_days": v, "critical_threshold_days": 1},
    ),
    Use("external_ids", "accounts", lambda v: account(external_id=v)),
    Use("external_ids", "organization", lambda v: organization(external_id=v)),
    Use("key_algorithms", "key_algorithm", lambda v: {"key_algorithm": v}),
    Use("kms_key_arns", "kms_key_arn", lambda v: {"kms_key_arn": v}),
    Use("kms_key_arns", "import_sources", lambda v: source(kms_key_arn=v)),
    Use("kms_key_arns", "notifications", lambda v: {"notifications": {"kms_key_arn": v}}),
    Use("log_retentions", "log_retention_days", lambda v: {"log_retention_days": v}),
    Use("name_prefixes", "name_prefix", lambda v: {"name_prefix": v}),
    Use("organization_ids", "organization", lambda v: organization(organization_id=v)),
    Use("owner_tags", "owner_tag", lambda v: {"owner_tag": v}),
    Use(
        "permissions_boundaries",
        "permissions_boundary_arn",
        lambda v: {"permissions_boundary_arn": v},
    ),
    Use("regions", "regions", lambda v: {"regions": [v]}),
    Use("reserved_concurrencies", "reserved_concurrency", lambda v: {"reserved_concurrency": v}),
    Use(
        "retirements",
        "retire_superseded_after_days",
        lambda v: {"retire_superseded_after_days": v},
    ),
    Use("role_arns", "hosted_zones", lambda v: zone(role_arn=v)),
    Use("role_names", "accounts", lambda v: account(role_name=v)),
    Use("role_names", "organization", lambda v: organization(role_name=v)),
    Use("rotation_modes", "accounts", lambda v: account(rotation_mode=v)),
    Use("rotation_modes", "organization", lambda v: organization(rotation_mode=v)),
    Use("rotation_modes", "rotation_mode", lambda v: {"rotation_mode": v}),
    Use("schedules", "schedule_expression", lambda v: {"schedule_expression": v}),
    Use("secret_arns", "export_targets", lambda v: export(secret_arn=v)),
    Use("secret_arns", "export_targets", lambda v: export(passphrase_secret_arn=v)),
    Use("secret_arns", "import_sources", lambda v: source(secret_arn=v)),
    Use("summary_days", "summary_after_days", lambda v: {"summary_after_days": v}),
    Use("threshold_fractions", "threshold_fraction", lambda v: {"threshold_fraction": v}),
    Use(
        "tolerated_failures",
        "organization",
        lambda v: organization(tolerated_failure_percentage=v),
    ),
    Use("topic_arns", "notifications", lambda v: {"notifications": {"topic_arn": v}}),
    Use("zone_ids", "hosted_zones", lambda v: zone(zone_id=v)),
    Use("zone_names", "hosted_zones", lambda v: {"hosted_zones": {v: {"zone_id": "Z1"}}}),
)


def table(name: str) -> dict[str, list[dict[str, Any]]]:
    parsed: dict[str, list[dict[str, Any]]] = json.loads(
        (DATA / f"{name}.json").read_text(encoding="utf-8")
    )
    return parsed


def rows(side: str) -> list[Any]:
    return [
        pytest.param(
            use, row["value"], id=f"{use.variable}: {row['value']!s:.40} ({row['because']})"
        )
        for use in USES
        for row in table(use.table)[side]
    ]


def sets(side: str) -> list[Any]:
    return [pytest.param(row, id=row["because"]) for row in table("name_sets")[side]]


class Rules:
    """The module's variables and their rules, without anything that needs a provider."""

    def __init__(self, directory: Path) -> None:
        text = (REPOSITORY / "variables.tf").read_text(encoding="utf-8")
        (directory / "variables.tf").write_text(text, encoding="utf-8")
        self._directory = directory
        self._terraform = Terraform(directory, directory, {})

    def faults(self, inputs: Inputs) -> list[str]:
        """List what Terraform says against these inputs."""
        text = json.dumps({"domain_name": "example.com", **inputs})
        (self._directory / "terraform.tfvars.json").write_text(text, encoding="utf-8")
        said = self._terraform.run("plan", "-json", "-lock=false").or_raise(1).stdout
        lines = [json.loads(line) for line in said.splitlines()]
        return [line["diagnostic"]["detail"] for line in lines if line["@level"] == "error"]


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    return Rules(tmp_path_factory.mktemp("variables"))


def test_the_defaults_are_accepted(rules: Rules) -> None:
    assert rules.faults({}) == []


@pytest.mark.parametrize(("use", "value"), rows("accepted"))
def test_an_accepted_value_is_accepted(rules: Rules, use: Use, value: object) -> None:
    assert rules.faults(use.inputs(value)) == []


@pytest.mark.parametrize(("use", "value"), rows("refused"))
def test_a_refused_value_is_refused_by_a_sentence_that_names_input_rule_and_value(
    rules: Rules, use: Use, value: object
) -> None:
    faults = rules.faults(use.inputs(value))

    assert_refused(faults, use.variable)
    # Values that may be null or empty are shown in quotes, to tell the two apart.
    shown = [value, json.dumps(value)]
    assert any(
        f"{before} {v}" in fault
        for before in ("got", ",", "topic_arn")
        for v in shown
        for fault in faults
    )


@pytest.mark.parametrize("row", sets("accepted"))
def test_names_that_fit_together_are_accepted(rules: Rules, row: Mapping[str, Any]) -> None:
    assert rules.faults(row["inputs"]) == []


@pytest.mark.parametrize("row", sets("refused"))
def test_names_that_do_not_fit_together_are_refused(rules: Rules, row: Mapping[str, Any]) -> None:
    assert_refused(rules.faults(row["inputs"]), row["variable"])


def test_a_topic_is_either_adopted_or_subscribed_to(rules: Rules) -> None:
    both = {"topic_arn": TOPIC, "email_addresses": ["ops@example.com"]}

    faults = rules.faults({"notifications": both})

    assert_refused(faults, "notifications")
    assert TOPIC in faults[0]
    assert "ops@example.com" in faults[0]


def test_two_zones_cannot_share_an_id(rules: Rules) -> None:
    zones = {"example.com": {"zone_id": "Z1"}, "example.net": {"zone_id": "Z1"}}

    assert_refused(rules.faults({"hosted_zones": zones}), "hosted_zones")


@pytest.mark.parametrize(
    "targets",
    [
        {CERTIFICATE: target(), f"{CERTIFICATE}0": target()},
        {CERTIFICATE: target(passphrase_secret_arn=secret("target"))},
    ],
    ids=["of two certificates", "of a certificate and a passphrase"],
)
def test_an_export_target_holds_nothing_else(rules: Rules, targets: Inputs) -> None:
    faults = rules.faults({"export_targets": targets})

    assert_refused(faults, "export_targets")
    assert secret("target") in faults[0]


def many_sources(count: int) -> dict[str, object]:
    return {f"{CERTIFICATE}-{number}": {"secret_arn": secret("tls")} for number in range(count)}


def many_targets(count: int) -> dict[str, object]:
    return {
        f"{CERTIFICATE}-{number}": target(secret_arn=secret(f"target-{number}"))
        for number in range(count)
    }


def test_more_sources_than_the_environment_holds_are_refused(rules: Rules) -> None:
    assert_refused(rules.faults({"import_sources": many_sources(30)}), "import_sources")


def test_more_targets_than_the_environment_holds_are_refused(rules: Rules) -> None:
    assert_refused(rules.faults({"export_targets": many_targets(15)}), "export_targets")


def test_sources_and_targets_share_the_room_of_the_environment(rules: Rules) -> None:
    sources, targets = many_sources(12), many_targets(7)

    assert rules.faults({"import_sources": sources}) == []
    assert rules.faults({"export_targets": targets}) == []
    faults = rules.faults({"export_targets": targets, "import_sources": sources})
    assert_refused(faults, "export_targets")


def test_what_is_exported_is_never_an_import_source(rules: Rules) -> None:
    shared = secret("shared")
    inputs = source(secret_arn=shared) | {
        "export_targets": {CERTIFICATE: target(secret_arn=shared)}
    }

    assert_refused(rules.faults(inputs), "export_targets")


def test_an_organization_is_not_looked_at_faster_than_the_function_may_run(rules: Rules) -> None:
    fits = {"reserved_concurrency": 25, **organization(max_concurrency=25)}
    assert rules.faults(fits) == []

    assert_refused(rules.faults({**fits, "reserved_concurrency": 24}), "organization")


def test_an_organization_needs_room_for_the_name_of_a_bucket(rules: Rules) -> None:
    assert rules.faults({"name_prefix": "x" * 45, **organization()}) == []

    (fault,) = rules.faults({"name_prefix": "x" * 46, **organization()})
    assert fault.startswith("organization needs a name_prefix of at most 45 characters")


def test_every_fault_is_named_at_once(rules: Rules) -> None:
    faults = rules.faults(
        {
            "domain_name": "Example.com",
            "key_algorithm": "RSA_4096",
            "rotation_mode": "delete",
            "schedule_expression": "rate(1 days)",
        }
    )

    assert sorted(fault.split()[0] for fault in faults) == [
        "domain_name",
        "key_algorithm",
        "rotation_mode",
        "schedule_expression",
    ]


@pytest.mark.parametrize("variable", ["alarms", "create", "domain_name", "notifications", "tags"])
def test_null_is_no_value_for_an_input_that_has_one(rules: Rules, variable: str) -> None:
    """With `nullable = false` a null means the default, and a required input stays required."""
    faults = rules.faults({variable: None})

    assert faults == [] if variable != "domain_name" else "null" in faults[0]


def assert_refused(faults: Sequence[str], variable: str) -> None:
    assert faults
    for fault in faults:
        sentence, _, checked = fault.partition("\n\n")
        assert sentence.startswith((f"{variable} must ", f"{variable}."))
        assert " must " in sentence
        assert sentence.endswith(".")
        assert "got " in sentence
        assert "variables.tf" in checked
