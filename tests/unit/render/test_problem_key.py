"""Every sink gives a problem one key, from its first report until it is resolved."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from certificate_lifecycle.model.problem_key import INVENTORY, problem_key, scope_subject
from certificate_lifecycle.model.run import (
    Assessment,
    ChangeKind,
    FindingChange,
    Run,
    ScopeStatus,
    report_entry,
)
from certificate_lifecycle.render.asff import Source, updates
from certificate_lifecycle.render.eventbridge import announcements
from certificate_lifecycle.render.notification.message import compose
from certificate_lifecycle.render.report.documents import rows
from tests.unit.builders import (
    EXPIRED,
    N2_UNKNOWN_TO_SDK,
    PLACE,
    arn,
    blocked,
    certificate,
    days,
    judged,
    observation,
    run,
    scope,
)

SOURCE = Source(PLACE, "certificate-lifecycle")
ARN = blocked().arn
KEY = problem_key(ARN)
BLOCKED = judged(observation(blocked()))
ENDED = judged(certificate(arn=ARN, status=EXPIRED, ends_in=-days(1)))


def documented(whole: Run) -> Any:  # noqa: ANN401 - JSON has any type
    message = compose(whole, summary=True)
    assert message is not None
    return json.loads(message.bodies["sqs"])


@pytest.mark.parametrize("entry", [BLOCKED, ENDED], ids=["first report", "worse"])
def test_every_sink_has_the_key_of_a_finding_whatever_its_verdict(entry: Assessment) -> None:
    whole = run(entry, changes=(FindingChange(ARN, ChangeKind.WORSE),))
    event = json.loads(announcements(whole)[0].detail)
    (finding,) = updates(whole, SOURCE, ())
    document = documented(whole)
    assert {
        event["problem_key"],
        event["finding"]["problem_key"],
        finding["ProductFields"]["ProblemKey"],
        document["findings"][0]["problem_key"],
        document["changes"][0]["problem_key"],
        report_entry(whole)["findings"][0]["problem_key"],
        rows(whole).splitlines()[1].split(",")[-2].strip('"'),
    } == {KEY}


def test_a_resolved_finding_has_the_key_of_its_reports() -> None:
    healthy = judged(certificate(arn=ARN))
    whole = run(healthy, changes=(FindingChange(ARN, ChangeKind.RESOLVED),))
    assert json.loads(announcements(whole)[0].detail)["problem_key"] == KEY
    assert documented(whole)["changes"][0]["problem_key"] == KEY
    (archived,) = updates(whole, SOURCE, updates(run(BLOCKED), SOURCE, ()))
    assert archived["ProductFields"]["ProblemKey"] == KEY


def test_a_failed_scan_and_an_incomplete_inventory_have_keys_of_their_own() -> None:
    failed = scope(ScopeStatus.FAILED, error="denied", not_listed=(N2_UNKNOWN_TO_SDK,))
    whole = run(scopes=(failed,))
    keys = [
        problem_key(scope_subject(failed.account_id, failed.region)),
        problem_key(INVENTORY),
    ]
    assert [entry["problem_key"] for entry in documented(whole)["findings"]] == keys
    found = updates(whole, SOURCE, ())
    assert [entry["ProductFields"]["ProblemKey"] for entry in found] == keys


def test_a_key_fits_the_fields_of_ticket_systems_and_differs_between_certificates() -> None:
    assert re.fullmatch(r"certificate-lifecycle-[0-9a-f]{24}", KEY)
    assert problem_key(arn("other")) != KEY
