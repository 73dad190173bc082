"""`certificates plan` and `apply`: only planned actions are taken."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from certificate_lifecycle.cli.commands import apply as apply_command
from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.integration.effects import USED, ending_in
from tests.integration.invocation import Function, KilledError, Wire, kill, scheduled
from tests.integration.terminal import Certificates, deploy

pytestmark = pytest.mark.integration

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
BLOCKED = {"renewal_status": "PENDING_VALIDATION", **USED}


@pytest.fixture
def blocked(cloud: Cloud) -> str:
    """Let a renewal wait for a record that is not there."""
    cloud.zones.add("example.com")
    return cloud.certificates.add(domain_name="api.example.com", **BLOCKED, **ending_in(cloud, 40))


@pytest.fixture
def answering(environment: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Simulate a terminal whose user gives this answer."""

    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    return lambda answer: environment.setattr("sys.stdin", Keyboard(f"{answer}\n"))


def records(cloud: Cloud, name: str = "api") -> list[str]:
    zones = cloud.client("route53").list_hosted_zones()["HostedZones"]
    sets = cloud.client("route53").list_resource_record_sets(HostedZoneId=zones[0]["Id"])
    return [entry["Name"] for entry in sets["ResourceRecordSets"] if f".{name}." in entry["Name"]]


@pytest.mark.usefixtures("blocked")
def test_a_plan_shows_the_records_and_writes_none(certificates: Certificates, cloud: Cloud) -> None:
    ended = certificates("plan")
    assert ended.code == 0
    assert ended.writes == []
    assert records(cloud) == []
    assert "1 action to take 1. api.example.com RestoreRecords create the CNAME _" in ended.words
    assert "in the zone example.com" in ended.words


