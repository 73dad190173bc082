"""The deployed zip, with the deployed environment, under the deployed roles.

A denied call fails these tests, and so does a permission that no scenario needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.aws.permissions import Function, Setting
from tests.embedded_aws.calls import Call
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.principals import role_policy
from tests.embedded_aws.secrets import secret_key
from tests.embedded_aws.services import lambda_does_its_part
from tests.embedded_aws.topics import customer_key
from tests.estates import showcase
from tests.estates.imports import Imported, imported
from tests.estates.troubles import Troubles, fill
from tests.harness.deployed import Invocation, invoke
from tests.harness.proof import Ask, granted
from tests.harness.terraform import Workspace, side_by_side
from tests.terraform import bounds
from tests.terraform.policies import (
    BESIDE,
    about,
    alarms,
    assuming,
    declared,
    of_resource,
    of_role,
    of_trust,
    rules,
    sids,
)

pytestmark = pytest.mark.terraform

HOME, AWAY, ZONE_OWNER = "300000000001", "300000000002", "300000000003"
#: The second region has the certificates of CloudFront and Cognito.
REGIONS = ("eu-west-1", "us-east-1")
ELSEWHERE, TROUBLED = "shop.example.net", "troubled.example.org"
PASSPHRASE = "correct horse TELLTALE"
VALIDATOR = f"arn:aws:iam::{ZONE_OWNER}:role/validator"
#: One imported, one renewed for its export, and two replaced in each region.
RENEWED = 6


@dataclass(frozen=True)
class Deployment:
    """An applied stack, with the results of its functions."""

    cloud: Cloud
    account: str
    outputs: dict[str, Any]

    def invoke(self, function: str, event: object) -> Invocation:
        name = self.outputs[f"{function}_function_name"]
        return invoke(self.cloud, name, event, account=self.account)

    def end_the_soak(self) -> None:
        """Set every verification to a past date, because the function uses the real clock."""
        table = self.outputs["ledger_table_name"]
        dynamodb = self.cloud.client("dynamodb", account=self.account)
        for item in dynamodb.scan(TableName=table)["Items"]:
            if item.get("state") == {"S": "verified"}:
                long_ago = {"S": "2026-01-01T00:00:00.000000+00:00"}
                dynamodb.put_item(TableName=table, Item={**item, "verified_at": long_ago})

    def result(self, function: str, event: object) -> dict[str, Any]:
        invocation = self.invoke(function, event)
        assert invocation.error is None, str(invocation.error.message)
        result: dict[str, Any] = invocation.result
        return result

    def role(self, function: str) -> str:
        arn: str = self.outputs[f"{function}_role_arn"]
        return arn

    def granted(self, function: str) -> set[str]:
        return granted(role_policy(self.role(function)))


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def zone_elsewhere(cloud: Cloud) -> str:
    """Create a zone in another account, and the role that may write to it."""
    zone_id = cloud.zones.add(ELSEWHERE, account=ZONE_OWNER)
    iam = cloud.client("iam", account=ZONE_OWNER)
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{AWAY}:root"},
    }
    allow = {
        "Effect": "Allow",
        "Action": ["route53:ListResourceRecordSets", "route53:ChangeResourceRecordSets"],
        "Resource": f"arn:aws:route53:::hostedzone/{zone_id}",
    }
    iam.create_role(RoleName="validator", AssumeRolePolicyDocument=_policy(trust))
    iam.put_role_policy(RoleName="validator", PolicyName="records", PolicyDocument=_policy(allow))
    return zone_id


@dataclass(frozen=True)
class ExportTarget:
    """A certificate whose exported copy expires soon, with its secrets."""

    certificate_arn: str
    secret_arn: str
    passphrase_arn: str

    @property
    def variable(self) -> dict[str, dict[str, str]]:
        secrets = {
            "secret_arn": self.secret_arn,
            "passphrase_secret_arn": self.passphrase_arn,
        }
        return {self.certificate_arn: secrets}


@pytest.fixture(scope="module")
def export(cloud: Cloud) -> ExportTarget:
    """Create the resources that the variables of the stack refer to."""
    secrets = cloud.client("secretsmanager", account=HOME)
    return ExportTarget(
        cloud.certificates.add(
            account=HOME,
            domain_name="edge.internal.example",
            type="PRIVATE",
            exported=True,
            # Otherwise ACM would start by itself, 60 days before expiry.
            eligibility="INELIGIBLE",
            not_after=cloud.now + timedelta(days=20),
        ),
        secrets.create_secret(Name="edge")["ARN"],
        secrets.create_secret(Name="passphrase", SecretString=PASSPHRASE)["ARN"],
    )


@pytest.fixture(scope="module")
def shop(cloud: Cloud) -> Imported:
    """Import a certificate whose source is a secret with a customer managed key."""
    key = kms_key(cloud)
    return imported(cloud, name=f"imported.{showcase.ZONE}", account=HOME, KmsKeyId=key)


def kms_key(cloud: Cloud) -> str:
    """Create a customer managed key and return its ARN."""
    return str(cloud.client("kms", account=HOME).create_key()["KeyMetadata"]["Arn"])


def sources(shop: Imported) -> dict[str, object]:
    """Return the input that makes the secret the source of the certificate."""
    key = secret_key(shop.secret_arn)
    return {"import_sources": {shop.arn: {"secret_arn": shop.secret_arn, "kms_key_arn": key}}}


@pytest.fixture(scope="module")
def deployments(
    cloud: Cloud, zone_elsewhere: str, export: ExportTarget, shop: Imported
) -> Iterator[dict[str, Deployment]]:
    """Apply all stacks in parallel, because most of an apply is waiting."""
    variables: dict[str, dict[str, object]] = {
        HOME: {
            "domain_name": showcase.ZONE,
            "export_targets": export.variable,
            "function": {"kms_key": {"arn": kms_key(cloud)}, "role_path": "/certificates/"},
            "issue_on_apply": False,
            "limits": {"changes_per_run": 1_000},
            "notifications": {"event_bus": {"name": "default"}, "security_hub": True},
            "rebind_consumers": True,
            "regions": REGIONS,
            "report": {"bucket_name": f"reports-{HOME}"},
            "retire_superseded_after_days": 1,
            # Certificates of all kinds and issuers are changed.
            "unmanaged_rotation_mode": "replace",
            **sources(shop),
        },
        AWAY: {
            "domain_name": f"*.{ELSEWHERE}",
            "issue_on_apply": False,
            "rotation_mode": "notify",
            **sources(imported(cloud, name=f"imported.{ELSEWHERE}", account=AWAY)),
            "hosted_zones": {
                ELSEWHERE: {"zone_id": zone_elsewhere, "role_arn": VALIDATOR},
            },
        },
    }

    def deploy(account: str) -> tuple[str, Workspace, Deployment]:
        environment = cloud.environment(account=account)
        workspace = Workspace(".", environment, variables=variables[account])
        workspace.apply()
        return account, workspace, Deployment(cloud, account, workspace.output())

    with side_by_side(len(variables)) as pool:
        applied = list(pool.map(deploy, variables))
    yield {account: deployment for account, _, deployment in applied}
    for _, workspace, _ in applied:
        workspace.__exit__(None, None, None)


@pytest.fixture(scope="module")
def home(cloud: Cloud, deployments: dict[str, Deployment]) -> Deployment:
    """Run both functions through all of their actions in their own account."""
    deployment = deployments[HOME]
    cloud.security_hub.enable(HOME)
    showcase.fill(cloud, HOME)
    showcase.fill_other_stores(cloud, HOME)
    cloud.forget_calls()
    return deployment


@pytest.fixture(scope="module")
def troubles(cloud: Cloud, home: Deployment) -> Troubles:
    cloud.zones.add(TROUBLED, account=home.account)
    # Ignore the calls of other tests.
    cloud.forget_calls()
    return fill(cloud, home.account, TROUBLED, REGIONS)


@pytest.fixture(scope="module")
def given_up(troubles: Troubles) -> str:
    """Return the certificate that ACM no longer renews and that all consumers use."""
    return troubles.given_up["eu-west-1"]


@dataclass(frozen=True)
class Story:
    """The results of both functions, and all of their AWS calls."""

    created: dict[str, Any]
    rotated: dict[str, Any]
    calls: list[Call]

    def used(self, role_arn: str) -> set[str]:
        return {
            action for call in self.calls if call.principal == role_arn for action in call.actions
        }


@pytest.fixture(scope="module")
def story(cloud: Cloud, home: Deployment, troubles: Troubles) -> Story:
    ssm = cloud.client("ssm", account=HOME)
    pointer = "/certificate-lifecycle/certificates/main/arn"
    ssm.put_parameter(Name=pointer, Value="pending", Type="String")
    created = home.result("creation", {"wait_seconds": 30, "parameter": pointer})
    # Its own certificate again, with a further tag.
    home.result("creation", {"tags": {"Team": "shop"}})
    # The pointer of a declared certificate that ACM no longer renews.
    declared_arn = troubles.given_up["eu-west-1"]
    ssm.put_parameter(Name=pointer, Value=declared_arn, Overwrite=True)
    authority = next(
        entry
        for entry in cloud.authorities.all
        if entry.startswith(f"arn:aws:acm-pca:eu-west-1:{HOME}:")
    )
    internal = {"certificate_authority_arn": authority, "domain_name": f"internal.{showcase.ZONE}"}
    home.result("creation", internal)
    rotated = home.result("rotation", {"source": "aws.events"})
    home.end_the_soak()
    home.result("rotation", {"certificate_arns": troubles.replaced})
    for function in ("creation", "rotation"):
        lambda_does_its_part(cloud, home.outputs[f"{function}_function_name"], HOME)
    return Story(created, rotated, cloud.calls)


def test_the_deployed_rotation_function_replaces_moves_and_retires(
    cloud: Cloud, story: Story, given_up: str
) -> None:
    (action,) = [a for a in story.rotated["actions"] if a["certificate_arn"] == given_up]
    (successor,) = [
        entry
        for entry in cloud.certificates.all()
        if entry.tags.get("certificate-lifecycle:replaces") == given_up
    ]

    assert (action["action"], action["outcome"]) == ("Replace", "done")
    shown = repr(cloud.consumers.snapshot())
    assert given_up not in shown
    assert shown.count(successor.arn) >= 4
    assert given_up not in {item.arn for item in cloud.certificates.all()}


def test_the_deployed_creation_function_issues_the_configured_certificate(
    cloud: Cloud, story: Story
) -> None:
    assert (story.created["status"], story.created["created"]) == ("ISSUED", True)
    certificate = cloud.certificates.get(story.created["certificate_arn"])
    assert list(certificate.names) == [showcase.ZONE]


def test_the_deployed_creation_function_finds_its_certificate_again(
    home: Deployment, story: Story
) -> None:
    again = home.result("creation", {})

    assert again["certificate_arn"] == story.created["certificate_arn"]
    assert not again["created"]


def test_the_deployed_rotation_function_mends_a_blocked_renewal(cloud: Cloud, story: Story) -> None:
    domain_name = f"api.{showcase.ZONE}"
    (finding,) = [f for f in story.rotated["findings"] if f["domain_name"] == domain_name]
    (record,) = cloud.certificates.records(finding["certificate_arn"])

    assert finding["verdict"] == "RenewalBlocked"
    assert cloud.zones.resolve(record.name) == (record.value,)


def test_the_deployed_rotation_function_imports_what_is_newer(
    cloud: Cloud, story: Story, shop: Imported
) -> None:
    (action,) = [a for a in story.rotated["actions"] if a["certificate_arn"] == shop.arn]

    assert (action["action"], action["outcome"]) == ("Reimport", "done")
    assert story.rotated["renewed_certificates"] == RENEWED
    left = (shop.certificate.not_after or cloud.now) - cloud.now
    assert left > timedelta(days=299)


def test_the_deployed_rotation_function_tells_people(
    cloud: Cloud, home: Deployment, story: Story
) -> None:
    message = cloud.topics.messages(home.outputs["sns_topic_arn"])[0]

    assert story.rotated["notification"]["sent"]
    assert f"api.{showcase.ZONE}" in message.to("email")


def test_the_deployed_rotation_function_exports_and_renews(
    cloud: Cloud, story: Story, export: ExportTarget
) -> None:
    secrets = cloud.client("secretsmanager", account=HOME)
    held = json.loads(secrets.get_secret_value(SecretId=export.secret_arn)["SecretString"])
    (action,) = [
        action
        for action in story.rotated["actions"]
        if action["certificate_arn"] == export.certificate_arn
    ]

    assert held["certificate_arn"] == export.certificate_arn
    assert held["serial"] == cloud.certificates.get(export.certificate_arn).serial
    assert (action["action"], action["outcome"]) == ("Export", "started")
    assert story.rotated["renewed_certificates"] == RENEWED


@pytest.mark.usefixtures("story")
def test_neither_key_nor_passphrase_is_logged_even_at_the_loudest(
    cloud: Cloud, home: Deployment, export: ExportTarget
) -> None:
    """The SDK's DEBUG log contains whole requests and responses."""
    secrets = cloud.client("secretsmanager", account=HOME)
    key = json.loads(secrets.get_secret_value(SecretId=export.secret_arn)["SecretString"])
    line = key["private_key"].splitlines()[5]
    name = home.outputs["rotation_function_name"]
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"}
    functions = cloud.client("lambda", account=HOME)
    before = functions.get_function_configuration(FunctionName=name)["LoggingConfig"]
    cloud.certificates.edit(export.certificate_arn, serial="0a:0b", renewal=None)
    functions.update_function_configuration(FunctionName=name, LoggingConfig=logging)

    invocation = home.invoke("rotation", {})

    functions.update_function_configuration(FunctionName=name, LoggingConfig=before)
    logged = "\n".join(invocation.logs)
    assert "DEBUG" in {record.get("level") for record in invocation.records}
    assert "exported the issue 0a:0b" in logged
    assert not [secret for secret in ("TELLTALE", "PRIVATE KEY", line) if secret in logged]


