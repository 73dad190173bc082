"""What Security Hub is sent is as long as it takes, and names every partition that it knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.model.certificate import Verdict
from certificate_lifecycle.model.run import Assessment, ScopeStatus
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.render.asff import Source, updates
from tests.unit.builders import arn, days, detail, imported, judged, run, scope

SOURCE = Source(Scope("123456789012", "eu-west-1"), "certificate-lifecycle")


def sent(entry: Assessment) -> Any:  # noqa: ANN401 - JSON has any type
    (found,) = updates(run(entry), SOURCE, [])
    return found


def lengths(length: int) -> list[int]:
    text = "x" * length
    seen = imported(ends_in=days(3), names=(text, text), detail=detail(in_use_by=(text,)))
    entry = judged(seen)
    found = sent(replace(entry, owner=text, decision=replace(entry.decision, message=text)))
    shown = found["Resources"][0]["Details"]["AwsCertificateManagerCertificate"]
    texts = (found["Title"], found["Description"], found["ProductFields"]["Owner"])
    lists = (*shown["SubjectAlternativeNames"], *shown["InUseBy"])
    return [len(item) for item in (*texts, shown["DomainName"], *lists)]


def test_texts_are_cut_at_the_length_that_security_hub_takes_and_not_before() -> None:
    """AWS Security Finding Format: a title has 256 characters, a description 1024."""
    assert lengths(2000) == [256, 1024, 253, 253, 253, 253, 512]
    assert lengths(200) == [211, 200, 200, 200, 200, 200, 200]


@pytest.mark.parametrize("fitting", [True, False])
def test_a_list_takes_sixty_thousand_bytes(*, fitting: bool) -> None:
    """As JSON has them: 240 names of 246 letters, their quotation marks and what parts them."""
    names = (*("x" * 246 for _ in range(239)), "y" * (246 if fitting else 247))
    found = sent(judged(imported(ends_in=days(3), names=names)))
    shown = found["Resources"][0]["Details"]["AwsCertificateManagerCertificate"]
    assert len(shown["SubjectAlternativeNames"]) == (240 if fitting else 239)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_a_partition_that_security_hub_knows_is_named(partition: str) -> None:
    elsewhere = arn().replace("arn:aws:", f"arn:{partition}:")
    found = sent(judged(imported(arn=elsewhere, ends_in=days(3))))
    assert found["Resources"][0]["Partition"] == partition


def test_a_partition_that_security_hub_does_not_know_is_left_out() -> None:
    elsewhere = arn().replace("arn:aws:", "arn:aws-eusc:")
    found = sent(judged(imported(arn=elsewhere, ends_in=days(3))))
    assert "Partition" not in found["Resources"][0]


def test_an_error_of_any_length_is_reported() -> None:
    lost = run(scopes=(scope(ScopeStatus.FAILED, error="x" * 2000),))
    (found,) = updates(lost, SOURCE, [])
    assert len(found["Description"]) == 1024


def test_a_failure_without_a_text_is_reported_by_what_it_means() -> None:
    lost = run(scopes=(scope(ScopeStatus.FAILED, error=None),))
    (found,) = updates(lost, SOURCE, [])
    assert found["Description"] == Verdict.SCAN_FAILED.meaning


def test_an_id_is_left_as_it_is_while_security_hub_takes_it() -> None:
    instance = "x" * (511 - len(arn()))
    found = updates(run(judged(imported(ends_in=days(3)))), replace(SOURCE, instance=instance), [])
    assert found[0]["Id"] == f"{instance}/{arn()}"
    assert len(found[0]["Id"]) == 512
