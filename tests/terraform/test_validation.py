"""Every row of tests/data, given to Terraform: accepted and rejected values, and error messages.

`variables.tf` is planned alone, which needs no provider and is fast.
The functions' configuration is tested with the same rows, so the two stay consistent.
Every validation must have a row that breaks it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2
import pytest

from tests.harness.terraform import REPOSITORY, Terraform

pytestmark = [pytest.mark.terraform, pytest.mark.usefixtures("terraform")]

Inputs = Mapping[str, object]
DATA = REPOSITORY / "tests" / "data"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


# The required inputs of each folder with validations.
BASES: Mapping[str, Inputs] = {
    ".": {"domain_name": "example.com"},
    "modules/certificate": {
        "creation_function_name": "team-creation",
        "domain_name": "example.com",
        "name": "shop",
    },
    "modules/member-account": {
        "external_id": "x-1",
        "rotation_role_arn": "arn:aws:iam::111111111111:role/rotation",
    },
    "modules/schedule": {
        "description": "Tests.",
        "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:rotation",
        "function_name": "rotation",
        "name": "rotation",
        "schedule_expression": "rate(1 day)",
        "tags": {},
    },
}


@dataclass(frozen=True)
class Use:
    """An input that takes the values of a table, and how a value becomes inputs."""

    table: str
    variable: str
    inputs: Callable[[Any], Inputs]
    folder: str = "."


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


def account(**settings: object) -> dict[str, list[dict[str, object]]]:
    entry: dict[str, object] = {
        "account_id": "222222222222",
        "external_id": "x-1",
        "role_name": "certificates",
    }
    return {"accounts": [entry | settings]}


def function(**settings: object) -> Inputs:
    return {"function": settings}


def monitoring(**settings: object) -> Inputs:
    return {"monitoring": settings}


def notifications(**settings: object) -> Inputs:
    return {"notifications": settings}


def report(**settings: object) -> Inputs:
    return {"report": {"bucket_name": "reports-of-the-shop", **settings}}


def certificate(**settings: object) -> Inputs:
    return {"certificates": {"api": {"domain_name": "api.example.com", **settings}}}


def organization(**settings: object) -> Inputs:
    entry = {
        "external_id": "x-1",
        "organization_id": "o-a1b2c3d4e5",
        "role_name": "certificates",
    }
    return {"organization": entry | settings}


CERTIFICATE_MODULE = "modules/certificate"
MEMBER = "modules/member-account"
USES = (
    Use("account_ids", "accounts", lambda v: account(account_id=v)),
    Use("account_ids", "organization", lambda v: organization(account_ids=[v])),
    Use("account_ids", "organization", lambda v: organization(excluded_account_ids=[v])),
    Use("bucket_names", "report", lambda v: report(bucket_name=v)),
    Use("certificate_arns", "export_targets", lambda v: {"export_targets": {v: target()}}),
    Use("certificate_arns", "import_sources", source),
    Use("concurrencies", "organization", lambda v: organization(max_concurrency=v)),
    Use("critical_thresholds", "thresholds", lambda v: {"thresholds": {"critical_days": v}}),
    # A short alternative name avoids the validation of the common name.
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
    Use(
        "domain_names",
        "certificates",
        lambda v: certificate(domain_name=v, subject_alternative_names=["short.example"]),
    ),
    Use("email_addresses", "notifications", lambda v: notifications(email_addresses={"ops": v})),
    Use("event_bus_names", "notifications", lambda v: notifications(event_bus={"name": v})),
    # The critical threshold stays below any accepted expiration threshold.
    Use(
        "expiration_thresholds",
        "expiration_threshold_days",
        lambda v: {"expiration_threshold_days": v, "thresholds": {"critical_days": 1}},
    ),
    Use("external_ids", "accounts", lambda v: account(external_id=v)),
    Use("external_ids", "organization", lambda v: organization(external_id=v)),
    Use("key_algorithms", "certificates", lambda v: certificate(key_algorithm=v)),
    Use(
        "kms_key_arns",
        "function",
        lambda v: function(kms_key={"arn": v} if v is not None else None),
    ),
    Use("import_allowances", "import_sources", lambda v: source(allow=v)),
    Use("kms_key_arns", "import_sources", lambda v: source(kms_key_arn=v)),
    Use("kms_key_arns", "notifications", lambda v: notifications(key={"arn": v})),
    Use(
        "kms_key_arns",
        "notifications",
        lambda v: notifications(topic={"arn": TOPIC, "kms_key_arn": v}),
    ),
    Use("layers", "function", lambda v: function(layers=[v])),
    Use("log_retentions", "function", lambda v: function(log_retention_days=v)),
    Use("name_prefixes", "name_prefix", lambda v: {"name_prefix": v}),
    Use("organization_ids", "organization", lambda v: organization(organization_id=v)),
    Use("owner_tags", "notifications", lambda v: notifications(owner_tag=v)),
    Use("runbook_urls", "notifications", lambda v: notifications(runbook_url=v)),
    Use(
        "permissions_boundaries",
        "function",
        lambda v: function(permissions_boundary={"arn": v} if v is not None else None),
    ),
    Use(
        "public_dns_resolvers",
        "monitoring",
        lambda v: monitoring(public_dns={"resolvers": v}),
    ),
    Use("regions", "certificates", lambda v: certificate(region=v)),
    Use("regions", "regions", lambda v: {"regions": [v]}),
    Use("report_retentions", "report", lambda v: report(retention_days=v)),
    Use("reserved_concurrencies", "function", lambda v: function(reserved_concurrency=v)),
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
    Use("rotation_modes", "unmanaged_rotation_mode", lambda v: {"unmanaged_rotation_mode": v}),
    Use(
        "schedules",
        "schedule_expression",
        # Enough days for the least frequent of them.
        lambda v: {"schedule_expression": v, **monitoring(max_silence_days=7)},
    ),
    Use("secret_arns", "export_targets", lambda v: export(secret_arn=v)),
    Use("secret_arns", "export_targets", lambda v: export(passphrase_secret_arn=v)),
    Use("secret_arns", "import_sources", lambda v: source(secret_arn=v)),
    Use("silence_days", "monitoring", lambda v: monitoring(max_silence_days=v)),
    Use("summary_days", "monitoring", lambda v: monitoring(summary_after_days=v)),
    Use("threshold_fractions", "thresholds", lambda v: {"thresholds": {"lifetime_fraction": v}}),
    Use(
        "tolerated_failures",
        "organization",
        lambda v: organization(tolerated_failure_percentage=v),
    ),
    Use(
        "topic_arns",
        "notifications",
        lambda v: notifications(topic={"arn": v} if v is not None else None),
    ),
    Use("zone_ids", "hosted_zones", lambda v: zone(zone_id=v)),
    Use("zone_names", "hosted_zones", lambda v: {"hosted_zones": {v: {"zone_id": "Z1"}}}),
    Use("key_algorithms", "key_algorithm", lambda v: {"key_algorithm": v}, CERTIFICATE_MODULE),
    Use("external_ids", "external_id", lambda v: {"external_id": v}, MEMBER),
    Use(
        "permissions_boundaries",
        "permissions_boundary_arn",
        lambda v: {"permissions_boundary_arn": v},
        MEMBER,
    ),
    Use("regions", "regions", lambda v: {"regions": [v]}, MEMBER),
    Use("role_arns", "rotation_role_arn", lambda v: {"rotation_role_arn": v}, MEMBER),
    Use("domain_names", "allowed_domains", lambda v: {"allowed_domains": [v]}, MEMBER),
    Use("name_prefixes", "name_prefix", lambda v: {"name_prefix": v}, MEMBER),
    Use(
        "rotation_modes",
        "rotation_mode",
        lambda v: {"allowed_domains": ["example.com"], "rotation_mode": v},
        MEMBER,
    ),
    Use(
        "rotation_modes",
        "unmanaged_rotation_mode",
        lambda v: {
            "allowed_domains": ["example.com"],
            "rotation_mode": "replace",
            "unmanaged_rotation_mode": v,
        },
        MEMBER,
    ),
    Use("zone_names", "scope", lambda v: {"scope": {"include": {"domains": [v]}}}, MEMBER),
    Use("zone_ids", "hosted_zone_ids", lambda v: {"hosted_zone_ids": [v]}, MEMBER),
)


def table(name: str) -> dict[str, list[dict[str, Any]]]:
    parsed: dict[str, list[dict[str, Any]]] = json.loads(
        (DATA / f"{name}.json").read_text(encoding="utf-8")
    )
    return parsed


def rows(side: str) -> list[Any]:
    return [
        pytest.param(
            use,
            row["value"],
            id=f"{use.folder} {use.variable}: {row['value']!s:.40} ({row['because']})",
        )
        for use in USES
        for row in table(use.table)[side]
    ]


def sets(side: str) -> list[Any]:
    return [pytest.param(row, id=row["because"]) for row in table("name_sets")[side]]


def many_sources(count: int) -> dict[str, object]:
    return {f"{CERTIFICATE}-{number}": {"secret_arn": secret("tls")} for number in range(count)}


def many_targets(count: int) -> dict[str, object]:
    return {
        f"{CERTIFICATE}-{number}": target(secret_arn=secret(f"target-{number}"))
        for number in range(count)
    }


#: The inputs with a root hierarchy.
ROOTS: Mapping[str, Callable[..., Inputs]] = {
    ".": certificate,
    CERTIFICATE_MODULE: lambda **settings: settings,
}
VPC = function(vpc={"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]})
PRIVATE_NAMES = monitoring(tls_probe={"enabled": True, "private_addresses": True})
#: The inputs with a scope.
COVERING: Mapping[str, Callable[[object], Inputs]] = {
    "accounts": lambda v: account(scope=v),
    "organization": lambda v: organization(scope=v),
    "scope": lambda v: {"scope": v},
}
FULL_SCOPE = {
    "include": {"domains": ["shop.example.com"], "tags": {"Team": ["shop", "*"], "Größe": [""]}},
    "exclude": {"domains": ["old.shop.example.com"], "tags": {"Stage": ["dev"]}},
    "others": "report",
}
#: Scopes that the functions refuse, too: `tests/data/scopes.json`.
SCOPES: Mapping[str, object] = {
    "a wildcard": {"include": {"domains": ["*.example.com"]}},
    "a tag without values": {"exclude": {"tags": {"Team": []}}},
    "a value that no tag can have": {"include": {"tags": {"Team": ["sho*"]}}},
    "a word for others": {"others": "notify"},
}


@dataclass(frozen=True)
class Together:
    """Inputs that are rejected only in combination."""

    variable: str
    inputs: Inputs
    folder: str = "."


TOGETHER: Mapping[str, Together] = {
    "an account is named twice": Together(
        "accounts", {"accounts": [*account()["accounts"], *account()["accounts"]]}
    ),
    **{
        f"{what} in {where}": Together(where, inputs(value))
        for what, value in SCOPES.items()
        for where, inputs in COVERING.items()
    },
    **{
        f"{folder}: {row['because']} as root hierarchy": Together(
            "certificates" if folder == "." else row["variable"], inputs(**row["value"]), folder
        )
        for row in table("root_hierarchies")["refused"]
        for folder, inputs in ROOTS.items()
    },
    **{
        f"certificates with {what}": Together("certificates", inputs)
        for what, inputs in {
            "a key that is no name of a parameter": {
                "certificates": {"a/b": {"domain_name": "api.example.com"}}
            },
            "the key of domain_name": {"certificates": {"main": {"domain_name": "a.example.com"}}},
            "a name twice": certificate(subject_alternative_names=["api.example.com"]),
            "no short name": certificate(domain_name=f"{'a' * 57}.example"),
            "101 names": certificate(
                include_www=True,
                subject_alternative_names=[f"n{number}.example.com" for number in range(99)],
            ),
            "an authority that is no ARN": certificate(certificate_authority_arn="ca"),
            "a word for a destroy": certificate(on_destroy="forget"),
        }.items()
    },
    "certificates that would be deleted because nothing is issued": Together(
        "issue_on_apply", {"issue_on_apply": False, **certificate(on_destroy="delete")}
    ),
    "a name of a certificate that is not allowed": Together(
        "allowed_domains",
        {"allowed_domains": ["example.com"], **certificate(subject_alternative_names=["a.org"])},
    ),
    "alternative names without a domain name": Together(
        "subject_alternative_names",
        {"domain_name": None, "subject_alternative_names": ["a.example.com"]},
    ),
    "others may be changed more than those of this instance": Together(
        "unmanaged_rotation_mode",
        {"rotation_mode": "repair", "unmanaged_rotation_mode": "replace"},
    ),
    "others of an account may be changed more": Together(
        "accounts", account(unmanaged_rotation_mode="repair")
    ),
    "others of an organization may be changed more": Together(
        "organization", organization(unmanaged_rotation_mode="repair")
    ),
    "a limit of nothing": Together("limits", {"limits": {"changes_per_run": 0}}),
    "a prefix that SSM reserves": Together("name_prefix", {"name_prefix": "awscerts"}),
    "an architecture that Lambda does not have": Together(
        "function.architecture", function(architecture="riscv")
    ),
    "a path without its last slash": Together("function.role_path", function(role_path="/team")),
    "a VPC without subnets": Together(
        "function.vpc", function(vpc={"subnet_ids": [], "security_group_ids": ["sg-1"]})
    ),
    "there are more layers than Lambda allows": Together(
        "function.layers",
        function(layers=[f"arn:aws:lambda:eu-west-1:123456789012:layer:l{n}:1" for n in range(6)]),
    ),
    "a layer has two versions": Together(
        "function.layers",
        function(layers=[f"arn:aws:lambda:eu-west-1:123456789012:layer:l:{n}" for n in range(2)]),
    ),
    "two zones share an id": Together(
        "hosted_zones",
        {"hosted_zones": {"example.com": {"zone_id": "Z1"}, "example.net": {"zone_id": "Z1"}}},
    ),
    "a topic is adopted and subscribed to": Together(
        "notifications",
        notifications(topic={"arn": TOPIC}, email_addresses={"ops": "ops@example.com"}),
    ),
    "two certificates are exported to one secret": Together(
        "export_targets", {"export_targets": {CERTIFICATE: target(), f"{CERTIFICATE}0": target()}}
    ),
    "a passphrase is overwritten by what it is for": Together(
        "export_targets",
        {"export_targets": {CERTIFICATE: target(passphrase_secret_arn=secret("target"))}},
    ),
    "what is exported is a source of imports": Together(
        "export_targets",
        {
            **source(secret_arn=secret("shared")),
            "export_targets": {CERTIFICATE: target(secret_arn=secret("shared"))},
        },
    ),
    "more sources than the environment holds": Together(
        "import_sources", {"import_sources": many_sources(30)}
    ),
    "more targets than the environment holds": Together(
        "export_targets", {"export_targets": many_targets(15)}
    ),
    "sources and targets that the environment would hold without each other": Together(
        "export_targets",
        {"export_targets": many_targets(7), "import_sources": many_sources(12)},
    ),
    "an organization with more concurrency than the function": Together(
        "organization", {**function(reserved_concurrency=24), **organization(max_concurrency=25)}
    ),
    "an organization whose bucket has no room for its name": Together(
        "organization", {"name_prefix": "x" * 46, **organization()}
    ),
    "consumers are moved where nothing is replaced": Together(
        "rebind_consumers", {"rebind_consumers": True, "rotation_mode": "repair"}
    ),
    "what was replaced is deleted where nothing is replaced": Together(
        "retire_superseded_after_days",
        {"retire_superseded_after_days": 30, "rotation_mode": "repair"},
    ),
    **{
        f"{schedule} with two days of silence": Together(
            "monitoring.max_silence_days", {"schedule_expression": schedule}
        )
        for schedule in (
            *("rate(3 days)", "rate(49 hours)", "rate(2881 minutes)"),
            *("cron(0 6 ? * MON *)", "cron(0 6 ? * MON-FRI *)"),
        )
    },
    "an hour too little for the schedule": Together(
        "monitoring.max_silence_days",
        {"schedule_expression": "rate(25 hours)", **monitoring(max_silence_days=1)},
    ),
    "private addresses where nothing is connected to": Together(
        "monitoring.tls_probe", {**VPC, **monitoring(tls_probe={"private_addresses": True})}
    ),
    "private addresses without a VPC": Together("monitoring.tls_probe", PRIVATE_NAMES),
    "a function that issues nothing": Together(
        "creation_function_name", {"creation_function_name": "team-rotation"}, CERTIFICATE_MODULE
    ),
    "a certificate whose name is no name of a parameter": Together(
        "name", {"name": "a/b"}, CERTIFICATE_MODULE
    ),
    "a certificate with a word for a destroy": Together(
        "on_destroy", {"on_destroy": "forget"}, CERTIFICATE_MODULE
    ),
    "a role of another account that does more with the certificates of others": Together(
        "unmanaged_rotation_mode",
        {"rotation_mode": "repair", "unmanaged_rotation_mode": "replace"},
        MEMBER,
    ),
    "a role of another account with a mode for no certificate": Together(
        "allowed_domains", {"rotation_mode": "repair"}, MEMBER
    ),
    "a role of another account with a path in its name": Together(
        "name", {"name": "team/certificates"}, MEMBER
    ),
    "a rule with a clock and events": Together(
        "schedule_expression", {"event_pattern": "{}"}, "modules/schedule"
    ),
    "a rule with neither": Together(
        "schedule_expression", {"schedule_expression": None}, "modules/schedule"
    ),
}

# The same inputs with one change are accepted.
FITTING: Mapping[str, Inputs] = {
    **{
        f"{row['because']} of a root hierarchy": certificate(**row["value"])
        for row in table("root_hierarchies")["accepted"]
    },
    "twelve sources": {"import_sources": many_sources(12)},
    "seven targets": {"export_targets": many_targets(7)},
    "a schedule as rare as the alarm allows": {
        "schedule_expression": "rate(48 hours)",
        **monitoring(max_silence_days=2),
    },
    "a schedule of each day and one day of silence": {
        "schedule_expression": "cron(0 6 ? * * *)",
        **monitoring(max_silence_days=1),
    },
    "a weekly schedule without alarms": {
        "schedule_expression": "cron(0 6 ? * MON *)",
        **monitoring(alarms=False),
    },
    "an organization as fast as the function": {
        **function(reserved_concurrency=25),
        **organization(max_concurrency=25),
    },
    "an organization with the longest prefix": {"name_prefix": "x" * 45, **organization()},
    "consumers and successors": {"rebind_consumers": True, "retire_superseded_after_days": 30},
    "private addresses in a VPC": {**VPC, **PRIVATE_NAMES},
    "an instance that only watches": {"domain_name": None, "name_prefix": "awswatch"},
    "certificates and no domain name": {
        "domain_name": None,
        "certificates": {"main": {"domain_name": "example.com", "include_www": True}},
    },
    "others as this instance's own": {"unmanaged_rotation_mode": "replace"},
    "others of an account as its own": account(
        rotation_mode="repair", unmanaged_rotation_mode="repair"
    ),
    **{f"a scope in {where}": inputs(FULL_SCOPE) for where, inputs in COVERING.items()},
}


class Rules:
    """The variables and validations of a module, without a provider."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._said: dict[str, list[str]] = {}
        #: What Terraform prints beside the errors: the values that the conditions refer to.
        self.printed: set[str] = set()

    def faults(self, inputs: Inputs, folder: str = ".") -> list[str]:
        """Return Terraform's errors for these inputs; the result is cached."""
        text = json.dumps({**BASES[folder], **inputs})
        if (known := self._said.get(folder + text)) is not None:
            return known
        directory = self._directory / folder
        if not (directory / "variables.tf").exists():
            directory.mkdir(parents=True, exist_ok=True)
            rules = (REPOSITORY / folder / "variables.tf").read_text(encoding="utf-8")
            (directory / "variables.tf").write_text(rules, encoding="utf-8")
        (directory / "terraform.tfvars.json").write_text(text, encoding="utf-8")
        terraform = Terraform(directory, self._directory, {})
        said = terraform.run("plan", "-json", "-lock=false").or_raise(1).stdout
        lines = [json.loads(line) for line in said.splitlines()]
        errors = [line["diagnostic"] for line in lines if line["@level"] == "error"]
        self.printed |= {
            f"{value['traversal']} {value['statement']}"
            for error in errors
            for value in (error.get("snippet") or {}).get("values") or ()
        }
        faults = [error["detail"] for error in errors]
        self._said[folder + text] = faults
        return faults


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    return Rules(tmp_path_factory.mktemp("variables"))


