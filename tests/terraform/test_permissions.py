"""The policies of the functions grant the permissions that the adapters declare.

`modules/function` adds the statements of every role, such as its logs and its topic:
test_deployed.py compares the whole policies.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from certificate_lifecycle.aws.permissions import Function, Setting
from certificate_lifecycle.cli.required_permissions import context_of, needed, resources_of
from certificate_lifecycle.model.certificate import ValidationRecord
from certificate_lifecycle.model.dns_names import InvalidNameError, normalise
from certificate_lifecycle.policy.validation import RecordChange, Zone, compare
from tests.embedded_aws.actions import record_name
from tests.embedded_aws.calls import Permission
from tests.embedded_aws.certificates import validation_record
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.policy import Document, judge
from tests.harness.proof import granted
from tests.harness.security_lines import proves
from tests.harness.terraform import REPOSITORY, Workspace
from tests.terraform.bounds import LABEL, other_records
from tests.terraform.policies import declared

pytestmark = pytest.mark.terraform

ACCOUNT, OTHER = "380000000001", "380000000002"
REGIONS = ("eu-west-1", "us-east-1")
CERTIFICATE = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/one"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{{}}-AbCdEf"
ZONE_ROLE = f"arn:aws:iam::{OTHER}:role/zone"
SOURCES: Mapping[str, object] = {
    "export_targets": {
        CERTIFICATE: {
            "secret_arn": SECRET.format("export"),
            "passphrase_secret_arn": SECRET.format("passphrase"),
        }
    },
    "import_sources": {CERTIFICATE: {"secret_arn": SECRET.format("import")}},
}
NOTIFICATIONS: Mapping[str, object] = {
    "notifications": {"event_bus": {"name": "default"}, "security_hub": True},
    "report": {"bucket_name": f"reports-{ACCOUNT}"},
}
ZONES: Mapping[str, object] = {
    "hosted_zones": {
        "example.com": {"zone_id": "Z1OWN"},
        "example.net": {"zone_id": "Z2OTHER", "role_arn": ZONE_ROLE},
    }
}
MEMBERS: Mapping[str, object] = {
    "accounts": [{"account_id": OTHER, "role_name": "member", "external_id": "member"}],
    "organization": {
        "external_id": "organization",
        "organization_id": "o-abcdefghij",
        "role_name": "organization",
    },
}
EDGE: Mapping[str, object] = {"regions": REGIONS}
REBIND: Mapping[str, object] = {"rebind_consumers": True}
RETIRE: Mapping[str, object] = {"retire_superseded_after_days": 1}
UNMANAGED: Mapping[str, object] = {"unmanaged_rotation_mode": "replace"}
DESTROYED: Mapping[str, object] = {
    "certificates": {"shop": {"domain_name": "shop.example.com", "on_destroy": "delete"}}
}

DEFAULT = {Setting.REPAIR, Setting.REPLACE, Setting.NO_HOSTED_ZONES}
#: Inputs and their settings, by name.
CASES: Mapping[str, tuple[Mapping[str, object], set[Setting]]] = {
    "notify": (
        {"rotation_mode": "notify", **SOURCES, **NOTIFICATIONS, **EDGE},
        {
            Setting.NO_HOSTED_ZONES,
            *(Setting.REPORTS, Setting.EVENT_BUS, Setting.SECURITY_HUB, Setting.US_EAST_1),
        },
    ),
    "repair": ({"rotation_mode": "repair"}, {Setting.REPAIR, Setting.NO_HOSTED_ZONES}),
    "repair-from-sources": (
        {"rotation_mode": "repair", **SOURCES, **ZONES},
        {Setting.REPAIR, Setting.IMPORT_SOURCES, Setting.EXPORT_TARGETS, Setting.ZONE_ROLES},
    ),
    "replace": (
        {**MEMBERS, **EDGE},
        {
            *(Setting.REPAIR, Setting.REPLACE, Setting.NO_HOSTED_ZONES, Setting.US_EAST_1),
            *(Setting.ACCOUNTS, Setting.ORGANIZATION),
        },
    ),
    "rebind": (
        {**REBIND, **ZONES},
        {Setting.REPAIR, Setting.REPLACE, Setting.REBIND_CONSUMERS, Setting.ZONE_ROLES},
    ),
    "scope": (
        {**UNMANAGED, "scope": {"include": {"domains": ["example.org"]}}},
        DEFAULT,
    ),
    "tags": (
        {**UNMANAGED, "scope": {"include": {"tags": {"Team": ["web"]}}}},
        DEFAULT,
    ),
    "default": (RETIRE, {*DEFAULT, Setting.RETIRE_SUPERSEDED}),
    "watch": ({"domain_name": None}, {Setting.NO_HOSTED_ZONES}),
    "everything": (
        {
            **SOURCES,
            **NOTIFICATIONS,
            **ZONES,
            **MEMBERS,
            **EDGE,
            **REBIND,
            **RETIRE,
            **UNMANAGED,
            **DESTROYED,
        },
        set(Setting) - {Setting.NO_HOSTED_ZONES},
    ),
}
#: Values for the names in the templates of resources.
VALUES: Mapping[str, tuple[str, ...]] = {
    "domain": ("www.example.com",),
    "partition": ("aws",),
    "account": (ACCOUNT,),
    "home_region": ("eu-west-1",),
    "region": REGIONS[:1],
    "instance": ("certificate-lifecycle",),
    "table": ("certificate-lifecycle-ledger",),
    "report_bucket": (f"reports-{ACCOUNT}",),
    "event_bus": ("default",),
    "organization_role": ("organization",),
    "hosted_zone": ("Z1OWN",),
    "zone_role": (ZONE_ROLE,),
    "account_role": (f"arn:aws:iam::{OTHER}:role/member",),
    "imported": (CERTIFICATE,),
    "import_secret": (SECRET.format("import"),),
    "exported": (CERTIFICATE,),
    "export_secret": (SECRET.format("export"),),
    "passphrase_secret": (SECRET.format("passphrase"),),
}
PLANNED = ("bucket_name", "creation_policy_json", "rotation_policy_json")
OUTPUTS = "".join(f'output "{name}_planned" {{\n  value = local.{name}\n}}\n' for name in PLANNED)


@dataclass(frozen=True)
class Planned:
    """The policies of a plan by function, and the bucket of an organization's runs."""

    policies: Mapping[Function, Document]
    bucket: str


