"""Looking at what is served within a run: of what, for how long, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.parsing.x509 import PublicKey, X509Certificate
from certificate_lifecycle.policy.settings import RotationMode
from tests.unit.builders import (
    NOW,
    PUBLIC_LIFETIME,
    SECOND,
    arn,
    certificate,
    days,
    detail,
    imported,
    zone,
)
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryImportSecrets,
    MemoryStateStore,
    MemoryTlsProbe,
    MemoryTopic,
    Outage,
    dependencies,
    run_request,
)

REQUEST = run_request(mode=RotationMode.NOTIFY)


def leaf(serial: int, name: str = "shop.example.com") -> X509Certificate:
    return X509Certificate(
        serial=serial,
        names=(name,),
        key=PublicKey("RSA_2048", b""),
        not_before=NOW + days(40) - PUBLIC_LIFETIME,
        not_after=NOW + days(40),
        key_usages=None,
        extended_key_usages=None,
    )


OLD, CURRENT = leaf(0x0A), leaf(0x0B)


def renewed(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    """Return a certificate that was renewed two days ago."""
    facts = {"ends_in": PUBLIC_LIFETIME - days(2), "detail": detail(serial="0b")}
    return certificate(**{**facts, **changes})


class Account:
    """An account and region whose certificates are served somewhere."""

    def __init__(self, served: MemoryTlsProbe | None, *held: Certificate) -> None:
        self.tls_probe = served
        self.certificates = MemoryCertificates(*held)
        self.topic = MemoryTopic()
        self.clock = MemoryClock()
        self.state_store: MemoryStateStore | None = None

    def rotate(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
        clients = dependencies(
            certificates=self.certificates,
            dns=MemoryDns(zone()),
            import_secrets=MemoryImportSecrets(),
            topic=self.topic,
            clock=self.clock,
            state_store=self.state_store,
            tls_probe=self.tls_probe,
        )
        return rotate(replace(REQUEST, **changes), clients, current_time=lambda: NOW + SECOND)


def test_a_renewal_that_is_served_is_healthy_and_not_reported() -> None:
    account = Account(MemoryTlsProbe(shop_example_com=CURRENT), renewed())
    assert account.rotate()["counts"] == {"Healthy": 1}
    assert account.topic.messages == []


def test_a_renewal_that_is_not_served_is_a_finding_with_who_uses_it() -> None:
    account = Account(MemoryTlsProbe(shop_example_com=OLD), renewed())
    (finding,) = account.rotate()["findings"]
    assert (finding["verdict"], finding["reason"], finding["severity"]) == (
        "StaleCertificateServed",
        "OlderCertificateServed",
        "warning",
    )
    assert finding["used_by"] == ["load balancer shop"]
    (sentence,) = finding["probe_results"]
    assert sentence == (
        "shop.example.com (203.0.113.7) serves serial 0a, which expires on 2026-07-11 12:00 UTC, "
        "but ACM has serial 0b: the renewed certificate is not served"
    )
    (message,) = account.topic.messages
    assert "StaleCertificateServed: It was renewed, but one of" in message.bodies["email"]
    text = " ".join(message.bodies["email"].replace("| ", "").split())
    assert "Served: shop.example.com (203.0.113.7) serves serial 0a" in text


def test_a_finding_keeps_its_verdict_and_says_what_is_served() -> None:
    due = imported(ends_in=days(5), detail=detail(serial="0b"))
    (finding,) = Account(MemoryTlsProbe(shop_example_com=OLD), due).rotate()["findings"]
    assert finding["verdict"] == "ImportDue"
    assert "another certificate is served" in finding["probe_results"][0]


def test_what_cannot_be_reached_makes_no_finding_and_no_failure() -> None:
    account = Account(MemoryTlsProbe(), renewed())
    assert account.rotate()["counts"] == {"Healthy": 1}


def test_without_the_switch_nothing_is_asked_or_described() -> None:
    account = Account(None, renewed())
    assert account.rotate()["counts"] == {"Healthy": 1}
    assert account.certificates.described == []


def test_only_what_is_worth_a_probe_is_described_once_and_asked() -> None:
    served = MemoryTlsProbe()
    wildcard = renewed(arn=arn("wildcard"), names=("*.example.com",))
    older = certificate(arn=arn("older"), names=("older.example.com",))
    account = Account(served, renewed(), wildcard, older)
    account.rotate()
    assert account.certificates.described == [arn()]
    assert served.asked == [("shop.example.com", "RSA_2048")]


def test_a_name_of_two_certificates_is_asked_once_for_each_kind_of_key() -> None:
    served = MemoryTlsProbe()
    held = (
        renewed(),
        renewed(arn=arn("again")),
        renewed(arn=arn("ecdsa"), key_algorithm="EC_prime256v1"),
    )
    Account(served, *held).rotate()
    assert sorted(served.asked) == [
        ("shop.example.com", "EC_prime256v1"),
        ("shop.example.com", "RSA_2048"),
    ]


def test_a_certificate_that_shares_its_name_with_the_one_served_is_well() -> None:
    other = certificate(arn=arn("other"), ends_in=days(40))
    account = Account(MemoryTlsProbe(shop_example_com=OLD), renewed(), other)
    assert "StaleCertificateServed" not in account.rotate()["counts"]


def test_a_run_over_one_certificate_knows_the_others_as_well() -> None:
    other = certificate(arn=arn("other"), ends_in=days(40))
    account = Account(MemoryTlsProbe(shop_example_com=OLD), renewed(), other)
    assert account.rotate(certificate_arns=[arn()])["counts"] == {"Healthy": 1}


@pytest.mark.parametrize("operation", ["describe", "probe"])
def test_a_probe_that_fails_stops_neither_the_others_nor_the_run(
    operation: str, caplog: pytest.LogCaptureFixture
) -> None:
    served = MemoryTlsProbe(shop_example_com=OLD)
    broken = renewed(arn=arn("broken"), names=("broken.example.com",))
    account = Account(served, broken, renewed())
    if operation == "probe":
        served.broken.add("broken.example.com")
    else:
        account.certificates.broken[f"describe {arn('broken')}"] = Outage("throttled")
    found = account.rotate()
    assert found["counts"] == {"Healthy": 1, "StaleCertificateServed": 1}
    assert found["scopes"][0]["status"] == "ok"
    assert any("not probed" in text or "not compared" in text for text in caplog.messages)


def test_a_certificate_without_a_serial_number_is_left_as_it_is() -> None:
    served = MemoryTlsProbe(shop_example_com=OLD)
    account = Account(served, renewed(detail=detail(serial=None)))
    assert account.rotate()["counts"] == {"Healthy": 1}
    assert served.asked == []


def test_one_that_is_deleted_meanwhile_is_left_as_it_is() -> None:
    account = Account(MemoryTlsProbe(shop_example_com=OLD), renewed())
    account.certificates.unknown_for = 1
    assert account.rotate()["counts"] == {"Healthy": 1}


def test_no_probe_is_started_with_nothing_but_the_reserve_left() -> None:
    served = MemoryTlsProbe(shop_example_com=OLD)
    due = imported(ends_in=days(5), detail=detail(serial="0b"))
    account = Account(served, due)

    class Late(MemoryClock):
        """A clock that is late as soon as everything is described."""

        def remaining(self) -> float:
            return 20.0 if account.certificates.described else 900.0

    account.clock = Late()
    (finding,) = account.rotate()["findings"]
    assert served.asked == []
    assert finding["probe_results"] == [
        "shop.example.com was not probed, because it took too long or failed"
    ]


@pytest.mark.parametrize(("most", "left"), [(0.2, 900.0), (60.0, 32.0)], ids=["most", "share"])
def test_a_name_that_hangs_is_given_up_and_the_others_are_reported(
    most: float, left: float, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After the time limit, or a tenth of the time that is left for more."""
    monkeypatch.setattr("certificate_lifecycle.app.tls_probe._MAX_SECONDS", most)
    served = MemoryTlsProbe(shop_example_com=OLD)
    served.hanging.add("slow.example.com")
    account = Account(served, renewed(names=("slow.example.com", "shop.example.com")))
    account.clock = MemoryClock(left)
    try:
        (finding,) = account.rotate()["findings"]
    finally:
        served.release()
    assert finding["probe_results"][0] == (
        "slow.example.com was not probed, because it took too long or failed"
    )
    assert "the renewed certificate is not served" in finding["probe_results"][1]
    assert "name not probed in time" in caplog.messages


