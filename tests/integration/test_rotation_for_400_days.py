"""More than a year of daily runs over a mixed estate: who is requested anew, and who hears of what."""

from __future__ import annotations

from collections import Counter

import pytest

from certificate_lifecycle.aws.clients import Clients
from tests.integration.effects import USED, documents, ending_in, put_records
from tests.integration.invocation import Function, scheduled
from tests.support.cloud import Cloud

pytestmark = pytest.mark.integration

DAYS = 400


@pytest.fixture(autouse=True)
def kept_clients(cloud: Cloud, environment: pytest.MonkeyPatch, ledger_table: str) -> None:
    """Make the clients once: they would take most of the time of hundreds of runs."""
    clients = Clients()
    environment.setattr("certificate_lifecycle.handlers.rotation.Clients", lambda: clients)
    environment.setenv("REBIND_CONSUMERS", "true")
    cloud.certificates.page_size = 1000


def test_a_mixed_estate(rotation: Function, cloud: Cloud, topic: str) -> None:
    zone = cloud.zones.add("example.com")
    add = cloud.certificates.add
    healthy = {
        "198 days": add(domain_name="a.example.com", **USED, **ending_in(cloud, 120)),
        "395 days": add(domain_name="b.example.com", **USED, **ending_in(cloud, 300, lifetime=395)),
        "47 days": add(domain_name="c.example.com", **USED, **ending_in(cloud, 40, lifetime=47)),
        "private": add(
            domain_name="d.example.com",
            type="PRIVATE",
            **USED,
            **ending_in(cloud, 200, lifetime=395),
        ),
    }
    unused = add(domain_name="e.example.com", **ending_in(cloud, 90))
    imported = add(
        domain_name="f.example.com", type="IMPORTED", **USED, **ending_in(cloud, 100, lifetime=365)
    )
    mailed = add(
        domain_name="g.example.com", validation_method="EMAIL", **USED, **ending_in(cloud, 80)
    )
    broken = add(domain_name="h.example.net", **USED, **ending_in(cloud, 150))
    stuck = add(domain_name="i.example.com", renews=False, **ending_in(cloud, 60))
    cloud.consumers.load_balancer(stuck, name="stuck")
    put_records(cloud, zone, *healthy.values(), stuck)

    writes: Counter[str] = Counter()
    for _ in range(DAYS):
        rotation(scheduled(cloud.now))
        writes.update(rotation.writes)
        cloud.forget_calls()
        cloud.advance(days=1)
    print(writes)
    for c in cloud.certificates.all():
        print(c.domain_name, c.status, c.not_after, c.tags)
    for d in documents(cloud, topic):
        print(
            d["run_id"] if "run_id" in d else "",
            [(f["domain_name"], f["verdict"], f["severity"]) for f in d["findings"]],
            [(a["outcome"], a["detail"][:60]) for a in d["actions"]],
        )
    assert 0
