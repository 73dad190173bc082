"""More than a year of daily runs over a mixed estate: requests and notifications."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, documents, ending_in, put_records
from tests.integration.invocation import NOW, Function, scheduled

pytestmark = [
    pytest.mark.integration,
    pytest.mark.nightly,
    pytest.mark.usefixtures("kept_clients", "ledger_table"),
]

DAYS = 400
#: More than half of them remind weekly of two certificates that are expired and in use, and that
#: only their owners can fix; the others report new and resolved findings, and summaries.
MESSAGES = 68


@dataclass
class Estate:
    """Certificates of every kind in use, and one that is not in use."""

    cloud: Cloud
    arns: dict[str, str]
    listener: str

    def now(self, name: str) -> Certificate:
        return self.cloud.certificates.get(self.arns[name])

    @property
    def successors(self) -> list[Certificate]:
        return [
            entry for entry in self.cloud.certificates.all() if entry.arn not in self.arns.values()
        ]


@pytest.fixture
def estate(cloud: Cloud, environment: pytest.MonkeyPatch) -> Estate:
    environment.setenv("REBIND_CONSUMERS", "true")
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "30")
    cloud.certificates.page_size = 1000
    zone, add = cloud.zones.add("example.com"), cloud.certificates.add
    served = {**USED}
    arns = {
        "198 days": add(domain_name="a.example.com", **served, **ending_in(cloud, 120)),
        "395 days": add(
            domain_name="b.example.com", **served, **ending_in(cloud, 300, lifetime=395)
        ),
        "47 days": add(domain_name="c.example.com", **served, **ending_in(cloud, 40, lifetime=47)),
        "private": add(
            domain_name="d.example.com",
            type="PRIVATE",
            **served,
            **ending_in(cloud, 200, lifetime=395),
        ),
        "unused": add(domain_name="e.example.com", **ending_in(cloud, 90)),
        "imported": add(
            domain_name="f.example.com",
            type="IMPORTED",
            **served,
            **ending_in(cloud, 100, lifetime=365),
        ),
        "by e-mail": add(
            domain_name="g.example.com", validation_method="EMAIL", **served, **ending_in(cloud, 80)
        ),
        "without a zone": add(domain_name="h.example.net", **served, **ending_in(cloud, 150)),
        "given up by ACM": add(domain_name="i.example.com", renews=False, **ending_in(cloud, 60)),
    }
    by_dns = ("198 days", "395 days", "47 days", "given up by ACM")
    put_records(cloud, zone, *(arns[name] for name in by_dns))
    listener = cloud.consumers.load_balancer(arns["given up by ACM"])
    return Estate(cloud, arns, listener)


def live(rotation: Function, cloud: Cloud) -> Counter[str]:
    """Run once a day and count the writes of all runs."""
    made: Counter[str] = Counter()
    for _ in range(DAYS):
        rotation(scheduled(cloud.now))
        made.update(rotation.writes)
        cloud.forget_calls()
        cloud.advance(days=1)
    return made


def test_a_mixed_estate_lives_for_400_days_with_one_request_and_few_messages(
    rotation: Function, cloud: Cloud, topic: str, estate: Estate
) -> None:
    """Bugs 34, 36, 37 and 46."""
    made = live(rotation, cloud)

    # ACM stops renewing one certificate: it gets one successor, which is bound, and is deleted.
    (successor,) = estate.successors
    assert successor.tags["certificate-lifecycle:replaces"] == estate.arns["given up by ACM"]
    assert cloud.consumers.listener_certificates(estate.listener) == (successor.arn, [])
    assert estate.arns["given up by ACM"] not in {c.arn for c in cloud.certificates.all()}
    of_the_state = {"PutItem", "DeleteItem", "TransactWriteItems"}
    writes = {name: count for name, count in made.items() if name not in of_the_state}
    assert writes == {
        "RequestCertificate": 1,
        "UpdateItem": 1,
        "ModifyListener": 1,
        "AddTagsToCertificate": 1,
        "DeleteCertificate": 1,
        # One certificate leaves e-mail validation for DNS, under its own ARN.
        "UpdateCertificateOptions": 1,
        "ChangeResourceRecordSets": 1,
        "Publish": MESSAGES,
    }

    # Whatever could be kept valid is: by ACM, under its own ARN, or by the successor.
    for name in ("198 days", "395 days", "47 days", "private", "by e-mail"):
        assert estate.now(name).status == "ISSUED"
    assert successor.status == "ISSUED"
    for name in ("unused", "imported", "without a zone"):
        assert estate.now(name).status == "EXPIRED"

    # Renewals without problems cause no notification, the rest at marks and weekly.
    reported = Counter(
        (finding["domain_name"], finding["verdict"])
        for document in documents(cloud, topic)
        for finding in document["findings"]
    )
    assert {name for name, _ in reported} == {
        "f.example.com",
        "g.example.com",
        "h.example.net",
        "i.example.com",
    }
    assert reported["g.example.com", "RenewalAtRisk"] == 1
    assert reported["i.example.com", "RenewalOverdue"] == 5
    assert cloud.now > NOW