def test_the_most_urgent_are_probed_where_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("certificate_lifecycle.app.tls_probe._MAX_CERTIFICATES", 1)
    served = MemoryTlsProbe()
    due = imported(arn=arn("due"), names=("due.example.com",), ends_in=days(5))
    urgent = replace(due, detail=detail(serial="0b"))
    Account(served, renewed(), urgent).rotate()
    assert [name for name, _ in served.asked] == ["due.example.com"]
    assert "names not probed" in caplog.messages


def test_what_is_not_served_is_reported_once_and_followed_until_it_is() -> None:
    served = MemoryTlsProbe(shop_example_com=OLD)
    account = Account(served, renewed())
    account.state_store = MemoryStateStore()
    assert account.rotate()["notification"]["sent"]
    assert not account.rotate(run_id="run-2")["notification"]["sent"]

    later = NOW + days(5)
    assert account.rotate(run_id="run-3", now=later)["counts"] == {"StaleCertificateServed": 1}
    served.shown["shop.example.com"] = CURRENT
    assert account.rotate(run_id="run-4", now=later)["counts"] == {"Healthy": 1}
    served.shown["shop.example.com"] = OLD
    assert account.rotate(run_id="run-5", now=later)["counts"] == {"Healthy": 1}
    assert len(served.asked) == 4


