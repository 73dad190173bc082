"""Imported certificates with a source: read, judged, imported, and reported, in memory."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
)
from certificate_lifecycle.model.errors import (
    CertificateImportError,
    CertificateNotFoundError,
    RotationError,
    SecretUnreadableError,
    StateUnreadableError,
)
from certificate_lifecycle.policy.import_history import ImportHistory
from certificate_lifecycle.policy.import_source import Allowance, ImportSource, read_version
from certificate_lifecycle.policy.settings import RotationMode
from tests.harness import authority
from tests.unit.builders import (
    NOW,
    SECOND,
    arn,
    certificate,
    days,
    imported,
    secret_arn,
)
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryImportSecrets,
    MemoryStateStore,
    MemoryTopic,
    dependencies,
    run_request,
)

ALGORITHM = "EC_prime256v1"
ISSUED = authority.issue(
    "shop.example.com", not_after=NOW + days(300), algorithm=ALGORITHM, serial=0xBEEF
)
#: Issued before what ACM has.
OLDER = authority.issue(
    "shop.example.com", not_after=NOW + days(9), algorithm=ALGORITHM, lifetime=days(399)
)


def sources(**secrets: str) -> dict[str, ImportSource]:
    """Return the import sources of certificates by name."""
    return {
        arn(name): ImportSource(secret_arn=secret_arn(secret)) for name, secret in secrets.items()
    }


REQUEST = run_request(import_sources=sources(shop="shop"))


def held(**changes: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    there = {
        "key_algorithm": ALGORITHM,
        "ends_in": days(10),
        "detail": CertificateDetail(serial="01"),
    }
    return imported(**{**there, **changes})


class Account:
    """A region with imported certificates, and secrets beside it."""

    def __init__(self, *certificates: Certificate, **secrets: str) -> None:
        self.certificates = MemoryCertificates(*certificates)
        self.secrets = MemoryImportSecrets(**{"shop": ISSUED.secret(), **secrets})
        self.state_store = MemoryStateStore()
        self.topic = MemoryTopic()
        self.clock = MemoryClock()

    def rotate(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
        clients = dependencies(
            certificates=self.certificates,
            dns=MemoryDns(),
            import_secrets=self.secrets,
            state_store=self.state_store,
            topic=self.topic,
            clock=self.clock,
        )
        return rotate(replace(REQUEST, **changes), clients, current_time=lambda: NOW + SECOND)

    @property
    def mail(self) -> str:
        """The last message, unfolded."""
        return " ".join(self.topic.messages[-1].bodies["email"].replace("| ", "").split())


def test_a_newer_version_is_imported_under_the_same_arn_reported_and_counted() -> None:
    account = Account(held())
    found = account.rotate()
    assert account.certificates.imported == [arn()]
    assert account.certificates.stored[arn()].not_after == NOW + days(300)
    assert found["actions"] == [
        {
            "certificate_arn": arn(),
            "action": "Reimport",
            "outcome": "done",
            "detail": "imported the version that expires on 2027-03-28 12:00 UTC (serial be:ef)",
            "renewed": True,
            "dns_records": [],
        }
    ]
    assert (found["expiring_certificates"], found["renewed_certificates"]) == (1, 1)
    done = "shop.example.com: imported the version that expires on 2027-03-28"
    assert f"REPAIRED IN THIS RUN (1) {done}" in account.mail
    assert json.loads(json.dumps(found)) == found


def test_a_second_run_finds_nothing_to_do_and_has_nothing_to_report() -> None:
    account = Account(held())
    account.rotate()
    found = account.rotate()
    assert account.certificates.imported == [arn()]
    assert found["counts"] == {"Healthy": 1}
    assert found["notification"]["reason"] == "nothing to report"


def test_what_is_ahead_is_imported_long_before_the_end_and_does_not_count_as_expiring() -> None:
    account = Account(held(ends_in=days(100)))
    found = account.rotate()
    (finding,) = found["findings"]
    assert (finding["verdict"], finding["severity"], finding["reason"]) == (
        "ImportDue",
        "info",
        "SourceNewer",
    )
    assert account.certificates.imported == [arn()]
    assert (found["expiring_certificates"], found["renewed_certificates"]) == (0, 1)
    (message,) = account.topic.messages
    assert message.subject == "[info] shop.example.com expires in 100 days eu-west-1"
    assert message.bodies["default"].endswith(": 1 needs you · 1 repaired")


def test_an_expired_certificate_comes_back_to_life() -> None:
    account = Account(held(ends_in=-days(3), status=CertificateStatus.EXPIRED, in_use=False))
    assert account.rotate()["renewed_certificates"] == 1


def test_names_that_are_lost_by_an_import_have_to_be_allowed_and_are_reported() -> None:
    account = Account(held(names=("shop.example.com", "b.example.com", "a.example.com")))
    (finding,) = account.rotate()["findings"]
    assert finding["reason"] == "SourceIncompatible"
    assert (
        "it lacks a.example.com, b.example.com (to accept that, add fewer_names to its"
        in (finding["message"])
    )
    assert account.certificates.imported == []
    allowing = ImportSource(secret_arn=secret_arn(), allow=frozenset({Allowance.FEWER_NAMES}))
    (action,) = account.rotate(import_sources={arn(): allowing})["actions"]
    assert action["detail"].endswith(", without a.example.com, b.example.com")


def test_a_lost_client_usage_is_imported_and_a_warning_unless_it_is_required() -> None:
    usages: dict[str, Any] = {"algorithm": ALGORITHM, "not_after": NOW + days(100)}
    both = authority.issue(
        "shop.example.com", purposes=[authority.SERVER, authority.CLIENT], **usages
    )
    account = Account(held(ends_in=days(100)))
    account.certificates.versions[arn()] = read_version(both.certificate, "")
    required = ImportSource(secret_arn=secret_arn(), require_client_auth=True)
    (finding,) = account.rotate(import_sources={arn(): required})["findings"]
    assert (finding["verdict"], finding["reason"]) == ("Unknown", "SourceIncompatible")
    assert account.certificates.imported == []
    found = account.rotate()
    (finding,) = found["findings"]
    assert (finding["severity"], finding["reason"]) == ("warning", "SourceNewer")
    assert found["actions"][0]["detail"].endswith(", without TLS_WEB_CLIENT_AUTHENTICATION")


def test_the_most_urgent_import_is_the_first() -> None:
    left = {"far": 200, "near": 5, "soon": 20}
    account = Account(
        *(held(arn=arn(name), ends_in=days(count)) for name, count in left.items()),
        **dict.fromkeys(left, ISSUED.secret()),
    )
    account.rotate(import_sources=sources(**{name: name for name in left}))
    assert account.certificates.imported == [arn("near"), arn("soon"), arn("far")]


def test_imports_are_a_second_apart() -> None:
    names = ("a", "b", "c")
    account = Account(
        *(held(arn=arn(name)) for name in names), **dict.fromkeys(names, ISSUED.secret())
    )
    account.rotate(import_sources=sources(**dict(zip(names, names, strict=True))))
    assert account.certificates.imported == [arn(name) for name in names]
    assert account.clock.slept == [1.0, 1.0]


# --- Looking only -----------------------------------------------------------------------------


def test_mode_notify_reads_no_secret_and_says_that_there_is_a_source() -> None:
    account = Account(held())
    found = account.rotate(mode=RotationMode.NOTIFY)
    assert (account.secrets.read, account.certificates.imported) == ([], [])
    assert "Its import source shop-AbCdEf is read only in mode repair or replace." in account.mail
    assert found["actions"][0]["outcome"] == "advised"
    assert found["renewed_certificates"] == 0


def test_a_dry_run_says_what_would_be_imported_and_imports_nothing() -> None:
    account = Account(held())
    (action,) = account.rotate(dry_run=True)["actions"]
    assert account.certificates.imported == []
    assert (action["outcome"], action["detail"]) == (
        "planned",
        "import the version that expires on 2027-03-28 12:00 UTC (serial be:ef)",
    )


def test_what_another_tool_manages_is_left_to_it() -> None:
    account = Account(held())
    account.certificates.tagged[arn()] = (("ManagedBy", "cert-manager"),)
    (finding,) = account.rotate()["findings"]
    assert finding["verdict"] == "ExternallyManaged"
    assert finding["message"].endswith("Its import source shop-AbCdEf is not used for that reason.")
    assert (account.secrets.read, account.certificates.imported) == ([], [])


def test_a_certificate_without_a_source_is_only_reported() -> None:
    account = Account(held())
    found = account.rotate(import_sources={})
    assert account.secrets.read == []
    assert found["actions"][0]["outcome"] == "advised"


def test_only_the_sources_of_wanted_certificates_are_read() -> None:
    account = Account(held(), certificate(arn=arn("other")))
    account.rotate(certificate_arns=[arn("other")])
    assert account.secrets.read == []


# --- What cannot be imported ------------------------------------------------------------------


def test_an_older_version_is_said_and_not_imported() -> None:
    account = Account(held(), shop=OLDER.secret())
    (finding,) = account.rotate()["findings"]
    assert (finding["verdict"], finding["reason"]) == ("ImportDue", "SourceNotNewer")
    assert (
        "only a version that expires on 2026-06-10 12:00 UTC and was issued" in (finding["message"])
    )
    far = Account(held(ends_in=days(200)), shop=OLDER.secret())
    (finding,) = far.rotate()["findings"]
    assert (finding["severity"], finding["reason"]) == ("info", "SourceNotNewer")
    assert "which was imported by other means, is kept" in finding["message"]
    assert (account.certificates.imported, far.certificates.imported) == ([], [])


# --- What was there before --------------------------------------------------------------------

LEAKED = authority.issue(
    "shop.example.com", not_after=NOW + days(300), lifetime=days(365), algorithm=ALGORITHM
)
#: What a person imported in its place: issued before or after it, and ends earlier.
EMERGENCIES = [
    authority.issue(
        "shop.example.com", not_after=NOW + days(80), lifetime=days(lifetime), algorithm=ALGORITHM
    )
    for lifetime in (81, 200)
]


@pytest.mark.parametrize("emergency", EMERGENCIES, ids=["issued later", "issued earlier"])
def test_a_version_that_a_person_replaced_never_comes_back(emergency: authority.Issued) -> None:
    account = Account(held(ends_in=days(100)), shop=LEAKED.secret())
    account.certificates.versions[arn()] = read_version(LEAKED.certificate, "")
    account.rotate()
    account.certificates.versions[arn()] = read_version(emergency.certificate, "")
    for _ in range(3):
        (finding,) = account.rotate()["findings"]
        assert (finding["severity"], finding["reason"]) == ("info", "SourceNotNewer")
        assert (
            "the version in ACM, which was imported by other means, is kept" in (finding["message"])
        )
    assert account.certificates.imported == []


def test_a_history_that_cannot_be_read_stops_this_import_alone() -> None:
    account = Account(held(), held(arn=arn("other")), other=ISSUED.secret())
    account.state_store.broken[f"import_history {arn()}"] = StateUnreadableError("no history")
    with pytest.raises(RotationError, match="shop: no history"):
        account.rotate(import_sources=sources(shop="shop", other="other"))
    assert account.certificates.imported == [arn("other")]
    assert "cannot be read or compared: no history." in account.mail


def test_nothing_is_imported_without_the_state() -> None:
    account = Account(held())
    account.state_store.broken["replacement_records"] = StateUnreadableError("no table")
    with pytest.raises(RotationError, match="no table"):
        account.rotate()
    assert "is not used, because the state table could not be read: no table." in account.mail
    account = Account(held())
    del account.state_store
    account.state_store = None  # type: ignore[assignment] # a function without LEDGER_TABLE
    account.rotate()
    assert "is not used, because there is no state table." in account.mail
    assert (account.secrets.read, account.certificates.imported) == ([], [])


def test_a_history_that_cannot_be_written_stops_the_import_and_is_raised() -> None:
    account = Account(held(), held(arn=arn("older")), older=OLDER.secret())
    account.state_store.broken["save_import_history"] = StateUnreadableError("no write")
    with pytest.raises(RotationError, match="older: its import history: no write"):
        account.rotate(import_sources=sources(shop="shop", older="older"))
    assert account.certificates.imported == []


def test_a_certificate_whose_version_cannot_be_read_is_reported_and_raised() -> None:
    account = Account(held())
    account.certificates.broken[f"imported_version {arn()}"] = SecretUnreadableError("Throttling")
    with pytest.raises(RotationError, match="shop: Throttling"):
        account.rotate()
    assert (account.secrets.read, account.certificates.imported) == ([], [])


def test_a_certificate_that_is_deleted_before_it_is_compared_is_left_out() -> None:
    account = Account(held())
    account.certificates.broken[f"imported_version {arn()}"] = CertificateNotFoundError("gone")
    assert account.rotate()["findings"] == []


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("shop", "SourceInvalid"),
        (ISSUED.secret(private_key="none"), "SourceInvalid"),
        (
            authority.issue("b.example", not_after=NOW + days(300), algorithm=ALGORITHM).secret(),
            "SourceIncompatible",
        ),
    ],
)
@pytest.mark.parametrize(("left", "verdict"), [(10, "ImportDue"), (200, "Unknown")])
def test_a_bad_secret_is_a_finding_and_no_failure(
    secret: str, reason: str, left: int, verdict: str
) -> None:
    account = Account(held(ends_in=days(left)), shop=secret)
    (finding,) = account.rotate()["findings"]
    assert (finding["verdict"], finding["severity"], finding["reason"]) == (
        verdict,
        "warning",
        reason,
    )
    assert account.certificates.imported == []
    assert len(account.topic.messages) == 1


def test_a_secret_that_cannot_be_read_is_reported_and_raised_after_the_others_were_imported() -> (
    None
):
    account = Account(held(), held(arn=arn("other")), other=ISSUED.secret())
    account.secrets.broken[secret_arn()] = SecretUnreadableError("no access to the secret")
    with pytest.raises(RotationError, match="shop: no access to the secret"):
        account.rotate(import_sources=sources(shop="shop", other="other"))
    assert account.certificates.imported == [arn("other")]
    assert "Its import source shop-AbCdEf cannot be read or compared: no access" in account.mail


def test_a_refused_import_is_reported_and_raised_after_the_others_were_imported() -> None:
    account = Account(held(), held(arn=arn("other")), other=ISSUED.secret())
    account.certificates.broken[f"reimport {arn()}"] = CertificateImportError("ACM refused it")
    with pytest.raises(RotationError, match="shop: ACM refused it"):
        account.rotate(import_sources=sources(shop="shop", other="other"))
    assert account.certificates.imported == [arn("other")]
    assert "Failed: ACM refused it" in account.mail


def test_an_undescribed_certificate_is_not_compared_with_its_source() -> None:
    account = Account(held())
    account.certificates.broken[f"describe {arn()}"] = SecretUnreadableError("Throttling")
    with pytest.raises(RotationError, match="Throttling"):
        account.rotate()
    assert account.secrets.read == []


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (Account(), "does not exist"),
        (Account(certificate()), "was not imported"),
    ],
)
def test_a_source_of_nothing_that_can_be_imported_is_reported_and_raised(
    account: Account, why: str
) -> None:
    with pytest.raises(RotationError, match=f"{arn()} has an import source, but {why}"):
        account.rotate()
    assert "INCOMPLETE" in account.mail
    assert account.secrets.read == []


def test_a_run_out_of_time_reads_no_secret() -> None:
    account = Account(held())
    account.clock.left = 29
    with pytest.raises(RotationError, match="time ran out"):
        account.rotate()
    assert (account.secrets.read, account.certificates.imported) == ([], [])


# --- Overlap ----------------------------------------------------------------------------------


def test_what_another_run_has_imported_meanwhile_is_not_changed() -> None:
    account = Account(held())
    other = authority.issue(
        "shop.example.com", not_after=NOW + days(350), algorithm=ALGORITHM, serial=3
    )

    def overtake(*_: object) -> None:
        account.certificates.versions[arn()] = read_version(other.certificate, "")

    account.state_store.before_save = overtake
    found = account.rotate()
    (action,) = found["actions"]
    assert account.certificates.imported == []
    assert action["outcome"] == "advised"
    assert "another run was faster: ACM has another version than at the scan." in account.mail
    assert account.state_store.histories[arn()].attempt is None
    assert found["renewed_certificates"] == 0


def test_an_import_that_another_run_has_recorded_is_left_to_it() -> None:
    account = Account(held())
    account.rotate(dry_run=True)
    seen = ImportHistory(certificate_arn=arn()).observed(
        account.certificates.versions[arn()].held, None, NOW
    )
    offered = account.secrets.open(secret_arn()).version.held
    recorded = seen.attempting(offered, "run-2", NOW + SECOND)
    account.state_store.save_import_history(recorded)
    (action,) = account.rotate()["actions"]
    assert "another run was faster: it is importing now." in action["detail"]
    assert account.certificates.imported == []
    account.rotate(now=NOW + SECOND)
    assert account.certificates.imported == [arn()]


def test_of_two_runs_that_record_an_import_at_once_only_one_imports() -> None:
    account = Account(held())
    account.rotate(dry_run=True)
    seen = ImportHistory(certificate_arn=arn()).observed(
        account.certificates.versions[arn()].held, None, NOW
    )
    account.state_store.save_import_history(seen)

    def overtake(history: ImportHistory) -> None:
        del history
        account.state_store.before_save = lambda _: None
        account.state_store.save_import_history(account.state_store.histories[arn()])

    account.state_store.before_save = overtake
    (action,) = account.rotate()["actions"]
    assert "another run recorded an import first" in action["detail"]
    assert account.certificates.imported == []


def test_an_observation_that_another_run_has_recorded_is_no_error() -> None:
    account = Account(held(ends_in=days(200)), shop=OLDER.secret())

    def overtake(history: ImportHistory) -> None:
        account.state_store.before_save = lambda _: None
        account.state_store.save_import_history(history)

    account.state_store.before_save = overtake
    assert len(account.rotate()["findings"]) == 1
