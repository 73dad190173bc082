"""Carrying exports out: what is written where, once, and what is said when it cannot be."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.model.certificate import Certificate, RenewalStatus
from certificate_lifecycle.model.errors import ExportError, RotationError
from certificate_lifecycle.policy.export import CURRENT_STAGE, ExportTarget, version_token
from certificate_lifecycle.policy.settings import RotationMode
from tests.unit.builders import (
    AUTHORITY,
    IN_WINDOW,
    NOW,
    SECOND,
    arn,
    certificate,
    days,
    detail,
    export_target,
    private,
    renewal,
    secret_arn,
    zone,
)
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryExportSecrets,
    MemoryImportSecrets,
    MemoryTopic,
    Outage,
    dependencies,
    run_request,
)

EDGE, PASSPHRASE = secret_arn("edge"), secret_arn("passphrase")
REQUEST = run_request(export_targets=(export_target(),))


def issue(serial: str = "01", **facts: Any) -> Certificate:  # noqa: ANN401 - any field of a certificate
    """Return a private certificate that servers outside AWS use, and only they."""
    same = detail(in_use_by=(), serial=serial, certificate_authority_arn=AUTHORITY)
    held = {"in_use": False, "exported": True, "detail": same}
    return private(**{**held, **facts})


def being_renewed(serial: str = "01", **facts: Any) -> Certificate:  # noqa: ANN401 - as above
    begun = renewal(RenewalStatus.PENDING_AUTO_RENEWAL)
    return issue(**facts, detail=detail(in_use_by=(), serial=serial, renewal=begun))


def public(serial: str = "01", **facts: Any) -> Certificate:  # noqa: ANN401 - as above
    held = {"in_use": False, "exported": True, "exportable": True}
    return certificate(**{**held, "detail": detail(in_use_by=(), serial=serial), **facts})


class Account:
    """An account with one certificate that has an export target."""

    def __init__(self, held: Certificate, *targets: ExportTarget) -> None:
        self.certificates = MemoryCertificates(held)
        self.secrets = MemoryExportSecrets(**{PASSPHRASE: "correct horse"})
        self.topic = MemoryTopic()
        self.clock = MemoryClock()
        self.targets = targets or (export_target(),)

    def rotate(self, *, writing: bool = True, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a request
        request = replace(REQUEST, export_targets=self.targets, **changes)
        clients = dependencies(
            certificates=self.certificates,
            dns=MemoryDns(zone()),
            import_secrets=MemoryImportSecrets(),
            topic=self.topic,
            clock=self.clock,
            export_secrets=self.secrets if writing else None,
        )
        return rotate(request, clients, current_time=lambda: NOW + SECOND)

    def action(self, **changes: Any) -> tuple[str, str]:  # noqa: ANN401 - as above
        (action,) = self.rotate(**changes)["actions"]
        assert action["action"] == "Export"
        return action["outcome"], action["detail"]

    def holds(self) -> str | None:
        """Return the serial number of what readers of the target get."""
        for token, stages in self.secrets.labels[EDGE].items():
            if CURRENT_STAGE in stages:
                return str(json.loads(self.secrets.versions[EDGE][token])["serial"])
        return None

    def already_holds(self, serial: str) -> None:
        """Let an earlier run have written an issue."""
        token = version_token(arn(), serial)
        self.secrets.versions[EDGE][token] = json.dumps({"serial": serial})
        self.secrets.make_current(EDGE, token)


def exported(serial: str) -> tuple[str, str]:
    return ("done", f"exported the issue {serial} to {EDGE}")


# --- Writing ----------------------------------------------------------------------------------


def test_a_certificate_is_written_to_its_target_with_the_passphrase_and_reported() -> None:
    account = Account(issue())
    result = account.rotate()
    (finding,) = result["findings"]
    assert (finding["verdict"], finding["reason"]) == ("ExportDue", "ExportTargetOutdated")
    assert account.certificates.exported == [(arn(), "correct horse")]
    (document,) = account.secrets.versions[EDGE].values()
    assert json.loads(document)["private_key"] == "KEY 01"
    assert json.loads(document)["certificate"] == "PEM 01"
    (message,) = account.topic.messages
    assert "1 repaired" in message.bodies["default"]
    assert (
        f"exported the issue 01 to {EDGE.partition(':123456789012:')[2]}" in message.bodies["email"]
    )
    assert (result["expiring_certificates"], result["renewed_certificates"]) == (0, 0)


def test_the_version_is_named_after_the_issue() -> None:
    account = Account(issue("0a:0b"))
    account.rotate()
    assert list(account.secrets.versions[EDGE]) == [version_token(arn(), "0a:0b")]


def test_a_second_run_reads_no_passphrase_and_exports_nothing() -> None:
    account = Account(issue())
    account.rotate()
    account.secrets.passphrases.clear()
    result = account.rotate()
    assert result["counts"] == {"Healthy": 1}
    assert result["actions"] == []
    assert len(account.certificates.exported) == 1


def test_a_certificate_that_was_never_exported_is() -> None:
    assert Account(issue(exported=False)).action() == exported("01")


def test_a_new_issue_is_written_again() -> None:
    account = Account(issue("02"))
    account.already_holds("01")
    assert account.action() == exported("02")
    assert account.holds() == "02"


def test_an_issue_that_changes_during_the_export_is_exported_again() -> None:
    account = Account(issue("01"))
    account.certificates.later[arn()] = [issue("01"), issue("02")]
    assert account.action() == exported("02")
    (document,) = account.secrets.versions[EDGE].values()
    assert json.loads(document)["certificate"] == "PEM 02"


def test_an_issue_that_keeps_changing_is_given_up() -> None:
    account = Account(issue("01"))
    account.certificates.later[arn()] = [issue(f"{number:02}") for number in range(2, 12)]
    with pytest.raises(RotationError, match="renewed it during each attempt"):
        account.rotate()
    assert account.holds() is None


def test_a_version_that_another_run_wrote_meanwhile_is_fine() -> None:
    account = Account(issue())
    token = version_token(arn(), "01")

    class Overtaken(MemoryExportSecrets):
        def put(self, secret_arn: str, *_: object) -> bool:
            self.make_current(secret_arn, token)
            return False

    account.secrets = Overtaken(**{PASSPHRASE: "correct horse"})
    assert account.action() == ("done", f"another run exported the issue 01 to {EDGE}")


def test_a_version_that_lost_its_labels_is_not_changed() -> None:
    account = Account(issue())
    account.already_holds("01")
    account.secrets.labels[EDGE] = {"theirs": (CURRENT_STAGE,)}
    outcome, said = account.action()
    assert outcome == "advised"
    assert said == (
        f"{EDGE} had the issue 01, and another version was made current since; "
        "the secret is unchanged"
    )
    assert account.secrets.labels[EDGE] == {"theirs": (CURRENT_STAGE,)}
    assert said in " ".join(account.topic.messages[0].bodies["email"].replace("| ", "").split())


def test_nothing_is_renewed_for_a_version_that_lost_its_labels() -> None:
    account = Account(issue(ends_in=days(20)))
    account.already_holds("01")
    account.secrets.labels[EDGE] = {"theirs": (CURRENT_STAGE,)}
    assert account.action()[0] == "advised"
    assert account.certificates.renewed == []


def test_what_others_rolled_back_is_not_changed_and_reported() -> None:
    account = Account(issue("02", ends_in=days(20)))
    account.already_holds("02")
    account.already_holds("01")
    result = account.rotate()
    (finding,) = result["findings"]
    assert (finding["reason"], finding["action"]) == ("ExportRolledBack", "Investigate")
    assert (account.certificates.exported, account.certificates.renewed) == ([], [])
    assert account.holds() == "01"
    assert len(account.topic.messages) == 1


def test_a_certificate_in_other_trouble_is_exported_all_the_same() -> None:
    waits = renewal(RenewalStatus.PENDING_VALIDATION, "CAA_ERROR")
    account = Account(public(ends_in=IN_WINDOW, detail=detail(serial="01", renewal=waits)))
    result = account.rotate()
    assert result["counts"] == {"RenewalBlocked": 1}
    assert [action["action"] for action in result["actions"]] == ["FixValidation", "Export"]
    assert account.holds() == "01"


def test_what_is_exported_beside_no_finding_is_reported_too() -> None:
    successor = issue("09", arn=arn("successor"), ends_in=days(300), exported=False)
    account = Account(issue(ends_in=days(5), exported=False))
    account.certificates.stored[successor.arn] = successor
    result = account.rotate()
    assert result["counts"] == {"Superseded": 1, "Unused": 1}
    (message,) = account.topic.messages
    assert message.subject.startswith("[info] 1 repaired, no open findings")
    done = "REPAIRED IN THIS RUN (1)\n shop.example.com: exported"
    assert done in message.bodies["email"]
    assert [a["outcome"] for a in json.loads(message.bodies["sqs"])["actions"]] == ["done"]
    assert account.certificates.renewed == []


# --- Renewing ---------------------------------------------------------------------------------


def test_a_private_copy_that_ends_soon_is_renewed_and_exported_later() -> None:
    account = Account(issue(ends_in=days(30)))
    account.already_holds("01")
    result = account.rotate()
    (action,) = result["actions"]
    assert (action["outcome"], action["detail"]) == (
        "started",
        "had ACM renew it; ACM is renewing it; a later run exports the new issue",
    )
    assert (result["expiring_certificates"], result["renewed_certificates"]) == (1, 1)
    assert account.certificates.renewed == [arn()]

    account.certificates.stored[arn()] = issue("02")
    assert account.action() == exported("02")
    assert account.certificates.renewed == [arn()]


def test_a_renewal_that_is_there_at_once_is_exported_in_the_same_run() -> None:
    account = Account(issue(ends_in=days(30)))
    account.already_holds("01")
    account.certificates.renews_to[arn()] = issue("02")
    assert account.action() == ("done", f"had ACM renew it; {exported('02')[1]}")
    assert account.holds() == "02"


def test_a_copy_that_was_never_written_is_written_and_renewed() -> None:
    account = Account(issue(ends_in=days(30)))
    outcome, said = account.action()
    assert outcome == "started"
    assert said.startswith(f"{exported('01')[1]}; had ACM renew it; ")
    assert account.holds() == "01"


def test_a_renewal_under_way_is_left_to_acm() -> None:
    account = Account(being_renewed(ends_in=days(30)))
    account.already_holds("01")
    result = account.rotate()
    (action,) = result["actions"]
    assert (action["outcome"], action["detail"]) == (
        "advised",
        "ACM is renewing it; a later run exports the new issue",
    )
    assert account.certificates.renewed == []
    assert result["renewed_certificates"] == 0


def test_a_renewal_that_another_run_started_meanwhile_is_no_second_one() -> None:
    account = Account(issue(ends_in=days(30)))
    account.already_holds("01")
    account.certificates.renewing.add(arn())
    result = account.rotate()
    assert result["actions"][0]["outcome"] == "advised"
    assert (account.certificates.renewed, result["renewed_certificates"]) == ([], 0)


def test_a_renewal_that_another_run_finished_meanwhile_is_no_second_one() -> None:
    account = Account(issue(ends_in=days(30)))
    account.already_holds("01")
    account.certificates.later[arn()] = [issue("02")]
    assert account.action() == exported("02")
    assert account.certificates.renewed == []


def test_a_public_copy_is_renewed_only_if_that_may_cost_money() -> None:
    account = Account(public(ends_in=days(30)))
    account.already_holds("01")
    outcome, said = account.action()
    assert outcome == "advised"
    assert "renew_public renews it now, at a cost" in said
    assert account.certificates.renewed == []

    account.targets = (export_target(renew_public=True),)
    assert account.action()[0] == "started"
    assert account.certificates.renewed == [arn()]


def test_a_healthy_copy_is_not_renewed() -> None:
    account = Account(issue(ends_in=days(30) + SECOND))
    account.already_holds("01")
    assert account.rotate()["actions"] == []
    assert account.certificates.renewed == []


def test_a_renewal_that_fails_does_not_hide_the_export_before_it() -> None:
    account = Account(issue(ends_in=days(30)))
    account.certificates.broken[f"renew {arn()}"] = Outage("not eligible")
    with pytest.raises(
        RotationError, match=r"exported the issue 01 to .*; unexpected outage: not eligible"
    ):
        account.rotate()
    assert account.holds() == "01"


# --- Not writing ------------------------------------------------------------------------------


def test_without_the_right_to_write_nothing_is_read() -> None:
    account = Account(issue(ends_in=days(30)))
    result = account.rotate(writing=False, mode=RotationMode.NOTIFY)
    assert (account.secrets.read_stages, account.certificates.exported) == ([], [])
    assert result["actions"][0]["outcome"] == "advised"
    assert result["counts"] == {"ExportDue": 1}


@pytest.mark.parametrize(
    ("ends_in", "held", "outcome", "said"),
    [
        (days(200), None, "planned", f"export it to {EDGE}"),
        (days(20), None, "planned", f"export it to {EDGE}; have ACM renew it"),
        (days(20), "01", "planned", "have ACM renew it"),
    ],
    ids=["outdated", "outdated and due", "due"],
)
def test_a_dry_run_reads_and_plans(
    ends_in: Any,  # noqa: ANN401 - a time
    held: str | None,
    outcome: str,
    said: str,
) -> None:
    account = Account(issue(ends_in=ends_in))
    if held:
        account.already_holds(held)
    assert account.action(dry_run=True) == (outcome, said)
    assert (account.certificates.exported, account.certificates.renewed) == ([], [])


def test_a_dry_run_plans_nothing_where_acm_is_at_it() -> None:
    account = Account(being_renewed(ends_in=days(20)))
    account.already_holds("01")
    assert account.action(dry_run=True)[0] == "advised"


def test_what_cannot_be_exported_is_reported_and_not_tried() -> None:
    account = Account(certificate(detail=detail(serial="01"), created_at=NOW - days(500)))
    result = account.rotate()
    (finding,) = result["findings"]
    assert (finding["reason"], finding["severity"]) == ("ExportNotPossible", "warning")
    assert "requested before 2025-06-17" in finding["message"]
    assert (account.certificates.exported, account.secrets.read_stages) == ([], [])


def test_a_target_of_no_certificate_makes_the_run_incomplete() -> None:
    account = Account(issue(), export_target(), export_target(arn("gone")))
    with pytest.raises(RotationError, match="gone has an export target, but does not exist"):
        account.rotate()
    assert account.holds() == "01"


def test_a_run_for_one_certificate_does_not_miss_the_others() -> None:
    account = Account(issue(), export_target(), export_target(arn("gone")))
    assert account.rotate(certificate_arns=[arn()])["actions"][0]["outcome"] == "done"


def test_a_target_that_cannot_be_read_is_not_written() -> None:
    account = Account(issue())
    account.secrets.broken[f"stages {EDGE}"] = Outage("AccessDenied")
    with pytest.raises(RotationError, match="unexpected outage: AccessDenied"):
        account.rotate()
    assert account.certificates.exported == []


def test_a_certificate_without_a_serial_number_is_not_written() -> None:
    account = Account(issue(detail=detail(in_use_by=())))
    with pytest.raises(RotationError, match="ACM returned no serial number"):
        account.rotate()
    assert account.certificates.exported == []


def test_a_certificate_that_cannot_be_described_is_not_written() -> None:
    account = Account(issue())
    account.certificates.broken[f"describe {arn()}"] = Outage("ThrottlingException")
    with pytest.raises(RotationError, match="ThrottlingException"):
        account.rotate()
    assert account.certificates.exported == []


@pytest.mark.parametrize(
    "operation", [f"passphrase {PASSPHRASE}", f"export {arn()}", f"put {EDGE}"]
)
def test_a_step_that_fails_fails_the_action_and_the_run(operation: str) -> None:
    account = Account(issue())
    account.certificates.broken[operation] = ExportError("refused")
    account.secrets.broken[operation] = ExportError("refused")
    with pytest.raises(RotationError, match="refused"):
        account.rotate()
    (message,) = account.topic.messages
    assert "Failed: refused" in message.bodies["email"]
    assert account.holds() is None


@pytest.mark.parametrize("passphrase", ["hush", "tel#tale", "telltale%", "tëlltale", "tel" * 43])
def test_a_bad_passphrase_is_reported_without_being_shown(
    passphrase: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = Account(issue())
    account.secrets.passphrases[PASSPHRASE] = passphrase
    if passphrase == "hush":
        assert account.action() == exported("01")
        return
    with pytest.raises(RotationError) as failed:
        account.rotate()
    assert f"the passphrase in {PASSPHRASE} must " in str(failed.value)
    assert account.certificates.exported == []
    (message,) = account.topic.messages
    everything = [str(failed.value), caplog.text, *message.bodies.values()]
    assert not [text for text in everything if passphrase in text]


def test_the_end_of_the_functions_time_is_no_time_to_begin() -> None:
    account = Account(issue())
    account.clock.left = 31.0

    class Slow(MemoryExportSecrets):
        def stages(self, secret_arn: str) -> Any:  # noqa: ANN401 - the fake's
            account.clock.left = 29.0
            return super().stages(secret_arn)

    account.secrets = Slow(**{PASSPHRASE: "correct horse"})
    with pytest.raises(RotationError, match="time ran out"):
        account.rotate()
    assert account.certificates.exported == []
