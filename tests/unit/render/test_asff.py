"""The findings in Security Hub: their format, their limits, and when they are archived."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from certificate_lifecycle.model.certificate import (
    NOT_DESCRIBED,
    Action,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    Severity,
)
from certificate_lifecycle.model.run import Assessment, Run, ScopeResult, ScopeStatus
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.render.asff import (
    MAX_FINDINGS,
    Finding,
    Source,
    batches,
    updates,
)
from tests.unit.builders import (
    NOW,
    PLACE,
    arn,
    certificate,
    days,
    detail,
    imported,
    judged,
    run,
    scope,
)
from tests.unit.tables import DATA

#: AwsSecurityFinding (API reference): lengths of texts, and the size of a finding.
LIMITS = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024}
MAX_BYTES = 240_000
SOURCE = Source(PLACE, "certificate-lifecycle")
DUE = judged(
    imported(
        arn=arn("due"),
        ends_in=days(5),
        names=("shop.example.com", "www.example.com"),
        detail=detail(),
    )
)
HEALTHY = judged(certificate(arn=arn("due")))
UNUSED = judged(certificate(arn=arn("unused"), in_use=False))
FAILED_SCOPE = scope(
    ScopeStatus.FAILED, error="the certificates could not be scanned: AccessDenied"
)
SERVER = "arn:aws:iam::123456789012:server-certificate/legacy"


def findings_by_name(whole: Run, *known: Finding) -> dict[str, Finding]:
    """Return the findings for Security Hub, by the end of the id."""
    found = updates(whole, SOURCE, known)
    by_id = {entry["Id"].rpartition("/")[2]: entry for entry in found}
    assert len(by_id) == len(found)
    return by_id


def states(whole: Run, *known: Finding) -> dict[str, str]:
    return {name: entry["RecordState"] for name, entry in findings_by_name(whole, *known).items()}


def reported(*entries: Assessment, **changes: Any) -> list[Finding]:  # noqa: ANN401 - any field of a run
    """Return what an earlier run has reported."""
    earlier = run(*entries, started_at=NOW - days(1), **changes)
    return updates(earlier, SOURCE, [])


def named(name: str) -> Assessment:
    return replace(DUE, certificate=replace(DUE.certificate, arn=arn(name)))


def elsewhere(region: str, status: ScopeStatus = ScopeStatus.OK) -> ScopeResult:
    return ScopeResult(
        PLACE.account_id, region, status, 0, None if status is ScopeStatus.OK else "no"
    )


# --- What is reported -------------------------------------------------------------------------


def test_a_certificate_and_a_failed_scope_look_like_this() -> None:
    golden = json.loads((DATA / "security_findings.json").read_text(encoding="utf-8"))
    whole = run(DUE, scopes=(replace(FAILED_SCOPE, region="eu-north-1"), scope(certificates=1)))
    assert updates(whole, SOURCE, []) == golden


def test_a_healthy_certificate_is_not_reported() -> None:
    assert findings_by_name(run(UNUSED, HEALTHY)) == {}


@pytest.mark.parametrize(
    ("severity", "label"),
    [
        (Severity.OK, "INFORMATIONAL"),
        (Severity.INFO, "LOW"),
        (Severity.WARNING, "MEDIUM"),
        (Severity.CRITICAL, "CRITICAL"),
    ],
)
def test_every_severity_has_a_label(severity: Severity, label: str) -> None:
    entry = replace(DUE, decision=replace(DUE.decision, severity=severity))
    found = findings_by_name(run(entry)).get("due")
    if severity is Severity.OK:
        assert found is None  # healthy, whatever would help
    else:
        assert found is not None
        assert found["FindingProviderFields"]["Severity"] == {
            "Label": label,
            "Original": severity.label,
        }


def test_what_people_decide_about_a_finding_is_never_written() -> None:
    everything = [*reported(DUE, scopes=(FAILED_SCOPE,)), *updates(run(), SOURCE, reported(DUE))]
    assert len(everything) == 3
    for entry in everything:
        people = {"Workflow", "Severity", "Types", "Note", "VerificationState", "Criticality"}
        assert people.isdisjoint(entry)


def test_findings_of_all_accounts_are_of_the_functions_own_account() -> None:
    """Security Hub takes no others from an integration of one's own."""
    foreign = arn("due").replace("123456789012", "222222222222")
    entry = replace(DUE, certificate=replace(DUE.certificate, arn=foreign))
    (found,) = updates(run(entry), SOURCE, [])
    assert found["AwsAccountId"] == "123456789012"
    assert found["ProductArn"].endswith(":123456789012:product/123456789012/default")
    assert found["Resources"][0]["Id"] == foreign
    assert found["ProductFields"]["AccountId"] == "222222222222"


