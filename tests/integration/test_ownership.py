"""Certificates of others are reported and not changed, and controllers that select by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.estates import showcase, troubles
from tests.integration.effects import documents, ending_in
from tests.integration.invocation import NOW, Function, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients", "ledger_table")]

REGION = "eu-west-1"
#: Writes of the state table and of the topic.
OWN_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "Publish"}


def snapshot(cloud: Cloud) -> Any:  # noqa: ANN401 - compared only
    """Return everything that an action could change."""
    zones = {zone.name: cloud.zones.records(zone.zone_id) for zone in cloud.zones.all()}
    certificates = [(entry.arn, dict(entry.tags)) for entry in cloud.certificates.all()]
    return certificates, zones, cloud.consumers.snapshot()


def run_days(rotation: Function, cloud: Cloud, days: int) -> set[str]:
    """Run once a day, and return the operations that changed something."""
    written: set[str] = set()
    for _ in range(days):
        cloud.advance(days=1)
        rotation(scheduled(cloud.now))
        written.update(rotation.writes)
    return written


def test_the_default_settings_report_an_account_of_others_and_change_nothing_of_it(
    rotation: Function, cloud: Cloud, topic: str, environment: pytest.MonkeyPatch
) -> None:
    """Everything is on that only a certificate of this instance may meet."""
    environment.delenv("UNMANAGED_ROTATION_MODE")
    environment.setenv("ALLOWED_DOMAINS", json.dumps(["mine.example.com"]))
    environment.setenv("REBIND_CONSUMERS", "true")
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "1")
    cloud.certificates.managed_renewal = False
    showcase.fill(cloud)
    troubles.fill(cloud, DEFAULT_ACCOUNT, showcase.ZONE, [REGION])
    claimed = cloud.certificates.add(
        domain_name="claimed.example.com",
        renews=False,
        tags={"ManagedBy": "certificate-lifecycle"},
        **ending_in(cloud, 5),
    )
    cloud.consumers.load_balancer(claimed, name="claimed")
    before = snapshot(cloud)
    first = rotation(scheduled(cloud.now))
    assert set(rotation.writes) | run_days(rotation, cloud, 2) <= OWN_WRITES
    assert snapshot(cloud) == before
    assert {action["outcome"] for action in first["actions"]} == {"advised"}
    limited = [
        action["action"]
        for action in first["actions"]
        if "unmanaged_rotation_mode is notify" in action["detail"]
    ]
    assert {"Replace", "RestoreRecords", "RenewByEmail"} <= set(limited)
    assert claimed in {finding["certificate_arn"] for finding in first["findings"]}
    assert "unmanaged_rotation_mode" in cloud.topics.messages(topic)[0].to("email")


def selected(cloud: Cloud) -> tuple[str, str]:
    """Add a certificate that is due, on the load balancer of a controller."""
    cloud.zones.add("example.com")
    old = cloud.certificates.add(domain_name="example.com", renews=False, **ending_in(cloud, 5))
    listener = cloud.consumers.load_balancer(old)
    cloud.consumers.tag_load_balancer(listener, **{"elbv2.k8s.aws/cluster": "shop"})
    return old, listener


class Controller:
    """The AWS Load Balancer Controller: a listener gets every issued certificate with its name.

    `keeps` has the certificates in the order of its list, whose first one is the default
    (`pkg/certs/cert_discovery.go`, version 3.5.0).
    """

    def __init__(self, cloud: Cloud, listener: str, keeps: Callable[[str], Any]) -> None:
        self._cloud, self._listener, self._keeps = cloud, listener, keeps

    def reconcile(self) -> None:
        issued = (entry for entry in self._cloud.certificates.all() if entry.status == "ISSUED")
        arns = sorted((entry.arn for entry in issued), key=self._keeps)
        self._cloud.consumers.set_certificates(self._listener, *arns)


#: By the place of the old certificate in the controller's list: the changes of a listener.
CHANGES = {
    "first": ["ModifyListener"],
    "last": ["ModifyListener", "AddListenerCertificates", "RemoveListenerCertificates"],
}


@pytest.mark.parametrize("place", CHANGES)
def test_a_listener_selected_by_name_is_changed_once_named_once_and_never_waited_for(
    rotation: Function, cloud: Cloud, topic: str, environment: pytest.MonkeyPatch, place: str
) -> None:
    """For 12 days, it returns the old certificate as long as that is issued."""
    environment.setenv("REBIND_CONSUMERS", "true")
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "3")
    old, listener = selected(cloud)
    controller = Controller(cloud, listener, lambda arn: (arn == old) is (place == "last"))
    written: list[str] = []
    states = []
    for _ in range(12):
        rotation(scheduled(cloud.now))
        written += [name for name in rotation.writes if name.endswith(("Listener", "Certificates"))]
        states.append(state_of_replacement(cloud))
        controller.reconcile()
        cloud.advance(days=1)
    assert written == CHANGES[place]
    actions = [action for entry in documents(cloud, topic) for action in entry["actions"]]
    done = [entry["detail"] for entry in actions if entry["outcome"] != "advised"]
    by_name = [text for text in done if "selected by name" in text]
    assert [text.count("alb.ingress.kubernetes.io/certificate-arn") for text in by_name] == [1]
    assert not [text for text in done if "no known consumer uses it" in text]
    assert "failed" not in {entry["outcome"] for entry in actions}
    # The controller drops expired certificates, so that the old certificate can be deleted.
    assert states == ["verified"] * 6 + ["retired"] * 6
    assert old not in [entry.arn for entry in cloud.certificates.all()]


def state_of_replacement(cloud: Cloud) -> str:
    items = cloud.client("dynamodb").scan(TableName="certificate-lifecycle-ledger")["Items"]
    (state,) = [item["state"]["S"] for item in items if "successor_arn" in item]
    return str(state)


def test_the_tags_of_many_load_balancers_are_read_in_one_call(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("UNMANAGED_ROTATION_MODE", "notify")
    old, _ = selected(cloud)
    for number in range(25):
        cloud.consumers.load_balancer(old, name=f"web-{number}")
    found = rotation(scheduled(NOW))
    assert rotation.operations.count("DescribeTags") == 1
    (finding,) = found["findings"]
    assert finding["owner_kind"] == "selected"
    assert "of cluster shop" in finding["message"]
