"""Ctrl-C during a scan: what was not judged is counted, and is no finding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from certificate_lifecycle.cli.interrupts import TerminalClock
from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.integration.invocation import Wire
from tests.integration.terminal import Certificates

pytestmark = pytest.mark.integration


@pytest.fixture
def interrupt(environment: pytest.MonkeyPatch, wire: Wire) -> Callable[[str], None]:
    """Return a function that has Ctrl-C pressed before the first call of an operation."""
    clocks: list[TerminalClock] = []

    def made() -> TerminalClock:
        clocks.append(TerminalClock())
        return clocks[-1]

    environment.setattr("certificate_lifecycle.cli.session.TerminalClock", made)

    def before(operation: str) -> None:
        def press(name: str) -> None:
            if name == operation:
                clocks[-1].interrupt()

        wire.before = press

    return before


def sentences(document: dict[str, Any]) -> list[str]:
    return [entry["message"] for entry in (*document["findings"], *document["healthy"])]


def test_certificates_that_were_not_judged_are_counted_in_one_line(
    certificates: Certificates, cloud: Cloud, interrupt: Callable[[str], None]
) -> None:
    total = len(showcase.fill(cloud))
    interrupt("DescribeCertificate")
    ended = certificates("scan", "--all")
    assert ended.code == 130
    (line,) = [line for line in ended.out.splitlines() if line.startswith("Interrupted: ")]
    left = int(line.split()[1])
    assert line == f"Interrupted: {left} of {total} certificates were not judged."
    assert 0 < left < total
    assert f"{total - left} certificates in account 123456789012, eu-west-1: " in ended.words
    assert "details could not be read" not in ended.words
    assert ended.out.count("nterrupted") == 1


def test_a_document_of_an_interrupted_scan_says_so_for_each_account_and_region(
    certificates: Certificates, cloud: Cloud, interrupt: Callable[[str], None]
) -> None:
    showcase.fill(cloud)
    interrupt("DescribeCertificate")
    document = certificates("scan", "-o", "json").document
    (scope,) = document["scopes"]
    judged = len(document["findings"]) + len(document["healthy"])
    assert (scope["status"], scope["certificates"]) == ("partial", judged)
    assert scope["error"].endswith("certificates were not judged")
    assert not any("interrupted" in sentence for sentence in sentences(document))


def test_regions_that_were_not_read_are_counted_and_other_errors_are_kept(
    certificates: Certificates, cloud: Cloud, interrupt: Callable[[str], None]
) -> None:
    cloud.fail("acm", "ListCertificates", "AccessDeniedException", "no", region="us-east-1")
    showcase.fill(cloud)
    interrupt("DescribeCertificate")
    ended = certificates("scan", "--regions", "eu-west-1,us-east-1")
    assert ended.code == 130
    assert "AccessDeniedException" in ended.out
    assert "failed account 123456789012, us-east-1" in ended.words
    assert "certificates were not judged" in ended.words


def test_a_certificate_that_an_interrupted_plan_lacks_is_not_called_unknown(
    certificates: Certificates, cloud: Cloud, interrupt: Callable[[str], None]
) -> None:
    cases = showcase.fill(cloud)
    interrupt("DescribeCertificate")
    name = next(case.domain_name for case in cases.values() if case.verdict == "RenewalBlocked")
    ended = certificates("plan", name)
    assert ended.code == 130
    assert "is not the ARN" not in ended.err
