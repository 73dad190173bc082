"""Deleting the certificate of a pointer: only ours, only unused, and safe to repeat."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from certificate_lifecycle.app.deletion import Deleter, Deletion, deletion_result
from certificate_lifecycle.model.certificate import Certificate, CertificateStatus
from certificate_lifecycle.model.errors import CertificateInUseError, DeletionRefusedError
from certificate_lifecycle.policy.deletion import DeletionOutcome
from tests.unit.builders import PLACE, arn, certificate, detail, imported
from tests.unit.fakes import MemoryCertificates, MemoryClock, MemoryPointers, Outage

POINTER = "/team/certificates/main/arn"
TAGS = (("ManagedBy", "team"),)
LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/1"
UNUSED = certificate(names=("shop.example.com",), in_use=False)
USED = replace(UNUSED, in_use=True, detail=detail(in_use_by=(LISTENER,)))


class Account:
    """One region with a certificate, the pointer to it, and the time."""

    def __init__(self, *stored: Certificate, value: str = UNUSED.arn) -> None:
        self.certificates = MemoryCertificates(*stored)
        self.certificates.tagged = dict.fromkeys(self.certificates.stored, TAGS)
        self.pointers = MemoryPointers({POINTER: value})
        self.clock = MemoryClock()
        self.regions: list[str] = []

    def _in(self, region: str) -> MemoryCertificates:
        self.regions.append(region)
        return self.certificates

    def delete(self) -> Deletion:
        return Deleter(
            instance="team",
            allowed_domains=["example.com"],
            home=PLACE,
            pointers=self.pointers,
            certificates_in=self._in,
            clock=self.clock,
        ).delete(POINTER)


@pytest.mark.parametrize(
    "status",
    [
        CertificateStatus.ISSUED,
        CertificateStatus.PENDING_VALIDATION,
        CertificateStatus.FAILED,
        CertificateStatus.EXPIRED,
    ],
)
def test_an_unused_certificate_is_deleted_at_once_and_once(status: CertificateStatus) -> None:
    account = Account(replace(UNUSED, status=status))
    assert account.delete().outcome is DeletionOutcome.DELETED
    assert account.delete().outcome is DeletionOutcome.ALREADY_DELETED
    assert account.certificates.deleted == [UNUSED.arn]
    assert (account.clock.slept, account.pointers.written) == ([], [])


def test_a_certificate_is_deleted_in_its_own_region() -> None:
    there = arn(region="us-east-1")
    account = Account(replace(UNUSED, arn=there), value=there)
    assert account.delete().certificate_arn == there
    assert account.regions == ["us-east-1"]


def test_a_certificate_is_deleted_once_its_consumers_are_gone() -> None:
    account = Account(USED)
    account.certificates.later[USED.arn] = [USED, USED, UNUSED]
    assert account.delete().outcome is DeletionOutcome.DELETED
    assert account.clock.slept == [1.0, 2.0, 4.0]


def test_a_certificate_that_stays_in_use_is_kept_after_ten_minutes() -> None:
    account = Account(USED)
    with pytest.raises(CertificateInUseError, match=rf"it is in use \({LISTENER}\)"):
        account.delete()
    assert account.certificates.deleted == []
    assert 590 < sum(account.clock.slept) <= 600


def test_the_wait_ends_with_the_functions_time() -> None:
    account = Account(USED)
    account.clock.left = 60
    with pytest.raises(CertificateInUseError):
        account.delete()
    assert account.clock.remaining() >= 15


@pytest.mark.parametrize("seconds", [900, 5])
def test_a_use_that_only_acm_knows_is_waited_for_too(seconds: float) -> None:
    account = Account(UNUSED)
    account.clock.left = seconds
    account.certificates.in_use_by_then = True
    with pytest.raises(CertificateInUseError, match="by unknown consumers"):
        account.delete()
    assert sum(account.clock.slept) <= 600
    assert account.clock.remaining() > 0


def test_a_pointer_without_a_certificate_leaves_nothing_to_do() -> None:
    account = Account(UNUSED, value="pending")
    assert account.delete().outcome is DeletionOutcome.NEVER_ISSUED
    del account.pointers.values[POINTER]
    assert account.delete().outcome is DeletionOutcome.NO_PARAMETER
    assert (account.regions, account.certificates.deleted) == ([], [])


@pytest.mark.parametrize(
    "value",
    ["", "arn:aws:acm:eu-west-1:210987654321:certificate/shop", "\x1b[2J" + UNUSED.arn],
    ids=["empty", "another account's", "hostile"],
)
def test_a_pointer_to_anything_else_deletes_nothing(value: str) -> None:
    account = Account(UNUSED, value=value)
    with pytest.raises(DeletionRefusedError, match="nothing was deleted") as refused:
        account.delete()
    assert "\x1b" not in str(refused.value)
    assert account.regions == []


@pytest.mark.parametrize(
    ("tags", "outcome"),
    [
        ((("certificate-lifecycle:parameter", POINTER),), DeletionOutcome.DELETED),
        (
            (("certificate-lifecycle:parameter", "/team/certificates/shop/arn"),),
            DeletionOutcome.OTHER_PARAMETER,
        ),
    ],
)
def test_a_certificate_that_another_parameter_has_taken_over_is_kept(
    tags: tuple[tuple[str, str], ...], outcome: DeletionOutcome
) -> None:
    account = Account(UNUSED)
    account.certificates.tagged[UNUSED.arn] = (*TAGS, *tags)
    assert account.delete().outcome is outcome


OTHER = "/team/certificates/shop/arn"


class Meanwhile(MemoryClock):
    """A clock that calls a function at each pause."""

    def __init__(self, change: Callable[[], object]) -> None:
        super().__init__()
        self.change = change

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.change()


def test_a_certificate_that_another_parameter_names_is_kept() -> None:
    account = Account(UNUSED)
    account.pointers.values[OTHER] = UNUSED.arn
    assert account.delete().outcome is DeletionOutcome.OTHER_PARAMETER
    assert account.certificates.deleted == []


@pytest.mark.parametrize("by", ["tag", "value"])
def test_a_certificate_that_another_parameter_takes_over_during_the_wait_is_kept(by: str) -> None:
    account = Account(USED)
    account.certificates.later[USED.arn] = [USED, USED, UNUSED]
    tags = (*TAGS, ("certificate-lifecycle:parameter", OTHER))
    account.clock = Meanwhile(
        (lambda: account.certificates.tagged.update({USED.arn: tags}))
        if by == "tag"
        else (lambda: account.pointers.values.update({OTHER: USED.arn}))
    )
    assert account.delete().outcome is DeletionOutcome.OTHER_PARAMETER
    assert account.certificates.deleted == []


def test_a_certificate_that_its_parameter_leaves_during_the_wait_is_kept_with_an_error() -> None:
    account = Account(USED)
    account.certificates.later[USED.arn] = [USED, UNUSED]
    account.clock = Meanwhile(lambda: account.pointers.values.update({POINTER: arn("successor")}))
    with pytest.raises(DeletionRefusedError, match=f"{POINTER} does not name it any more"):
        account.delete()
    assert account.certificates.deleted == []


@pytest.mark.parametrize(
    "kept",
    [imported(arn=UNUSED.arn, in_use=False), replace(UNUSED, names=("shop.example.org",))],
    ids=["imported", "another domain"],
)
def test_a_certificate_that_this_instance_did_not_issue_is_kept(kept: Certificate) -> None:
    account = Account(kept)
    with pytest.raises(DeletionRefusedError, match=f"{UNUSED.arn} was not deleted: "):
        account.delete()
    assert account.certificates.deleted == []


@pytest.mark.parametrize("exported", [False, True])
def test_an_exportable_certificate_is_deleted_unless_it_was_exported(*, exported: bool) -> None:
    account = Account(replace(UNUSED, exportable=True, exported=exported))
    if exported:
        with pytest.raises(DeletionRefusedError, match="it was exported"):
            account.delete()
    else:
        assert account.delete().outcome is DeletionOutcome.DELETED


def test_an_exportable_certificate_that_acm_does_not_list_is_kept() -> None:
    class Unlisted(MemoryCertificates):
        def list_all(self):  # type: ignore[no-untyped-def] # noqa: ANN202 - as the parent's
            return iter(())

    account = Account()
    account.certificates = Unlisted(replace(UNUSED, exportable=True))
    account.certificates.tagged = {UNUSED.arn: TAGS}
    with pytest.raises(DeletionRefusedError, match="it was exported"):
        account.delete()


def test_tags_that_cannot_be_read_delete_nothing() -> None:
    account = Account(UNUSED)
    account.certificates.broken[f"tags {UNUSED.arn}"] = Outage("Throttling")
    with pytest.raises(Outage):
        account.delete()
    assert account.certificates.deleted == []


def test_the_result_says_what_was_done() -> None:
    found = deletion_result(Account(UNUSED).delete(), "123456789012", sdk="boto3 1")
    assert found == {
        "deleted": True,
        "outcome": "Deleted",
        "message": "The certificate was deleted.",
        "parameter": POINTER,
        "certificate_arn": UNUSED.arn,
        "account_id": "123456789012",
        "sdk": "boto3 1",
    }
    assert json.loads(json.dumps(found)) == found