@pytest.mark.parametrize("folder", BASES)
def test_the_defaults_are_accepted(rules: Rules, folder: str) -> None:
    assert rules.faults({}, folder) == []


@pytest.mark.parametrize(("use", "value"), rows("accepted"))
def test_an_accepted_value_is_accepted(rules: Rules, use: Use, value: object) -> None:
    assert rules.faults(use.inputs(value), use.folder) == []


@pytest.mark.parametrize(("use", "value"), rows("refused"))
def test_a_refused_value_is_refused_by_a_sentence_that_names_input_rule_and_value(
    rules: Rules, use: Use, value: object
) -> None:
    faults = rules.faults(use.inputs(value), use.folder)

    assert_refused(faults, use.variable)
    # Values that may be null or empty are shown in quotes, to distinguish the two.
    shown = [value, json.dumps(value)]
    assert any(
        f"{before} {v}" in fault
        for before in ("got", ",", "and", "key", "topic", "topic.kms_key_arn")
        for v in shown
        for fault in faults
    )


@pytest.mark.parametrize("row", sets("accepted"))
def test_names_that_fit_together_are_accepted(rules: Rules, row: Mapping[str, Any]) -> None:
    assert rules.faults(row["inputs"]) == []


@pytest.mark.parametrize("row", sets("refused"))
def test_names_that_do_not_fit_together_are_refused(rules: Rules, row: Mapping[str, Any]) -> None:
    assert_refused(rules.faults(row["inputs"]), row["variable"])


