"""Stacks of earlier versions are upgraded in place.

The earlier function runs before the upgrade and the current one after it, with the same state.
Stacks with a state table can also go back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.harness import versions
from tests.harness.deployed import Invocation, invoke
from tests.harness.terraform import Workspace
from tests.terraform.conftest import existing, kind

pytestmark = pytest.mark.terraform

VERSIONS = versions.names()
#: The version with all that later versions cut; it stands for the others in `make check`.
CHECKED = "pulse"
ZONE = "upgraded.example.com"
NAME = "shop-certificates"
#: The inputs of the earlier versions, and the same settings in the inputs of the current one.
OLD_INPUTS = {
    "critical_threshold_days": 5,
    "domain_name": ZONE,
    "include_www": True,
    "key_algorithm": "EC_prime256v1",
    "log_retention_days": 30,
    "name_prefix": NAME,
    "notifications": {"email_addresses": ["ops@example.com"]},
}
NEW_INPUTS = {
    "certificates": {
        "main": {"domain_name": ZONE, "include_www": True, "key_algorithm": "EC_prime256v1"}
    },
    "function": {"log_retention_days": 30},
    "name_prefix": NAME,
    # With the address as its key, a subscription stays the same resource.
    "notifications": {"email_addresses": {"ops@example.com": "ops@example.com"}},
    "thresholds": {"critical_days": 5},
    "unmanaged_rotation_mode": "replace",
}
#: Resources that lose data or subscribers if they are recreated.
LASTING = {
    "aws_cloudwatch_log_group",
    "aws_dynamodb_table",
    "aws_iam_role",
    "aws_kms_key",
    "aws_lambda_function",
    "aws_sns_topic",
    "aws_sns_topic_subscription",
}
#: Resources that the current version no longer has: the hourly heartbeat and its alarms.
CUT = (
    "module.pulse[0].",
    *(
        f'module.watch[0].aws_cloudwatch_metric_alarm.this["{name}"]'
        for name in ["overdue", "silent", "undeliverable", "undelivered", "unheard", "unrepaired"]
    ),
)
GIVEN_UP, IMPORTED = f"given-up.{ZONE}", f"imported.{ZONE}"
#: Of a type that no version knows: earlier versions have stored another reason for that.
UNKNOWN = f"unknown.{ZONE}"

Items = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Run:
    """One run of the deployed function, with the topic and the table after it."""

    invocation: Invocation
    messages: list[Any]
    remembered: Items

    @property
    def notified(self) -> set[str]:
        """The new or changed findings of the message; early versions call all of them new."""
        return {
            change["certificate_arn"]
            for message in self.messages
            for change in message.get("changes", message["findings"])
        }


@dataclass(frozen=True)
class Upgrade:
    """The stack before, the changes, and the stack after."""

    before: set[tuple[str, str]]
    first: Run
    actions: Mapping[str, str]
    after: set[tuple[str, str]]
    unsettled: list[str]
    remembered: Items
    second: Run
    third: Run
    #: With the earlier version again, if it has a table.
    back: Run | None
    #: The certificate that the creation function of the earlier version issued.
    issued: str
    #: The certificates at the end, by name, and the calls that IAM denied.
    certificates: Mapping[str, list[str]]
    refused: list[str]
    left_in_aws: list[str]


@dataclass(frozen=True)
class Site:
    """An account with a stack."""

    cloud: Cloud
    account: str
    stack: Workspace

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        return self.cloud.client(service, account=self.account)

    def furnish(self) -> None:
        """Add a certificate to replace, one to import, and one of an unknown type."""
        self.cloud.zones.add(ZONE, account=self.account)
        balancer = f"arn:aws:elasticloadbalancing:eu-west-1:{self.account}:loadbalancer/app/shop/50"
        common: dict[str, Any] = {
            "account": self.account,
            "in_use_by": [balancer],
            "not_after": self.cloud.now + timedelta(days=5),
        }
        self.cloud.certificates.add(domain_name=GIVEN_UP, renews=False, **common)
        self.cloud.certificates.add(domain_name=IMPORTED, type="IMPORTED", **common)
        self.cloud.certificates.add(domain_name=UNKNOWN, type="QUANTUM", **common)

    def issue(self) -> str:
        """Issue the configured certificate, and return its ARN."""
        event = {"wait_seconds": 30}
        created = invoke(self.cloud, f"{NAME}-creation", event, account=self.account)
        arn: str = created.result["certificate_arn"]
        return arn

    def run(self) -> Run:
        topic = f"arn:aws:sns:eu-west-1:{self.account}:{NAME}-notifications"
        before = len(self.cloud.topics.messages(topic))
        event = {"source": "aws.events", "detail-type": "Scheduled Event"}
        invocation = invoke(self.cloud, f"{NAME}-rotation", event, account=self.account)
        messages = self.cloud.topics.messages(topic)[before:]
        parsed = [json.loads(message.to("sqs")) for message in messages]
        return Run(invocation, parsed, self.remembered())

    def resources(self) -> set[tuple[str, str]]:
        """Return every resource by type and AWS id, at any address."""
        found = self.stack.resources().items()
        return {(kind(address), attributes["id"]) for address, attributes in found}

    def remembered(self) -> Items:
        dynamodb = self.client("dynamodb")
        if f"{NAME}-ledger" not in dynamodb.list_tables()["TableNames"]:
            return {}
        items = dynamodb.scan(TableName=f"{NAME}-ledger")["Items"]
        return {(item["scope"]["S"], item["entry"]["S"]): item for item in items}

    def certificates(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        every = {"keyTypes": ["RSA_2048", "EC_prime256v1"]}
        pages = self.client("acm").get_paginator("list_certificates").paginate(Includes=every)
        for row in (row for page in pages for row in page["CertificateSummaryList"]):
            found.setdefault(row["DomainName"], []).append(row["CertificateArn"])
        return found


def upgrade(cloud: Cloud, version: str, account: str) -> Upgrade:
    files = versions.files(version)
    with Workspace(
        ".",
        cloud.environment(account=account),
        variables=OLD_INPUTS,
        version=files,
    ) as stack:
        site = Site(cloud, account, stack)
        site.furnish()
        stack.apply()
        before, issued, first = site.resources(), site.issue(), site.run()
        stack.become()
        stack.variables = NEW_INPUTS
        actions = stack.change()
        after, unsettled, remembered = site.resources(), stack.changes(), site.remembered()
        second, third, back = site.run(), site.run(), None
        if remembered:
            stack.become(files)
            stack.variables = OLD_INPUTS
            stack.apply()
            back = site.run()
            stack.become()
            stack.variables = NEW_INPUTS
            stack.apply()
        stack.destroy()
        return Upgrade(
            before,
            first,
            actions,
            after,
            unsettled,
            remembered,
            second,
            third,
            back,
            issued,
            site.certificates(),
            [str(call.reason) for call in cloud.refusals if call.account == account],
            existing(cloud, account),
        )


class Upgrades(dict[str, Upgrade]):
    """Upgrades by the version before, each done when the first test needs it."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self._cloud = cloud

    def __missing__(self, version: str) -> Upgrade:
        account = f"{350000000001 + VERSIONS.index(version):012}"
        self[version] = upgrade(self._cloud, version, account)
        return self[version]