@pytest.mark.parametrize("trouble", ["probe", "describe", "limit", "time"])
def test_what_was_reported_as_not_served_stays_a_finding_while_it_cannot_be_probed(
    trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = MemoryTlsProbe(shop_example_com=OLD)
    account = Account(served, renewed())
    account.state_store = MemoryStateStore()
    account.rotate()
    served.shown["shop.example.com"] = CURRENT
    match trouble:
        case "probe":
            served.broken.add("shop.example.com")
        case "describe":
            account.certificates.broken[f"describe {arn()}"] = Outage("not today")
        case "limit":
            monkeypatch.setattr("certificate_lifecycle.app.tls_probe._MAX_CERTIFICATES", 0)
        case _:
            account.clock.left = 29
    found = account.rotate(run_id="run-2", now=NOW + timedelta(hours=1))
    assert found["counts"] == {"StaleCertificateServed": 1}
    assert not found["notification"]["sent"]
    assert set(account.state_store.alerts) == {arn()}


def test_a_name_that_no_server_answers_for_is_no_finding_any_more() -> None:
    served = MemoryTlsProbe(shop_example_com=OLD)
    account = Account(served, renewed())
    account.state_store = MemoryStateStore()
    account.rotate()
    served.shown.clear()
    assert account.rotate(run_id="run-2")["counts"] == {"Healthy": 1}


def test_a_renewal_in_an_outage_of_the_runs_is_probed_by_the_next_run() -> None:
    served = MemoryTlsProbe(shop_example_com=OLD)
    account = Account(served, certificate(ends_in=days(40), detail=detail(serial="0a")))
    account.state_store = MemoryStateStore()
    account.rotate()
    account.certificates.stored[arn()] = renewed(ends_in=PUBLIC_LIFETIME + days(1))
    later = NOW + days(9)
    assert account.rotate(run_id="run-2", now=later)["counts"] == {"StaleCertificateServed": 1}


@pytest.mark.parametrize("changes", [{"dry_run": True}, {"certificate_arns": [arn()]}])
def test_only_a_run_over_everything_counts_as_a_run_that_probed(changes: dict[str, Any]) -> None:
    account = Account(MemoryTlsProbe(), renewed())
    account.state_store = MemoryStateStore()
    account.rotate(**changes)
    assert account.state_store.probed_at is None
    account.rotate()
    assert account.state_store.probed_at == NOW


def test_a_probe_that_could_not_be_recorded_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    account = Account(MemoryTlsProbe(), renewed())
    account.state_store = MemoryStateStore()
    account.state_store.broken["record_probe"] = Outage("not today")
    assert account.rotate()["counts"] == {"Healthy": 1}
    assert "probe not recorded" in caplog.messages