@pytest.mark.parametrize("inputs", FITTING.values(), ids=FITTING)
def test_inputs_that_fit_together_are_accepted(rules: Rules, inputs: Inputs) -> None:
    assert rules.faults(inputs) == []


@pytest.mark.parametrize("together", TOGETHER.values(), ids=TOGETHER)
def test_inputs_that_do_not_fit_together_are_refused(rules: Rules, together: Together) -> None:
    (fault,) = rules.faults(together.inputs, together.folder)

    sentence = fault.partition("\n\n")[0]
    assert together.variable in sentence
    assert sentence.endswith(".")


#: Attributes with a new name: without these in the type, Terraform would silently drop them.
RENAMED = {
    "function": ("kms_key_arn", "permissions_boundary_arn"),
    "notifications": ("event_bus_name", "kms_key_arn", "topic_arn"),
    "thresholds": ("critical_threshold_days", "threshold_fraction"),
}
OLD_ATTRIBUTES = [
    (variable, attribute) for variable, attributes in RENAMED.items() for attribute in attributes
]


@pytest.mark.parametrize(("variable", "attribute"), OLD_ATTRIBUTES)
def test_a_renamed_attribute_is_refused_and_the_new_name_is_given(
    rules: Rules, variable: str, attribute: str
) -> None:
    (fault,) = rules.faults({variable: {attribute: 1}})

    assert re.search(rf"{variable} must have .* instead of .*\b{attribute}\b", fault)