@pytest.mark.parametrize(
    "kind", [CertificateType.SERVER_CERTIFICATE, CertificateType.PRIVATE_AUTHORITY]
)
def test_what_is_kept_outside_acm_is_a_resource_of_no_known_type(kind: CertificateType) -> None:
    entry = replace(DUE, certificate=replace(DUE.certificate, arn=SERVER, type=kind))
    (found,) = updates(run(entry), SOURCE, [])
    assert found["Resources"] == [{"Type": "Other", "Id": SERVER, "Partition": "aws"}]
    assert "Url" not in found["Remediation"]["Recommendation"]


def test_whose_it_is_and_that_it_is_muted_is_reported_and_it_stays_a_finding() -> None:
    muted = replace(DUE, owner="team\r\nshop", muted_until=date(2026, 6, 10))
    assert muted.muted
    fields = findings_by_name(run(muted), *reported(DUE))["due"]["ProductFields"]
    assert fields["Owner"] == "team shop"
    assert fields["MutedUntil"] == "2026-06-10"
    assert states(run(muted), *reported(DUE)) == {"due": "ACTIVE"}


def test_a_finding_that_nothing_helps_has_no_remediation() -> None:
    entry = replace(DUE, decision=replace(DUE.decision, action=Action.NONE))
    assert "Remediation" not in findings_by_name(run(entry))["due"]


def test_a_certificate_without_name_end_or_detail_is_reported_all_the_same() -> None:
    bare = replace(DUE.certificate, names=(), not_after=None, detail=NOT_DESCRIBED)
    (found,) = updates(run(replace(DUE, certificate=bare)), SOURCE, [])
    assert found["Title"] == f"ImportDue: {arn('due')}"
    details = found["Resources"][0]["Details"]["AwsCertificateManagerCertificate"]
    assert details == {"Status": "ISSUED", "Type": "IMPORTED"}


def test_the_partition_is_the_certificates_own_where_the_format_knows_it() -> None:
    home = Source(Scope("123456789012", "eusc-de-east-1", "aws-eusc"), "x")
    foreign = arn("due").replace("arn:aws:", "arn:aws-eusc:")
    entry = replace(DUE, certificate=replace(DUE.certificate, arn=foreign))
    (found,) = updates(run(entry), home, [])
    assert found["ProductArn"].startswith("arn:aws-eusc:securityhub:eusc-de-east-1:")
    assert "Partition" not in found["Resources"][0]


# --- Over time --------------------------------------------------------------------------------


def test_an_update_keeps_the_id_and_when_it_was_created_and_is_newer() -> None:
    (before,) = reported(DUE)
    (after,) = updates(run(DUE), SOURCE, [before])
    assert after["Id"] == before["Id"]
    assert after["CreatedAt"] == before["CreatedAt"] == "2026-05-31T12:00:00.000Z"
    assert after["UpdatedAt"] == "2026-06-01T12:00:00.000Z"


def test_a_certificate_that_was_listed_twice_is_reported_once() -> None:
    assert len(updates(run(DUE, DUE), SOURCE, [])) == 1


def test_what_is_resolved_is_archived_and_otherwise_left_as_it_is() -> None:
    (before,) = reported(DUE)
    own = {**before["ProductFields"], "aws/securityhub/FindingId": "x"}
    resources = [{**before["Resources"][0], "ApplicationName": "added by AWS"}]
    there = {
        **before,
        "ProductFields": own,
        "Resources": resources,
        "Region": "eu-west-1",
        "Workflow": {"Status": "SUPPRESSED"},
    }
    (after,) = updates(run(HEALTHY), SOURCE, [there])
    now = {"UpdatedAt": "2026-06-01T12:00:00.000Z", "RecordState": "ARCHIVED"}
    assert after == {**before, **now}


def test_a_certificate_that_is_gone_is_resolved() -> None:
    assert states(run(), *reported(DUE)) == {"due": "ARCHIVED"}