def test_a_bad_event_names_every_fault_and_reaches_no_service(
    cloud: Cloud, home: Deployment
) -> None:
    before = len(cloud.calls)

    failure = home.invoke("creation", {"domain_name": "exa mple", "dryrun": True}).error

    assert failure is not None
    assert failure.type == "ConfigurationError"
    assert "domain_name" in failure.message
    assert "dryrun" in failure.message
    assert [c for c in cloud.calls[before:] if c.principal and c.operation != "AssumeRole"] == []


def test_logs_are_json_with_the_verdict_as_a_key_of_its_own(home: Deployment) -> None:
    invocation = home.invoke("rotation", {"dry_run": True})

    verdicts = {record.get("verdict") for record in invocation.records}
    assert {"RenewalBlocked", "ImportDue"} <= verdicts


class TestTheRolesAtHome:
    def test_refuse_nothing_that_the_functions_do(self, story: Story) -> None:
        assert [(c.operation, c.reason) for c in story.calls if not c.allowed] == []

    def test_need_the_topics_key_to_publish(self, home: Deployment, story: Story) -> None:
        used = story.used(home.outputs["rotation_role_arn"])

        assert {"sns:Publish", "kms:Decrypt"} <= used

    def test_open_the_source_of_a_certificate_with_its_key_and_nothing_else_with_it(
        self, cloud: Cloud, home: Deployment, story: Story, shop: Imported
    ) -> None:
        readings = [
            call for call in story.calls if call.parameters.get("SecretId") == shop.secret_arn
        ]

        assert {call.actions for call in readings} == {
            ("secretsmanager:GetSecretValue", "kms:Decrypt")
        }
        assert {call.principal for call in readings} == {home.outputs["rotation_role_arn"]}
        kms = cloud.client("kms", account=HOME, role_arn=home.outputs["rotation_role_arn"])
        with pytest.raises(kms.exceptions.ClientError, match="not authorized"):
            kms.decrypt(KeyId=secret_key(shop.secret_arn), CiphertextBlob=b"x")