def test_both_ends_of_a_topic_that_is_adopted_and_subscribed_to_are_named(rules: Rules) -> None:
    (fault,) = rules.faults(TOGETHER["a topic is adopted and subscribed to"].inputs)

    assert TOPIC in fault
    assert "ops@example.com" in fault


def test_every_fault_is_named_at_once(rules: Rules) -> None:
    faults = rules.faults(
        {
            "domain_name": "Example.com",
            "regions": ["Ireland"],
            "rotation_mode": "delete",
            "schedule_expression": "rate(1 days)",
        }
    )

    assert sorted(fault.split()[0] for fault in faults) == [
        "domain_name",
        "regions",
        "rotation_mode",
        "schedule_expression",
    ]


@pytest.mark.parametrize("variable", ["create", "monitoring", "notifications", "tags"])
def test_null_is_no_value_for_an_input_that_has_one(rules: Rules, variable: str) -> None:
    """With `nullable = false`, null means the default."""
    assert rules.faults({variable: None}) == []


# --- Every rule is broken by some case ------------------------------------------------------------

MODULES = (".", *sorted(f"modules/{path.name}" for path in REPOSITORY.glob("modules/*")))
RULE = re.compile(r"validation rule at \S*?variables\.tf:(\d+)")


def stated(folder: str) -> dict[int, str]:
    """Return the validations of a module by line, with their variables."""
    found: dict[int, str] = {}
    for file in sorted((REPOSITORY / folder).glob("*.tf")):
        variable = ""
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if (begins := re.match(r'variable "(\w+)"', line)) is not None:
                variable = begins[1]
            if line == "  validation {":
                assert file.name == "variables.tf"
                found[number] = variable
    return found


