"""What an export needs, decided without AWS, and how nothing of it shows."""

from __future__ import annotations

import copy
import json
import pickle
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from certificate_lifecycle.model.certificate import Certificate, CertificateType, RenewalStatus
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.policy.export import (
    Exported,
    ExportTarget,
    RenewalStep,
    TargetState,
    blocked_reason,
    is_exportable_now,
    passphrase_error,
    renewal_step,
    secret_document,
    target_state,
    version_token,
)
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import (
    EXPIRED,
    NOW,
    REVOKED,
    SECOND,
    arn,
    certificate,
    days,
    detail,
    export_target,
    imported,
    private,
    renewal,
    request,
    secret_arn,
)

FIRST_DAY = datetime(2025, 6, 17, tzinfo=UTC)


# --- What ACM would export --------------------------------------------------------------------

EXPORTABLE = {
    "a private one": private(),
    "a private one made long ago": private(created_at=FIRST_DAY - days(400)),
    "a private one, whatever ACM says of it": private(exportable=False),
    "a public one requested for it": certificate(exportable=True),
}
NOT_EXPORTABLE = {
    "imported": (imported(), "it was imported, so its key is available elsewhere"),
    "an ACME client's": (private(key_pair_origin="ACME"), "its key is held by an ACME client"),
    "CloudFront's": (certificate(managed_by="CLOUDFRONT"), "CLOUDFRONT manages it"),
    "strange": (
        certificate(type=CertificateType.NOT_UNDERSTOOD, exportable=True),
        "its type is unknown",
    ),
    "public and requested too early": (
        certificate(created_at=FIRST_DAY - SECOND),
        "it is public and was requested before 2025-06-17",
    ),
    "public and requested without the option": (
        certificate(created_at=FIRST_DAY),
        "it was requested without the export option, which cannot be changed later",
    ),
    "public and of unknown age": (
        certificate(created_at=None),
        "it was requested without the export option, which cannot be changed later",
    ),
}


@pytest.mark.parametrize("seen", EXPORTABLE.values(), ids=EXPORTABLE)
def test_what_can_be_exported(seen: Certificate) -> None:
    assert blocked_reason(seen) is None


@pytest.mark.parametrize(("seen", "why"), NOT_EXPORTABLE.values(), ids=NOT_EXPORTABLE)
def test_what_cannot_be_exported_says_why(seen: Certificate, why: str) -> None:
    assert blocked_reason(seen) == why


@pytest.mark.parametrize(
    ("seen", "exported"),
    [
        (private(), True),
        (private(ends_in=SECOND), True),
        (private(ends_in=days(0)), False),
        (private(ends_in=None), False),
        (request(), False),
        (private(status=EXPIRED), False),
        (private(status=REVOKED), False),
    ],
    ids=["issued", "a second left", "over", "no end", "pending", "expired", "revoked"],
)
def test_only_what_is_valid_is_exported(seen: Certificate, *, exported: bool) -> None:
    assert is_exportable_now(seen, NOW) is exported


# --- What the target holds --------------------------------------------------------------------


def test_each_issue_of_each_certificate_has_a_version_of_its_own() -> None:
    tokens = {version_token(arn(name), serial) for name in "ab" for serial in ("01:02", "01:03")}
    assert len(tokens) == 4
    assert version_token(arn(), "01:02") == version_token(arn(), "01:02")
    assert all(re.fullmatch("[0-9a-f]{64}", token) for token in tokens)


@pytest.mark.parametrize(
    ("stages", "state"),
    [
        ({}, TargetState.OUTDATED),
        ({"other": ["AWSCURRENT"]}, TargetState.OUTDATED),
        ({"token": ["AWSCURRENT"]}, TargetState.CURRENT),
        ({"token": ["mine", "AWSCURRENT"], "old": ["AWSPREVIOUS"]}, TargetState.CURRENT),
        ({"token": ["AWSPREVIOUS"], "old": ["AWSCURRENT"]}, TargetState.ROLLED_BACK),
        ({"token": [], "old": ["AWSCURRENT"]}, TargetState.ROLLED_BACK),
    ],
    ids=["empty", "another", "current", "current among labels", "rolled back", "without a label"],
)
def test_the_labels_of_a_target_say_how_it_stands(
    stages: dict[str, list[str]], state: TargetState
) -> None:
    assert target_state("token", stages) is state