@pytest.mark.parametrize("status", [ScopeStatus.PARTIAL, ScopeStatus.FAILED])
def test_a_scope_that_was_not_scanned_completely_archives_nothing(status: ScopeStatus) -> None:
    found = states(run(scopes=(scope(status, error="denied"),)), *reported(DUE))
    assert "due" not in found


def test_a_run_that_was_asked_for_some_certificates_archives_nothing() -> None:
    narrow = run(DUE, full_scan=False)
    known = [*reported(DUE, named("other"), scopes=(FAILED_SCOPE,))]
    assert states(narrow, *known) == {"due": "ACTIVE"}


def test_a_region_that_was_not_to_be_scanned_archives_nothing() -> None:
    assert states(run(scopes=(elsewhere("us-east-1"),)), *reported(DUE)) == {}


@pytest.mark.parametrize(
    ("other", "archived"), [(ScopeStatus.OK, True), (ScopeStatus.PARTIAL, False)]
)
def test_what_an_account_has_once_is_resolved_when_all_its_regions_were_scanned(
    other: ScopeStatus, *, archived: bool
) -> None:
    server = replace(DUE, certificate=replace(DUE.certificate, arn=SERVER))
    scopes = (scope(), elsewhere("us-east-1", other))
    assert ("legacy" in states(run(scopes=scopes), *reported(server))) is archived


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (ScopeStatus.OK, {"eu-west-1": "ARCHIVED"}),
        (ScopeStatus.PARTIAL, {"eu-west-1": "ARCHIVED"}),
        (ScopeStatus.FAILED, {"eu-west-1": "ACTIVE"}),
    ],
)
def test_a_failed_scope_is_archived_as_soon_as_a_part_of_it_is_scanned(
    status: ScopeStatus, expected: dict[str, str]
) -> None:
    assert states(run(scopes=(scope(status),)), *reported(scopes=(FAILED_SCOPE,))) == expected


def test_a_finding_that_others_made_under_our_name_is_not_changed() -> None:
    assert updates(run(), SOURCE, [{"Id": "x", "CreatedAt": "y"}]) == []


# --- Limits -----------------------------------------------------------------------------------


def test_many_findings_are_reported_a_hundred_at_a_time() -> None:
    found = updates(run(*(named(f"n{number}") for number in range(250))), SOURCE, [])
    calls = list(batches(found))
    assert [entry for call in calls for entry in call] == found
    assert [len(call) for call in calls] == [MAX_FINDINGS, MAX_FINDINGS, 50]


@pytest.mark.parametrize(
    "text",
    ["x" * 5000, "\U0001f512" * 5000, '"\\' * 2500, "\u202e\x00" * 50, ""],
    ids=["long", "four bytes", "escaped", "invisible", "empty"],
)
def test_texts_of_others_stay_within_the_limits(text: str) -> None:
    entry = Assessment(
        replace(
            DUE.certificate,
            names=(text,) * 1000,
            detail=CertificateDetail(in_use_by=(text,) * 1000),
            status=CertificateStatus.ISSUED,
        ),
        replace(DUE.decision, message=f"It ends. {text}"),
    )
    failed_scopes = (
        replace(FAILED_SCOPE, error=f"lost: {text}"),
        replace(FAILED_SCOPE, region="eu-north-1", error=text),
    )
    for found in updates(run(entry, scopes=failed_scopes), SOURCE, []):
        assert all(0 < len(found[name].strip()) <= most for name, most in LIMITS.items())
        assert len(json.dumps(found).encode()) < MAX_BYTES
        assert len(found["Remediation"]["Recommendation"]["Text"]) <= 512
        for resource in found["Resources"]:
            for details in resource.get("Details", {}).values():
                texts = [*details.get("SubjectAlternativeNames", ()), *details.get("InUseBy", ())]
                assert all(item.strip() for item in texts)


def test_an_id_that_would_be_too_long_is_cut_and_still_its_own() -> None:
    """A server certificate may lie below a path of 512 characters."""
    paths = [f"arn:aws:iam::123456789012:server-certificate/{'p' * 512}/{name}" for name in "ab"]
    entries = [replace(DUE, certificate=replace(DUE.certificate, arn=path)) for path in paths]
    found = updates(run(*entries), SOURCE, [])
    assert [len(entry["Id"]) for entry in found] == [512, 512]
    assert len({entry["Id"] for entry in found}) == 2
    assert [entry["Id"] for entry in updates(run(*entries), SOURCE, [])] == [
        entry["Id"] for entry in found
    ]
