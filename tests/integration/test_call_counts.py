"""The calls of a scan: their number depends on the problems, not on the certificates."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import Any

import pytest

from certificate_lifecycle.aws.acm import AcmCertificates
from tests.embedded_aws.cloud import Cloud
from tests.estates.scale import RENEWING, WRONG, fill
from tests.integration.effects import USED, ending_in, listings
from tests.integration.invocation import NOW, Function, make_ledger, scheduled

pytestmark = pytest.mark.integration

SIZES = (100, 2_500, *(pytest.param(size, marks=pytest.mark.nightly) for size in (1_000, 10_000)))


@pytest.mark.parametrize("size", SIZES)
def test_a_scan_lists_by_the_thousand_and_describes_candidates_once(
    rotation: Function, cloud: Cloud, size: int
) -> None:
    """Bug 32: with the fast path, one search reads all renewals without problems."""
    made = fill(cloud, size)
    rotation({"rotation_mode": "notify"})
    wrong = sum(made[kind] for kind in WRONG)
    assert Counter(rotation.operations) == {
        "ListAcmeEndpoints": 1,
        "ListCertificates": listings(size),
        "ListServerCertificates": 1,
        "GetParametersByPath": 1,
        "SearchCertificates": searches(made["renewing"]),
        "DescribeCertificate": wrong,
        "GetResources": ceil(wrong / 100),
        # One load balancer uses all of them.
        "DescribeListeners": 1,
        "Publish": 1,
    }
    # A description of each finding and one search are what any answer needs; below a thousand
    # certificates, the lists of an account are more than a tenth of them.
    floor = wrong + ceil(made["renewing"] / 500)
    assert size < 1_000 or len(rotation.operations) <= 1.1 * floor + listings(size) + 6


@pytest.mark.parametrize("size", SIZES)
def test_without_the_fast_path_what_renews_is_described_and_the_answer_is_the_same(
    rotation: Function, cloud: Cloud, size: int
) -> None:
    made = fill(cloud, size)
    fast = rotation({"rotation_mode": "notify"})
    cloud.fail("acm", "SearchCertificates", "AccessDeniedException", times=None)
    slow = rotation({"rotation_mode": "notify"})
    counts = Counter(rotation.operations)
    wrong = sum(made[kind] for kind in WRONG)
    assert counts["ListCertificates"] == listings(size)
    assert counts["DescribeCertificate"] == wrong + made["renewing"]
    assert counts["GetResources"] == ceil((wrong + made["renewing"]) / 100)
    for said in (fast, slow):
        del said["run_id"], said["notification"]
    assert slow == fast


def test_a_second_run_over_an_unchanged_estate_costs_a_tenth_of_the_first(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    make_ledger(cloud, environment, "eu-west-1")
    fill(cloud, 2_500)
    rotation({"rotation_mode": "notify"})
    first = len(rotation.operations)
    rotation({"rotation_mode": "notify"})
    assert Counter(rotation.operations) == {
        "Query": 2,
        "ListAcmeEndpoints": 1,
        "ListCertificates": listings(2_500),
        "ListServerCertificates": 1,
        "SearchCertificates": searches(50),
        "GetParametersByPath": 1,
        "GetResources": 1,
    }
    assert len(rotation.operations) <= first / 10


@pytest.mark.parametrize("size", SIZES)
def test_a_healthy_estate_costs_only_its_listing(
    rotation: Function, cloud: Cloud, size: int
) -> None:
    cloud.certificates.page_size = 1000
    for number in range(size):
        cloud.certificates.add(
            domain_name=f"n{number}.example.com", **USED, **ending_in(cloud, 150)
        )
    rotation(scheduled(NOW))
    assert Counter(rotation.operations) == {
        "ListAcmeEndpoints": 1,
        "ListCertificates": listings(size),
        "ListServerCertificates": 1,
        "SearchCertificates": searches(0),
        "GetParametersByPath": 1,
        "GetTopicAttributes": 1,
    }


def searches(renewing: int) -> int:
    """Return the calls of both searches: certificates that renew, and those with e-mail."""
    return ceil(renewing / 500) + 1


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "UnknownOperationException", "ValidationException"]
)
def test_a_region_or_role_without_the_search_is_scanned_without_it(
    rotation: Function, cloud: Cloud, code: str
) -> None:
    fill(cloud, 100)
    cloud.fail("acm", "SearchCertificates", code, times=None)
    assert rotation({"rotation_mode": "notify"})["counts"]["Renewing"] == len(RENEWING)


def test_an_sdk_without_the_search_is_enough(
    rotation: Function, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cloud, 100)
    for method in ("renewals", "validated_by_email"):
        older = without_the_operation(getattr(AcmCertificates, method))
        monkeypatch.setattr(AcmCertificates, method, older)
    assert rotation({"rotation_mode": "notify"})["counts"]["Renewing"] == len(RENEWING)
    assert "SearchCertificates" not in rotation.operations


def without_the_operation(renewals: Any) -> Any:  # noqa: ANN401 - a method, and one like it
    """Give the adapter a client as older releases of the SDK make it."""

    class Older:
        def __init__(self, client: object) -> None:
            self._client = client

        def __getattr__(self, name: str) -> object:
            if name == "search_certificates":
                raise AttributeError(name)
            return getattr(self._client, name)

    def ask(self: Any, *span: object) -> object:  # noqa: ANN401 - the adapter
        return renewals(AcmCertificates(Older(self._client)), *span)  # type: ignore[arg-type] # as much of a client as is asked of

    return ask