def test_the_secret_holds_all_that_a_server_needs() -> None:
    exported = Exported(certificate="PEM", chain="CHAIN", private_key=SecretStr("KEY"))
    document = secret_document(private(ends_in=days(3)), "01:02", exported)
    assert json.loads(document.get_secret_value()) == {
        "certificate": "PEM",
        "chain": "CHAIN",
        "private_key": "KEY",
        "serial": "01:02",
        "certificate_arn": arn(),
        "not_after": "2026-06-04T12:00:00+00:00",
    }
    endless = secret_document(private(ends_in=None), "01:02", exported)
    assert json.loads(endless.get_secret_value())["not_after"] is None


def test_a_target_is_called_what_it_has_been_called_before() -> None:
    assert [state.value for state in TargetState] == [
        *("current", "outdated", "rolled back", "not possible", "missing", "unreadable", "unread")
    ]


# --- Passphrases ------------------------------------------------------------------------------


ASCII_BUT_THREE = "".join(chr(number) for number in range(128) if chr(number) not in "#$%")


@pytest.mark.parametrize(
    "text", ["abcd", "a" * 128, "correct horse", 'a"b\\c\n!@&*', ASCII_BUT_THREE]
)
def test_a_passphrase_that_acm_takes(text: str) -> None:
    assert passphrase_error(SecretStr(text)) is None


@pytest.mark.parametrize("text", ["", "abc", "a" * 129, "a#bcd", "a$bcd", "a%bcd", "schlüssel"])
def test_a_passphrase_that_acm_refuses_is_not_shown(text: str) -> None:
    fault = passphrase_error(SecretStr(text))
    assert fault in (
        "must have 4 to 128 characters",
        "must contain only ASCII characters without #, $ and %",
    )


# --- Hiding -----------------------------------------------------------------------------------


def test_a_hidden_text_shows_in_no_way_that_texts_get_out() -> None:
    hidden = SecretStr("marker")
    exported = Exported(certificate="PEM", chain="CHAIN", private_key=hidden)
    shown = [repr(hidden), str(hidden), f"{hidden}", f"{hidden!r:>30}", repr(exported)]
    shown += [repr([hidden]), str({"key": hidden}), f"{exported}"]
    assert not [text for text in shown if "marker" in text]
    assert hidden.get_secret_value() == "marker"


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy, json.dumps])
def test_a_hidden_text_cannot_be_written_down(write: object) -> None:
    assert callable(write)
    with pytest.raises(TypeError):
        write(SecretStr("marker"))


# --- Renewing a copy that ends soon -----------------------------------------------------------

PENDING, ASKED = RenewalStatus.PENDING_AUTO_RENEWAL, RenewalStatus.PENDING_VALIDATION
SOON = days(30)


def under(status: RenewalStatus, **facts: object) -> Certificate:
    return private(ends_in=SOON, detail=detail(renewal=renewal(status)), **facts)


@pytest.mark.parametrize(
    ("seen", "renew_public", "step"),
    [
        (private(ends_in=SOON + SECOND), True, RenewalStep.NOT_DUE),
        (private(ends_in=SOON), False, RenewalStep.DUE),
        (private(ends_in=SOON, detail=detail()), False, RenewalStep.DUE),
        (under(RenewalStatus.SUCCESS), False, RenewalStep.DUE),
        (under(PENDING), False, RenewalStep.IN_PROGRESS),
        (under(ASKED), False, RenewalStep.IN_PROGRESS),
        (certificate(ends_in=SOON), False, RenewalStep.NOT_ALLOWED),
        (certificate(ends_in=SOON), True, RenewalStep.DUE),
        (
            replace(under(PENDING), type=CertificateType.AMAZON_ISSUED),
            True,
            RenewalStep.IN_PROGRESS,
        ),
        (private(ends_in=SOON, lives=days(47)), False, RenewalStep.NOT_DUE),
    ],
    ids=[
        "a second before the threshold",
        "private, at the threshold",
        "private, never renewed",
        "private, renewed last year",
        "ACM has begun",
        "ACM waits for validation",
        "public",
        "public and paid for",
        "public, paid for, and begun",
        "most of a short life is left",
    ],
)
def test_a_copy_is_renewed_once_it_is_due_and_nobody_does_it_already(
    seen: Certificate, *, renew_public: bool, step: RenewalStep
) -> None:
    assert renewal_step(seen, export_target(renew_public=renew_public), Thresholds(), NOW) is step


def test_nobody_pays_for_a_renewal_unless_a_target_says_so() -> None:
    target = ExportTarget(
        certificate_arn=arn(), secret_arn=secret_arn(), passphrase_secret_arn=secret_arn("key")
    )
    found = renewal_step(certificate(ends_in=SOON), target, Thresholds(), NOW)
    assert found is RenewalStep.NOT_ALLOWED