def refusals(folder: str) -> Iterator[Inputs]:
    """Yield all rejected inputs of the tables above."""
    for use in (use for use in USES if use.folder == folder):
        yield from (use.inputs(row["value"]) for row in table(use.table)["refused"])
    yield from (entry.inputs for entry in TOGETHER.values() if entry.folder == folder)
    if folder == ".":
        yield from ({variable: {attribute: 1}} for variable, attribute in OLD_ATTRIBUTES)
        yield from (row["inputs"] for row in table("name_sets")["refused"])


@pytest.mark.parametrize("folder", BASES)
def test_every_rule_is_broken_by_a_case_of_its_own(rules: Rules, folder: str) -> None:
    """A case that breaks two validations would prove neither to be necessary.

    With a failing condition, Terraform prints the texts of its local values: no pattern may be
    among them.
    """
    broken = set()
    for inputs in refusals(folder):
        found = [RULE.findall(fault) for fault in rules.faults(inputs, folder)]
        numbers = {int(number) for entry in found for number in entry}
        if len(numbers) == 1:
            broken |= numbers

    never = {n: variable for n, variable in stated(folder).items() if n not in broken}
    assert never == {}
    assert [text for text in rules.printed if text.startswith("local.") and '"' in text] == []


def test_only_the_modules_above_have_rules() -> None:
    assert {folder for folder in MODULES if stated(folder)} == set(BASES)


