"""`certificates drill --issue` leaves nothing, wherever it breaks or is killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from certificate_lifecycle.policy.throw_away import DRILL_MANAGER, DRILL_TAG
from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import Gateway
from tests.estates.imports import imported
from tests.integration.effects import (
    USED,
    Records,
    ending_in,
    put_records,
    texts_sent,
    wanted_records,
)
from tests.integration.invocation import Function, KilledError, Wire, calls, kill, scheduled
from tests.integration.terminal import Certificates, Ended

pytestmark = pytest.mark.integration

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "certificates-drill.json"
DRILL_ID = "0123456789abcdef"
#: Without public DNS: queries under way would outlive a killed command.
ISSUE = ("--issue", "--yes", "--resolver", "off")
CLEAN = ("--clean", "--yes", "--resolver", "off", "--output", "json")


class Estate:
    """A certificate that ACM renews, and its zone; a drill must leave both as they are."""

    def __init__(self, cloud: Cloud, zone: str, arn: str) -> None:
        self._cloud = cloud
        self.zone, self.arn = zone, arn
        self._records = self.records

    @property
    def records(self) -> Records:
        return self._cloud.zones.records(self.zone)

    @property
    def others(self) -> list[Certificate]:
        return [entry for entry in self._cloud.certificates.all() if entry.arn != self.arn]

    @property
    def untouched(self) -> bool:
        return not self.others and self.records == self._records

    def leave(self, **facts: Any) -> str:  # noqa: ANN401 - any field of a certificate
        """Put what a drill left that was killed before it deleted anything, a day ago."""
        wanted = {
            "domain_name": f"acm-drill-{DRILL_ID}.example.com",
            "created_at": self._cloud.now - timedelta(days=1),
            "tags": {"ManagedBy": DRILL_MANAGER, DRILL_TAG: DRILL_ID},
            **facts,
        }
        arn = self._cloud.certificates.add(**wanted)
        put_records(self._cloud, self.zone, arn)
        return arn


@pytest.fixture
def estate(cloud: Cloud) -> Estate:
    zone = cloud.zones.add("example.com")
    arn = cloud.certificates.add(
        domain_name="shop.example.com",
        alternative_names=["www.example.com"],
        **USED,
        **ending_in(cloud, 100),
    )
    put_records(cloud, zone, arn)
    return Estate(cloud, zone, arn)


class Issued:
    """A drill with `--issue`, whose document keeps to its schema."""

    def __init__(self, certificates: Certificates, arn: str, *more: str) -> None:
        self.ended: Ended = certificates("drill", arn, *ISSUE, "--output", "json", *more)
        document = self.ended.document
        jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
        self.code = self.ended.code
        self.requests = self.ended.writes.count("RequestCertificate")
        (drill,) = document["throw_aways"]
        self.outcomes = {step["name"]: step["outcome"] for step in drill["steps"]}
        self.texts = {step["name"]: step["text"] for step in drill["steps"]}

    @property
    def broken(self) -> dict[str, str]:
        """The texts of the steps that failed."""
        return {name: self.texts[name] for name in self.texts if self.outcomes[name] == "failed"}


STEPS = (
    *("CAA and DNSSEC", "request", "validation record", "validation by ACM"),
    *("deletion of the record", "deletion of the certificate"),
)


def test_a_throw_away_certificate_is_issued_and_leaves_nothing(
    certificates: Certificates, estate: Estate
) -> None:
    drill = Issued(certificates, estate.arn)
    assert drill.outcomes == dict.fromkeys(STEPS, "passed")
    assert drill.requests == 1
    assert estate.untouched


def test_each_step_is_printed_with_its_time(certificates: Certificates, estate: Estate) -> None:
    ended = certificates("drill", estate.arn, *ISSUE)
    assert "Throw-away certificate for example.com" in ended.words
    for step in STEPS:
        assert f"{step} passed" in ended.words


def test_nothing_is_requested_without_an_answer(certificates: Certificates, estate: Estate) -> None:
    ended = certificates("drill", estate.arn, "--issue", "--resolver", "off")
    assert ended.code == 2
    assert "give --yes" in ended.complaint
    assert ended.calls == []


def test_only_a_public_certificate_of_acm_has_a_drill_that_issues(
    certificates: Certificates, cloud: Cloud
) -> None:
    ended = certificates("drill", imported(cloud).arn, *ISSUE)
    assert ended.code == 2
    assert ended.writes == []


# --- Killed, overlapping, interrupted -------------------------------------------------------------

#: Calls of an undisturbed command, see the first test.
CALLS = 24


def test_an_undisturbed_drill_makes_as_many_calls_as_are_disturbed_below(
    certificates: Certificates, estate: Estate
) -> None:
    assert len(certificates("drill", estate.arn, *ISSUE).calls) == CALLS


@pytest.mark.parametrize("number", calls(CALLS, *range(CALLS - 9, CALLS)))
def test_a_drill_that_is_killed_leaves_nothing_after_the_next(
    certificates: Certificates, cloud: Cloud, wire: Wire, estate: Estate, number: int
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        certificates("drill", estate.arn, *ISSUE)
    left = [entry.arn for entry in estate.others]

    at_once = certificates("drill", estate.arn, *CLEAN).document["leftovers"]
    assert [entry["outcome"] for entry in at_once] == ["unknown"] * len(left)
    assert [entry.arn for entry in estate.others] == left

    cloud.advance(hours=2)
    assert certificates("drill", estate.arn, *CLEAN).code == 0
    assert estate.untouched


@pytest.mark.parametrize("number", calls(CALLS, CALLS - 3, CALLS - 6))
def test_a_drill_inside_another_disturbs_neither(
    certificates: Certificates, wire: Wire, estate: Estate, number: int
) -> None:
    codes = []
    wire.strike_before(number, lambda: codes.append(certificates("drill", estate.arn, *ISSUE).code))
    drill = Issued(certificates, estate.arn)
    assert drill.broken == {}
    assert codes == [3]
    assert estate.untouched


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_drill_deletes_what_it_made(
    certificates: Certificates, cloud: Cloud, wire: Wire, estate: Estate, number: signal.Signals
) -> None:
    cloud.certificates.issuance_delay = timedelta(hours=1)

    def press(operation: str) -> None:
        if operation == "ChangeResourceRecordSets":
            wire.reset()
            os.kill(os.getpid(), number)

    wire.after = press
    ended = certificates("drill", estate.arn, *ISSUE)
    assert ended.code == 130
    assert estate.untouched


# --- Where the chain breaks -----------------------------------------------------------------------


def fail(cloud: Cloud, operation: str, action: str | None, spared: str) -> None:
    """Let AWS refuse an operation but for one ARN, of Route 53 only changes with an action."""

    def strikes(parameters: Mapping[str, Any]) -> bool:
        changes = parameters.get("ChangeBatch", {}).get("Changes", [])
        concerned = action is None or changes[0]["Action"] == action
        return concerned and parameters.get("CertificateArn") != spared

    service = "route53" if action else "acm"
    cloud.fail(service, operation, "AccessDenied", "not today", times=None, when=strikes)


REFUSED = {
    "request": ("RequestCertificate", None, 0),
    "validation record": ("ChangeResourceRecordSets", "UPSERT", 0),
    "validation record ": ("DescribeCertificate", None, 0),
    "deletion of the record": ("ChangeResourceRecordSets", "DELETE", 1),
    "deletion of the certificate": ("DeleteCertificate", None, 1),
}


@pytest.mark.parametrize("step", REFUSED)
def test_a_refused_call_names_its_step_and_leaves_what_the_next_drill_finds(
    certificates: Certificates, cloud: Cloud, estate: Estate, step: str
) -> None:
    operation, action, left = REFUSED[step]
    fail(cloud, operation, action, estate.arn)
    drill = Issued(certificates, estate.arn)
    assert drill.code == 1
    assert "not today" in drill.broken[step.strip()]
    cloud.clear_failures()
    assert len(estate.others) == left

    cloud.advance(hours=2)
    assert certificates("drill", estate.arn, *CLEAN).code == 0
    assert estate.untouched


def test_a_lost_response_to_the_request_leaves_no_certificate(
    certificates: Certificates, wire: Wire, estate: Estate
) -> None:
    def lose(operation: str) -> None:
        if operation == "RequestCertificate":
            wire.reset()
            raise ConnectionError("the response was lost")

    wire.after = lose
    drill = Issued(certificates, estate.arn)
    assert "the response was lost" in drill.broken["request"]
    assert estate.untouched


def test_without_a_hosted_zone_nothing_is_requested(
    certificates: Certificates, cloud: Cloud
) -> None:
    cloud.zones.add("example.net", account="222222222222")
    arn = cloud.certificates.add(domain_name="example.net", **USED, **ending_in(cloud, 100))
    drill = Issued(certificates, arn)
    assert "no writable public hosted zone" in drill.broken["hosted zone"].lower()
    assert drill.requests == 0


def test_a_zone_with_a_long_name_has_no_throw_away_name(
    certificates: Certificates, cloud: Cloud
) -> None:
    """The first name of a request has at most 64 octets (API reference, RequestCertificate)."""
    name = f"{'a' * 50}.example.com"
    cloud.zones.add(name)
    arn = cloud.certificates.add(domain_name=name, **USED, **ending_in(cloud, 100))
    drill = Issued(certificates, arn)
    assert "more than 64 octets" in drill.broken["request"]
    assert drill.requests == 0


def test_caa_records_that_forbid_spare_the_request(
    certificates: Certificates, cloud: Cloud, estate: Estate
) -> None:
    cloud.zones.put(estate.zone, "example.com", "CAA", '0 issue "other.example"')
    drill = Issued(certificates, estate.arn)
    assert "other.example" in drill.broken["CAA and DNSSEC"]
    assert drill.requests == 0


def test_a_request_that_acm_ends_is_named_with_acms_reason(
    certificates: Certificates, cloud: Cloud, wire: Wire, estate: Estate
) -> None:
    def forbid(operation: str) -> None:
        if operation == "RequestCertificate":
            cloud.zones.put(estate.zone, "example.com", "CAA", '0 issue "other.example"')

    wire.after = forbid
    drill = Issued(certificates, estate.arn)
    assert "FAILED (CAA_ERROR)" in drill.broken["validation by ACM"]
    cloud.zones.remove(estate.zone, "example.com", "CAA")
    assert estate.untouched


def test_a_value_of_others_at_the_name_of_the_record_stays(
    certificates: Certificates, cloud: Cloud, wire: Wire, estate: Estate
) -> None:
    before = set(estate.records)

    def replace(operation: str) -> None:
        if operation == "ChangeResourceRecordSets":
            wire.reset()
            ((name, kind),) = set(estate.records) - before
            cloud.zones.put(estate.zone, name, kind, "of-another-tool.example.net.")

    wire.after = replace
    drill = Issued(certificates, estate.arn, "--wait", "1")
    assert "has the value of another tool now" in drill.texts["deletion of the record"]
    assert estate.others == []
    assert len(set(estate.records) - before) == 1


def test_a_zone_without_its_delegation_is_named_after_the_wait(
    certificates: Certificates, cloud: Cloud, gateway: Gateway
) -> None:
    zone = cloud.zones.add("example.com", delegated=False)
    arn = cloud.certificates.add(domain_name="shop.example.com", **USED, **ending_in(cloud, 100))
    before = cloud.zones.records(zone)
    ended = certificates(
        "drill",
        arn,
        "--issue",
        "--yes",
        "--wait",
        "1",
        "--resolver",
        gateway.urls[0],
        "--resolver",
        gateway.urls[1],
    )
    assert ended.code == 1

    assert "ACM did not validate it in 1 minutes: " in ended.words
    assert "delegation: Public DNS does not delegate the hosted zone example.com" in ended.words
    assert [entry.arn for entry in cloud.certificates.all()] == [arn]
    assert cloud.zones.records(zone) == before


# --- What is deleted, and what is not -------------------------------------------------------------

DECOYS: dict[str, dict[str, Any]] = {
    "without tags": {"tags": {}},
    "with the tag of another drill": {
        "tags": {"ManagedBy": DRILL_MANAGER, DRILL_TAG: "f" * 16},
    },
    "in use": dict(USED),
    "with a second name": {"alternative_names": ["example.com"]},
    "of an instance": {"tags": {"ManagedBy": "certificate-lifecycle", DRILL_TAG: DRILL_ID}},
}


@pytest.mark.parametrize("facts", DECOYS.values(), ids=DECOYS)
def test_a_certificate_that_only_looks_like_a_leftover_stays(
    certificates: Certificates, estate: Estate, facts: dict[str, Any]
) -> None:
    arn = estate.leave(**facts)
    before = estate.records
    ended = certificates("drill", estate.arn, *CLEAN)
    assert ended.writes == []
    assert [entry.arn for entry in estate.others] == [arn]
    assert estate.records == before


def test_a_leftover_is_deleted_and_a_value_of_others_at_its_name_stays(
    certificates: Certificates, cloud: Cloud, estate: Estate
) -> None:
    arn = estate.leave()
    ((name, kind),) = wanted_records(cloud, arn)
    cloud.zones.put(estate.zone, name, kind, "of-another-tool.example.net.")
    document = certificates("drill", arn, *CLEAN).document
    assert [entry["outcome"] for entry in document["leftovers"]] == ["passed"]
    assert estate.others == []
    assert estate.records[name, kind] == ("of-another-tool.example.net.",)


def test_a_record_with_another_lifetime_is_deleted_too(
    certificates: Certificates, cloud: Cloud, estate: Estate
) -> None:
    arn = estate.leave()
    for (name, kind), values in wanted_records(cloud, arn).items():
        cloud.zones.put(estate.zone, name, kind, *values, ttl=60)
    assert certificates("drill", arn, *CLEAN).code == 0
    assert estate.untouched


def test_two_commands_may_delete_one_leftover(
    certificates: Certificates, cloud: Cloud, wire: Wire, estate: Estate
) -> None:
    arn = estate.leave()
    ((name, kind),) = wanted_records(cloud, arn)

    def race(operation: str) -> None:
        if operation == "ChangeResourceRecordSets":
            wire.reset()
            cloud.zones.remove(estate.zone, name, kind)

    wire.before = race
    document = certificates("drill", arn, *CLEAN).document
    assert [entry["outcome"] for entry in document["leftovers"]] == ["passed"]
    assert estate.untouched


def test_a_leftover_whose_zone_cannot_be_seen_stays_and_is_named(
    certificates: Certificates, estate: Estate
) -> None:
    arn = estate.leave(domain_name=f"acm-drill-{DRILL_ID}.example.net")
    ended = certificates("drill", estate.arn, *CLEAN)
    assert ended.code == 1
    assert "delete both by hand" in ended.document["leftovers"][0]["text"]
    assert [entry.arn for entry in estate.others] == [arn]


# --- Rotation -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ledger_table")
@pytest.mark.parametrize(
    "status",
    [
        "ISSUED",
        *(
            pytest.param(each, marks=pytest.mark.nightly)
            for each in ("PENDING_VALIDATION", "FAILED")
        ),
    ],
)
def test_a_run_names_an_old_leftover_once_with_the_command(
    certificates: Certificates,
    rotation: Function,
    cloud: Cloud,
    topic: str,
    estate: Estate,
    status: str,
) -> None:
    arn = estate.leave(created_at=cloud.now, status=status)
    assert rotation(scheduled(cloud.now))["findings"] == []

    for sent in (2, 2):  # the first run sent that nothing is open
        cloud.advance(days=1)
        (finding,) = rotation(scheduled(cloud.now))["findings"]
        assert (finding["certificate_arn"], finding["reason"]) == (arn, "DrillLeft")
        assert finding["severity"] == "info"
        assert f"`certificates drill {arn} --clean`" in finding["message"]
        assert texts_sent(cloud, topic).count("DrillLeft") >= 1
        assert len(cloud.topics.messages(topic)) == sent

    assert certificates("drill", arn, *CLEAN).code == 0
    assert rotation(scheduled(cloud.now))["findings"] == []