@pytest.fixture(scope="module")
def upgrades(cloud: Cloud) -> Upgrades:
    return Upgrades(cloud)


def marked(*names: str) -> list[Any]:
    """Return the parameters for these versions, only one of them for `make check`."""
    return [
        pytest.param(name, marks=() if name == CHECKED else pytest.mark.nightly) for name in names
    ]


@pytest.fixture(params=marked(*VERSIONS))
def upgraded(upgrades: Upgrades, request: pytest.FixtureRequest) -> Upgrade:
    return upgrades[request.param]


@pytest.fixture(params=marked("ledger", "pulse"))
def with_ledger(upgrades: Upgrades, request: pytest.FixtureRequest) -> Upgrade:
    """Return an upgrade of a version that has a state table."""
    return upgrades[request.param]


def test_the_versions_that_people_may_have_are_kept() -> None:
    assert {"first", "ledger", "pulse"} <= set(VERSIONS)


def test_nothing_is_replaced_and_nothing_goes_but_what_was_cut(upgraded: Upgrade) -> None:
    """A resource with a new address needs a `moved` block, or it is destroyed and recreated."""
    gone = {address for address, action in upgraded.actions.items() if action == "delete"}
    assert {address for address in gone if not address.startswith(CUT)} == set()
    assert set(upgraded.actions.values()) <= {"create", "delete", "move", "update"}
    assert len(upgraded.before - upgraded.after) == len(gone)
    assert upgraded.after - upgraded.before
    # The first version had all of these resources except the table.
    assert LASTING - {found for found, _ in upgraded.before} <= {"aws_dynamodb_table"}


