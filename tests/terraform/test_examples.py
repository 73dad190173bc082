"""Each example is applied, has empty plans before and after a run, and is destroyed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from moto.events.models import EventPattern

from certificate_lifecycle.model.run import ChangeKind
from certificate_lifecycle.render.eventbridge import SOURCE, DetailType
from tests.embedded_aws.calls import Permission
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.policy import Principal, judge, like
from tests.estates import front
from tests.harness.deployed import invoke
from tests.harness.proof import Ask, Bounds, faults, granted
from tests.harness.terraform import REPOSITORY, Workspace
from tests.integration.invocation import scheduled
from tests.terraform import bounds
from tests.terraform.conftest import Life, Stack, live
from tests.terraform.policies import assuming, by_a_service, sids

pytestmark = pytest.mark.terraform

ROTATION_ROLE = "module.certificates.module.rotation[0].aws_iam_role.this"
#: One with policies of its own, and the hardened one with a listener. The demo applies `dev`, and
#: `make nightly` applies the others.
SHAPES = ("cross-account-export", "prod")
EXAMPLES = {path.parent.name for path in REPOSITORY.glob("examples/*/main.tf")}
OTHERS = sorted(EXAMPLES - set(SHAPES))
#: The public zones that an example needs, and the load balancers.
ZONES = {
    "certificate-only": ["billing.example.com"],
    "dev": ["dev.shop.example.com"],
    "multi-region": ["global.example.com"],
    "prod": ["shop.example.com"],
    "shared-account": ["payments.example.com", "search.example.com"],
    "staging": ["staging.shop.example.com"],
}
BALANCERS = {
    "certificate-only": "billing",
    **dict.fromkeys(["dev", "multi-region", "prod", "staging"], "shop"),
}
#: The examples that issue nothing.
WATCHING = {"existing-topic", "multi-account", "organization", "tickets"}
#: The secrets that an example asks for.
SECRETS = {
    "tickets": dict.fromkeys(
        ("jira_webhook_secret", "pagerduty_routing_key", "servicenow_password"), "any"
    )
}
EXPORTED = "arn:aws:acm:eu-west-1:{}:certificate/9f0d7bb1-5f1a-4c3f-9f57-3a6b1a0e2c11"
#: The examples whose certificates `terraform destroy` deletes.
DELETING = {"staging"}
MEMBERS = ("210987654321", "345678901234")
PLATFORM = {
    "name_prefix": "platform-certificates",
    "allowed_domains": ["billing.example.com"],
}


@contextmanager
def surroundings(cloud: Cloud, account: str, *, example: str) -> Iterator[None]:
    """Make what the README of an example asks for."""
    for zone in ZONES.get(example, ()):
        cloud.zones.add(zone, account=account)
    if example in BALANCERS:
        front.fill(cloud, BALANCERS[example], account)
    if example == "cross-account-export":
        arn = EXPORTED.format(account)
        cloud.certificates.add(account=account, arn=arn, export_option="ENABLED")
    if example != "certificate-only":
        yield
        return
    with Workspace(".", cloud.environment(account=account), variables=PLATFORM) as platform:
        platform.apply()
        yield
        platform.destroy()


@dataclass(frozen=True)
class Seen:
    """What was seen of an example in use: the result of each function, and the certificates."""

    runs: Mapping[str, Mapping[str, Any]]
    #: ARN -> status of the certificates of the account.
    certificates: Mapping[str, str]
    #: What the listener serves, if there is one.
    served: str | None


def use(cloud: Cloud, account: str, *, example: str) -> Seen:
    """Run each rotation function of the account once."""
    if example == "cross-account-export":
        cloud.client("secretsmanager", account=account).put_secret_value(
            SecretId="shop-edge-passphrase", SecretString="correct horse battery staple"
        )
    with ExitStack() as stack:
        if example == "multi-account":
            for member in MEMBERS:
                stack.enter_context(role(cloud, account, member))
        functions = cloud.client("lambda", account=account).list_functions()["Functions"]
        names = [f["FunctionName"] for f in functions if f["FunctionName"].endswith("-rotation")]
        runs = {name: run(cloud, account, name) for name in names}
    found = [entry for entry in cloud.certificates.all() if entry.account == account]
    certificates = {entry.arn: entry.status for entry in found}
    if example not in BALANCERS:
        return Seen(runs, certificates, None)
    balancers = cloud.client("elbv2", account=account).describe_load_balancers()["LoadBalancers"]
    served = front.served(cloud, balancers[0]["LoadBalancerArn"])
    return Seen(runs, certificates, served)


@contextmanager
def role(cloud: Cloud, account: str, member: str) -> Iterator[None]:
    """Apply the role of another account, which must be younger than the role that it trusts."""
    settings = {
        "external_id": "shop-certificates",
        "regions": ["eu-west-1", "us-east-1"],
        "rotation_role_arn": f"arn:aws:iam::{account}:role/accounts-certificates-rotation",
    }
    environment = cloud.environment(account=member)
    with Workspace("modules/member-account", environment, variables=settings) as workspace:
        workspace.apply()
        yield
        workspace.destroy()


def run(cloud: Cloud, account: str, name: str) -> Mapping[str, Any]:
    event = {**scheduled(datetime.now(UTC)), "account": account}
    ended = invoke(cloud, name, event, account=account)
    assert ended.error is None, ended.error
    result: Mapping[str, Any] = ended.result
    return result


def live_all(cloud: Cloud, examples: tuple[str, ...] | list[str]) -> Mapping[str, Life]:
    cloud.reset()  # other stacks have lived in the same accounts
    return live(
        cloud,
        {
            name: Stack(
                f"examples/{name}",
                SECRETS.get(name, {}),
                surroundings=partial(surroundings, example=name),
                between=partial(use, example=name),
            )
            for name in examples
        },
    )


@pytest.fixture(scope="module")
def lives(cloud: Cloud) -> Mapping[str, Life]:
    return live_all(cloud, SHAPES)


@pytest.fixture(scope="module")
def other_lives(cloud: Cloud, lives: Mapping[str, Life]) -> Mapping[str, Life]:
    assert lives.keys() == set(SHAPES)  # their lives are over
    return live_all(cloud, OTHERS)


@pytest.fixture
def life(example: str, request: pytest.FixtureRequest) -> Life:
    found: Life = request.getfixturevalue("lives" if example in SHAPES else "other_lives")[example]
    return found


@pytest.mark.parametrize(
    "example", [*SHAPES, *(pytest.param(name, marks=pytest.mark.nightly) for name in OTHERS)]
)
class TestEachExample:
    def test_has_nothing_to_change_after_its_first_apply(self, life: Life) -> None:
        assert life.second_plan == []

    def test_is_run_without_an_error_and_has_nothing_to_change_then(self, life: Life) -> None:
        assert life.between.runs
        assert life.third_plan == []

    def test_serves_the_certificate_of_its_output(self, example: str, life: Life) -> None:
        statuses = set(life.between.certificates.values())
        outputs = life.outputs

        assert statuses == (set() if example in WATCHING else {"ISSUED"})
        if example in BALANCERS:
            arn = outputs.get("certificate_arn") or outputs["certificate_arns"]["main"]
            assert life.between.served == arn

    def test_leaves_only_certificates_to_keep_when_destroyed(
        self, example: str, life: Life
    ) -> None:
        assert life.resources != {}
        assert life.left_in_state == []
        assert life.left_in_aws == []
        kept = set() if example in DELETING else set(life.between.certificates)
        assert life.left_certificates == kept


READER_ACCOUNT = "arn:aws:iam::210987654321:root"


class TestTheExportToAnotherAccount:
    @pytest.fixture
    def stack(self, lives: Mapping[str, Life]) -> Life:
        return lives["cross-account-export"]

    def test_writes_the_certificate_to_its_secret(self, stack: Life) -> None:
        (action,) = stack.between.runs["shop-edge-rotation"]["actions"]

        assert (action["action"], action["outcome"]) == ("Export", "done")

    def test_is_encrypted_with_a_key_that_another_account_may_use(self, stack: Life) -> None:
        """Other accounts cannot use the AWS managed key of Secrets Manager."""
        key = stack.resources["aws_kms_key.shared"]["arn"]

        secrets = resources(stack, "aws_secretsmanager_secret")

        assert [secret["kms_key_id"] for secret in secrets] == [key, key]

    def test_lets_one_role_read_certificate_and_passphrase_and_nothing_else(
        self, stack: Life
    ) -> None:
        secrets = stack.outputs["secret_arns"]
        of_secrets = statements(stack, "aws_secretsmanager_secret_policy")
        of_key = [
            statement
            for statement in statements(stack, "aws_kms_key_policy")
            if statement["Principal"] == {"AWS": READER_ACCOUNT}
        ]

        assert sorted(statement["Resource"][0] for statement in of_secrets) == sorted(
            secrets.values()
        )
        assert [statement["Action"] for statement in [*of_secrets, *of_key]] == [
            ["secretsmanager:GetSecretValue"],
            ["secretsmanager:GetSecretValue"],
            ["kms:Decrypt"],
        ]
        for statement in [*of_secrets, *of_key]:
            assert statement["Principal"] == {"AWS": READER_ACCOUNT}
            assert statement["Condition"]["ArnEquals"] == {"aws:PrincipalArn": bounds.READER}
        assert of_key[0]["Condition"]["StringEquals"] == {
            "kms:EncryptionContext:SecretARN": list(secrets.values()),
            "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com",
        }

    def test_tells_the_reader_what_its_own_role_must_allow(self, stack: Life) -> None:
        read, decrypt = json.loads(stack.outputs["reader_policy_json"])["Statement"]

        assert read["Resource"] == list(stack.outputs["secret_arns"].values())
        assert decrypt["Resource"] == [stack.resources["aws_kms_key.shared"]["arn"]]

    def test_lets_the_rotation_function_write_under_that_key(self, stack: Life) -> None:
        (writer,) = (
            statement
            for statement in statements(stack, "aws_kms_key_policy")
            if "role" in statement["Principal"]["AWS"]
        )

        assert writer["Principal"]["AWS"].endswith("role/shop-edge-rotation")
        assert writer["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]

    def test_has_policies_that_are_just_what_the_two_need(self, stack: Life) -> None:
        key, secrets = stack.resources["aws_kms_key.shared"]["arn"], stack.outputs["secret_arns"]
        rotation = stack.resources[ROTATION_ROLE]["arn"]
        administrator = rotation.replace("shop-edge-rotation", "administrator")
        (of_key,) = resources(stack, "aws_kms_key_policy")
        through = {"kms:ViaService": ("secretsmanager.eu-west-1.amazonaws.com",)}
        using = [
            asking(who, action, key, **through, **{bounds.EXPORT_KEY: (secret,)})
            for who, actions in (
                (bounds.READER, ["kms:Decrypt"]),
                (rotation, ["kms:Decrypt", "kms:GenerateDataKey"]),
            )
            for action in actions
            for secret in secrets.values()
        ]
        reading = [
            asking(bounds.READER, "secretsmanager:GetSecretValue", secret)
            for secret in secrets.values()
        ]

        for policy in resources(stack, "aws_secretsmanager_secret_policy"):
            asks = [ask for ask in reading if ask.permission.resource == policy["secret_arn"]]
            assert wrong(policy["policy"], asks, bounds.EXPORT_SECRET) == []
        governing = asking(administrator, "kms:PutKeyPolicy", key)
        assert wrong(of_key["policy"], [*using, governing], bounds.EXPORT_KEY_POLICY) == []
        mine = [ask for ask in (*reading, *using) if ask.principal.name == bounds.READER]
        assert wrong(stack.outputs["reader_policy_json"], mine, bounds.EXPORT_READER) == []


def test_the_boundary_of_production_is_no_narrower_than_its_roles(
    lives: Mapping[str, Life],
) -> None:
    """Otherwise users would notice only in production."""
    stack = lives["prod"]
    (boundary,) = resources(stack, "aws_iam_policy")
    limit = json.loads(boundary["policy"])
    roles = [
        json.loads(values["policy"])
        for address, values in stack.resources.items()
        if ".aws_iam_role_policy." in address
    ]
    actions = {action for role in roles for action in granted(role)}

    beyond = {a for a in actions if not judge([limit], Permission(a.rstrip("*"), "*")).allowed}
    idle = {
        limited
        for limited in granted(limit)
        if not any(like(action, limited) for action in actions)
    }
    assert len(roles) == 2
    assert (beyond, idle) == (set(), set())


def test_the_key_of_production_is_for_the_logs_of_its_functions(lives: Mapping[str, Life]) -> None:
    """CloudWatch Logs user guide, Encrypt log data."""
    stack = lives["prod"]
    key = stack.resources["aws_kms_key.functions"]
    group = next(
        values["arn"] for address, values in stack.resources.items() if "log_group" in address
    )
    actions = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom")
    logging = [
        by_a_service(
            "logs.eu-west-1.amazonaws.com",
            f"kms:{action}",
            key["arn"],
            **{bounds.LOG_GROUP: group},
        )
        for action in actions
    ]
    reading = asking(f"arn:aws:iam::{key['arn'].split(':')[4]}:role/x", "kms:Decrypt", key["arn"])

    assert wrong(key["policy"], [*logging, reading], bounds.LOGS_KEY) == []


@pytest.mark.nightly
def test_each_team_of_a_shared_account_is_shown_its_own_certificates(
    other_lives: Mapping[str, Life],
) -> None:
    runs = other_lives["shared-account"].between.runs
    payments, search = "payments.example.com", "search.example.com"

    # No listener uses the certificates, which is a finding.
    assert {
        name: {finding["domain_name"] for finding in result["findings"]}
        for name, result in runs.items()
    } == {
        "payments-certificates-rotation": {payments},
        "search-certificates-rotation": {search},
        "platform-certificates-rotation": {payments, search},
    }


@pytest.mark.nightly
def test_the_topic_that_is_adopted_takes_the_alarms_of_the_module(
    other_lives: Mapping[str, Life],
) -> None:
    (topic,) = resources(other_lives["existing-topic"], "aws_sns_topic_policy")
    account = topic["arn"].split(":")[4]
    alarm = by_a_service(
        "cloudwatch.amazonaws.com",
        "sns:Publish",
        topic["arn"],
        source_account=account,
        source_arn=f"arn:aws:cloudwatch:eu-west-1:{account}:alarm:shop-watch-x",
    )

    assert wrong(topic["policy"], [alarm], bounds.ADOPTED_TOPIC) == []


@pytest.mark.nightly
def test_only_the_rules_of_the_ticket_systems_reach_their_destination_and_the_queue(
    other_lives: Mapping[str, Life],
) -> None:
    stack = other_lives["tickets"]
    (queue,) = resources(stack, "aws_sqs_queue")
    (of_queue,) = resources(stack, "aws_sqs_queue_policy")
    rules = [
        {"source_arn": rule["arn"], "source_account": stack.account}
        for rule in resources(stack, "aws_cloudwatch_event_rule")
    ]
    events = "events.amazonaws.com"
    keeping = [by_a_service(events, "sqs:SendMessage", queue["arn"], **rule) for rule in rules]

    assert wrong(of_queue["policy"], keeping, bounds.TICKETS_QUEUE) == []
    for role, policy, destination in zip(
        resources(stack, "aws_iam_role"),
        resources(stack, "aws_iam_role_policy"),
        resources(stack, "aws_cloudwatch_event_api_destination"),
        strict=True,
    ):
        trust = [assuming(events, **rule) for rule in rules]
        sending = [asking(role["arn"], "events:InvokeApiDestination", destination["arn"])]
        assert wrong(role["assume_role_policy"], trust, bounds.TICKETS_TRUST) == []
        assert wrong(policy["policy"], sending, bounds.TICKETS_ROLE) == []


OPENED = [kind.value for kind in ChangeKind if kind is not ChangeKind.RESOLVED]
#: The rules that send a change to each system; a resolved one has no severity.
SENT: Mapping[tuple[str, str | None], set[str]] = {
    ("resolved", None): {"jira change", "pagerduty resolve", "servicenow clear"},
    **{
        (change, severity): {"jira change", f"servicenow {severity}"}
        for change in OPENED
        for severity in ("critical", "warning", "info")
    },
    **{
        (change, severity): {"jira change", "pagerduty trigger", f"servicenow {severity}"}
        for change in ("new", "worse")
        for severity in ("critical", "warning")
    },
}


@pytest.mark.nightly
def test_each_change_of_a_finding_is_sent_once_to_each_system_that_wants_it(
    other_lives: Mapping[str, Life],
) -> None:
    rules = {
        " ".join(rule["name"].split("-")[-2:]): EventPattern.load(rule["event_pattern"])
        for rule in resources(other_lives["tickets"], "aws_cloudwatch_event_rule")
    }

    def matching(change: str, severity: str | None) -> set[str]:
        finding = {"severity": severity} if severity else None
        detail = {"instance": "shop-watch", "change": change, "finding": finding}
        event: Any = {"source": SOURCE, "detail-type": DetailType.FINDING.value, "detail": detail}
        return {name for name, pattern in rules.items() if pattern.matches_event(event)}

    assert {case: matching(*case) for case in SENT} == SENT


def asking(who: str, action: str, resource: str, **context: tuple[str, ...]) -> Ask:
    """Return the request of a role for a permission."""
    named = {"aws:PrincipalArn": (who,), **context}
    return Ask(Principal(who), Permission(action, resource, named))


def wrong(policy: str, asks: list[Ask], bound: Mapping[str, Bounds]) -> list[str]:
    """Return the errors of an example's policy, whose statements must all exist."""
    document = json.loads(policy)
    assert sids(document) == bound.keys()
    return faults(document, asks, bound, known=bounds.KNOWN)


def resources(life: Life, kind: str) -> list[Mapping[str, Any]]:
    """Return the stack's own resources of a type, in the order of the addresses."""
    return [
        values
        for address, values in sorted(life.resources.items())
        if address.startswith(f"{kind}.")
    ]


def statements(life: Life, kind: str) -> list[dict[str, Any]]:
    return [
        statement
        for policy in resources(life, kind)
        for statement in json.loads(policy["policy"])["Statement"]
    ]