def test_a_plan_has_the_actions_of_the_function_and_follows_its_schema(
    certificates: Certificates, cloud: Cloud, rotation: Function
) -> None:
    showcase.fill(cloud)
    by_function = rotation({"dry_run": True, "rotation_mode": "repair"})
    document = certificates("plan", "-o", "json").document
    schema = json.loads((SCHEMAS / "certificates-plan.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    planned = [entry for entry in by_function["actions"] if entry["outcome"] == "planned"]
    assert document["actions"] == planned
    assert len(document["by_hand"]) == len(by_function["actions"]) - len(planned)


@pytest.mark.parametrize("word", ["api.example.com", "API.example.com.", "{arn}", "{id}"])
def test_a_certificate_is_named_by_name_arn_or_id(
    certificates: Certificates, cloud: Cloud, blocked: str, word: str
) -> None:
    cloud.certificates.add(domain_name="other.example.com", **BLOCKED, **ending_in(cloud, 20))
    named = word.format(arn=blocked, id=blocked.rpartition("/")[2])
    (action,) = certificates("plan", named, "-o", "json").document["actions"]
    assert action["certificate_arn"] == blocked


@pytest.mark.usefixtures("blocked")
def test_all_unknown_names_are_reported(certificates: Certificates) -> None:
    ended = certificates("plan", "api.example.com", "wrong.example.com", "nothing")
    assert ended.code == 2
    assert "'wrong.example.com' is not the ARN" in ended.err
    assert "'nothing' is not the ARN" in ended.err


def test_confirmed_actions_are_taken_and_the_next_scan_has_no_findings(
    certificates: Certificates, cloud: Cloud, blocked: str, answering: Callable[[str], None]
) -> None:
    answering("y")
    ended = certificates("apply")
    assert ended.code == 0
    assert records(cloud)
    assert ended.words.endswith("created " + records(cloud)[0])
    assert certificates("scan").code == 0
    assert blocked


@pytest.mark.usefixtures("blocked")
@pytest.mark.parametrize("answer", ["n", ""])
def test_without_a_yes_nothing_is_written(
    certificates: Certificates, cloud: Cloud, answering: Callable[[str], None], answer: str
) -> None:
    answering(answer)
    ended = certificates("apply")
    assert ended.code == 1
    assert ended.complaint.endswith("Nothing was changed.")
    assert ended.writes == []
    assert records(cloud) == []


@pytest.mark.usefixtures("blocked")
def test_without_a_terminal_yes_is_required_before_any_call(
    certificates: Certificates, cloud: Cloud
) -> None:
    ended = certificates("apply")
    assert (ended.code, ended.calls) == (2, [])
    assert "give --yes" in ended.err
    assert certificates("apply", "--yes").code == 0
    assert records(cloud)


@pytest.mark.usefixtures("blocked")
def test_only_named_certificates_are_changed(certificates: Certificates, cloud: Cloud) -> None:
    cloud.certificates.add(domain_name="other.example.com", **BLOCKED, **ending_in(cloud, 20))
    assert certificates("apply", "--yes", "other.example.com").code == 0
    assert records(cloud, "other")
    assert records(cloud) == []


def test_a_certificate_that_changed_before_the_answer_is_skipped(
    certificates: Certificates, cloud: Cloud, blocked: str, environment: pytest.MonkeyPatch
) -> None:
    """Between plan and answer the certificate changes to email validation."""

    def change(*_: object, **__: object) -> bool:
        cloud.certificates.edit(blocked, validation_method="EMAIL")
        return True

    environment.setattr(apply_command, "require_terminal", lambda **_: None)
    environment.setattr("click.confirm", change)
    ended = certificates("apply")
    assert ended.writes == []
    assert "skipped api.example.com" in ended.words
    assert ended.code == 3


def test_an_unknown_instance_prevents_all_writes(
    certificates: Certificates, cloud: Cloud, blocked: str
) -> None:
    denied = ("lambda", "GetFunctionConfiguration", "AccessDeniedException", "no")
    cloud.fail(*denied, times=None)
    assert certificates("plan").code == 0
    ended = certificates("apply", "--yes")
    assert (ended.code, ended.writes) == (3, [])
    assert "--instance none" in ended.err
    assert certificates("apply", "--yes", "--instance", "none").code == 0
    assert blocked
    assert records(cloud)


@pytest.mark.usefixtures("blocked")
def test_certificates_of_others_need_a_flag_and_the_plan_says_so(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    deploy(cloud, environment, UNMANAGED_ROTATION_MODE="notify")
    ended = certificates("apply", "--yes")
    assert "1 certificate not issued by this instance: needs --unmanaged-mode" in ended.words
    assert ended.writes == []
    certificates("apply", "--yes", "--unmanaged-mode", "repair")
    assert records(cloud)


def test_a_certificate_that_a_run_has_claimed_is_skipped(
    certificates: Certificates,
    cloud: Cloud,
    rotation: Function,
    environment: pytest.MonkeyPatch,
    wire: Wire,
) -> None:
    """The function is stopped in the middle of a replacement, and its claim still holds."""
    deploy(cloud, environment)
    cloud.zones.add("example.com")
    cloud.certificates.add(domain_name="old.example.com", **USED, **ending_in(cloud, -1))
    wire.before = lambda operation: kill() if operation == "RequestCertificate" else None
    with pytest.raises(KilledError):
        rotation(scheduled(cloud.now))
    wire.reset()
    ended = certificates("apply", "--yes")
    assert "RequestCertificate" not in ended.writes
    assert "run-1 claimed or changed it first" in ended.words
    cloud.advance(minutes=21)
    assert "RequestCertificate" in certificates("apply", "--yes").writes


def test_a_replacement_from_a_terminal_is_reported_by_the_next_run(
    certificates: Certificates,
    cloud: Cloud,
    rotation: Function,
    topic: str,
    environment: pytest.MonkeyPatch,
) -> None:
    deploy(cloud, environment)
    cloud.zones.add("example.com")
    cloud.certificates.add(domain_name="old.example.com", **USED, **ending_in(cloud, -1))
    ended = certificates("apply", "--yes")
    assert "RequestCertificate" in ended.writes
    assert "Publish" not in ended.writes
    rotation(scheduled(cloud.now))
    (message,) = cloud.topics.messages(topic)
    assert "old.example.com" in message.to("email")
    requests = [call for call in cloud.calls if call.operation == "RequestCertificate"]
    assert len(requests) == 1


def test_a_record_that_was_written_from_a_terminal_is_not_reported_as_interrupted(
    certificates: Certificates,
    cloud: Cloud,
    rotation: Function,
    topic: str,
    blocked: str,
    environment: pytest.MonkeyPatch,
) -> None:
    """Its intent is cleared once the terminal has printed the result."""
    deploy(cloud, environment)
    assert certificates("apply", "--yes", blocked).code == 0
    rotation(scheduled(cloud.now))
    mails = [message.to("email") for message in cloud.topics.messages(topic)]
    assert not any("an earlier run was stopped" in mail for mail in mails)


def test_a_terminal_killed_before_it_prints_the_outcome_leaves_it_to_the_next_message(
    certificates: Certificates,
    cloud: Cloud,
    rotation: Function,
    topic: str,
    blocked: str,
    environment: pytest.MonkeyPatch,
    wire: Wire,
) -> None:
    deploy(cloud, environment)
    wire.after = lambda operation: kill() if operation == "ChangeResourceRecordSets" else None
    with pytest.raises(KilledError):
        certificates("apply", "--yes", blocked)
    wire.reset()
    rotation(scheduled(cloud.now))
    (message,) = cloud.topics.messages(topic)
    assert "an earlier run was stopped when it was about to write" in " ".join(
        message.to("email").split()
    )


@pytest.mark.parametrize("output", ["table", "json"])
def test_scan_errors_before_the_plan_remain_errors_after_it(
    certificates: Certificates, cloud: Cloud, blocked: str, output: str
) -> None:
    unreadable = cloud.certificates.add(
        domain_name="unreadable.example.com", **USED, **ending_in(cloud, 20)
    )
    cloud.fail(
        *("acm", "DescribeCertificate", "AccessDeniedException", "no"),
        times=None,
        when=lambda asked: asked["CertificateArn"] == unreadable,
    )
    ended = certificates("apply", "--yes", "--output", output)
    assert ended.code == 3
    assert "AccessDeniedException" in ended.out
    assert records(cloud)
    assert blocked


def test_a_failed_action_is_reported_and_the_others_are_done(
    certificates: Certificates, cloud: Cloud, blocked: str
) -> None:
    cloud.certificates.add(domain_name="other.example.com", **BLOCKED, **ending_in(cloud, 10))
    cloud.fail("route53", "ChangeResourceRecordSets", "AccessDenied", "no")
    ended = certificates("apply", "--yes")
    assert ended.code == 3
    assert "failed other.example.com RestoreRecords" in ended.words
    assert "done api.example.com RestoreRecords" in ended.words
    assert blocked