@pytest.fixture(scope="module")
def away(cloud: Cloud, deployments: dict[str, Deployment]) -> Deployment:
    deployment = deployments[AWAY]
    cloud.certificates.add(
        account=AWAY,
        domain_name=f"api.{ELSEWHERE}",
        not_after=cloud.now + timedelta(days=20),
        in_use_by=["arn:aws:cloudfront::300000000002:distribution/E1"],
        renewal_status="PENDING_VALIDATION",
    )
    return deployment


@pytest.fixture(scope="module")
def issued_away(cloud: Cloud, away: Deployment) -> Story:
    """Let both functions validate in a zone of another account."""
    before = len(cloud.calls)
    created = away.result("creation", {"wait_seconds": 30})
    rotated = away.result("rotation", {"dry_run": True})
    return Story(created, rotated, cloud.calls[before:])


class TestTheRolesAway:
    def test_write_to_the_zone_of_another_account_through_its_role(
        self, cloud: Cloud, issued_away: Story, zone_elsewhere: str
    ) -> None:
        (record,) = issued_away.created["validation_records"]
        written = cloud.zones.records(zone_elsewhere)
        assert issued_away.created["status"] == "ISSUED"
        assert written[record["name"].rstrip("."), "CNAME"] == (record["value"],)

    @pytest.mark.parametrize("function", ["creation", "rotation"])
    def test_reach_the_role_of_that_zone_and_no_other(
        self, away: Deployment, issued_away: Story, function: str
    ) -> None:
        arn = away.role(function)

        assert of_role(issued_away.calls, arn, bounds.ROTATION, *bounds.AWAY) == []

    def test_may_touch_no_zone_of_their_own_account(self, away: Deployment) -> None:
        granted = away.granted("creation") | away.granted("rotation")

        assert "sts:AssumeRole" in granted
        assert not {action for action in granted if action.startswith("route53:")}

    def test_may_neither_read_a_source_nor_import_in_mode_notify(self, away: Deployment) -> None:
        granted = away.granted("rotation")

        assert (
            "IMPORT_SOURCES"
            in away.cloud.function(away.outputs["rotation_function_name"], account=AWAY).environment
        )
        assert not {action for action in granted if action.startswith("secretsmanager:")}
        assert not {"acm:GetCertificate", "acm:ImportCertificate"} & granted

    def test_change_nothing_in_mode_notify_and_explain_all_the_same(
        self, cloud: Cloud, away: Deployment, zone_elsewhere: str
    ) -> None:
        before = cloud.zones.records(zone_elsewhere)

        result = away.result("rotation", {})

        (finding,) = [f for f in result["findings"] if f["domain_name"] == f"api.{ELSEWHERE}"]
        assert (finding["verdict"], finding["reason"]) == (
            "RenewalBlocked",
            "ValidationRecordMissing",
        )
        assert cloud.zones.records(zone_elsewhere) == before


