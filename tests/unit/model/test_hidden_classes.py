"""The classes of certificates that ACM hides, and the finding about those that are not listed."""

from __future__ import annotations

import json

import pytest

from certificate_lifecycle.model.hidden_classes import (
    HIDDEN_CLASSES,
    GapCause,
    InventoryGap,
    gaps_text,
)
from certificate_lifecycle.model.run import Run, ScopeResult, result
from tests.unit.builders import N2_UNKNOWN_TO_REGION, N2_UNKNOWN_TO_SDK, PLACE, run, scope

SDK = "boto3 1.40.1, botocore 1.40.1"


def lacking(*gaps: InventoryGap, scopes: int = 1) -> Run:
    return run(scopes=[scope(not_listed=gaps) for _ in range(scopes)], sdk=SDK)


def test_the_finding_names_the_class_the_sdk_the_number_of_regions_and_the_remedy() -> None:
    assert gaps_text({N2_UNKNOWN_TO_SDK: 1_200}, SDK) == (
        "Amazon N2 certificates of 1,200 accounts and regions are not in the inventory: "
        "boto3 1.40.1, botocore 1.40.1 cannot list them. Give the functions boto3 1.44.7 or newer "
        "with the input function.layers, and upgrade boto3 where the command line runs."
    )


def test_a_region_without_a_filter_has_no_remedy() -> None:
    assert gaps_text({N2_UNKNOWN_TO_REGION: 1}, SDK) == (
        "Amazon N2 certificates of 1 account and region are not in the inventory: "
        "ACM rejects or ignores the filter RootHierarchyTypes there. "
        "No step is needed: each run tries again."
    )


def test_an_sdk_without_a_version_is_called_the_sdk() -> None:
    assert "the SDK cannot list them" in gaps_text({N2_UNKNOWN_TO_SDK: 1}, "")


def test_the_accounts_and_regions_of_a_run_have_one_finding_together() -> None:
    whole = lacking(N2_UNKNOWN_TO_SDK, scopes=3)
    (entry,) = result(whole, {})["findings"]
    assert (entry["verdict"], entry["severity"], entry["reason"], entry["action"]) == (
        "InventoryIncomplete",
        "info",
        "ClassNotListed",
        "Investigate",
    )
    assert "of 3 accounts and regions" in entry["message"]
    assert entry["certificate_arn"] is None
    assert whole.counts == {"InventoryIncomplete": 1}
    assert whole.open_findings == 1


def test_a_run_without_a_class_is_incomplete_and_has_not_failed() -> None:
    assert (lacking(N2_UNKNOWN_TO_SDK).incomplete, lacking(N2_UNKNOWN_TO_SDK).failed) == (
        True,
        False,
    )
    assert (lacking().incomplete, lacking().inventory_message) == (False, "")


@pytest.mark.parametrize("cause", GapCause)
@pytest.mark.parametrize("hidden", HIDDEN_CLASSES, ids=lambda hidden: hidden.name)
def test_a_result_keeps_the_classes_that_were_not_listed(hidden: object, cause: GapCause) -> None:
    known = next(entry for entry in HIDDEN_CLASSES if entry == hidden)
    whole = scope(not_listed=(InventoryGap(known, cause),))
    assert ScopeResult.from_dict(json.loads(json.dumps(whole.to_dict()))) == whole


@pytest.mark.parametrize(
    ("resource", "hides"), [("acme-endpoint/1", True), ("certificate/1", False)]
)
def test_a_class_hides_the_resources_beside_its_certificates(resource: str, *, hides: bool) -> None:
    acme = InventoryGap(HIDDEN_CLASSES[0], GapCause.SDK)
    found = PLACE.arn("acm", resource)
    assert acme.hides(found) is hides
    assert not N2_UNKNOWN_TO_SDK.hides(found)


def test_a_result_of_an_earlier_version_lacks_no_class() -> None:
    entry = scope().to_dict()
    del entry["not_listed"]
    assert ScopeResult.from_dict(entry).not_listed == ()


def test_an_unknown_class_is_refused() -> None:
    entry = {**scope().to_dict(), "not_listed": [{"class": "Others", "cause": "sdk"}]}
    with pytest.raises(ValueError, match="no hidden class"):
        ScopeResult.from_dict(entry)