@pytest.fixture(scope="module")
def plans(cloud: Cloud) -> Mapping[str, Planned]:
    """Plan all cases at once, as modules of one configuration."""
    files = {"planned.tf": OUTPUTS, "cases/main.tf.json": json.dumps(calls())}
    with Workspace("cases", cloud.environment(account=ACCOUNT), files=files) as module:
        outputs: Mapping[str, Any] = module.plan()["planned_values"]["outputs"]

    def planned(case: str) -> Planned:
        policies = {
            name: json.loads(outputs[f"{case}_{name}_policy_json"]["value"]) for name in Function
        }
        return Planned(policies, str(outputs[f"{case}_bucket_name"].get("value")))

    return {case: planned(case) for case in CASES}


def calls() -> dict[str, Any]:
    """Return a configuration that calls the module for each case."""
    inputs = {case: {"domain_name": "example.com", **CASES[case][0]} for case in CASES}
    return {
        "module": {case: {"source": "../", **inputs[case]} for case in CASES},
        "output": {
            f"{case}_{name}": {"value": f"${{module.{case}.{name}_planned}}"}
            for case in CASES
            for name in PLANNED
        },
    }


#: An instance that only watches has no calls of the creation function.
EVERY = pytest.mark.parametrize(
    ("case", "function"),
    [pair for pair in product(CASES, Function) if pair != ("watch", Function.CREATION)],
)


@EVERY
def test_a_policy_grants_the_declared_actions_and_no_other(
    plans: Mapping[str, Planned], case: str, function: Function
) -> None:
    _, settings = CASES[case]
    of_its_topic = {"sns:GetTopicAttributes", "sns:Publish"}
    expected = declared(function, settings) - of_its_topic
    assert granted(plans[case].policies[function]) == expected


def test_an_instance_that_only_watches_may_change_nothing(plans: Mapping[str, Planned]) -> None:
    reads = ("Describe", "Get", "List", "Search")
    writes = {
        action
        for policy in plans["watch"].policies.values()
        for action in granted(policy)
        if not action.partition(":")[2].startswith(reads)
    }
    # The state table, for the messages that were sent.
    assert {action for action in writes if not action.startswith("dynamodb:")} == {"apigateway:GET"}