@pytest.mark.parametrize(
    ("function", "service", "operation", "parameters"),
    [
        pytest.param(
            "creation",
            "acm",
            "request_certificate",
            {"DomainName": "other.example.com", "ValidationMethod": "DNS"},
            id="a certificate for a domain that is not allowed",
        ),
        pytest.param(
            "creation",
            "acm",
            "request_certificate",
            {"DomainName": showcase.ZONE, "ValidationMethod": "EMAIL"},
            id="a certificate that people have to approve by e-mail",
        ),
        pytest.param(
            "creation",
            "acm",
            "delete_certificate",
            {"CertificateArn": f"arn:aws:acm:eu-west-1:{HOME}:certificate/any"},
            id="deleting a certificate",
        ),
        pytest.param(
            "rotation",
            "acm",
            "request_certificate",
            {"DomainName": showcase.ZONE, "ValidationMethod": "DNS"},
            id="a request that does not say what it replaces",
        ),
        pytest.param(
            "rotation",
            "acm",
            "delete_certificate",
            {"CertificateArn": f"arn:aws:acm:eu-west-1:{HOME}:certificate/any"},
            id="deleting a certificate that is not marked as replaced",
        ),
        pytest.param(
            "rotation",
            "acm",
            "add_tags_to_certificate",
            {
                "CertificateArn": f"arn:aws:acm:eu-west-1:{HOME}:certificate/any",
                "Tags": [{"Key": "ManagedBy", "Value": "me"}],
            },
            id="another tag",
        ),
        pytest.param(
            "rotation",
            "dynamodb",
            "put_item",
            {"TableName": "another", "Item": {"scope": {"S": "a"}}},
            id="another table",
        ),
        pytest.param(
            "rotation",
            "acm",
            "export_certificate",
            {
                "CertificateArn": f"arn:aws:acm:eu-west-1:{HOME}:certificate/any",
                "Passphrase": "correct horse",
            },
            id="exporting a certificate that has no target",
        ),
        pytest.param(
            "rotation",
            "acm",
            "import_certificate",
            {
                "CertificateArn": f"arn:aws:acm:eu-west-1:{HOME}:certificate/other",
                "Certificate": b"x",
                "PrivateKey": b"y",
            },
            id="an import under an ARN that has no source",
        ),
        pytest.param(
            "rotation",
            "acm",
            "import_certificate",
            {"Certificate": b"x", "PrivateKey": b"y"},
            id="an import of a further certificate",
        ),
        pytest.param(
            "rotation",
            "secretsmanager",
            "get_secret_value",
            {"SecretId": f"arn:aws:secretsmanager:eu-west-1:{HOME}:secret:other-AbCdEf"},
            id="another secret",
        ),
        pytest.param(
            "rotation", "sns", "publish", {"Message": "x"}, id="publishing to another topic"
        ),
    ],
)
def test_aws_refuses_what_is_none_of_their_business(
    cloud: Cloud,
    home: Deployment,
    function: str,
    service: str,
    operation: str,
    parameters: dict[str, Any],
) -> None:
    client = cloud.client(service, account=HOME, role_arn=home.outputs[f"{function}_role_arn"])
    if operation == "publish":
        other = cloud.client("sns", account=HOME).create_topic(Name="other")["TopicArn"]
        parameters = {**parameters, "TopicArn": other}

    with pytest.raises(client.exceptions.ClientError, match=r"not authorized|AccessDenied"):
        getattr(client, operation)(**parameters)