def preconditions(folder: str) -> Counter[str]:
    """Count the preconditions of a module by the block that has them."""
    found: Counter[str] = Counter()
    for file in sorted((REPOSITORY / folder).glob("*.tf")):
        blocks = hcl2.loads(file.read_text(encoding="utf-8"))
        for output in blocks.get("output", []):
            for name, body in output.items():
                found[f"output.{name}".replace('"', "")] += len(body.get("precondition", []))
        for resource in blocks.get("resource", []):
            for kind, named in resource.items():
                for name, body in named.items():
                    for lifecycle in body.get("lifecycle", []):
                        address = f"{kind}.{name}".replace('"', "")
                        found[address] += len(lifecycle.get("precondition", []))
    return +found


@pytest.fixture(scope="module")
def violations() -> Mapping[str, Counter[str]]:
    """Count the runs of terraform's tests that expect a failure, by module and object."""
    found: dict[str, Counter[str]] = {folder: Counter() for folder in MODULES}
    for file in sorted((REPOSITORY / "tests").glob("*.tftest.hcl")):
        for block in hcl2.loads(file.read_text(encoding="utf-8")).get("run", []):
            for run in block.values():
                (source,) = [m["source"].strip('"') for m in run.get("module", [])] or ["."]
                failing = [entry.strip("${}") for entry in run.get("expect_failures", [])]
                found[source.removeprefix("./")].update(failing)
    return found


@pytest.mark.parametrize("folder", MODULES)
def test_every_precondition_is_violated_by_a_run_of_its_own(
    violations: Mapping[str, Counter[str]], folder: str
) -> None:
    assert preconditions(folder) - violations[folder] == Counter()


def test_preconditions_are_found() -> None:
    assert preconditions(".")["output.rotation_function_arn"] == 3
    assert preconditions("modules/function") == {
        "aws_iam_role_policy.this": 1,
        "aws_lambda_function.this": 1,
    }


def assert_refused(faults: Sequence[str], variable: str) -> None:
    assert faults
    for fault in faults:
        sentence, _, checked = fault.partition("\n\n")
        assert sentence.startswith((f"{variable} must ", f"{variable}."))
        assert " must " in sentence
        assert sentence.endswith(".")
        assert "got " in sentence
        assert "variables.tf" in checked
