"""The steps of a run over an organization, called as the state machine calls them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from certificate_lifecycle.aws.organizations import AwsOrganization
from certificate_lifecycle.model.errors import ConfigurationError, RotationError
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.integration.breakage import WAYS, Breakage
from tests.integration.effects import USED, documents, ending_in, listings
from tests.integration.invocation import (
    NOW,
    Function,
    KilledError,
    Wire,
    calls,
    kill,
    make_ledger,
)
from tests.integration.state_machine import (
    ACCOUNTS,
    BUCKET,
    ORGANIZATION,
    REGIONS,
    StateMachine,
    make_state_machine,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def machine(rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch) -> StateMachine:
    make_ledger(cloud, environment, "eu-west-1")
    return make_state_machine(rotation, cloud, environment)


@pytest.fixture
def due(machine: StateMachine, cloud: Cloud) -> dict[tuple[str, str], str]:
    """One certificate that needs attention in each account and region."""
    assert machine.run
    return {
        (account, region): cloud.certificates.add(
            account=account, region=region, type="IMPORTED", **USED, **ending_in(cloud, 20)
        )
        for account in ACCOUNTS
        for region in REGIONS
    }


# --- A whole run ------------------------------------------------------------------------------


def test_one_message_and_one_report_cover_all_accounts(
    machine: StateMachine,
    cloud: Cloud,
    due: dict[tuple[str, str], str],
    topic: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = machine.all()
    (document,) = documents(cloud, topic)
    assert {f["certificate_arn"] for f in document["findings"]} == set(due.values())
    report = machine.document("report.json")
    assert {f["certificate_arn"] for f in report["findings"]} == set(due.values())
    assert result["report"] == document["report"] == f"s3://{BUCKET}/runs/run-1/report.html"
    (figures,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (figures["Certificates"], figures["FailedScopes"]) == (6, 0)


def test_a_second_run_has_nothing_new_to_report(
    machine: StateMachine, cloud: Cloud, due: dict[tuple[str, str], str], topic: str
) -> None:
    assert due
    machine.all()
    cloud.advance(days=1)
    machine.run = "run-2"
    assert machine.all()["notification"]["reason"] == "nothing new to report"
    assert len(documents(cloud, topic)) == 1


def test_a_scan_step_makes_no_more_calls_than_a_run_in_the_account(
    machine: StateMachine,
) -> None:
    machine.step("list")
    machine.scan(ACCOUNTS[1])
    assert sorted(machine.rotation.operations) == [
        "AssumeRole",
        *["ListAcmeEndpoints"] * 2,
        *["ListCertificates"] * 2 * listings(1),
        "ListServerCertificates",
        # What the next run uses, of each region.
        *["PutItem"] * 2,
        "PutObject",
        *["Query"] * 2,
    ]


def test_the_aggregation_reads_each_result_once(machine: StateMachine) -> None:
    machine.step("list")
    machine.scan_all()
    machine.step("aggregate")
    assert sorted(machine.rotation.operations) == [
        *["GetObject"] * (1 + len(ACCOUNTS)),
        "ListObjectsV2",
        # The first message of an instance says that all is well.
        *("Publish", "PutItem"),
        *["PutObject"] * 3,
        "Query",
    ]


def test_a_certificate_of_an_account_is_replaced_and_reported_once(
    machine: StateMachine, cloud: Cloud, topic: str
) -> None:
    cloud.zones.add("example.com", account=ACCOUNTS[1])
    old = cloud.certificates.add(account=ACCOUNTS[1], renews=False, **USED, **ending_in(cloud, 5))
    machine.all()
    (new,) = [c for c in cloud.certificates.all() if c.arn != old]
    assert (new.account, new.tags["certificate-lifecycle:replaces"]) == (ACCOUNTS[1], old)
    (first,) = documents(cloud, topic)
    assert new.arn in json.dumps(first)
    cloud.advance(days=1)
    machine.run = "run-2"
    machine.all()
    for number, told in enumerate(documents(cloud, topic)):
        requested = [a for a in told["actions"] if "requested" in a["detail"]]
        assert bool(requested) is (number == 0)


def test_an_account_gets_only_the_changes_that_the_organization_allows(
    machine: StateMachine, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("ORGANIZATION", json.dumps({**ORGANIZATION, "rotation_mode": "notify"}))
    cloud.zones.add("example.com", account=ACCOUNTS[1])
    cloud.certificates.add(
        account=ACCOUNTS[1], renewal_status="PENDING_VALIDATION", **USED, **ending_in(cloud, 20)
    )
    machine.step("list")
    machine.scan(ACCOUNTS[1])
    assert machine.rotation.writes == ["PutObject"]


def test_each_account_has_its_own_scope(
    machine: StateMachine, cloud: Cloud, environment: pytest.MonkeyPatch, topic: str
) -> None:
    def covering(domain: str, **others: str) -> dict[str, Any]:
        return {"include": {"domains": [domain]}, **others}

    member = {"account_id": ACCOUNTS[1], "role_name": "special", "external_id": "x-2"}
    scope = covering("shop.example.com", others="report")
    everywhere = {**ORGANIZATION, "scope": covering("pay.example.com")}
    environment.setenv("SCOPE", json.dumps(covering("shop.example.com")))
    environment.setenv("ACCOUNTS", json.dumps([{**member, "scope": scope}]))
    environment.setenv("ORGANIZATION", json.dumps(everywhere))
    for account in ACCOUNTS[:3]:
        for name in ("shop.example.com", "pay.example.com"):
            cloud.certificates.add(
                account=account, type="IMPORTED", domain_name=name, **USED, **ending_in(cloud, 20)
            )
    assert machine.all()["ignored"] == 2
    (document,) = documents(cloud, topic)
    assert {
        (found["account_id"], found["domain_name"], found["outside_scope"])
        for found in document["findings"]
    } == {
        (ACCOUNTS[0], "shop.example.com", False),
        (ACCOUNTS[1], "shop.example.com", False),
        (ACCOUNTS[1], "pay.example.com", True),
        (ACCOUNTS[2], "pay.example.com", False),
    }


def test_the_settings_of_an_account_override_those_of_the_organization(
    machine: StateMachine, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    mine = {"account_id": ACCOUNTS[1], "role_name": "special", "external_id": "x-2"}
    environment.setenv("ACCOUNTS", json.dumps([mine]))
    machine.scan(ACCOUNTS[1])
    (assumed,) = [call for call in machine.rotation.calls if call.operation == "AssumeRole"]
    assert assumed.parameters["RoleArn"] == f"arn:aws:iam::{ACCOUNTS[1]}:role/special"
    assert assumed.parameters["ExternalId"] == "x-2"
    assert cloud.refusals == []


# --- Which accounts ---------------------------------------------------------------------------


def test_all_pages_of_the_organization_are_read_and_closed_accounts_left_out(
    machine: StateMachine, cloud: Cloud
) -> None:
    active = [f"{number:012}" for number in range(1, 46)]
    cloud.organization.add(*active)
    cloud.organization.add("999999999991", state="CLOSED")
    cloud.organization.add("999999999992", state="SUSPENDED")
    assert machine.step("list") == {"accounts": 48}
    assert machine.rotation.operations == [*["ListAccounts"] * 3, "PutObject"]
    listed = [item["account_id"] for item in machine.document("accounts.json")]
    assert listed == sorted([*active, *ACCOUNTS])


def test_accounts_that_are_given_need_no_organization(machine: StateMachine, cloud: Cloud) -> None:
    cloud.organization.trusted.clear()
    machine.step("list", accounts=[ACCOUNTS[1]], excluded_accounts=[])
    assert machine.rotation.operations == ["PutObject"]
    listed = [item["account_id"] for item in machine.document("accounts.json")]
    assert listed == [DEFAULT_ACCOUNT, ACCOUNTS[1]]


def test_an_account_without_access_to_organizations_fails_before_any_scan(
    machine: StateMachine, cloud: Cloud
) -> None:
    cloud.organization.trusted.clear()
    with pytest.raises(ClientError, match="AccessDenied"):
        machine.step("list")
    assert machine.rotation.operations == ["ListAccounts"]


#: The members that SDKs before and after September 2026 keep of an answer, and their meaning.
ANSWERS: Sequence[tuple[Mapping[str, str], bool | None]] = (
    ({"State": "ACTIVE"}, True),
    ({"State": "CLOSED", "Status": "ACTIVE"}, False),
    ({"State": "PENDING_ACTIVATION"}, False),
    ({"State": "PENDING_CLOSURE"}, False),
    ({"State": "RESTRICTED"}, None),
    ({"Status": "ACTIVE"}, True),
    ({"Status": "SUSPENDED"}, False),
    ({"Status": "RESTRICTED"}, None),
    ({}, None),
)


def test_the_state_of_an_account_is_read_from_the_answers_of_both_generations_of_sdks() -> None:
    client = boto3.client(
        "organizations", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        accounts = [{"Id": f"{number:012}", **state} for number, (state, _) in enumerate(ANSWERS)]
        stub.add_response("list_accounts", {"Accounts": accounts}, {})
        listed = list(AwsOrganization(lambda: client).accounts())
    assert [account.active for account in listed] == [active for _, active in ANSWERS]


def test_accounts_of_an_unknown_state_are_reported_as_not_scanned(
    machine: StateMachine, cloud: Cloud, due: dict[tuple[str, str], str], topic: str
) -> None:
    cloud.organization.accounts = {**dict.fromkeys(ACCOUNTS, None), "444444444444": "RESTRICTED"}
    assert machine.step("list") == {"accounts": 1}
    machine.scan_all()
    with pytest.raises(RotationError, match="no state of the account that this version"):
        machine.step("aggregate")
    (document,) = documents(cloud, topic)
    statuses = {(s["account_id"], s["region"]): s["status"] for s in document["scopes"]}
    unknown = {account for account, _ in statuses} - {DEFAULT_ACCOUNT}
    assert unknown == {*ACCOUNTS[1:], "444444444444"}
    assert {scope for scope, status in statuses.items() if status == "failed"} == {
        (account, region) for account in unknown for region in REGIONS
    }
    assert all(scope in statuses for scope in due)


# --- Failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_scope_that_fails_leaves_all_others_complete_and_is_seen_everywhere(
    way: str,
    machine: StateMachine,
    cloud: Cloud,
    wire: Wire,
    due: dict[tuple[str, str], str],
    topic: str,
) -> None:
    lost = Breakage(cloud, wire, ACCOUNTS, REGIONS).happen(way)
    machine.step("list")
    failures = machine.scan_all()
    assert len(failures) == len({account for account, _ in lost})
    with pytest.raises(RotationError) as caught:
        machine.step("aggregate")
    assert all(f"account {account}, {region}" in str(caught.value) for account, region in lost)
    (document,) = documents(cloud, topic)
    statuses = {(s["account_id"], s["region"]): s["status"] for s in document["scopes"]}
    assert statuses == {scope: "failed" if scope in lost else "ok" for scope in due}
    told = {f["certificate_arn"] for f in document["findings"]} - {None}
    assert told == {arn for scope, arn in due.items() if scope not in lost}


#: Calls of the three steps when nothing disturbs them, see the first test.
LIST, SCAN, AGGREGATE = 2, 19, 16


def calls_of(machine: StateMachine) -> tuple[int, int, int]:
    counts = []
    for name, fields in (("list", {}), ("scan", {"account_id": ACCOUNTS[0]}), ("aggregate", {})):
        machine.step(name, **fields)
        counts.append(len(machine.rotation.calls))
        if name == "list":
            for account in ACCOUNTS[1:]:
                machine.scan(account)
    return tuple(counts)  # type: ignore[return-value] # three of them


def test_undisturbed_steps_make_as_many_calls_as_are_disturbed_below(
    machine: StateMachine, due: dict[tuple[str, str], str]
) -> None:
    assert due
    assert calls_of(machine) == (LIST, SCAN, AGGREGATE)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param(name, *number.values, marks=number.marks)
        for name, count in (("list", LIST), ("scan", SCAN), ("aggregate", AGGREGATE))
        for number in calls(count, count // 2)
    ],
)
def test_a_step_that_is_killed_after_any_call_is_made_up_for_when_it_is_repeated(
    machine: StateMachine,
    cloud: Cloud,
    wire: Wire,
    due: dict[tuple[str, str], str],
    topic: str,
    name: str,
    number: int,
) -> None:
    fields: dict[str, object] = {"account_id": ACCOUNTS[0]} if name == "scan" else {}
    if name != "list":
        machine.step("list")
    if name == "aggregate":
        machine.scan_all()
    wire.strike_after(number, kill)
    with pytest.raises((KilledError, RotationError)):
        machine.step(name, **fields)
    machine.all()
    told = documents(cloud, topic)
    assert {f["certificate_arn"] for f in told[-1]["findings"]} == set(due.values())
    # The killed step has notified already; without its record, the next one notifies again.
    assert len(told) <= 2
    cloud.advance(days=1)
    machine.run = "run-2"
    assert machine.all()["notification"]["sent"] is False


def test_a_repeated_step_is_another_run_in_the_state_table(
    machine: StateMachine, due: dict[tuple[str, str], str]
) -> None:
    """Of two lookers at one account neither may pass for the other, and both leave the same."""
    assert due
    machine.step("list")
    machine.scan(ACCOUNTS[1])
    first = machine.document(f"accounts/{ACCOUNTS[1]}.json")
    machine.scan(ACCOUNTS[1])
    second = machine.document(f"accounts/{ACCOUNTS[1]}.json")
    assert {entry.pop("looked_by") for entry in first} != {
        entry.pop("looked_by") for entry in second
    }
    assert first == second


# --- Input and size ---------------------------------------------------------------------------


def test_bad_input_is_one_error_that_names_every_mistake_before_any_call(
    machine: StateMachine, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("THRESHOLD_FRACTION", "2")
    with pytest.raises(ConfigurationError) as caught:
        machine.step("guess", account_id="2", other=1)
    assert len(caught.value.errors) == 4
    assert machine.rotation.calls == []


def test_the_input_limits_the_run_in_every_step(
    machine: StateMachine, due: dict[tuple[str, str], str], cloud: Cloud, topic: str
) -> None:
    machine.inputs = {"accounts": [ACCOUNTS[2]], "regions": ["sa-east-1"]}
    result = machine.all()
    assert result["scopes"] == {"ok": 1}
    (document,) = documents(cloud, topic)
    (finding,) = document["findings"]
    assert finding["certificate_arn"] == due[ACCOUNTS[2], "sa-east-1"]


@pytest.mark.nightly
def test_the_result_of_a_step_fits_into_a_state(machine: StateMachine, cloud: Cloud) -> None:
    """Step Functions: 256 KiB for the input and the output of a state."""
    for number in range(300):
        cloud.certificates.add(
            type="IMPORTED", domain_name=f"n{number}.example.com", **USED, **ending_in(cloud, 9)
        )
    machine.step("list")
    assert len(json.dumps(machine.scan(DEFAULT_ACCOUNT))) < 1000
    machine.scan_all()
    assert len(json.dumps(machine.step("aggregate"))) < 2000
    assert len(machine.document("report.json")["findings"]) == 300


def test_an_account_that_left_more_than_a_page_of_objects_beside_it_is_found(
    machine: StateMachine, environment: pytest.MonkeyPatch
) -> None:
    """ListObjectsV2 gives pages; here small ones."""
    environment.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "1")
    assert machine.all()["scopes"] == {"ok": 6}


def test_times_are_those_of_the_run(machine: StateMachine) -> None:
    machine.all()
    report = machine.document("report.json")
    assert report["run_id"] == "run-1"
    assert report["started_at"] == NOW.isoformat()
    assert machine.cloud.now - NOW < timedelta(minutes=1)