class TestThePoliciesAtHome:
    """The policies grant exactly the recorded calls: every variant differs in one of them."""

    @pytest.mark.usefixtures("story")
    def test_have_every_statement_that_no_other_stack_is_for(self, home: Deployment) -> None:
        creation, rotation = role_policy(home.role("creation")), role_policy(home.role("rotation"))

        assert sids(creation) == (
            bounds.creation(showcase.ZONE).keys() - {*bounds.AWAY, *bounds.DESTROYED}
        )
        elsewhere = {*bounds.AWAY, *bounds.MEMBERS, *bounds.ORGANIZATION}
        assert sids(rotation) == bounds.ROTATION.keys() - elsewhere

    def test_grant_creation_exactly_what_it_does(self, home: Deployment, story: Story) -> None:
        bound = bounds.creation(showcase.ZONE)

        assert of_role(story.calls, home.role("creation"), bound) == []

    def test_grant_rotation_exactly_what_it_does(self, home: Deployment, story: Story) -> None:
        assert of_role(story.calls, home.role("rotation"), bounds.ROTATION) == []

    @pytest.mark.parametrize("function", Function)
    def test_grant_what_is_declared(
        self, home: Deployment, away: Deployment, function: Function
    ) -> None:
        """Permissions for other accounts, organizations and deletions are tested there."""
        elsewhere = {
            *(Setting.ACCOUNTS, Setting.ORGANIZATION, Setting.ZONE_ROLES, Setting.ON_DESTROY)
        }
        granted_here = home.granted(function) - BESIDE

        assert granted_here == declared(function, set(Setting) - elsewhere) - BESIDE
        assert "sts:AssumeRole" in away.granted(function)

    def test_are_what_parliament_takes_for_good(
        self, home: Deployment, parliament: Callable[..., set[str]]
    ) -> None:
        documents = [role_policy(home.role(function)) for function in ("creation", "rotation")]

        assert parliament(*documents) == bounds.PARLIAMENT.keys()

    @pytest.mark.parametrize("function", ["creation", "rotation"])
    def test_let_only_lambda_assume_the_roles(self, home: Deployment, function: str) -> None:
        assert of_trust(home.role(function), assuming("lambda.amazonaws.com")) == []

    def test_let_own_alarms_publish_only_with_tls(self, home: Deployment, story: Story) -> None:
        topic = home.outputs["sns_topic_arn"]
        asks = [ask for ask in self.alarms(home) if ask.permission.resource == topic]

        needed = [*asks, *about(story.calls, "sns", topic)]
        assert of_resource(topic, needed, bounds.TOPIC) == []

    def test_leave_the_topics_key_to_the_roles_and_to_own_alarms(
        self, home: Deployment, story: Story
    ) -> None:
        key = str(customer_key(home.outputs["sns_topic_arn"]))
        asks = [ask for ask in self.alarms(home) if ask.permission.resource == key]

        needed = [*asks, *about(story.calls, "kms", key)]
        assert of_resource(key, needed, bounds.KEY, alone=True) == []

    def test_let_just_two_rules_start_the_function(self, home: Deployment) -> None:
        function = home.outputs["rotation_function_arn"]
        clock = home.outputs["schedule_rule_arn"]
        names = ("-rotation", "-acm-events")
        starting = [clock.replace("-rotation", name) for name in names]

        assert of_resource(function, rules(function, *starting), bounds.FUNCTION) == []

    @staticmethod
    def alarms(home: Deployment) -> list[Ask]:
        topic = home.outputs["sns_topic_arn"]
        alarm = f"arn:aws:cloudwatch:eu-west-1:{HOME}:alarm:certificate-lifecycle-rotation-errors"
        return alarms(topic, str(customer_key(topic)), alarm)