def test_one_apply_is_enough(upgraded: Upgrade) -> None:
    assert upgraded.unsettled == []


def test_an_apply_adopts_the_certificate_that_the_function_issued_before(
    upgraded: Upgrade,
) -> None:
    assert upgraded.certificates[ZONE] == [upgraded.issued]


def test_the_functions_run_before_and_after_and_are_refused_nothing(upgraded: Upgrade) -> None:
    runs = (upgraded.first, upgraded.second, upgraded.third, upgraded.back)

    assert [run.invocation.error for run in runs if run is not None] == [None] * (
        4 if upgraded.remembered else 3
    )
    assert upgraded.refused == []


def test_what_the_ledger_holds_survives_and_is_understood(upgraded: Upgrade) -> None:
    assert upgraded.remembered == upgraded.first.remembered
    assert set(upgraded.first.remembered) <= set(upgraded.second.remembered)


def test_open_findings_are_not_sent_again_after_the_upgrade(upgraded: Upgrade) -> None:
    """Without an earlier table, all findings are new once more, but only once."""
    (imported,) = upgraded.certificates[IMPORTED]

    assert imported in upgraded.first.notified
    assert (imported in upgraded.second.notified) is (not upgraded.first.remembered)
    assert imported not in upgraded.third.notified


def test_a_finding_whose_reason_has_been_renamed_is_not_sent_again(with_ledger: Upgrade) -> None:
    (unknown,) = with_ledger.certificates[UNKNOWN]
    stored = with_ledger.first.remembered.values()

    assert "TypeNotUnderstood" in {item["reason"]["S"] for item in stored if "reason" in item}
    assert unknown in with_ledger.first.notified
    assert unknown not in with_ledger.second.notified | with_ledger.third.notified


def test_an_earlier_version_with_a_ledger_understands_what_a_later_one_has_written(
    with_ledger: Upgrade,
) -> None:
    """It sends at most the finding whose reason it knows under another word."""
    run = with_ledger.back
    assert run is not None
    (unknown,) = with_ledger.certificates[UNKNOWN]
    # The earliest versions do not list what has changed.
    changes = [entry for message in run.messages for entry in message.get("changes", [])]
    assert {entry["certificate_arn"] for entry in changes} <= {unknown}
    assert set(with_ledger.third.remembered) <= set(run.remembered)


def test_an_earlier_version_leaves_the_descriptions_that_a_later_one_remembers(
    with_ledger: Upgrade,
) -> None:
    """No earlier version has entries of this kind."""
    assert with_ledger.back is not None
    written = {
        key: item
        for key, item in with_ledger.third.remembered.items()
        if key[1].startswith("remembered#")
    }
    assert written
    assert written.items() <= with_ledger.back.remembered.items()


def test_the_pulse_goes_and_leaves_nothing_that_a_run_trips_over(upgrades: Upgrades) -> None:
    upgraded = upgrades["pulse"]

    assert ("aws_cloudwatch_event_rule", f"{NAME}-pulse") in upgraded.before - upgraded.after
    assert "run#last" in {entry for _, entry in upgraded.first.remembered}
    assert upgraded.second.invocation.error is None


def test_a_replacement_that_was_begun_before_goes_on_after(upgraded: Upgrade) -> None:
    """There is one successor, whichever version requested it."""
    assert len(upgraded.certificates[GIVEN_UP]) == 2
    assert len(upgraded.certificates[IMPORTED]) == 1


def test_destroy_leaves_nothing(upgraded: Upgrade) -> None:
    assert upgraded.left_in_aws == []