@EVERY
def test_a_policy_grants_the_declared_actions_on_their_resources(
    plans: Mapping[str, Planned], case: str, function: Function
) -> None:
    _, settings = CASES[case]
    statements = [
        {name: value for name, value in statement.items() if name != "Condition"}
        for statement in plans[case].policies[function]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    document = {**plans[case].policies[function], "Statement": statements}
    values = {**VALUES, "topic": (), "organization_bucket": (plans[case].bucket,)}
    denied = [
        f"{permission.action} on {resource}"
        for permission in needed((function,), settings)
        for resource in resources_of(permission, values)
        if not judge([document], Permission(permission.action, resource)).allowed
    ]
    assert denied == []


@EVERY
def test_doctor_knows_the_condition_keys_of_the_calls(
    plans: Mapping[str, Planned], case: str, function: Function
) -> None:
    """IAM's simulator gets the declared keys of all calls of a function at once."""
    permissions = needed((function,), CASES[case][1])
    values = {**VALUES, "topic": (), "organization_bucket": (plans[case].bucket,)}
    context = {key: (value,) for key, value in context_of(permissions, values).items()}
    denied = [
        permission.action
        for permission in permissions
        for resource in resources_of(permission, values)
        if permission.action.partition(":")[0] in ("acm", "route53", "ssm")
        and not judge(
            [plans[case].policies[function]], Permission(permission.action, resource, context)
        ).allowed
    ]
    assert denied == []


# --- Which records the roles may write ------------------------------------------------------------

#: Names that ACM issues for, all below the allowed domain.
NAMES = (
    "example.com",
    "*.example.com",
    "www.example.com",
    "*.eu.example.com",
    "a.very.deep.sub.domain.of.example.com",
    "my-shop.example.com",
    "my_shop.example.com",
    "xn--bcher-kva.example.com",
    "0.example.com",
    f"{'x' * 63}.example.com",
)
DOCUMENTED = "zone-role"
WRITERS = [
    *((case, function) for case in ("repair", "everything") for function in Function),
    (DOCUMENTED, "documented"),
]


def may_write(policy: Document, *names: str, kind: str = "CNAME", zone: str = "Z1OWN") -> bool:
    """Return whether a policy lets these records be written in one batch."""
    key = "route53:ChangeResourceRecordSets"
    context = {
        f"{key}NormalizedRecordNames": tuple(record_name(name) for name in names),
        f"{key}RecordTypes": (kind,),
        f"{key}Actions": ("UPSERT",),
    }
    return judge([policy], Permission(key, f"arn:aws:route53:::hostedzone/{zone}", context)).allowed


@pytest.fixture(params=WRITERS, ids="-".join)
def writer(plans: Mapping[str, Planned], request: pytest.FixtureRequest) -> Document:
    """Return the policy of a function, or of the role for zones that the documentation shows."""
    case, function = request.param
    return documented() if case == DOCUMENTED else plans[case].policies[function]


def documented() -> Document:
    text = (REPOSITORY / "docs" / "situations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    policy: Document = json.loads(block.replace("Z1123456789ABCDEFGHIJ", "Z1OWN"))
    return policy


def test_a_role_may_write_every_validation_record_of_acm(writer: Document) -> None:
    records = [
        validation_record(name, f"{account:012}").name for name in NAMES for account in range(50)
    ]
    assert [name for name in records if not may_write(writer, name)] == []
    assert may_write(writer, *records)


def test_a_role_may_write_no_other_record_alone_or_beside_one_of_acm(writer: Document) -> None:
    names = other_records("example.com")
    assert [name for name in names if may_write(writer, name)] == []
    assert [name for name in names if may_write(writer, f"{LABEL}.example.com", name)] == []


def odd_names(number: int) -> Iterator[str]:
    """Yield names below example.com: ACM's labels, well-known ones, and parts of both."""
    chance = random.Random("records")
    parts = ["_acme-challenge", "_dmarc", "_domainkey", "_github-a", "_mta-sts", "_", "www", "a_b"]
    for _ in range(number):
        labels = [
            chance.choice(
                (
                    LABEL,
                    "_"
                    + "".join(chance.choices("0f-_g", k=chance.choice((1, 15, 16, 31, 32, 33)))),
                    "f" * chance.randint(1, 33),
                    *parts,
                )
            )
            for _ in range(chance.randint(1, 4))
        ]
        filler = 32 - len(labels[0])
        if filler > 0 and chance.random() < 0.5:
            labels.insert(1, "b" * filler)
        yield ".".join([*labels, "example.com"])


def test_a_role_may_write_names_of_acms_length_with_one_long_underscore_label(
    writer: Document,
) -> None:
    """`?` matches a dot too, so the pattern alone would allow every shorter label."""
    for name in odd_names(5_000):
        first, *later = name.split(".")
        expected = (
            name.startswith("_")
            and name[len(LABEL) :].startswith(".")
            and len(first) > 16
            and not any(label.startswith("_") for label in later)
            and not first.startswith(("_cf-", "_github-", "_gitlab-", "_validation-"))
        )
        assert may_write(writer, name) is expected, name


def test_a_function_writes_no_name_that_its_role_may_not_write(writer: Document) -> None:
    zone, value = Zone("Z1OWN", "example.com"), "_b2.c3.acm-validations.aws."
    written = [
        name
        for name in odd_names(5_000)
        if compare(ValidationRecord(name, "CNAME", value), zone, ()).change is RecordChange.CREATED
    ]
    assert len(set(written)) > 10
    assert [name for name in written if not may_write(writer, name)] == []


def test_acm_issues_for_no_name_with_a_later_label_that_starts_with_an_underscore() -> None:
    """The statement that denies such records takes nothing from ACM.

    API reference, RequestCertificate: the pattern of DomainName has no underscore.
    """
    for name in ("_a.example.com", "www._tcp.example.com"):
        with pytest.raises(InvalidNameError):
            normalise(name)


# --- What new code of a function may do: SECURITY.md ----------------------------------------------

DEPLOY = "lambda:UpdateFunctionCode"
ANY_CERTIFICATE = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/any"
REPLACED_BY = "certificate-lifecycle:replaced-by"


def may(policy: Document, action: str, resource: str, **context: tuple[str, ...]) -> bool:
    return judge([policy], Permission(action, resource, context)).allowed


def may_request(policy: Document, *names: str) -> bool:
    """Return whether a policy allows a public request with the tags of both functions."""
    context = {
        "acm:DomainNames": names,
        "acm:ValidationMethod": ("DNS",),
        "aws:RequestTag/ManagedBy": ("certificate-lifecycle",),
        "aws:RequestTag/certificate-lifecycle:replaces": (CERTIFICATE,),
    }
    return may(policy, "acm:RequestCertificate", ANY_CERTIFICATE, **context)


@pytest.fixture
def rotation(plans: Mapping[str, Planned]) -> Document:
    return plans["everything"].policies[Function.ROTATION]


@proves(
    DEPLOY,
    'Can, with `unmanaged_rotation_mode = "replace"` and no `scope.include.domains`, get a '
    "certificate for any name in the writable zones with the rotation function, and move consumers "
    "to it with `rebind_consumers`.",
)
def test_new_code_of_rotation_may_request_any_name_and_move_listeners(rotation: Document) -> None:
    listener = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:listener/app/web/1/2"
    assert may_request(rotation, "anything.example.org")
    assert may_write(rotation, f"{LABEL}.anything.example.org")
    assert may(rotation, "elasticloadbalancing:ModifyListener", listener)


@proves(
    DEPLOY,
    "Can, with that mode and `retire_superseded_after_days`, delete every certificate that nothing "
    "uses, because the role may also set the tag that it needs for that.",
)
def test_new_code_of_rotation_may_mark_and_delete_any_certificate(rotation: Document) -> None:
    mark = {"aws:TagKeys": (REPLACED_BY,), f"aws:RequestTag/{REPLACED_BY}": (CERTIFICATE,)}
    marked = {f"aws:ResourceTag/{REPLACED_BY}": (CERTIFICATE,)}
    assert may(rotation, "acm:AddTagsToCertificate", ANY_CERTIFICATE, **mark)
    assert may(rotation, "acm:DeleteCertificate", ANY_CERTIFICATE, **marked)


@proves(
    DEPLOY,
    "Can read the secrets of `import_sources` and the passphrases of `export_targets`, and export "
    "the certificates of the latter with their keys.",
)
def test_new_code_of_rotation_may_read_the_keys_of_sources_and_targets(rotation: Document) -> None:
    for secret in ("import", "passphrase"):
        assert may(rotation, "secretsmanager:GetSecretValue", SECRET.format(secret))
    assert may(rotation, "acm:ExportCertificate", CERTIFICATE)


@proves(
    DEPLOY,
    "Cannot write a DNS record of another form, import under an ARN without a source, export a "
    "certificate without a target, or read another secret.",
)
def test_new_code_of_a_function_may_do_no_more_than_its_role(
    plans: Mapping[str, Planned], rotation: Document
) -> None:
    for policy in plans["everything"].policies.values():
        names = other_records("example.com")
        assert [name for name in names if may_write(policy, name)] == []
        assert not may_write(policy, f"{LABEL}.example.com", kind="TXT")
    assert not may(rotation, "acm:ImportCertificate", ANY_CERTIFICATE)
    assert not may(rotation, "acm:ExportCertificate", ANY_CERTIFICATE)
    for secret in ("export", "other"):
        assert not may(rotation, "secretsmanager:GetSecretValue", SECRET.format(secret))


@proves(
    DEPLOY,
    "Cannot get a certificate outside of the allowed domains with the creation function.",
)
def test_new_code_of_creation_may_request_for_the_allowed_domains_only(
    plans: Mapping[str, Planned],
) -> None:
    creation = plans["everything"].policies[Function.CREATION]
    assert may_request(creation, "www.example.com")
    assert not may_request(creation, "www.example.org")
    assert not may_write(creation, f"{LABEL}.www.example.org")


@proves(
    DEPLOY,
    "Can let the parameter of a declared certificate name another one, to which the next apply "
    "moves its consumers.",
)
def test_new_code_of_a_function_may_write_the_pointers_and_no_other_parameter(
    plans: Mapping[str, Planned],
) -> None:
    below = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/certificate-lifecycle"
    for policy in plans["everything"].policies.values():
        assert may(policy, "ssm:PutParameter", f"{below}/certificates/main/arn")
        assert not may(policy, "ssm:PutParameter", f"{below}-2/certificates/main/arn")
        assert not may(policy, "ssm:PutParameter", f"{below}/password")


@proves(
    DEPLOY,
    "Cannot, with the default modes, get a certificate or write a record outside of the allowed "
    "domains with either function.",
)
def test_with_the_default_modes_both_roles_are_denied_names_outside_of_the_allowed_domains(
    plans: Mapping[str, Planned],
) -> None:
    for policy in plans["default"].policies.values():
        for name in ("example.com", "*.example.com", "a.b.example.com"):
            assert may_request(policy, name)
            assert may_write(policy, f"{LABEL}.{name.removeprefix('*.')}")
        for name in ("example.org", "notexample.com", "example.com.example.org", "*.com", "com"):
            assert not may_request(policy, name)
            assert not may_write(policy, f"{LABEL}.{name.removeprefix('*.')}")
        # One successor has all names of a certificate, and one batch several records.
        assert not may_request(policy, "example.com", "www.example.org")
        assert not may_write(policy, f"{LABEL}.example.com", f"{LABEL}.www.example.org")


@proves(
    DEPLOY,
    "Cannot, with the default modes, change, mark or delete a certificate with the `ManagedBy` of "
    "another tool or instance, or without it.",
)
def test_with_the_default_modes_new_code_may_change_no_certificate_of_others(
    plans: Mapping[str, Planned],
) -> None:
    policies = plans["default"].policies.values()
    mark = {"aws:TagKeys": (REPLACED_BY,), f"aws:RequestTag/{REPLACED_BY}": (CERTIFICATE,)}
    changes = ("ResendValidationEmail", "UpdateCertificateOptions", "DeleteCertificate")
    others = ({}, *({"aws:ResourceTag/ManagedBy": (name,)} for name in ("terraform", "team-b")))
    marked = {f"aws:ResourceTag/{REPLACED_BY}": (CERTIFICATE,)}
    for policy, owner in product(policies, others):
        assert not may(policy, "acm:AddTagsToCertificate", ANY_CERTIFICATE, **owner, **mark)
        for change in changes:
            assert not may(policy, f"acm:{change}", ANY_CERTIFICATE, **owner, **marked)


def test_a_scope_by_tags_alone_grants_as_much_as_no_scope(plans: Mapping[str, Planned]) -> None:
    """A request and a record do not show the tags of the certificate that they are for."""
    names = ("www.example.edu", "www.example.org")
    granted_for = {
        case: [name for name in names if may_request(plans[case].policies[Function.ROTATION], name)]
        for case in ("default", "scope", "tags", "everything")
    }
    assert granted_for == {
        "default": [],
        "scope": ["www.example.org"],
        "tags": [*names],
        "everything": [*names],
    }
